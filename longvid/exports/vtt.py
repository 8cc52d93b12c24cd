"""What is said in a video as WebVTT (W3C), with who says it as voice spans."""

from __future__ import annotations

import html
from collections.abc import Iterable

from longvid.chapters import one_line
from longvid_storage.text.timecode import format_clock
from longvid_storage.types import Utterance


def transcript_vtt(said: Iterable[Utterance]) -> str:
    """One cue an utterance, on the video's own time; ``&``, ``<`` and ``>`` are escaped."""
    cues = [
        f"{format_clock(u.start_s)} --> {format_clock(u.end_s)}\n{_voice(u.speaker)}{_escaped(u.text)}\n"
        for u in said
    ]
    return "\n".join(["WEBVTT\n", *cues])


def _voice(speaker: str | None) -> str:
    return f"<v {_escaped(speaker)}>" if speaker else ""


def _escaped(text: str) -> str:
    return html.escape(one_line(text), quote=False)
