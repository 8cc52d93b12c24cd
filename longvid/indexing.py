"""What ``Library.index`` reads: the files that are given, or those of the videos that are known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from longvid.arguments import check_new_collection
from longvid.engines import Engines
from longvid_indexer.pipeline import Pipeline
from longvid_indexer.remote import as_path
from longvid_indexer.report import FileGone, IndexEvent, IndexReport
from longvid_indexer.scan import still_there
from longvid_indexer.stages.run import choose_stages
from longvid_storage.db.rows import PathRow
from longvid_storage.db.store import Store
from longvid_storage.errors import UsageError
from longvid_storage.types import Scope

Tell = Callable[[IndexEvent], None]


def index(
    store: Store,
    engines: Engines,
    paths: Iterable[str | Path] | str | Path | None,
    *,
    collection: str | None,
    only: Collection[str] | None,
    skip: Collection[str] | None,
    reprocess: bool,
    everything: bool,
    audio_track: str | int | None,
    every_frame: bool,
    on_event: Tell | None,
    ray: str | None = None,
) -> list[IndexReport]:
    """Index ``paths``, or with ``reprocess`` and none of them, every known video; raises as ``Library.index`` does."""
    stages = choose_stages(only, skip)
    tell = on_event or (lambda event: None)
    if paths is None and not reprocess:
        raise UsageError(
            "there is nothing to index: name folders or files, or reprocess what the library holds "
            "(longvid index --reprocess)"
        )
    if collection is not None and paths is not None:
        with store.view() as view:
            known = view.collections()
        if collection not in known:
            check_new_collection(collection)
    if paths is None:
        given: list[str | Path] = list(_known_files(store, collection, tell))
    else:
        given = [paths] if isinstance(paths, (str, Path)) else list(paths)
    named = None if audio_track is None else str(audio_track)
    files = [as_path(path) for path in given]
    more: dict[str, Any] = {
        "stages": stages,
        "collection": collection,
        "everything": everything,
        "audio_track": named,
        "every_frame": every_frame,
    }
    if ray is None:
        return Pipeline(store, engines, **more).run(files, tell)
    return _on_cluster(store, engines, ray, more, files, tell)


def _on_cluster(
    store: Store, engines: Engines, address: str, more: dict[str, Any], files: list[Path], tell: Tell
) -> list[IndexReport]:
    """Index on the Ray cluster at ``address``, whose workers open the library themselves."""
    from longvid.paths import open_store
    from longvid.sharing import shares
    from longvid_indexer.cluster import LOCAL, ClusterPipeline, connected, resources

    if not store.shared and address != LOCAL:
        raise UsageError(
            f"{store.name} is a directory, which only one machine may write to, and --ray is {address!r}: index with "
            "--ray local, or into a library in PostgreSQL (longvid copy brings this one there)"
        )
    with connected(address):
        opened, shared = (
            partial(open_store, store.address, pictures=store.home.pictures),
            shares(engines, resources()),
        )
        return ClusterPipeline(store, engines, open_store=opened, shares=shared, **more).run(files, tell)


def _known_files(store: Store, collection: str | None, on_event: Tell) -> Iterator[Path]:
    """One file of every known video (of the collection), by title; of a video without any, an event tells."""
    with store.view() as view:
        if collection is not None:
            view.require_collection(collection)
        within = view.within(Scope(collection=collection))
        rows, known = within.videos(), within.paths()
    paths: defaultdict[str, list[PathRow]] = defaultdict(list)
    for each in known:
        paths[each.video_id].append(each)
    for row in rows:
        there = [as_path(each.path) for each in paths[row.info.video_id] if still_there(each)]
        if there:
            yield there[0]
        else:
            on_event(FileGone(row.info.title, row.paths[0] if row.paths else ""))
