"""A summary as Markdown, for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from longvid_agents.cite import format_citation
from longvid_storage.timecode import format_time

if TYPE_CHECKING:
    from longvid_agents.summarise import Line, Summary


def markdown(summary: Summary) -> str:
    """One section a part that has lines; the last line says how it was made."""
    parts = [f"# {summary.title} ({format_time(summary.duration_s)})\n"]
    parts += _section("Overview", summary.overview)
    if summary.chapters:
        marks = "\n".join(f"- {format_time(c.start_s)} {c.title}" for c in summary.chapters)
        parts.append(f"## Chapters\n\n{marks}\n")
    parts += _section("Decisions", summary.decisions)
    parts += _section("Action items", summary.action_items)
    parts += _section("Open questions", summary.open_questions)
    parts.append(f"_{summary.how[0].upper()}{summary.how[1:]}._\n")
    return "\n".join(parts)


def _section(title: str, lines: Sequence[Line]) -> list[str]:
    if not lines:
        return []
    return [f"## {title}\n\n" + "\n".join(f"- {_written(line)}" for line in lines) + "\n"]


def _written(line: Line) -> str:
    who = f"**{line.owner}**: " if line.owner else (f"{line.speaker}: " if line.speaker else "")
    return f"{who}{line.text} {format_citation(line.citation)}"
