"""``longvid summary``: overview, chapters, decisions, action items, open questions, each with its citation."""

from __future__ import annotations

from typing import Annotated

import typer

from longvid import output
from longvid.cli_options import (
    CollectionOption,
    ConfigOption,
    DeviceOption,
    JsonOption,
    LibraryOption,
    ModelOption,
    ProfileOption,
    chosen_engines,
    open_library,
)
from longvid_storage.errors import UsageError


def summary(
    video: Annotated[
        str | None, typer.Argument(help="Id, unambiguous prefix of one, or title; or use --collection.")
    ] = None,
    library: LibraryOption = None,
    collection: CollectionOption = None,
    length: Annotated[str, typer.Option("--length", help="short or long.")] = "short",
    format_: Annotated[str, typer.Option("--format", help="md or json.")] = "md",
    extractive: Annotated[
        bool, typer.Option("--extractive", help="Quote, although a language model is configured.")
    ] = False,
    model: ModelOption = None,
    device: DeviceOption = None,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Summarise a video, or a collection: one digest, then each video; every line cites its place."""
    from longvid.summary_markdown import digest_markdown, markdown

    if (video is None) == (collection is None):
        raise UsageError("name one video, or a collection with --collection: exactly one of the two")
    if format_ not in ("md", "json"):
        raise UsageError(f"--format is {format_!r}: it is md or json")
    format_ = "json" if json_ else format_
    with open_library(library, engines=chosen_engines(model, device, profile, config)) as lib:
        if video is not None:
            one = lib.summary(video, length=length, extractive=extractive)
            output.either(one, format_ == "json", markdown)
        else:
            digest = lib.collection_digest(collection or "", length=length, extractive=extractive)
            output.either(digest, format_ == "json", digest_markdown)
