"""What the videos of a collection, and of the whole library, are about: their summaries folded once more.

A model folds when something was indexed; without one nothing is stored, and the sentences are chosen when somebody
asks: indexing one more video costs the same whatever the library holds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from longvid_indexer.summarising.chain import folded_library
from longvid_indexer.summarising.write import UnusableReplyError, Writer
from longvid_storage.errors import ModelError
from longvid_storage.types import Scope

if TYPE_CHECKING:
    from longvid_indexer.summariser import Summariser
    from longvid_storage.db.store import Store


def fold_library(store: Store, model: Summariser, tell: Callable[[str], None]) -> None:
    """Bring what ``model`` wrote of every collection and of the library up to date; what holds still is kept.

    A model that fails leaves nothing stored (the videos' own summaries then speak), and ``tell`` says so.
    """
    with store.view() as view:
        collections = view.collections()
    for collection in (*collections, None):
        with store.view(Scope(collection=collection)) as view:
            videos = [link for _, link in view.video_summaries() if link.sentences]
            known = view.library_chain()
            ids = {each for link in videos for s in link.sentences for each in s.passages}
            passages = {passage.id: passage for passage in view.passages(sorted(ids))}
        # One video's summary needs no folding, and sentences that no model wrote none by a model.
        if len(videos) < 2 or all(video.engine != model.name for video in videos):
            continue
        writer = Writer(model, collection or "the library", passages, "the recordings of")
        try:
            links = folded_library([video.sentences for video in videos], writer, known)
        except (ModelError, UnusableReplyError) as error:
            what = f"the collection {collection}" if collection else "the library"
            tell(
                f"{what} is summed up by sentences of its videos' summaries, since {model.name} failed: {error}"
            )
            links = []
        if [link.fingerprint for link in links] != [link.fingerprint for link in known]:
            store.replace_library_chain(collection, links)
