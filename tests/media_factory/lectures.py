"""Lectures as scripts: slides shown for known times, under the disturbances that real recordings have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import sin

import numpy as np
from PIL import Image, ImageDraw

from media_factory.script import Script
from media_factory.slides import Page, Size, Theme, slide
from media_factory.writer import Picture

Overlay = Callable[[Picture, float], None]


@dataclass(frozen=True)
class Presenter:
    """A person who stands before the slides and sways, covering about a tenth of the picture."""

    walks: bool = False

    def __call__(self, picture: Picture, time_s: float) -> None:
        height, width = picture.shape[:2]
        reach = 0.35 if self.walks else 0.03
        x = width * (0.85 - reach * (0.5 + 0.5 * sin(time_s * 0.9)))
        image = Image.fromarray(picture)
        draw = ImageDraw.Draw(image)
        sway, arm = height * 0.01 * sin(time_s * 5), height * 0.12 * sin(time_s * 2.3)
        top, half = height * 0.45 + sway, width * 0.05
        draw.ellipse((x - half * 0.6, top, x + half * 0.6, top + height * 0.15), fill="#c68863")
        draw.rounded_rectangle((x - half, top + height * 0.14, x + half, height), half * 0.5, fill="#33475b")
        draw.line(
            (x - half, top + height * 0.2, x - half * 2, top + height * 0.2 + arm), "#33475b", int(half * 0.5)
        )
        picture[:] = np.asarray(image)


@dataclass(frozen=True)
class Webcam:
    """The speaker's camera in a corner: always moving, never content; ``share`` of width and height."""

    share: float = 0.25

    def __call__(self, picture: Picture, time_s: float) -> None:
        height, width = picture.shape[:2]
        tall, wide = int(height * self.share), int(width * self.share)
        image = Image.new("RGB", (wide, tall), "#6b705c")
        draw = ImageDraw.Draw(image)
        x, y = wide * (0.5 + 0.12 * sin(time_s * 1.7)), tall * (0.42 + 0.06 * sin(time_s * 3.1))
        draw.ellipse((x - wide * 0.3, y + tall * 0.25, x + wide * 0.3, tall * 1.6), fill="#22333b")
        draw.ellipse((x - wide * 0.15, y - tall * 0.28, x + wide * 0.15, y + tall * 0.28), fill="#d9a98c")
        grain = np.random.default_rng(round(time_s * 1000)).integers(-8, 9, (tall, wide, 1))
        corner = np.clip(np.asarray(image).astype(np.int16) + grain, 0, 255)
        picture[height - tall :, width - wide :] = corner.astype(np.uint8)


@dataclass(frozen=True)
class Mouse:
    """A mouse pointer that wanders over the slide."""

    def __call__(self, picture: Picture, time_s: float) -> None:
        height, width = picture.shape[:2]
        x, y = width * (0.5 + 0.4 * sin(time_s * 0.7)), height * (0.5 + 0.4 * sin(time_s * 1.1))
        image = Image.fromarray(picture)
        size = height * 0.05
        arrow = ((x, y), (x, y + size), (x + size * 0.3, y + size * 0.75), (x + size * 0.7, y + size * 0.7))
        ImageDraw.Draw(image).polygon(arrow, fill="#000000", outline="#ffffff")
        picture[:] = np.asarray(image)


@dataclass(frozen=True)
class Blink:
    """A logo in the upper right corner that is on for ``period_s`` and off for as long."""

    period_s: float = 1.0

    def __call__(self, picture: Picture, time_s: float) -> None:
        if int(time_s / self.period_s) % 2 == 0:
            height, width = picture.shape[:2]
            side = height // 9
            picture[side // 3 : side // 3 + side, width - side - side // 3 : width - side // 3] = (
                200,
                30,
                40,
            )


@dataclass(frozen=True)
class VideoClip:
    """A moving picture inside the slide, from ``start_s`` to ``end_s``, a fifth of its area."""

    start_s: float = 0.0
    end_s: float = 1e9

    def __call__(self, picture: Picture, time_s: float) -> None:
        if not self.start_s <= time_s < self.end_s:
            return
        height, width = picture.shape[:2]
        tall, wide = height * 2 // 5, width // 2
        y, x = np.mgrid[0:tall, 0:wide].astype(np.float32)
        wave = 127 + 120 * np.sin(x / 23 + time_s * 3) * np.cos(y / 17 - time_s * 2)
        colours = np.stack([wave, 255 - wave, wave * 0.5 + 60], axis=-1).astype(np.uint8)
        picture[height - tall - height // 20 : height - height // 20, width // 4 : width // 4 + wide] = (
            colours
        )


@dataclass(frozen=True)
class Noise:
    """Camera noise over the whole picture, as when a projection is filmed; ``strength`` in grey levels."""

    strength: float = 4.0

    def __call__(self, picture: Picture, time_s: float) -> None:
        grain = np.random.default_rng(round(time_s * 1000)).normal(0, self.strength, (*picture.shape[:2], 1))
        picture[:] = np.clip(picture + grain, 0, 255).astype(np.uint8)


_TOPICS = (
    ("Gradient descent", "Follow the slope downhill", "Step size is the learning rate"),
    ("Binary search", "Needs a sorted list", "Halves the range each time"),
    ("Photosynthesis", "Light reactions split water", "The Calvin cycle fixes carbon"),
    ("Plate tectonics", "Plates float on the mantle", "Ridges make new ocean floor"),
    ("Hash tables", "A hash picks the bucket", "Collisions share a bucket"),
    ("Supply and demand", "Price rises when supply falls", "Equilibrium clears the market"),
    ("Newton's laws", "Force is mass times acceleration", "Every action has a reaction"),
    ("Cell division", "Chromosomes are copied first", "Mitosis makes two equal cells"),
)


def sample_slides(count: int = 4, theme: Theme = "white", *, builds: bool = False) -> list[Page]:
    """Slides of one design that differ only in their text, as lectures have them."""
    chosen = [_TOPICS[i % len(_TOPICS)] for i in range(count)]
    return [
        Page(title if i < len(_TOPICS) else f"{title} {i // len(_TOPICS) + 1}", tuple(bullets), theme, builds)
        for i, (title, *bullets) in enumerate(chosen)
    ]


def lecture(
    pages: Sequence[Page] | None = None,
    *,
    seconds: float | Sequence[float] = 6.0,
    rate: float = 5.0,
    size: Size = (640, 360),
    overlays: Sequence[Overlay] = (),
    fade_s: float = 0.0,
) -> Script:
    """Show each page for ``seconds`` (one number, or one for each page) under ``overlays``.

    A page with ``builds`` opens with its title alone and adds a bullet at equal intervals; those times are in
    ``builds_s``, not in ``boundaries_s``. ``fade_s`` cross-fades into each page over so long a time after its
    boundary. The frames are a function of time alone, so two runs give the same pictures.
    """
    pages = list(pages) if pages is not None else sample_slides()
    lengths = (
        [float(seconds)] * len(pages) if isinstance(seconds, int | float) else [float(s) for s in seconds]
    )
    if len(lengths) != len(pages):
        raise ValueError(f"{len(pages)} pages need as many lengths, not {len(lengths)}")
    shown: list[tuple[float, Picture]] = []  # when each picture starts
    boundaries: list[float] = []
    builds: list[float] = []
    start_s = 0.0
    for page, length in zip(pages, lengths, strict=True):
        if start_s > 0:
            boundaries.append(start_s)
        steps = range(len(page.bullets) + 1) if page.builds else [len(page.bullets)]
        for position, bullets in enumerate(steps):
            time_s = start_s + length * position / len(steps)
            if position:
                builds.append(time_s)
            shown.append((time_s, slide(page.title, page.bullets[:bullets], page.theme, size)))
        start_s += length

    def frames() -> Iterator[Picture]:
        current = 0
        for number in range(round(start_s * rate)):
            time_s = number / rate
            while current + 1 < len(shown) and shown[current + 1][0] <= time_s + 1e-9:
                current += 1
            picture = shown[current][1].copy()
            since_s = time_s - shown[current][0]
            if current and since_s < fade_s:
                share = (since_s + 1 / rate) / (fade_s + 1 / rate)
                picture = (picture * share + shown[current - 1][1] * (1 - share)).astype(np.uint8)
            for overlay in overlays:
                overlay(picture, time_s)
            yield picture

    return Script(
        frames, rate, start_s, tuple(boundaries), tuple(builds), texts=tuple(page.text for page in pages)
    )
