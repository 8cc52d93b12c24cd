"""A summariser that needs no weights: it writes by rule, counts its tokens, and keeps what it was asked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from longvid_indexer.summariser import WriteRequest, Written
from longvid_storage.errors import ModelError

Reply = Callable[[WriteRequest], str]


def tokens(text: str) -> int:
    """A piece of at most four letters, a digit pair, or any other sign each."""
    return len(re.findall(r"[^\W\d_]{1,4}|\d{1,2}|[^\w\s]", text))


def first_and_last(request: WriteRequest) -> str:
    """Quotes the first and the last piece it is given, and tells both as what is known so far."""
    pieces = [piece for piece in request.material if piece.id.startswith("e")]
    rows = [{"text": f"It says: {' '.join(p.text.split()[:12])}", "evidence": [p.id]} for p in pieces]
    chosen = [rows[0], rows[-1]] if len(rows) > 1 else rows
    known = {"so_far": "so far " + str(chosen[-1]["text"])[:60]}
    return json.dumps({"sentences": chosen, **(known if "so_far" in request.schema["properties"] else {})})


class ScriptedSummariser:
    """Fulfils ``Summariser``: each request gets the next of ``replies``, then what ``otherwise`` makes of it."""

    def __init__(
        self,
        *replies: str | Exception,
        otherwise: Reply = first_and_last,
        window: int = 4000,
        fingerprint: str = "scripted-1",
    ) -> None:
        self.replies = list(replies)
        self.otherwise = otherwise
        self.window = window
        self.fingerprint = fingerprint
        self.name = "scripted"
        self.requests: list[WriteRequest] = []

    def count(self, request: WriteRequest) -> int:
        """Every word of the request."""
        material = "\n".join(f"[{m.id}] {m.speaker or ''} {m.text}" for m in request.material)
        return tokens(f"{request.system}\n{material}\n{request.prompt}")

    def write(self, request: WriteRequest) -> Written:
        """The next reply; a request beyond the window fails as a real model's would."""
        used = self.count(request) + request.max_tokens
        if used > self.window:
            raise ModelError(f"the request takes {used} tokens, the window is {self.window}")
        self.requests.append(request)
        if self.replies:
            reply = self.replies.pop(0)
            if isinstance(reply, Exception):
                raise reply
        else:
            reply = self.otherwise(request)
        return Written(reply, self.count(request), tokens(reply))
