"""Indexing on a Ray cluster gives the library that one process gives, whatever dies on the way."""

from __future__ import annotations

import json
import random
import re
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cluster_tools import SHARED_TEXT, DeadlyEngines, LoadedEngines, everything, for_workers
from longvid import Library
from longvid.config import Config
from longvid.engines import Engines
from longvid.models.registry import ROLES
from longvid.paths import open_store
from longvid.sharing import shares
from longvid_indexer.cluster import LOCAL, ClusterPipeline, connected
from longvid_indexer.cluster_models import Model, Share
from longvid_indexer.report import FileFinished, FilesFound, StageFinished, StageStarted
from longvid_indexer.stages.job import STAGES
from longvid_storage.errors import ModelError, UsageError
from served_films import make_film
from test_neighbours import transcript


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", for_workers())
        with connected(LOCAL):
            yield


def words_alone() -> Engines:
    return Engines({**dict.fromkeys(ROLES, "off"), "text": "auto"})


def media(folder: Path) -> Path:
    """Talks, films, a copy, a film with other subtitles than its copy, and a file that is broken."""
    chance = random.Random(5)
    folder.mkdir()
    for number in range(5):
        (folder / f"talk {number}.vtt").write_text(transcript(chance), "utf-8")
    film = make_film(folder / "one.mp4", seconds=3)
    make_film(folder / "two.mp4", seconds=2)
    shutil.copy(film, folder / "one again.mp4")
    shutil.copy(film, folder / "one retold.mp4")
    (folder / "one retold.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nOther words.\n")
    (folder / "broken.mp4").write_bytes(b"\0\0\0\x20ftypisom" + b"nothing" * 100)
    return folder


def test_a_cluster_makes_the_same_library_as_one_process(cluster: None, tmp_path: Path) -> None:
    folder = media(tmp_path / "media")
    events: list[Any] = []
    with (
        Library.open(tmp_path / "far", create=True, engines=words_alone()) as far,
        Library.open(tmp_path / "near", create=True, engines=words_alone()) as near,
    ):
        made = far.index(folder, collection="b", ray="local", on_event=events.append)
        expected = near.index(folder, collection="b")
        assert sorted((r.path, r.status, r.error) for r in made) == sorted(
            (r.path, r.status, r.error) for r in expected
        )
        assert everything(far) == everything(near)
        assert far.check().findings == ()
        assert [event.count for event in events if isinstance(event, FilesFound)] == [len(expected)]
        assert [e.number for e in events if isinstance(e, FileFinished)] == [*range(1, len(expected) + 1)]
        for kind in (StageStarted, StageFinished):
            assert sum(isinstance(e, kind) for e in events) == len(STAGES) * sum(bool(r.stages) for r in made)
        (folder / "talk 0.vtt").write_text(transcript(random.Random(9)), "utf-8")
        (folder / "talk 1.vtt").rename(folder / "talk of old.vtt")
        far.engines.config = SHARED_TEXT
        again = far.index(folder, collection="b", ray="local")
        near.index(folder, collection="b")
        assert [sum(r.status == kind for r in again) for kind in ("indexed", "renamed")] == [1, 1]
        assert everything(far) == everything(near)


@pytest.mark.parametrize(
    "config", [Config(), pytest.param(SHARED_TEXT, marks=pytest.mark.slow)], ids=["in each process", "shared"]
)
def test_a_poisonous_file_fails_alone(
    cluster: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: Config
) -> None:
    monkeypatch.setattr("longvid_indexer.cluster.TRIES", 2)
    folder = tmp_path / "talks"
    folder.mkdir()
    for name in ("a", "b", "poisonous"):
        said = "A drop of poison." if name == "poisonous" else f"Nothing but {name}."
        (folder / f"{name}.vtt").write_text(f"WEBVTT\n\n00:01.000 --> 00:09.000\n{said}\n")
    engines = DeadlyEngines()
    engines.config = config
    with Library.open(tmp_path / "lib", create=True, engines=engines) as lib:
        reports = {report.title: report for report in lib.index(folder, ray="local")}
        assert {title: report.status for title, report in reports.items()} == {
            "a": "indexed",
            "b": "indexed",
            "poisonous": "failed",
        }
        error = reports["poisonous"].error
        assert error is not None
        assert error.code == "crashed"
        assert re.search(r"ended (the process that read it )?[23] times", error.message)
        assert lib.mentions("poison"), "what was stored before it fell is there"


def test_a_shared_model_is_loaded_once(cluster: None, tmp_path: Path) -> None:
    folder, log = tmp_path / "talks", tmp_path / "loads"
    folder.mkdir()
    for number in range(8):
        (folder / f"{number}.vtt").write_text(f"WEBVTT\n\n00:01.000 --> 00:09.000\nNumber {number}.\n")
    with Library.open(tmp_path / "lib", create=True, engines=LoadedEngines(log)) as lib:
        assert [report.status for report in lib.index(folder, ray="local")] == ["indexed"] * 8
        (loaded,) = log.read_text().split()
        (vectors,) = {json.loads(row)["model_fingerprint"] for row in everything(lib)["vector_sets"]}
        assert vectors == f"loaded@{loaded}", "what it is where it computes"
        lib.engines.config = Config(ray={"models": {"text": {"gpus": 4}}})
        with pytest.raises(
            UsageError, match=r"1 processors and 4 GPUs, and the cluster has .* and 0: give less"
        ):
            lib.index(folder, ray="local")


class Summing:
    """A model that cannot take a 3, and says how much it was given at once."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.first = threading.Event()

    def encode(self, texts: list[int], *, kind: str) -> list[int]:
        """One more for each, slowly the first time."""
        self.batches.append(list(texts))
        if len(self.batches) == 1:
            assert self.first.wait(10)
        if 3 in texts:
            raise ModelError("3 is too much")
        return [each + 1 for each in texts]


def test_what_waits_for_a_model_is_computed_together_and_fails_alone() -> None:
    engine = Summing()
    model = Model(lambda: engine)
    asked = {0: [0], 1: [1, 2], 2: [3], 3: [4], 4: [*range(10, 610)]}
    with ThreadPoolExecutor(5) as aside:
        calls = []
        for number, texts in asked.items():
            calls.append(
                aside.submit(
                    lambda texts=texts: [*model.ask("encode", False, (texts,), {"kind": "passage"})][-1]
                )
            )
            until_s = time.monotonic() + 10
            while len(model._waiting) + len(engine.batches) < number + 1:
                assert time.monotonic() < until_s
                time.sleep(0.001)
        engine.first.set()
        answers = [call.result() for call in calls]
    assert [len(batch) for batch in engine.batches[:1]] == [1]
    assert sorted(map(len, engine.batches[1:])) == [1, 1, 2, 4, 600], (
        "three together, then each alone; one is too long"
    )
    for number, (answer, error) in enumerate(answers):
        if number == 2:
            assert isinstance(error, ModelError)
        else:
            assert (answer, error) == ([each + 1 for each in asked[number]], None)


@pytest.mark.parametrize(
    ("ray", "gpus", "device", "expected"),
    [
        ({}, 0, None, {}),
        ({}, 2, "cpu", {}),
        ({}, 2, None, {"text_encoder": Share(2, 1.0, 0.5), "image_encoder": Share(2, 1.0, 0.5)}),
        ({"models": {"speech": {"actors": 3}}}, 0, None, {"transcriber": Share(3, 1.0, 0.0)}),
    ],
)
def test_what_is_shared(ray: Any, gpus: int, device: str | None, expected: dict[str, Share]) -> None:
    models = {**dict.fromkeys(ROLES, "off"), "text": "transformers:some", "image": "open_clip:some"}
    engines = Engines(models, device, config=Config(ray=ray))
    assert shares(engines, {"CPU": 16.0, "GPU": float(gpus)}) == expected


@pytest.mark.parametrize(
    "ray",
    [
        {"model": {}},
        {"models": {"speakers": {}}},
        {"models": {"text": {"actors": 0}}},
        {"models": {"text": {"actors": 1.5}}},
        {"models": {"text": {"gpu": 1}}},
        {"models": {"text": {"gpus": "1"}}},
        {"models": {"text": 2}},
    ],
)
def test_a_share_that_is_none_is_told(ray: Any) -> None:
    with pytest.raises(UsageError, match=r"ray"):
        shares(Engines(config=Config(ray=ray)), {"CPU": 4.0})


@pytest.mark.parametrize(
    ("address", "told"),
    [
        (LOCAL, "does not start on this machine"),
        ("10.0.0.1:6379", "no Ray cluster answers at '10.0.0.1:6379'"),
    ],
)
def test_a_cluster_that_does_not_come_up_is_told(
    monkeypatch: pytest.MonkeyPatch, address: str, told: str
) -> None:
    import ray

    def too_slow(**_: Any) -> None:
        raise Exception("The current node timed out during startup.")  # as ray/_private/node.py does

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", too_slow)
    with pytest.raises(UsageError, match=rf"{told}.* \(The current node timed out"), connected(address):
        pass


class Watched(ClusterPipeline):
    """Counts how many files are begun and not yet reported, at most."""

    begun = most = 0

    def _next(self, *each: Any) -> Any:
        self.begun += 1
        self.most = max(self.most, self.begun)
        return super()._next(*each)

    def _report(self, job: Any) -> Any:
        self.begun -= 1
        return super()._report(job)


def test_a_long_queue_is_given_a_window_at_a_time(cluster: None, tmp_path: Path) -> None:
    import ray

    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(60):
        (folder / f"{number}.vtt").write_text(f"WEBVTT\n\n00:01.000 --> 00:09.000\nNumber {number}.\n")
    with open_store(tmp_path / "lib", create=True) as store:
        pipeline = Watched(
            store,
            Engines(dict.fromkeys(ROLES, "off")),
            open_store=partial(open_store, tmp_path / "lib"),
            stages=frozenset(("speakers",)),
        )
        assert len(pipeline.run([folder], lambda event: None)) == 60
    assert 0 < pipeline.most <= 4 * max(2, ray.cluster_resources()["CPU"]) < 60


def test_ray_tells_its_maker_nothing(cluster: None) -> None:
    from ray._common.usage.usage_lib import usage_stats_enabled

    assert not usage_stats_enabled()


def test_a_directory_is_written_by_one_machine(tmp_path: Path) -> None:
    with (
        Library.open(tmp_path / "lib", create=True, engines=Engines(dict.fromkeys(ROLES, "off"))) as lib,
        pytest.raises(UsageError, match=r"only one machine may write to.*--ray local.*longvid copy"),
    ):
        lib.index(tmp_path, ray="auto")
