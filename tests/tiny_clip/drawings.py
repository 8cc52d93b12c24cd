"""Procedurally drawn pictures and what they show in words: shapes, colours, counts, positions, slide layouts.

A drawing is a ``Scene``, a few words' worth of facts; everything else (places, sizes, background, clutter, picture
format) is drawn from a random generator. ``held_out`` takes a fifth of all scenes away from training for good.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]

COLOURS: dict[str, Colour] = {
    "red": (215, 35, 40),
    "green": (35, 160, 60),
    "blue": (40, 80, 215),
    "yellow": (240, 205, 30),
    "purple": (140, 50, 170),
    "orange": (240, 130, 25),
}
SHAPES = ("circle", "square", "triangle", "star", "ring")
NUMBERS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}
OPPOSITE = {"left of": "right of", "above": "below"}
PLACES = {
    "top left": (0.2, 0.22),
    "top right": (0.8, 0.22),
    "bottom left": (0.2, 0.78),
    "bottom right": (0.8, 0.78),
    "middle": (0.5, 0.5),
}
LIGHT: tuple[Colour, ...] = ((255, 255, 255), (238, 240, 243), (248, 242, 228), (226, 236, 244))
DARK: tuple[Colour, ...] = ((18, 22, 32), (40, 40, 44), (16, 34, 46))


def _a(word: str) -> str:
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


@dataclass(frozen=True, slots=True)
class Thing:
    """A shape of a colour."""

    colour: str
    shape: str

    def __str__(self) -> str:
        return f"{_a(self.colour)} {self.shape}"


@dataclass(frozen=True, slots=True)
class Scene:
    """What a drawing shows.

    Attributes:
        kind: ``"pair"``, ``"count"``, ``"one"``, or a slide layout of ``LAYOUTS``.
        things: the first is left of or above the second, in a pair; none in a layout.
        relation: ``"left of"`` or ``"above"`` in a pair, a place of ``PLACES`` for one thing.
        number: how many things, columns, bullet points, bars, boxes or rows.
        colour: of a layout's parts.
    """

    kind: str
    things: tuple[Thing, ...] = ()
    relation: str = ""
    number: int = 1
    colour: str = ""

    @property
    def captions(self) -> tuple[str, ...]:
        """Sentences that are true of it; each tells it from every other scene."""
        if self.kind == "pair":
            first, second = self.things
            return (
                f"{first} {self.relation} {second}",
                f"{second} {OPPOSITE[self.relation]} {first}",
            )
        if self.kind == "count":
            thing = self.things[0]
            return (f"{NUMBERS[self.number]} {thing.colour} {thing.shape}s",)
        if self.kind == "one":
            where = "in the middle" if self.relation == "middle" else f"in the {self.relation} corner"
            return (f"{self.things[0]} {where}",)
        return tuple(
            words.format(n=NUMBERS[self.number], c=self.colour, ac=_a(self.colour))
            for words in LAYOUTS[self.kind]
        )

    @property
    def held_out(self) -> bool:
        """Whether it is kept from training: a fifth of all scenes, by a hash of what they show."""
        return hashlib.sha256(self.captions[0].encode()).digest()[0] % 5 == 0

    def rivals(self) -> list[Scene]:
        """A pair's near misses, made of the same parts: turned round, colours changed over, other direction."""
        first, second = self.things
        other = "above" if self.relation == "left of" else "left of"
        made = [
            replace(self, things=(second, first)),
            replace(self, things=(Thing(second.colour, first.shape), Thing(first.colour, second.shape))),
            replace(self, relation=other),
        ]
        return [scene for scene in dict.fromkeys(made) if scene != self and len(set(scene.things)) == 2]


LAYOUTS = {
    "columns": ("a slide with {ac} title and {n} columns of text", "a slide with {n} columns and {ac} title"),
    "bullets": (
        "a slide with {ac} title and {n} bullet points",
        "a slide with {n} bullet points and {ac} title",
    ),
    "bars": ("a bar chart with {n} {c} bars", "a chart of {n} {c} bars"),
    "pipeline": ("a diagram of a pipeline with {n} {c} boxes", "a diagram of {n} {c} boxes joined by arrows"),
    "table": ("a table with {n} rows and {ac} header", "a table of {n} rows under {ac} header"),
    "line": ("a line chart with {n} {c} curves", "a chart of {n} {c} curves"),
}
_NUMBERS = {
    "columns": (2, 3),
    "bullets": (2, 3, 4),
    "bars": (3, 4, 5),
    "pipeline": (2, 3, 4),
    "table": (2, 3, 4),
}


def all_scenes() -> dict[str, list[Scene]]:
    """Every scene there is, by kind; a layout's kind is ``"layout"``."""
    things = [Thing(colour, shape) for colour, shape in product(COLOURS, SHAPES)]
    return {
        "pair": [
            Scene("pair", (first, second), relation)
            for first, second, relation in product(things, things, OPPOSITE)
            if first != second
        ],
        "count": [Scene("count", (thing,), number=n) for thing, n in product(things, (2, 3, 4, 5))],
        "one": [Scene("one", (thing,), place) for thing, place in product(things, PLACES)],
        "layout": [
            Scene(kind, number=n, colour=colour)
            for kind in LAYOUTS
            for n in _NUMBERS.get(kind, (1, 2, 3))
            for colour in COLOURS
            if (kind, n) != ("line", 1)
        ],
    }


def words() -> list[str]:
    """Every word of every caption, in alphabetical order."""
    captions = (caption for scenes in all_scenes().values() for scene in scenes for caption in scene.captions)
    return sorted({word for caption in captions for word in caption.split()})


def gallery(seed: int, size: int, *, shares: dict[str, float] | None = None) -> list[Scene]:
    """``size`` different held-out scenes, mixed in ``shares`` of their kinds (default: half of them pairs)."""
    random = np.random.default_rng(seed)
    shares = shares or {"pair": 0.5, "count": 0.2, "one": 0.1, "layout": 0.2}
    chosen: list[Scene] = []
    for kind, scenes in all_scenes().items():
        unseen = [scene for scene in scenes if scene.held_out]
        count = round(size * shares.get(kind, 0))
        chosen += [unseen[i] for i in random.permutation(len(unseen))[:count]]
    return chosen


def draw(scene: Scene, random: Generator, size: tuple[int, int] | None = None) -> Picture:
    """Draw it, RGB ``(height, width, 3)``; ``size`` is (width, height), by default one of several formats."""
    width, height = size or ((160, 90), (144, 108), (128, 96), (176, 99))[random.integers(4)]
    dark = random.random() < 0.25 and scene.kind in ("pair", "count", "one")
    backgrounds = DARK if dark else LIGHT
    picture = np.full((height, width, 3), backgrounds[random.integers(len(backgrounds))], np.uint8)
    if scene.kind in ("pair", "count", "one"):
        _draw_things(picture, scene, random)
    else:
        _DRAW[scene.kind](picture, scene, random)
    level = int(random.integers(0, 7))
    noise = random.integers(-level, level + 1, picture.shape, dtype=np.int16)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def _tone(colour: str, random: Generator) -> Colour:
    """The colour, a little lighter or darker."""
    r, g, b = (int(np.clip(value + random.integers(-14, 15), 0, 255)) for value in COLOURS[colour])
    return r, g, b


def _draw_things(picture: Picture, scene: Scene, random: Generator) -> None:
    places, radius = _places(scene, random)
    height, width = picture.shape[:2]
    things = scene.things * scene.number if scene.kind == "count" else scene.things
    for thing, (x, y) in zip(things, places, strict=True):
        size = radius * height * random.uniform(0.85, 1.15)
        _shape(picture, thing, x * width, y * height, size, random)


def _places(scene: Scene, random: Generator) -> tuple[list[tuple[float, float]], float]:
    """Centres in fractions of the picture, and a radius in fractions of its height."""
    if scene.kind == "one":
        x, y = PLACES[scene.relation]
        return [(x + random.uniform(-0.06, 0.06), y + random.uniform(-0.06, 0.06))], random.uniform(
            0.12, 0.19
        )
    if scene.kind == "pair":
        near, far = random.uniform(0.2, 0.35), random.uniform(0.65, 0.8)
        across = random.uniform(0.32, 0.68)
        one, two = (near, across + random.uniform(-0.06, 0.06)), (far, across + random.uniform(-0.06, 0.06))
        if scene.relation == "above":
            one, two = (one[1], one[0]), (two[1], two[0])
        return [one, two], random.uniform(0.13, 0.19)
    radius = random.uniform(0.1, 0.13)
    cells = [(x, y) for x in (0.17, 0.5, 0.83) for y in (0.27, 0.73)]
    chosen = random.permutation(len(cells))[: scene.number]
    jitter = random.uniform(-0.05, 0.05, (scene.number, 2))
    return [(cells[c][0] + dx, cells[c][1] + dy) for c, (dx, dy) in zip(chosen, jitter, strict=True)], radius


def _polygon(corners: int, inner: float | None, turn: float) -> NDArray[np.float64]:
    """Points on the unit circle; with ``inner`` every second one at that distance (a star)."""
    count = corners if inner is None else 2 * corners
    angles = np.arange(count) * 2 * np.pi / count - np.pi / 2 + turn
    reach = np.ones(count)
    if inner is not None:
        reach[1::2] = inner
    return np.stack([np.cos(angles) * reach, np.sin(angles) * reach], axis=1)


def _shape(picture: Picture, thing: Thing, x: float, y: float, r: float, random: Generator) -> None:
    tone, turn = _tone(thing.colour, random), random.uniform(-0.15, 0.15)
    centre = (round(x), round(y))
    if thing.shape == "circle":
        cv2.circle(picture, centre, round(r), tone, -1, cv2.LINE_AA)
    elif thing.shape == "ring":
        cv2.circle(picture, centre, round(r * 0.85), tone, max(3, round(r * 0.4)), cv2.LINE_AA)
    else:
        points = {
            "square": lambda: _polygon(4, None, np.pi / 4 + turn) * 1.15,
            "triangle": lambda: _polygon(3, None, turn) * 1.2,
            "star": lambda: _polygon(5, 0.42, turn) * 1.3,
        }[thing.shape]()
        cv2.fillPoly(picture, [np.round(points * r + (x, y)).astype(np.int32)], tone, cv2.LINE_AA)


def _bar(picture: Picture, box: Sequence[float], colour: Colour, thickness: int = -1) -> None:
    """A rectangle; ``box`` in fractions: left, top, right, bottom."""
    height, width = picture.shape[:2]
    left, top, right, bottom = box
    corners = (round(left * width), round(top * height)), (round(right * width), round(bottom * height))
    cv2.rectangle(picture, *corners, colour, thickness, cv2.LINE_AA)


def _ink(random: Generator) -> Colour:
    grey = int(random.integers(60, 120))
    return grey, grey, grey


def _title(picture: Picture, scene: Scene, random: Generator) -> None:
    left = random.uniform(0.06, 0.2)
    _bar(picture, (left, 0.07, left + random.uniform(0.4, 0.65), 0.19), _tone(scene.colour, random))


def _columns(picture: Picture, scene: Scene, random: Generator) -> None:
    _title(picture, scene, random)
    ink, step = _ink(random), 0.9 / scene.number
    for column in range(scene.number):
        left = 0.06 + column * step
        for top in np.arange(0.32, 0.9, 0.11):
            _bar(picture, (left, top, left + step * random.uniform(0.6, 0.8), top + 0.045), ink)


def _bullets(picture: Picture, scene: Scene, random: Generator) -> None:
    _title(picture, scene, random)
    ink, gap = _ink(random), random.uniform(0.15, 0.18)
    height, width = picture.shape[:2]
    for line in range(scene.number):
        y = 0.35 + line * gap
        cv2.circle(picture, (round(0.1 * width), round(y * height)), max(3, round(0.035 * height)), ink, -1)
        _bar(picture, (0.16, y - 0.025, random.uniform(0.55, 0.92), y + 0.025), ink)


def _axes(picture: Picture, random: Generator) -> None:
    ink = _ink(random)
    _bar(picture, (0.1, 0.1, 0.115, 0.9), ink)
    _bar(picture, (0.1, 0.885, 0.93, 0.9), ink)


def _bars(picture: Picture, scene: Scene, random: Generator) -> None:
    _axes(picture, random)
    tone, step = _tone(scene.colour, random), 0.78 / scene.number
    for bar in range(scene.number):
        left = 0.15 + bar * step
        _bar(picture, (left, random.uniform(0.18, 0.66), left + step * 0.6, 0.87), tone)


def _pipeline(picture: Picture, scene: Scene, random: Generator) -> None:
    tone, ink = _tone(scene.colour, random), _ink(random)
    height, width = picture.shape[:2]
    step, y, tall = 0.92 / scene.number, random.uniform(0.4, 0.6), random.uniform(0.1, 0.16)
    for box in range(scene.number):
        left = 0.05 + box * step
        _bar(picture, (left, y - tall, left + step * 0.62, y + tall), tone)
        if box + 1 < scene.number:
            start, end = (left + step * 0.66) * width, (left + step * 0.97) * width
            points = (round(start), round(y * height)), (round(end), round(y * height))
            cv2.arrowedLine(picture, *points, ink, 2, cv2.LINE_AA, tipLength=0.4)


def _table(picture: Picture, scene: Scene, random: Generator) -> None:
    ink, top, tall = _ink(random), random.uniform(0.1, 0.18), random.uniform(0.13, 0.15)
    left, right = random.uniform(0.06, 0.14), random.uniform(0.86, 0.94)
    _bar(picture, (left, top, right, top + tall), _tone(scene.colour, random))
    for row in range(1, scene.number + 1):
        box = (left, top + row * tall, right, top + (row + 1) * tall)
        _bar(picture, box, ink, 1)
        for cell in np.linspace(left, right, 4)[:3]:
            middle = top + (row + 0.5) * tall
            _bar(picture, (cell + 0.04, middle - 0.02, cell + random.uniform(0.12, 0.2), middle + 0.02), ink)


def _line(picture: Picture, scene: Scene, random: Generator) -> None:
    _axes(picture, random)
    height, width = picture.shape[:2]
    levels = np.linspace(0.22, 0.74, scene.number)
    for level in levels + random.uniform(-0.02, 0.02, scene.number):
        x = np.linspace(0.14, 0.92, 24)
        y = level + 0.06 * np.sin(random.uniform(4, 10) * x + random.uniform(0, 6))
        points = np.round(np.stack([x * width, y * height], axis=1)).astype(np.int32)
        cv2.polylines(picture, [points], False, _tone(scene.colour, random), 3, cv2.LINE_AA)


_DRAW = {
    "columns": _columns,
    "bullets": _bullets,
    "bars": _bars,
    "pipeline": _pipeline,
    "table": _table,
    "line": _line,
}
