"""What a file is before anything is made of it: streams, length, start, title, chapters; or one sentence why not."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longvid_indexer.info_json import is_info, no_transcript
from longvid_indexer.opening import open_media, open_regular, refers_elsewhere, unreadable
from longvid_indexer.sniff import (
    HEAD_BYTES,
    SUBTITLE_SUFFIXES,
    like_subtitles,
    reference_kind,
    sniff_bytes,
)
from longvid_indexer.titles import file_title, is_counted, sensible_title
from longvid_storage.errors import MediaError
from longvid_storage.text.dates import date_in
from longvid_storage.types import Chapter, VideoInfo

if TYPE_CHECKING:
    from av.container import InputContainer

# A picture should come out within so many packets; else its orientation stays unknown and the visual pass will tell.
_PACKETS_FOR_FIRST_PICTURE = 100
_ENCRYPTED_TAGS = frozenset(("encv", "enca", "drmi", "drms"))
_LATE_START_S = 0.5
_CLOCK_WAS_SET = "1995-01-01"


def probe(path: Path, video_id: str) -> VideoInfo:
    """Look at a media file or a lone transcript.

    ``duration_s`` is what the container says, or, where it says nothing or its clock breaks, the span of its packets
    (which costs reading the file once). A truncated file keeps the length its header promises; the visual pass reports
    how far it decodes.
    ``stream_start_s`` is the first timestamp of the container: subtract it from a stream's times to get the library's.
    ``width`` and ``height`` are those of the upright picture. Cover art is not video.

    Raises:
        MediaError: the file is missing, empty, unreadable, not media, an image, encrypted, or has nothing to play.
    """
    head = _read_head(path)
    kind = sniff_bytes(head)
    if kind == "empty":
        raise MediaError(f"{path} is empty (0 bytes): copy or download it again", code="empty_file")
    if kind == "reference":
        raise refers_elsewhere(path, reference_kind(head) or "a list of files")
    if is_info(path):
        raise no_transcript(path)
    if kind == "subtitles" or (like_subtitles(path.name) and kind in ("text", "unknown")):
        return _probe_transcript(path, video_id)
    if like_subtitles(path.name) and path.suffix.lower() not in SUBTITLE_SUFFIXES:
        from longvid_indexer.subtitles.reading import refusal

        raise refusal(path)
    if kind == "image":
        raise MediaError(f"{path} is a picture, not a video: longvid indexes video, audio and subtitle files",
                         code="image")  # fmt: skip
    if kind == "text":
        from longvid_indexer.subtitles.reading import READABLE, holds_transcript

        if holds_transcript(path, alone=True):
            return _probe_transcript(path, video_id)
        raise MediaError(f"{path} is a text file, not media, whatever its name says, and no transcript with times:"
                         f" readable are {READABLE}", code="not_media")  # fmt: skip
    return _probe_media(path, video_id)


def _read_head(path: Path) -> bytes:
    with open_regular(path) as file:
        try:
            return file.read(HEAD_BYTES)
        except OSError as error:
            raise unreadable(path, error) from error


def _probe_transcript(path: Path, video_id: str) -> VideoInfo:
    from longvid_indexer.subtitles.reading import read_subtitles, refusal
    from longvid_indexer.subtitles.talks import own_title
    from longvid_indexer.subtitles.telemetry import TELEMETRY

    read = read_subtitles(path)
    if not read.cues and path.suffix.lower() not in (".vtt", ".srt"):
        raise refusal(path)
    if read.telemetry:
        raise MediaError(f"{path} {TELEMETRY}", code="data")
    if not read.cues:
        if read.remarks:
            raise MediaError(f"{path} holds no speech: {read.remarks[0]}", code="data")
        raise MediaError(
            f"{path} is a subtitle file without a single readable cue: a cue is a line such as"
            " '00:00:01.000 --> 00:00:04.000' and the text below it",
            code="no_cues",
        )
    return VideoInfo(
        video_id=video_id,
        title=own_title(read.title) or file_title(path),
        duration_s=max(cue.end_s for cue in read.cues),
        has_video=False,
        has_audio=False,
        media_type="transcript",
    )


def _probe_media(path: Path, video_id: str) -> VideoInfo:
    with open_media(path) as container:
        _require_streams(path, container)
        video = first_video(container)
        audio = first_audio(container)
        start_s = (container.start_time or 0) / 1_000_000
        size = _upright_size(container, video) if video is not None else (None, None)
        duration_s = _duration(path, container, start_s)
        return VideoInfo(
            video_id=video_id,
            title=sensible_title(container.metadata.get("title")) or file_title(path),
            recorded_on=_recorded_on(container),
            duration_s=duration_s,
            has_video=video is not None,
            has_audio=audio is not None,
            width=size[0],
            height=size[1],
            frame_rate=float(video.average_rate) if video is not None and video.average_rate else None,
            stream_start_s=start_s,
            chapters=_chapters(container, start_s, duration_s),
            media_type="video" if video is not None else "audio",
        )


def first_video(container: InputContainer) -> Any | None:
    """The video stream to look at: the one marked default, else the first; neither cover art nor undecodable."""
    import av

    attached = av.stream.Disposition.attached_pic
    streams = [
        s for s in container.streams.video if not s.disposition & attached and _playable(s) and s.width
    ]
    marked = [s for s in streams if s.disposition & av.stream.Disposition.default]
    return next(iter(marked or streams), None)


def first_audio(container: InputContainer) -> Any | None:
    """The audio stream marked default, else the first; never an undecodable one. ``listening`` tells which is heard."""
    import av

    streams = sounding(container)
    marked = [s for s in streams if s.disposition & av.stream.Disposition.default]
    return next(iter(marked or streams), None)


def sounding(container: InputContainer) -> list[Any]:
    """The audio streams that can be decoded, in the order of the file."""
    return [s for s in container.streams.audio if _playable(s) and s.rate]


def _playable(stream: Any) -> bool:
    context = stream.codec_context
    return context is not None and not _encrypted(context)


def _encrypted(context: Any) -> bool:
    try:
        return context.codec_tag in _ENCRYPTED_TAGS
    except UnicodeDecodeError:  # any four bytes may be written there
        return False


def _require_streams(path: Path, container: InputContainer) -> None:
    if first_video(container) is not None or first_audio(container) is not None:
        return
    streams = [*container.streams.video, *container.streams.audio]
    contexts = [stream.codec_context for stream in streams]
    if any(context is not None and _encrypted(context) for context in contexts):
        raise MediaError(f"{path} is encrypted: only unprotected files can be indexed", code="encrypted")
    if any(context is None for context in contexts):
        raise MediaError(f"{path} uses a codec that FFmpeg cannot decode: convert it, for example to H.264 and AAC",
                         code="undecodable")  # fmt: skip
    if streams:
        raise MediaError(f"{path} declares streams but holds no picture and no sound", code="no_frames")
    raise MediaError(f"{path} has no video stream and no audio stream: nothing in it can be indexed",
                     code="no_streams")  # fmt: skip


def _upright_size(container: InputContainer, video: Any) -> tuple[int, int]:
    """Width and height as seen: the display matrix travels with the decoded picture."""
    from av.error import FFmpegError

    width, height = video.width, video.height
    try:
        for number, packet in enumerate(container.demux(video)):
            for frame in packet.decode():
                return (height, width) if frame.rotation % 180 else (width, height)
            if number >= _PACKETS_FOR_FIRST_PICTURE:
                break
    except FFmpegError:
        return width, height
    return width, height


def _recorded_on(container: InputContainer) -> str | None:
    """The day of the container's ``creation_time``; clocks that were never set (1904, 1970, 1980) name none."""
    written = container.metadata.get("creation_time") or container.metadata.get(
        "com.apple.quicktime.creationdate"
    )
    day = date_in((written or "")[:10])
    return day if day is not None and day >= _CLOCK_WAS_SET else None


# Thirty years, as answers have it: what is longer is a damaged number.
_LONGEST_S = 1e9


def _duration(path: Path, container: InputContainer, start_s: float) -> float:
    """Seconds from the first timestamp to the end of the last stream, subtitle tracks included."""
    from longvid_indexer.packets import breaks

    if container.duration and container.duration > 0 and not breaks(path):
        ends = [container.duration / 1_000_000]
        if start_s > _LATE_START_S and "matroska" in container.format.name:
            # Some writers count Matroska's length from the first timestamp, some (FFmpeg) from zero: look. FFmpeg then
            # guesses the length of the subtitle tracks from that of the file.
            return min(ends[0], _packet_span(path)) or ends[0]
        # Recent FFmpegs leave subtitles out of the container's length; a cue after the last picture counts.
        ends += [
            float((stream.duration + (stream.start_time or 0)) * stream.time_base) - start_s
            for stream in container.streams.subtitles
            if stream.duration and stream.time_base
        ]
        if max(ends) < _LONGEST_S:
            return max(ends)
    span_s = _packet_span(path)
    if span_s >= _LONGEST_S:
        raise MediaError(f"{path} says that it is {span_s:.0f} seconds long: it is damaged", code="damaged")
    if span_s <= 0:
        raise MediaError(f"{path} declares streams but holds no picture and no sound", code="no_frames")
    return span_s


def _packet_span(path: Path) -> float:
    """Seconds between the first and the last moment any audio or video packet covers."""
    from av.error import FFmpegError

    from longvid_indexer.packets import demux

    first_s, last_s = float("inf"), float("-inf")
    with open_media(path) as container:
        streams = [s for s in (first_video(container), first_audio(container)) if s is not None]
        try:
            for packet in demux(container, *streams):
                if packet.pts is None or not packet.time_base:
                    continue
                base = Fraction(packet.time_base)
                at_s = float(packet.pts * base)
                first_s = min(first_s, at_s)
                last_s = max(last_s, at_s + float((packet.duration or 0) * base))
        except FFmpegError:
            # Cut off in the middle: what came before it still has a length.
            return max(0.0, last_s - first_s)
    return max(0.0, last_s - first_s)


def _chapters(container: InputContainer, start_s: float, duration_s: float) -> tuple[Chapter, ...]:
    """Chapter marks on the library's timeline, in order, cut to the video; nameless and empty ones are left out."""
    found = []
    for mark in container.chapters():
        base = mark["time_base"] or Fraction(1, 1000)
        begin = min(max(float(mark["start"] * base) - start_s, 0.0), duration_s)
        end = min(max(float(mark["end"] * base) - start_s, begin), duration_s)
        title = " ".join(mark["metadata"].get("title", "").split())
        if end > begin and title and not is_counted(title):
            found.append(Chapter(begin, end, title))
    return tuple(sorted(found, key=lambda chapter: (chapter.start_s, chapter.end_s)))
