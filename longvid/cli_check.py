"""``longvid check``, ``backup`` and ``copy``: whether a library is whole, and copies of it while it is used."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from longvid import output
from longvid.cli_options import JsonOption, LibraryOption, open_library
from longvid_storage.text.shown import shown, without_password


def check(
    library: LibraryOption = None,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Make anew what is derived; damaged rows go, their stages reopen."),
    ] = False,
    json_: JsonOption = False,
) -> int:
    """Verify the library whole: the file, every row, the word index, the cache, pictures kept elsewhere.

    Exit status 1 when something is wrong and not repaired.
    """
    with open_library(library) as lib:
        report = lib.check(repair=repair)
    for finding in report.findings:
        if json_:
            output.record(finding)
        else:
            output.result(shown(f"{finding} ({finding.repair or 'nothing mends it here'})"))
    count = f"{len(report.findings)} finding{'s' * (len(report.findings) != 1)}"
    if not report.findings:
        last = "the library is whole"
    elif report.repaired:
        last = f"{count}, repaired: longvid index --reprocess does again what was taken back"
    elif repair:
        last = f"{count}, of which {len(report.left)} could not be repaired: restore a copy, or index again elsewhere"
    else:
        last = f"{count}: longvid check --repair mends what can be mended"
    if json_:
        output.note(f"longvid: {last}")
    else:
        output.result(last)
    return int(bool(report.findings) and not report.repaired)


def backup(
    target: Annotated[Path, typer.Argument(metavar="DIRECTORY", help="Where the copy goes: a new one.")],
    library: LibraryOption = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a library that is there.")] = False,
) -> None:
    """Copy the library, also while it is being used; the copy is a library (--library DIRECTORY)."""
    with open_library(library) as lib:
        lines = lib.backup(target, force=force)
    for line in (f"wrote {target}", *lines):
        output.note(shown(line))


def copy(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="The library to copy.")],
    destination: Annotated[
        str,
        typer.Argument(metavar="DESTINATION", help="A new directory, or postgresql://USER@HOST/DATABASE."),
    ],
) -> None:
    """Copy a library to another place, PostgreSQL for one, and compare every row; cut short, it goes on."""
    with open_library(source) as lib:
        rows = lib.copy_to(destination, lambda name, rows: output.note(f"  {name}: {rows}"))
    output.note(shown(f"copied {rows} rows to {without_password(destination)}, each compared"))
