"""What a model may ask for: calls of the library's tools, read strictly, and only inside what the caller allowed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from longvid_storage.errors import UsageError
from longvid_storage.text.timecode import format_span, parse_time
from longvid_storage.types import Box

Tool = Literal["search", "mentions", "outline", "transcript", "screen_text", "sounds", "library", "look"]
TOOLS: tuple[Tool, ...] = get_args(Tool)

MOST_RATE = 4.0
"""Pictures a second that a look may ask for."""

# Tool → (arguments it must have, arguments it may have).
_ARGUMENTS: dict[Tool, tuple[frozenset[str], frozenset[str]]] = {
    "search": (frozenset({"query"}), frozenset({"video", "from", "to", "speaker"})),
    "mentions": (frozenset({"terms"}), frozenset({"video"})),
    "outline": (frozenset({"video"}), frozenset()),
    "transcript": (frozenset({"video", "from", "to"}), frozenset()),
    "screen_text": (frozenset({"video", "from", "to"}), frozenset()),
    "sounds": (frozenset({"video"}), frozenset({"from", "to"})),
    "library": (frozenset(), frozenset()),
    "look": (frozenset({"video", "from", "to"}), frozenset({"rate", "box"})),
}


class BadCallError(ValueError):
    """A call that is not allowed or makes no sense; the message says why."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool. ``video_id`` None: all videos that the caller's filters admit; times in seconds."""

    tool: Tool
    query: str = ""
    terms: tuple[str, ...] = ()
    video_id: str | None = None
    from_s: float | None = None
    to_s: float | None = None
    speaker: str | None = None
    rate: float | None = None
    box: Box | None = None

    def described(self, label: Callable[[str], str | None]) -> str:
        """The call in a line; ``label`` names a video by its id."""
        parts: list[str] = [self.tool.replace("_", " ")]
        if self.query:
            parts.append(f'"{self.query}"')
        if self.terms:
            parts.append(", ".join(f'"{term}"' for term in self.terms))
        if self.video_id is not None:
            parts.append(f"in {label(self.video_id) or self.video_id}")
        if self.from_s is not None and self.to_s is not None:
            parts.append(format_span(self.from_s, self.to_s))
        elif self.from_s is not None:
            parts.append(f"from {self.from_s:g} s")
        elif self.to_s is not None:
            parts.append(f"until {self.to_s:g} s")
        if self.speaker:
            parts.append(f"by {self.speaker}")
        if self.box:
            parts.append("box " + " ".join(f"{side:.2f}" for side in self.box))
        return " ".join(parts)


def read_call(found: Mapping[str, Any], video_of: Callable[[str], str | None], *, sees: bool) -> Call:
    """A call as a model wrote it; ``video_of`` resolves its label of a video.

    Raises:
        BadCallError: an unknown tool or argument, a missing or wrong value, a video that is not there.
    """
    tool = found.get("tool")
    if tool not in TOOLS or (tool == "look" and not sees):
        raise BadCallError(f"there is no tool {tool!r}")
    must, may = _ARGUMENTS[tool]
    given = {key for key in found if key != "tool"}
    if given - must - may or must - given:
        wrong = sorted(map(str, (given - must - may) or (must - given)))[0]
        raise BadCallError(f"{tool} {'takes no' if given - must - may else 'needs'} {wrong!r}")
    from_s, to_s = _time(found, "from"), _time(found, "to")
    if from_s is not None and to_s is not None and from_s >= to_s:
        raise BadCallError(f"{tool} from {from_s:g} to {to_s:g} s is no span")
    return Call(
        tool,
        query=_text(found, "query"),
        terms=_terms(found),
        video_id=_video(found, video_of),
        from_s=from_s,
        to_s=to_s,
        speaker=_text(found, "speaker") or None,
        rate=_rate(found),
        box=_box(found),
    )


def _text(found: Mapping[str, Any], key: str) -> str:
    value = found.get(key, "")
    if not isinstance(value, str) or (key in found and not value.strip()) or len(value) > 400:
        raise BadCallError(f"{key} is not a short text")
    return " ".join(value.split())


def _terms(found: Mapping[str, Any]) -> tuple[str, ...]:
    if "terms" not in found:
        return ()
    value = found["terms"]
    terms = (
        [" ".join(each.split()) for each in value if isinstance(each, str)] if isinstance(value, list) else []
    )
    if (
        not terms
        or len(terms) > 8
        or not all(any(map(str.isalnum, term)) and len(term) <= 80 for term in terms)
    ):
        raise BadCallError("terms is not a list of up to 8 words or phrases")
    return tuple(terms)


def _video(found: Mapping[str, Any], video_of: Callable[[str], str | None]) -> str | None:
    if "video" not in found:
        return None
    value = found["video"]
    video_id = video_of(value.strip()) if isinstance(value, str) else None
    if video_id is None:
        raise BadCallError(f"there is no video {value!r}")
    return video_id


def _time(found: Mapping[str, Any], key: str) -> float | None:
    if key not in found:
        return None
    value = found[key]
    if isinstance(value, str):
        try:
            return parse_time(value)
        except UsageError:
            raise BadCallError(f"{key} is {value!r}, not seconds") from None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
        raise BadCallError(f"{key} is {value!r}, not seconds")
    return float(value)


def _rate(found: Mapping[str, Any]) -> float | None:
    if "rate" not in found:
        return None
    value = found["rate"]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= MOST_RATE:
        raise BadCallError(f"rate is {value!r}; it is above 0 and at most {MOST_RATE:g} pictures a second")
    return float(value)


def _box(found: Mapping[str, Any]) -> Box | None:
    if "box" not in found:
        return None
    value = found["box"]
    numbers = (
        isinstance(value, list) and len(value) == 4 and all(type(side) in (int, float) for side in value)
    )
    if not numbers or not (0 <= value[0] < value[2] <= 1 and 0 <= value[1] < value[3] <= 1):
        raise BadCallError(f"box is {value!r}; it is [left, top, right, bottom] from 0 to 1")
    left, top, right, bottom = map(float, value)
    return left, top, right, bottom
