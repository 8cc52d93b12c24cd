"""Several meetings in one page: what was decided, who does what, and what stayed open, by meeting and date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from longvid_agents.summarise import Summary, SummaryLine, lines_of
from longvid_agents.whole import library_summary
from longvid_storage.db.view import View
from longvid_storage.types import Citation


@dataclass(frozen=True, slots=True)
class DigestLine:
    """One line of a meeting's summary, with the meeting and its date (``YYYY-MM-DD``, if known)."""

    text: str
    meeting: str
    date: str | None
    citation: Citation
    owner: str | None = None
    also: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Digest:
    """A collection's meetings, oldest first, their lists merged; ``summaries`` are those of the single meetings."""

    collection: str
    overview: tuple[SummaryLine, ...]
    decisions: tuple[DigestLine, ...]
    action_items: tuple[DigestLine, ...]
    open_questions: tuple[DigestLine, ...]
    summaries: tuple[Summary, ...]
    how: str


def collection_digest(view: View, collection: str, summaries: Sequence[Summary]) -> Digest:
    """The merged page of a collection, which ``view`` sees and nothing else; ``summaries`` are those of its videos."""
    cards = view.cards(details=True)
    dates = {card.video_id: card.date for card in cards}
    return make_digest(collection, summaries, dates, lines_of(library_summary(view), view, cards))


def make_digest(
    collection: str,
    summaries: Sequence[Summary],
    dates: Mapping[str, str | None],
    overview: Sequence[SummaryLine],
) -> Digest:
    """Merge ``summaries``; ``dates`` by video id, ``overview`` is the collection's own summary.

    Tasks go by owner (nobody's last), then by date; everything else by date.
    """
    ordered = sorted(summaries, key=lambda s: (dates.get(s.video_id) or "9999", s.title.casefold()))

    def merged(name: str) -> list[DigestLine]:
        return [
            DigestLine(line.text, each.title, dates.get(each.video_id), line.citation, line.owner, line.also)
            for each in ordered
            for line in getattr(each, name)
        ]

    tasks = sorted(merged("action_items"), key=lambda line: (line.owner is None, line.owner or ""))
    return Digest(
        collection,
        tuple(overview),
        tuple(merged("decisions")),
        tuple(tasks),
        tuple(merged("open_questions")),
        tuple(ordered),
        "; ".join(dict.fromkeys(each.how for each in ordered)),
    )
