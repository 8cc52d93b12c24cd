"""How well the pictures of a video fit a question, by time, from the vectors that indexing stored."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from longvid_storage.db.schema import KeyframeRow, KeyframeVector, VectorSet, Video
from longvid_storage.db.vectors import PICTURE, rows_of
from longvid_storage.db.view import View


def similarity_at(
    view: View, video_id: str, times_s: Sequence[float], query: NDArray[np.float32], *, fingerprint: str
) -> NDArray[np.float32] | None:
    """The cosine of ``query`` and the keyframe on screen at each time, or else the nearest one.

    Args:
        times_s: seconds of the video's timeline, in any order.
        query: unit vector of the question, shape ``(dimension,)``, by the model of ``fingerprint``.

    Returns:
        Shape ``(len(times_s),)``. None when the video has no picture vectors of that model.
    """
    columns = (KeyframeRow.time_s, KeyframeRow.start_s, KeyframeRow.end_s, KeyframeVector.vector)
    rows = (
        select(*columns)
        .join(KeyframeVector, KeyframeVector.owner_id == KeyframeRow.keyframe_id)
        .join(VectorSet, VectorSet.set_key == KeyframeVector.set_key)
        .join(Video, Video.video_key == KeyframeRow.video_key)
        .where(Video.video_id == video_id, VectorSet.model_fingerprint == fingerprint)
        .where(VectorSet.kind == PICTURE)
        .order_by(KeyframeRow.time_s, KeyframeRow.keyframe_id)
    )
    found = view.connection.execute(rows).all()
    if not found:
        return None
    vectors = rows_of([row.vector for row in found])
    similar: NDArray[np.float32] = vectors.astype(np.float32) @ query
    shown_s, start_s, end_s = (
        np.array([getattr(row, name) for row in found]) for name in ("time_s", "start_s", "end_s")
    )
    return similar[[_nearest(time_s, shown_s, start_s, end_s) for time_s in times_s]]


def _nearest(
    time_s: float, shown_s: NDArray[np.float64], start_s: NDArray[np.float64], end_s: NDArray[np.float64]
) -> int:
    """The keyframe whose span ``[start_s, end_s)`` holds the time, or is nearest; among several the nearest itself."""
    inside = (start_s <= time_s) & (time_s < end_s)
    away_s = np.where(inside, -1.0, np.maximum(start_s - time_s, time_s - end_s))
    return int(np.argmin(np.where(away_s == away_s.min(), np.abs(shown_s - time_s), np.inf)))
