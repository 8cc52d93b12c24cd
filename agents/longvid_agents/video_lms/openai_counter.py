"""How many tokens a served model reads, learnt from the server itself.

Words: the server's own tokenizer where it has one (``/tokenize`` of vLLM and SGLang, and llama.cpp's); else tokens a
byte, from the ``usage`` that it reports. Pictures and sound: what one more of that size adds to ``usage``, asked once
for each size with ``max_tokens=1``, as no server's tokenizer counts them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from longvid_agents.images import blank_jpeg
from longvid_agents.video_lms.openai_parts import image_part, sound_part
from longvid_storage.models.endpoint import Endpoint

# A token is at least one byte, so that this many bytes cannot be more tokens; longer text is counted by its ratio.
_SHORT = 32
# Shorter texts are repeated to this length to learn from, so that the chat's template weighs little.
_SAMPLE = 600
_DIGIT = re.compile(r"[0-9]")
_PROBE_S = 4.0
_RATE = 16_000
_WORD = {"type": "text", "text": "."}


class ServedCounter:
    """Fulfils ``Counter`` for a model at ``endpoint``.

    Args:
        endpoint: where the model answers.
        model: its name there.
        usage: input tokens of a chat with one word of instructions and these content parts, as the server reports
            them; costs one call.
    """

    def __init__(self, endpoint: Endpoint, model: str, usage: Callable[[list[dict[str, Any]]], int]) -> None:
        self._endpoint = endpoint
        self._model = model
        self._usage = usage
        self._tokenizes: bool | None = None
        self._ratio: float | None = None
        self._texts: dict[str, int] = {}
        self._frames: dict[tuple[int, int], int] = {}
        self._per_second: float | None = None

    def text(self, text: str) -> int:
        """Tokens of ``text``: the server's count, or what its bytes make; and one for the line break before it."""
        # Times differ in their digits alone, and tokenizers of today part digits by place: one count serves all.
        shape = _DIGIT.sub("0", text) if len(text) <= _SHORT else text
        if shape not in self._texts:
            self._texts[shape] = self._count(text) + 1
        return self._texts[shape]

    def overhead(self) -> int:
        """Tokens of a chat beyond what is said in it: its template."""
        return max(0, self._bare - 2)

    def frame(self, width: int, height: int) -> int:
        """Tokens of one picture of this size, as the server charges it."""
        if (width, height) not in self._frames:
            part = image_part(blank_jpeg(width, height), "image/jpeg")
            self._frames[width, height] = self._added(part)
        return self._frames[width, height]

    def sound(self, seconds: float) -> int:
        """Tokens of sound of this length, from what some seconds of silence cost."""
        if self._per_second is None:
            silence = sound_part(np.zeros(round(_PROBE_S * _RATE), np.float32), _RATE)
            self._per_second = self._added(silence) / _PROBE_S
        return math.ceil(seconds * self._per_second)

    def learn(self, texts: list[str], input_tokens: int) -> None:
        """A request of words alone was ``input_tokens``: the largest ratio seen counts from now on."""
        size = sum(len(text.encode()) for text in texts)
        if size > _SHORT and input_tokens > 0:
            self._ratio = max(self._ratio or 0.0, input_tokens / size)

    def _count(self, text: str) -> int:
        if self._tokenizes is not False:
            counted = self._tokenized(text)
            self._tokenizes = counted is not None
            if counted is not None:
                return counted
        size = len(text.encode())
        if size <= _SHORT:
            return size
        if self._ratio is None:
            sample = "\n".join([text[:_SAMPLE]] * max(1, _SAMPLE // size))
            self.learn([sample], self._usage([{"type": "text", "text": sample}]))
        return size if self._ratio is None else math.ceil(size * self._ratio)

    def _tokenized(self, text: str) -> int | None:
        """The server's own count, None where it has no tokenizer."""
        openai = self._endpoint.sdk
        root = self._endpoint.root
        for body in ({"model": self._model, "prompt": text, "add_special_tokens": False}, {"content": text}):
            try:
                found = self._endpoint.client.post(f"{root}/tokenize", body=body, cast_to=object)
            except (openai.APIStatusError, ValueError):
                continue
            except openai.APIError as error:
                raise self._endpoint.mapped(error) from error
            if isinstance(found, Mapping):
                tokens = found.get("tokens")
                count = found.get("count", len(tokens) if isinstance(tokens, list) else None)
                if isinstance(count, int) and (count > 0 or not text.strip()):
                    return count
        return None

    @cached_property
    def _bare(self) -> int:
        """What a chat of two words costs, one of them in the instructions."""
        return self._usage([_WORD])

    def _added(self, part: dict[str, Any]) -> int:
        return max(1, self._usage([_WORD, part]) - self._bare)
