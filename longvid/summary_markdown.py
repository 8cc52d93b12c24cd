"""A summary as Markdown, for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from longvid_agents.cite import format_citations
from longvid_storage.text.shown import shown
from longvid_storage.text.timecode import format_time

if TYPE_CHECKING:
    from longvid_agents.digest import Digest, DigestLine
    from longvid_agents.summarise import Summary, SummaryLine


def markdown(summary: Summary) -> str:
    """One section a part that has lines; the last line says how it was made."""
    parts = [f"# {shown(summary.title)} ({format_time(summary.duration_s)})\n"]
    parts += _section("Overview", summary.overview)
    if summary.chapters:
        marks = "\n".join(f"- {format_time(c.start_s)} {shown(c.title)}" for c in summary.chapters)
        parts.append(f"## Chapters\n\n{marks}\n")
    parts += _section("Decisions", summary.decisions)
    parts += _section("Action items", summary.action_items)
    parts += _section("Open questions", summary.open_questions)
    parts.append(f"_{summary.how[0].upper()}{summary.how[1:]}._\n")
    return "\n".join(parts)


def _section(title: str, lines: Sequence[SummaryLine]) -> list[str]:
    if not lines:
        return []
    return [f"## {title}\n\n" + "\n".join(f"- {_written(line)}" for line in lines) + "\n"]


def _written(line: SummaryLine) -> str:
    who = f"**{shown(line.owner)}**: " if line.owner else (f"{shown(line.speaker)}: " if line.speaker else "")
    cited = format_citations((line.citation, *line.also))
    return f"{who}{shown(line.text)} {cited}"


def digest_markdown(digest: Digest) -> str:
    """The merged lists of a collection, then its meetings one by one."""
    parts = [f"# {shown(digest.collection)}: {len(digest.summaries)} recordings\n"]
    parts += _section("Overview", digest.overview)
    parts += _merged("Decisions", digest.decisions)
    parts += _merged("Action items", digest.action_items)
    parts += _merged("Open questions", digest.open_questions)
    parts += [markdown(each) for each in digest.summaries]
    return "\n".join(parts)


def _merged(title: str, lines: Sequence[DigestLine]) -> list[str]:
    if not lines:
        return []
    rows = []
    for line in lines:
        who = f"**{shown(line.owner)}**: " if line.owner else ""
        when = f"{line.date} · " if line.date else ""
        cited = format_citations((line.citation, *line.also))
        rows.append(f"- {when}{who}{shown(line.text)} {cited}")
    return [f"## {title}\n\n" + "\n".join(rows) + "\n"]
