"""What a model may reply, as the forms it is read with; their schemas go to models that can be held to one."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from longvid_agents.kinds import RouteKind
from longvid_agents.route import MOST_QUESTIONS
from longvid_storage.models.replies import (
    GrowingReply,
    ReplyModel,
    UnreadableError,
    read_object,
    read_reply,
    schema_of,
)
from longvid_storage.text.shown import one_line

MOST_CLAIMS = 24
MOST_CLAIM_LETTERS = 1200
MOST_EVIDENCE = 16
MOST_CALLS = 5
MOST_ROWS = 40
_MOST_QUERY_LETTERS = 300
_MOST_SEEN = 256
_MOST_CITED = 3

_CITED = re.compile(r"\s{0,9}[\[(（【]e\d+(?:\s*[,;、–-]\s*e\d+)*[\])）】]", re.IGNORECASE)
_EVIDENCE_ID = re.compile(r"e[1-9][0-9]{0,5}\Z")


def _words(said: Any) -> Any:
    """Words alone on one line: no ids (they are added), nothing that cannot be seen."""
    return one_line(_CITED.sub("", said)) if isinstance(said, str) else said


def _ids(said: Any) -> Any:
    """Those that can be ids of evidence, each once."""
    if not isinstance(said, list | tuple):
        return said
    return tuple(dict.fromkeys(each for each in said if isinstance(each, str) and _EVIDENCE_ID.match(each)))


def _queries(said: Any) -> Any:
    """The first few that are words."""
    if not isinstance(said, list | tuple):
        return said
    texts = (one_line(each[:_MOST_QUERY_LETTERS]) for each in said if isinstance(each, str))
    return tuple(text for text in texts if text)[:MOST_QUESTIONS]


def _objects(said: Any) -> Any:
    return tuple(each for each in said if isinstance(each, dict)) if isinstance(said, list | tuple) else said


Words = Annotated[str, Field(min_length=1, max_length=MOST_CLAIM_LETTERS), BeforeValidator(_words)]
EvidenceId = Annotated[str, Field(pattern="^e[1-9][0-9]{0,5}$")]


class Draft(ReplyModel):
    """A claim as the model wrote it: ``text``, and the ``evidence`` it names, invented ids and all."""

    text: Words
    evidence: Annotated[tuple[EvidenceId, ...], Field(max_length=MOST_EVIDENCE), BeforeValidator(_ids)] = ()


class Drafts(ReplyModel):
    """An answer as written; ``complete`` is False when the model says that part of the question stays open."""

    complete: bool = True
    claims: Annotated[tuple[Draft, ...], Field(max_length=MOST_CLAIMS)]


class Reflection(ReplyModel):
    """Is it enough, else the ``calls`` wanted next as they were written, and which evidence is of no use.

    No schema is made of it: what a call may hold differs from tool to tool, and ``calls`` judges each by itself.
    """

    enough: bool = False
    calls: Annotated[tuple[dict[str, Any], ...], Field(max_length=50), BeforeValidator(_objects)] = ()
    rule_out: Annotated[tuple[EvidenceId, ...], Field(max_length=1000), BeforeValidator(_ids)] = ()

    @model_validator(mode="before")
    @classmethod
    def _one_call(cls, said: Any) -> Any:
        """Small models reply with one call alone, as the tools show it."""
        return {"calls": [said]} if isinstance(said, dict) and "tool" in said else said


class ClaimVerdict(ReplyModel):
    """Whether the claim of this number is supported."""

    claim: Annotated[int, Field(ge=1)]
    supported: bool


class Verdicts(ReplyModel):
    """What a model says of claims."""

    verdicts: Annotated[tuple[ClaimVerdict, ...], Field(max_length=4 * MOST_CLAIMS)] = ()


class SeenFrame(ReplyModel):
    """What is to be seen in the picture of this number."""

    frame: Annotated[int, Field(ge=1)]
    text: Words


class Seen(ReplyModel):
    """What a model saw."""

    seen: Annotated[tuple[SeenFrame, ...], Field(max_length=_MOST_SEEN)] = ()


class PlanReply(ReplyModel):
    """How a model reads a question: its kind, and the searches it takes."""

    kind: RouteKind
    questions: Annotated[
        tuple[Annotated[str, Field(max_length=_MOST_QUERY_LETTERS)], ...],
        Field(max_length=MOST_QUESTIONS),
        BeforeValidator(_queries),
    ] = ()


class TaskDraft(Draft):
    """A task as the model wrote it, with who takes it on."""

    owner: Annotated[str | None, Field(max_length=100)] = None


class Minutes(ReplyModel):
    """The minutes of a part of a recording."""

    overview: Annotated[tuple[Draft, ...], Field(max_length=MOST_ROWS)] = ()
    decisions: Annotated[tuple[Draft, ...], Field(max_length=MOST_ROWS)] = ()
    action_items: Annotated[tuple[TaskDraft, ...], Field(max_length=MOST_ROWS)] = ()
    open_questions: Annotated[tuple[Draft, ...], Field(max_length=MOST_ROWS)] = ()


class FollowUp(ReplyModel):
    """A follow-up that stands alone; who is asked about, which piece it refers to, what comes after or before it."""

    question: Annotated[str, Field(min_length=1, max_length=500), BeforeValidator(_words)]
    speaker: Annotated[str | None, Field(max_length=100)] = None
    citation: Annotated[str | None, Field(max_length=16)] = None
    when: Literal["after", "before"] | None = None


def _bounded(form: type[ReplyModel], claims: int, letters: int) -> dict[str, Any]:
    """What a model is held to: so few and short claims in each list that the reply ends before its tokens do.

    A server turns the bounds into a grammar, and refuses one of too many repetitions. Without them a small model may
    fill its tokens inside one string: a grammar keeps to the form, and ends nothing.
    """
    schema: dict[str, Any] = deepcopy(schema_of(form))
    for listed in schema["properties"].values():
        if listed.get("type") == "array":
            listed["maxItems"] = claims
            listed["items"]["properties"]["text"]["maxLength"] = letters
            listed["items"]["properties"]["evidence"] |= {"minItems": 1, "maxItems": _MOST_CITED}
    return schema


SIMPLE_DRAFTS, DRAFTS = _bounded(Drafts, 4, 280), _bounded(Drafts, 10, 400)
VERDICTS, SEEN = schema_of(Verdicts), schema_of(Seen)
PLAN, MINUTES, FOLLOW_UP = schema_of(PlanReply), _bounded(Minutes, 12, 280), schema_of(FollowUp)


def read_verdicts(text: str, count: int) -> tuple[bool, ...]:
    """One verdict for each of ``count`` claims; one not judged is not supported.

    Raises:
        UnreadableError: a claim is named that was not asked about, or twice with different verdicts.
    """
    said: dict[int, bool] = {}
    for each in read_reply(text, Verdicts).verdicts:
        if each.claim > count:
            raise UnreadableError(f"a verdict is of claim {each.claim}; the claims are 1 to {count}")
        if said.setdefault(each.claim, each.supported) != each.supported:
            raise UnreadableError(f"claim {each.claim} has two verdicts")
    return tuple(said.get(number, False) for number in range(1, count + 1))


def read_seen(text: str, count: int) -> tuple[tuple[int, str], ...]:
    """(number, what is to be seen) of frames from 1 to ``count``. Raises ``UnreadableError``, also for others."""
    seen = read_reply(text, Seen).seen
    for each in seen:
        if each.frame > count:
            raise UnreadableError(f"frame {each.frame} was not shown; the frames are 1 to {count}")
    return tuple((each.frame, each.text) for each in seen)


class ClaimStream:
    """Feed it pieces of a reply; it gives the claims that became whole, up to one that cannot be read.

    ``final`` turns True where the reply says ``"complete": true`` before its claims: what may still be answered anew
    should not be shown.
    """

    def __init__(self) -> None:
        self._growing = GrowingReply()
        self._broken = False

    @property
    def final(self) -> bool:
        """Whether nothing can replace the claims any more."""
        return self._growing.found.get("complete") is True

    def feed(self, piece: str) -> list[Draft]:
        """The claims completed by ``piece``."""
        drafts = []
        for key, text in self._growing.feed(piece):
            if key != "claims" or self._broken:
                continue
            try:
                drafts.append(read_object(text, Draft))
            except UnreadableError:
                self._broken = True
        return drafts
