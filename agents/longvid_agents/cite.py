"""How a citation is written for people: ``[title @ 12:34–13:02]``."""

from __future__ import annotations

import math

from longvid_storage.text.shown import one_line
from longvid_storage.text.timecode import format_span, format_time
from longvid_storage.types import Citation, Claim


def format_citation(citation: Citation) -> str:
    """``[title @ 12:34–13:02]``; hours appear from one hour on, and a span inside one second is one time.

    The start is rounded down and the end up to whole seconds, so that the printed span contains the real one; a
    time that is a guess is written ``about 12:34–13:02``, and ``translation (de)`` behind one whose words are of that.
    """
    start, end = math.floor(citation.start_s), math.ceil(citation.end_s)
    span = format_time(start) if end <= start else format_span(start, end)
    about = "about " if citation.approximate else ""
    whose = f", translation ({citation.language or '?'})" if citation.kind == "translation" else ""
    return f"[{one_line(citation.title)} @ {about}{span}{whose}]"


def format_claim(claim: Claim) -> str:
    """The claim's sentence followed by each of its citations."""
    return " ".join([claim.text, *(format_citation(citation) for citation in claim.citations)])
