"""Text subtitle tracks inside a media file, read from their packets (the decoders would drop voices)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from longvid_indexer.opening import open_media
from longvid_indexer.packets import demux
from longvid_indexer.probe import first_audio
from longvid_indexer.subtitles.ass import Event, add_events
from longvid_indexer.subtitles.cue import LONGEST_S, Subtitles
from longvid_indexer.subtitles.film_clock import timecode_of
from longvid_indexer.subtitles.languages import normalise_language
from longvid_indexer.subtitles.markup import visible
from longvid_indexer.subtitles.picture_captions import caption_pairs, damaged, has_captions
from longvid_indexer.subtitles.reading import finish
from longvid_indexer.subtitles.scc import ClosedCaptions
from longvid_indexer.subtitles.timing import add_cue
from longvid_indexer.subtitles.xml_captions import parse_xml_captions

TEXT_CODECS = frozenset(
    ("mov_text", "subrip", "srt", "webvtt", "ass", "ssa", "text", "cc_dec", "ttml", "wvtt")
)
IN_PICTURES = "CEA-608 in the pictures"
_WITHOUT_LENGTH_S = 5.0
_WEBVTT_BOXES = frozenset((b"vttc", b"vtte", b"vtta"))
# Packets of all tracks before the first one of a track that nobody knows.
_TRIED = 1000
_MOST_AT_ONCE = 16
"""Cues of one packet's document that may come again in the next."""


@dataclass(frozen=True, slots=True)
class Track:
    """A subtitle stream: its index in the file, codec, and language if it names one."""

    index: int
    codec: str
    language: str | None
    rank: tuple[bool, int, int]


@dataclass(frozen=True, slots=True)
class Tracks:
    """The text tracks in the order to try them, the codecs of picture tracks, the language that is spoken, and where
    the film's timecode begins."""

    text: tuple[Track, ...]
    pictures: tuple[str, ...]
    spoken: str | None
    timecode_s: float | None = None


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
        for stream in container.streams:
            codec = _codec(path, stream)
            if codec is None:
                continue
            if codec not in TEXT_CODECS:
                pictures.append(codec)
                continue
            language = normalise_language(stream.metadata.get("language"))
            text.append(Track(stream.index, codec, language, _rank(stream, language, spoken)))
        ordered = tuple(sorted(text, key=lambda track: track.rank))
        return Tracks(ordered, tuple(pictures), spoken, timecode_of(container))


def captions_in_pictures(path: Path) -> Iterator[Track]:
    """The closed captions that the pictures themselves carry, as a track; nothing where they carry none.

    Raises:
        MediaError: the file cannot be opened.
    """
    index = has_captions(path)
    if index is not None:
        yield Track(index, IN_PICTURES, None, (True, 2, index))


def _codec(path: Path, stream: Any) -> str | None:
    """The codec of a subtitle track, by its first packet where FFmpeg has no decoder; None of other tracks."""
    if stream.type == "subtitle" and stream.codec_context is not None:
        return str(stream.codec_context.name)
    if stream.type not in ("subtitle", "data"):
        return None
    first = _first_packet(path, stream.index)
    if first.lstrip().startswith((b"<?xml", b"<tt")):
        return "ttml"
    if first[4:8] in _WEBVTT_BOXES:  # ISO/IEC 14496-30, which FFmpeg hands on as data
        return "wvtt"
    if stream.type == "data":
        return None
    return "teletext" if b"\x10" <= first[:1] <= b"\x1f" else "unknown"  # ETSI EN 300 472


def _first_packet(path: Path, index: int) -> bytes:
    from av.error import FFmpegError

    with open_media(path) as container:
        try:
            for packet in islice(container.demux(), _TRIED):
                if packet.stream.index == index and packet.size:
                    return bytes(packet)
        except FFmpegError:
            return b""  # whoever reads the track tells of it
    return b""


def _rank(stream: Any, language: str | None, spoken: str | None) -> tuple[bool, int, int]:
    from av.stream import Disposition

    partial = bool(stream.disposition & (Disposition.forced | Disposition.comment))
    default = bool(stream.disposition & Disposition.default)
    place = 0 if spoken is not None and language == spoken else 1 if default else 2
    return partial, place, stream.index


def read_track(path: Path, track: Track, start_s: float, until_s: float | None = None) -> Subtitles:
    """``read_tracks`` of one; also of what ``captions_in_pictures`` found."""
    if track.codec != IN_PICTURES:
        return read_tracks(path, [track], start_s, until_s)[0]
    captions, read = ClosedCaptions(), Subtitles()
    for shown_s, pairs in caption_pairs(path, track.index, read.problems):
        captions.packet(pairs, max(0.0, shown_s - start_s))
    return finish(captions.close(None, read), until_s)


def read_tracks(
    path: Path, tracks: Sequence[Track], start_s: float, until_s: float | None = None
) -> list[Subtitles]:
    """The cues of each of the tracks on the library's timeline, as ``finish`` leaves them; the file is read once.

    ``start_s`` is the container's start, taken off; ``until_s`` is the length of the recording, if it is known.

    Raises:
        MediaError: the file cannot be opened.
    """
    from av.error import FFmpegError

    readers = {track.index: _PacketReader(track, start_s) for track in tracks}
    with open_media(path) as container:
        try:
            for packet in demux(container, *(container.streams[index] for index in readers)):
                if packet.pts is not None and packet.size:
                    readers[packet.stream.index].add(packet)
        except FFmpegError as error:
            for reader in readers.values():
                reader.read.problems[damaged(error)] += 1
    return [finish(reader.close(), until_s) for reader in readers.values()]


class _PacketReader:
    """The packets of one track to cues, by its codec."""

    def __init__(self, track: Track, start_s: float) -> None:
        self.read = Subtitles(language=track.language)
        self.codec = track.codec
        self.start_s = start_s
        self.last_s: float | None = None
        self.events: list[Event] = []
        self.captions = ClosedCaptions()

    def add(self, packet: Any) -> None:
        begin = float(packet.pts * packet.time_base) - self.start_s
        length = float((packet.duration or 0) * packet.time_base) or _WITHOUT_LENGTH_S
        if begin + length <= 0 or begin > LONGEST_S:
            return
        self.last_s = begin + length
        data = bytes(packet)
        if self.codec == "cc_dec":
            self.captions.packet(data, max(0.0, begin))
        elif self.codec == "ttml":
            self._document(data, begin)
        elif self.codec == "wvtt":
            self._wrapped(data, begin, begin + length)
        else:
            self._text(data, begin, begin + length)

    def close(self) -> Subtitles:
        self.captions.close(self.last_s, self.read)
        add_events(self.read, self.events)
        return self.read

    def _text(self, data: bytes, begin: float, end: float) -> None:
        if self.codec == "mov_text":
            data = data[2 : 2 + int.from_bytes(data[:2], "big")]
        wide = data[:2] in (b"\xfe\xff", b"\xff\xfe")
        text = data.decode("utf-16" if wide else "utf-8", errors="replace").replace("\r", "\n")
        if self.codec not in ("ass", "ssa"):
            if visible(text).strip():
                add_cue(self.read, max(0.0, begin), end, text)
            return
        # ReadOrder, Layer, Style, Name, MarginL, MarginR, MarginV, Effect, Text
        fields = text.split(",", 8)
        if len(fields) == 9:
            speaker, effect = fields[3].strip() or None, fields[7].strip().lower()
            self.events.append(Event(max(0.0, begin), end, fields[8], speaker, fields[2], effect))

    def _wrapped(self, data: bytes, begin: float, end: float) -> None:
        """A sample of WebVTT in MP4: a box for each cue, which the next sample has again where it goes on."""
        for kind, cue in _boxes(data):
            text = (
                next((inner for name, inner in _boxes(cue) if name == b"payl"), b"")
                if kind == b"vttc"
                else b""
            )
            if not text.strip():
                continue
            before = len(self.read.cues)
            add_cue(self.read, max(0.0, begin), end, text.decode("utf-8", errors="replace"))
            for place in range(before - 1, max(-1, before - 1 - _MOST_AT_ONCE), -1):
                again = self.read.cues[place]
                if (
                    self.read.cues[before:]
                    and again.lines == self.read.cues[before].lines
                    and again.end_s == begin
                ):
                    self.read.cues[place] = replace(again, end_s=self.read.cues.pop().end_s)
                    break

    def _document(self, data: bytes, begin: float) -> None:
        """A packet of TTML is a document, on the track's clock (ISO/IEC 14496-30); some writers count from the packet.

        A cue that lasts longer than its packet stands in the next one's document again.
        """
        document = parse_xml_captions(data.decode("utf-8", errors="replace"))
        self.read.problems.update(document.problems)
        on_track = all(cue.end_s - self.start_s > begin for cue in document.cues)
        shift_s = -self.start_s if on_track else begin
        known = set(self.read.cues[-_MOST_AT_ONCE:])
        for cue in document.cues:
            moved = replace(cue, start_s=max(cue.start_s + shift_s, 0.0), end_s=cue.end_s + shift_s)
            if moved.start_s < moved.end_s and moved not in known:
                self.read.cues.append(moved)


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The boxes of an MP4 sample: name and content; what is cut short is left out."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size < 8 or at + size > len(data):
            return
        yield data[at + 4 : at + 8], data[at + 8 : at + size]
        at += size
