"""The object and the events of OpenAI's Responses; citations are annotations over the brackets that name them."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator
from typing import Any

from longvid import jsonform, printing
from longvid.links import page_link
from longvid.server.answering import Event
from longvid_agents.cite import format_citation
from longvid_storage.errors import LongvidError
from longvid_storage.text.shown import shown
from longvid_storage.types import Answer, Citation, Claim


class ResponseDraft:
    """A response as it grows: its text, and its annotations.

    Args:
        model: as it was asked for.
        base: where links begin.
    """

    def __init__(self, model: str, base: str) -> None:
        self.id = f"resp_{secrets.token_hex(16)}"
        self.item = f"msg_{secrets.token_hex(16)}"
        self.text = ""
        self.annotations: list[dict[str, Any]] = []
        self._model = model
        self._base = base
        self._created = int(time.time())
        self._claims: list[Claim] = []

    def add_claim(self, claim: Claim) -> tuple[str, list[dict[str, Any]]]:
        """Put a claim behind what is there; the text that this adds, and its annotations."""
        self._claims.append(claim)
        before = len(self.text)
        self.text += ("\n" if self.text else "") + shown(claim.text)
        added = []
        for citation in claim.citations:
            bracket = format_citation(citation)
            self.text += f" {bracket}"
            added.append(self._annotation(citation, len(self.text) - len(bracket)))
        self.annotations += added
        return self.text[before:], added

    def add_rest(self, answer: Answer) -> str:
        """What an answer says beside its claims, put behind what is there."""
        before = len(self.text)
        lines = [f"({note})" for note in answer.notes] if answer.found else [printing.answer(answer)]
        if answer.partial and answer.found:
            lines.append(answer.answer.splitlines()[-1])
        for line in lines:
            self.text += ("\n" if self.text else "") + shown(line)
        return self.text[before:]

    def claims_left(self, answer: Answer) -> list[Claim]:
        """Those of the answer that are not in it yet."""
        return [claim for claim in answer.claims if claim not in self._claims]

    def finished(self, answer: Answer) -> dict[str, Any]:
        """The whole response."""
        for claim in self.claims_left(answer):
            self.add_claim(claim)
        self.add_rest(answer)
        return self.told("completed", answer)

    def told(self, status: str, answer: Answer | None = None, error: object = None) -> dict[str, Any]:
        """The response as it is now."""
        return {
            "id": self.id,
            "object": "response",
            "created_at": self._created,
            "status": status,
            "error": None if error is None else _error(error),
            "incomplete_details": None,
            "instructions": None,
            "metadata": {},
            "model": self._model,
            "output": [self.message("completed")] if status == "completed" else [],
            "parallel_tool_calls": False,
            "temperature": None,
            "tool_choice": "none",
            "tools": [],
            "top_p": None,
            "usage": None if answer is None else _usage(answer),
        }

    def message(self, status: str) -> dict[str, Any]:
        """Its one message."""
        content = [self.part()] if status == "completed" else []
        return {"id": self.item, "type": "message", "role": "assistant", "status": status, "content": content}

    def part(self) -> dict[str, Any]:
        """The text with its annotations."""
        return {"type": "output_text", "text": self.text, "annotations": self.annotations, "logprobs": []}

    def _annotation(self, citation: Citation, start: int) -> dict[str, Any]:
        return {
            "type": "url_citation",
            "start_index": start,
            "end_index": len(self.text),
            "url": page_link(self._base, citation.video_id, citation.play_s),
            "title": shown(citation.title),
            "video_id": citation.video_id,
            "start_s": round(citation.start_s, 3),
            "end_s": round(citation.end_s, 3),
            "quote": shown(citation.quote),
        }


async def events(draft: ResponseDraft, found: AsyncIterator[Event]) -> AsyncIterator[str]:
    """The events of a response: a claim is sent once it is verified, with its annotations."""
    number = 0
    place = {"item_id": draft.item, "output_index": 0, "content_index": 0}

    def event(kind: str, **more: Any) -> str:
        nonlocal number
        number += 1
        told = {"type": kind, "sequence_number": number - 1, **more}
        return f"event: {kind}\ndata: {jsonform.dumps(told)}\n\n"

    def delta(text: str) -> str:
        return event("response.output_text.delta", **place, delta=text, logprobs=[])

    def claimed(claim: Claim) -> list[str]:
        first = len(draft.annotations)
        text, added = draft.add_claim(claim)
        told = [delta(text)]
        for at, each in enumerate(added, first):
            kind = "response.output_text.annotation.added"
            told.append(event(kind, **place, annotation_index=at, annotation=each))
        return told

    yield event("response.created", response=draft.told("in_progress"))
    yield event("response.in_progress", response=draft.told("in_progress"))
    yield event("response.output_item.added", output_index=0, item=draft.message("in_progress"))
    yield event("response.content_part.added", **place, part=draft.part())
    async for name, value in found:
        if name == "error":
            yield event("response.failed", response=draft.told("failed", error=value))
        elif isinstance(value, Claim):
            for each in claimed(value):
                yield each
        elif isinstance(value, Answer):
            for claim in draft.claims_left(value):
                for each in claimed(claim):
                    yield each
            if rest := draft.add_rest(value):
                yield delta(rest)
            yield event("response.output_text.done", **place, text=draft.text, logprobs=[])
            yield event("response.content_part.done", **place, part=draft.part())
            yield event("response.output_item.done", output_index=0, item=draft.message("completed"))
            yield event("response.completed", response=draft.told("completed", value))


def _usage(answer: Answer) -> dict[str, Any]:
    read, wrote = answer.usage.input_tokens, answer.usage.output_tokens
    return {
        "input_tokens": read,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": wrote,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": read + wrote,
    }


def _error(error: object) -> dict[str, str]:
    known = isinstance(error, LongvidError)
    message = (
        error.message
        if isinstance(error, LongvidError)
        else "something failed: the server's log has the details"
    )
    return {"code": "invalid_prompt" if known else "server_error", "message": shown(message)}
