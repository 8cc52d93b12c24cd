"""Text subtitle tracks inside a media file, read from their packets (the decoders would drop voices)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longvid_indexer.probe import first_audio, open_media
from longvid_indexer.subtitles.ass import Event, add_events
from longvid_indexer.subtitles.cue import LONGEST_S, Subtitles
from longvid_indexer.subtitles.languages import normalise_language
from longvid_indexer.subtitles.markup import visible
from longvid_indexer.subtitles.reading import finish
from longvid_indexer.subtitles.timing import add_cue

if TYPE_CHECKING:
    from av.container import InputContainer

TEXT_CODECS = frozenset(("mov_text", "subrip", "srt", "webvtt", "ass", "ssa", "text"))
_WITHOUT_LENGTH_S = 5.0
_CAPTIONS = "closed captions (CEA-608)"
_TIMED_TEXT = "TTML"


@dataclass(frozen=True, slots=True)
class Track:
    """A subtitle stream: its index in the file, codec, and language if it names one."""

    index: int
    codec: str
    language: str | None
    rank: tuple[bool, int, int]


@dataclass(frozen=True, slots=True)
class Tracks:
    """The text tracks in the order to try them, the codecs of picture tracks, and the language that is spoken.

    ``unread``: the names of kinds of text that is not read.
    """

    text: tuple[Track, ...]
    pictures: tuple[str, ...]
    spoken: str | None
    unread: tuple[str, ...] = ()


def list_tracks(path: Path) -> Tracks:
    """What subtitle streams a file has.

    Order: forced and comment tracks last; the language of the sound, then the default track, then file order.

    Raises:
        MediaError: the file cannot be opened.
    """
    with open_media(path) as container:
        audio = first_audio(container)
        spoken = normalise_language(audio.metadata.get("language")) if audio is not None else None
        text: list[Track] = []
        pictures: list[str] = []
        unread: list[str] = []
        for stream in container.streams.subtitles:
            codec = stream.codec_context.name if stream.codec_context is not None else "unknown"
            if codec not in TEXT_CODECS:
                kind = _unread_text(container, stream, codec)
                (unread if kind else pictures).append(kind or codec)
                continue
            language = normalise_language(stream.metadata.get("language"))
            text.append(Track(stream.index, codec, language, _rank(stream, language, spoken)))
        ordered = tuple(sorted(text, key=lambda track: track.rank))
        return Tracks(ordered, tuple(pictures), spoken, tuple(dict.fromkeys(unread)))


def _unread_text(container: InputContainer, stream: Any, codec: str) -> str | None:
    """What kind of text a track is that FFmpeg does not hand on as text; None for pictures."""
    from av.error import FFmpegError

    if codec in ("cc_dec", "eia_608"):
        return _CAPTIONS
    if codec != "unknown":
        return None
    try:
        first = next((bytes(packet) for packet in container.demux(stream) if packet.size), b"")
    except FFmpegError:
        return None
    return _TIMED_TEXT if first.lstrip().startswith((b"<?xml", b"<tt")) else None


def _rank(stream: Any, language: str | None, spoken: str | None) -> tuple[bool, int, int]:
    from av.stream import Disposition

    partial = bool(stream.disposition & (Disposition.forced | Disposition.comment))
    default = bool(stream.disposition & Disposition.default)
    place = 0 if spoken is not None and language == spoken else 1 if default else 2
    return partial, place, stream.index


def read_track(path: Path, track: Track, start_s: float, until_s: float | None = None) -> Subtitles:
    """The cues of one track on the library's timeline, as ``finish`` leaves them.

    ``start_s`` is the container's start, taken off; ``until_s`` is the length of the recording, if it is known.

    Raises:
        MediaError: the file cannot be opened.
    """
    from av.error import FFmpegError

    read = Subtitles(language=track.language)
    events: list[Event] = []
    with open_media(path) as container:
        stream = container.streams[track.index]
        try:
            for packet in container.demux(stream):
                if packet.pts is not None and packet.size:
                    _add_packet(read, events, packet, track.codec, start_s)
        except FFmpegError as error:
            read.problems[
                f"damage inside the subtitle track ({error.strerror}); what came before it is kept"
            ] += 1
    add_events(read, events)
    return finish(read, until_s)


def _add_packet(read: Subtitles, events: list[Event], packet: Any, codec: str, start_s: float) -> None:
    begin = float(packet.pts * packet.time_base) - start_s
    length = float((packet.duration or 0) * packet.time_base) or _WITHOUT_LENGTH_S
    if begin + length <= 0 or begin > LONGEST_S:
        return
    data = bytes(packet)
    if codec == "mov_text":
        data = data[2 : 2 + int.from_bytes(data[:2], "big")]
    wide = data[:2] in (b"\xfe\xff", b"\xff\xfe")
    text = data.decode("utf-16" if wide else "utf-8", errors="replace").replace("\r", "\n")
    if codec not in ("ass", "ssa"):
        if visible(text).strip():
            add_cue(read, max(0.0, begin), begin + length, text)
        return
    # ReadOrder, Layer, Style, Name, MarginL, MarginR, MarginV, Effect, Text
    fields = text.split(",", 8)
    if len(fields) == 9:
        speaker, effect = fields[3].strip() or None, fields[7].strip().lower()
        events.append(Event(max(0.0, begin), begin + length, fields[8], speaker, fields[2], effect))
