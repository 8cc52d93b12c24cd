"""Transcripts whose film was deleted: what the library holds of the film has their words already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from longvid_indexer.leaving import Leave
from longvid_indexer.register import KnownPaths
from longvid_indexer.remote import is_there
from longvid_indexer.sniff import like_subtitles
from longvid_indexer.subtitles.beside import Sidecar, contents

if TYPE_CHECKING:
    from longvid_indexer.scan import ScannedFile
    from longvid_storage.db.rows import VideoRow
    from longvid_storage.db.store import Store


def without_left(
    files: Iterable[ScannedFile], store: Store, known: KnownPaths, collection: str | None, leave: Leave
) -> Iterator[ScannedFile]:
    """``files`` in turn, but for new transcripts with the subtitles of a video of which no file is left.

    As a video of its own such a one would say everything twice, and forgetting the film's would lose its pictures. It
    waits for all others, since the film may be one of them under another name; ``leave`` is told of what is left.
    """
    waiting: list[tuple[ScannedFile, list[str]]] = []
    by_subtitles: dict[str, list[VideoRow]] | None = None
    for found in files:
        if found.error is None and like_subtitles(found.path.name) and not known.at(str(found.path)):
            if by_subtitles is None:
                by_subtitles = _by_subtitles(store, collection)
            same = by_subtitles.get(contents([Sidecar(found.path, None, False), *found.beside.taken]), [])
            gone = [row.info.video_id for row in same if _gone(row)]
            if gone:
                waiting.append((found, gone))
                continue
        yield found
    for found, ids in waiting:
        with store.view() as view:
            gone_still = any(_gone(row) for row in view.videos_by_id(ids).values())
        if gone_still:
            leave(found.path, "film_gone")
        else:
            yield found


def _by_subtitles(store: Store, collection: str | None) -> dict[str, list[VideoRow]]:
    """What signs the subtitles beside a film → the videos (of the collection) that had them."""
    found: defaultdict[str, list[VideoRow]] = defaultdict(list)
    with store.view() as view:
        for row in view.videos():
            if row.subtitles and (collection is None or collection in row.collections):
                found[row.subtitles].append(row)
    return found


def _gone(row: VideoRow) -> bool:
    return bool(row.paths) and not any(map(is_there, row.paths))
