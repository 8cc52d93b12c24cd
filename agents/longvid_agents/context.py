"""What was said before in a conversation: the questions, the answers, and what they cited."""

from __future__ import annotations

from dataclasses import dataclass

from longvid_storage.types import Citation


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a conversation and the answer it got; ``citations`` in the order of its claims."""

    question: str
    answer: str
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """The turns before the question at hand, oldest first; none outside a conversation."""

    turns: tuple[Turn, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.turns)
