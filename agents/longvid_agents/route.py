"""How a model will answer a question: its kind, the searches it takes, and what the question itself narrows.

Rules first; where they are unsure a model is asked (``sure``). A wrong route costs a round, never the answer: what
the question seemed to narrow is given up when nothing is found within it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from longvid_storage.text.timecode import parse_time
from longvid_storage.types import Scope, VideoCard

RouteKind = Literal["locate", "explain", "list", "compare", "who", "count", "summarise", "visual"]
KINDS: tuple[RouteKind, ...] = get_args(RouteKind)

MOST_QUESTIONS = 4
# A question of more words than this is seldom one question.
_LONG = 32

_PATTERNS: tuple[tuple[RouteKind, str], ...] = (
        (
            "visual",
            r"\b(?:colou?rs?|wear(?:s|ing)?|looks? like|drawn|drawing|picture|photo|gesture|visible|on (?:the )?screen"
            r"|(?:diagram|chart|graph|plot|logo|whiteboard|slide) (?:show|look|say|read)|shown (?:on|in) the)\b"
            r"|(?:什么颜色|长什么样)",
        ),
        (
            "compare",
            r"\b(?:compare[ds]?|comparison|differences? between|differ(?:s|ent)? from|versus|vs|in common"
            r"|across (?:the |all )?(?:videos|meetings|lectures|talks|calls)"
            r"|(?:each|which|both) (?:of the )?(?:videos?|meetings?|lectures?|talks?|calls?))\b|比较|区别",
        ),
        (
            "summarise",
            r"\b(?:summari[sz]e|summary|overview|recap|gist)\b|^what (?:is|was|were)\b.*\babout\W*$|总结|概括",
        ),
        ("count", r"\bhow (?:many|often)\b|\bnumber of times\b|多少次|几次|几个"),
        ("who", r"\b(?:who|whom|whose)\b|谁"),
        ("locate", r"\b(?:when|where|at what (?:time|point)|which (?:part|moment|minute))\b|什么时候|何时|哪里"),
        ("list", r"\b(?:list|name all|what are all|all (?:the )?(?:places|times|people|examples|steps)|every)\b|列出"),
        (
            "explain",
            r"^\W*(?:what|why|how|explain|define|describe|does|do|did|is|are|was|were|can|should|which)\b"
            r"|什么|为什么|如何",
        ),
)  # fmt: skip
_RULES = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _PATTERNS)
_CLAUSES = re.compile(
    r"[?？]\s+|[;；]\s+|,?\s+and\s+(?=(?:then\s+)?(?:who|whom|what|when|where|why|how|which|did|does|is|are|was|were)\b)",
    re.IGNORECASE,
)
_CLOCK = r"((?:\d+:)?\d{1,2}:\d{2}|\d+(?:\.\d+)?\s*(?:seconds?|secs?|s|minutes?|mins?|hours?|h)\b)"
_FIRST = re.compile(rf"\bin the first {_CLOCK}", re.IGNORECASE)
_LAST = re.compile(rf"\bin the last {_CLOCK}", re.IGNORECASE)
_BETWEEN = re.compile(rf"\b(?:between|from) {_CLOCK} (?:and|to|until|till) {_CLOCK}", re.IGNORECASE)
_AFTER = re.compile(rf"\b(?:after|since) {_CLOCK}", re.IGNORECASE)
_BEFORE = re.compile(rf"\b(?:before|until) {_CLOCK}", re.IGNORECASE)
_SECONDS = (("h", 3600.0), ("m", 60.0), ("s", 1.0))


@dataclass(frozen=True, slots=True)
class Route:
    """``queries`` are searched for, the question itself first; ``inside`` is where (never wider than the caller's).

    ``narrowing`` says what the question narrowed, for the trail; empty when nothing. ``simple``: one search and one
    reply may do. ``sure``: no model need be asked how to go about it.
    """

    kind: RouteKind
    queries: tuple[str, ...]
    inside: Scope
    narrowing: str = ""
    simple: bool = True
    sure: bool = True


def make_route(question: str, query: str, filters: Scope, videos: Sequence[VideoCard]) -> Route:
    """Read ``question`` by rules; ``query`` is what search gets for it, ``videos`` are what ``filters`` admit."""
    kind = next((kind for kind, rule in _RULES if rule.search(question)), None)
    parts = [part.strip(" ?？") for part in _CLAUSES.split(question) if len(part.split()) >= 2]
    several = 1 < len(parts) <= MOST_QUESTIONS
    inside, narrowing = _narrowing(question, filters, videos)
    chosen: RouteKind = kind or "explain"
    return Route(
        kind=chosen,
        queries=(query, *parts) if several else (query,),
        inside=inside,
        narrowing=narrowing,
        simple=not several and chosen in ("locate", "who", "explain", "count"),
        sure=kind not in (None, "compare") and (several or len(question.split()) <= _LONG),
    )


def _narrowing(question: str, filters: Scope, videos: Sequence[VideoCard]) -> tuple[Scope, str]:
    """The video whose whole title the question has in it, and the time it names, as far as ``filters`` allow."""
    named = [card for card in videos if _has_title(question, card.title)] if len(videos) > 1 else []
    said: list[str] = []
    inside = filters
    if len({card.title.casefold() for card in named}) == 1:
        inside = inside.narrowed(videos=[card.video_id for card in named]) or inside
        said.append(f'the video "{named[0].title}"')
    length_s = named[0].duration_s if len(named) == 1 else videos[0].duration_s if len(videos) == 1 else None
    from_s, to_s = _span(question, length_s)
    if from_s is not None or to_s is not None:
        tighter = inside.narrowed(from_s=from_s, to_s=to_s)
        if tighter is not None:
            inside = tighter
            said.append(f"{from_s or 0:g} s to {'the end' if to_s is None else f'{to_s:g} s'}")
    return inside, ", ".join(said)


def _has_title(question: str, title: str) -> bool:
    """A title of one common word ("Entropy") may be what is asked about: it counts only in quotes."""
    words = r"\W+".join(re.escape(word) for word in title.split())
    if not words:
        return False
    quoted = rf"[\"“”'‘’«»„]\W*{words}\W*[\"“”'‘’«»]"
    pattern = rf"(?<!\w){words}(?!\w)" if len(title.split()) > 2 else quoted
    return bool(re.search(pattern, question, re.IGNORECASE))


def _span(question: str, length_s: float | None) -> tuple[float | None, float | None]:
    if match := _BETWEEN.search(question):
        from_s, to_s = _seconds(match.group(1)), _seconds(match.group(2))
        return (from_s, to_s) if from_s < to_s else (None, None)
    if match := _FIRST.search(question):
        return None, _seconds(match.group(1))
    if (match := _LAST.search(question)) and length_s is not None:
        return max(0.0, length_s - _seconds(match.group(1))), None
    after, before = _AFTER.search(question), _BEFORE.search(question)
    return (_clock(after), _clock(before))


def _clock(match: re.Match[str] | None) -> float | None:
    """ "after 12:30" is a place in the video, "after 5 minutes" may be anything; only the first is taken."""
    return _seconds(match.group(1)) if match and ":" in match.group(1) else None


def _seconds(text: str) -> float:
    if ":" in text:
        return parse_time(text)
    number = float(re.match(r"[\d.]+", text).group())  # type: ignore[union-attr]
    unit = re.sub(r"[\d.\s]", "", text).casefold()
    return number * next(seconds for letter, seconds in _SECONDS if unit.startswith(letter))


def widened(route: Route, filters: Scope) -> Route:
    """The route without what the question narrowed, when nothing was found there."""
    return replace(route, inside=filters, narrowing="")
