"""Another model: exactly the stages that depend on it run again, and search never mixes vectors of two models."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import media_factory as mf
from longvid import Library, ModelMismatchError, UsageError
from longvid.cli import main
from longvid_indexer.diariser import SpeakerTurn
from longvid_indexer.report import (
    FileFinished,
    FileGone,
    FilesFound,
    IndexEvent,
    RunsAgain,
    StageFinished,
    StageStarted,
)
from longvid_indexer.screen_reader import ReadLine
from longvid_indexer.stages.job import STAGES
from longvid_storage.types import Utterance

TALK = "WEBVTT\n\n00:01.000 --> 00:05.000\nThe tax of the city is paid in March.\n"


class TinyText:
    """A small true text model: words hashed into 16 numbers; the model's name turns them."""

    dimension = 16

    def __init__(self, model: str, *, version: int = 1) -> None:
        self.name = model
        self.fingerprint = f"{model}@{version}"

    def encode(self, texts: Sequence[str], *, kind: str) -> NDArray[np.float32]:
        out = np.full((len(texts), self.dimension), 1e-3, np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split():
                out[row, hashlib.sha256(f"{self.name} {word}".encode()).digest()[0] % self.dimension] += 1
        return out / np.linalg.norm(out, axis=1, keepdims=True)


class TinyPictures:
    """Pictures by their mean colour."""

    dimension = 3

    def __init__(self, model: str) -> None:
        self.name = model
        self.fingerprint = f"{model}@1"

    def encode_images(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        means = np.array([image.reshape(-1, 3).mean(axis=0) + 1 for image in images], np.float32).reshape(
            -1, 3
        )
        return means / np.linalg.norm(means, axis=1, keepdims=True)

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.full((len(texts), 3), 3**-0.5, np.float32)


class TinyReader:
    """Reads the same line on every slide."""

    def __init__(self, model: str) -> None:
        self.name = model
        self.fingerprint = f"{model}@1"

    def read(self, image: NDArray[np.uint8], parts: object = None, writing: object = None) -> list[ReadLine]:
        return [ReadLine(f"read by {self.name}", (0.1, 0.1, 0.9, 0.2), 0.9)]


class TinyEar:
    """Hears the same sentence everywhere."""

    def __init__(self, model: str) -> None:
        self.name = model
        self.fingerprint = f"{model}@1"

    def transcribe(self, samples: NDArray[np.float32], start_s: float) -> list[Utterance]:
        return [Utterance(start_s, start_s + len(samples) / 16_000, f"heard by {self.name}")]


class TinyTagger:
    """Hears applause wherever it listens."""

    sample_rate = 16_000
    window_s = 2.0
    threshold = 0.5
    batch_size = 4

    def __init__(self, model: str) -> None:
        self.name = model
        self.fingerprint = f"{model}@1"

    def tag(self, windows: Sequence[NDArray[np.float32]]) -> list[dict[str, float]]:
        return [{"Applause": 0.9} for _ in windows]


class TinyDiariser:
    """Hears one speaker."""

    def __init__(self, model: str) -> None:
        self.name = model
        self.fingerprint = f"{model}@1"

    def diarise(
        self, blocks: Iterable[NDArray[np.float32]], spans: Sequence[tuple[float, float]]
    ) -> list[SpeakerTurn]:
        seconds = sum(len(block) for block in blocks) / 16_000
        return [SpeakerTurn(0.0, seconds, 0)]


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """``tiny:NAME`` is a model of each role that indexing uses."""
    for module, name in (
        ("longvid_storage.models.text_encoder", "TinyText"),
        ("longvid_storage.models.image_encoder", "TinyPictures"),
        ("longvid_indexer.screen_reader", "TinyReader"),
        ("longvid_indexer.transcriber", "TinyEar"),
        ("longvid_indexer.sound_tagger", "TinyTagger"),
        ("longvid_indexer.diariser", "TinyDiariser"),
    ):
        monkeypatch.setitem(__import__(module, fromlist=["ADAPTERS"]).ADAPTERS, "tiny", f"{__name__}:{name}")
    return


MODELS: dict[str, Any] = {role: f"tiny:{role}-1" for role in ("speech", "screen", "text", "image")}


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A silent lecture of two slides, and a transcript."""
    folder = tmp_path_factory.mktemp("media")
    slides = mf.lecture(mf.sample_slides(2, "white"), seconds=3.0, rate=5, size=(320, 180))
    slides.write(folder / "slides.mp4")
    (folder / "talk.vtt").write_text(TALK)
    return folder


def index(
    library: Path, media: Path | None, models: dict[str, Any], **more: Any
) -> tuple[dict[str, set[str]], list[IndexEvent]]:
    """Title → the stages that ran, and all events."""
    events: list[IndexEvent] = []
    with Library.open(library, create=True, models=models) as lib:
        reports = lib.index(media, on_event=events.append, reprocess=media is None, **more)
    assert all(report.error is None for report in reports), [report.error for report in reports]
    done = {r.title: {name for name, stage in r.stages.items() if stage.status == "done"} for r in reports}
    return done, events


def told(events: list[IndexEvent]) -> list[str]:
    return list(dict.fromkeys(event.message for event in events if isinstance(event, RunsAgain)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("role", "stages", "sentence"),
    [
        ("text", {"structure", "vectors"}, "structure: text-1 before, text-2 now"),
        ("image", {"vectors"}, "vectors: text-1 + image-1 before, text-1 + image-2 now"),
        (
            "screen",
            {"screen_text", "structure", "vectors"},
            "screen_text: screen-1 before, screen-2 now",
        ),
    ],
)
def test_exactly_the_stages_that_depend_on_a_model_run_again(
    role: str, stages: set[str], sentence: str, media: Path, tmp_path: Path
) -> None:
    library = tmp_path / "library"
    done, events = index(library, media, MODELS)
    assert done["slides"] >= {"transcript", "visual", "screen_text", "structure", "vectors"}
    assert told(events) == []
    done, events = index(library, None, MODELS)
    assert done == {"slides": set(), "talk": set()}
    assert told(events) == []
    changed = {**MODELS, role: f"tiny:{role}-2"}
    done, events = index(library, None, changed)
    assert stages <= done["slides"]
    assert not {"transcript", "visual", "screen_text"} - stages & done["slides"]
    assert sentence in told(events)
    with Library.open(library, models=changed) as lib:
        assert lib.search("read by")
        assert lib.stale_vectors() == []


@pytest.mark.slow
def test_another_recogniser_hears_again_only_what_was_heard(tmp_path: Path) -> None:
    with (tmp_path / "talk.vtt").open("w") as file:
        file.write(TALK)
    speech = Path(__file__).parent / "media" / "speech.opus"
    (tmp_path / "heard.opus").write_bytes(speech.read_bytes())
    library = tmp_path / "library"
    index(library, tmp_path, MODELS)
    done, events = index(library, None, {**MODELS, "speech": "tiny:speech-2"})
    assert done["talk"] == set()
    assert {"transcript", "structure", "vectors"} <= done["heard"]
    assert "visual" not in done["heard"]
    assert "transcript: speech:speech-1 before, speech:speech-2 now" in told(events)


def test_a_better_reading_of_subtitles_reads_them_again_and_hears_nothing_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "talk.vtt").write_text(TALK)
    speech = Path(__file__).parent / "media" / "speech.opus"
    (tmp_path / "heard.opus").write_bytes(speech.read_bytes())
    library = tmp_path / "library"
    chosen: dict[str, Any] = {"only": ["transcript"]}
    index(library, tmp_path, MODELS, **chosen)
    with Library.open(library) as lib:
        before = lib.utterances("heard")
    monkeypatch.setattr("longvid_indexer.stages.transcript._READING", 99)
    monkeypatch.setattr(TinyEar, "transcribe", None)  # whoever listens now fails
    done, events = index(library, None, MODELS, **chosen)
    assert done == {"talk": {"transcript"}, "heard": {"transcript"}}
    assert "longvid itself" in told(events)[0]
    with Library.open(library) as lib:
        assert lib.utterances("heard") == before
    assert index(library, None, MODELS, **chosen)[0] == {"talk": set(), "heard": set()}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("role", "stage", "default"),
    [("speakers", "speakers", "resemblyzer"), ("sound", "sounds", "firered-aed")],
)
def test_a_model_that_listens_is_changed_without_recognising_again(
    role: str, stage: str, default: str, tmp_path: Path
) -> None:
    speech = Path(__file__).parent / "media" / "speech.opus"
    (tmp_path / "heard.opus").write_bytes(speech.read_bytes())
    library = tmp_path / "library"
    index(library, tmp_path, MODELS)
    done, events = index(library, None, {**MODELS, role: "tiny:ears-1"})
    assert stage in done["heard"]
    assert not {"transcript", "visual", "screen_text"} & done["heard"]
    assert f"{stage}: {default} before, ears-1 now" in told(events)
    done, events = index(library, None, {**MODELS, role: "tiny:ears-2"})
    assert stage in done["heard"]
    assert f"{stage}: ears-1 before, ears-2 now" in told(events)


def test_new_weights_of_the_same_name_count_as_another_model(tmp_path: Path) -> None:
    (tmp_path / "talk.vtt").write_text(TALK)
    library = tmp_path / "library"
    index(library, tmp_path, MODELS)
    newer = {**MODELS, "text": {"model": "tiny:text-1", "version": 2}}
    with (
        Library.open(library, models=newer) as lib,
        pytest.raises(ModelMismatchError, match="are of text-1@1 and the question's would be of text-1@2"),
    ):
        lib.search("tax")
    done, events = index(library, None, newer)
    assert done["talk"] >= {"structure", "vectors"}
    assert not done["talk"] & {"transcript", "visual", "screen_text"}
    (sentence,) = told(events)
    assert sentence.endswith("the weights or settings of its model changed, or longvid itself")


def test_search_refuses_another_model_and_says_how_to_mend_it(tmp_path: Path) -> None:
    (tmp_path / "talk.vtt").write_text(TALK)
    library = tmp_path / "library"
    index(library, tmp_path, MODELS)
    with Library.open(library, models={**MODELS, "text": "tiny:text-2"}) as lib:
        with pytest.raises(ModelMismatchError) as caught:
            lib.search("tax")
        assert "text vectors are of text-1 and the question's would be of text-2" in caught.value.message
        assert "--model text=text-1" in caught.value.message
        assert "longvid index --reprocess" in caught.value.message
        lib.index(reprocess=True)
        assert [moment.title for moment in lib.search("tax")] == ["talk"]


def test_videos_left_with_an_older_models_vectors_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two", "three"):
        (tmp_path / f"{name}.vtt").write_text(TALK.replace("city", name))
    library = tmp_path / "library"
    index(library, tmp_path, MODELS)
    newer = {**MODELS, "text": "tiny:text-2"}
    done, _ = index(library, tmp_path / "one.vtt", newer)
    assert done["one"] >= {"structure", "vectors"}
    with Library.open(library, models=newer) as lib:
        (sentence,) = lib.stale_vectors()
        assert sentence.startswith("2 videos still have text vectors of text-1, which text-2 cannot")
        assert {moment.title for moment in lib.search("tax", k=9)} == {"one", "two", "three"}
    command("search", "tax", "--library", str(library), *flags(newer))
    out, err = capsys.readouterr()
    assert "one @" in out
    assert "longvid: 2 videos still have text vectors of text-1" in err
    command("index", "--reprocess", "--library", str(library), *flags(newer))
    err = capsys.readouterr().err
    assert err.count("again      structure: text-1 before, text-2 now") == 1
    assert "2 indexed, 1 unchanged" in err
    assert "still have" not in err


def test_a_video_whose_file_is_gone_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "talk.vtt").write_text(TALK)
    library = tmp_path / "library"
    index(library, tmp_path, MODELS)
    (tmp_path / "talk.vtt").unlink()
    done, events = index(library, None, {**MODELS, "text": "tiny:text-2"})
    assert done == {}
    assert events == [FileGone("talk", str(tmp_path / "talk.vtt")), FilesFound(0)]
    with Library.open(library, models=MODELS) as lib:
        assert [moment.title for moment in lib.search("tax")] == ["talk"]


def test_index_without_paths_needs_reprocess(tmp_path: Path) -> None:
    with (
        Library.open(tmp_path / "library", create=True) as lib,
        pytest.raises(UsageError, match="name folders or files, or reprocess"),
    ):
        lib.index()


def flags(models: dict[str, Any]) -> list[str]:
    return [word for role, spec in models.items() for word in ("--model", f"{role}={spec}")]


def command(*arguments: str) -> None:
    """The command line in this process, where the tiny models are known."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["longvid", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
    assert caught.value.code == 0


def test_of_an_unchanged_file_no_stage_begins_or_ends_and_its_report_has_each(tmp_path: Path) -> None:
    media = tmp_path / "media"
    media.mkdir()
    (media / "talk.vtt").write_text(TALK)
    only: dict[str, Any] = {"only": ["transcript"]}
    _, first = index(tmp_path / "library", media, {}, **only)
    assert [event.stage for event in first if isinstance(event, StageStarted)] == list(STAGES)
    ran, again = index(tmp_path / "library", media, {}, **only)
    assert not any(ran.values())
    assert not any(isinstance(event, (StageStarted, StageFinished)) for event in again)
    (told,) = (event.report.stages for event in again if isinstance(event, FileFinished))
    assert list(told) == [result.stage for result in told.values()] == list(STAGES)
    assert [result.status for result in told.values()] == ["unchanged", *["skipped"] * 7]
    (before,) = (event.report.stages["transcript"] for event in first if isinstance(event, FileFinished))
    assert replace(told["transcript"], status="done") == before
