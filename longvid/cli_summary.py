"""``longvid summary``: overview, chapters, decisions, action items, open questions, each with its citation."""

from __future__ import annotations

from typing import Annotated

import typer

from longvid.cli_options import (
    CollectionOption,
    ConfigOption,
    DeviceOption,
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
    model: ModelOption = None,
    device: DeviceOption = None,
    profile: ProfileOption = None,
    config: ConfigOption = None,
) -> None:
    """Summarise a video, or every video of a collection; each line cites its place."""
    from longvid import jsonform
    from longvid.summary_markdown import markdown

    if (video is None) == (collection is None):
        raise UsageError("name one video, or a collection with --collection: exactly one of the two")
    if format_ not in ("md", "json"):
        raise UsageError(f"--format is {format_!r}: it is md or json")
    with open_library(library, engines=chosen_engines(model, device, profile, config)) as lib:
        found = (
            [lib.summary(video, length=length)]
            if video is not None
            else lib.collection_summary(collection or "", length=length)
        )
    if format_ == "json":
        for each in found:
            print(jsonform.dumps(each))
    else:
        print("\n".join(markdown(each) for each in found), end="")
