"""The report's plots as inline SVG: drawn by hand, so that the page needs no library and no network.

Colours are classes (``g0`` … ``g5``, ``gold``, ``hit``, ``miss``) that ``report.css`` sets, light and dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from longvid.evaluation.bootstrap import Estimate
from longvid.evaluation.retrieval import Span

GROUPS = 6
"""How many groups a plot tells apart."""


def _svg(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    body = "".join(parts)
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{body}</svg>"
    )


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def _bar(x: float, y: float, width: float, height: float, kind: str, tip: str = "") -> str:
    note = f"<title>{escape(tip)}</title>" if tip else ""
    box = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect {box} rx="1.5" class="{kind}">{note}</rect>'


def whiskers(rows: Sequence[tuple[str, Sequence[Estimate | None]]], title: str) -> str:
    """A row a figure on a scale from 0 to 1: for each group a dot and its 95% interval."""
    width, left, right, lane = 600.0, 130.0, 50.0, 11.0
    groups = max((len(estimates) for _, estimates in rows), default=1)
    step, span = lane * groups + 13, width - left - right
    bottom = 8 + step * len(rows)
    parts = []
    for tick in range(0, 11, 2):
        x = left + span * tick / 10
        parts += [_line(x, 4, x, bottom, "grid"), _text(x, bottom + 14, f"{tick / 10:g}", "axis", "middle")]
    for index, (label, estimates) in enumerate(rows):
        top = 8 + step * index
        if index and groups > 1:
            parts.append(_line(0, top - 2, left + span, top - 2, "grid"))
        parts.append(_text(left - 10, top + 8 + lane * groups / 2, label, "label", "end"))
        for group, found in enumerate(estimates):
            if found is None:
                continue
            y = top + 4 + lane * (group + 0.5)
            tip = f"{label}: {found.value:.3f} [{found.low:.3f}, {found.high:.3f}], n = {found.n}"
            parts.append(f"<g><title>{escape(tip)}</title>")
            parts.append(_line(left + span * found.low, y, left + span * found.high, y, f"whisker s{group}"))
            parts.append(
                f'<circle cx="{left + span * found.value:.1f}" cy="{y:.1f}" r="4" class="g{group}"/></g>'
            )
            if group == 0:
                parts.append(_text(left + span + 8, y + 4, f"{found.value:.3f}", "value"))
    return _svg(width, bottom + 20, title, parts)


def bars(counts: Sequence[tuple[str, int]], title: str, last_is_miss: bool = False) -> str:
    """A bar a label, its count on top; the last one in the colour of a miss where that is what it counts."""
    width, height, top = 370.0, 170.0, 18.0
    most = max((count for _, count in counts), default=0) or 1
    step = width / max(1, len(counts))
    parts = [_line(0, height, width, height, "axisline")]
    for index, (label, count) in enumerate(counts):
        tall = (height - top) * count / most
        kind = "miss" if last_is_miss and index == len(counts) - 1 else "g0"
        parts.append(_bar(step * index + 3, height - tall, step - 6, tall, kind, f"{label}: {count}"))
        parts.append(_text(step * (index + 0.5), height - tall - 4, str(count), "count", "middle"))
        parts.append(_text(step * (index + 0.5), height + 14, label, "axis", "middle"))
    return _svg(width, height + 20, title, parts)


def timeline(duration_s: float, gold: Sequence[Span], moments: Sequence[tuple[int, Span, bool]]) -> str:
    """The video from left to right: gold spans above, returned moments ``(rank, span, hit)`` below."""
    width, end_s = (
        1000.0,
        max([duration_s, 1.0, *(end for _, end in gold), *(span[1] for _, span, _ in moments)]),
    )

    def box(span: Span, y: float, kind: str, tip: str) -> str:
        x = width * span[0] / end_s
        return _bar(x, y, max(3.0, width * span[1] / end_s - x), 13, kind, tip)

    parts = [_bar(0, 2, width, 13, "lane"), _bar(0, 18, width, 13, "lane")]
    parts += [box(span, 2, "gold", f"gold {span[0]:.0f}–{span[1]:.0f} s") for span in gold]
    # Worst rank first, so that a better one is drawn over it.
    for rank, span, hit in sorted(moments, reverse=True):
        parts.append(box(span, 18, "hit" if hit else "miss", f"{rank}: {span[0]:.0f}–{span[1]:.0f} s"))
    for rank, span, _ in moments[:3]:
        middle = width * (span[0] + span[1]) / 2 / end_s
        parts.append(_text(min(max(middle, 6), width - 6), 44, str(rank), "rank", "middle"))
    return _svg(width, 48, "where the gold spans and the returned moments lie in the video", parts)
