"""How a model will answer a question: its kind, the searches it takes, and what the question itself narrows.

Rules first; where they are unsure a model is asked (``sure``). A wrong route costs a round, never the answer: what
the question seemed to narrow is given up when nothing is found within it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from longvid_agents.kinds import RouteKind, route_kind
from longvid_agents.narrowing import narrow
from longvid_storage.types import Scope, VideoCard

MOST_QUESTIONS = 4
# A question of more words than this is seldom one question.
_LONG = 32

_CLAUSES = re.compile(
    r"[?？]\s+|[;；]\s+|,?\s{1,9}and\s{1,9}(?=(?:then\s+)?(?:who|whom|what|when|where|why|how|which|did|does|is|are|was|were)\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Route:
    """``queries`` are searched for, the question itself first; ``inside`` is where (never wider than the caller's).

    ``narrowing`` says what the question narrowed, for the trail; empty when nothing. ``notes``: what of it could not,
    as sentences. ``simple``: one search and one reply may do. ``sure``: no model need be asked how to go about it.
    """

    kind: RouteKind
    queries: tuple[str, ...]
    inside: Scope
    narrowing: str = ""
    notes: tuple[str, ...] = ()
    simple: bool = True
    sure: bool = True


def make_route(question: str, query: str, filters: Scope, videos: Sequence[VideoCard]) -> Route:
    """Read ``question`` by rules; ``query`` is what search gets for it, ``videos`` are what ``filters`` admit."""
    kind = route_kind(question)
    parts = [part.strip(" ?？") for part in _CLAUSES.split(question) if len(part.split()) >= 2]
    several = 1 < len(parts) <= MOST_QUESTIONS
    narrowed = narrow(question, filters, videos)
    chosen: RouteKind = kind or "explain"
    return Route(
        kind=chosen,
        queries=(query, *parts) if several else (query,),
        inside=narrowed.inside,
        narrowing=", ".join(narrowed.said),
        notes=narrowed.notes,
        simple=not several and chosen in ("locate", "who", "explain", "count"),
        sure=kind not in (None, "compare") and (several or len(question.split()) <= _LONG),
    )


def widened(route: Route, filters: Scope) -> Route:
    """The route without what the question narrowed, when nothing was found there."""
    return replace(route, inside=filters, narrowing="")
