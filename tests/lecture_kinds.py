"""The kinds of lecture that slide detection is measured on, each with the disturbance that its name says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from media_factory import (
    Blink,
    Mouse,
    Noise,
    Page,
    Presenter,
    Script,
    VideoClip,
    Webcam,
    lecture,
    sample_slides,
)

# Uneven lengths, so that no fixed rhythm can look like detection.
_SECONDS = (7.0, 4.6, 9.0, 5.4, 6.2, 8.2, 4.0, 6.6)


@dataclass(frozen=True)
class Kind:
    """A script and how it is encoded."""

    make: Callable[[], Script]
    encoding: dict[str, Any] = field(default_factory=dict)

    def write(self, path: Path) -> Script:
        """Write the video to ``path`` and return the script with its true times."""
        script = self.make()
        script.write(path, **self.encoding)
        return script


def _same_title() -> list[Page]:
    return [Page("Results of the survey", page.bullets, "light") for page in sample_slides(8)]


def _dense() -> list[Page]:
    words = [bullet for page in sample_slides(8) for bullet in page.bullets]
    return [
        Page(f"Chapter {i + 1}", tuple(words[(i * 3 + j) % len(words)] for j in range(5))) for i in range(8)
    ]


def _of(*overlays: Any, pages: list[Page] | None = None, **how: Any) -> Callable[[], Script]:
    def make() -> Script:
        return lecture(pages or sample_slides(8), seconds=_SECONDS, overlays=overlays, **how)

    return make


KINDS: dict[str, Kind] = {
    "white slides": Kind(_of()),
    "light slides": Kind(_of(pages=sample_slides(8, "light"))),
    "dark slides": Kind(_of(pages=sample_slides(8, "dark"))),
    "same title": Kind(_of(pages=_same_title())),
    "dense text": Kind(_of(pages=_dense())),
    "builds": Kind(_of(pages=sample_slides(8, builds=True))),
    "builds, dark": Kind(_of(pages=sample_slides(8, "dark", builds=True))),
    "presenter": Kind(_of(Presenter())),
    "presenter walks": Kind(_of(Presenter(walks=True))),
    "webcam corner": Kind(_of(Webcam())),
    "mouse": Kind(_of(Mouse())),
    "blinking logo": Kind(_of(Blink())),
    "clip in slide": Kind(_of(VideoClip(14.0, 24.0))),
    "clip all along": Kind(_of(VideoClip())),
    "camera noise": Kind(_of(Noise()), {"bitrate": 300_000}),
    "coarse coding": Kind(_of(), {"crf": 42}),
    "fixed groups": Kind(_of(), {"gop": 10, "scene_cuts": False, "crf": 38}),
    "long groups": Kind(_of(), {"gop": 250, "scene_cuts": False, "crf": 32}),
    "cross-fades": Kind(_of(fade_s=1.0)),
    "all at once": Kind(
        _of(Webcam(), Mouse(), Blink(), Noise(3.0), pages=sample_slides(8, "light", builds=True)),
        {"crf": 32},
    ),
    "25 fps": Kind(_of(Webcam(), rate=25.0)),
}


def mixture(seed: int) -> Kind:
    """A lecture drawn by lot: deck, lengths, disturbances, size, frame rate and encoding."""
    lot = Random(seed)
    builds = lot.random() < 0.4
    pages = sample_slides(lot.randint(5, 10), lot.choice(("white", "light", "dark")), builds=builds)
    seconds = [lot.uniform(6, 10) if builds else lot.uniform(3.2, 8) for _ in pages]
    overlays: list[Any] = []
    if lot.random() < 0.5:
        overlays.append(Webcam(lot.choice((0.2, 0.3, 0.4))))
    elif lot.random() < 0.6:
        overlays.append(Presenter(walks=lot.random() < 0.5))
    if lot.random() < 0.4:
        overlays.append(Mouse())
    if lot.random() < 0.3:
        overlays.append(Blink(lot.choice((0.5, 1, 2, 3))))
    if lot.random() < 0.4:
        overlays.append(Noise(lot.choice((2, 4, 7))))
    if lot.random() < 0.2:
        overlays.append(VideoClip(*sorted((lot.uniform(0, 40), lot.uniform(0, 40)))))
    size, rate = lot.choice((((640, 360), 10.0), ((480, 360), 2.0), ((320, 240), 12.5), ((1280, 720), 5.0)))
    fade_s = lot.choice((0.0, 0.0, 0.5, 1.0))
    encodings: tuple[dict[str, Any], ...] = (
        {},
        {"crf": 36},
        {"gop": 10, "scene_cuts": False, "crf": 34},
        {"bitrate": 150_000},
        {"gop": 300, "scene_cuts": False},
    )
    how = {"seconds": seconds, "rate": rate, "size": size, "fade_s": fade_s}
    return Kind(lambda: lecture(pages, overlays=overlays, **how), lot.choice(encodings))


def slide_times(found: Any) -> list[float]:
    """The boundaries that slides make: every slide's start but the first."""
    return [slide.start_s for slide in found][1:]


def matched(found: list[float], true: list[float], tolerance_s: float) -> int:
    """Most pairs of a found and a true time no further apart than the tolerance, each used once."""
    pairs, i, j = 0, 0, 0
    found, true = sorted(found), sorted(true)
    while i < len(found) and j < len(true):
        if abs(found[i] - true[j]) <= tolerance_s:
            pairs, i, j = pairs + 1, i + 1, j + 1
        elif found[i] < true[j]:
            i += 1
        else:
            j += 1
    return pairs


def boundary_f1(found: list[float], true: list[float], tolerance_s: float = 1.0) -> float:
    """F1 of found boundaries; 1.0 when there are none and none were found."""
    if not found and not true:
        return 1.0
    return 2 * matched(found, true, tolerance_s) / (len(found) + len(true))
