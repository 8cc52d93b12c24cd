"""The forms of a summary that a language model writes."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from longvid_storage.models.replies import ReplyModel
from longvid_storage.text.shown import one_line

LONGEST_SENTENCE = 600
LONGEST_SO_FAR = 1200
# Pieces a request can have, as few windows hold more; sentences: twice what any prompt asks for.
_MOST_EVIDENCE, _MOST_SENTENCES = 64, 12


def _line(most: int) -> BeforeValidator:
    """One line of at most ``most`` letters: a talkative model is cut short, not refused."""
    return BeforeValidator(lambda said: one_line(said)[:most] if isinstance(said, str) else said)


def _listed(said: Any) -> Any:
    return (said,) if isinstance(said, str) else tuple(said) if isinstance(said, list) else said


class SentenceReply(ReplyModel):
    """A sentence and the ids of the pieces it rests on, invented ids and all."""

    text: Annotated[str, Field(max_length=LONGEST_SENTENCE), _line(LONGEST_SENTENCE)]
    evidence: Annotated[
        tuple[Annotated[str, Field(max_length=16)], ...],
        Field(max_length=_MOST_EVIDENCE),
        BeforeValidator(_listed),
    ] = ()


class FoldReply(ReplyModel):
    """A summary of summaries."""

    sentences: Annotated[tuple[SentenceReply, ...], Field(max_length=_MOST_SENTENCES)]

    @property
    def known(self) -> str:
        """What must be known to go on: nothing comes after a fold."""
        return ""


class EventReply(FoldReply):
    """A summary of an event, and what somebody must know to understand the next."""

    so_far: Annotated[str, Field(max_length=LONGEST_SO_FAR), _line(LONGEST_SO_FAR)] = ""

    @property
    def known(self) -> str:
        """What must be known to go on."""
        return self.so_far
