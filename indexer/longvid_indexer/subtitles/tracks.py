"""Text subtitle tracks inside a media file, read from their packets (the decoders would drop voices)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longvid_indexer.packets import demux
from longvid_indexer.probe import first_audio, open_media
from longvid_indexer.subtitles.ass import event_text
from longvid_indexer.subtitles.cue import LONGEST_S, Subtitles
from longvid_indexer.subtitles.languages import normalise_language
from longvid_indexer.subtitles.timing import add_cue

TEXT_CODECS = frozenset(("mov_text", "subrip", "srt", "webvtt", "ass", "ssa", "text"))
_WITHOUT_LENGTH_S = 5.0


@dataclass(frozen=True, slots=True)
class Track:
    """A subtitle stream: its index in the file, codec, and language if it names one."""

    index: int
    codec: str
    language: str | None
    rank: tuple[bool, int, int]


@dataclass(frozen=True, slots=True)
class Tracks:
    """The text tracks in the order to try them, the codecs of picture tracks, and the language that is spoken."""

    text: tuple[Track, ...]
    pictures: tuple[str, ...]
    spoken: str | None


def list_tracks(path: Path) -> Tracks:
    """What subtitle streams a file has.

    Order: forced and comment tracks last; the language of the sound, then the default track, then file order.

    Raises:
        MediaError: the file cannot be opened.
    """
    with open_media(path) as container:
        audio = first_audio(container)
        spoken = normalise_language(audio.metadata.get("language")) if audio is not None else None
        text, pictures = [], []
        for stream in container.streams.subtitles:
            codec = stream.codec_context.name if stream.codec_context is not None else "unknown"
            if codec not in TEXT_CODECS:
                pictures.append(codec)
                continue
            language = normalise_language(stream.metadata.get("language"))
            text.append(Track(stream.index, codec, language, _rank(stream, language, spoken)))
        return Tracks(tuple(sorted(text, key=lambda track: track.rank)), tuple(pictures), spoken)


def _rank(stream: Any, language: str | None, spoken: str | None) -> tuple[bool, int, int]:
    from av.stream import Disposition

    partial = bool(stream.disposition & (Disposition.forced | Disposition.comment))
    default = bool(stream.disposition & Disposition.default)
    place = 0 if spoken is not None and language == spoken else 1 if default else 2
    return partial, place, stream.index


def read_track(path: Path, track: Track, start_s: float) -> Subtitles:
    """The cues of one track on the library's timeline; ``start_s`` is the container's start, taken off.

    Raises:
        MediaError: the file cannot be opened.
    """
    from av.error import FFmpegError

    read = Subtitles(language=track.language)
    with open_media(path) as container:
        stream = container.streams[track.index]
        try:
            for packet in demux(container, stream):
                if packet.pts is not None and packet.size:
                    _add_packet(read, packet, track.codec, start_s)
        except FFmpegError as error:
            read.problems[
                f"damage inside the subtitle track ({error.strerror}); what came before it is kept"
            ] += 1
    return read


def _add_packet(read: Subtitles, packet: Any, codec: str, start_s: float) -> None:
    begin = float(packet.pts * packet.time_base) - start_s
    length = float((packet.duration or 0) * packet.time_base) or _WITHOUT_LENGTH_S
    if begin + length <= 0 or begin > LONGEST_S:
        return
    data, speaker = bytes(packet), None
    if codec == "mov_text":
        data = data[2 : 2 + int.from_bytes(data[:2], "big")]
    wide = data[:2] in (b"\xfe\xff", b"\xff\xfe")
    text = data.decode("utf-16" if wide else "utf-8", errors="replace")
    if codec in ("ass", "ssa"):
        # ReadOrder, Layer, Style, Name, MarginL, MarginR, MarginV, Effect, Text
        fields = text.split(",", 8)
        if len(fields) < 9:
            return
        speaker, text = fields[3].strip() or None, event_text(fields[8])
    if text.strip():
        add_cue(read, max(0.0, begin), begin + length, text.replace("\r", "\n"), speaker)
