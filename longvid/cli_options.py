"""Options that several commands share, and how a command opens its library."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from longvid.library import Library

LibraryOption = Annotated[
    Path | None,
    typer.Option(
        "--library", "-L", envvar="LONGVID_LIBRARY", help="Where the knowledge lives (a directory)."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else on stdout.")]
VideoOption = Annotated[
    list[str] | None,
    typer.Option("--video", help="Only this video: id, prefix of one, or title. Repeatable."),
]
CollectionOption = Annotated[str | None, typer.Option("--collection", help="Only this collection.")]
FromOption = Annotated[str | None, typer.Option("--from", help="Not before this time: seconds or HH:MM:SS.")]
ToOption = Annotated[str | None, typer.Option("--to", help="Not after this time: seconds or HH:MM:SS.")]
SpeakerOption = Annotated[str | None, typer.Option("--speaker", help="Only what this speaker says.")]
CountOption = Annotated[int, typer.Option("-k", help="How many moments.")]


def open_library(library: Path | None, *, create: bool = False) -> Library:
    """The library a command works on."""
    from longvid.library import Library

    return Library.open(library, create=create)


def filters(
    video: list[str] | None, collection: str | None, from_: str | None, to: str | None, speaker: str | None
) -> dict[str, Any]:
    """Search filters as the keyword arguments of ``Library.search`` and ``Library.ask``."""
    from longvid_storage.timecode import parse_time

    return {
        "video": video or None,
        "collection": collection,
        "from_s": None if from_ is None else parse_time(from_, "--from"),
        "to_s": None if to is None else parse_time(to, "--to"),
        "speaker": speaker,
    }
