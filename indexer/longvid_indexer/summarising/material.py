"""What there is to summarise: what is said and shown in each event, in pieces long enough to be understood."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from longvid_storage.db.chain import Quote, SummarySentence
from longvid_storage.types import Channel, ScreenText, Segment, Utterance

# A piece ends with its speaker, at a pause this long, and once it has so many words.
PAUSE_S = 5.0
MOST_WORDS = 60


@dataclass(frozen=True, slots=True)
class Item:
    """Something to read: an utterance or more, a slide, or a sentence of a summary, and what it rests on."""

    start_s: float
    end_s: float
    kind: Channel
    text: str
    quotes: tuple[Quote, ...]
    speaker: str | None = None

    def halves(self) -> tuple[Item, Item]:
        """The item cut in two between words (or letters, where there is one word); both rest on the same quotes."""
        words = self.text.split(" ")
        if len(words) == 1:
            middle = (len(self.text) + 1) // 2
            return self._with(self.text[:middle]), self._with(self.text[middle:])
        middle = (len(words) + 1) // 2
        return self._with(" ".join(words[:middle])), self._with(" ".join(words[middle:]))

    def _with(self, text: str) -> Item:
        return Item(self.start_s, self.end_s, self.kind, text, self.quotes, self.speaker)


@dataclass(frozen=True, slots=True)
class EventMaterial:
    """One event: its number, its span, and what is said and shown in it, by time."""

    number: int
    start_s: float
    end_s: float
    items: tuple[Item, ...]


def events_of(
    video_id: str,
    segments: Iterable[Segment],
    utterances: Sequence[Utterance],
    screen_texts: Sequence[ScreenText],
) -> list[EventMaterial]:
    """The material of each event, in order; what begins in an event belongs to it."""
    events = sorted((s for s in segments if s.level == "event"), key=lambda s: s.start_s)
    made = []
    for number, event in enumerate(events):
        last = number == len(events) - 1
        said = [u for u in utterances if _begins_in(u.start_s, event, last)]
        shown = [t for t in screen_texts if _begins_in(t.start_s, event, last)]
        items = [*spoken_items(video_id, number, said), *shown_items(video_id, number, shown)]
        items.sort(key=lambda item: (item.start_s, item.kind, item.end_s))
        made.append(EventMaterial(number, event.start_s, event.end_s, tuple(items)))
    return made


def _begins_in(start_s: float, event: Segment, last: bool) -> bool:
    return event.start_s <= start_s and (last or start_s < event.end_s)


def spoken_items(video_id: str, event: int, utterances: Iterable[Utterance]) -> list[Item]:
    """Neighbouring utterances of one speaker put together, each item with the exact span of its utterances."""
    runs: list[list[Utterance]] = []
    for utterance in sorted(utterances, key=lambda u: (u.start_s, u.end_s)):
        if not utterance.text.strip():
            continue
        last = runs[-1] if runs else None
        if (
            last is not None
            and last[-1].speaker == utterance.speaker
            and utterance.start_s - last[-1].end_s <= PAUSE_S
            and sum(len(u.text.split()) for u in last) < MOST_WORDS
        ):
            last.append(utterance)
        else:
            runs.append([utterance])
    items = []
    for run in runs:
        start_s, end_s = run[0].start_s, max(u.end_s for u in run)
        text = " ".join(" ".join(u.text.split()) for u in run)
        quote = Quote(video_id, event, "speech", start_s, end_s, text)
        items.append(Item(start_s, end_s, "speech", text, (quote,), run[0].speaker))
    return items


def shown_items(video_id: str, event: int, lines: Iterable[ScreenText]) -> list[Item]:
    """The lines of each slide, top to bottom, as one item."""
    slides: dict[tuple[float, float], list[str]] = {}
    for line in lines:
        if line.text.strip():
            slides.setdefault((line.start_s, line.end_s), []).append(" ".join(line.text.split()))
    items = []
    for (start_s, end_s), texts in sorted(slides.items()):
        text = " ".join(texts)
        quote = Quote(video_id, event, "screen", start_s, end_s, text)
        items.append(Item(start_s, end_s, "screen", text, (quote,)))
    return items


def items_of(sentences: Iterable[SummarySentence]) -> list[Item]:
    """Sentences of summaries as something to fold."""
    return [
        Item(min(q.start_s for q in s.quotes), max(q.end_s for q in s.quotes), "summary", s.text, s.quotes)
        for s in sentences
        if s.quotes
    ]
