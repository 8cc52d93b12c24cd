"""Pictures of slides: a title and bullet points, drawn with the font that travels inside Pillow."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from media_factory.writer import Picture

Theme = Literal["white", "light", "dark"]
Size = tuple[int, int]

_COLOURS: dict[str, tuple[str, str, str, str]] = {  # paper, title, text, ornament
    "white": ("#ffffff", "#000000", "#222222", "#ffffff"),
    "light": ("#f6f4ee", "#1f3a5f", "#2b2b2b", "#d98e04"),
    "dark": ("#14171c", "#e8c170", "#dfe3ea", "#3c6e91"),
}


@dataclass(frozen=True)
class Page:
    """What one slide says; with ``builds`` its bullets appear one after another."""

    title: str
    bullets: tuple[str, ...] = ()
    theme: Theme = "white"
    builds: bool = False

    @property
    def text(self) -> str:
        """All lines of the finished slide, title first."""
        return "\n".join((self.title, *self.bullets))


@lru_cache(maxsize=32)
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's built-in font at ``size`` pixels: tests need no fonts of the system."""
    return ImageFont.load_default(size=size)


def slide(
    title: str, bullets: tuple[str, ...] | list[str] = (), theme: Theme = "white", size: Size = (640, 360)
) -> Picture:
    """Draw a slide as RGB (height, width, 3) uint8; ``size`` is (width, height)."""
    paper, title_colour, text_colour, ornament = _COLOURS[theme]
    width, height = size
    image = Image.new("RGB", size, paper)
    draw = ImageDraw.Draw(image)
    left = width // 16
    draw.rectangle((0, 0, width, height // 40), fill=ornament)
    draw.text((left, height // 12), title, font=font(height // 10), fill=title_colour)
    for number, bullet in enumerate(bullets):
        top = height * 30 // 100 + number * height * 12 // 100
        radius = max(2, height // 90)
        draw.ellipse(
            (left, top + height // 36, left + 2 * radius, top + height // 36 + 2 * radius), fill=text_colour
        )
        draw.text((left + width // 32, top), bullet, font=font(height // 16), fill=text_colour)
    return np.array(image)
