"""What search has to be better than: fixed windows of the transcripts, ranked by their words and their meaning."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from longvid_storage.models.text_encoder import TextEncoder
from longvid_storage.text.analysis import analyse, query_terms
from longvid_storage.types import Moment, Utterance

WINDOW_S = 30.0
_K1, _B = 1.2, 0.75
_RANK_CONSTANT = 60
_RANKED = 200


class FixedWindows:
    """Windows of ``WINDOW_S`` seconds, one behind the other, ranked by BM25 (Robertson & Zaragoza 2009); with an
    encoder by reciprocal rank (Cormack, Clarke & Büttcher 2009) of that and of their vectors' cosines.

    Args:
        transcripts: by video id.
    """

    def __init__(
        self, transcripts: Mapping[str, Sequence[Utterance]], encoder: TextEncoder | None = None
    ) -> None:
        found = [(video, *window) for video, said in transcripts.items() for window in _windows(said)]
        self._places = [(video, start_s) for video, start_s, _ in found]
        self._videos = np.array([video for video, *_ in found])
        counts = [Counter(analyse(text, "en")) for *_, text in found]
        self._lengths = np.array([sum(each.values()) for each in counts], np.float64)
        self._postings: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for row, each in enumerate(counts):
            for term, count in each.items():
                self._postings[term].append((row, count))
        self._encoder = encoder
        self._vectors = encoder.encode([text for *_, text in found], kind="passage") if encoder else None

    def search(self, query: str, *, k: int, video: str | None) -> list[Moment]:
        """The ``k`` best windows, of one video or of all, played from their start."""
        rows = np.flatnonzero(self._videos == video) if video else np.arange(len(self._videos))
        words = self._bm25(query_terms(query, ("en",)))[rows]
        rankings = [[row for row in np.argsort(-words, kind="stable") if words[row] > 0]]
        if self._encoder is not None and self._vectors is not None:
            asked = self._encoder.encode([query], kind="query")[0]
            rankings.append(list(np.argsort(-(self._vectors[rows] @ asked), kind="stable")))
        scores: defaultdict[int, float] = defaultdict(float)
        for ranking in rankings:
            for place, row in enumerate(ranking[:_RANKED], 1):
                scores[int(rows[row])] += 1 / (_RANK_CONSTANT + place)
        best = sorted(scores.items(), key=lambda each: (-each[1], each[0]))[:k]
        return [self._moment(row, score) for row, score in best]

    def _moment(self, row: int, score: float) -> Moment:
        video, start_s = self._places[row]
        return Moment(video, "", "", start_s, start_s + WINDOW_S, score, "window")

    def _bm25(self, terms: Sequence[str]) -> NDArray[np.float64]:
        scores = np.zeros(len(self._videos))
        mean = max(1.0, float(self._lengths.mean())) if len(self._lengths) else 1.0
        for term in terms:
            places = self._postings.get(term, [])
            idf = math.log(1 + (len(scores) - len(places) + 0.5) / (len(places) + 0.5))
            for row, count in places:
                norm = _K1 * (1 - _B + _B * self._lengths[row] / mean)
                scores[row] += idf * count * (_K1 + 1) / (count + norm)
        return scores


def _windows(said: Sequence[Utterance]) -> Iterator[tuple[float, str]]:
    """Each window's start and what begins in it, empty ones left out."""
    texts: defaultdict[int, list[str]] = defaultdict(list)
    for utterance in said:
        texts[int(utterance.start_s // WINDOW_S)].append(utterance.text)
    for number, inside in sorted(texts.items()):
        yield number * WINDOW_S, " ".join(inside)
