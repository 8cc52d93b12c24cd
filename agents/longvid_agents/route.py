"""How a model will answer a question: its kind, the searches it takes, and what the question itself narrows.

Rules first; where they are unsure a model is asked (``sure``). A wrong route costs a round, never the answer: what
the question seemed to narrow is given up when nothing is found within it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from longvid_agents.narrowing import narrow
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
    narrowed = narrow(question, filters, videos)
    chosen: RouteKind = kind or "explain"
    return Route(
        kind=chosen,
        queries=(query, *parts) if several else (query,),
        inside=narrowed.inside,
        narrowing=", ".join(narrowed.said),
        simple=not several and chosen in ("locate", "who", "explain", "count"),
        sure=kind not in (None, "compare") and (several or len(question.split()) <= _LONG),
    )


def widened(route: Route, filters: Scope) -> Route:
    """The route without what the question narrowed, when nothing was found there."""
    return replace(route, inside=filters, narrowing="")
