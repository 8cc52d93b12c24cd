"""Forgetting a video in every room: rows, vectors, pictures, conversations, and summaries it was part of."""

from __future__ import annotations

from longvid_indexer.summarising.library import fold_library
from longvid_storage.db.store import Store


def remove(store: Store, video: str) -> None:
    """Forget the video of that id, prefix or title; raises ``NotFoundError`` when there is none, or several."""
    with store.writer_lock():
        video_id = store.resolve_video(video)
        store.remove_video(video_id)
        # The summaries that it was part of are gone with it: the rest is put together again, without a model.
        fold_library(store, None, lambda message: None, only_missing=True)
