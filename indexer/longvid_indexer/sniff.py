"""What a file is, told from its first bytes: cheap enough to ask of every file in a directory.

Names lie in both directions (text called ``.mp4``, a recording without a suffix), so the content decides. What only
names other files (playlists, concat lists, manifests) is a kind of its own, looked for before anything else.
"""

from __future__ import annotations

import os
import re
from typing import Literal

from longvid_indexer.subtitles.encodings import utf16_without_mark

Kind = Literal["media", "subtitles", "image", "reference", "text", "empty", "unknown"]

HEAD_BYTES = 4096

_MEDIA_SUFFIXES_TEXT = (
    ".3g2 .3gp .aac .aif .aiff .amr .asf .avi .caf .divx .dv .f4v .flac .flv .m2ts .m4a .m4b .m4v .mka "
    ".mkv .mov .mp2 .mp3 .mp4 .mpe .mpeg .mpg .mts .mxf .oga .ogg .ogm .ogv .opus .qt .rm .rmvb .ts "
    ".vob .wav .weba .webm .wma .wmv "
)
MEDIA_SUFFIXES = frozenset(_MEDIA_SUFFIXES_TEXT.split())
# In the order in which to prefer one of several files of a talk.
SUBTITLE_SUFFIXES = (
    ".vtt", ".webvtt", ".srt", ".ass", ".ssa", ".ttml", ".dfxp", ".itt", ".json3", ".srv3", ".srv2", ".srv1", ".sbv",
    ".smi", ".sami", ".scc", ".lrc",
)  # fmt: skip
# Suffixes of much else: such a file is a transcript if its content is one.
TRANSCRIPT_SUFFIXES = (".json", ".textgrid", ".eaf", ".tsv", ".csv", ".sub", ".xml", ".docx", ".txt")
# Subtitles that cannot be read: pictures, and formats of broadcasting.
UNREAD_SUFFIXES = (".sup", ".idx", ".stl", ".cap", ".pac", ".mks")

# Offset, bytes. The rarer formats are recognised by their suffix and then by the demuxer itself.
_MEDIA_MAGIC = (
    (4, b"ftyp"), (4, b"moov"), (4, b"moof"), (4, b"styp"), (4, b"mdat"), (4, b"wide"), (4, b"sidx"), (4, b"skip"),
    (0, b"\x1aE\xdf\xa3"), (0, b"OggS"), (0, b"fLaC"),
    (0, b"FLV\x01"), (0, b"ID3"), (0, b"\x00\x00\x01\xba"), (0, b"\x00\x00\x01\xb3"), (0, b"#!AMR"),
    (0, b"0&\xb2u\x8ef\xcf\x11"), (0, b".RMF"), (0, b"caff"), (0, b"\x06\x0e+4\x02\x05\x01\x01"),
)  # fmt: skip
# Chunked formats: the first four bytes say so, the kind comes behind the size.
_CHUNKED = {
    b"RIFF": (b"AVI ", b"WAVE", b"AMV "), b"RF64": (b"WAVE",), b"RIFX": (b"WAVE",), b"FORM": (b"AIFF", b"AIFC"),
}  # fmt: skip
# How lists of other files begin, after a byte order mark, spaces and control characters; compared in lower case.
_REFERENCES = (
    (rb"#extm3u", "a playlist (M3U)"),
    (rb"ffconcat\b", "a list of files for FFmpeg (ffconcat)"),
    (rb"\[playlist\]", "a playlist (PLS)"),
    (rb"\[(internetshortcut|reference)\]", "an internet shortcut"),
    (rb"# ?mpv edl", "an edit list (EDL)"),
    (rb"title:[^\n]{0,200}\s+fcm:", "an edit list (EDL)"),
    (rb"v=0\s+o=", "a session description (SDP)"),
    (rb"(rtmpe?|rtsp|https?|mmsh?|ftp|file|concat|subfile)://?\S{1,2000}\s*\Z", "an address"),
    (rb"# vobsub index", "an index of picture subtitles (VobSub)"),
)
_XML_REFERENCES = (
    (rb"<mpd[\s>]", "a streaming manifest (DASH)"),
    (rb"<smoothstreamingmedia[\s>]", "a streaming manifest (Smooth Streaming)"),
    (rb"<manifest[\s>][^\0]{0,2000}ns\.adobe\.com/f4m", "a streaming manifest (HDS)"),
    (rb"<(\w{1,20}:)?compositionplaylist[\s>]", "a composition playlist (IMF)"),
    (rb"<(\w{1,20}:)?assetmap[\s>]", "an asset map (IMF)"),
    (rb"<smil[\s>]", "a playlist (SMIL)"),
    (rb"<asx[\s>]", "a playlist (ASX)"),
    (rb"<playlist[\s>][^\0]{0,500}xspf", "a playlist (XSPF)"),
    (rb"<(fcpxml|xmeml)[\s>]", "an edit list (Final Cut)"),
)
_PACKED = (
    (b"PK\x03\x04", "a ZIP archive"), (b"\x1f\x8b", "packed by gzip"), (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"), (b"\xfd7zXZ", "packed by xz"), (b"BZh", "packed by bzip2"),
)  # fmt: skip
_BEFORE_TEXT = bytes(range(33)) + b"\x7f\xef\xbb\xbf\xfe\xff"
_IMAGE_MAGIC = (
    (0, b"\x89PNG"), (0, b"\xff\xd8\xff"), (0, b"GIF8"), (0, b"II*\x00"), (0, b"MM\x00*"),
    (4, b"ftypheic"), (4, b"ftypheix"), (4, b"ftypmif1"), (4, b"ftypavif"), (4, b"ftypheif"), (0, b"BM"),
)  # fmt: skip
_GAP = r"[ \t]{0,9}"
_CUE_TIME = re.compile(
    rf"^{_GAP}-?(?:\d{{1,4}}:)?\d{{1,4}}:-?\d{{1,2}}(?:[.,;]\d{{1,9}})?{_GAP}-{{1,9}}>{_GAP}(?:(?:\d{{1,4}}:)?\d{{1,2}}:\d|$)"
    rf"|^{_GAP}\d{{1,7}}[.,]\d{{1,9}}{_GAP}-->{_GAP}\d{{1,7}}[.,]\d",
    re.MULTILINE,
)
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CONTROL = bytes(set(range(32)) - set(b"\t\n\r\f\x1b"))
# Real text has stray control characters (a vertical tab, Ctrl-Z, zeros at its end); random bytes have 10 % of them.
_CONTROL_SHARE = 0.05


def like_subtitles(name: str) -> bool:
    """Whether a file could hold subtitles or a transcript, by its suffix."""
    suffix = os.path.splitext(name)[1].lower()
    return suffix in SUBTITLE_SUFFIXES or suffix in TRANSCRIPT_SUFFIXES or suffix in UNREAD_SUFFIXES


def reference_kind(head: bytes) -> str | None:
    """What a file is that holds no media itself but names other files, ``"a playlist (M3U)"``; None for others."""
    text = head.replace(b"\0", b"").lstrip(_BEFORE_TEXT).lower()  # UTF-16 too is ASCII between zeros
    found = (name for pattern, name in _REFERENCES if re.match(pattern, text))
    if text.startswith(b"<"):
        found = (name for pattern, name in _XML_REFERENCES if re.search(pattern, text))
    return next(found, None)


def no_subtitles_kind(head: bytes) -> str | None:
    """What stands in place of subtitles where a download went wrong, as the end of a sentence; None for others."""
    packed = next((name for magic, name in _PACKED if head.startswith(magic)), None)
    if packed is not None:
        return f"is {packed}: unpack it"
    page = re.match(rb"(?:<!doctype html|<html)[\s>]", head.replace(b"\0", b"").lstrip(_BEFORE_TEXT).lower())
    return "is a web page, as sites send in place of what they have not: fetch it again" if page else None


def sniff_bytes(head: bytes) -> Kind:
    """The kind of the file that begins with ``head``; ``"unknown"`` is binary of no format known here."""
    if not head:
        return "empty"
    if reference_kind(head) is not None:
        return "reference"
    if any(head[at : at + len(magic)] == magic for at, magic in _IMAGE_MAGIC) or _chunk(head) == b"WEBP":
        return "image"
    if any(head[at : at + len(magic)] == magic for at, magic in _MEDIA_MAGIC) or _is_transport_stream(head):
        return "media"
    if _chunk(head) in _CHUNKED.get(head[:4], ()):
        return "media"
    if not is_text(head) or (_controls(head) and not _is_utf16(head) and _is_mpeg_audio(head)):
        return "media" if _is_mpeg_audio(head) else "unknown"
    text = head_text(head).replace("\r", "\n")
    if text.startswith("WEBVTT") or text.lstrip().startswith("[Script Info]") or _CUE_TIME.search(text):
        return "subtitles"
    return "text"


def _chunk(head: bytes) -> bytes:
    return head[8:12] if head[:4] in _CHUNKED else b""


def is_text(head: bytes) -> bool:
    """Whether these bytes are text in some encoding: hardly any control characters, or UTF-16."""
    if _is_utf16(head):
        return True
    text = head.rstrip(b"\x00")
    return bool(text) and _controls(text) <= _CONTROL_SHARE * len(text)


def _is_utf16(head: bytes) -> bool:
    return head.startswith(_UTF16_MARKS) or utf16_without_mark(head) is not None


def head_text(head: bytes) -> str:
    """A readable form of the head, good enough to find ASCII in it."""
    encoding = "utf-16" if head.startswith(_UTF16_MARKS) else utf16_without_mark(head) or "utf-8-sig"
    return head.decode(encoding, errors="replace")


def _controls(head: bytes) -> int:
    return len(head) - len(head.translate(None, _CONTROL))


def _is_transport_stream(head: bytes) -> bool:
    """Packets of 188 bytes (192 with a time stamp before each) that begin with 0x47."""
    for size, first in ((188, 0), (192, 4)):
        starts = head[first::size]
        if len(starts) >= 3 and set(starts) == {0x47}:
            return True
    return False


def _is_mpeg_audio(head: bytes) -> bool:
    """An MPEG or ADTS frame header at the very start: sync word, and no reserved value in its fields."""
    if len(head) < 4 or head[0] != 0xFF:
        return False
    adts = head[1] & 0xF6 == 0xF0 and (head[2] >> 2) & 0xF < 13
    layered = head[1] & 0xE0 == 0xE0 and head[1] & 0x06 != 0 and head[1] & 0x18 != 0x08
    return adts or (layered and head[2] >> 4 not in (0, 15) and head[2] & 0x0C != 0x0C)
