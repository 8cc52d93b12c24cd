"""What things cost in a local model's context, counted by its own processor on inputs of that size."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from longvid_agents.packing import FramePart, Part, SoundPart, TextPart

# Frames counted at once: a video input may take its frames in pairs, and a request seldom shows one alone.
_FEW, _MORE = 2, 4
_RATE = 16_000


class ProcessorCounter:
    """Counts by difference: what the processor makes of more of a thing, less what it makes of less.

    Pictures are noise, because a processor may leave out what does not change from frame to frame.

    Args:
        tokens_of: input ids of the parts, given the pictures and sounds in them.
        tokenizer: counts words.
    """

    def __init__(self, tokens_of: Callable[[Sequence[Part], Any, Any], int], tokenizer: Any) -> None:
        self._tokens_of = tokens_of
        self._tokenizer = tokenizer
        self.frame = lru_cache(maxsize=256)(self._frame)
        self.sound = lru_cache(maxsize=256)(self._sound)

    def text(self, text: str) -> int:
        """Tokens of a piece of text."""
        return len(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _frame(self, width: int, height: int) -> int:
        """Tokens of one picture of ``width`` x ``height`` pixels among several."""

        def of(count: int) -> int:
            frames = [FramePart(number, float(number), width, height) for number in range(count)]
            return self._tokens_of([TextPart("Look."), *frames], _noise, None)

        # The dearer of one more frame and of the mean one: a video of more frames may have fewer tokens in each.
        none, few, more = of(0), of(_FEW), of(_MORE)
        return max(math.ceil((more - few) / (_MORE - _FEW)), math.ceil((more - none) / _MORE))

    def _sound(self, seconds: float) -> int:
        """Tokens of sound that lasts ``seconds``."""
        samples = np.zeros(max(1, round(seconds * _RATE)), np.float32)
        with_it = self._tokens_of([TextPart("Listen."), SoundPart(0)], _noise, lambda _: samples)
        return with_it - self._tokens_of([TextPart("Listen.")], _noise, None)


def _noise(part: FramePart) -> Any:
    from PIL import Image

    pixels = np.random.default_rng(part.number).integers(0, 256, (part.height, part.width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)
