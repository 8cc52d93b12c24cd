"""The speakers role: which voice speaks when. Optional: without it a recognised transcript has no speakers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from longvid_storage.models.model_record import ModelRecord
from longvid_storage.models.weights import hub_folder
from longvid_storage.types import Utterance


@dataclass(frozen=True, slots=True)
class SpeakerTurn:
    """The voice ``speaker`` (a number that means nothing outside one recording) speaks in ``[start_s, end_s)``."""

    start_s: float
    end_s: float
    speaker: int


class Diariser(Protocol):
    """Tells voices apart. Making one is cheap; weights are loaded at the first recording."""

    @property
    def name(self) -> str:
        """What the user calls it; recorded as what assigned the speakers."""
        ...

    @property
    def fingerprint(self) -> str:
        """Changes whenever its turns would; cheap to read, loads nothing heavy."""
        ...

    def diarise(
        self, blocks: Iterable[NDArray[np.float32]], spans: Sequence[tuple[float, float]]
    ) -> list[SpeakerTurn]:
        """Who speaks when in a whole recording; turns may overlap, and may come in any order.

        Args:
            blocks: consecutive 16 kHz mono samples in [-1, 1] from time zero on, read once.
            spans: where the transcript has speech, ``[start_s, end_s)`` ascending by start; a model that finds
                speech by itself may look elsewhere too.

        Raises:
            ModelError: the model or its weights are missing, or it fails.
        """
        ...


def assign_speakers(utterances: Sequence[Utterance], turns: Iterable[SpeakerTurn]) -> list[str | None]:
    """For each utterance "Speaker 1", "Speaker 2", … in order of first appearance, or None where no turn touches it.

    An utterance belongs to the voice that shares most seconds with it.
    """
    ordered = sorted(turns, key=lambda turn: turn.start_s)
    starts = np.array([turn.start_s for turn in ordered])
    ends = np.array([turn.end_s for turn in ordered])
    voices = np.array([turn.speaker for turn in ordered], np.int64)
    labels: list[str | None] = []
    known: dict[int, str] = {}
    for utterance in utterances:
        shared = np.minimum(ends, utterance.end_s) - np.maximum(starts, utterance.start_s)
        here = shared > 0
        if not here.any():
            labels.append(None)
            continue
        found, owners = np.unique(voices[here], return_inverse=True)
        voice = int(found[np.argmax(np.bincount(owners, shared[here]))])
        labels.append(known.setdefault(voice, f"Speaker {len(known) + 1}"))
    return labels


def _voices(name: str, model: str, licence: str, download_mb: int, threshold: float) -> ModelRecord:
    return ModelRecord(
        name=name,
        role="speakers",
        dimension=None,
        licence=licence,
        download_mb=download_mb,
        source=f"the Hugging Face hub, {model}",
        implementation="longvid_indexer.diarisers.transformers:TransformersDiariser",
        package="transformers",
        extra="models",
        weights=(f"hub:{hub_folder(model)}/snapshots/*",),
        options={"model": model, "threshold": threshold},
    )


DIARISERS: tuple[ModelRecord, ...] = (
    _voices("wavlm-base-plus-sv", "microsoft/wavlm-base-plus-sv", "CC-BY-SA-3.0", 405, 0.8),
    _voices("unispeech-sat-base-plus-sv", "microsoft/unispeech-sat-base-plus-sv", "CC-BY-SA-3.0", 405, 0.8),
)

ADAPTERS: dict[str, str] = {"transformers": "longvid_indexer.diarisers.transformers:TransformersDiariser"}
"""Short name → ``"module:class"``, for ``transformers:MODEL`` with a hub id or a directory."""
