"""What the videos of a collection, and of the whole library, are about: their summaries folded once more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from longvid_indexer.summarising.chain import folded_library
from longvid_indexer.summarising.extractive import library_link
from longvid_indexer.summarising.write import UnusableReplyError, Writer
from longvid_storage.db.chain import ChainLink
from longvid_storage.errors import ModelError

if TYPE_CHECKING:
    from longvid_indexer.summariser import Summariser
    from longvid_storage.db.store import Store


def fold_library(
    store: Store, model: Summariser | None, tell: Callable[[str], None], *, only_missing: bool = False
) -> None:
    """Bring the summaries of every collection and of the library up to date; what has not changed is not written.

    A model that fails leaves the sentences of the videos' own summaries, and ``tell`` says so. ``only_missing``:
    those that are there stay as they are.
    """
    for collection in (*store.collections(), None):
        if only_missing and store.library_chain(collection):
            continue
        videos = [link for _, link in store.video_summaries(collection) if link.sentences]
        known = store.library_chain(collection)
        links = _folded(collection, videos, model, known, tell)
        if [link.fingerprint for link in links] != [link.fingerprint for link in known]:
            store.replace_library_chain(collection, links)


def _folded(
    collection: str | None,
    videos: Sequence[ChainLink],
    model: Summariser | None,
    known: Sequence[ChainLink],
    tell: Callable[[str], None],
) -> list[ChainLink]:
    sentences = [sentence for video in videos for sentence in video.sentences]
    if not sentences:
        return []
    # One video's summary needs no folding, and sentences that no model wrote none by a model.
    if model is None or len(videos) == 1 or all(video.engine != model.name for video in videos):
        return [library_link(0, sentences)]
    writer = Writer(model, collection or "the library", "the recordings of")
    try:
        return folded_library([video.sentences for video in videos], writer, known)
    except (ModelError, UnusableReplyError) as error:
        what = f"the collection {collection}" if collection else "the library"
        tell(
            f"{what} is summarised by sentences of its videos' summaries, since {model.name} failed: {error}"
        )
        return [library_link(0, sentences)]
