"""A report as Markdown, its frames in a folder beside it."""

from __future__ import annotations

import re
from pathlib import Path

from longvid.exports.report import PARTIAL, Report, ReportSource
from longvid_storage.text.shown import one_line
from longvid_storage.text.timecode import format_span

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|!~])")


def files(report: Report, path: Path) -> dict[Path, bytes]:
    """What to write where: the page at ``path``, each frame in ``<stem>_files/``."""
    folder = path.with_name(f"{path.stem}_files")
    written: dict[Path, bytes] = {}
    lines = [f"# {_plain(report.question)}", ""]
    if not report.found:
        lines += [f"**{_plain(report.answer)}**", ""]
        if report.nearest:
            lines += ["Nearest moments:", ""]
    blocks = [(text, sources) for text, sources in report.claims] or [("", report.nearest)]
    for number, (text, sources) in enumerate(blocks, 1):
        if text:
            lines += [f"## {number}. {_plain(text)}", ""]
        for source in sources:
            lines += _source(source, folder, written)
    if report.partial:
        lines += [PARTIAL, ""]
    if report.trail:
        lines += [
            "How it was found:",
            "",
            *(f"{n}. {_plain(step)}" for n, step in enumerate(report.trail, 1)),
            "",
        ]
    lines += [f"*{_plain('; '.join(f'{role}: {name}' for role, name in report.engine))}*", ""]
    return {path: "\n".join(lines).encode(), **written}


def _source(source: ReportSource, folder: Path, written: dict[Path, bytes]) -> list[str]:
    where = f"{_plain(source.title)} @ {format_span(source.start_s, source.end_s)}"
    lines = []
    if source.thumbnail is not None:
        place = folder / f"{len(written) + 1}.jpg"
        written[place] = source.thumbnail.jpeg
        lines += [f"![{where}](<{folder.name}/{place.name}>)", ""]
    if source.quote:
        lines += [f"> {_plain(source.quote)}", ">"]
    return [*lines, f"> {source.kind}, [{where}](<{source.href}>)", ""]


def _plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return _SPECIAL.sub(r"\\\1", one_line(text))
