"""Transcripts whose film was deleted: what the library holds of the film has their words already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from longvid_indexer.leaving import Leave
from longvid_indexer.register import KnownPaths
from longvid_indexer.remote import is_there
from longvid_indexer.sniff import MEDIA_SUFFIXES, like_subtitles
from longvid_indexer.subtitles.beside import SUBTITLE_FOLDERS, Sidecar, contents
from longvid_indexer.subtitles.tags import stems_of

if TYPE_CHECKING:
    from longvid_indexer.scan import ScannedFile
    from longvid_storage.db.rows import VideoRow
    from longvid_storage.db.store import Store


def without_left(
    files: Iterable[ScannedFile], store: Store, known: KnownPaths, collection: str | None, leave: Leave
) -> Iterator[ScannedFile]:
    """``files`` in turn, but for new transcripts that were, as they are or before they were edited, the subtitles of a
    video of which no file is left.

    As a video of its own such a one would say everything twice, and forgetting the film's would lose its pictures. It
    waits for all others, since the film may be one of them under another name; ``leave`` is told of what is left.
    """
    waiting: list[tuple[ScannedFile, list[str]]] = []
    empty: bool | None = None
    for found in files:
        new = found.error is None and like_subtitles(found.path.name) and not known.at(str(found.path))
        if new and empty is None:  # before any of this run
            with store.view() as view:
                empty = not view.video_ids(1)
        if new and not empty and (gone := _gone_films(found, store, collection)):
            waiting.append((found, gone))
        else:
            yield found
    for found, ids in waiting:
        with store.view() as view:
            gone_still = any(_gone(row) for row in view.videos_by_id(ids).values())
        if gone_still:
            leave(found.path, "film_gone")
        else:
            yield found


def _gone_films(found: ScannedFile, store: Store, collection: str | None) -> list[str]:
    """Ids of the films (of the collection) that lay beside the transcript, had its subtitles or a file of its name as
    such, and are gone.

    They are looked up by the names that they may have had, so that one more file costs no more in a large library.
    """
    with store.view() as view:
        ids = {row.video_id for row in view.paths(set(_films(found.path)))}
        rows = list(view.videos_by_id(ids).values()) if ids else []
    if not rows:
        return []
    its = [Sidecar(found.path, None, False), *found.beside.taken]
    signs, sources = contents(its), {f"sidecar:{each.path.name}" for each in its}
    left = [row for row in rows if _gone(row) and (collection is None or collection in row.collections)]
    with store.view() as view:
        told = {row.info.video_id: view.transcript(row.info.video_id) for row in left}
    return [
        row.info.video_id
        for row in left
        if row.subtitles == signs or ((own := told[row.info.video_id]) is not None and own.source in sources)
    ]


def _films(transcript: Path) -> Iterator[str]:
    """Where its film may have been: "talk.mp4" of "talk.en.vtt", "talk-en (1).vtt", "Subs/talk.srt"."""
    folders = [transcript.parent]
    if transcript.parent.name.casefold() in SUBTITLE_FOLDERS:
        folders.append(transcript.parent.parent)
    for stem in dict.fromkeys(stems_of(transcript.stem)):
        for suffix in MEDIA_SUFFIXES:
            yield from (
                str(folder / f"{stem}{each}") for folder in folders for each in (suffix, suffix.upper())
            )


def _gone(row: VideoRow) -> bool:
    return bool(row.paths) and not any(map(is_there, row.paths))
