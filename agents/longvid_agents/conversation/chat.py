"""One conversation: resolve the question, answer it, remember both.

A turn is remembered when it is finished. A process that is killed loses at most the turn it was in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from longvid_agents.cite import format_claim
from longvid_agents.conversation.resolve import MOST_TURNS, Resolved, resolve
from longvid_agents.conversation.turns import Cited, Turn
from longvid_agents.video_lm import VideoLM
from longvid_storage.db.view import View
from longvid_storage.types import Answer, Citation, Claim, speaker_key

Ask = Callable[[str, View, Sequence[Turn]], Answer]
"""Answers a question that stands alone, from a view, knowing the turns before."""

NOTHING_SAID = "Nothing is said there."
# Of what is said right after or before a place: so many passages, each of so many words.
MOST, FEWEST_WORDS = 3, 4


@dataclass(frozen=True, slots=True)
class ChatReply:
    """What one question of a conversation got; ``resolved`` is what was asked in its place."""

    resolved: Resolved
    answer: Answer
    turn: Turn


class Conversation:
    """A session over a library.

    Args:
        opened: a view of the library within what the conversation may look at, for the length of one question.
        ask: answers one question.
        turns: tells the finished turns, oldest first, as they are now.
        keep: remembers a finished turn.
        lm: rewrites follow-ups, if there is one.
        engines: what the library runs on, by role.
    """

    def __init__(
        self,
        opened: Callable[[], AbstractContextManager[View]],
        ask: Ask,
        turns: Callable[[], Sequence[Turn]],
        keep: Callable[[Turn], object],
        lm: VideoLM | None = None,
        engines: Mapping[str, str] | None = None,
    ) -> None:
        self._opened = opened
        self._ask = ask
        self._turns = turns
        self._keep = keep
        self._lm = lm
        self._engines = engines or {}

    def ask(self, question: str) -> ChatReply:
        """Ask, and remember question and answer.

        Raises:
            ModelError: the model failed; the turn is not remembered.
        """
        turns = self._turns()
        with self._opened() as view:
            speakers = _heard(view)
            resolved = resolve(question, turns, view.scope, speakers, self._lm, view.cards())
            answer = self._answered(view, question, resolved, turns)
            cited = resolved.anchor
            if (
                resolved.mode != "again"
            ):  # what is told again keeps its speakers, also of a turn without passages
                cited = _cited(view, [claim.citations[0] for claim in answer.claims])
        turn = Turn(
            question=question,
            asked=resolved.question,
            answer=answer.answer,
            found=answer.found,
            claims=tuple(claim.text for claim in answer.claims),
            cited=cited,
            notes=resolved.notes,
            videos=self._videos(question, resolved, answer, turns),
        )
        self._keep(turn)
        return ChatReply(resolved, answer, turn)

    def _answered(self, view: View, question: str, resolved: Resolved, turns: Sequence[Turn]) -> Answer:
        if resolved.mode == "ask":
            answer = self._ask(resolved.question, view.within(resolved.filters), turns)
            return replace(answer, question=question)
        if resolved.mode == "again":
            claims = again(resolved.anchor)
        else:
            narrow = view.within(resolved.filters)
            claims = following(narrow, resolved.anchor[-1], backwards=resolved.mode == "before")
        return Answer(
            question=question,
            answer="\n".join(map(format_claim, claims)) or NOTHING_SAID,
            found=bool(claims),
            claims=claims,
            nearest=(),
            engine={"language_model": "none (extractive)", **self._engines},
        )

    def _videos(
        self, question: str, resolved: Resolved, answer: Answer, turns: Sequence[Turn]
    ) -> tuple[str, ...]:
        """Whose words may be in a turn: those cited, told in a note, or read by a model that rewrote the question."""
        ids = {citation.video_id for claim in answer.claims for citation in claim.citations}
        ids |= {anchor.video_id for anchor in resolved.anchor}
        if self._lm is not None and resolved.question != question:
            ids = ids.union(*(turn.videos for turn in turns[-MOST_TURNS:]))
        return tuple(sorted(ids))


def _heard(view: View) -> list[str]:
    """Who is heard in what the view can see."""
    wanted = speaker_key(view.scope.speaker)
    return sorted(name for name in view.speakers() if wanted is None or speaker_key(name) == wanted)


def _cited(view: View, citations: Sequence[Citation]) -> tuple[Cited, ...]:
    """Citations with who said them, looked up by their passages."""
    speakers = {p.id: p.speaker for p in view.passages([c.passage_id for c in citations if c.passage_id])}
    return tuple(
        Cited(
            c.video_id,
            c.title,
            c.path,
            c.start_s,
            c.end_s,
            c.kind,
            c.quote,
            speakers.get(c.passage_id),
            c.passage_id,
        )
        for c in citations
    )


def following(view: View, anchor: Cited, *, backwards: bool = False) -> tuple[Claim, ...]:
    """The first passages said in the view after ``anchor`` (or the last before it), in order of time."""
    inside = view.scope.narrowed(
        videos=[anchor.video_id],
        from_s=None if backwards else anchor.end_s,
        to_s=anchor.start_s if backwards else None,
    )
    if inside is None or not view.has_video(anchor.video_id):
        return ()
    said = [
        passage
        for passage in view.within(inside).passages_of(anchor.video_id, ["speech"])
        if len(passage.text.split()) >= FEWEST_WORDS
        and (passage.end_s <= anchor.start_s if backwards else passage.start_s >= anchor.end_s)
    ]
    return tuple(
        Claim(
            f"{passage.speaker}: {passage.text}" if passage.speaker else passage.text,
            (Citation.of(passage, anchor.title, anchor.path),),
        )
        for passage in (said[-MOST:] if backwards else said[:MOST])
    )


def again(anchor: Sequence[Cited]) -> tuple[Claim, ...]:
    """The last answer's citations once more, each with who said it."""
    return tuple(
        Claim(f"{cited.speaker}: {cited.quote}" if cited.speaker else cited.quote, (cited.citation,))
        for cited in anchor
    )
