"""Jobs: indexing that goes on by itself, is told step by step, and is not lost when the server ends."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from longvid.library import Library
from longvid.server.jobs import HowFar, Jobs
from longvid.server.settings import ServerSettings
from longvid.server.uploads import Uploads
from longvid_indexer.report import (
    FileFinished,
    FilesFound,
    IndexReport,
    StageReached,
    StageStarted,
    Told,
)
from longvid_indexer.stages.job import STAGES
from longvid_storage.errors import AccessError
from postgres_tools import new_database
from serve_tools import bearer, serving
from served_films import engines, make_film
from test_uploads import TUS, begin, send


@pytest.fixture
def films(tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    folder.mkdir()
    make_film(folder / "one.mp4", seconds=2)
    make_film(folder / "two.mp4", seconds=2)
    (folder / "broken.mp4").write_bytes(b"\0\0\0\x20ftypisom" + b"nothing" * 100)
    return folder


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "talks.longvid", create=True, engines=engines()) as library:
        yield library


def ended(client: TestClient, job: dict[str, Any]) -> dict[str, Any]:
    """The job once it has ended."""
    for _ in range(600):
        now: dict[str, Any] = client.get(f"/v1/jobs/{job['id']}").json()
        if now["state"] not in ("queued", "running"):
            return now
        time.sleep(0.05)
    raise AssertionError(now)


def events(text: str) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for block in text.strip().split("\n\n"):
        name, _, data = block.partition("\n")
        if name.startswith("event: "):
            found.append((name[7:], json.loads(data[6:])))
    return found


def test_a_folder_is_indexed_and_told_step_by_step(library: Library, films: Path) -> None:
    with serving(library, roots={"*": (str(films),)}) as client:
        asked = client.post("/v1/jobs", json={"paths": [str(films)], "collection": "films"})
        assert asked.status_code == 202
        job = asked.json()
        assert asked.headers["location"] == f"/v1/jobs/{job['id']}"
        told = events(client.get(f"/v1/jobs/{job['id']}/events").text)
        assert [name for name, _ in told][-1] == "end"
        assert {name for name, _ in told[:-1]} <= {"progress"}
        fractions = [each["fraction"] for _, each in told]
        assert fractions == sorted(fractions)
        done = told[-1][1]
        assert (done["state"], done["fraction"], done["files"], done["files_done"]) == ("done", 1.0, 3, 3)
        assert done["speed"] > 0
        status = {each["file"]: each["status"] for each in done["reports"]}
        assert status == {"one.mp4": "indexed", "two.mp4": "indexed", "broken.mp4": "failed"}
        (broken,) = (each for each in done["reports"] if each["status"] == "failed")
        assert broken["error"]["code"] == "not_media"
        assert done["ended_s"] >= done["created_s"]
        assert [each["title"] for each in client.get("/v1/videos").json()["items"]] == ["one", "two"]
        again = ended(
            client, client.post("/v1/jobs", json={"paths": [str(films)], "collection": "films"}).json()
        )
        assert again["id"] != job["id"]
        assert {each["status"] for each in again["reports"]} == {"unchanged", "failed"}
        listed = client.get("/v1/jobs").json()
        assert [each["id"] for each in listed["items"]] == [again["id"], job["id"]]
        page = client.get("/v1/jobs", params={"limit": 1}).json()
        rest = client.get("/v1/jobs", params={"limit": 1, "cursor": page["next"]}).json()
        assert [page["items"][0]["id"], rest["items"][0]["id"], rest["next"]] == [
            again["id"],
            job["id"],
            None,
        ]


def test_an_upload_is_indexed_and_played(library: Library, films: Path) -> None:
    film = (films / "one.mp4").read_bytes()
    with serving(library) as client:
        place = begin(client, len(film), "sent.mp4")
        name = place.rpartition("/")[2]
        early = client.post("/v1/jobs", json={"uploads": [name]})
        assert (early.status_code, "not whole yet" in early.json()["detail"]) == (400, True)
        send(client, place, 0, film)
        done = ended(client, client.post("/v1/jobs", json={"uploads": [name], "collection": "sent"}).json())
        assert done["state"] == "done"
        assert done["files_named"] == ["sent.mp4"]
        (video,) = client.get("/v1/videos").json()["items"]
        assert video["title"] == "sent"
        assert client.get(f"/v1/videos/{video['video_id']}/media").content == film


def test_a_film_and_its_subtitles_that_were_sent_are_one_video(library: Library, films: Path) -> None:
    with serving(library) as client:
        names = {}
        make_film(films / "three.mp4", seconds=1)
        for name in ("one.mp4", "one.vtt", "three.mp4"):
            data = (films / name).read_bytes()
            place = begin(client, len(data), name)
            assert send(client, place, 0, data).status_code == 204
            names[name] = place.rpartition("/")[2]
        body = {"uploads": list(names.values()), "collection": "sent"}
        done = ended(client, client.post("/v1/jobs", json=body).json())
        assert {each["file"]: each["status"] for each in done["reports"]} == {
            "one.mp4": "indexed",
            "three.mp4": "indexed",
        }
        assert done["files_named"] == sorted(names)
        assert library.transcript_info("one").source.endswith("one.vtt")
        assert client.post("/v1/jobs", json=body).json()["files_named"] == done["files_named"]
        for upload_id in names.values():
            assert client.delete(f"/v1/uploads/{upload_id}", headers=TUS).status_code == 204
        assert [each.name for each in library.beside("uploads").iterdir()] == ["partial"]


class Gate:
    """An event listener in the middle of a job: it waits there until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: str, kind: type = StageStarted) -> None:
        self.there, self.go = threading.Event(), threading.Event()
        told = HowFar.__call__
        gate = self

        def held(progress: HowFar, event: Any) -> None:
            told(progress, event)
            if isinstance(event, kind) and event.stage == at:
                gate.there.set()
                assert gate.go.wait(30)

        monkeypatch.setattr(HowFar, "__call__", held)


def test_while_a_job_runs_questions_are_answered_and_the_same_request_is_the_same_job(
    library: Library, films: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch, "structure")
    with serving(library, roots={"*": (str(films),)}) as client:
        body = {"paths": [str(films / "one.mp4")], "collection": "films"}
        job = client.post("/v1/jobs", json=body).json()
        assert gate.there.wait(30)
        assert client.post("/v1/jobs", json=body).json()["id"] == job["id"]
        now = client.get(f"/v1/jobs/{job['id']}").json()
        assert (now["state"], now["stage"], now["title"]) == ("running", "structure", "one")
        assert 0 < now["fraction"] < 1
        moments = client.post("/v1/search", json={"query": "the film called one"}).json()["moments"]
        (video,) = client.get("/v1/videos").json()["items"]
        busy = client.delete(f"/v1/videos/{video['video_id']}")
        assert (busy.status_code, "being indexed: try again" in busy.json()["detail"]) == (503, True)
        assert busy.headers["retry-after"]
        names = {"old": "Maya", "new": "Jonas"}
        assert client.patch(f"/v1/videos/{video['video_id']}/speakers", json=names).status_code == 503
        assert moments, "searchable as soon as the transcript is stored, while the rest goes on"
        other = client.post("/v1/jobs", json={**body, "paths": [str(films / "two.mp4")]}).json()
        assert other["state"] == "queued"
        assert client.delete(f"/v1/jobs/{other['id']}").json()["state"] == "cancelled"
        assert client.delete(f"/v1/jobs/{job['id']}").json()["cancelling"]
        gate.go.set()
        assert ended(client, job)["state"] == "cancelled"
        assert [each["title"] for each in client.get("/v1/videos").json()["items"]] == ["one"]
        assert client.delete(f"/v1/jobs/{job['id']}").json()["state"] == "cancelled"


def test_a_job_is_told_and_cancelled_in_the_middle_of_a_stage(
    library: Library, films: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("longvid_indexer.reached.EACH_S", 0.0)
    gate = Gate(monkeypatch, "visual", StageReached)
    with serving(library, roots={"*": (str(films),)}) as client:
        job = client.post("/v1/jobs", json={"paths": [str(films / "one.mp4")]}).json()
        assert gate.there.wait(30)
        begun = STAGES.index("visual") / len(STAGES)
        now = client.get(f"/v1/jobs/{job['id']}").json()
        assert now["stage"] == "visual"
        assert begun < now["fraction"] < begun + 1 / len(STAGES)
        assert client.delete(f"/v1/jobs/{job['id']}").json()["cancelling"]
        gate.go.set()
        assert ended(client, job)["state"] == "cancelled"
        (video,) = client.get("/v1/videos").json()["items"]
        assert set(video["stages"]) == {"transcript", "speakers"}, "it ended before the stage was done"


def test_a_job_that_the_server_leaves_is_taken_up_at_its_next_start(
    library: Library, films: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        gate = Gate(patch, "structure")
        with serving(library, roots={"*": (str(films),)}) as client:
            job = client.post("/v1/jobs", json={"paths": [str(films)]}).json()
            assert gate.there.wait(30)
            threading.Timer(0.3, gate.go.set).start()
        assert library.work.job("", job["id"]).state == "queued"
    with serving(library, roots={"*": (str(films),)}) as client:
        done = ended(client, job)
        assert done["state"] == "done"
        assert len(client.get("/v1/videos").json()["items"]) == 2


def ask_for(library: Library, films: Path, name: str) -> str:
    """The id of the job that indexes one of ``films``."""
    return library.work.ask("", {"paths": [str(films / name)], "collection": None}).job_id


def state_of(library: Library, job_id: str, *awaited: str) -> str:
    """The job's state once it is one of the ``awaited``."""
    for _ in range(600):
        if (now := library.work.job("", job_id).state) in awaited:
            return now
        time.sleep(0.05)
    raise AssertionError(now)


def test_servers_of_one_library_share_its_jobs_and_leave_each_others_alone(
    films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    place, settings = new_database(), ServerSettings(roots={"*": (str(films),)})
    with (
        Library.open(place, create=True, engines=engines()) as one,
        Library.open(place, engines=engines()) as other,
    ):
        first, second = (
            Jobs(lib, settings, Uploads(lib.work, tmp_path / "up", settings)) for lib in (one, other)
        )

        asked, state = partial(ask_for, one, films), partial(state_of, other)

        with monkeypatch.context() as patch:
            gate = Gate(patch, "structure")
            held = asked("one.mp4")
            first.start()
            assert gate.there.wait(60)
            patch.undo()
            second.start()
            behind = asked("two.mp4")
            second.wake()
            assert state(behind, "done", "failed") == "done", "the second server does what waits"
            assert state(held, "running", "queued") == "running", "and leaves the first one's alone"
            assert second.cancel(_local(), held).state == "cancelled"
            time.sleep(1.1)  # the first one keeps how far it is once a second, and hears of it then
            gate.go.set()
            first.stop(30)
            assert state(held, "cancelled", "done", "queued") == "cancelled"
        with one.work.next_job() as nothing:
            assert nothing is None
        second.stop(30)
        left = asked("one.mp4")
        with one.work.next_job() as job:  # a server that dies in it lets go of its claim and writes nothing
            assert job is not None
            other.work.take_up()
            assert state(left, "running", "queued") == "running"
        third = Jobs(other, settings, Uploads(other.work, tmp_path / "up", settings))
        third.start()
        assert state(left, "done", "failed") == "done"
        third.stop(30)


def test_of_a_library_in_a_directory_one_server_does_the_jobs_and_another_goes_on(
    library: Library, films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = ServerSettings(roots={"*": (str(films),)})
    with Library.open(tmp_path / "talks.longvid", engines=engines()) as other:
        first, second = (
            Jobs(lib, settings, Uploads(lib.work, tmp_path / "up", settings)) for lib in (library, other)
        )

        asked, state = partial(ask_for, other, films), partial(state_of, other)

        with monkeypatch.context() as patch:
            gate = Gate(patch, "structure")
            running = asked("one.mp4")
            first.start()
            assert gate.there.wait(60)
            second.start()
            behind = asked("two.mp4")
            second.wake()
            time.sleep(0.3)
            assert [state(each, "running", "queued") for each in (running, behind)] == ["running", "queued"]
            gate.go.set()
        assert state(behind, "done", "failed") == "done", "by the first one"
        assert state(running, "done", "failed") == "done", "it was not put back, nor done again"
        first.stop(30)
        left = asked("broken.mp4")
        assert state(left, "done", "failed") == "failed", "by the second one"
        second.stop(30)


def test_no_link_leads_a_job_out_of_its_folder(library: Library, tmp_path: Path) -> None:
    """Whoever may write into a root may put links there: to files, subtitles and folders of others."""
    outside, mine = tmp_path / "outside", tmp_path / "mine"
    for folder in (outside / "Subs", mine / ".kept"):
        folder.mkdir(parents=True)
    words = "WEBVTT\n\n00:01.000 --> 00:04.000\nThe {} word.\n"
    for place in (outside / "theirs.vtt", outside / "Subs" / "film.vtt", outside / "words.vtt"):
        place.write_text(words.format("foreign"))
    (mine / ".kept" / "inner.vtt").write_text(words.format("inner"))
    make_film(mine / "film.mp4", seconds=1)
    (mine / "film.vtt").unlink()
    for name, place in {
        "one.vtt": outside / "theirs.vtt", "there": outside, "film.en.vtt": outside / "words.vtt",
        "Subs": outside / "Subs", "own.vtt": mine / ".kept" / "inner.vtt",
    }.items():  # fmt: skip
        (mine / name).symlink_to(place)
    with serving(library, roots={"*": (str(tmp_path),), "mine": (str(mine),)}) as client:
        asked = client.post("/v1/jobs", json={"paths": [str(mine)], "collection": "mine"})
        told = ended(client, asked.json())
        files = {each["file"]: each["error"] for each in told["reports"]}
        assert {name for name, error in files.items() if error is None} == {"own.vtt", "film.mp4"}
        assert "leads out of the folders" in files["one.vtt"]["message"]
        said = client.post("/v1/mentions", json={"terms": ["word"]}).json()["videos"]
        assert [each["text"] for video in said for each in video["mentions"]] == ["The inner word."]


def test_from_where_and_into_what_one_may_index(library: Library, films: Path, tmp_path: Path) -> None:
    (films / "way out").symlink_to(tmp_path)
    key = library.keys.add("one", scopes=["index"], collections=["mine"])[1]
    admin = library.keys.add("all", scopes=["admin"])[1]
    reader = library.keys.add("reader")[1]
    with serving(library, roots={"*": (str(films),), "mine": (str(films / "mine"),)}) as client:

        def ask(who: str, path: object, collection: str | None = "mine") -> int:
            body = {"paths": [str(path)]} | ({"collection": collection} if collection else {})
            return client.post("/v1/jobs", json=body, headers=bearer(who)).status_code

        assert ask(key, films / "mine" / "a.mp4") == 202
        for place in (
            films,
            films / "one.mp4",
            films / "mine" / ".." / "one.mp4",
            "/etc",
            "mine",
            "",
            "a\0b",
            "https://archive.example/a.mp4",
            "s3://archive/a.mp4",
        ):
            assert ask(key, place) == 403
        assert ask(key, films / "mine", "theirs") == 403
        assert ask(key, films / "mine", None) == 403
        assert ask(reader, films / "mine") == 403
        assert ask(admin, films / "one.mp4", None) == 202
        for place in (films / "way out" / "x.mp4", films.parent, "/", films / ".." / "x", f"{films}-other/x"):
            assert ask(admin, place) == 403
        empty = client.post("/v1/jobs", json={"collection": "mine"}, headers=bearer(key))
        assert (empty.status_code, "nothing to index" in empty.json()["detail"]) == (400, True)


def test_a_job_that_came_with_the_library_reads_nothing_outside_of_the_roots(
    library: Library, films: Path, tmp_path: Path
) -> None:
    private = tmp_path / "private"
    private.mkdir()
    make_film(private / "mine.mp4", seconds=2)
    asked = {"paths": [str(films / ".." / "private")], "collection": None, "names": []}
    job = library.work.ask("", asked)
    with serving(library, roots={"*": (str(films),)}) as client:
        now = ended(client, {"id": job.job_id})
    assert now["state"] == "failed"
    assert "is below no folder that this server may index" in now["error"]["message"]
    assert not library.videos()


def test_jobs_are_their_owners(library: Library, films: Path) -> None:
    keys = [library.keys.add(name, scopes=["index"])[1] for name in ("one", "two")]
    with serving(library, roots={"*": (str(films),)}) as client:
        body = {"paths": [str(films / "one.mp4")]}
        job = client.post("/v1/jobs", json=body, headers=bearer(keys[0])).json()
        theirs = bearer(keys[1])
        assert client.get("/v1/jobs", headers=theirs).json()["items"] == []
        for answer in (
            client.get(f"/v1/jobs/{job['id']}", headers=theirs),
            client.get(f"/v1/jobs/{job['id']}/events", headers=theirs),
            client.delete(f"/v1/jobs/{job['id']}", headers=theirs),
        ):
            missing = client.get("/v1/jobs/none", headers=theirs)
            assert (answer.status_code, answer.text.replace(job["id"], "none")) == (404, missing.text)
        assert client.post("/v1/jobs", json=body, headers=theirs).json()["id"] != job["id"]


def test_progress_only_ever_grows_and_notes_are_bounded() -> None:
    clock = iter(float(n) for n in range(10_000))
    progress = HowFar(lambda: next(clock))
    report = IndexReport("v", "t", "/a/t.mp4", "indexed", 60.0)
    seen = []
    for event in (
        FilesFound(2),
        StageStarted("p", "t", "transcript"),
        StageStarted("p", "t", "vectors"),
        FileFinished(report, 1),
        StageStarted("p", "u", "visual"),
        StageReached("p", "u", "visual", 0.7),
        StageReached("p", "u", "visual", 0.2),
        FileFinished(report, 2),
        FileFinished(report, 3),
    ):
        progress(event)
        seen.append(progress.told["fraction"])
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    for number in range(500):
        progress(Told(f"note {number}"))
        progress(Told("the same"))
    assert len(progress.told["notes"]) == 100
    assert progress.told["reports"][0]["file"] == "t.mp4"


def test_what_cannot_be_begun_is_no_end_of_the_thread(library: Library, tmp_path: Path) -> None:
    settings = ServerSettings(roots={"*": (str(tmp_path),)})
    jobs = Jobs(library, settings, Uploads(library.work, tmp_path / "up", settings))
    with pytest.raises(AccessError, match="not below a folder"):
        jobs.ask(_local(), ["/etc"], [], None)
    job = library.work.ask("", {"paths": [str(tmp_path / "none.mp4")], "collection": None})
    jobs.start()
    for _ in range(200):
        found = library.work.job("", job.job_id)
        if found.state == "failed":
            break
        time.sleep(0.05)
    assert "does not exist" in json.dumps(jobs.told(found))
    jobs.stop(10)


def _local() -> Any:
    from longvid.server.identity import LOCAL

    return LOCAL
