"""Slides drawn with Pillow: one layout, one theme for each lecture, and a few helpers for diagrams."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import atan2, cos, sin
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 1280, 720
SCALE = 2  # drawn twice as large, then reduced: smooth edges
Point = tuple[float, float]
Rect = tuple[float, float, float, float]


@dataclass(frozen=True)
class Theme:
    """The colours of a lecture."""

    paper: str
    ink: str
    title: str
    accent: str
    second: str
    panel: str
    muted: str


@dataclass(frozen=True)
class Slide:
    """One slide and what is said over it.

    A sentence that begins with "+" brings in the next bullet (the slide then builds); "shown|spoken" gives
    the synthesiser another spelling than the subtitle.
    """

    title: str
    says: tuple[str, ...]
    bullets: tuple[str, ...] = ()
    picture: Callable[[Canvas], None] | None = None
    cover: str = ""
    wide: bool = False  # the picture is below the bullets, not beside them

    @property
    def builds(self) -> bool:
        """True when the bullets come in one after another."""
        return any(sentence.startswith("+") for sentence in self.says)


@lru_cache(maxsize=64)
def _font(size: int, mono: bool, bold: bool) -> ImageFont.FreeTypeFont:
    import matplotlib

    name = "DejaVuSans" + ("Mono" if mono else "") + ("-Bold" if bold else "") + ".ttf"
    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name, size * SCALE)


class Canvas:
    """A picture with coordinates in final pixels, whatever it is drawn at."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self.image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), theme.paper)
        self.draw = ImageDraw.Draw(self.image)

    def text(
        self,
        at: Point,
        words: str,
        size: int = 24,
        colour: str | None = None,
        *,
        anchor: str = "la",
        mono: bool = False,
        bold: bool = False,
    ) -> None:
        """One line of text; ``anchor`` as in Pillow ("la" left top, "mm" middle)."""
        place = (at[0] * SCALE, at[1] * SCALE)
        self.draw.text(place, words, colour or self.theme.ink, _font(size, mono, bold), anchor)

    def width(self, words: str, size: int, *, mono: bool = False, bold: bool = False) -> float:
        """How many pixels wide a line of text is."""
        return _font(size, mono, bold).getlength(words) / SCALE

    def line(self, points: Sequence[Point], colour: str | None = None, width: float = 3) -> None:
        """A line through the points."""
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        self.draw.line(scaled, colour or self.theme.ink, round(width * SCALE), joint="curve")

    def arrow(self, start: Point, end: Point, colour: str | None = None, width: float = 4) -> None:
        """A line from start to end with a head at its end."""
        colour = colour or self.theme.ink
        angle, head = atan2(end[1] - start[1], end[0] - start[0]), 4 + width * 2.6
        neck = (end[0] - head * 0.8 * cos(angle), end[1] - head * 0.8 * sin(angle))
        self.line((start, neck), colour, width)
        sides = [(end[0] - head * cos(angle + a), end[1] - head * sin(angle + a)) for a in (0.45, -0.45)]
        self.shape([end, *sides], colour)

    def shape(self, points: Sequence[Point], fill: str, outline: str | None = None, width: float = 2) -> None:
        """A filled polygon."""
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        self.draw.polygon(scaled, fill, outline, round(width * SCALE))

    def box(
        self,
        rect: Rect,
        fill: str | None = None,
        outline: str | None = None,
        width: float = 2,
        radius: float = 10,
    ) -> None:
        """A rectangle with round corners."""
        scaled = tuple(v * SCALE for v in rect)
        self.draw.rounded_rectangle(scaled, radius * SCALE, fill, outline, round(width * SCALE))

    def disc(self, at: Point, radius: float, fill: str | None = None, outline: str | None = None) -> None:
        """A circle."""
        x, y = at
        rect = tuple(v * SCALE for v in (x - radius, y - radius, x + radius, y + radius))
        self.draw.ellipse(rect, fill, outline, 2 * SCALE)

    def oval(self, rect: Rect, fill: str, outline: str | None = None, width: float = 3) -> None:
        """An ellipse inside the rectangle."""
        self.draw.ellipse(tuple(v * SCALE for v in rect), fill, outline, round(width * SCALE))

    def curve(
        self,
        rect: Rect,
        function: Callable[[float], float],
        colour: str,
        span: Point = (0.0, 1.0),
        heights: Point = (0.0, 1.0),
        width: float = 4,
    ) -> Callable[[float], Point]:
        """Plot ``function`` over ``span`` into ``rect``; returns x -> the pixel on the curve."""
        x0, y0, x1, y1 = rect

        def at(x: float) -> Point:
            right = (x - span[0]) / (span[1] - span[0])
            up = (function(x) - heights[0]) / (heights[1] - heights[0])
            return x0 + right * (x1 - x0), y1 - up * (y1 - y0)

        self.line([at(span[0] + i / 120 * (span[1] - span[0])) for i in range(121)], colour, width)
        return at

    def axes(self, rect: Rect, across: str, up: str) -> None:
        """Two axes with names, along the left and lower side of ``rect``."""
        x0, y0, x1, y1 = rect
        self.arrow((x0, y1), (x1 + 10, y1), self.theme.muted, 2.5)
        self.arrow((x0, y1), (x0, y0 - 10), self.theme.muted, 2.5)
        self.text(((x0 + x1) / 2, y1 + 12), across, 20, self.theme.muted, anchor="ma")
        self.text((x0 + 14, y0 - 14), up, 20, self.theme.muted)

    def pixels(self) -> NDArray[np.uint8]:
        """The picture at its final size, RGB (720, 1280, 3)."""
        return np.asarray(self.image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS))


def _wrapped(canvas: Canvas, words: str, size: int, room: float) -> list[str]:
    lines = [""]
    for word in words.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if canvas.width(longer, size) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def draw_slide(slide: Slide, theme: Theme, lecture: str, page: int, bullets: int) -> NDArray[np.uint8]:
    """The slide with its first ``bullets`` bullets; ``lecture`` and ``page`` stand at the foot."""
    canvas = Canvas(theme)
    if slide.cover:
        _draw_cover(canvas, slide)
        return canvas.pixels()
    canvas.box((64, 58, 74, 112), theme.accent, radius=5)
    canvas.text((94, 85), slide.title, 42, theme.title, anchor="lm", bold=True)
    canvas.text((64, 690), lecture, 16, theme.muted, anchor="lm")
    canvas.text((1216, 690), str(page), 16, theme.muted, anchor="rm")
    room = 520 if slide.picture and not slide.wide else 1060
    top = 170.0
    for bullet in slide.bullets[:bullets]:
        canvas.disc((76, top + 17), 6, theme.accent)
        for line in _wrapped(canvas, bullet, 27, room):
            canvas.text((102, top), line, 27)
            top += 40
        top += 26
    if slide.picture:
        slide.picture(canvas)
    return canvas.pixels()


def _draw_cover(canvas: Canvas, slide: Slide) -> None:
    theme = canvas.theme
    canvas.box((0, 0, 22, HEIGHT), theme.accent, radius=0)
    canvas.text((110, 290), slide.title, 68, theme.title, anchor="lm", bold=True)
    canvas.text((112, 374), slide.cover, 32, theme.ink, anchor="lm")
    canvas.box((112, 424, 232, 430), theme.accent, radius=3)
    for position, point in enumerate(slide.bullets):
        canvas.text((112, 480 + 44 * position), point, 24, theme.muted, anchor="lm")
