"""Text with times as WebVTT (https://www.w3.org/TR/webvtt1/), as players show it."""

from __future__ import annotations

import html
from collections.abc import Iterable

from longvid_storage.text.shown import one_line
from longvid_storage.text.timecode import format_clock
from longvid_storage.types import Utterance


def to_vtt(utterances: Iterable[Utterance]) -> str:
    """One cue an utterance, with its speaker as a voice."""
    cues = []
    for each in utterances:
        voice = f"<v {_text(each.speaker)}>" if each.speaker else ""
        times = f"{format_clock(each.start_s)} --> {format_clock(max(each.end_s, each.start_s + 0.001))}"
        cues.append(f"{times}\n{voice}{_text(each.text)}\n")
    return "\n".join(["WEBVTT\n", *cues])


def _text(text: str) -> str:
    return html.escape(one_line(text), quote=False)
