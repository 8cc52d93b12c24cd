"""Cut spans into one file, and read it back to see that every span lies where it should."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from heapq import merge
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from longvid_indexer.clipping.copying import BASE, TICKS, Clock, audio_packets, video_packets
from longvid_indexer.clipping.making import RATE, pictures, sound, video_encoder
from longvid_indexer.clipping.planning import SUFFIXES, Cut, Method, Step, plan
from longvid_indexer.clipping.sources import heard, look, time_of
from longvid_indexer.remote import as_path
from longvid_storage.errors import MediaError, UsageError
from longvid_storage.types import MediaSpan

_BLOCK = 1024
_Packets = tuple[float, list[Any]]


@dataclass(frozen=True, slots=True)
class ClipPart:
    """A span in the clip: ``[start_s, end_s)`` of the clip shows the file from ``source_start_s`` on.

    ``method`` is how its pictures came in; ``why`` they were not copied, else empty.
    """

    title: str
    path: str
    source_start_s: float
    source_end_s: float
    start_s: float
    end_s: float
    method: Method
    why: str = ""


@dataclass(frozen=True, slots=True)
class Clip:
    """A film of spans; ``sound`` is how its sound came in, None when it has none.

    ``left_out`` says which spans have no place in it, and why.
    """

    path: str
    duration_s: float
    parts: tuple[ClipPart, ...]
    sound: Method | None
    left_out: tuple[str, ...] = ()


def cut(spans: Sequence[MediaSpan], path: Path, *, reencode: bool = False, force: bool = False) -> Clip:
    """Write the spans, one behind the other, to ``path``.

    Args:
        spans: what to show, in this order.
        path: an ``.mp4``, ``.mov`` or ``.mkv``, or an ``.m4a`` for sound alone.
        reencode: copy nothing, so that every part begins at its very first frame in every player.
        force: write over a file that is there.

    A file is there at the end only when all went well and the times that were read back are right.

    Raises:
        UsageError: no spans, another suffix, or the file is there. MediaError: a span cannot be cut.
    """
    _check(spans, path, force)
    found = plan([look(span) for span in spans], path.suffix.lower(), reencode=reencode)
    if found.size is not None and path.suffix.lower() == ".m4a":
        raise UsageError(
            f"{path.name} is for sound alone, and there are pictures to show: name it .mp4 or .mkv"
        )
    if found.size is None and found.sound is None:
        raise MediaError(f"{spans[0].path} has neither pictures nor sound to cut", code="no_film")
    written = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        _write(found, written)
        read_back(found, written)
        os.replace(written, path)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror or error}; choose another place"
        ) from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            written.unlink()
    parts = tuple(_part(step) for step in found.steps)
    return Clip(str(path), parts[-1].end_s, parts, found.sound)


def read_back(found: Cut, path: Path) -> None:
    """Open the clip and compare: a picture at the start of every part, and both streams as long as planned.

    Raises:
        MediaError: the file is not what was planned (code ``"bad_clip"``).
    """
    from longvid_indexer.opening import open_media
    from longvid_indexer.probe import first_audio, first_video

    length_s = found.steps[-1].at_s + found.steps[-1].length_s
    frame_s = float(1 / found.rate)
    with open_media(path) as container:
        video, audio = first_video(container), first_audio(container)
        times: dict[int, list[tuple[float, float]]] = {s.index: [] for s in (video, audio) if s is not None}
        for packet in container.demux([s for s in (video, audio) if s is not None]):
            if packet.pts is not None:
                lasts_s = float((packet.duration or 0) * packet.time_base)
                times[packet.stream.index].append((float(packet.pts * packet.time_base), lasts_s))
        shown = sorted(times[video.index]) if video is not None else []
        heard = sorted(times[audio.index]) if audio is not None else []
    wrong = [] if (video is None) == (found.size is None) else ["pictures are missing"]
    if (audio is None) != (found.sound is None):
        wrong.append("sound is missing")
    if shown:
        zero_s = shown[0][0]
        for step in found.steps:
            nearest = min(abs(time_s - zero_s - step.at_s) for time_s, _ in shown)
            if nearest > 0.002:
                wrong.append(f"no picture at {step.at_s:.3f} s")
        if len({time_s for time_s, _ in shown}) < len(shown):
            wrong.append("two pictures at one time")
        if abs(shown[-1][0] - zero_s - found.last_picture_s) > 0.002:
            wrong.append(f"the last picture at {shown[-1][0] - zero_s:.3f} s")
    if heard and abs(heard[-1][0] + heard[-1][1] - length_s) > 0.1 + frame_s:
        wrong.append(f"sound until {heard[-1][0] + heard[-1][1]:.3f} s")
    if wrong:
        raise MediaError(
            f"the clip did not come out as planned, {length_s:.3f} s long ({'; '.join(wrong)}): "
            "cut it again with --reencode",
            code="bad_clip",
        )


def _check(spans: Sequence[MediaSpan], path: Path, force: bool) -> None:
    if not spans:
        raise UsageError("there is nothing to cut: give an answer that cites something, or VIDEO FROM TO")
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"a clip is one of {', '.join(SUFFIXES)}, and {path.name} is none: name it clip.mp4")
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent} is not a directory: make it, or choose another place")
    if path.exists():
        if any(as_path(span.path).exists() and path.samefile(span.path) for span in spans):
            raise UsageError(f"{path} is one of the films to cut from: give the clip another name")
        if not force:
            raise UsageError(f"{path} is there already: give another name, or --force to write over it")


def _part(step: Step) -> ClipPart:
    span = step.source.span
    return ClipPart(
        title=span.title,
        path=span.path,
        source_start_s=step.begin_s,
        source_end_s=step.begin_s + step.length_s,
        start_s=step.at_s,
        end_s=step.at_s + step.length_s,
        method=step.method,
        why=step.why,
    )


def _write(found: Cut, path: Path) -> None:
    import av
    from av.error import FFmpegError

    try:
        with contextlib.ExitStack() as stack:
            # Absolute: FFmpeg would take a name such as "http:…" for an address.
            container = stack.enter_context(av.open(os.path.abspath(path), "w"))
            tracks: list[Iterator[_Packets]] = []
            if found.size is not None:
                tracks.append(_video(found, _video_stream(found, container, stack)))
            if found.sound is not None:
                tracks.append(_audio(found, container, stack))
            for _, packets in merge(*tracks, key=lambda item: item[0]):
                container.mux(packets)
    except FFmpegError as error:
        if (
            isinstance(error, OSError)
            and error.filename in (os.path.abspath(path), None)
            and not path.exists()
        ):
            raise OSError(error.errno, error.strerror) from error
        raise MediaError(
            f"the spans cannot be cut ({error.strerror}): cut them again with --reencode", code="bad_clip"
        ) from error


def _video_stream(found: Cut, container: Any, stack: contextlib.ExitStack) -> Any:
    from longvid_indexer.opening import open_media
    from longvid_indexer.probe import first_video

    assert found.size is not None
    if found.template:
        first = stack.enter_context(open_media(as_path(found.steps[0].source.span.path)))
        return container.add_stream_from_template(first_video(first))
    width, height = found.size
    return container.add_mux_stream("h264", rate=found.rate, width=width, height=height, time_base=BASE)


def _video(found: Cut, stream: Any) -> Iterator[_Packets]:
    clock = Clock()
    for step in found.steps:
        packets = _made(found, step) if step.copied is None else _copied(found, step)
        for pts_s, dts_s, packet in packets:
            clock.place(packet, step.at_s + pts_s, step.at_s + dts_s)
            packet.stream = stream
            yield packet.dts / TICKS, [packet]


def _copied(found: Cut, step: Step) -> Iterator[tuple[float, float, Any]]:
    """(presentation, decoding) in seconds after the begin of the step, and the packet."""
    from av.bitstream import BitStreamFilterContext

    assert step.copied is not None
    filtered: Any = None
    for packet, dts_s in zip(video_packets(step.source), step.copied.dts_s, strict=True):
        pts_s = (time_of(packet, step.source.info) or 0.0) - step.begin_s
        base = packet.time_base
        if not found.template:
            # Among pictures of several encoders each keyframe carries the parameters of its own.
            filtered = filtered or BitStreamFilterContext("h264_mp4toannexb", packet.stream)
            (packet,) = filtered.filter(packet)
            packet.time_base = base
        yield pts_s, dts_s, packet


def _made(found: Cut, step: Step) -> Iterator[tuple[float, float, Any]]:
    assert found.size is not None
    encoder = video_encoder(*found.size, found.rate)
    frames = pictures(step.source, step.begin_s, step.frames, found.size, found.rate)
    for frame in chain(frames, [None]):
        for packet in encoder.encode(frame):
            packet.time_base = packet.time_base or 1 / found.rate
            yield float(packet.pts * packet.time_base), float(packet.dts * packet.time_base), packet


def _audio(found: Cut, container: Any, stack: contextlib.ExitStack) -> Iterator[_Packets]:
    from longvid_indexer.opening import open_media

    if found.sound == "copied":
        source = found.steps[0].source
        path = as_path(source.span.path)
        first = stack.enter_context(open_media(path))
        stream = container.add_stream_from_template(heard(path, source.info, source.span.audio_track)(first))
        return _copied_sound(found, stream)
    stream = container.add_stream("aac", rate=RATE, layout="stereo")
    return _made_sound(found, stream)


def _copied_sound(found: Cut, stream: Any) -> Iterator[_Packets]:
    clock = Clock()
    for step in found.steps:
        for packet in audio_packets(step.source, step.begin_s, step.begin_s + step.length_s):
            at_s = step.at_s + (time_of(packet, step.source.info) or 0.0) - step.begin_s
            clock.place(packet, at_s, at_s)
            packet.stream = stream
            yield packet.dts / TICKS, [packet]


def _made_sound(found: Cut, stream: Any) -> Iterator[_Packets]:
    import av

    done = 0
    for step in found.steps:
        end = round((step.at_s + step.length_s) * RATE)
        for block in sound(step.source, step.begin_s, end - done):
            for start in range(0, block.shape[1], _BLOCK):
                samples = np.ascontiguousarray(block[:, start : start + _BLOCK])
                frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
                frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), done
                done += samples.shape[1]
                yield done / RATE, stream.encode(frame)
    yield done / RATE, stream.encode(None)
