"""Bytes of a subtitle file to text: BOMs, UTF-16 without one, UTF-8, and the code pages that older files are in."""

from __future__ import annotations

# What subtitles of a language are written in when they are not Unicode; the strictest decoder first.
_CODE_PAGES = {
    "ru": ("cp1251",), "uk": ("cp1251",), "bg": ("cp1251",), "sr": ("cp1251",), "mk": ("cp1251",),
    "pl": ("cp1250",), "cs": ("cp1250",), "sk": ("cp1250",), "hu": ("cp1250",), "sl": ("cp1250",),
    "hr": ("cp1250",), "ro": ("cp1250",), "el": ("cp1253",), "tr": ("cp1254",), "he": ("cp1255",),
    "ar": ("cp1256",), "fa": ("cp1256",), "lt": ("cp1257",), "lv": ("cp1257",), "et": ("cp1257",),
    "vi": ("cp1258",), "th": ("cp874",), "ja": ("cp932", "euc_jp"), "ko": ("cp949",),
    "zh": ("gb18030", "big5"),
}  # fmt: skip
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe\x00\x00", "utf-32"), (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"),
)  # fmt: skip


def decode_text(data: bytes, language: str | None = None) -> tuple[str, str | None]:
    """The text of a file, and the name of its encoding when that is not UTF-8.

    ``language`` (``"ru"``) helps where bytes alone cannot tell code pages apart; the last resort is cp1252, which most
    western files without Unicode are in. Never fails: a byte that fits nothing becomes U+FFFD.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            text = data.decode(encoding, errors="replace")
            return text, None if encoding == "utf-8-sig" else encoding.upper()
    if wide := _utf16_without_mark(data):
        return data.decode(wide, errors="replace"), wide.upper()
    try:
        return data.decode("utf-8"), None
    except UnicodeDecodeError:
        pass
    text = data.decode("utf-8", errors="replace")
    if text.count("\ufffd") * 4 <= sum(character > "\x7f" for character in text):
        return text, "UTF-8 with broken bytes"
    for encoding in _CODE_PAGES.get(language or "", ()):
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    try:
        return data.decode("cp1252"), "cp1252"
    except UnicodeDecodeError:
        return data.decode("latin-1"), "latin-1"


def _utf16_without_mark(data: bytes) -> str | None:
    # Times and arrows are ASCII, so every other byte of much of the file is zero.
    head = data[:2000]
    if len(head) < 8:
        return None
    odd, even = head[1::2].count(0), head[0::2].count(0)
    if odd * 4 > len(head) and even * 20 < len(head):
        return "utf-16-le"
    if even * 4 > len(head) and odd * 20 < len(head):
        return "utf-16-be"
    return None
