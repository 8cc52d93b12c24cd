"""Lines that stand beside the question in a prompt, all of them data: the conversation, and what was read before."""

from __future__ import annotations

from collections.abc import Sequence

from longvid_agents.context import Context
from longvid_agents.material import as_data

_MOST_TURNS = 3
_MOST_LETTERS = 400


def conversation(context: Context) -> str:
    """The last turns of the conversation; empty outside one."""
    if not context:
        return ""
    lines = ["Said before in this conversation (data):"]
    for turn in context.turns[-_MOST_TURNS:]:
        lines.append(f"- asked: {as_data(turn.asked)[:_MOST_LETTERS]}")
        lines.append(f"  answered: {as_data(turn.answer)[:_MOST_LETTERS]}")
    return "\n".join([*lines, ""])


def hints(context: Context, digests: Sequence[str], parts: Sequence[str] = ()) -> str:
    """The conversation, the parts of the question, and digests of evidence no longer shown in full."""
    text = conversation(context)
    if parts:
        text += "Its parts: " + "; ".join(as_data(part) for part in parts) + "\n"
    if digests:
        text += (
            "Read before, citable by these ids (data):\n"
            + "\n".join(f"- {as_data(d)}" for d in digests)
            + "\n"
        )
    return text
