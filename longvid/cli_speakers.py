"""``longvid speakers``: who speaks in a video, for how long, and what they are to be called."""

from __future__ import annotations

from typing import Annotated

import typer

from longvid import output
from longvid.cli_options import JsonOption, LibraryOption, open_library
from longvid_storage.errors import UsageError


def speakers(
    video: Annotated[str, typer.Argument(help="Id, unambiguous prefix of one, or title.")],
    library: LibraryOption = None,
    rename: Annotated[
        list[str] | None,
        typer.Option("--rename", help='"OLD=NEW": call a speaker NEW from now on. Repeatable.'),
    ] = None,
    json_: JsonOption = False,
) -> None:
    """List who speaks in a video and for how long; give speakers their names.

    Search, answers and summaries use the new name. Renaming back undoes it; a name that another speaker has makes
    the two one.
    """
    from longvid import printing

    pairs = [_pair(text) for text in rename or ()]
    with open_library(library) as lib:
        for old, new in pairs:
            lib.rename_speaker(video, old, new)
        found = lib.speakers(video)
        details = lib.transcript_info(video)
    if json_:
        for each in found:
            output.record(each)
    else:
        output.result(printing.speakers(found, details))


def _pair(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not equals or not old.strip() or not new.strip():
        raise UsageError(f'--rename is {text!r}: it is "OLD=NEW", such as "Speaker 1=Ada Lovelace"')
    return old.strip(), new.strip()
