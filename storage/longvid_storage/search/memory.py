"""What a process has read of a library for ranking; nothing here outlives a change of the library."""

from __future__ import annotations

import math
import os
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from longvid_storage.db.library_files import CACHE
from longvid_storage.db.vectors import mismatch
from longvid_storage.search import lexical
from longvid_storage.search.timeline import Timeline, read_timelines
from longvid_storage.search.vector_search import VectorSearch
from longvid_storage.search.word_memory import WordMemory
from longvid_storage.types import Scope

if TYPE_CHECKING:
    from longvid_storage.db.view import Home, View
    from longvid_storage.models.text_encoder import TextEncoder

_PASSAGE_BYTES, _POSTING_BYTES = 2600, 16
_FEWEST = 300_000 * _PASSAGE_BYTES
_SHARE, _SHARE_OF_WORDS, _SHARE_OF_VECTORS = 1 / 8, 1 / 4, 1 / 3
_MOST_SCOPES = 64
_MOST_QUESTIONS = 256


@cache
def memory_bytes(memory_mb: int | None = None) -> int:
    """How much is kept of a library, in all: ``memory_mb`` of the configuration; else an eighth of the machine's
    memory, but at least the passages of a few hundred hours.

    A quarter of it is for words (``WordMemory``), a third for the vector indexes (above it, ``SignIndex``), the rest
    for passages: 2.6 kB each with vectors of 384 numbers.
    """
    if memory_mb is not None:
        return memory_mb * 1_000_000
    try:
        room = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        allowed = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
        room = min(room, int(allowed)) if allowed.isdigit() else room
    except (OSError, ValueError, AttributeError):  # another kind of system says it elsewhere, or not
        room = 0
    return max(_FEWEST, int(room * _SHARE))


def vector_bytes(memory_mb: int | None = None) -> float:
    """How much of it the vector indexes take at most."""
    return memory_bytes(memory_mb) * _SHARE_OF_VECTORS


@dataclass(slots=True)
class ScopeFacts:
    """Statistics of a scope and nothing else: what the rest of the library holds changes no score in it."""

    counts: dict[str, lexical.KindCounts]
    languages: list[str | None]
    speakers: tuple[str, ...]
    translated: list[str | None] = field(default_factory=list)
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
            self.frequency.update(dict.fromkeys(unknown, 0) | lexical.frequencies(view, unknown))
        return {term: self.frequency[term] for term in wanted}

    def idf(self, view: View, terms: Iterable[str], most: int) -> dict[str, float]:
        """Inverse document frequency of the at most ``most`` rarest of the terms that occur at all."""
        found = [(count, term) for term, count in self.frequencies(view, terms).items() if count]
        rarest = {term for _, term in sorted(found)[:most]}
        return {
            term: math.log(1 + (max(self.passages, count) - count + 0.5) / (count + 0.5))
            for count, term in found
            if term in rarest
        }


class Memory:
    """Timelines and statistics of a library in one state of it.

    Every method takes the view again: a memory that held its store would keep it alive.
    """

    def __init__(self, generation: int) -> None:
        self.generation = generation
        self._timelines: OrderedDict[tuple[str, str | None], Timeline] = OrderedDict()
        self._kept = 0
        self._models: dict[frozenset[str] | None, dict[str, list[str]]] = {}
        self._facts: OrderedDict[Scope, ScopeFacts] = OrderedDict()
        self._questions: OrderedDict[tuple[str, str], NDArray[np.float32]] = OrderedDict()
        self._words: dict[str, WordMemory] = {}
        self._searches = 0
        self._lock = threading.RLock()

    def facts(self, view: View) -> ScopeFacts:
        """Statistics of the view's scope."""
        with self._lock:
            if view.scope not in self._facts:
                counts, languages, others = lexical.kind_counts(view)
                self._facts[view.scope] = ScopeFacts(
                    counts, languages or [None], tuple(view.speakers()), others
                )
                while len(self._facts) > _MOST_SCOPES:
                    self._facts.popitem(last=False)
            self._facts.move_to_end(view.scope)
            return self._facts[view.scope]

    def words(self, view: View) -> dict[str, WordMemory]:
        """Kind → its word index; none at the first search, since asking the database once costs less than reading it
        all."""
        with self._lock:
            self._searches += 1
            if self._searches < 2:
                return {}
            kinds = [kind for kind in lexical.SPOKEN_AND_SHOWN if kind in self.facts(view).counts]
            for kind in kinds:
                if kind not in self._words:
                    share = (
                        memory_bytes(view.home.memory_mb) * _SHARE_OF_WORDS / len(lexical.SPOKEN_AND_SHOWN)
                    )
                    self._words[kind] = WordMemory(view, kind, int(share / _POSTING_BYTES))
            return {kind: self._words[kind] for kind in kinds}

    def encoded(self, encoder: TextEncoder, texts: Sequence[str]) -> NDArray[np.float32]:
        """Texts of questions embedded, shape ``(len(texts), dimension)``; those of late are not embedded again."""
        with self._lock:
            known = self._questions
            new = [text for text in dict.fromkeys(texts) if (encoder.fingerprint, text) not in known]
            for text, vector in zip(new, encoder.encode(new, kind="query") if new else (), strict=True):
                known[encoder.fingerprint, text] = vector
            found = np.stack([known[encoder.fingerprint, text] for text in texts])
            while len(known) > _MOST_QUESTIONS:
                known.popitem(last=False)
            return found

    def check_model(self, view: View, fingerprint: str) -> None:
        """Raise ``ModelMismatchError`` when the library has text vectors, but none of this model."""
        rights = view.scope.rights
        if rights not in self._models:
            self._models[rights] = view.vector_models()
        text = {model: set(kinds) - {"picture"} for model, kinds in self._models[rights].items()}
        others = sorted(model for model, kinds in text.items() if kinds)
        if others and fingerprint not in others:
            raise mismatch("text", others, fingerprint)

    def timelines(self, view: View, video_ids: Sequence[str], fingerprint: str | None) -> list[Timeline]:
        """The videos' timelines with vectors of that model, whole, in the order of ``video_ids``.

        What is not in memory is read in one statement, whatever the number of videos; those longest unused go when
        there is no room for all.
        """
        share = 1 - _SHARE_OF_WORDS - _SHARE_OF_VECTORS
        most = memory_bytes(view.home.memory_mb) * share / _PASSAGE_BYTES
        with self._lock:
            missing = [each for each in video_ids if (each, fingerprint) not in self._timelines]
            for timeline in read_timelines(view, missing, fingerprint) if missing else ():
                self._timelines[timeline.video_id, fingerprint] = timeline
                self._kept += len(timeline.passages)
            found = []
            for video_id in video_ids:
                self._timelines.move_to_end((video_id, fingerprint))
                found.append(self._timelines[video_id, fingerprint])
            while self._kept > most and len(self._timelines) > 1:
                self._kept -= len(self._timelines.popitem(last=False)[1].passages)
            return found


_MEMORIES: WeakKeyDictionary[Home, Memory] = WeakKeyDictionary()
_VECTORS: WeakKeyDictionary[Home, VectorSearch] = WeakKeyDictionary()
_LOCK = threading.Lock()


def memory_of(view: View) -> Memory:
    """What is known of the library as the view sees it."""
    with _LOCK:
        memory = _MEMORIES.get(view.home)
        if memory is None or memory.generation != view.generation:
            memory = Memory(view.generation)
            if view.generation >= getattr(_MEMORIES.get(view.home), "generation", 0):
                _MEMORIES[view.home] = memory
        return memory


def vectors_of(view: View) -> VectorSearch:
    """The vector indexes of the library, kept over its generations."""
    with _LOCK:
        if view.home not in _VECTORS:
            cache = None if view.home.read_only else view.home.path / CACHE
            _VECTORS[view.home] = VectorSearch(cache, most_bytes=vector_bytes(view.home.memory_mb))
        return _VECTORS[view.home]
