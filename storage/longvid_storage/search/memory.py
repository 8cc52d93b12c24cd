"""What a process has read of a library for ranking.

There is a memory for each generation of a library that is being looked at. One of a later generation takes over from
the one before what belongs to videos that have not changed since (``longvid_storage.db.revisions``): after a commit a
question costs what it did before, and reads what was committed.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from longvid_storage.db.dialects import each_id
from longvid_storage.db.library_files import CACHE
from longvid_storage.db.revisions import changed_since, revisions_of
from longvid_storage.db.schema import Video
from longvid_storage.db.vectors import mismatch
from longvid_storage.search import lexical
from longvid_storage.search.scope_facts import ScopeFacts, VideoTally, read_facts
from longvid_storage.search.timeline import Timeline, read_timelines
from longvid_storage.search.word_memory import WordMemory
from longvid_storage.types import Scope

if TYPE_CHECKING:
    from longvid_storage.db.contents import Home
    from longvid_storage.db.view import View
    from longvid_storage.models.text_encoder import TextEncoder
    from longvid_storage.search.vector_search import VectorSearch

_PASSAGE_BYTES, _POSTING_BYTES = 2600, 16
_FEWEST = 300_000 * _PASSAGE_BYTES
_SHARE, _SHARE_OF_WORDS, _SHARE_OF_VECTORS = 1 / 8, 1 / 4, 1 / 3
_LIMITS = [Path("/sys/fs/cgroup", name) for name in ("memory.max", "memory/memory.limit_in_bytes")]
_IN_WORDS = (*lexical.SPOKEN_AND_SHOWN, "sound")
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
    except (OSError, ValueError, AttributeError):  # another kind of system says it elsewhere, or not
        room = 0
    for limit in _LIMITS:
        with suppress(OSError):  # only a container has one
            allowed = limit.read_text(encoding="utf-8").strip()
            room = min(room, int(allowed)) if allowed.isdigit() else room
    return max(_FEWEST, int(room * _SHARE))


def vector_bytes(memory_mb: int | None = None) -> float:
    """How much of it the vector indexes take at most."""
    return memory_bytes(memory_mb) * _SHARE_OF_VECTORS


class _Shared:
    """What memories of all generations share, since it says by itself what it is of: timelines, by the revision of
    their video, and the vectors of questions."""

    def __init__(self) -> None:
        self.timelines: OrderedDict[tuple[str, int, str | None], Timeline] = OrderedDict()
        self.kept = 0
        self.questions: OrderedDict[tuple[str, str], NDArray[np.float32]] = OrderedDict()
        self.video_ids: dict[int, str] = {}  # by key, which is given once
        self.searches = 0
        self.lock = threading.RLock()

    def drop(self, outdated: Callable[[str], bool]) -> None:
        """Forget the timelines of videos that have changed, or are gone."""
        with self.lock:
            for key in [key for key in self.timelines if outdated(key[0])]:
                self.kept -= len(self.timelines.pop(key).passages)


class Memory:
    """Timelines and statistics of a library in one state of it.

    Every method takes the view again: a memory that held its store would keep it alive.
    """

    def __init__(self, generation: int, shared: _Shared, before: Memory | None) -> None:
        self.generation = generation
        self.ready = False
        self._before = before
        self._shared = shared
        self._revisions: dict[str, int] = {}
        self._models: dict[frozenset[str] | None, dict[str, list[str]]] = {}
        self._tallies: dict[int, VideoTally] = {}
        self._facts: OrderedDict[Scope, ScopeFacts] = OrderedDict()
        self._words: dict[str, WordMemory] = {}
        self._many: set[tuple[Scope, int]] = set()
        self._counted: OrderedDict[tuple[Scope, tuple[str, ...]], tuple[int, int]] = OrderedDict()
        self._lock = threading.RLock()

    @contextmanager
    def _current(self, view: View) -> Iterator[None]:
        """Alone, and with what an earlier memory knows that still holds."""
        with self._lock:
            if not self.ready:
                self._take_over(view)
                self._before, self.ready = None, True
            yield

    def _take_over(self, view: View) -> None:
        before = self._before
        changed = None if before is None else changed_since(view.connection, before.generation)
        if before is None:
            return
        if changed is None:
            self._shared.drop(lambda video_id: True)
            self._shared.video_ids = {}
            return
        revisions = {video_id: revision for _, video_id, revision in changed}
        keys = [each.video_key for each in changed]
        self._revisions = {**before._revisions, **revisions}
        self._tallies = {**before._tallies}
        for key in keys:
            self._tallies.pop(key, None)
        for kind, words in {**before._words}.items():
            if (now := words.advanced(view, keys)) is not None:
                self._words[kind] = now
        self._shared.drop(revisions.__contains__)

    def facts(self, view: View) -> ScopeFacts:
        """Statistics of the view's scope."""
        with self._current(view):
            if view.scope not in self._facts:
                self._facts[view.scope] = read_facts(view, self._tallies, self._words)
                while len(self._facts) > _MOST_SCOPES:
                    self._facts.popitem(last=False)
            self._facts.move_to_end(view.scope)
            return self._facts[view.scope]

    def few_videos(self, view: View, most: int) -> list[str] | None:
        """Ids of the scope's videos; None where there are more than ``most``, which is looked up once."""
        if (view.scope, most) in self._many:
            return None
        ids = view.video_ids(most + 1)
        if len(ids) <= most:
            return ids
        with self._lock:
            if len(self._many) >= _MOST_SCOPES:
                self._many.clear()
            self._many.add((view.scope, most))
        return None

    def words(self, view: View) -> dict[str, WordMemory]:
        """Kind → its word index; none at a process's first search, since asking the database once costs less than
        reading it all."""
        with self._current(view):
            self._shared.searches += 1
            if self._shared.searches < 2:
                return {}
            kinds = [kind for kind in _IN_WORDS if kind in self.facts(view).counts]
            for kind in kinds:
                if kind not in self._words:
                    share = memory_bytes(view.home.memory_mb) * _SHARE_OF_WORDS / len(_IN_WORDS)
                    self._words[kind] = WordMemory.read(view, kind, int(share / _POSTING_BYTES))
            return {kind: self._words[kind] for kind in kinds}

    @property
    def words_read(self) -> Mapping[str, WordMemory]:
        """Kind → its word index, of those that are in memory."""
        return self._words

    def videos_of_keys(self, view: View, keys: Set[int]) -> dict[int, str]:
        """Key → id of these videos."""
        known = self._shared.video_ids
        if new := [key for key in keys if key not in known]:
            query = select(Video.video_key, Video.video_id).where(Video.video_key.in_(each_id(new)))
            known |= {row[0]: row[1] for row in view.connection.execute(query)}
        return {key: known[key] for key in keys}

    def encoded(self, encoder: TextEncoder, texts: Sequence[str]) -> NDArray[np.float32]:
        """Texts of questions embedded, shape ``(len(texts), dimension)``; those of late are not embedded again."""
        with self._shared.lock:
            known = self._shared.questions
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
        with self._current(view), self._shared.lock:
            held = self._shared.timelines
            unknown = [each for each in video_ids if each not in self._revisions]
            self._revisions.update(revisions_of(view.connection, unknown) if unknown else {})
            # What was made anew since has not the revision that says so.
            keys = [
                (each, max(self._revisions.get(each, 0), view.time.remade), fingerprint) for each in video_ids
            ]
            missing = [key[0] for key in keys if key not in held]
            for timeline in read_timelines(view, missing, fingerprint) if missing else ():
                held[keys[video_ids.index(timeline.video_id)]] = timeline
                self._shared.kept += len(timeline.passages)
            found = []
            for key in keys:
                held.move_to_end(key)
                found.append(held[key])
            while self._shared.kept > most and len(held) > 1:
                self._shared.kept -= len(held.popitem(last=False)[1].passages)
            return found

    def counted(self, view: View, terms: tuple[str, ...]) -> tuple[int, int] | None:
        """What ``count`` was told of these terms in the view's scope, None if nothing."""
        return self._counted.get((view.scope, terms))

    def count(self, view: View, terms: tuple[str, ...], found: tuple[int, int]) -> tuple[int, int]:
        """Remember how many mentions there are in how many videos."""
        with self._lock:
            self._counted[view.scope, terms] = found
            while len(self._counted) > _MOST_QUESTIONS:
                self._counted.popitem(last=False)
        return found

    @property
    def kept(self) -> int:
        """How many passages the timelines in memory hold."""
        return self._shared.kept


_MOST_GENERATIONS = 4
_MEMORIES: WeakKeyDictionary[Home, tuple[_Shared, deque[Memory]]] = WeakKeyDictionary()
_VECTORS: WeakKeyDictionary[Home, VectorSearch] = WeakKeyDictionary()
_LOCK = threading.Lock()


def memory_of(view: View) -> Memory:
    """What is known of the library as the view sees it; the last few states of it are known at once."""
    now = view.generation
    with _LOCK:
        if view.home not in _MEMORIES:
            _MEMORIES[view.home] = _Shared(), deque(maxlen=_MOST_GENERATIONS)
        shared, kept = _MEMORIES[view.home]
        for memory in kept:
            if memory.generation == now:
                return memory
        earlier = [each for each in kept if each.ready and each.generation < now]
        memory = Memory(now, shared, max(earlier, key=lambda each: each.generation, default=None))
        if len(kept) < _MOST_GENERATIONS or now > min(each.generation for each in kept):
            kept.append(memory)
        return memory


def vectors_of(view: View) -> VectorSearch:
    """The vector indexes of the library, kept over its generations."""
    from longvid_storage.search.vector_search import VectorSearch

    with _LOCK:
        if view.home not in _VECTORS:
            cache = None if view.home.read_only else view.home.path / CACHE
            _VECTORS[view.home] = VectorSearch(cache, most_bytes=vector_bytes(view.home.memory_mb))
        return _VECTORS[view.home]
