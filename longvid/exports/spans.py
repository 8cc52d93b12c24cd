"""The cited spans of an answer, in the order in which the answer cites them, none shown twice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import reduce

from longvid_indexer.remote import as_path
from longvid_storage.errors import UsageError
from longvid_storage.types import Answer, Citation, MediaSpan, Moment

# A citation of one instant (a keyframe) is shown for so long.
SHORTEST_S = 1.0


def cited_spans(answer: Answer, *, pad_s: float = 0.0) -> list[MediaSpan]:
    """Where the answer's claims are supported, from the play points on, each span ``pad_s`` longer at both ends.

    Spans of one video that overlap or touch become one, at the place of the first; its text is that of its claims.

    Raises:
        UsageError: the answer cites nothing.
    """
    spans = [_padded(citation, claim.text, pad_s) for claim in answer.claims for citation in claim.citations]
    if not spans:
        raise UsageError("the answer cites nothing, so there is nothing to export: ask in other words")
    return joined(spans)


def joined(spans: Iterable[MediaSpan]) -> list[MediaSpan]:
    """Spans of one video that overlap or touch made one, at the place of the first."""
    kept: list[MediaSpan] = []
    for span in spans:
        touching = [each for each in kept if _touch(each, span)]
        place = kept.index(touching[0]) if touching else len(kept)
        whole = reduce(_union, [*touching, span])
        kept = [each for each in kept if each not in touching]
        kept.insert(place, whole)
    return kept


def href(source: Citation | Moment | MediaSpan) -> str:
    """``file:///…/talk.mp4#t=10.5,20``: a link that players open at the play point (W3C Media Fragments)."""
    from_s = source.start_s if isinstance(source, MediaSpan) else source.play_s
    start, end = (f"{seconds:.3f}".rstrip("0").rstrip(".") for seconds in (from_s, source.end_s))
    span = start if source.end_s <= from_s else f"{start},{end}"
    return f"{as_path(source.path).absolute().as_uri()}#t={span}"


def _padded(citation: Citation, text: str, pad_s: float) -> MediaSpan:
    start_s = max(0.0, citation.play_s - pad_s)
    end_s = citation.end_s if citation.end_s > citation.play_s else citation.play_s + SHORTEST_S
    return MediaSpan(citation.path, start_s, end_s + pad_s, citation.title, text, citation.video_id)


def _touch(one: MediaSpan, other: MediaSpan) -> bool:
    same = (one.video_id, one.path) == (other.video_id, other.path)
    return same and one.start_s <= other.end_s and other.start_s <= one.end_s


def _union(one: MediaSpan, other: MediaSpan) -> MediaSpan:
    texts = list(dict.fromkeys(text for each in (one, other) for text in each.text.split("\n") if text))
    return replace(
        one,
        start_s=min(one.start_s, other.start_s),
        end_s=max(one.end_s, other.end_s),
        text="\n".join(texts),
    )
