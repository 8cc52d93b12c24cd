"""Engines without weights: words that are alike are near, and a model that says what it is told."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from longvid.engines import Engines
from scripted_lm import ScriptedLM
from small_library import Trigrams

OFF = {"text": "off", "image": "off", "speech": "off", "screen": "off"}


class ToyEngines(Engines):
    """A text encoder without weights, and nothing else."""

    def __init__(self) -> None:
        super().__init__(OFF)

    @cached_property
    def text_encoder(self) -> Any:
        return Trigrams()


class LMEngines(Engines):
    """A scripted language model, and nothing else."""

    def __init__(self, lm: ScriptedLM) -> None:
        super().__init__(OFF)
        self._lm = lm

    @cached_property
    def video_lm(self) -> Any:
        return self._lm
