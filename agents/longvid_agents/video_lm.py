"""The seam to a language model that may also see: everything the agent knows about one.

Implementations live in ``video_lms/``. A model gets text and pictures and returns text; it never writes a
time stamp: the agent hands it numbered evidence and resolves the numbers itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture for the model: an encoded image (``media_type`` says which format), known by its number."""

    number: int
    image: bytes = field(repr=False)
    media_type: str = "image/webp"


@dataclass(frozen=True, slots=True)
class Request:
    """One call: our instructions (``system``), and the task, material from videos as data (``prompt``)."""

    system: str
    prompt: str
    frames: tuple[Frame, ...] = ()
    max_tokens: int = 512


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, word for word, and what it cost (0 when the model does not say)."""

    text: str
    input_tokens: int = 0
    output_tokens: int = 0


class VideoLM(Protocol):
    """A language model; ``sees`` tells whether it accepts ``frames``.

    ``reply`` raises ``ModelError`` when the model cannot answer (not loaded, endpoint down).
    """

    @property
    def name(self) -> str: ...

    @property
    def sees(self) -> bool: ...

    def reply(self, request: Request) -> Reply: ...
