"""One conversation as a LangGraph graph: resolve the question, answer it, remember both.

::

    resolve ──> answer ──> (the turn is in the checkpoint)

A turn is remembered when it is finished. A process that is killed loses at most the turn it was in.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypedDict

from longvid_agents.cite import format_claim
from longvid_agents.conversation import checkpoints
from longvid_agents.conversation.resolve import (
    Resolved,
    resolve,
    resolved_from_plain,
    resolved_to_plain,
)
from longvid_agents.conversation.said import again, following
from longvid_agents.conversation.turns import (
    Cited,
    Turn,
    filters_from_plain,
    filters_to_plain,
    turn_to_plain,
    turns_from_plain,
)
from longvid_agents.tools import Tools
from longvid_agents.verify import normalise, within
from longvid_agents.video_lm import VideoLM
from longvid_storage.types import Answer, Citation, Scope

if TYPE_CHECKING:
    from langgraph.checkpoint.sqlite import SqliteSaver
    from langgraph.graph.state import CompiledStateGraph

Ask = Callable[[str, Scope, Sequence[Turn]], Answer]
"""Answers a question that stands alone, within filters, knowing the turns before."""

NOTHING_SAID = "Nothing is said there."


class ChatState(TypedDict, total=False):
    """What is in a checkpoint, as plain data: the session's ``filters``, its ``turns``, and what is in flight.

    ``question`` is as asked; ``resolved`` what is asked in its place. Both are empty once the turn is finished.
    """

    filters: dict[str, Any]
    turns: list[dict[str, Any]]
    question: str
    resolved: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """What one question of a conversation got; ``resolved`` is what was asked in its place."""

    resolved: Resolved
    answer: Answer
    turn: Turn


class Conversation:
    """A session over a library.

    Args:
        name: of the session; one of that name is gone on with.
        filters: what it may look at; for an old session, those it has already (see ``longvid.chat``).
        tools: the library.
        ask: answers one question.
        speakers: who is heard in what ``filters`` admit.
        saver: keeps it; open while the conversation lasts.
        lm: rewrites follow-ups, if there is one.
    """

    def __init__(
        self,
        name: str,
        filters: Scope,
        tools: Tools,
        ask: Ask,
        speakers: Sequence[str],
        saver: SqliteSaver,
        lm: VideoLM | None = None,
    ) -> None:
        self.name = name
        self.filters = filters
        self._tools = tools
        self._ask = ask
        self._speakers = tuple(speakers)
        self._saver = saver
        self._lm = lm
        self._last: Reply | None = None
        self._graph = self._compiled()

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The finished turns, oldest first."""
        found = checkpoints.session(self._saver, self.name)
        return () if found is None else found.turns

    def ask(self, question: str) -> Reply:
        """Ask, and remember question and answer.

        Raises:
            ModelError: the model failed; the turn is not remembered.
        """
        start: ChatState = {"question": question, "filters": filters_to_plain(self.filters)}
        self._last = None
        self._graph.invoke(start, checkpoints.thread(self.name), durability="sync")  # type: ignore[call-overload]
        checkpoints.prune(self._saver, self.name)
        assert self._last is not None, "the answer node ran"
        return self._last

    def _compiled(self) -> CompiledStateGraph[ChatState, None, ChatState, ChatState]:
        from langgraph.graph import END, START, StateGraph

        graph = StateGraph(ChatState)
        graph.add_node("resolve", self._resolve)
        graph.add_node("answer", self._answer)
        graph.add_edge(START, "resolve")
        graph.add_edge("resolve", "answer")
        graph.add_edge("answer", END)
        return graph.compile(checkpointer=self._saver)

    def _resolve(self, state: ChatState) -> ChatState:
        turns = turns_from_plain(state.get("turns", []))
        filters = filters_from_plain(state["filters"])
        resolved = resolve(state["question"], turns, filters, self._speakers, self._lm)
        return {"resolved": resolved_to_plain(resolved)}

    def _answer(self, state: ChatState) -> ChatState:
        resolved = resolved_from_plain(state["resolved"])
        answer = self._answered(state["question"], resolved, turns_from_plain(state.get("turns", [])))
        turn = Turn(
            question=state["question"],
            asked=resolved.question,
            answer=answer.answer,
            found=answer.found,
            claims=tuple(claim.text for claim in answer.claims),
            cited=tuple(self._cited(claim.citations[0]) for claim in answer.claims),
            notes=resolved.notes,
        )
        self._last = Reply(resolved, answer, turn)
        return {"turns": [*state.get("turns", []), turn_to_plain(turn)], "question": "", "resolved": {}}

    def _answered(self, question: str, resolved: Resolved, turns: Sequence[Turn]) -> Answer:
        if resolved.mode == "ask":
            # In a context of its own: a graph that runs inside a node would be kept in this conversation's file.
            answer = contextvars.Context().run(self._ask, resolved.question, resolved.filters, turns)
            return replace(answer, question=question)
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

    def _cited(self, citation: Citation) -> Cited:
        speaker = None
        if citation.kind == "speech":
            said = self._tools.utterances(citation.video_id, citation.start_s, citation.end_s + 1e-3)
            quote = set(normalise(citation.quote).split())
            own = [
                u
                for u in said
                if u.speaker and within(u, citation) and quote & set(normalise(u.text).split())
            ]
            speaker = (
                max(own, key=lambda u: len(quote & set(normalise(u.text).split()))).speaker if own else None
            )
        c = citation
        return Cited(c.video_id, c.title, c.path, c.start_s, c.end_s, c.kind, c.quote, speaker)
