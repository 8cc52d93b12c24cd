"""What a process has read of a library for ranking; nothing here outlives a change of the library."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from longvid_storage.db import search_reads
from longvid_storage.db.vectors import mismatch
from longvid_storage.search.evidence import Quotes
from longvid_storage.search.timeline import Timeline, make_timeline
from longvid_storage.types import Filters

if TYPE_CHECKING:
    from longvid_storage.db.store import Store

MOST_PIECES = 150_000
"""Pieces kept in memory, a quarter of a gigabyte with 384-number vectors; the longest unused go first."""

MOST_QUOTED = 256
"""Videos whose utterances are kept in memory."""


class Memory:
    """Timelines, term counts, languages and speakers of a library in one state of it.

    Every method takes the store again: a memory that held its store would keep it alive.
    """

    def __init__(self, generation: int) -> None:
        self.generation = generation
        self._timelines: OrderedDict[tuple[str, str | None], Timeline] = OrderedDict()
        self._quotes: OrderedDict[str, Quotes] = OrderedDict()
        self._kept = 0
        self._frequency: dict[str, int] = {}
        self._languages: list[str | None] | None = None
        self._units: int | None = None
        self._models: dict[str, list[str]] | None = None
        self._speakers: dict[tuple[frozenset[str] | None, str | None], tuple[str, ...]] = {}
        self._lock = threading.RLock()

    def languages(self, store: Store) -> list[str | None]:
        """Languages of the units."""
        if self._languages is None:
            self._languages = store.languages() or [None]
        return self._languages

    def speakers(self, store: Store, filters: Filters) -> tuple[str, ...]:
        """Names of the speakers in the videos that the filters admit."""
        key = (filters.video_ids, filters.collection)
        if key not in self._speakers:
            among = Filters(video_ids=filters.video_ids, collection=filters.collection)
            self._speakers[key] = tuple(store.speakers(among))
        return self._speakers[key]

    def check_model(self, store: Store, fingerprint: str) -> None:
        """Raise ``ModelMismatchError`` when the library has text vectors, but none of this model."""
        if self._models is None:
            self._models = store.vector_models()
        text = {model: set(channels) - {"picture"} for model, channels in self._models.items()}
        others = sorted(model for model, channels in text.items() if channels)
        if others and fingerprint not in others:
            raise mismatch("text", others, fingerprint)

    def idf(self, store: Store, terms: Sequence[str], most: int) -> dict[str, float]:
        """Inverse document frequency of the at most ``most`` rarest of the terms that occur at all."""
        with self._lock:
            unknown = [term for term in terms if term not in self._frequency]
            if unknown:
                with store.snapshot() as connection:
                    self._frequency.update(search_reads.frequencies(connection, unknown))
            if self._units is None:
                with store.snapshot() as connection:
                    self._units = search_reads.unit_count(connection)
        found = [(self._frequency[term], term) for term in terms if self._frequency[term]]
        rarest = {term for _, term in sorted(found)[:most]}
        return {
            term: math.log(1 + (max(self._units, count) - count + 0.5) / (count + 0.5))
            for count, term in found
            if term in rarest
        }

    def timelines(self, store: Store, video_ids: Iterable[str], fingerprint: str | None) -> list[Timeline]:
        """The videos' timelines with vectors of that model."""
        return [self._timeline(store, video_id, fingerprint) for video_id in video_ids]

    def _timeline(self, store: Store, video_id: str, fingerprint: str | None) -> Timeline:
        key = (video_id, fingerprint)
        with self._lock:
            if key in self._timelines:
                self._timelines.move_to_end(key)
                return self._timelines[key]
            with store.snapshot() as connection:
                timeline = make_timeline(video_id, search_reads.pieces(connection, video_id, fingerprint))
            self._timelines[key] = timeline
            self._kept += len(timeline)
            while self._kept > MOST_PIECES and len(self._timelines) > 1:
                self._kept -= len(self._timelines.popitem(last=False)[1])
            return timeline

    def quotes(self, store: Store, video_id: str) -> Quotes:
        """What is said and shown in a video; the videos most lately quoted are kept."""
        with self._lock:
            if video_id not in self._quotes:
                self._quotes[video_id] = Quotes.of(store.utterances(video_id), store.screen_texts(video_id))
                while len(self._quotes) > MOST_QUOTED:
                    self._quotes.popitem(last=False)
            self._quotes.move_to_end(video_id)
            return self._quotes[video_id]


_MEMORIES: WeakKeyDictionary[Store, Memory] = WeakKeyDictionary()
_LOCK = threading.Lock()


def memory_of(store: Store) -> Memory:
    """What is known of the library as it is now."""
    generation = store.generation()
    with _LOCK:
        memory = _MEMORIES.get(store)
        if memory is None or memory.generation != generation:
            memory = _MEMORIES[store] = Memory(generation)
        return memory
