"""A subtitle file to cues, whatever its encoding and whatever format its content really is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from longvid_indexer.report import ErrorInfo
from longvid_indexer.sniff import HEAD_BYTES, no_subtitles_kind
from longvid_indexer.subtitles.ass import is_event, parse_ass
from longvid_indexer.subtitles.cue import Subtitles
from longvid_indexer.subtitles.docx import MAGIC, docx_text, name_first_lines
from longvid_indexer.subtitles.doubts import possible_times, without_data
from longvid_indexer.subtitles.elan import is_elan, parse_elan
from longvid_indexer.subtitles.encodings import decode_text
from longvid_indexer.subtitles.film_clock import on_the_films_clock
from longvid_indexer.subtitles.json_transcripts import parse_json
from longvid_indexer.subtitles.regular import read_regular
from longvid_indexer.subtitles.rolling import unroll
from longvid_indexer.subtitles.scc import parse_scc
from longvid_indexer.subtitles.srt import parse_srt
from longvid_indexer.subtitles.tables import is_table, parse_table
from longvid_indexer.subtitles.telemetry import is_telemetry
from longvid_indexer.subtitles.textgrid import is_textgrid, parse_textgrid
from longvid_indexer.subtitles.timed_lines import (
    is_lrc,
    is_microdvd,
    is_sami,
    is_sbv,
    parse_lrc,
    parse_microdvd,
    parse_sami,
    parse_sbv,
)
from longvid_indexer.subtitles.timed_text import is_bracketed_spans, is_timed_text, parse_timed_text
from longvid_indexer.subtitles.tmplayer import is_tmplayer, parse_tmplayer
from longvid_indexer.subtitles.webvtt import parse_webvtt
from longvid_indexer.subtitles.xml_captions import is_xml_captions, parse_xml_captions
from longvid_storage.errors import MediaError

READABLE = (
    ".vtt, .srt, .ass, .ttml, .sbv, .lrc, .smi, .scc, .sub with text, YouTube's .json3 and .srv3, JSON, .tsv and .csv"
    " of Whisper, .TextGrid, .eaf, .txt and .docx with times"
)
_HEAD_BYTES = 64 * 2**10
# JSON of times and texts may be anything; a talk has more words than an entry of a list.
_FEWEST_WORDS = 3
_ARROW = re.compile(r"\d\s{0,4}(?:[-=]{1,4}\s{0,2}(?:>|&gt;)|[→➔➜⇒]|—>|–>)\s{0,4}(?:\d|$)", re.MULTILINE)
_JSON = re.compile(r"\s{0,1000}(?:\{\s{0,1000}\"|\[\s{0,1000}\{)")
# What the beginning of a transcript in JSON shows: a time, or a text of more than fits into the beginning.
_JSON_TOLD = re.compile(
    r'"(?:\w{0,20}text|\w{0,20}transcripts?|display|t|\w{0,20}(?:start|begin|from|ts|time|timestamp|timestamps|offset)\w{0,14})"'
    r"\s{0,9}:",
    re.IGNORECASE,
)


def read_subtitles(
    path: Path,
    language: str | None = None,
    frame_rate: float | None = None,
    until_s: float | None = None,
    timecode_s: float | None = None,
) -> Subtitles:
    """Read a subtitle file or a transcript with times, in any of the formats that ``READABLE`` names.

    Malformed cues are mended or left out, and ``problems`` counts them; a file of nothing but those has no cues.
    A lone transcript is read when it is probed and again by its stage: what was parsed last is not parsed anew, until
    ``forget_parsed``.

    Args:
        path: the file.
        language: what it is said to be written in (``"ru"``); helps to tell an encoding.
        frame_rate: that of the film beside, in 1/s; places formats that count frames.
        until_s: where the recording ends that it belongs to, if that is known.
        timecode_s: where that one's own timecode begins, if it has one.

    Raises:
        MediaError: it is no regular file, cannot be read, is too large for subtitles, or is an archive or a web page;
            or a parser failed, which is a fault of longvid (code ``"unexpected"``).
    """
    data = read_regular(path)
    text, encoding = _text_of(data, language)
    try:
        last = _last_parsed(text, frame_rate, until_s, timecode_s)
    except Exception as error:  # whoever looks for transcripts in a folder goes on to the next file
        fault = ErrorInfo.of(error, str(path))
        raise MediaError(fault.message, code=fault.code) from error
    read = replace(last, cues=[*last.cues], problems=Counter(last.problems), remarks=[*last.remarks])
    if not (read.cues or path.suffix.lower() == ".docx") and (what := no_subtitles_kind(data[:HEAD_BYTES])):
        raise MediaError(f"{path} {what}", code="no_cues")
    if data.startswith(MAGIC):
        name_first_lines(read)
    if encoding is not None:
        read.problems[f"subtitle file is not UTF-8: it was read as {encoding}"] += 1
    return read


def parse_subtitles(
    text: str,
    frame_rate: float | None = None,
    until_s: float | None = None,
    timecode_s: float | None = None,
) -> Subtitles:
    """Parse by content: a header decides, and without one the lines of times do. The cues are those of ``finish``."""
    text = text.replace("\x00", "").replace("\r\r\n", "\n").replace("\ufeff", "")
    parse = _parser_for(text.lstrip()) or parse_srt
    if parse is parse_microdvd:
        return finish(parse_microdvd(text, frame_rate), until_s)
    return finish(parse(text.lstrip() if parse is parse_webvtt else text), until_s, timecode_s)


@lru_cache(maxsize=1)
def _last_parsed(
    text: str, frame_rate: float | None, until_s: float | None, timecode_s: float | None
) -> Subtitles:
    return parse_subtitles(text, frame_rate, until_s, timecode_s)


def forget_parsed() -> None:
    """Give back the memory of the file that was read last."""
    _last_parsed.cache_clear()


def finish(read: Subtitles, until_s: float | None = None, timecode_s: float | None = None) -> Subtitles:
    """Bring what a parser read into the order of time, everything said once, at times that are possible."""
    without_data(read)
    on_the_films_clock(read, until_s, timecode_s)
    read.cues.sort(key=lambda cue: cue.start_s)
    if is_telemetry(read):  # its lines come again from cue to cue, as those of captions that roll
        read.telemetry = True
        return read
    read.cues[:] = unroll(read.cues)
    possible_times(read, until_s)
    return read


def holds_transcript(path: Path, *, alone: bool = False) -> bool:
    """Whether a file whose suffix says little is a transcript with times; ``alone``: surely enough to be one unasked.

    Raises:
        MediaError: as ``read_subtitles`` does.
    """
    head = read_regular(path, _HEAD_BYTES)
    if head.startswith(MAGIC):
        text = docx_text(read_regular(path)) or ""
    elif b"\x00\x00\x01" in head[:4]:
        return False  # pictures of subtitles
    else:
        text = decode_text(head)[0].lstrip("\ufeff").lstrip()
    parse = _parser_for(text)
    if parse is parse_json:
        if _JSON_TOLD.search(text) is None:
            return False
        words = sum(len(line.text.split()) for cue in read_subtitles(path).cues for line in cue.lines)
        return words >= (_FEWEST_WORDS if alone else 1)
    if parse is parse_timed_text and alone:
        return is_timed_text(text, alone=True)
    if parse is parse_srt and alone:
        return _ARROW.search(text[:400]) is not None
    return parse is not None


_FFMPEG_READS = (".mks", ".aqt", ".jss", ".pjs", ".rt", ".vpl")


def refusal(path: Path) -> MediaError:
    """What to say of a file that is no transcript: what is readable, and how to get there."""
    suffix = path.suffix.lower()
    if suffix in (".sup", ".idx"):
        by = "Subtitle Edit reads its pictures"
    elif suffix in _FFMPEG_READS:
        by = f"Subtitle Edit, or ffmpeg -i '{path.name}' '{path.stem}.srt'"
    else:
        by = "Subtitle Edit reads some 300 formats"
    return MediaError(
        f"{path} holds no subtitles or transcript with times that can be read: readable are {READABLE};"
        f" convert it to {path.stem}.srt ({by})",
        code="no_cues",
    )


def _text_of(data: bytes, language: str | None) -> tuple[str, str | None]:
    if data.startswith(MAGIC):
        return docx_text(data) or "", None
    return decode_text(data, language)


def _is_ass(text: str) -> bool:
    return text.startswith(("[Script Info]", "[V4", "[Events]")) or any(map(is_event, _dialogue(text)))


def _dialogue(text: str) -> list[str]:
    """The first lines that begin like an ASS event."""
    found: list[str] = []
    at = 0
    while len(found) < 10 and (at := text.find("Dialogue:", at)) >= 0:
        if not at or text[at - 1] in "\r\n":
            found.append(text[at : at + 200])
        at += 1
    return found


# How each format is known, and its parser; the first that fits.
_FORMATS: tuple[tuple[Callable[[str], bool], Callable[[str], Subtitles]], ...] = (
    (lambda text: text.startswith("WEBVTT"), parse_webvtt),
    (_is_ass, parse_ass),
    (lambda text: _JSON.match(text) is not None, parse_json),
    (is_xml_captions, parse_xml_captions),
    (is_elan, parse_elan),
    (is_textgrid, parse_textgrid),
    (is_sami, parse_sami),
    (lambda text: text.startswith("Scenarist_SCC"), parse_scc),
    (is_microdvd, parse_microdvd),
    (is_bracketed_spans, parse_timed_text),
    (lambda text: _ARROW.search(text) is not None, parse_srt),
    (is_sbv, parse_sbv),
    (is_tmplayer, parse_tmplayer),
    (is_lrc, parse_lrc),
    (is_table, parse_table),
    (is_timed_text, parse_timed_text),
)


def _parser_for(text: str) -> Callable[[str], Subtitles] | None:
    return next((parse for fits, parse in _FORMATS if fits(text)), None)
