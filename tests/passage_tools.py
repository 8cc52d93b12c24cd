"""Passages as a library has them, without one: made by the one builder, numbered as storing numbers them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from longvid_storage.text.passages import screen_passages, speech_passages
from longvid_storage.types import Passage, ScreenText, Utterance


def passages_of(
    utterances: Iterable[Utterance] = (), lines: Iterable[ScreenText] = (), *, video_id: str = "v"
) -> list[Passage]:
    """What is said and shown, in the builder's order, with ids from 1."""
    made = [*speech_passages(video_id, utterances), *screen_passages(video_id, lines)]
    return [replace(passage, id=number) for number, (passage, _) in enumerate(made, 1)]
