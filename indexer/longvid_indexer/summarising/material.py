"""What there is to summarise: what is said and shown in each event, in pieces long enough to be understood."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from longvid_storage.db.chain import SummarySentence
from longvid_storage.types import Channel, Passage, Segment

# A piece ends with its speaker, at a pause this long, and once it has so many words.
PAUSE_S = 5.0
MOST_WORDS = 60


@dataclass(frozen=True, slots=True)
class SummaryItem:
    """Something to read: neighbouring passages of one speaker, a slide, or a sentence of a summary.

    ``passages`` are what it rests on.
    """

    start_s: float
    end_s: float
    kind: Channel
    text: str
    passages: tuple[Passage, ...]
    speaker: str | None = None

    def halves(self) -> tuple[SummaryItem, SummaryItem]:
        """The item cut in two between words (or letters, where there is one word); both rest on the same passages."""
        words = self.text.split(" ")
        if len(words) == 1:
            middle = (len(self.text) + 1) // 2
            return self._with(self.text[:middle]), self._with(self.text[middle:])
        middle = (len(words) + 1) // 2
        return self._with(" ".join(words[:middle])), self._with(" ".join(words[middle:]))

    def _with(self, text: str) -> SummaryItem:
        return SummaryItem(self.start_s, self.end_s, self.kind, text, self.passages, self.speaker)


@dataclass(frozen=True, slots=True)
class EventMaterial:
    """One event: its number, its span, and what is said and shown in it, by time."""

    number: int
    start_s: float
    end_s: float
    items: tuple[SummaryItem, ...]


def events_of(segments: Iterable[Segment], passages: Sequence[Passage]) -> list[EventMaterial]:
    """The material of each event, in order; what begins in an event belongs to it."""
    events = sorted((s for s in segments if s.level == "event"), key=lambda s: s.start_s)
    made = []
    for number, event in enumerate(events):
        last = number == len(events) - 1
        own = [p for p in passages if event.start_s <= p.start_s and (last or p.start_s < event.end_s)]
        made.append(EventMaterial(number, event.start_s, event.end_s, tuple(_items(own))))
    return made


def _items(passages: Iterable[Passage]) -> list[SummaryItem]:
    runs: list[list[Passage]] = []
    for passage in sorted(passages, key=lambda p: (p.kind != "speech", p.start_s, p.end_s, p.id)):
        if runs and _together(runs[-1], passage):
            runs[-1].append(passage)
        else:
            runs.append([passage])
    items = [
        SummaryItem(
            run[0].start_s,
            max(p.end_s for p in run),
            run[0].kind,
            " ".join(p.text for p in run),
            tuple(run),
            run[0].speaker,
        )
        for run in runs
    ]
    return sorted(items, key=lambda item: (item.start_s, item.kind, item.end_s))


def _together(run: Sequence[Passage], passage: Passage) -> bool:
    last = run[-1]
    if last.kind != passage.kind:
        return False
    if passage.kind == "screen":
        return (last.start_s, last.end_s) == (passage.start_s, passage.end_s)
    return (
        last.speaker == passage.speaker
        and passage.start_s - last.end_s <= PAUSE_S
        and sum(len(p.text.split()) for p in run) < MOST_WORDS
    )


def items_of(sentences: Iterable[SummarySentence], known: Mapping[int, Passage]) -> list[SummaryItem]:
    """Sentences of summaries as something to fold; ``known``: the passages they rest on, by id."""
    made = []
    for sentence in sentences:
        rests = tuple(known[each] for each in sentence.passages if each in known)
        if rests:
            start_s, end_s = min(p.start_s for p in rests), max(p.end_s for p in rests)
            made.append(SummaryItem(start_s, end_s, "summary", sentence.text, rests))
    return made
