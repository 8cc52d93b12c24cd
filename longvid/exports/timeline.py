"""Cited spans as a cut for video editors: an edit decision list (CMX 3600), an OpenTimelineIO file, or subtitles.

All three describe the same film, the spans one behind the other, which is also the film that ``longvid clip`` makes.
A span begins at the frame that is shown at its start and ends with the frame that is shown last in it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from longvid.links import film_link
from longvid_indexer.remote import as_path
from longvid_storage.errors import MissingExtraError, UsageError
from longvid_storage.text.shown import in_lines, shown
from longvid_storage.text.timecode import format_clock, format_span
from longvid_storage.types import MediaSpan, VideoInfo

# The rates that timecode is defined for (SMPTE ST 12-1, and its doubles).
RATES = (24000 / 1001, 24.0, 25.0, 30000 / 1001, 30.0, 48.0, 50.0, 60000 / 1001, 60.0)
_FALLBACK_RATE = 25.0
_DROP = (30000 / 1001, 60000 / 1001)
_REEL = 8

Infos = Mapping[str, VideoInfo]


def export(
    spans: Sequence[MediaSpan], file_format: str, infos: Infos, name: str, page: str | None = None
) -> str:
    """The text of the file: ``file_format`` is ``edl``, ``otio`` or ``srt``.

    ``infos``: what is known of the videos, by id. ``name``: what the timeline is called. ``page``: the address of a
    server, from which its films are had instead of from where they lie.

    Raises:
        UsageError: another format, or (for editors) only spans of transcripts without a film or sound.
        MissingExtraError: the extra ``export`` is not installed.
    """
    if file_format not in FORMATS:
        raise UsageError(f"the format is {file_format!r}: choose one of {', '.join(FORMATS)}")
    return FORMATS[file_format](spans, infos, name, page)


def to_srt(spans: Sequence[MediaSpan], infos: Infos, name: str, page: str | None = None) -> str:
    """Subtitles for the film: each span's claims, and where they are from. Of transcripts alone, one made of them."""
    cues, at_s = [], 0.0
    for number, span in enumerate(playable(spans, infos) or spans, 1):
        times = f"{format_clock(at_s, ',')} --> {format_clock(at_s + span.duration_s, ',')}"
        source = f"[{shown(span.title)} @ {format_span(span.start_s, span.end_s)}]"
        text = "\n".join(line for line in (*in_lines(span.text).split("\n"), source) if line.strip())
        cues.append(f"{number}\n{times}\n{text.replace('-->', '→')}\n")
        at_s += span.duration_s
    return "\n".join(cues)


def to_edl(spans: Sequence[MediaSpan], infos: Infos, name: str, page: str | None = None) -> str:
    """A CMX 3600 list of the pictures, every time in the rate of the first video."""
    otio = _otio()
    from otio_cmx3600_adapter import cmx_3600

    films = _films(spans, infos)
    rate = _rate(films, infos)
    timeline = otio.schema.Timeline(_ascii(name))
    timeline.tracks.append(_track(films, infos, rate, otio.schema.TrackKind.Video, page))
    text: str = cmx_3600.write_to_string(timeline, rate=rate)
    head, _, events = text.partition("\n")
    count = "DROP FRAME" if rate in _DROP else "NON-DROP FRAME"
    return f"{head}\nFCM: {count}\n{events}"


def to_otio(spans: Sequence[MediaSpan], infos: Infos, name: str, page: str | None = None) -> str:
    """An OpenTimelineIO timeline: a track of pictures and one of sound, as far as the videos have them."""
    otio = _otio()
    films = _films(spans, infos)
    rate = _rate(films, infos)
    timeline = otio.schema.Timeline(shown(name))
    kinds = otio.schema.TrackKind
    for kind, has in ((kinds.Video, "has_video"), (kinds.Audio, "has_audio")):
        if any(getattr(infos[span.video_id], has) for span in films if span.video_id in infos):
            timeline.tracks.append(_track(films, infos, rate, kind, page))
    if not timeline.tracks:
        timeline.tracks.append(_track(films, infos, rate, kinds.Video, page))
    text: str = otio.adapters.write_to_string(timeline, "otio_json")
    return text + "\n"


FORMATS: dict[str, Callable[[Sequence[MediaSpan], Infos, str, str | None], str]] = {
    "edl": to_edl,
    "otio": to_otio,
    "srt": to_srt,
}


def _track(spans: Sequence[MediaSpan], infos: Infos, rate: float, kind: Any, page: str | None) -> Any:
    otio = _otio()
    time = otio.opentime.RationalTime
    track = otio.schema.Track(kind, kind=kind)
    reels = _reels(spans)
    for span in spans:
        info = infos.get(span.video_id)
        first, last = _frames(span, rate)
        whole = math.ceil((info.duration_s if info else span.end_s) * rate)
        media = otio.schema.ExternalReference(
            target_url=film_link(page, span.video_id) if page else as_path(span.path).absolute().as_uri(),
            available_range=otio.opentime.TimeRange(time(0, rate), time(max(whole, last), rate)),
        )
        media.name = shown(Path(span.path).name)
        clip = otio.schema.Clip(
            name=_ascii(Path(span.path).name),
            media_reference=media,
            source_range=otio.opentime.TimeRange(time(first, rate), time(last - first, rate)),
            metadata={
                "cmx_3600": {"reel": reels[span.path]},
                "longvid": {"title": shown(span.title), "text": in_lines(span.text)},
            },
        )
        track.append(clip)
    return track


def _frames(span: MediaSpan, rate: float) -> tuple[int, int]:
    """[first, last) frame of the span; a hair of rounding does not count."""
    first = math.floor(span.start_s * rate + 1e-6)
    return first, max(first + 1, math.ceil(span.end_s * rate - 1e-6))


def _rate(spans: Sequence[MediaSpan], infos: Infos) -> float:
    """The rate of timecode nearest to that of the first video that has one."""
    rates = (info.frame_rate for span in spans if (info := infos.get(span.video_id)) and info.frame_rate)
    own = next(rates, _FALLBACK_RATE)
    return min(RATES, key=lambda rate: abs(rate - own))


def playable(spans: Sequence[MediaSpan], infos: Infos) -> list[MediaSpan]:
    """Spans of videos that have pictures or sound: what a film can be made of."""
    return [s for s in spans if s.video_id not in infos or infos[s.video_id].media_type != "transcript"]


def _films(spans: Sequence[MediaSpan], infos: Infos) -> list[MediaSpan]:
    kept = playable(spans, infos)
    if not kept:
        raise UsageError(
            f"{spans[0].title} is a transcript without a film, and so is all that is cited: "
            "use --format srt, or index the films"
        )
    return kept


def _reels(spans: Sequence[MediaSpan]) -> dict[str, str]:
    """Eight letters and digits for each file, no two alike, as CMX 3600 has room for."""
    reels: dict[str, str] = {}
    for span in spans:
        if span.path in reels:
            continue
        letters = re.sub(r"[^A-Z0-9]", "", _ascii(Path(span.path).stem).upper()) or "REEL"
        name, number = letters[:_REEL].ljust(_REEL, "X"), 1
        while name in reels.values():
            number += 1
            name = letters[: _REEL - len(str(number))] + str(number)
            name = name.rjust(_REEL, "X")
        reels[span.path] = name
    return reels


def _ascii(text: str) -> str:
    """One line of plain letters, as an edit decision list can hold."""
    return " ".join(shown(text).encode("ascii", "replace").decode().split())


def _otio() -> Any:
    try:
        import opentimelineio
        import otio_cmx3600_adapter  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            f"an export for video editors needs {error.name}: pip install 'longvid[export]'"
        ) from error
    return opentimelineio
