"""Events: what the video is about, one topic after the other, as one optimum over the whole video."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from longvid_indexer.structuring.blocks import Blocks
from longvid_indexer.structuring.cuts import Floats
from longvid_indexer.structuring.partition import Scatter, best_partition
from longvid_storage.types import Chapter

MIN_EVENT_S = 30.0
MAX_EVENT_S = 3600.0
# Price of one more event, times the logarithm of the number of blocks: choosing a cut among n places finds
# about ln n of scatter in pure noise (Yao, "Estimating the number of change-points via Schwarz' criterion",
# 1988). In units of what a block explains alone; the factor is measured on meetings and talks
# (docs/structure.md).
EVENT_PENALTY = 0.65
_CHAPTER_GAP_S = 1.0


def chapter_edges(chapters: Sequence[Chapter], duration_s: float) -> list[float]:
    """The cuts that container chapters demand: each start, and an end after which no chapter follows soon."""
    edges: set[float] = set()
    ordered = sorted(chapters, key=lambda chapter: chapter.start_s)
    for index, chapter in enumerate(ordered):
        edges.add(chapter.start_s)
        following = ordered[index + 1].start_s if index + 1 < len(ordered) else duration_s
        if following - chapter.end_s > _CHAPTER_GAP_S:
            edges.add(chapter.end_s)
    inside = sorted(edge for edge in edges if _CHAPTER_GAP_S <= edge <= duration_s - _CHAPTER_GAP_S)
    kept: list[float] = []
    for edge in inside:
        if not kept or edge - kept[-1] >= _CHAPTER_GAP_S:
            kept.append(edge)
    return kept


def find_events(blocks: Blocks) -> list[int]:
    """Edges of the events as indices into ``blocks.edges_s``: ``[0, …, n]``.

    Maximises explained scatter (:class:`Scatter`) plus a bonus for natural cuts minus ``EVENT_PENALTY`` x ln n
    per event, which also decides how many events there are. No event is
    shorter than 30 s or longer than an hour if that is possible.
    """
    penalty = EVENT_PENALTY * math.log(len(blocks) + 1)
    scatter = Scatter(blocks.vectors, blocks.weights)
    bonus = blocks.bonus()

    def gain(low: int, j: int) -> Floats:
        lengths = blocks.edges_s[j] - blocks.edges_s[low:j]
        values = scatter.gain(low, j) - penalty + bonus[low:j]
        return np.where(lengths >= MIN_EVENT_S, values, -np.inf)

    return best_partition(len(blocks), gain, lambda j: earliest_start(blocks.edges_s, j, MAX_EVENT_S))


def earliest_start(edges_s: Floats, j: int, longest_s: float) -> int:
    """First index from which a segment ending at edge ``j`` is at most ``longest_s`` long; always before
    ``j``.
    """
    first = int(np.searchsorted(edges_s, edges_s[j] - longest_s, side="left"))
    return min(first, j - 1) if math.isfinite(longest_s) else 0
