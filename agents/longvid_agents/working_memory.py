"""Working memory of one question: every piece of evidence seen, under the id a model cites it by.

Ids (``e1``, ``e2``, …) are given once and never lost. What a model reads is a window on the pieces of the newest
searches, the best of each first, within a token budget; others are folded into digests, a line for each stretch of a
video, and stay citable by id.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from longvid_storage.text.timecode import format_span
from longvid_storage.types import Citation, EvidenceText, Moment, Passage, VideoCard

Names = tuple[str, str]  # (title, path) of a video

# Of the window's tokens at most this share goes to digests of what is no longer in it.
DIGESTS = 0.25
_DIGEST_WORDS = 12
# What the id, times and kind of a piece add to its text, in tokens.
_FRAME_TOKENS = 16


@dataclass(frozen=True, slots=True)
class MemoryItem:
    """One piece of evidence; ``passage`` is what was said, shown or seen, with its true span."""

    id: str
    passage: Passage
    title: str
    path: str

    def citation(self) -> Citation:
        """The piece as a citation."""
        return Citation.of(self.passage, self.title, self.path)


@dataclass(frozen=True, slots=True)
class MemoryWindow:
    """What a model is shown of the memory: whole pieces, and digests of older ones."""

    items: tuple[MemoryItem, ...]
    digests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkingMemory:
    """Everything seen so far.

    ``items`` in the order they were found, the best of each search first; ``searches`` how many were known when each of
    them came; ``ruled_out`` the ids a model found of no use; ``videos`` the ids of
    videos met, whose place in it makes their label (``v1``, ``v2``, …); ``sources`` their titles and paths;
    ``cards`` what a list of the library said of some of them; ``looked`` says what was watched again.
    """

    items: tuple[MemoryItem, ...] = ()
    searches: tuple[int, ...] = ()
    ruled_out: frozenset[str] = frozenset()
    videos: tuple[str, ...] = ()
    sources: Mapping[str, Names] = field(default_factory=dict)
    cards: Mapping[str, VideoCard] = field(default_factory=dict)
    looked: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.items)

    def get(self, item_id: str) -> MemoryItem | None:
        """The piece of that id; None for an invented one."""
        number = int(item_id[1:]) if item_id[:1] == "e" and item_id[1:].isdecimal() else 0
        return self.items[number - 1] if 1 <= number <= len(self.items) else None

    def label(self, video_id: str) -> str | None:
        """``"v1"`` for the video met first; None for one not met."""
        return f"v{self.videos.index(video_id) + 1}" if video_id in self.videos else None

    def video(self, label: str) -> str | None:
        """The id behind a label; None for an invented one."""
        number = int(label[1:]) if label[:1] == "v" and label[1:].isdecimal() else 0
        return self.videos[number - 1] if 1 <= number <= len(self.videos) else None

    def meeting(self, sources: Mapping[str, Names]) -> WorkingMemory:
        """The memory with these videos met too."""
        new = {video_id: source for video_id, source in sources.items() if video_id not in self.sources}
        return replace(self, videos=(*self.videos, *new), sources={**self.sources, **new})

    def listing(self, cards: Iterable[VideoCard]) -> WorkingMemory:
        """The memory with what a list of the library said of these videos, which makes them met."""
        new = {card.video_id: card for card in cards}
        met = self.meeting({each: (card.title, card.path) for each, card in new.items()})
        return replace(met, cards={**self.cards, **new})

    def adding(self, sentences: Iterable[Passage]) -> WorkingMemory:
        """The memory with these pieces too, in this order; one that is known keeps its id.

        Raises ``KeyError`` for a piece of a video that was not met.
        """
        known = {item.passage for item in self.items}
        items = list(self.items)
        for sentence in sentences:
            if sentence not in known:
                known.add(sentence)
                items.append(MemoryItem(f"e{len(items) + 1}", sentence, *self.sources[sentence.video_id]))
        return replace(self, items=tuple(items), searches=(*self.searches, len(self.items)))

    def ruling_out(self, ids: Iterable[str]) -> WorkingMemory:
        """The memory with these pieces marked as of no use: no longer shown, still known."""
        return replace(self, ruled_out=self.ruled_out | {each for each in ids if self.get(each) is not None})

    def seen(self) -> tuple[Passage, ...]:
        """What a model saw in pictures in this run."""
        return tuple(item.passage for item in self.items if item.passage.kind == "picture")

    def window(self, most_tokens: int, count: Callable[[str], int]) -> MemoryWindow:
        """Pieces that fit into ``most_tokens`` by ``count``, the newest search's first, and digests of the others."""
        useful = [item for item in self.items if item.id not in self.ruled_out]
        costs = [count(item.passage.text) + _FRAME_TOKENS for item in useful]
        if sum(costs) <= most_tokens:
            return MemoryWindow(tuple(useful))
        room = most_tokens * (1 - DIGESTS)
        kept: set[str] = set()
        for item, cost in sorted(zip(useful, costs, strict=True), key=lambda each: self._place(each[0])):
            if cost > room:
                break
            room -= cost
            kept.add(item.id)
        shown = tuple(item for item in useful if item.id in kept)
        others = [item for item in useful if item.id not in kept]
        return MemoryWindow(shown, _digests(others, most_tokens * DIGESTS, count))

    def _place(self, item: MemoryItem) -> tuple[int, int]:
        """By the newest search that found it, then as it ranked there."""
        number = int(item.id[1:]) - 1
        return -bisect_right(self.searches, number), number

    def texts(self, items: Sequence[MemoryItem]) -> tuple[EvidenceText, ...]:
        """Pieces as a model reads them: by video as they were met, in time order."""
        place = {video_id: number for number, video_id in enumerate(self.videos)}
        ordered = sorted(
            items, key=lambda item: (place[item.passage.video_id], item.passage.start_s, int(item.id[1:]))
        )
        return tuple(
            EvidenceText(
                id=item.id,
                title=f"v{place[item.passage.video_id] + 1} {item.title}",
                start_s=item.passage.start_s,
                end_s=item.passage.end_s,
                kind=item.passage.kind,
                text=item.passage.text,
                speaker=item.passage.speaker,
            )
            for item in ordered
        )


def sources_of(moments: Iterable[Moment]) -> dict[str, Names]:
    """Titles and paths of the moments' videos, in their order."""
    found: dict[str, Names] = {}
    for moment in moments:
        found.setdefault(moment.video_id, (moment.title, moment.path))
    return found


def _digests(items: Sequence[MemoryItem], most_tokens: float, count: Callable[[str], int]) -> tuple[str, ...]:
    """One line for each run of neighbouring pieces of a video, newest kept when they do not all fit."""
    runs: list[list[MemoryItem]] = []
    for item in items:
        if runs and runs[-1][-1].passage.video_id == item.passage.video_id:
            runs[-1].append(item)
        else:
            runs.append([item])
    lines: list[str] = []
    for run in reversed(runs):
        line = _digest(run)
        if count(line) > most_tokens:
            line = f"{_ids(run)} {_where(run)}"
        if count(line) > most_tokens:
            continue
        most_tokens -= count(line)
        lines.append(line)
    if len(lines) < len(runs):
        lines.append(f"e1–{items[-1].id} were read before")
    return tuple(reversed(lines))


def _digest(run: Sequence[MemoryItem]) -> str:
    longest = max(run, key=lambda item: min(len(item.passage.text), 200)).passage.text.split()
    more = " …" if len(longest) > _DIGEST_WORDS else ""
    return f"{_ids(run)} {_where(run)}: {' '.join(longest[:_DIGEST_WORDS])}{more}"


def _ids(run: Sequence[MemoryItem]) -> str:
    return run[0].id if len(run) == 1 else f"{run[0].id}–{run[-1].id}"


def _where(run: Sequence[MemoryItem]) -> str:
    start_s = min(item.passage.start_s for item in run)
    return f"{run[0].title} {format_span(start_s, max(item.passage.end_s for item in run))}"
