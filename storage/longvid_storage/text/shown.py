"""Text that others wrote (titles, names, what is said or shown, what a model writes) on its way to a reader.

A terminal obeys control sequences, an editor the signs that turn the direction of writing (Boucher & Anderson 2021,
"Trojan Source"), and signs without width hide words from whoever checks them. None of them gets through.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

# Signs without a shape whose category does not say so: fillers, blanks, joiners, selectors of variants.
_BLANK = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]))
)
# Format signs that have a shape (Unicode's Prepended_Concatenation_Mark).
_SHAPED = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
_HIDDEN = frozenset(("Cc", "Cf", "Co", "Cn"))
# Persian and the scripts of India spell with joiners, emoji choose their colours with a selector: one, in its place.
_EMOJI = "#*0-9\u00a9\u00ae\u2000-\u3299\U0001f000-\U0001faff"
_SPELLED = re.compile(f"[\u0620-\u109f][\u200c\u200d](?=[\u0620-\u109f])|[{_EMOJI}]\ufe0f")


# A letter of two halves, as JSON escapes it; one half alone; an escaped backslash, behind which there is no escape.
_HALVES = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\\\"
)
_PASSWORD = re.compile(r"(://[^:/@]*):.*@")


def read_json(text: str) -> Any:
    """What JSON says; half a letter (``\\ud800`` alone), which neither a database nor a terminal takes, as ``\\ufffd``.

    Raises:
        ValueError: it is none. RecursionError: it is nested too deeply.
    """
    if "\\ud" in text or "\\uD" in text:
        text = _HALVES.sub(lambda found: "\\ufffd" if len(found[0]) == 6 else found[0], text)
    return json.loads(text)


def shown(text: str) -> str:
    """The text on one line, without what cannot be seen: controls, signs of direction, zero widths, fillers.

    White space of any kind is spaces, one for one. A byte of a file name that is no text is told as ``\\udcff``.
    """
    if text.isprintable() and (text.isascii() or _BLANK.isdisjoint(text)):
        return text
    kept = {match.end() - 1 for match in _SPELLED.finditer(text)}
    return "".join(sign if place in kept else _sign(sign) for place, sign in enumerate(text))


def without_password(place: str) -> str:
    """An address with ``***`` in place of its password, also one that cannot be read; a path as it is."""
    return _PASSWORD.sub(r"\1:***@", place)


def _sign(sign: str) -> str:
    if sign.isspace():
        return " "
    category = unicodedata.category(sign)
    if category == "Cs":
        return f"\\u{ord(sign):04x}"
    return "" if sign in _BLANK or (category in _HIDDEN and sign not in _SHAPED) else sign


def in_lines(text: str) -> str:
    """The same of a text of several lines, whose line feeds stay."""
    return "\n".join(map(shown, text.split("\n")))


def cut(text: str, width: int) -> str:
    """The text on one line of at most ``width`` signs."""
    line = shown(text)
    return line if len(line) <= width else f"{line[: max(1, width - 1)]}…"


def one_line(text: str) -> str:
    """``shown`` with white space of any kind as single spaces."""
    return " ".join(shown(text).split())
