"""Shots: PySceneDetect's own cuts from our own frames, and fades as one boundary."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scenedetect import AdaptiveDetector, ContentDetector, SceneManager, open_video

from longvid_indexer.frames import FrameReader
from longvid_indexer.probe import probe
from longvid_indexer.vision.shots import make_detectors, shots_of
from longvid_indexer.visual import VisualSettings, visual_pass
from media_factory import Script, lecture, sample_slides, shots, variable_rate

OWN = {"adaptive": AdaptiveDetector, "content": ContentDetector}


def starts(path: Path, **settings: object) -> list[float]:
    seen = visual_pass(path, probe(path, "test"), VisualSettings(**settings))
    return [shot.start_s for shot in seen.shots]


def flicker(seconds: float) -> Script:
    """Short shots, some under PySceneDetect's shortest scene."""
    lengths = [0.3, 0.5, 2.0, 0.7, 0.4, 1.5, 0.2, 0.9]
    return shots(lengths, size=(480, 270), seed=3)


@pytest.mark.parametrize("backend", ["pyav", "opencv"])
@pytest.mark.parametrize("detector", ["adaptive", "content"])
@pytest.mark.parametrize("make", [shots, lambda: flicker(6.5)], ids=["cuts", "flicker"])
def test_exact_mode_equals_pyscenedetect_cut_for_cut(
    make: object, detector: str, backend: str, tmp_path: Path
) -> None:
    path = make().write(tmp_path / "film.mp4")
    manager = SceneManager()
    manager.add_detector(OWN[detector]())
    video = open_video(str(path), backend=backend)
    manager.detect_scenes(video)
    own = [start.seconds for start, _ in manager.get_scene_list(start_in_scene=True)]
    assert len(own) >= 3
    found = starts(path, detector=detector, exact_shots=True, shortest_shot_s=0.0)
    assert found == pytest.approx(own, abs=1e-3)


def test_quick_mode_finds_the_true_cuts(tmp_path: Path) -> None:
    script = shots((2.0, 3.0, 1.5, 2.5), size=(640, 360))
    path = script.write(tmp_path / "film.mp4")
    assert starts(path)[1:] == pytest.approx(list(script.boundaries_s), abs=0.001)


def test_quick_detectors_score_as_pyscenedetects_own(tmp_path: Path) -> None:
    from scenedetect import FrameTimecode, ThresholdDetector

    path = shots((1.0, 1.0, 1.0), ("cut", "fade")).write(tmp_path / "film.mp4")
    (quick, dark), own, own_dark = make_detectors("default"), AdaptiveDetector(), ThresholdDetector()
    for number, frame in enumerate(FrameReader(path, probe(path, "test"))):
        image, code = frame.bgr(128, 72), FrameTimecode(number, 24.0)
        for detector in (quick, own, dark, own_dark):
            detector.process_frame(code, image)
        assert quick._frame_score == pytest.approx(own._frame_score, rel=1e-9)
        assert dark.last_fade == own_dark.last_fade


def test_a_fade_through_black_is_one_cut_in_its_middle(tmp_path: Path) -> None:
    script = shots((4.0, 4.0, 4.0), ("fade", "cut"))
    path = script.write(tmp_path / "film.mp4")
    assert starts(path) == [0.0, pytest.approx(4.0, abs=0.15), pytest.approx(8.0, abs=0.001)]


def test_a_film_that_begins_in_the_dark_has_no_shot_before_it(tmp_path: Path) -> None:
    film = shots((6.0,), ())

    def frames() -> Iterator[np.ndarray]:
        for number, picture in enumerate(film.frames()):
            yield (picture * min(1.0, max(0.0, number / 24 - 0.7))).astype(np.uint8)

    assert starts(Script(frames, 24, 6.0, ()).write(tmp_path / "in.mp4")) == [0.0]


def test_a_cut_to_black_and_back_is_one_cut(tmp_path: Path) -> None:
    from numpy import zeros_like

    film = shots((8.0,), ())

    def frames():
        for number, picture in enumerate(film.frames()):
            yield zeros_like(picture) if 72 <= number < 96 else picture

    path = Script(frames, 24, 8.0, (3.5,)).write(tmp_path / "dark.mp4")
    assert starts(path) == [0.0, pytest.approx(3.5, abs=0.1)]


@pytest.mark.parametrize("join_s", [0.5, 1.0])
@pytest.mark.parametrize("seed", [0, 7, 14, 21])
def test_dissolves_between_moving_shots_are_found(seed: int, join_s: float, tmp_path: Path) -> None:
    script = shots((4.0, 3.5, 5.0, 4.0), ("dissolve", "cut", "dissolve"), join_s=join_s, seed=seed)
    path = script.write(tmp_path / "film.mp4")
    assert starts(path)[1:] == [
        pytest.approx(4.0, abs=0.3),
        pytest.approx(7.5, abs=0.01),
        pytest.approx(12.5, abs=0.3),
    ]


def test_half_of_a_fade_is_no_dissolve(tmp_path: Path) -> None:
    for seed in (0, 7, 14):
        path = shots((4.0, 4.0), ("fade",), join_s=2.0, seed=seed).write(tmp_path / f"{seed}.mp4")
        assert len(starts(path)) == 2


def moving(change: Callable[[np.ndarray, float], np.ndarray], seconds: float = 6.0) -> Script:
    """One shot over which ``change(frame, time_s)`` is laid."""
    film = shots((seconds,), ())

    def frames() -> Iterator[np.ndarray]:
        for number, picture in enumerate(film.frames()):
            yield np.clip(change(picture.astype(np.float32), number / 24), 0, 255).astype(np.uint8)

    return Script(frames, 24, seconds, ())


def walker(picture: np.ndarray, time_s: float) -> np.ndarray:
    x = int(30 + 40 * time_s)
    picture[40:, x : x + 60] = (200, 40, 40)
    return picture


NEGATIVES: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "pan": lambda picture, time_s: picture,
    "lights go down": lambda picture, time_s: picture * float(np.clip(1.6 - time_s / 4, 0.5, 1)),
    "flicker": lambda picture, time_s: picture * (1 + 0.25 * np.sin(9 * time_s)),
    "noise": lambda picture, time_s: (
        picture + np.random.default_rng(int(time_s * 24)).normal(0, 20, picture.shape)
    ),
    "walker": walker,
}


@pytest.mark.parametrize("kind", NEGATIVES)
def test_what_only_moves_or_changes_its_light_is_no_dissolve(kind: str, tmp_path: Path) -> None:
    assert starts(moving(NEGATIVES[kind]).write(tmp_path / "film.mp4")) == [0.0]


@pytest.mark.parametrize("builds", [False, True])
def test_builds_of_slides_are_no_dissolves(builds: bool, tmp_path: Path) -> None:
    path = lecture(sample_slides(3, "dark", builds=builds)).write(tmp_path / "lecture.mp4")
    assert starts(path) == [0.0]


def test_shots_cover_the_video(tmp_path: Path) -> None:
    path, _ = variable_rate(tmp_path / "vfr.mp4")
    info = probe(path, "test")
    seen = visual_pass(path, info)
    assert seen.shots[0].start_s == 0
    assert seen.shots[-1].end_s == info.duration_s
    assert all(a.end_s == b.start_s for a, b in pairwise(seen.shots))


def test_shots_of_merges_what_is_too_short() -> None:
    made = shots_of([1.0, 1.05, 3.0, 9.0, 12.0], 10.0, shortest_s=0.2)
    assert [(s.start_s, s.end_s) for s in made] == [(0, 1), (1, 3), (3, 9), (9, 10)]
    assert [(s.start_s, s.end_s) for s in shots_of([], 4.0)] == [(0, 4)]


def test_an_unknown_detector_says_what_is_allowed() -> None:
    with pytest.raises(ValueError, match="'default', 'adaptive', 'content' or 'transnetv2'"):
        make_detectors("transnet")


def test_a_lecture_is_one_shot(tmp_path: Path) -> None:
    path = lecture(sample_slides(4)).write(tmp_path / "lecture.mp4")
    assert starts(path) == [0.0]


def test_transnet_finds_a_cut_and_a_dissolve(tmp_path: Path) -> None:
    script = shots((2.0, 2.5, 2.0), ("cut", "dissolve"), join_s=0.5)
    path = script.write(tmp_path / "film.mp4")
    assert starts(path, detector="transnetv2")[1:] == [
        pytest.approx(2.0, abs=0.001),
        pytest.approx(4.5, abs=0.25),
    ]
