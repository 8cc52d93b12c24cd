"""Runs calls of the library's tools, all of one turn together, each inside the caller's filters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from longvid_agents.calls import Call
from longvid_agents.evidence import allowed, gather
from longvid_agents.narrowing import admits, narrowed
from longvid_agents.sentences import Sentence, screen_sentences, speech_sentences
from longvid_agents.tools import Tools, VideoCard
from longvid_agents.working_memory import Source, sources_of
from longvid_storage.db.chain import ChainLink
from longvid_storage.errors import UsageError
from longvid_storage.search.mentions import VideoMentions
from longvid_storage.text.sound_words import describe_sound
from longvid_storage.types import Scope, Moment, Segment

MOST_AT_ONCE = 4
# Of the places where a term is said, and of the videos of a library, at most so many are read in one call.
MOST_PLACES = 60
MOST_VIDEOS = 50


@dataclass(frozen=True, slots=True)
class Found:
    """What a call gave: evidence, the moments it was read around, the videos it named, and a ``note`` for the trail.

    ``cards`` describe videos: they say where to look on, and are nothing that can be cited.
    """

    call: Call
    sentences: tuple[Sentence, ...] = ()
    moments: tuple[Moment, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)
    cards: tuple[VideoCard, ...] = ()
    note: str | None = None


def run_calls(calls: Sequence[Call], filters: Scope, tools: Tools, *, k: int) -> list[Found]:
    """What each call gives, in order. The first error that is not about the call itself is raised."""
    if len(calls) <= 1:
        return [run_call(call, filters, tools, k=k) for call in calls]
    with ThreadPoolExecutor(min(MOST_AT_ONCE, len(calls)), "longvid-tool") as pool:
        return list(pool.map(lambda call: run_call(call, filters, tools, k=k), calls))


def run_call(call: Call, filters: Scope, tools: Tools, *, k: int) -> Found:
    """One call, with ``filters`` narrowed by what it names; never widened."""
    inside = narrowed(
        filters,
        videos=None if call.video_id is None else [call.video_id],
        from_s=call.from_s,
        to_s=call.to_s,
        speaker=call.speaker,
    )
    if inside is None:
        return Found(call, note="outside what was allowed")
    if call.tool == "search":
        moments = tuple(tools.search(call.query, k=k, filters=inside))
        return Found(call, gather(moments, inside, tools), moments, sources_of(moments))
    if call.tool == "mentions":
        try:
            return _mentioned(call, tools.mentions(call.terms, filters=inside))
        except UsageError as error:
            return Found(call, note=error.message)
    if call.tool == "library":
        return _listed(call, inside, tools)
    return _read(call, inside, tools)


def _mentioned(call: Call, groups: Iterable[VideoMentions]) -> Found:
    groups = list(groups)
    sentences = tuple(
        Sentence(group.video_id, place.kind, place.start_s, place.end_s, place.text, place.speaker)
        for group in groups
        for place in group.mentions
    )
    more = f"the first {MOST_PLACES} of {len(sentences)}" if len(sentences) > MOST_PLACES else None
    sources = {group.video_id: (group.title, group.path) for group in groups}
    return Found(call, sentences[:MOST_PLACES], sources=sources, note=more)


def _listed(call: Call, filters: Scope, tools: Tools) -> Found:
    """The first videos of the library, each with its date, length and speakers."""
    admitted = tools.cards(filters=filters)
    more = f"the first {MOST_VIDEOS} of {len(admitted)}" if len(admitted) > MOST_VIDEOS else None
    first = frozenset(card.video_id for card in admitted[:MOST_VIDEOS])
    cards = tuple(tools.cards(filters=replace(filters, video_ids=first), details=True))
    sources = {card.video_id: (card.title, card.path) for card in cards}
    return Found(call, sources=sources, cards=cards, note=more)


def _read(call: Call, filters: Scope, tools: Tools) -> Found:
    """Outline, transcript, screen text or sounds of one video, if the filters admit that video."""
    video_id = call.video_id or ""
    card = next((card for card in tools.cards(filters=filters) if card.video_id == video_id), None)
    if card is None:
        return Found(call, note="no such video")
    from_s, to_s = filters.from_s or 0.0, card.duration_s + 1 if filters.to_s is None else filters.to_s
    if call.tool == "transcript":
        said = [u for u in tools.utterances(video_id, from_s, to_s) if allowed(filters, u)]
        sentences = speech_sentences(video_id, said)
    elif filters.speaker is not None:
        sentences = []  # a slide, a sound or a summary has no speaker
    elif call.tool == "screen_text":
        sentences = screen_sentences(video_id, tools.screen_texts(video_id, from_s, to_s))
    elif call.tool == "sounds":
        sentences = [
            Sentence(video_id, "sound", heard.start_s, heard.end_s, describe_sound(heard.label))
            for heard in tools.sounds(video_id, from_s, to_s)
            if admits(filters, heard.start_s, heard.end_s)
        ]
    else:
        sentences = outline_of(video_id, tools.segments(video_id), filters)
        sentences += quotes_of(video_id, tools.chain(video_id), filters)
    return Found(call, tuple(sentences), sources={video_id: (card.title, card.path)})


def quotes_of(video_id: str, chain: Iterable[ChainLink], filters: Scope) -> list[Sentence]:
    """What the summaries of a video's events rest on, in time order, each once: this is what can be cited of them."""
    quotes = {
        Sentence(video_id, quote.kind, quote.start_s, quote.end_s, quote.text)
        for link in chain
        if link.level == "event"
        for summary in link.sentences
        for quote in summary.quotes
        if quote.video_id == video_id and admits(filters, quote.start_s, quote.end_s)
    }
    return sorted(quotes, key=lambda quote: (quote.start_s, quote.end_s, quote.text))


def outline_of(video_id: str, segments: Iterable[Segment], filters: Scope) -> list[Sentence]:
    """The events of a video, each with title and summary, that the filters' time admits; to read, not to cite."""
    return [
        Sentence(video_id, "summary", segment.start_s, segment.end_s, text)
        for segment in segments
        if segment.level == "event" and admits(filters, segment.start_s, segment.end_s)
        if (text := ": ".join(part for part in (segment.title, segment.summary) if part))
    ]
