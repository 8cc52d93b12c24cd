"""Leaping from keyframe to keyframe finds what looking at every frame finds, and looks at few where little happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from test_screen_states import editor, scrolled, terminal

from longvid_indexer.probe import probe
from longvid_indexer.visual import VisualResult, visual_pass
from media_factory import Mouse, Script, VideoClip, Webcam, lecture, sample_slides, shots, slide, write_video

SIZE = (640, 360)
FIXED = {"gop": 20, "scene_cuts": False}
SCENE = {"gop": 60}
Pictures = Iterator[np.ndarray]


def both(path: Path) -> tuple[VisualResult, VisualResult]:
    """Of every frame, and with leaps."""
    info = probe(path, "test")
    return visual_pass(path, info), visual_pass(path, info, every_frame=False)


def shown(*spans: tuple[float, np.ndarray], rate: float = 10.0, overlay: Callable[..., None] | None = None) -> Pictures:
    """Pictures one after the other, for so many seconds each."""
    number = 0
    for seconds, picture in spans:
        for _ in range(round(seconds * rate)):
            frame = picture.copy()
            if overlay is not None:
                overlay(frame, number / rate)
            number += 1
            yield frame


def page(*lines: str) -> np.ndarray:
    return slide("Visitors today", lines, size=SIZE)


COUNT = ("Counted at the gate", "4471")
OTHER = slide("Another slide", ("of which nothing stays", "for very long"), size=SIZE)

FILMS: dict[str, Callable[[], Pictures]] = {
    "slides": lambda: lecture(sample_slides(4), seconds=(12.3, 9.1, 14.0, 11.0), rate=10).frames(),
    "slides that fade": lambda: lecture(sample_slides(3), seconds=12.3, rate=10, fade_s=1.0).frames(),
    "webcam": lambda: lecture(sample_slides(3), seconds=13.7, rate=10, overlays=(Webcam(),)).frames(),
    "clip": lambda: lecture(sample_slides(3), seconds=14.1, rate=10, overlays=(VideoClip(5.0, 30.0),)).frames(),
    "a bullet appears": lambda: shown((15.5, page(COUNT[0])), (15, page(*COUNT))),
    "a number changes": lambda: shown((15.5, page(*COUNT)), (7.3, page(COUNT[0], "4472")), (12, page(COUNT[0], "5120"))),
    "a number changes beside a webcam": lambda: shown(
        (15.5, page(*COUNT)), (7.3, page(COUNT[0], "4472")), (12, page(COUNT[0], "5120")), overlay=Webcam()
    ),
    "a number for a second": lambda: shown((16.4, page(*COUNT)), (1.0, page(COUNT[0], "8")), (12, page(*COUNT))),
    "a slide for a second": lambda: shown((16.4, page(*COUNT)), (1.0, OTHER), (12, page(*COUNT))),
    "a slide for a second beside a webcam": lambda: shown(
        (16.4, page(*COUNT)), (1.0, OTHER), (12, page(*COUNT)), overlay=Webcam()
    ),
    "a slide at a keyframe": lambda: shown((16.0, page(*COUNT)), (18, OTHER), overlay=Webcam()),
    "mouse": lambda: lecture(sample_slides(2), seconds=10, rate=10, overlays=(Mouse(),)).frames(),
    "film, slides, film": lambda: mixed(),
    "film": lambda: shots((4.0, 6.3, 5.0, 4.0), ("cut", "dissolve", "fade"), rate=10, size=SIZE).frames(),
}


def mixed() -> Pictures:
    film = shots((5.0, 4.0), ("cut",), rate=10, size=SIZE)
    yield from film.frames()
    yield from lecture(sample_slides(2), seconds=11.3, rate=10, size=SIZE).frames()
    yield from film.frames()
