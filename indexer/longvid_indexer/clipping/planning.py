"""What is copied and what is made anew; decided before anything is written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from longvid_indexer.clipping.copying import Copied, measure
from longvid_indexer.clipping.sources import ClipSource

# What the containers hold without tricks.
_PICTURES = {
    ".mp4": {"h264", "hevc", "av1", "mpeg4", "vp9"},
    ".mov": {"h264", "hevc", "mpeg4"},
    ".mkv": {"h264", "hevc", "av1", "mpeg4", "vp8", "vp9", "mpeg2video", "theora"},
    ".m4a": set[str](),
}
_SOUND = {
    ".mp4": {"aac", "mp3", "ac3", "opus"},
    ".mov": {"aac", "mp3"},
    ".mkv": {"aac", "mp3", "ac3", "opus", "vorbis", "flac"},
    ".m4a": {"aac"},
}
SUFFIXES = tuple(_PICTURES)
_SLOWEST, _FASTEST = 10, 60

Method = Literal["copied", "re-encoded"]


@dataclass(frozen=True, slots=True)
class Step:
    """One span of the clip: from ``begin_s`` of its file, at ``at_s`` of the clip, ``length_s`` long.

    ``why`` says why its pictures are made anew, and is empty when they are copied. ``frames`` counts those made anew;
    ``copied`` has the times of those that are not.
    """

    source: ClipSource
    at_s: float
    begin_s: float
    length_s: float
    why: str = ""
    frames: int = 0
    copied: Copied | None = None

    @property
    def method(self) -> Method:
        """How its pictures (or, without any, its sound) get into the clip."""
        return "re-encoded" if self.why else "copied"


@dataclass(frozen=True, slots=True)
class Cut:
    """The whole clip. ``template``: every picture is copied, and the first file's header serves all of them.

    ``size`` is None when there are no pictures. ``sound`` is how sound gets into it, None when there is none.
    """

    steps: tuple[Step, ...]
    size: tuple[int, int] | None
    rate: Fraction
    template: bool
    sound: Method | None

    @property
    def last_picture_s(self) -> float:
        """When the last picture of the clip is shown."""
        last = self.steps[-1]
        if last.copied is not None:
            # Decoding times are those of presentation, all moved back by the same.
            return last.at_s + last.copied.dts_s[-1] - last.copied.dts_s[0]
        return last.at_s + float((last.frames - 1) / self.rate)


def plan(sources: Sequence[ClipSource], suffix: str, *, reencode: bool = False) -> Cut:
    """Copy where a span begins at a keyframe and its pictures can follow the others'; make the rest anew."""
    films = [source for source in sources if source.pictures is not None]
    whys = {id(source): _obstacle(source, reencode) for source in sources}
    copyable = [source for source in films if not whys[id(source)]]
    template = len(copyable) == len(sources) and _one_header(copyable, suffix)
    if not template:
        _mix(copyable, whys)
        copyable = [source for source in films if not whys[id(source)]]
    rate = _rate(films)
    steps: list[Step] = []
    at_s = 0.0
    for source in sources:
        step = _step(source, at_s, whys[id(source)], rate, bool(films))
        steps.append(step)
        at_s += step.length_s
    return Cut(
        tuple(steps),
        _size(copyable, films),
        rate,
        template,
        _sound_method(sources, suffix, template or not films, reencode),
    )


def _obstacle(source: ClipSource, reencode: bool) -> str:
    """Why the span's own pictures cannot be copied; empty when they can."""
    if reencode:
        return "as asked"
    if source.pictures is None:
        return "it has no pictures"
    if source.keyframe_s is None:
        return "it does not begin at a keyframe"
    if source.pictures.turned:
        return "players turn its pictures"
    if not source.whole:
        return "its keyframe needs pictures from before"
    return ""


def _one_header(sources: Sequence[ClipSource], suffix: str) -> bool:
    pictures = [source.pictures for source in sources if source.pictures is not None]
    kinds = {(each.alike, each.header) for each in pictures}
    return len(kinds) == 1 and pictures[0].codec in _PICTURES[suffix]


def _mix(copyable: Sequence[ClipSource], whys: dict[int, str]) -> None:
    """Among pictures made anew only H.264 of one size can be copied; note it of all others."""
    first = copyable[0].pictures if copyable else None
    for source in copyable:
        pictures = source.pictures
        assert pictures is not None
        assert first is not None
        if pictures.codec != "h264" or pictures.pixels != "yuv420p" or abs(pictures.aspect - 1) > 1e-3:
            whys[id(source)] = f"its pictures ({pictures.codec}, {pictures.pixels}) cannot follow the others'"
        elif pictures.alike != first.alike:
            whys[id(source)] = (
                f"its pictures are {pictures.width} x {pictures.height}, the first copied ones are not"
            )
    if first is not None and whys[id(copyable[0])]:
        for source in copyable:
            whys[id(source)] = whys[id(source)] or "its pictures cannot follow the others'"


def _step(source: ClipSource, at_s: float, why: str, rate: Fraction, pictures: bool) -> Step:
    span = source.span
    if not why and source.keyframe_s is not None:
        copied = measure(source)
        return Step(source, at_s, source.keyframe_s, copied.length_s, copied=copied)
    if not pictures:
        return Step(source, at_s, span.start_s, span.duration_s, why)
    frames = max(1, math.ceil(span.duration_s * rate - 1e-6))
    return Step(source, at_s, span.start_s, float(frames / rate), why, frames)


def _rate(films: Sequence[ClipSource]) -> Fraction:
    rates = [source.pictures.rate for source in films if source.pictures is not None]
    own = rates[0] if rates else 25.0
    return Fraction(min(max(own, _SLOWEST), _FASTEST)).limit_denominator(1001)


def _size(copyable: Sequence[ClipSource], films: Sequence[ClipSource]) -> tuple[int, int] | None:
    """(width, height) of the clip: that of the first copied pictures, else of the first as a player shows it."""
    for source in copyable:
        if source.pictures is not None:
            return source.pictures.width, source.pictures.height
    for source in films:
        assert source.pictures is not None
        width, height = (
            source.info.width or source.pictures.width,
            source.info.height or source.pictures.height,
        )
        aspect = source.pictures.aspect
        if source.pictures.turned and (width, height) != (source.pictures.width, source.pictures.height):
            return width - width % 2, round(height * aspect) - round(height * aspect) % 2
        wide = round(width * aspect)
        return wide - wide % 2, height - height % 2
    return None


def _sound_method(sources: Sequence[ClipSource], suffix: str, copying: bool, reencode: bool) -> Method | None:
    sounds = [source.sound for source in sources]
    if not any(sounds):
        return None
    first = sounds[0]
    same = all(sound == first for sound in sounds)
    if copying and same and first is not None and first.codec in _SOUND[suffix] and not reencode:
        return "copied"
    return "re-encoded"
