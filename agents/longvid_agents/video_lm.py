"""The seam to a language model that may also see and hear: everything the agent knows about one.

One request is a question with evidence, frames and sound, each with its time on its video's timeline; one
reply is text and what it cost, or a stream that ends in one. Implementations lie in ``video_lms/``. A model
may read times; it never writes one into an answer: it names evidence by id, and the agent resolves the ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from longvid_storage.models.model_record import ModelRecord
from longvid_storage.models.weights import hub_folder
from longvid_storage.types import EvidenceText

Packing = Literal["uniform", "interleaved", "slow_fast", "pooled", "relevant"]


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture for the model: an encoded, upright image, known by its number, with the time it was taken.

    ``title`` is the video's, told to the model where one request holds frames of several videos. ``relevance`` is
    how well the picture fits the question (cosine of picture and question), None when not known.
    """

    number: int
    image: bytes = field(repr=False)
    time_s: float = 0.0
    video_id: str = ""
    relevance: float | None = None
    title: str = ""


@dataclass(frozen=True, slots=True)
class AudioClip:
    """Sound for a model that hears: 16 kHz mono, shape (n,), in [-1, 1], from ``start_s`` of its video on."""

    samples: NDArray[np.float32] = field(repr=False)
    start_s: float
    video_id: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """One call: our instructions (``system``), the task (``prompt``), and material from videos as data.

    ``budget_tokens`` bounds what the model reads (instructions, evidence and frames together), counted by the
    model's own processor; frames that do not fit are left out by the strategy ``packing``. None: the model's
    context. ``whole``: the question is about the whole of what the frames are of, not about a moment in it, so
    that ``relevant`` spreads evenly. ``schema``: a JSON schema the reply should follow, for models that can be
    held to one. ``max_tokens`` bounds what it writes. ``timeout_s``: the seconds that the call may take, weights and
    all; once they are over a model gives up with a ``ModelError`` (code ``OUT_OF_TIME``), as soon as it can.
    """

    system: str
    prompt: str
    evidence: tuple[EvidenceText, ...] = ()
    frames: tuple[Frame, ...] = ()
    sounds: tuple[AudioClip, ...] = ()
    max_tokens: int = 512
    budget_tokens: int | None = None
    packing: Packing = "interleaved"
    whole: bool = False
    schema: Mapping[str, Any] | None = None
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, word for word, and what it cost; tokens are 0 when the model does not say.

    ``frames`` are the numbers of the frames it was really shown, after packing. ``cut``: it wrote until
    ``max_tokens``, so the text ends in the middle. ``left_out``: visual tokens of these frames that pruning kept
    from the language model; ``input_tokens`` does not count them.
    """

    text: str
    input_tokens: int = 0
    output_tokens: int = 0
    frames: tuple[int, ...] = ()
    cut: bool = False
    left_out: int = 0


class Counter(Protocol):
    """How many tokens of a model's context things take, by its own tokenizer and processor."""

    def text(self, text: str) -> int:
        """Tokens of a piece of text."""
        ...

    def frame(self, width: int, height: int) -> int:
        """Tokens of one picture of ``width`` x ``height`` pixels."""
        ...

    def sound(self, seconds: float) -> int:
        """Tokens of sound that lasts ``seconds``; only of a model that hears."""
        ...


class VideoLM(Protocol):
    """A language model; ``sees`` and ``hears`` tell whether it accepts ``frames`` and ``sounds``.

    Making one is cheap; weights are loaded, or a server is called, at the first request. ``reply`` and ``stream``
    raise ``ModelError`` when the model cannot answer (no weights, out of memory, endpoint down).
    """

    @property
    def name(self) -> str:
        """What the user calls it."""
        ...

    @property
    def fingerprint(self) -> str:
        """Changes whenever its replies would; cheap to read, loads nothing heavy."""
        ...

    @property
    def sees(self) -> bool: ...

    @property
    def hears(self) -> bool: ...

    @property
    def counter(self) -> Counter:
        """Counts what this model reads."""
        ...

    def reply(self, request: Request) -> Reply:
        """The whole reply at once."""
        ...

    def stream(self, request: Request) -> Iterator[str | Reply]:
        """Pieces of text as they are written; the last item is the whole ``Reply``."""
        ...


ADAPTERS: dict[str, str] = {
    "openai": "longvid_agents.video_lms.openai:OpenAIVideoLM",
    "transformers": "longvid_agents.video_lms.transformers:TransformersVideoLM",
}
"""What runs ``ADAPTER:MODEL``, by its short name, as ``"module:class"``."""


def _local(model: str, licence: str, download_mb: int) -> ModelRecord:
    return ModelRecord(
        name=model,
        role="video_lm",
        dimension=None,
        licence=licence,
        download_mb=download_mb,
        source=f"huggingface.co/{model}",
        implementation=ADAPTERS["transformers"],
        package="transformers",
        extra="models",
        weights=(f"hub:{hub_folder(model)}/snapshots/*",),
        options={"model": model},
    )


# Megabytes: published parameters at two bytes each (four for SmolVLM2, which is stored in float32).
VIDEO_LMS: tuple[ModelRecord, ...] = (
    _local("Qwen/Qwen3-VL-8B-Instruct", "Apache-2.0", 17_500),
    _local("Qwen/Qwen3-VL-4B-Instruct", "Apache-2.0", 8_900),
    _local("Qwen/Qwen3-VL-2B-Instruct", "Apache-2.0", 4_300),
    _local("Qwen/Qwen3-VL-32B-Instruct", "Apache-2.0", 66_700),
    _local("Qwen/Qwen2.5-VL-7B-Instruct", "Apache-2.0", 16_600),
    _local("Qwen/Qwen2.5-Omni-7B", "Apache-2.0", 22_400),
    _local("zai-org/GLM-4.1V-9B-Thinking", "MIT", 20_600),
    _local("HuggingFaceTB/SmolVLM2-2.2B-Instruct", "Apache-2.0", 9_000),
)
"""The models of the video-LLM role, the preferred one first; ``auto`` takes none: answers are then extractive.

A served model needs no record: ``openai:MODEL`` names it.
"""
