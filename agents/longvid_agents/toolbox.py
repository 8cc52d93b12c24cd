"""Runs the calls of one turn, each inside the view's scope."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from longvid_agents.calls import Call
from longvid_agents.definitions import defined
from longvid_agents.question import make_plan
from longvid_agents.working_memory import Names, sources_of
from longvid_storage.db.chain import ChainLink
from longvid_storage.db.view import View
from longvid_storage.errors import UsageError
from longvid_storage.search.evidence import around
from longvid_storage.search.mentions import mentions
from longvid_storage.search.moments import search
from longvid_storage.types import Moment, Passage, VideoCard

# Of the places where a term is said, and of the videos of a library, at most so many are read in one call.
MOST_PLACES = 60
MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class CallResult:
    """What a call gave: evidence, the moments it was read around, the videos it named, and a ``note`` for the trail.

    ``cards`` describe videos: they say where to look on, and are nothing that can be cited.
    """

    call: Call
    sentences: tuple[Passage, ...] = ()
    moments: tuple[Moment, ...] = ()
    sources: Mapping[str, Names] = field(default_factory=dict)
    cards: tuple[VideoCard, ...] = ()
    note: str | None = None


def run_calls(calls: Sequence[Call], view: View, *, k: int) -> list[CallResult]:
    """What each call gives, in order."""
    return [run_call(call, view, k=k) for call in calls]


def run_call(call: Call, view: View, *, k: int) -> CallResult:
    """One call, with the view's scope narrowed by what it names; never widened."""
    inside = view.scope.narrowed(
        videos=None if call.video_id is None else [call.video_id],
        from_s=call.from_s,
        to_s=call.to_s,
        speaker=call.speaker,
    )
    if inside is None:
        return CallResult(call, note="outside what was allowed")
    view = view.within(inside)
    if call.tool == "search":
        moments = (*defined(view, make_plan(call.query)), *search(view, call.query, k))
        return CallResult(call, tuple(around(view, moments)), moments, sources_of(moments))
    if call.tool == "mentions":
        try:
            return _mentioned(call, view)
        except UsageError as error:
            return CallResult(call, note=error.message)
    if call.tool == "library":
        return _listed(call, view)
    return _read(call, view)


def _mentioned(call: Call, view: View) -> CallResult:
    groups = mentions(view, call.terms)
    ids = list(dict.fromkeys(i for group in groups for place in group.mentions for i in place.passage_ids))
    more = f"the first {MOST_PLACES} of {len(ids)}" if len(ids) > MOST_PLACES else None
    sources = {group.video_id: (group.title, group.path) for group in groups}
    return CallResult(call, tuple(view.passages(ids[:MOST_PLACES])), sources=sources, note=more)


def _listed(call: Call, view: View) -> CallResult:
    """The first videos of the library, each with its date, length and speakers."""
    admitted = view.cards()
    more = f"the first {MOST_SHOWN} of {len(admitted)}" if len(admitted) > MOST_SHOWN else None
    first = [card.video_id for card in admitted[:MOST_SHOWN]]
    cards = tuple(view.cards(details=True, ids=first))
    sources = {card.video_id: (card.title, card.path) for card in cards}
    return CallResult(call, sources=sources, cards=cards, note=more)


def _read(call: Call, view: View) -> CallResult:
    """Outline, transcript, screen text or sounds of one video, if the scope admits that video."""
    video_id = call.video_id or ""
    card = next(iter(view.cards(ids=[video_id])), None)
    if card is None:
        return CallResult(call, note="no such video")
    kinds = {"transcript": "speech", "screen_text": "screen", "sounds": "sound"}
    if call.tool in kinds:
        found = view.passages_of(video_id, [kinds[call.tool]])
    elif view.scope.speaker is not None:
        found = []  # a summary has no speaker
    else:
        found = outline_of(view, video_id)
        found += view.passages([i for i in _named(view.chain(video_id)) if i])
    return CallResult(call, tuple(found), sources={video_id: (card.title, card.path)})


def _named(chain: Iterable[ChainLink]) -> list[int]:
    """The passages that the summaries of a video's events rest on, each once: this is what can be cited of them."""
    events = (link for link in chain if link.level == "event")
    return sorted({each for link in events for sentence in link.sentences for each in sentence.passages})


def outline_of(view: View, video_id: str) -> list[Passage]:
    """The events of a video, each with title and summary, that the scope's time admits; to read, not to cite."""
    return [
        Passage(0, video_id, "summary", segment.start_s, segment.end_s, text)
        for segment in view.segments(video_id, "event")
        if view.scope.touches(segment.start_s, segment.end_s)
        if (text := ": ".join(part for part in (segment.title, segment.summary) if part))
    ]
