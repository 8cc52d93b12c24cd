"""Leaping from keyframe to keyframe finds what looking at every frame finds, and decodes little where little is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from longvid import Library
from longvid.engines import Engines
from longvid_indexer.probe import probe
from longvid_indexer.visual import VisualResult, visual_pass
from media_factory import VideoClip, Webcam, lecture, sample_slides, shots, slide, write_video
from test_screen_states import terminal

SIZE = (320, 180)
FIXED = {"gop": 20, "scene_cuts": False}
GROUPS = {"fixed": FIXED, "scene": {"gop": 80}}
Pictures = Iterator[np.ndarray]


def page(*lines: str) -> np.ndarray:
    return slide("Visitors today", lines, size=SIZE)


GATE = "Counted at the gate"
OTHER = slide("Another slide", ("of which nothing stays", "for very long"), size=SIZE)


def events(overlay: Callable[[np.ndarray, float], None] | None = None) -> Pictures:
    """A bullet appears, numbers change, one of them and a slide for a second only, a slide at a keyframe."""
    number = 0
    for seconds, picture in (
        (12.3, page(GATE)),
        (9.4, page(GATE, "4471")),
        (8.7, page(GATE, "4472")),
        (1.0, page(GATE, "5120") if overlay is None else page(GATE, "4472")),
        (8.9, page(GATE, "4472")),
        (1.0, OTHER),
        (8.7, page(GATE, "4472")),
        (10.0, OTHER),
    ):
        for _ in range(round(seconds * 10)):
            frame = picture.copy()
            if overlay is not None:
                overlay(frame, number / 10)
            number += 1
            yield frame


def film_and_slides() -> Pictures:
    film = shots((5.0, 4.0), ("cut",), rate=10, size=SIZE)
    yield from film.frames()
    yield from talk()
    yield from film.frames()


def talk(*overlays: Callable[[np.ndarray, float], None], **how: float) -> Pictures:
    return lecture(
        sample_slides(3), seconds=(12.3, 9.1, 13.6), rate=10, size=SIZE, overlays=overlays, **how
    ).frames()


def film() -> Pictures:
    return shots((4.0, 6.3, 5.0, 4.0), ("cut", "dissolve", "fade"), rate=10, size=SIZE).frames()


# Pictures ten times a second, how they are encoded, and which share of them is left out at least.
FILMS: dict[str, tuple[Callable[[], Pictures], str, float]] = {
    "events": (events, "fixed", 0.15),
    "events, long groups": (events, "scene", 0.15),
    "events beside a webcam": (lambda: events(Webcam()), "fixed", 0.15),
    "events beside a webcam, long groups": (lambda: events(Webcam()), "scene", 0.15),
    "slides that fade": (lambda: talk(fade_s=1.0), "scene", 0.15),
    "slides and a clip": (lambda: talk(VideoClip(5.0, 25.0)), "fixed", 0.15),
    "a terminal that grows": (lambda: (each[::2, ::2] for each in terminal(6, 8.2)), "fixed", 0.03),
    "film, slides, film": (film_and_slides, "scene", 0.1),
    "film": (film, "fixed", 0.0),
}


def both(path: Path) -> tuple[VisualResult, VisualResult]:
    """Of every frame, and with leaps."""
    info = probe(path, "test")
    return visual_pass(path, info), visual_pass(path, info, every_frame=False)


@pytest.mark.parametrize("name", FILMS)
def test_what_every_frame_shows_is_found(name: str, tmp_path: Path) -> None:
    make, groups, share = FILMS[name]
    path = write_video(tmp_path / "film.mp4", make(), 10, **GROUPS[groups])
    every, leapt = both(path)
    assert leapt.shots == every.shots
    assert [(s.start_s, s.end_s) for s in leapt.slides] == [(s.start_s, s.end_s) for s in every.slides]
    assert [s.start_s for s in leapt.states] == pytest.approx([s.start_s for s in every.states], abs=0.21)
    assert leapt.decoded_until_s == every.decoded_until_s
    frames = every.counters["frames_decoded"]
    assert leapt.counters["frames_left_out"] >= share * frames
    # A keyframe that was looked at in vain is decoded twice.
    assert leapt.counters["frames_decoded"] + leapt.counters["frames_left_out"] <= 1.05 * frames
    assert all(slide.start_s <= slide.keyframe_s < slide.end_s for slide in leapt.slides)


@pytest.mark.parametrize("kind", ["clock", "turned", "coded", "seldom"])
def test_files_of_which_every_frame_is_decoded(kind: str, tmp_path: Path) -> None:
    """Formats whose clock may jump, turned pictures, codecs without true keyframes, few keyframes."""
    still = [page(GATE)] * 120
    how = {
        "clock": ("film.ts", FIXED),
        "turned": ("film.mp4", {**FIXED, "rotation": 90}),
        "coded": ("film.mp4", {**FIXED, "codec": "mpeg4"}),
        "seldom": ("film.mp4", {"gop": 250}),
    }
    name, more = how[kind]
    every, leapt = both(write_video(tmp_path / name, still, 10, **more))
    assert leapt == every
    assert leapt.counters["frames_left_out"] == 0


def test_the_library_keeps_what_every_frame_said(tmp_path: Path) -> None:
    """Frames are left out unless a user wants all of them, which is remembered."""
    path = write_video(tmp_path / "still.mp4", [page(GATE)] * 120, 10, **FIXED)
    with Library.open(tmp_path / "library", create=True, engines=Engines(profile="offline")) as library:

        def told(**how: bool) -> tuple[str, float]:
            [report] = library.index(path, only=["visual"], **how)
            stage = report.stages["visual"]
            return stage.status, stage.counters["frames_left_out"]

        assert told() == ("done", pytest.approx(75, abs=30))
        assert told()[0] == "unchanged"
        assert told(every_frame=True) == ("done", 0)
        assert told() == ("unchanged", 0)
