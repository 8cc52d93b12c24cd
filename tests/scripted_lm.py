"""A language model that plays fixed replies, counts its tokens, and keeps what it was asked: a first-class fake."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from longvid_agents.material import lay_out
from longvid_agents.video_lm import Counter, Reply, Request
from longvid_storage.errors import ModelError

Script = str | dict[str, Any] | Exception | Callable[[Request], "str | dict[str, Any]"]


class ScriptedLM:
    """Fulfils ``VideoLM``: each request takes the next of ``replies``.

    A reply is a text, an object (written as JSON), an exception (raised), or a function of the request that returns
    one of the first two. Out of replies, ``otherwise`` is played for ever; without it the model fails.
    ``dies_after``: every stream breaks off after so many letters. ``counts``: whether it says how many tokens it used.
    ``beat`` is called before each piece of a stream, to let time pass; ``closed`` counts streams closed before the end.
    """

    def __init__(
        self,
        *replies: Script,
        sees: bool = False,
        hears: bool = False,
        otherwise: Script | None = None,
        dies_after: int | None = None,
        counts: bool = True,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self.replies = list(replies)
        self.otherwise = otherwise
        self.sees = sees
        self.hears = hears
        self.dies_after = dies_after
        self.counts = counts
        self.beat = beat
        self.closed = 0
        self.requests: list[Request] = []

    @property
    def name(self) -> str:
        return "scripted"

    @property
    def fingerprint(self) -> str:
        return "scripted-1"

    @property
    def counter(self) -> Counter:
        return ScriptedCounter()

    def reply(self, request: Request) -> Reply:
        text = self._next(request)
        if self.dies_after is not None:
            raise ModelError("the scripted model died midway: start it again")
        return self._whole(request, text)

    def stream(self, request: Request) -> Iterator[str | Reply]:
        text = self._next(request)
        for at in range(0, len(text), 7):
            if self.dies_after is not None and at >= self.dies_after:
                raise ModelError("the scripted model died midway: start it again")
            self.beat()
            try:
                yield text[at : at + 7]
            except GeneratorExit:
                self.closed += 1
                raise
        yield self._whole(request, text)

    def _next(self, request: Request) -> str:
        self.requests.append(request)
        if not self.replies and self.otherwise is None:
            raise ModelError("the scripted model has no more replies")
        script = self.replies.pop(0) if self.replies else self.otherwise
        if isinstance(script, Exception):
            raise script
        if callable(script):
            script = script(request)
        return script if isinstance(script, str) else json.dumps(script, ensure_ascii=False)

    def _whole(self, request: Request, text: str) -> Reply:
        frames = tuple(frame.number for frame in request.frames)
        if not self.counts:
            return Reply(text, frames=frames)
        read = count(read_text(request)) + FRAME_TOKENS * len(frames)
        return Reply(text, input_tokens=read, output_tokens=count(text), frames=frames)


FRAME_TOKENS = 64


class ScriptedCounter:
    """Counts as the scripted model does."""

    def text(self, text: str) -> int:
        return count(text)

    def frame(self, width: int, height: int) -> int:
        return FRAME_TOKENS

    def sound(self, seconds: float) -> int:
        return round(10 * seconds)


def read_text(request: Request) -> str:
    """All the words of a request as every adapter lays them out."""
    return "\n\n".join([request.system, *lay_out(replace(request, frames=()), ScriptedCounter()).texts])


def count(text: str) -> int:
    """Tokens of the scripted model: a piece of at most four letters, a digit pair, or any other sign each."""
    return len(re.findall(r"[A-Za-z]{1,4}|\d{1,2}|[^\sA-Za-z\d]", text))


def claims(*pairs: tuple[str, list[str]], complete: bool = True) -> dict[str, Any]:
    """An answer as a model writes it: (text, evidence ids) each."""
    return {"complete": complete, "claims": [{"text": text, "evidence": ids} for text, ids in pairs]}
