"""Which videos a question asks for by their length: "How many videos are longer than an hour?"."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from longvid_agents.kinds import VIDEOS
from longvid_agents.moments_asked import amount_s, with_digits
from longvid_storage.text.timecode import format_time

_ASKED = re.compile(
    r"^\W*(?:how many|which|what|list|show|name|are there|is there)(?: me)?(?: of)?(?: the| my| our| all| any)*"
    rf" (?:{VIDEOS})(?: there)?"
    r"(?: (?:that|which|do we have|are there|we have|i have|have|has|are|is|was|were|last|lasts|lasting|run|runs|take"
    r"|takes|of|with|a|length|duration))*"
    r" (?P<how>(?:no )?(?:longer|shorter|more|less|fewer) than|over|above|under|below|exceed(?:s|ing)?|at least|at most"
    r"|up to)"
    r" (?:a (?:length|duration) of )?(?P<amount>\d+(?:[.:]\d+)*(?: ?[^\W\d_]+(?: (?:and )?\d+ ?[^\W\d_]+)?)?)"
    r"(?: long| in length| each)?\W*$",
    re.IGNORECASE,
)
_AN_HOUR = re.compile(r"\b(?:an? )(?=(?:second|minute|hour)\b)", re.IGNORECASE)
_SHORT = ("shorter", "less", "fewer", "under", "below")


@dataclass(frozen=True, slots=True)
class LengthAsked:
    """Whether a length in seconds is one of those asked for, and how that is told ("longer than 0:40")."""

    fits: Callable[[float], bool]
    told: str


def length_asked(question: str) -> LengthAsked | None:
    """The lengths that the question asks for; None where it asks for none."""
    found = _ASKED.search(_AN_HOUR.sub("1 ", with_digits(question)))
    limit_s = amount_s(found["amount"]) if found else 0.0
    if found is None or not limit_s:
        return None
    how = found["how"].casefold()
    told = format_time(limit_s)
    if how.startswith("no "):
        how = "at least" if how[3:].startswith(_SHORT) else "at most"
    if how in ("at most", "up to"):
        return LengthAsked(lambda length_s: length_s <= limit_s, f"at most {told} long")
    if how == "at least":
        return LengthAsked(lambda length_s: length_s >= limit_s, f"at least {told} long")
    if how.startswith(_SHORT):
        return LengthAsked(lambda length_s: length_s < limit_s, f"shorter than {told}")
    return LengthAsked(lambda length_s: length_s > limit_s, f"longer than {told}")
