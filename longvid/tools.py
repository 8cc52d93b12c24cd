"""The library as the agent sees it: ``longvid_agents.tools.Tools`` over a store and its engines."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from longvid.engines import Engines
from longvid_agents.tools import TermStatistics
from longvid_storage.search import search
from longvid_storage.searching.vectors_at import vectors_at
from longvid_storage.store import Store
from longvid_storage.types import Filters, Keyframe, Moment, ScreenText, Utterance

MOST_VECTORS = 20_000
"""Sentence vectors kept in memory, 31 megabytes of them; the longest unused go first."""


class LibraryTools:
    """Fulfils ``Tools``; every call that looks for something passes the caller's filters on unchanged."""

    def __init__(self, store: Store, engines: Engines) -> None:
        self._store = store
        self._engines = engines
        self._vectors: OrderedDict[tuple[str, str], NDArray[np.float32]] = OrderedDict()

    def search(self, query: str, *, k: int, filters: Filters) -> Sequence[Moment]:
        """The ``k`` best moments within ``filters``."""
        return search(
            self._store,
            query,
            k=k,
            filters=filters,
            text_encoder=self._engines.text_encoder,
            image_encoder=self._engines.image_encoder,
        )

    def utterances(self, video_id: str, from_s: float, to_s: float) -> Sequence[Utterance]:
        """Utterances of a video that touch ``[from_s, to_s)``."""
        return self._store.utterances(video_id, from_s, to_s)

    def screen_texts(self, video_id: str, from_s: float, to_s: float) -> Sequence[ScreenText]:
        """Screen text of a video that touches ``[from_s, to_s)``."""
        return self._store.screen_texts(video_id, from_s, to_s)

    def keyframes(self, video_id: str, from_s: float, to_s: float) -> Sequence[Keyframe]:
        """Keyframes with their pictures that touch ``[from_s, to_s)``."""
        return [
            frame
            for frame in self._store.keyframes(video_id, images=True)
            if frame.start_s < to_s and frame.end_s > from_s
        ]

    def term_statistics(self, terms: Sequence[str], *, filters: Filters) -> TermStatistics:
        """How common each term is within ``filters``."""
        documents, frequency = self._store.term_statistics(terms, filters)
        return TermStatistics(documents, frequency)

    def encode(
        self, texts: Sequence[str], *, kind: Literal["query", "passage"]
    ) -> NDArray[np.float32] | None:
        """Unit vectors of texts, or None without a text encoder; those of late are not computed again."""
        encoder = self._engines.text_encoder
        if encoder is None:
            return None
        known = self._vectors
        unknown = [text for text in dict.fromkeys(texts) if (kind, text) not in known]
        if unknown:
            known.update(
                {
                    (kind, text): vector
                    for text, vector in zip(unknown, encoder.encode(unknown, kind=kind), strict=True)
                }
            )
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
        encoder = self._engines.text_encoder
        if encoder is None:
            return None
        return vectors_at(self._store, video_id, spans, speech=speech, fingerprint=encoder.fingerprint)

    def engine(self) -> dict[str, str]:
        """What runs, by role."""
        return self._engines.names()
