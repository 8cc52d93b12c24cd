"""Every place where a term is said or shown: no ranking, nothing left out.

A term is one or more words that stand next to each other, each in any of its forms ("learning rate" finds "learning
rates"); in double quotes, in exactly these forms (letter case and accents aside). The word index names the places to
read; what is reported was read there, with its own span.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from longvid_storage.db import search_reads
from longvid_storage.db.filters import UNFILTERED, speaker_key
from longvid_storage.db.rows import FoundUnit
from longvid_storage.errors import UsageError
from longvid_storage.search.evidence import Quotable, Quotes
from longvid_storage.text.analysis import analyse, fold, phrases
from longvid_storage.types import Channel, Filters, Utterance

if TYPE_CHECKING:
    from longvid_storage.db.store import Store

_INSTANT_S = 1e-3
_SIZES = [size for _, size in search_reads.SEARCHED]


@dataclass(frozen=True, slots=True)
class Mention:
    """One place: the line it is in, its span, and how often each of ``terms`` occurs there, summed in ``count``."""

    kind: Channel
    start_s: float
    end_s: float
    text: str
    speaker: str | None
    terms: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class VideoMentions:
    """The mentions in one video, in time order; ``count`` is the sum of theirs."""

    video_id: str
    title: str
    path: str
    count: int
    mentions: tuple[Mention, ...]


def mentions(store: Store, terms: Sequence[str], filters: Filters = UNFILTERED) -> list[VideoMentions]:
    """Every mention of any of ``terms`` in what ``filters`` admit, by video (by title), in time order.

    Raises:
        UsageError: no term, or one without a letter or digit.
    """
    wanted = [_Term.of(term, store.languages()) for term in terms]
    if not wanted:
        raise UsageError("there is no term to look for: give one or more words")
    found: defaultdict[str, list[Mention]] = defaultdict(list)
    by_video: defaultdict[str, list[FoundUnit]] = defaultdict(list)
    for unit in store.units(_candidates(store, wanted, filters)):
        by_video[unit.video_id].append(unit)
    for video_id, units in by_video.items():
        quotes = Quotes.of(store.utterances(video_id), store.screen_texts(video_id))
        found[video_id] = sorted(
            _in_video(units, quotes, wanted, filters), key=lambda each: (each.start_s, each.end_s, each.kind)
        )
    with store.snapshot() as connection:
        labels = search_reads.labels(connection, found)
    groups = [
        VideoMentions(video_id, *labels[video_id][:2], sum(each.count for each in places), tuple(places))
        for video_id, places in found.items()
        if places
    ]
    return sorted(groups, key=lambda group: (group.title.casefold(), group.video_id))


@dataclass(frozen=True, slots=True)
class _Term:
    """A term as asked: its runs of analysed words, one a language, and its bare words when it was quoted."""

    asked: str
    runs: tuple[tuple[str, ...], ...]
    exact: tuple[str, ...]

    @classmethod
    def of(cls, asked: str, languages: Iterable[str | None]) -> _Term:
        bare = asked.strip()
        quoted = len(bare) > 2 and bare[0] == bare[-1] == '"'
        runs = tuple(tuple(run) for run in phrases(bare, [*languages, None]))
        if not runs:
            raise UsageError(f"the term {asked!r} has no letter or digit: give a word to look for")
        return cls(asked, runs, tuple(fold(bare)) if quoted else ())

    def count(self, text: str, language: str | None) -> int:
        """How often it occurs in a text."""
        if self.exact:
            return _occurrences(fold(text), self.exact)
        terms = analyse(text, language)
        return max(_occurrences(terms, run) for run in self.runs)


def _occurrences(terms: Sequence[str], run: Sequence[str]) -> int:
    width = len(run)
    return sum(tuple(terms[at : at + width]) == tuple(run) for at in range(len(terms) - width + 1))


def _candidates(store: Store, wanted: Sequence[_Term], filters: Filters) -> list[int]:
    """Units with the rarest word of any run: a run may cross from one unit into the next, a word cannot."""
    words = {word for term in wanted for run in term.runs for word in run}
    with store.snapshot() as connection:
        frequency = search_reads.frequencies(connection, words)
    rarest = {min(run, key=lambda word: (frequency[word], word)) for term in wanted for run in term.runs}
    return store.matching_units([[word] for word in sorted(rarest)], sizes=_SIZES, filters=filters)


def _in_video(
    units: Sequence[FoundUnit], quotes: Quotes, wanted: Sequence[_Term], filters: Filters
) -> Iterator[Mention]:
    seen: set[int] = set()
    for found in units:
        unit = found.unit
        lines = quotes.spoken if unit.channel == "speech" else quotes.shown
        near = [
            quote
            for quote in lines.touching(unit.start_s, unit.end_s + _INSTANT_S)
            if _admitted(quote, filters)
        ]
        inside = False
        for quote in near:
            source = quote.source
            counts = {term.asked: term.count(source.text, unit.language) for term in wanted}
            inside = inside or any(counts.values())
            if any(counts.values()) and id(quote) not in seen:
                seen.add(id(quote))
                speaker = source.speaker if isinstance(source, Utterance) else None
                yield _mention(unit.channel, source.start_s, source.end_s, source.text, speaker, counts)
        if not inside:
            # Words that follow each other across two utterances, or two lines of a slide.
            counts = {term.asked: term.count(unit.text, unit.language) for term in wanted}
            if any(counts.values()):
                yield _mention(unit.channel, unit.start_s, unit.end_s, unit.text, unit.speaker, counts)


def _mention(
    kind: Channel, start_s: float, end_s: float, text: str, speaker: str | None, counts: dict[str, int]
) -> Mention:
    terms = tuple(asked for asked, count in counts.items() if count)
    return Mention(kind, start_s, end_s, text, speaker, terms, sum(counts.values()))


def _admitted(quote: Quotable, filters: Filters) -> bool:
    source = quote.source
    speaker = source.speaker if isinstance(source, Utterance) else None
    early = filters.from_s is not None and source.end_s <= filters.from_s and source.start_s < filters.from_s
    late = filters.to_s is not None and source.start_s >= filters.to_s
    named = filters.speaker is None or speaker_key(speaker) == speaker_key(filters.speaker)
    return named and not early and not late
