"""The seam to a language model that summarises: all the indexer knows about one.

The top floor wraps the configured video-LLM into it; without one the chain is made of the video's own sentences.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from longvid_storage.types import EvidenceText


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """One call: our instructions, the task, and the material; ``schema`` is that of the reply (JSON)."""

    system: str
    prompt: str
    material: tuple[EvidenceText, ...]
    schema: Mapping[str, Any]
    max_tokens: int


@dataclass(frozen=True, slots=True)
class Written:
    """The reply, word for word, and what it cost; tokens are 0 when the model does not say.

    ``cut``: it ended because it was too long.
    """

    text: str
    input_tokens: int = 0
    output_tokens: int = 0
    cut: bool = False


class Summariser(Protocol):
    """A language model that writes summaries. Making one is cheap; reading its properties loads nothing."""

    @property
    def name(self) -> str:
        """What the user calls it."""
        ...

    @property
    def fingerprint(self) -> str:
        """Changes whenever its replies would."""
        ...

    @property
    def window(self) -> int:
        """Tokens that a request and its reply may take together."""
        ...

    def count(self, request: WriteRequest) -> int:
        """Tokens of the request, by the model's own counter."""
        ...

    def write(self, request: WriteRequest) -> Written:
        """The reply to one request.

        Raises:
            ModelError: the model cannot answer.
        """
        ...
