"""Scope can only be narrowed: nothing a question, a video or a model says widens what the caller allowed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from longvid_storage.db.filters import speaker_key
from longvid_storage.types import Scope


def narrowed(
    filters: Scope,
    *,
    videos: Iterable[str] | None = None,
    from_s: float | None = None,
    to_s: float | None = None,
    speaker: str | None = None,
) -> Scope | None:
    """``filters`` and these conditions together; None when nothing can meet both.

    Args:
        videos: ids; only those that ``filters`` admit stay.
        from_s, to_s: seconds, half-open; the later start and the earlier end count.
        speaker: another one than that of ``filters`` leaves nothing.
    """
    if videos is not None:
        chosen = frozenset(videos)
        filters = replace(
            filters, video_ids=chosen if filters.video_ids is None else chosen & filters.video_ids
        )
        if not filters.video_ids:
            return None
    if from_s is not None:
        filters = replace(filters, from_s=max(from_s, filters.from_s or 0.0))
    if to_s is not None:
        filters = replace(filters, to_s=to_s if filters.to_s is None else min(to_s, filters.to_s))
    if filters.from_s is not None and filters.to_s is not None and filters.from_s >= filters.to_s:
        return None
    if speaker is not None:
        if filters.speaker is not None and speaker_key(filters.speaker) != speaker_key(speaker):
            return None
        filters = replace(filters, speaker=filters.speaker or speaker)
    return filters


def admits(filters: Scope, start_s: float, end_s: float) -> bool:
    """Whether ``[start_s, end_s)`` touches the filters' time; an empty span is the instant it starts at."""
    from_s = 0.0 if filters.from_s is None else filters.from_s
    to_s = float("inf") if filters.to_s is None else filters.to_s
    return start_s < to_s and (end_s > from_s or start_s >= from_s)
