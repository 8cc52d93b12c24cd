"""What was said before in a conversation, as the agent's graph is told."""

from __future__ import annotations

from dataclasses import dataclass

from longvid_agents.conversation.turns import Turn


@dataclass(frozen=True, slots=True)
class Context:
    """The turns before the question at hand, oldest first; none outside a conversation."""

    turns: tuple[Turn, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.turns)
