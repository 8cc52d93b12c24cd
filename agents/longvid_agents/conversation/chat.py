"""One conversation: resolve the question, answer it, remember both.

A turn is remembered when it is finished. A process that is killed loses at most the turn it was in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from longvid_agents.cite import format_claim
from longvid_agents.conversation.resolve import MOST_TURNS, Resolved, resolve
from longvid_agents.conversation.said import again, following
from longvid_agents.conversation.turns import Cited, Turn
from longvid_agents.tools import Tools
from longvid_agents.verify import normalise, within
from longvid_agents.video_lm import VideoLM
from longvid_storage.types import Answer, Citation, Filters

Ask = Callable[[str, Filters, Sequence[Turn]], Answer]
"""Answers a question that stands alone, within filters, knowing the turns before."""

NOTHING_SAID = "Nothing is said there."


@dataclass(frozen=True, slots=True)
class Reply:
    """What one question of a conversation got; ``resolved`` is what was asked in its place."""

    resolved: Resolved
    answer: Answer
    turn: Turn


class Conversation:
    """A session over a library.

    Args:
        filters: what it may look at.
        tools: the library.
        ask: answers one question.
        speakers: who is heard in what ``filters`` admit.
        turns: tells the finished turns, oldest first, as they are now.
        keep: remembers a finished turn.
        lm: rewrites follow-ups, if there is one.
    """

    def __init__(
        self,
        filters: Filters,
        tools: Tools,
        ask: Ask,
        speakers: Sequence[str],
        turns: Callable[[], Sequence[Turn]],
        keep: Callable[[Turn], object],
        lm: VideoLM | None = None,
    ) -> None:
        self._filters = filters
        self._tools = tools
        self._ask = ask
        self._speakers = tuple(speakers)
        self._turns = turns
        self._keep = keep
        self._lm = lm

    def ask(self, question: str) -> Reply:
        """Ask, and remember question and answer.

        Raises:
            ModelError: the model failed; the turn is not remembered.
        """
        turns = self._turns()
        resolved = resolve(question, turns, self._filters, self._speakers, self._lm)
        answer = self._answered(question, resolved, turns)
        turn = Turn(
            question=question,
            asked=resolved.question,
            answer=answer.answer,
            found=answer.found,
            claims=tuple(claim.text for claim in answer.claims),
            cited=tuple(self._cited(claim.citations[0]) for claim in answer.claims),
            notes=resolved.notes,
            videos=self._videos(question, resolved, answer, turns),
        )
        self._keep(turn)
        return Reply(resolved, answer, turn)

    def _answered(self, question: str, resolved: Resolved, turns: Sequence[Turn]) -> Answer:
        if resolved.mode == "ask":
            return replace(self._ask(resolved.question, resolved.filters, turns), question=question)
        if resolved.mode == "again":
            claims = again(resolved.anchor)
        else:
            claims = following(
                self._tools, resolved.anchor[-1], resolved.filters, backwards=resolved.mode == "before"
            )
        return Answer(
            question=question,
            answer="\n".join(map(format_claim, claims)) or NOTHING_SAID,
            found=bool(claims),
            claims=claims,
            nearest=(),
            engine={"language_model": "none (extractive)", **self._tools.engine()},
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

    def _cited(self, citation: Citation) -> Cited:
        own: list[tuple[int, str]] = []
        if citation.kind == "speech":
            quote = set(normalise(citation.quote).split())
            own = [
                (len(quote & set(normalise(u.text).split())), u.speaker)
                for u in self._tools.utterances(citation.video_id, citation.start_s, citation.end_s + 1e-3)
                if u.speaker and within(u, citation)
            ]
        shared, speaker = max(own, key=lambda pair: pair[0], default=(0, None))
        c = citation
        return Cited(
            c.video_id, c.title, c.path, c.start_s, c.end_s, c.kind, c.quote, speaker if shared else None
        )
