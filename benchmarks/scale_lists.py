"""What it costs to list: what looks at every video of a library of many; ``scale.py --videos`` runs it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from scale_libraries import many_videos

from longvid import Library, printing
from longvid_storage.db.listing import ListQuery
from longvid_storage.db.store import Store


def lists(place: Path, count: int) -> None:
    """Processor ms of what looks at every video, the least and the median of nine."""
    if not place.exists():
        many_videos(place, count)
    with Library.open(place) as library:
        store = library._store
        video, middle = f"{count // 2:064x}", library.page(ListQuery(first=count // 2)).next
        calls: dict[str, Callable[[], object]] = {
            "the page's list, by title": library.page,
            "the page behind the middle one": partial(library.page, ListQuery(after=middle)),
            "the last page, by number": partial(library.page, ListQuery(first=count - 50)),
            "of one collection": partial(library.page, collection="collection 3"),
            "with a speaker": partial(library.page, speaker="Speaker 3"),
            "with words of a title": partial(library.page, ListQuery(words="talk 9")),
            "longest first": partial(library.page, ListQuery(sort="-duration")),
            "newest first": partial(library.page, ListQuery(sort="-date")),
            "of some days": partial(library.page, ListQuery(from_date="1970-01-01", to_date="1970-01-02")),
            "ls, as it is printed": lambda: printing.table(library.lines()),
            "what it prints of": library.lines,
            "an object of each": library.videos,
            "ls, one collection": lambda: printing.table(library.lines(collection="collection 3")),
            "cards of all": lambda: _viewed(store, lambda view: view.cards()),
            "one video by title": lambda: _viewed(store, lambda view: view.resolve(f"Talk {count // 2}")),
            "collections, their sums": library.collections,
            "speakers": lambda: _viewed(store, lambda view: view.speakers()),
            "show one": partial(library.show, video),
            "search": partial(library.search, "pumps and budgets"),
            "search, one collection": partial(library.search, "pumps and budgets", collection="collection 3"),
            "search, one video": partial(library.search, "pumps and budgets", video=video),
        }
        print(f"\n{count:,} videos, CPU ms")
        for name, call in calls.items():
            call()
            times = []
            for _ in range(9):
                before = time.process_time()
                call()
                times.append(1000 * (time.process_time() - before))
            print(f"| {name} | {min(times):.0f} | {median(times):.0f} |", flush=True)


def _viewed(store: Store, use: Callable[[Any], object]) -> object:
    with store.view() as view:
        return use(view)
