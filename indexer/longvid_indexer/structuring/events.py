"""Events: what the video is about, one topic after the other, as one optimum over the whole video."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from longvid_storage.types import Chapter

from longvid_indexer.structuring.blocks import Blocks, Floats
from longvid_indexer.structuring.partition import Scatter, best_partition

MIN_EVENT_S = 30.0
MAX_EVENT_S = 3600.0
# Price of one more event in units of what a block explains alone. Below about 2 the optimum follows noise
# (any cut explains a little); measured on meetings and talks, see docs/structure.md.
EVENT_PENALTY = 2.6
STRENGTH_BONUS = 0.5
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


def find_events(blocks: Blocks, penalty: float = EVENT_PENALTY) -> list[int]:
    """Edges of the events as indices into ``blocks.edges_s``: ``[0, …, n]``.

    Maximises explained scatter (:class:`Scatter`) plus a bonus for natural cuts minus ``penalty`` per
    event, which also decides how many events there are. No event is shorter than 30 s or longer than an
    hour if that is possible.
    """
    scatter = Scatter(blocks.vectors, blocks.weights)
    bonus = STRENGTH_BONUS * np.minimum(blocks.strength, 1.5)
    bonus[0] = 0.0

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
