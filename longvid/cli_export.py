"""What the answer commands can leave behind: a report, a cut list, subtitles; also of an answer saved earlier."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from longvid import output
from longvid.cli_options import LibraryOption, open_library
from longvid_storage.errors import UsageError
from longvid_storage.text.shown import shown

if TYPE_CHECKING:
    from longvid.library import Library
    from longvid_storage.types import Answer

SaveOption = Annotated[
    Path | None,
    typer.Option("--save", help="Also write a report with the cited frames: answer.html or answer.md."),
]
FormatOption = Annotated[
    str,
    typer.Option(
        "--format", help="text, json, or the cited spans for video editors and players: edl, otio, srt."
    ),
]
FORMATS = ("text", "json", "edl", "otio", "srt")


def check(format_: str, json_: bool, save: Path | None) -> str:
    """The format asked for; raises ``UsageError`` for what can't be, before any work is done."""
    if format_ not in FORMATS:
        raise UsageError(f"--format is {format_!r}: choose one of {', '.join(FORMATS)}")
    if json_ and format_ not in ("text", "json"):
        raise UsageError(f"--json and --format {format_} ask for two things on stdout: choose one")
    if save is not None:
        from longvid.exports.report_files import check_report_path

        check_report_path(save)
    return "json" if json_ else format_


def render(lib: Library, answer: Answer, format_: str, told: int = 0) -> str:
    """The answer as it goes to stdout, without its last line break; ``told``: so many claims are there already."""
    from longvid import jsonform, printing

    if format_ == "json":
        return jsonform.dumps(answer)
    if format_ == "text":
        return printing.answer(answer, told)
    return lib.export(answer, file_format=format_).rstrip("\n")


def save_report(lib: Library, answer: Answer, path: Path | None) -> None:
    """Write the report, when one is wanted, and say where."""
    if path is not None:
        written = lib.save_report(answer, path)
        more = f" and {_pictures(len(written) - 1)} in {written[1].parent}" if len(written) > 1 else ""
        output.note(shown(f"wrote {path}{more}"))


def _pictures(count: int) -> str:
    return f"{count} picture{'s' * (count != 1)}"


def export(
    answer: Annotated[Path, typer.Argument(help="A file written by longvid ask --json.")],
    library: LibraryOption = None,
    format_: FormatOption = "text",
    save: SaveOption = None,
) -> None:
    """Turn a saved answer into a report, a cut list for video editors, or subtitles."""
    from longvid.exports.saved import read_answer

    format_ = check(format_, False, save)
    found = read_answer(answer)
    with open_library(library) as lib:
        save_report(lib, found, save)
        text = render(lib, found, format_)
    output.result(text)
