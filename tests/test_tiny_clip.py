"""Picture search is tested for meaning: a very small open_clip model that really sees, through the very adapter that
loads the real models."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import media_factory as mf
from longvid.cli import app
from longvid.engines import Engines
from longvid.media import LibraryMedia
from longvid_agents.graph import ask
from longvid_agents.video_lm import Frame, Request
from longvid_storage.db.store import Store
from longvid_storage.models.image_encoders.open_clip import OpenClipEncoder
from longvid_storage.types import EVERYTHING
from scripted_lm import ScriptedLM
from tiny_clip import MODEL
from tiny_clip.drawings import Scene, Thing, all_scenes, draw, gallery, words
from tiny_clip.train import SPECIAL, build, configuration, fit, hard_gallery

MOST_BYTES = 8_000_000


@pytest.fixture(scope="module")
def encoder() -> OpenClipEncoder:
    return OpenClipEncoder(MODEL, device="cpu")


def right_at_1(encoder: OpenClipEncoder, scenes: list[Scene], seed: int, caption: int = 0) -> float:
    """The share of scenes whose caption finds their own drawing among all of theirs."""
    random = np.random.default_rng(seed)
    images = encoder.encode_images([draw(scene, random) for scene in scenes])
    texts = encoder.encode_texts([scene.captions[caption % len(scene.captions)] for scene in scenes])
    return float(((texts @ images.T).argmax(axis=1) == np.arange(len(scenes))).mean())


# What it was trained on, and what not


def test_captions_tell_scenes_apart_and_a_fifth_is_held_out() -> None:
    for kind, scenes in all_scenes().items():
        captions = [caption for scene in scenes for caption in scene.captions]
        assert len(captions) == len(set(captions))
        assert 0.15 < np.mean([scene.held_out for scene in scenes]) < 0.25, kind
    for seed in range(5):
        chosen = gallery(seed, 50)
        assert len(set(chosen)) == 50
        assert all(scene.held_out for scene in chosen)


def test_a_drawing_follows_from_its_seed_and_shows_its_colours() -> None:
    for scene in gallery(1, 20):
        first, second = (draw(scene, np.random.default_rng(3)) for _ in range(2))
        np.testing.assert_array_equal(first, second)
        assert (draw(scene, np.random.default_rng(4)).shape != first.shape) or (
            draw(scene, np.random.default_rng(4)) != first
        ).any()


def test_the_checkpoint_is_the_one_that_training_recorded() -> None:
    weights = MODEL / "open_clip_model.safetensors"
    recorded = json.loads((MODEL / "training.json").read_text("utf-8"))
    assert recorded["sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert sum(path.stat().st_size for path in MODEL.iterdir()) <= MOST_BYTES
    described = json.loads((MODEL / "open_clip_config.json").read_text("utf-8"))
    assert described["model_cfg"] == configuration(len(SPECIAL) + len(words()))
    assert min(recorded["R@1"].values()) >= 0.9


@pytest.mark.slow
def test_training_again_gives_the_same_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tiny_clip.train.BATCH", {"pair": 3, "count": 3, "one": 3, "layout": 3})
    first, second = (fit(tmp_path / name, 4, 1e-3, share=0.01)[0].state_dict() for name in ("one", "two"))
    untrained = build(tmp_path / "three")[0].state_dict()
    assert first.keys() == second.keys()
    assert all((first[name] == second[name]).all() for name in first)
    assert any((first[name] != untrained[name]).any() for name in first)


# What it sees


@pytest.mark.slow
@pytest.mark.parametrize("caption", [0, 1])
def test_words_find_drawings_of_scenes_never_trained_on(encoder: OpenClipEncoder, caption: int) -> None:
    found = [right_at_1(encoder, gallery(seed, 50), seed, caption) for seed in (101, 102, 103)]
    assert min(found) >= 0.9, found


@pytest.mark.slow
def test_near_misses_are_told_apart(encoder: OpenClipEncoder) -> None:
    """Fifty pairs made of the same parts: turned round, colours changed over, above instead of left of."""
    found = [right_at_1(encoder, hard_gallery(seed, 50), seed, seed) for seed in (101, 102, 103)]
    assert np.mean(found) >= 0.9, found


@pytest.mark.slow
def test_a_model_that_sees_nothing_would_fail(encoder: OpenClipEncoder) -> None:
    scenes = gallery(101, 50)
    texts = encoder.encode_texts([scene.captions[0] for scene in scenes])
    grey = encoder.encode_images([np.full((90, 160, 3), 128, np.uint8)] * 50)
    assert ((texts @ grey.T).argmax(axis=1) == np.arange(50)).mean() < 0.1


# A silent video, from the command line

RED_CIRCLE, BLUE_SQUARE = Thing("red", "circle"), Thing("blue", "square")
SCENES = (
    Scene("pair", (RED_CIRCLE, BLUE_SQUARE), "left of"),
    Scene("bars", number=4, colour="green"),
    Scene("pair", (BLUE_SQUARE, RED_CIRCLE), "left of"),
    Scene("count", (Thing("purple", "star"),), number=3),
    Scene("pair", (Thing("red", "square"), Thing("blue", "circle")), "left of"),
    Scene("pipeline", number=3, colour="orange"),
    Scene("pair", (RED_CIRCLE, BLUE_SQUARE), "above"),
    Scene("columns", number=2, colour="blue"),
)
SECONDS, RATE = 4, 5


def frames() -> Iterator[NDArray[np.uint8]]:
    random = np.random.default_rng(11)
    for scene in SCENES:
        picture = draw(scene, random, (320, 180))
        for _ in range(SECONDS * RATE):
            yield picture


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("silent")
    mf.write_video(folder / "drawings.mp4", frames(), RATE)
    arguments = ["index", str(folder / "drawings.mp4"), "-L", str(folder / "library")]
    app([*arguments, "--model", f"image=open_clip:{MODEL}", "--device", "cpu"], standalone_mode=False)
    return folder / "library"


QUESTIONS = [
    ("a red circle left of a blue square", 0),
    ("a red circle right of a blue square", 2),
    ("a blue square below a red circle", 6),
    ("where is a red square left of a blue circle?", 4),
    ("three purple stars", 3),
    ("a bar chart", 1),
    ("a diagram of a pipeline", 5),
    ("a slide with a title and two columns", 7),
]


@pytest.mark.slow
@pytest.mark.parametrize(("question", "place"), QUESTIONS)
def test_longvid_search_finds_the_right_seconds_of_a_silent_video(
    question: str, place: int, library: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    model = ["--model", f"image=open_clip:{MODEL}", "--device", "cpu"]
    app(["search", question, "-k", "1", "--json", "-L", str(library), *model], standalone_mode=False)
    (moment,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    *others, found = [evidence["kind"] for evidence in moment["evidence"]]
    assert found == "picture", "nothing but a picture leads there"
    assert set(others) <= {"screen"}, "what is written on it may be told beside it"
    assert place * SECONDS - 0.5 <= moment["start_s"] < moment["end_s"] <= (place + 1) * SECONDS + 0.5


def looked_at(folder: Path, question: str, image: str) -> tuple[Frame, ...]:
    """The frames that a scripted model is shown when it looks at all of the video."""
    look = {"tool": "look", "video": "v1", "from": 0, "to": SECONDS * len(SCENES)}

    def reply(request: Request) -> dict[str, Any]:
        if request.frames:
            return {"seen": []}
        if "enough" in request.prompt:
            return {"enough": False, "calls": [look], "rule_out": []}
        return {"complete": True, "claims": []}

    lm = ScriptedLM(otherwise=reply, sees=True)
    with Store.open(folder) as store, store.view(EVERYTHING, Engines({"image": image}, "cpu")) as view:
        ask(question, view, lm=lm, media=LibraryMedia())
    return next(request.frames for request in lm.requests if len(request.frames) > 4)


@pytest.mark.slow
@pytest.mark.parametrize(("question", "place"), [QUESTIONS[0], QUESTIONS[3], QUESTIONS[5]])
def test_a_look_shows_mostly_the_right_seconds(question: str, place: int, library: Path) -> None:
    frames = looked_at(library, question, f"open_clip:{MODEL}")
    right = [place * SECONDS - 0.5 <= frame.time_s < (place + 1) * SECONDS for frame in frames]
    assert sum(right) > len(frames) / 2, [frame.time_s for frame in frames]
    assert not all(right)  # some of the rest is seen too
    best = max(frames, key=lambda frame: frame.relevance or 0.0)
    assert place * SECONDS - 0.5 <= best.time_s < (place + 1) * SECONDS
    even = looked_at(library, question, "off")
    assert sum(place * SECONDS <= frame.time_s < (place + 1) * SECONDS for frame in even) == len(even) / len(
        SCENES
    )
    assert all(frame.relevance is None for frame in even)
