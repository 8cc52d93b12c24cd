"""A report as one HTML file that needs nothing else: no script, no request, frames as data."""

from __future__ import annotations

import base64
import html
from importlib.resources import files as resources
from pathlib import Path

from longvid.exports.report import PARTIAL, Report, ReportSource
from longvid_storage.text.shown import one_line
from longvid_storage.text.timecode import format_span

_KINDS = {
    "speech": "said",
    "screen": "on screen",
    "picture": "in the picture",
    "summary": "summary",
    "sound": "heard",
    "translation": "translation",
}
# The page may show its own frames and style, and nothing else, whatever a video's words say.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def files(report: Report, path: Path) -> dict[Path, bytes]:
    """The one file to write."""
    return {path: page(report).encode()}


def page(report: Report) -> str:
    """The HTML of a report."""
    style = resources("longvid.exports").joinpath("report.css").read_text(encoding="utf-8")
    body = [f"<h1>{_text(report.question)}</h1>"]
    if not report.found:
        body.append(f'<p class="none">{_text(report.answer)}</p>')
        if report.nearest:
            body.append("<h2>Nearest moments</h2>")
        body += [_figure(source) for source in report.nearest]
    for number, (text, sources) in enumerate(report.claims, 1):
        body.append(f"<h2><span>{number}.</span> {_text(text)}</h2>")
        body += [_figure(source) for source in sources]
    if report.partial:
        body.append(f"<p>{PARTIAL}</p>")
    if report.trail:
        steps = "".join(f"<li>{_text(step)}</li>" for step in report.trail)
        body.append(f"<details><summary>How it was found</summary><ol>{steps}</ol></details>")
    engine = " · ".join(f"{role}: {name}" for role, name in report.engine)
    body.append(f"<footer>longvid · {_text(engine)}</footer>")
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{html.escape(_POLICY)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{_text(report.question)}</title>",
            f"<style>\n{style}</style>\n</head>\n<body>\n<main>",
            *body,
            "</main>\n</body>\n</html>\n",
        ]
    )


def _figure(source: ReportSource) -> str:
    where = f"{source.title} @ {format_span(source.start_s, source.end_s)}"
    parts = ["<figure>"]
    if source.thumbnail is not None:
        shot = source.thumbnail
        data = base64.b64encode(shot.jpeg).decode()
        parts.append(
            f'<img src="data:image/jpeg;base64,{data}" width="{shot.width}" height="{shot.height}" '
            f'alt="{_text(where)}">'
        )
    parts.append("<figcaption>")
    if source.quote:
        parts.append(f"<blockquote>{_text(source.quote)}</blockquote>")
    kind = _KINDS.get(source.kind, source.kind)
    link = f'<a href="{html.escape(source.href)}">{_text(where)}</a>'
    parts.append(f"<small>{_text(kind)} · {link}</small></figcaption></figure>")
    return "".join(parts)


def _text(text: str) -> str:
    return html.escape(one_line(text))
