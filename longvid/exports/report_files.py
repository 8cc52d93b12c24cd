"""A report in a file: of which kind, by its suffix, and what lies beside it."""

from __future__ import annotations

from pathlib import Path

from longvid.exports import report_html, report_markdown
from longvid.exports.report import build_report
from longvid_storage.db.view import View
from longvid_storage.errors import UsageError
from longvid_storage.types import Answer

_WRITERS = {".html": report_html.files, ".htm": report_html.files, ".md": report_markdown.files}


def save_report(answer: Answer, view: View, path: Path, page: str | None = None) -> list[Path]:
    """Write the report to ``path`` (``.html``, one file that needs nothing else, or ``.md``); what was written.

    Markdown has its frames in a folder beside it (``answer.md``: ``answer_files/``). ``page``: see ``build_report``.

    Raises:
        UsageError: another suffix, or the place cannot be written.
    """
    check_report_path(path)
    written = _WRITERS[path.suffix.lower()](build_report(answer, view, page), path)
    try:
        for place, data in written.items():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}; choose another place") from error
    return list(written)


def check_report_path(path: Path) -> None:
    """Raise ``UsageError`` unless a report can be of this kind; needs no answer."""
    if path.suffix.lower() not in _WRITERS:
        raise UsageError(
            f"a report is .md or .html, and {path.name} is neither: name it report.md or report.html"
        )
