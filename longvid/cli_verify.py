"""``longvid verify``: somebody's text checked against the recordings, sentence by sentence."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from longvid import output
from longvid.cli_options import (
    CollectionOption,
    ConfigOption,
    DeviceOption,
    FromOption,
    JsonOption,
    LibraryOption,
    ModelOption,
    ProfileOption,
    SpeakerOption,
    ToOption,
    VideoOption,
    chosen_engines,
    filters,
    open_library,
    tell,
)
from longvid.paths import read_text
from longvid_storage.errors import UsageError


def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Text or Markdown in UTF-8; - reads stdin.")],
    library: LibraryOption = None,
    video: VideoOption = None,
    collection: CollectionOption = None,
    from_: FromOption = None,
    to: ToOption = None,
    speaker: SpeakerOption = None,
    model: ModelOption = None,
    device: DeviceOption = None,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> int:
    """Check a text against the recordings: each sentence is supported, contradicted or unsupported, with the place.

    Exit status 1 when a sentence is contradicted.
    """
    from longvid import printing

    text = _read(file)
    chosen = filters(video, collection, from_, to, speaker)
    with open_library(library, engines=chosen_engines(model, device, profile, config)) as lib:
        found = lib.verify(text, **chosen)
        tell([*lib.stale_vectors(), *lib.unknown_speaker(speaker, video=video, collection=collection)])
    if json_:
        for each in found:
            output.record(each)
    else:
        output.result(printing.checked(found))
    return int(any(each.verdict == "contradicted" for each in found))


def _read(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else read_text(file)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise UsageError(f"{file} cannot be read ({reason}): give a text or Markdown file") from error
