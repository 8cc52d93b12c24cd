"""Film: textured shots that move, joined by hard cuts, dissolves and fades at known times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from PIL import Image

from media_factory.script import Script
from media_factory.slides import Size
from media_factory.writer import Picture

Join = Literal["cut", "dissolve", "fade"]

_BASES = ((190, 90, 60), (60, 120, 190), (80, 160, 90), (200, 180, 80), (140, 80, 170), (90, 90, 95))


def _texture(seed: int, size: Size) -> Picture:
    """A smooth random picture of twice ``size``, so that a view of ``size`` can pan over it."""
    rng = np.random.default_rng(seed)
    width, height = size[0] * 2, size[1] * 2
    base = np.array(_BASES[seed % len(_BASES)], np.float32)
    coarse = rng.normal(0, 45, (9, 16, 3)) + base
    fine = rng.normal(0, 22, (45, 80, 1)).repeat(3, axis=2) + 128
    layers = [
        np.asarray(Image.fromarray(np.clip(a, 0, 255).astype(np.uint8)).resize((width, height)), np.float32)
        for a in (coarse, fine)
    ]
    return np.clip(layers[0] + layers[1] - 128, 0, 255).astype(np.uint8)


def _view(texture: Picture, size: Size, share: float, seed: int) -> Picture:
    width, height = size
    angle = seed * 2.4
    x = int(width * (0.5 + 0.25 * np.cos(angle) * (2 * share - 1)))
    y = int(height * (0.5 + 0.25 * np.sin(angle) * (2 * share - 1)))
    return texture[y : y + height, x : x + width]


def shots(
    seconds: Sequence[float] = (2.0, 3.0, 2.5),
    joins: Sequence[Join] | None = None,
    *,
    join_s: float = 1.0,
    rate: float = 24.0,
    size: Size = (320, 180),
    seed: int = 0,
) -> Script:
    """Shots of the given lengths; ``joins[i]`` is between shot i and i + 1 (default: all hard cuts).

    Hard cuts are in ``boundaries_s``; a dissolve or fade through black of ``join_s`` seconds lies around its
    boundary, half before and half after, and is in ``gradual_s`` as (start_s, end_s, kind).
    """
    kinds: Sequence[Join] = joins if joins is not None else ["cut"] * (len(seconds) - 1)
    if len(kinds) != len(seconds) - 1:
        raise ValueError(f"{len(seconds)} shots have {len(seconds) - 1} joins, not {len(kinds)}")
    ends = np.cumsum(seconds)
    bounds = [float(t) for t in ends[:-1]]
    textures = [_texture(seed + i, size) for i in range(len(seconds))]

    def one(index: int, time_s: float) -> Picture:
        start_s = float(ends[index] - seconds[index])
        share = float(np.clip((time_s - start_s) / seconds[index], -0.5, 1.5))
        return _view(textures[index], size, share, seed + index)

    def frames() -> Iterator[Picture]:
        for number in range(round(float(ends[-1]) * rate)):
            time_s = number / rate
            index = int(np.searchsorted(bounds, time_s + 1e-9, side="right"))
            picture = one(index, time_s)
            for join, (bound_s, kind) in enumerate(zip(bounds, kinds, strict=True)):
                progress = (time_s - bound_s) / join_s + 0.5
                if kind == "cut" or not 0 <= progress < 1:
                    continue
                if kind == "dissolve":
                    picture = one(join, time_s) * (1 - progress) + one(join + 1, time_s) * progress
                else:
                    picture = picture * abs(2 * progress - 1)
            yield np.ascontiguousarray(picture, dtype=np.uint8)

    cuts = tuple(b for b, kind in zip(bounds, kinds, strict=True) if kind == "cut")
    gradual = tuple(
        (b - join_s / 2, b + join_s / 2, kind) for b, kind in zip(bounds, kinds, strict=True) if kind != "cut"
    )
    names = tuple(f"shot {i}" for i in range(len(seconds)))
    return Script(frames, rate, float(ends[-1]), cuts, gradual_s=gradual, texts=names)
