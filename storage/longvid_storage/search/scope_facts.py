"""Statistics of a scope and nothing else: what the rest of the library holds changes no score in it."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from sys import intern
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from longvid_storage.db.dialects import each_id
from longvid_storage.db.schema import PassageRow, Video
from longvid_storage.db.scope import video_conditions
from longvid_storage.search import lexical

if TYPE_CHECKING:
    from longvid_storage.db.view import View
    from longvid_storage.search.word_memory import WordMemory


@dataclass(frozen=True, slots=True)
class VideoTally:
    """What one video adds to the statistics of every scope that admits all of it.

    Attributes:
        kinds: (kind, language, passages, terms).
        speakers: (label, passages of speech).
    """

    kinds: tuple[lexical.KindTally, ...] = ()
    speakers: tuple[tuple[str, int], ...] = ()


@dataclass(slots=True)
class ScopeFacts:
    """Counts of a scope; ``words`` are the word indexes in memory, by kind, none until they are."""

    counts: dict[str, lexical.KindCounts]
    languages: list[str | None]
    speakers: tuple[str, ...]
    translated: list[str | None]
    words: Mapping[str, WordMemory] = field(repr=False)
    frequency: dict[str, int] = field(default_factory=dict)

    @property
    def passages(self) -> int:
        """How many passages words are ranked among."""
        return sum(self.counts[kind].passages for kind in lexical.SPOKEN_AND_SHOWN if kind in self.counts)

    def frequencies(self, view: View, terms: Iterable[str]) -> dict[str, int]:
        """In how many of them each term occurs."""
        wanted = list(dict.fromkeys(terms))
        unknown = [term for term in wanted if term not in self.frequency]
        if unknown:
            self.frequency.update(dict.fromkeys(unknown, 0) | self._counted(view, unknown))
        return {term: self.frequency[term] for term in wanted}

    def _counted(self, view: View, terms: list[str]) -> dict[str, int]:
        kinds = [kind for kind in lexical.SPOKEN_AND_SHOWN if kind in self.counts]
        if not kinds or any(kind not in self.words for kind in kinds):
            return lexical.frequencies(view, terms)
        held = [self.words[kind] for kind in kinds]
        return {term: sum(each.frequency(view, term) for each in held) for term in terms}

    def idf(self, view: View, terms: Iterable[str], most: int) -> dict[str, float]:
        """Inverse document frequency of the at most ``most`` rarest of the terms that occur at all."""
        found = [(count, term) for term, count in self.frequencies(view, terms).items() if count]
        rarest = {term for _, term in sorted(found)[:most]}
        return {
            term: math.log(1 + (max(self.passages, count) - count + 0.5) / (count + 0.5))
            for count, term in found
            if term in rarest
        }


def read_facts(view: View, tallies: dict[int, VideoTally], words: Mapping[str, WordMemory]) -> ScopeFacts:
    """Statistics of the view's scope; of one that admits videos whole they are added up from ``tallies``, which learn
    what they lack."""
    if not view.scope.whole:
        counts, languages, others = lexical.kind_counts(view)
        return ScopeFacts(counts, languages or [None], tuple(view.speakers()), others, words)
    query = select(Video.video_key).where(*video_conditions(Video.video_key, view.scope))
    keys = list(view.connection.execute(query).scalars())
    missing = [key for key in keys if key not in tallies]
    if missing:
        tallies.update(_tallied(view, missing, every=len(missing) == len(keys)))
    own = [tallies[key] for key in keys]
    counts, languages, others = lexical.summed(row for each in own for row in each.kinds)
    speakers: Counter[str] = Counter()
    for key, each in zip(keys, own, strict=True):
        for label, count in each.speakers:
            speakers[str(view.name_of(key, label))] += count
    names = sorted(speakers, key=lambda name: (-speakers[name], name))
    return ScopeFacts(counts, languages or [None], tuple(names), others, words)


def _tallied(view: View, keys: list[int], every: bool) -> dict[int, VideoTally]:
    """The tallies of these videos, of ``every`` one that the scope admits."""
    row = PassageRow
    its = video_conditions(row.video_key, view.scope) if every else [row.video_key.in_(each_id(keys))]
    kinds: defaultdict[int, list[lexical.KindTally]] = defaultdict(list)
    query = select(row.video_key, row.kind, row.language, func.count(), func.sum(row.length))
    query = query.where(*its, row.length > 0).group_by(row.video_key, row.kind, row.language)
    for key, kind, language, count, length in view.connection.execute(query):
        kinds[key].append((intern(kind), language and intern(language), count, int(length)))
    speakers: defaultdict[int, list[tuple[str, int]]] = defaultdict(list)
    spoken = select(row.video_key, row.speaker, func.count()).where(
        *its, row.kind == "speech", row.speaker.is_not(None)
    )
    for key, label, count in view.connection.execute(spoken.group_by(row.video_key, row.speaker)):
        speakers[key].append((str(label), count))
    return {key: VideoTally(tuple(kinds[key]), tuple(speakers[key])) for key in keys}
