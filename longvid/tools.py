"""The library as the agent sees it: ``longvid_agents.tools.Tools`` over a store and its engines."""

from __future__ import annotations

import math
import threading
from collections import Counter, OrderedDict
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from longvid.dates import date_of
from longvid.engines import Engines
from longvid_agents.evidence import allowed
from longvid_agents.tools import TermStatistics, VideoCard
from longvid_storage.db.chain import ChainLink
from longvid_storage.db.filters import speaker_key
from longvid_storage.db.rows import VideoRow
from longvid_storage.db.store import Store
from longvid_storage.errors import MediaError
from longvid_storage.search.mentions import VideoMentions, mentions
from longvid_storage.search.moments import search
from longvid_storage.search.pictures_at import similarity_at
from longvid_storage.search.vectors_at import vectors_at
from longvid_storage.types import Box, Filters, Keyframe, Moment, ScreenText, Segment, Sound, Utterance

if TYPE_CHECKING:
    from longvid_indexer.rewatch import Rewatcher
    from longvid_storage.models.image_encoder import ImageEncoder
    from longvid_storage.models.text_encoder import TextEncoder

MOST_VECTORS = 20_000
"""Sentence vectors kept in memory, 31 megabytes of them; the longest unused go first."""


class LibraryTools:
    """Fulfils ``Tools``; every call that looks for something passes the caller's filters on unchanged.

    May be used from several threads: the store may, and what is kept here is guarded.
    """

    def __init__(self, store: Store, engines: Engines) -> None:
        self._store = store
        self._engines = engines
        self._vectors: OrderedDict[tuple[str, str], NDArray[np.float32]] = OrderedDict()
        self._lock = threading.RLock()

    @cached_property
    def _rewatcher(self) -> Rewatcher:
        """Made when something is first watched again, so that its pictures are kept from question to question."""
        from longvid_indexer.rewatch import Rewatcher

        return Rewatcher()

    @property
    def frames_decoded(self) -> int:
        """Pictures decoded from media so far."""
        return self._rewatcher.frames_decoded

    def search(self, query: str, *, k: int, filters: Filters) -> Sequence[Moment]:
        """The ``k`` best moments within ``filters``."""
        return search(
            self._store,
            query,
            k=k,
            filters=filters,
            text_encoder=self._text_encoder(),
            image_encoder=self._image_encoder(),
        )

    def _text_encoder(self) -> TextEncoder | None:
        with self._lock:  # it loads once, whoever asks first
            return self._engines.text_encoder

    def _image_encoder(self) -> ImageEncoder | None:
        with self._lock:
            return self._engines.image_encoder

    def utterances(self, video_id: str, from_s: float, to_s: float) -> Sequence[Utterance]:
        """Utterances of a video that touch ``[from_s, to_s)``."""
        return self._store.utterances(video_id, from_s, to_s)

    def screen_texts(self, video_id: str, from_s: float, to_s: float) -> Sequence[ScreenText]:
        """Screen text of a video that touches ``[from_s, to_s)``."""
        return self._store.screen_texts(video_id, from_s, to_s)

    def sounds(self, video_id: str, from_s: float, to_s: float) -> Sequence[Sound]:
        """Sounds other than speech of a video that touch ``[from_s, to_s)``."""
        return self._store.sounds(video_id, from_s, to_s)

    def keyframes(self, video_id: str, from_s: float, to_s: float) -> Sequence[Keyframe]:
        """Keyframes with their pictures that touch ``[from_s, to_s)``."""
        return [
            frame
            for frame in self._store.keyframes(video_id, images=True)
            if frame.start_s < to_s and frame.end_s > from_s
        ]

    def frames(
        self,
        video_id: str,
        from_s: float,
        to_s: float,
        *,
        rate: float | None = None,
        box: Box | None = None,
        most: int = 16,
        times_s: Sequence[float] | None = None,
    ) -> Sequence[Keyframe]:
        """Pictures decoded anew from the media file of a video.

        Raises:
            MediaError: the file is gone, was changed, or holds no pictures there.
        """
        row = self._store.video(video_id)
        if not row.info.has_video:
            raise MediaError(
                f'"{row.info.title}" has no pictures: it is sound or a transcript', code="no_picture"
            )
        wanted_s = _times(from_s, to_s, rate, most) if times_s is None else times_s
        pictures = self._rewatcher.pictures(self._media_of(row), row.info, wanted_s, box=box)
        ends_s = [*(picture.asked_s for picture in pictures[1:]), to_s]
        return [
            Keyframe(p.time_s, p.asked_s, max(end_s, p.asked_s), p.image, p.width, p.height, "shot")
            for p, end_s in zip(pictures, ends_s, strict=True)
        ]

    def audio(self, video_id: str, from_s: float, to_s: float) -> NDArray[np.float32]:
        """The sound of a span of a video's media file: 16 kHz mono."""
        from longvid_indexer.audio import audio_between
        from longvid_indexer.listening import asked_before

        row = self._store.video(video_id)
        if not row.info.has_audio:
            return np.zeros(0, np.float32)
        named = asked_before(record.result for record in row.stages.values())
        return audio_between(self._media_of(row), row.info, from_s, to_s, named)

    def picture_relevance(
        self, video_id: str, times_s: Sequence[float], question: str
    ) -> Sequence[float] | None:
        """Cosine of the question and the indexed keyframe at each time, or None when there are no such vectors."""
        encoder = self._image_encoder()
        if encoder is None or encoder.fingerprint not in self._store.vector_models():
            return None
        with self._lock:
            query = encoder.encode_texts([question])[0]
        fits = similarity_at(self._store, video_id, times_s, query, fingerprint=encoder.fingerprint)
        return None if fits is None else fits.tolist()

    def _media_of(self, row: VideoRow) -> Path:
        """The file the video was indexed from, unchanged since."""
        for path in row.paths:
            known = self._store.known_path(path)
            try:
                now = Path(path).stat()
            except OSError:
                continue
            if known is not None and (known.size, known.mtime_ns) == (now.st_size, now.st_mtime_ns):
                return Path(path)
        raise MediaError(
            f'the file of "{row.info.title}" is gone or has changed since: put it back, or index it anew',
            code="gone",
        )

    def mentions(self, terms: Sequence[str], *, filters: Filters) -> Sequence[VideoMentions]:
        """Every place within ``filters`` where one of ``terms`` is said or shown."""
        return mentions(self._store, terms, filters)

    def segments(self, video_id: str) -> Sequence[Segment]:
        """The video, its events, scenes and shots."""
        return self._store.segments(video_id)

    def chain(self, video_id: str) -> Sequence[ChainLink]:
        """The chain of summaries of a video."""
        return self._store.chain(video_id)

    def library_chain(self, collection: str | None) -> Sequence[ChainLink]:
        """The summary of a collection, or of the whole library."""
        return self._store.library_chain(collection)

    def cards(self, *, filters: Filters, details: bool = False) -> Sequence[VideoCard]:
        """The videos that ``filters`` admit, by title; with a speaker, those in which that speaker speaks."""
        return [
            VideoCard(
                row.info.video_id,
                row.info.title,
                row.paths[0] if row.paths else "",
                row.info.duration_s,
                date_of(self._store, row) if details else None,
                self._speakers(row.info.video_id, filters) if details else (),
            )
            for row in self._store.videos()
            if (filters.video_ids is None or row.info.video_id in filters.video_ids)
            and (filters.collection is None or filters.collection in row.collections)
            and (filters.speaker is None or self._speaks(row.info.video_id, filters.speaker))
        ]

    def _speaks(self, video_id: str, speaker: str) -> bool:
        names = self._store.speakers(Filters(video_ids=frozenset({video_id})))
        return speaker_key(speaker) in {speaker_key(name) for name in names}

    def _speakers(self, video_id: str, filters: Filters) -> tuple[str, ...]:
        """Who says something in a video that the filters admit, the busiest first."""
        if (filters.from_s, filters.to_s, filters.speaker, filters.language) == (None,) * 4:
            return tuple(self._store.speakers(Filters(video_ids=frozenset({video_id}))))
        to_s = math.inf if filters.to_s is None else filters.to_s
        said = self._store.utterances(video_id, filters.from_s or 0.0, to_s)
        names = Counter(each.speaker for each in said if each.speaker and allowed(filters, each))
        return tuple(name for name, _ in names.most_common())

    def term_statistics(self, terms: Sequence[str], *, filters: Filters) -> TermStatistics:
        """How common each term is within ``filters``."""
        documents, frequency = self._store.term_statistics(terms, filters)
        return TermStatistics(documents, frequency)

    def encode(
        self, texts: Sequence[str], *, kind: Literal["query", "passage"]
    ) -> NDArray[np.float32] | None:
        """Unit vectors of texts, or None without a text encoder; those of late are not computed again."""
        encoder = self._text_encoder()
        if encoder is None:
            return None
        with self._lock:
            return self._encoded(encoder, texts, kind)

    def _encoded(
        self, encoder: TextEncoder, texts: Sequence[str], kind: Literal["query", "passage"]
    ) -> NDArray[np.float32]:
        known = self._vectors
        unknown = [text for text in dict.fromkeys(texts) if (kind, text) not in known]
        if unknown:
            new = encoder.encode(unknown, kind=kind)
            known.update({(kind, text): vector for text, vector in zip(unknown, new, strict=True)})
        vectors = np.zeros((len(texts), encoder.dimension), np.float32)
        for row, text in enumerate(texts):
            vectors[row] = known[kind, text]
            known.move_to_end((kind, text))
        while len(known) > MOST_VECTORS:
            known.popitem(last=False)
        return vectors

    def stored_vectors(
        self, video_id: str, spans: Sequence[tuple[float, float]], *, speech: bool
    ) -> NDArray[np.float32] | None:
        """Unit vectors of the indexed pieces at these spans; None without a text encoder or vectors."""
        encoder = self._text_encoder()
        if encoder is None:
            return None
        return vectors_at(self._store, video_id, spans, speech=speech, fingerprint=encoder.fingerprint)

    def engine(self) -> dict[str, str]:
        """What runs, by role."""
        return self._engines.names()


def _times(from_s: float, to_s: float, rate: float | None, most: int) -> list[float]:
    """At most ``most`` times in ``[from_s, to_s)``: at ``rate``, or spread evenly, each in the middle of its part."""
    length_s = max(0.0, to_s - from_s)
    if rate is not None and length_s * rate < most:
        return [from_s + number / rate for number in range(max(1, math.ceil(length_s * rate)))]
    return [from_s + length_s * (number + 0.5) / most for number in range(most)]
