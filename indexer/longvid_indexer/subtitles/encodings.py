"""Bytes of a subtitle file to text: BOMs, UTF-16 without one, UTF-8, and the code pages that older files are in."""

from __future__ import annotations

import re

from longvid_indexer.subtitles.code_pages import guess_code_page

_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe\x00\x00", "utf-32"), (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"),
)  # fmt: skip
_HEAD_BYTES = 4096
# Windows' western code page; its five free places are those of Latin 1.
# So many letters of a line are UTF-8 by no chance; more broken bytes than one are no accident.
_SURELY, _ACCIDENT = 4, 1
_DOUBLE_BYTE = frozenset(("gb18030", "cp950", "cp932", "euc_jp", "cp949"))
_HIGH = re.compile(r"[^\x00-\x7f]{1,1000}")
_WESTERN = {**{chr(byte): byte for byte in range(256)},
            **{bytes([byte]).decode("cp1252"): byte for byte in range(0x80, 0xA0)
               if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}}  # fmt: skip
_ISO_2022 = ((b"\x1b$B", "iso2022_jp"), (b"\x1b$@", "iso2022_jp"), (b"\x1b$)C", "iso2022_kr"))


def decode_text(data: bytes, language: str | None = None) -> tuple[str, str | None]:
    """The text of a file, and the name of its encoding when that is not UTF-8, with ``" (a guess …)"`` when unsure.

    ``language`` (``"ru"``) helps where bytes alone cannot tell code pages apart. Never fails: a byte that fits nothing
    becomes U+FFFD.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            text = data.decode(encoding, errors="replace")
            return text, None if encoding == "utf-8-sig" else encoding.upper()
    if wide := utf16_without_mark(data):
        return data.decode(wide, errors="replace"), wide.upper()
    for escape, encoding in _ISO_2022:
        if escape in data[:_HEAD_BYTES]:
            return data.decode(encoding, errors="replace"), encoding.upper()
    try:
        text = data.decode("utf-8")
        once = _encoded_twice(text)
        return (text, None) if once is None else (once, "UTF-8 that was encoded twice")
    except UnicodeDecodeError:
        pass
    if (told := _joined_files(data, language)) is not None:
        return told
    text = data.decode("utf-8", errors="replace")
    if text.count("\ufffd") * 4 <= sum(character > "\x7f" for character in text):
        return text, "UTF-8 with broken bytes"
    guess = guess_code_page(data, language)
    return data.decode(guess.encoding, errors="replace"), guess.described()


def _joined_files(data: bytes, language: str | None) -> tuple[str, str] | None:
    """Files of two encodings that somebody joined: each line as what it is, where some are surely UTF-8.

    None where no line is (in code pages of two bytes a letter, a line of fewer than four letters may look like it by
    chance), or where the others are too few to be more than broken bytes.
    """
    lines = data.split(b"\n")
    unicode_: dict[int, str] = {}
    others: list[int] = []
    for at, line in enumerate(lines):
        if not line.isascii():
            try:
                unicode_[at] = line.decode("utf-8")
            except UnicodeDecodeError:
                others.append(at)
    foreign = b"\n".join(lines[at] for at in others)
    broken = foreign.decode("utf-8", errors="replace")
    letters = sum(character > "\x7f" for character in broken)
    if not unicode_ or broken.count("\ufffd") <= _ACCIDENT or broken.count("\ufffd") * 2 < letters:
        return None
    guess = guess_code_page(foreign, language)
    longest = max(sum(character > "\x7f" for character in text) for text in unicode_.values())
    if longest < (_SURELY if guess.encoding in _DOUBLE_BYTE else 1):
        return None
    text = "\n".join(
        unicode_[at] if at in unicode_ else line.decode(guess.encoding, errors="replace")
        for at, line in enumerate(lines)
    )
    return (
        text,
        f"UTF-8 in {len(unicode_)} line{'s' * (len(unicode_) != 1)} and {guess.described()} in {len(others)}",
    )


def _encoded_twice(text: str) -> str | None:
    """What was meant by "GrÃ¶ÃŸe": UTF-8 that a program took for a western code page and wrote as UTF-8 again.

    None for any other text: hardly one without this fault is UTF-8 throughout when its letters are taken for bytes.
    """
    first = _HIGH.search(text)
    if first is None:
        return None
    try:
        for part in (first.group(), text):  # most texts fail at their first letter that is not ASCII
            once = bytes(map(_WESTERN.__getitem__, part)).decode("utf-8")
    except (KeyError, UnicodeDecodeError):
        return None
    return once


def utf16_without_mark(data: bytes) -> str | None:
    """``"utf-16-le"`` or ``"utf-16-be"`` where times and arrows, which are ASCII, have a zero beside every byte."""
    head = data[: _HEAD_BYTES // 2 * 2]
    if len(head) < 8:
        return None
    little, big = head.count(b"-\x00-\x00>\x00"), head.count(b"\x00-\x00-\x00>")
    if little or big:
        return "utf-16-le" if _at_even(head, b"-\x00-\x00>\x00") else "utf-16-be"
    odd, even = head[1::2].count(0), head[0::2].count(0)
    if odd * 4 > len(head) and even * 20 < len(head):
        return "utf-16-le"
    if even * 4 > len(head) and odd * 20 < len(head):
        return "utf-16-be"
    return None


def _at_even(head: bytes, arrow: bytes) -> bool:
    """Whether characters begin at even places: the first byte of a little-endian arrow does."""
    return head.find(arrow) % 2 == 0
