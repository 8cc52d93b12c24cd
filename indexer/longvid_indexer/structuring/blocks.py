"""The timeline as blocks: the shortest stretches worth telling apart, with the vectors of what is said and
shown.

A block begins where a cut would be natural (a slide or shot begins, somebody starts to speak after a pause).
"""

from __future__ import annotations

import math
import zlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from longvid_indexer.structuring.cuts import Floats, StructureEvidence, cut_strengths, main_speakers
from longvid_indexer.structuring.words import content_words, stem
from longvid_storage.types import ScreenText

MIN_BLOCK_S = 8.0
MAX_BLOCKS = 4000  # a 10-hour video: blocks of 9 s
_LEXICAL_DIMENSION = 256
FORCED = math.inf


@dataclass(frozen=True)
class Blocks:
    """``n`` blocks: ``edges_s`` (n + 1,), from 0 to the duration; ``strength`` (n + 1,): how natural a cut
    is at each edge (:mod:`.cuts`); ``weights`` (n,): content words; ``vectors`` (n, d): centred, weighted
    sums."""

    edges_s: Floats
    strength: Floats
    weights: Floats
    vectors: Floats

    def __len__(self) -> int:
        return len(self.weights)

    def bonus(self) -> Floats:
        """Strengths against the video's own average, so that many natural cuts do not mean many segments."""
        inner = np.where(np.isfinite(self.strength), self.strength, 0.0)
        mean = inner[1:-1].mean() if len(inner) > 2 else 0.0
        inner[1:-1] -= mean
        return inner


def block_edges(
    strengths: dict[float, float], duration_s: float, forced: Sequence[float] = ()
) -> tuple[Floats, Floats]:
    """Thin the candidates to blocks of about ``MIN_BLOCK_S`` to twice that, keeping the most natural cuts.

    Returns (edges, strengths) of equal length n + 1. ``forced`` times are always edges, of infinite strength.
    """
    least = max(MIN_BLOCK_S, duration_s / MAX_BLOCKS)
    edges, values = [0.0], [0.0]
    for stop in [*sorted({t for t in forced if 0 < t < duration_s}), duration_s]:
        times = [t for t in sorted(strengths) if edges[-1] + least / 2 <= t <= stop - least / 2]
        _fill(times, strengths, least, edges, values)
        edges.append(stop)
        values.append(FORCED if stop < duration_s else 0.0)
    return np.array(edges), np.array(values)


def _fill(
    times: list[float], strengths: dict[float, float], least: float, edges: list[float], values: list[float]
) -> None:
    """Append the chosen ones of ``times``: the strongest of each next ``least`` seconds, the first of
    equals.
    """
    at = 0
    while at < len(times):
        if times[at] < edges[-1] + least / 2:
            at += 1
            continue
        # Look from half a block on to one and a half: strong cuts are never skipped by more than the spacing.
        reach = max(times[at], edges[-1] + 1.5 * least)
        end = bisect_right(times, reach)
        pick = max(range(at, end), key=lambda i: (strengths[times[i]], -i))
        edges.append(times[pick])
        values.append(strengths[times[pick]])
        at = pick + 1


# What words count beside vectors, and who speaks beside both.
_WORDS_SHARE, _SPEAKERS_SHARE = 0.7, 0.25


def make_blocks(source: StructureEvidence, forced: Sequence[float] = ()) -> Blocks:
    """Cut the timeline into blocks and say in vectors what each is about.

    Three views side by side, each scaled to the same total: sentence vectors (when there are any), words
    (random projection of tf-idf, so that it is one matrix whatever the vocabulary), and who speaks.
    """
    edges, strength = block_edges(cut_strengths(source), source.duration_s, forced)
    n = len(edges) - 1
    words = [Counter[str]() for _ in range(n)]
    owner = [min(max(bisect_right(edges, u.start_s) - 1, 0), n - 1) for u in source.said]
    said = [content_words(u.text) for u in source.said]
    for block, found in zip(owner, said, strict=True):
        words[block].update(stem(w) for w in found)
    spoken = np.array([len(found) for found in said], dtype=np.float64)
    weights = _sum_rows(spoken[:, None], owner, n)[:, 0]
    _add_screen_words(source.screen_texts, edges, words)
    lexical_weights = np.array([float(counts.total()) for counts in words])
    scale = 1.0 if source.vectors is None else _WORDS_SHARE
    views = [centred(_lexical(words), lexical_weights) * scale]
    if source.vectors is not None and len(source.said):
        rows = source.vectors.astype(np.float64) * spoken[:, None]
        views.append(centred(_sum_rows(rows, owner, n), weights))
    speakers = sorted(name for name in main_speakers(u.speaker for u in source.said) if name)
    if len(speakers) > 1:
        who = np.array([[u.speaker == name for name in speakers] for u in source.said], dtype=np.float64)
        views.append(centred(_sum_rows(who * spoken[:, None], owner, n), weights) * _SPEAKERS_SHARE)
    return Blocks(edges, strength, lexical_weights, np.hstack(views))


def _add_screen_words(screen_texts: Sequence[ScreenText], edges: Floats, words: list[Counter[str]]) -> None:
    """Count the words on screen once in every block during which they are seen (a quarter of it at least)."""
    for line in screen_texts:
        found = [stem(w) for w in content_words(line.text)]
        first = max(bisect_right(edges, line.start_s) - 1, 0)
        for block in range(first, len(words)):
            overlap = min(line.end_s, edges[block + 1]) - max(line.start_s, edges[block])
            if overlap <= 0:
                break
            if overlap >= (edges[block + 1] - edges[block]) / 4:
                words[block].update(found)


def _sum_rows(rows: Floats, owner: list[int], n: int) -> Floats:
    sums = np.zeros((n, rows.shape[1]))
    np.add.at(sums, owner, rows)
    return sums


def _lexical(words: list[Counter[str]]) -> Floats:
    """Blocks as (n, 256): tf-idf counts times a random direction per word, the same for that word
    everywhere.
    """
    n = len(words)
    frequency = Counter(word for counts in words for word in counts)
    direction: dict[str, Floats] = {}
    vectors = np.zeros((n, _LEXICAL_DIMENSION))
    for row, counts in enumerate(words):
        for word, count in counts.items():
            if frequency[word] < 2:
                continue  # a word of one block joins nothing
            if word not in direction:
                rng = np.random.default_rng(zlib.crc32(word.encode()))
                direction[word] = rng.standard_normal(_LEXICAL_DIMENSION) / math.sqrt(_LEXICAL_DIMENSION)
            vectors[row] += count * math.log(n / frequency[word]) * direction[word]
    return vectors


def centred(sums: Floats, weights: Floats) -> Floats:
    """Take the video's mean off every block and scale to unit mean scatter; all zeros when all blocks are
    alike.
    """
    total = weights.sum()
    if total <= 0:
        return np.zeros_like(sums)
    centred = sums - weights[:, None] * (sums.sum(axis=0) / total)
    scatter = np.einsum("ij,ij->i", centred, centred)[weights > 0] / weights[weights > 0]
    scale = math.sqrt(float(scatter.mean()))
    return centred / scale if scale > 1e-9 else np.zeros_like(sums)
