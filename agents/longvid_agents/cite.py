"""How citations are written for people: ``[title @ 12:34–13:02]``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby

from longvid_storage.text.shown import one_line
from longvid_storage.text.timecode import format_span, format_time
from longvid_storage.types import Citation, Claim


def format_citation(citation: Citation) -> str:
    """``[title @ 12:34–13:02]``; hours appear from one hour on, and a span inside one second is one time.

    The start is rounded down and the end up to whole seconds, so that the printed span contains the real one; a
    time that is a guess is written ``about 12:34–13:02``, and ``translation (de)`` behind one whose words are of that.
    """
    return format_citations((citation,))


def format_citations(citations: Sequence[Citation]) -> str:
    """In their order; those of one video that follow each other share a bracket: ``[title @ 0:15–0:32; 1:10–1:12]``."""
    brackets = []
    for _, group in groupby(citations, key=lambda citation: (citation.video_id, citation.title)):
        of_video = tuple(group)
        spans = "; ".join(dict.fromkeys(map(_span, of_video)))
        brackets.append(f"[{one_line(of_video[0].title)} @ {spans}]")
    return " ".join(brackets)


def format_claim(claim: Claim) -> str:
    """The claim's sentence followed by its citations."""
    return " ".join([claim.text, *([format_citations(claim.citations)] if claim.citations else [])])


def _span(citation: Citation) -> str:
    start, end = math.floor(citation.start_s), math.ceil(citation.end_s)
    span = format_time(start) if end <= start else format_span(start, end)
    about = "about " if citation.approximate else ""
    whose = f", translation ({citation.language or '?'})" if citation.kind == "translation" else ""
    return f"{about}{span}{whose}"
