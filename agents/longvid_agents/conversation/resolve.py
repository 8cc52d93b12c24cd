"""From a follow-up to a question that stands alone, and filters that only narrow what the caller allowed.

Rules read it first. Where they leave something open and there is a language model, one call of the model rewrites it;
the model names a person from a list, an earlier citation by its label, and before or after: times and videos are taken
from the citation in code. Without a model, or where its reply does not hold, the question is asked as it stands.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from longvid_agents.conversation.rules import (
    Mode,
    Reading,
    When,
    asks_by_itself,
    bound_s,
    elsewhere,
    leans,
    neighbour,
    only_said,
    placed,
    read,
    says_something,
    sentence,
)
from longvid_agents.conversation.turns import Cited, Turn
from longvid_agents.days import day_of_video
from longvid_agents.narrowing import narrow
from longvid_agents.prompts import FOLLOW_UP, FOLLOW_UP_SYSTEM
from longvid_agents.replies import FOLLOW_UP as FORM
from longvid_agents.replies import FollowUp
from longvid_agents.video_lm import Request, VideoLM
from longvid_storage.models.replies import UnreadableError, read_reply
from longvid_storage.search.question import named_speakers
from longvid_storage.types import EvidenceText, Scope, VideoCard

MOST_TURNS = 4
_MOST_LETTERS = 500
_MOST_SPEAKERS = 40


@dataclass(frozen=True, slots=True)
class Resolved:
    """What is asked in place of a follow-up, within ``filters``; see ``Reading`` for ``mode`` and ``anchor``."""

    question: str
    filters: Scope
    mode: Mode = "ask"
    anchor: tuple[Cited, ...] = ()
    notes: tuple[str, ...] = ()


def resolve(
    question: str,
    turns: Sequence[Turn],
    filters: Scope,
    speakers: Sequence[str],
    lm: VideoLM | None = None,
    videos: Sequence[VideoCard] = (),
) -> Resolved:
    """What ``question`` means after ``turns``, asked within ``filters`` or less; ``videos`` are what these admit.

    Raises ``ModelError`` when the model cannot be reached.
    """
    moved = _moved(" ".join(question.split()), turns, filters, videos)
    if moved is not None:
        return moved
    reading = read(question, turns, speakers)
    rewritten = None
    if lm is not None and turns and reading.open:
        rewritten = _rewritten(question, turns, speakers, lm)
    if rewritten is None and reading.mode == "ask" and leans(reading.question):
        why = "the rest as it stands" if reading.notes else "asked as it stands"
        why = why if turns else f"nothing was asked before: {why}"
        rewritten = replace(reading, notes=(*reading.notes, why))
    return _within(rewritten or reading, filters)


def _moved(
    question: str, turns: Sequence[Turn], filters: Scope, videos: Sequence[VideoCard]
) -> Resolved | None:
    """ "And on 4 March?", "and in the other meeting?": the question before it, asked there; None for anything else."""
    last = next((turn for turn in reversed(turns) if turn.cited), turns[-1] if turns else None)
    if last is None or asks_by_itself(question):
        return None
    side = neighbour(question)
    if side is not None and last.cited:
        return _beside(side, last, filters, videos)
    rest, other = elsewhere(question)
    met = {cited.video_id for cited in last.cited}
    among = [card for card in videos if not (other and card.video_id in met)]
    if not among:
        return None
    inside = filters.narrowed(videos=[card.video_id for card in among]) if other else filters
    narrowed = narrow(rest, inside or filters, among)
    if not (other or narrowed.said) or says_something(narrowed.rest, ()):
        return None
    asked = sentence(narrow(last.asked, filters, videos).rest or last.asked)
    where = narrowed.said or ("the other videos",)
    return Resolved(asked, narrowed.inside, notes=(f"asked as: {asked}", f"in {', '.join(where)}"))


def _beside(side: When, last: Turn, filters: Scope, videos: Sequence[VideoCard]) -> Resolved | None:
    """The question before, asked of the recordings of the nearest day before or after those that its answer cites."""
    days = {card.video_id: day for card in videos if (day := day_of_video(card))}
    met = [days[cited.video_id] for cited in last.cited if cited.video_id in days]
    if not met:
        return None
    beside = [day for day in days.values() if (day < min(met) if side == "before" else day > max(met))]
    if not beside:
        return None
    day = max(beside) if side == "before" else min(beside)
    chosen = [card for card in videos if days.get(card.video_id) == day]
    inside = filters.narrowed(videos=[card.video_id for card in chosen])
    if inside is None:
        return None
    asked = sentence(narrow(last.asked, filters, videos).rest or last.asked)
    return Resolved(
        asked, inside, notes=(f"asked as: {asked}", f"in the videos of {day}, the nearest day {side}")
    )


def _within(reading: Reading, filters: Scope) -> Resolved:
    """The reading's time, video and speaker as filters; what would leave nothing of the caller's is left out."""
    narrow, mode, notes = filters, reading.mode, reading.notes
    if reading.anchor and reading.in_video:
        there = filters.narrowed(
            videos=[reading.anchor[-1].video_id],
            from_s=bound_s(reading.anchor, "after") if reading.when == "after" else None,
            to_s=bound_s(reading.anchor, "before") if reading.when == "before" else None,
        )
        if there is None:
            mode, notes = (
                "ask",
                (*notes, "nothing is left there within the filters: asked within all of them"),
            )
        narrow = there or narrow
    if reading.speaker is not None:
        theirs = narrow.narrowed(speaker=reading.speaker)
        if theirs is None:
            notes = (*notes, f"the filters are another speaker's than {reading.speaker}")
        narrow = theirs or narrow
    return Resolved(reading.question, narrow, mode, reading.anchor, notes)


def _rewritten(question: str, turns: Sequence[Turn], speakers: Sequence[str], lm: VideoLM) -> Reading | None:
    """The model's rewriting; None when it cannot be used."""
    labels: dict[str, Cited] = {}
    pieces: list[EvidenceText] = []
    for number, turn in enumerate(turns[-MOST_TURNS:], 1):
        pieces.append(EvidenceText(f"q{number}", "conversation", 0, 0, "summary", turn.asked, "user"))
        if not turn.cited:
            answer = turn.answer[:_MOST_LETTERS]
            pieces.append(EvidenceText(f"a{number}", "conversation", 0, 0, "summary", answer))
        for claim, cited in zip(turn.claims, turn.cited, strict=False):
            label = f"c{len(labels) + 1}"
            labels[label] = cited
            pieces.append(
                EvidenceText(label, cited.title, cited.start_s, cited.end_s, cited.kind, claim, cited.speaker)
            )
    names = ", ".join(json.dumps(name, ensure_ascii=False) for name in speakers[:_MOST_SPEAKERS])
    prompt = FOLLOW_UP.format(
        question=json.dumps(question, ensure_ascii=False), speakers=names or "(nobody is known by name)"
    )
    request = Request(FOLLOW_UP_SYSTEM, prompt, tuple(pieces), max_tokens=200, schema=FORM)
    try:
        found = read_reply(lm.reply(request).text, FollowUp)
    except UnreadableError:
        return None
    return _checked(found, " ".join(question.split()), labels, speakers)


def _checked(
    found: FollowUp, question: str, labels: dict[str, Cited], speakers: Sequence[str]
) -> Reading | None:
    asked = " ".join(found.question.split())
    if not asked or len(asked) > _MOST_LETTERS or (found.when and found.citation not in labels):
        return None
    anchor = (labels[found.citation],) if found.citation in labels else ()
    named = named_speakers(found.speaker or "", speakers)
    speaker = named[0] if len(named) == 1 else None
    notes = [f"asked as: {asked}"] if asked != question else []
    notes += [placed(anchor, found.when)] if anchor else []
    notes += [f"said by {speaker}"] if speaker else []
    reading = Reading(asked, "ask", found.when, bool(anchor), speaker, anchor, tuple(notes))
    return only_said(reading, speakers)
