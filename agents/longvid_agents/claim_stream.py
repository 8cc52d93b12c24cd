"""Claims out of a reply that is still being written: each as soon as its object is closed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from longvid_agents.replies import Draft, read_draft


class ClaimStream:
    """Feed it pieces of text; it gives the claims that became whole. What it makes no sense of it waits for.

    Only objects directly inside the list under ``"claims"`` count. The whole reply is read strictly afterwards, so
    this one only has to be early, never tolerant. ``final`` turns True where the reply says ``"complete": true``
    before its claims: what may still be answered anew should not be shown.
    """

    def __init__(self) -> None:
        self._text = ""
        self._at = -1  # where the list goes on; -1 until it begins
        self.final = False

    def feed(self, piece: str) -> Iterator[Draft]:
        """The claims completed by ``piece``."""
        self._text += piece
        if self._at < 0 and (begin := _BEGIN.match(self._text)):
            self._at = begin.end()
            self.final = begin.group(1) == "true"
        while self._at >= 0:
            start = self._text.find("{", self._at)
            if start < 0 or self._text[self._at : start].strip(", \t\r\n"):
                return
            try:
                found, end = json.JSONDecoder().raw_decode(self._text, start)
                draft = read_draft(found)
            except (ValueError, RecursionError):
                return
            self._at = end
            yield draft


_BEGIN = re.compile(
    r"\s*(?:<think>.*?</think>\s*)?(?:```(?:json)?\s*)?\{\s*(?:\"complete\"\s*:\s*(true|false)\s*,\s*)?\"claims\"\s*:\s*\[",
    re.DOTALL,
)
