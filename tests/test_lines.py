"""``longvid ls``: a line a video, of columns, says what an object of each would."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from longvid import printing
from longvid.details import VideoSummary
from longvid.shelf import Shelf
from longvid_indexer.stages.job import STAGES
from longvid_storage.db.store import Store
from longvid_storage.types import StageResult
from store_tools import info


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One video of each kind, in a folder that is listed (``_MANY`` files) and one that is not there."""
    folder = tmp_path_factory.mktemp("listed")
    with Store.open(folder / "library", create=True) as store:

        def enter(
            name: str, files: Sequence[Path | str], collections: Sequence[str | None], **how: str
        ) -> None:
            about = replace(info(name, 3725.9), video_id=name.encode().hex().ljust(64, "0"))
            for collection in collections:
                store.upsert_video(about, collection)
            for file in files:
                store.set_path(str(file), about.video_id, size=1, mtime_ns=1, sidecars="")
            for stage in STAGES:
                with store.stage(about.video_id, stage, "made") as writer:
                    note = how.get("note") if stage == "visual" else None
                    status = how.get(stage, "done")
                    writer.result(StageResult(stage, status, "made", 0.0, {}, note))  # type: ignore[arg-type]

        for number in range(12):
            (folder / f"there {number}.mp4").touch()
        some = [folder / f"there {number}.mp4" for number in range(12)]
        enter("whole", some[:9], ["week", "team"])
        enter("moved", [folder / "elsewhere/a.mp4", some[9]], ["team"])
        enter("lost", [folder / "lost.mp4", folder / "elsewhere/lost.mp4"], ["team"])
        enter("lost early", [folder / "early.mp4"], ["week"], note="the file ends early")
        enter("early", [some[10]], [None], note="the file ends early")
        enter("begun", [some[11]], [None], vectors="failed")
        enter("unseen", [], ["team"])
        enter("far away", ["https://media.example.org/far.mp4"], ["week"])
        yield store


def from_objects(videos: Sequence[VideoSummary]) -> list[str]:
    lines = []
    for each in videos:
        whole = all(each.stages.get(stage) == "done" for stage in STAGES)
        state = "gone" if each.gone else "cut short" if each.cut_short else "complete" if whole else "partial"
        named = f"  ({', '.join(each.collections)})" if each.collections else ""
        lines.append(f"{each.video_id[:8]}  {'1:02:05':>8}  {state:10}  {each.title}{named}")
    return lines


def test_each_state_is_told(store: Store) -> None:
    head, *lines = printing.table(Shelf(store).lines()).split("\n")
    assert head == "id          length  state       title"
    assert [line[20:] for line in lines] == [
        "partial     begun",
        "cut short   early",
        "complete    far away  (week)",
        "gone        lost  (team)",
        "gone        lost early  (week)",
        "complete    moved  (team)",
        "complete    unseen  (team)",
        "complete    whole  (team, week)",
    ]


@pytest.mark.parametrize("collection", [None, "week", "team"])
@pytest.mark.parametrize("rights", [None, {"team"}])
def test_lines_and_objects_say_the_same(
    store: Store, collection: str | None, rights: set[str] | None
) -> None:
    shelf = Shelf(store if rights is None else store.within(rights))
    if rights is not None and collection not in (None, *rights):
        with pytest.raises(Exception, match="no collection 'week'"):
            shelf.lines(collection=collection)
        return
    videos = shelf.videos(collection=collection)
    assert printing.table(shelf.lines(collection=collection)).split("\n")[1:] == from_objects(videos)
    assert len(videos) == {(None, False): 8, ("week", False): 3}.get((collection, rights is not None), 4)


def test_of_a_title_that_two_have_both_lists_say_which(tmp_path: Path) -> None:
    with Store.open(tmp_path / "library", create=True) as store:
        for key, where in (("a" * 64, "north"), ("b" * 64, "south"), ("c" * 64, "")):
            store.upsert_video(replace(info("tides" if where else "sea"), video_id=key))
            if where:
                store.set_path(str(tmp_path / where / "tides.vtt"), key, size=1, mtime_ns=1, sidecars="")
        shelf = Shelf(store)
        assert list(shelf.lines().titles) == ["sea", "tides (north)", "tides (south)"]
        assert [each.title for each in shelf.videos()] == list(shelf.lines().titles)


def test_a_library_without_videos_says_what_to_do(tmp_path: Path) -> None:
    with Store.open(tmp_path / "library", create=True) as store:
        assert printing.table(Shelf(store).lines()) == "The library holds no videos yet: longvid index FOLDER"
