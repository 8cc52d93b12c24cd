"""Vectors that indexing stored, by place: what was said or shown there, without embedding it again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from longvid_storage.search.memory import memory_of

if TYPE_CHECKING:
    from longvid_storage.db.store import Store


def vectors_at(
    store: Store,
    video_id: str,
    spans: Sequence[tuple[float, float]],
    *,
    speech: bool,
    fingerprint: str,
) -> NDArray[np.float32] | None:
    """The vector of the indexed sentence (or, without ``speech``, slide) that shares most time with each span.

    Args:
        spans: half-open, in seconds, in any order.
        fingerprint: the model whose vectors are wanted.

    Returns:
        Shape ``(len(spans), dimension)``, about unit length; zeros where nothing indexed touches the span. None
        when the video has no vectors of that model.
    """
    (timeline,) = memory_of(store).timelines(store, [video_id], fingerprint)
    if timeline.vectors is None:
        return None
    rows = np.flatnonzero(timeline.speech == speech)
    found = np.zeros((len(spans), timeline.vectors.shape[1]), np.float32)
    if not len(rows):
        return found
    starts, ends = timeline.starts[rows], timeline.ends[rows]
    for at, (start_s, end_s) in enumerate(spans):
        shared = np.minimum(ends, end_s) - np.maximum(starts, start_s)
        best = int(np.argmax(shared))
        if shared[best] >= 0:
            found[at] = timeline.vectors[rows[best]]
    return found
