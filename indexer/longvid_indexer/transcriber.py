"""The speech role: a stretch of voiced sound in, utterances on the whole video's timeline out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from longvid_storage.models.carried import WHISPER_BASE, WHISPER_TINY_EN, Carrier
from longvid_storage.models.model_record import ModelRecord
from longvid_storage.models.weights import hub_folder
from longvid_storage.types import Utterance

if TYPE_CHECKING:
    from longvid_indexer.voice import Stretch


class Transcriber(Protocol):
    """Recognises speech. Making one is cheap; weights are loaded when the first stretch comes.

    One that hears windows of a fixed length may have an attribute ``pause_s``: up to which pause, in seconds, voices
    are one stretch (0.5 without it).
    """

    @property
    def name(self) -> str:
        """What the user calls it; recorded as the source of every transcript it makes."""
        ...

    @property
    def fingerprint(self) -> str:
        """Changes whenever its transcripts would; cheap to read, loads nothing heavy."""
        ...

    def transcribe(self, samples: NDArray[np.float32], start_s: float) -> list[Utterance]:
        """What is said in one stretch.

        ``samples``: 16 kHz mono, shape (n,), in [-1, 1]; at most about 30 s. ``start_s``: where its first sample lies
        on the video's timeline. Every returned time lies in ``[start_s, start_s + n / 16000]``, utterances and words
        in order; no speech gives an empty list.

        Raises:
            ModelError: the recogniser or its weights are missing, or it fails.
        """
        ...


@runtime_checkable
class Batched(Protocol):
    """What a ``Transcriber`` has on top when it hears several stretches faster together than one by one."""

    @property
    def batch_size(self) -> int:
        """How many stretches it wants at once, at least 1; so many are held in memory (2 MB each)."""
        ...

    def transcribe_many(self, stretches: Sequence[Stretch]) -> list[list[Utterance]]:
        """What ``transcribe`` would say of each, in the same order.

        Raises:
            ModelError: the recogniser or its weights are missing, or it fails.
        """
        ...


ADAPTERS: dict[str, str] = {
    "whisper": "longvid_indexer.transcribers.whisper:WhisperTranscriber",
    "faster-whisper": "longvid_indexer.transcribers.faster_whisper:FasterWhisperTranscriber",
    "transformers": "longvid_indexer.transcribers.transformers:TransformersTranscriber",
    "openai": "longvid_indexer.transcribers.openai:OpenAITranscriber",
    "pocketsphinx": "longvid_indexer.transcribers.pocketsphinx:PocketsphinxTranscriber",
}
"""Short name → what runs models of that kind: ``ADAPTER:MODEL`` names one that is not in the table."""


def _whisper(size: str, download_mb: int) -> ModelRecord:
    return ModelRecord(
        name=f"whisper/{size}",
        role="speech",
        dimension=None,
        licence="MIT",
        download_mb=download_mb,
        source=f"openai-whisper's own download of {size}.pt",
        implementation=ADAPTERS["whisper"],
        package="whisper",
        extra="models",
        weights=(f"cache:whisper/{size}.pt",),
        options={"model": size},
    )


def _faster_whisper(size: str, repository: str, download_mb: int) -> ModelRecord:
    return ModelRecord(
        name=f"faster-whisper/{size}",
        role="speech",
        dimension=None,
        licence="MIT",
        download_mb=download_mb,
        source=repository,
        implementation=ADAPTERS["faster-whisper"],
        package="faster_whisper",
        extra="fast",
        weights=(f"hub:{hub_folder(repository)}/snapshots/*/model.bin",),
        options={"model": size},
    )


def _carried_whisper(size: str, extra: str, carriers: tuple[Carrier, ...]) -> ModelRecord:
    return ModelRecord(
        name=f"faster-whisper/{size}",
        role="speech",
        dimension=None,
        licence="MIT",
        download_mb=0,
        source=f"the package{'s' * (len(carriers) > 1)} {' and '.join(each.distribution for each in carriers)}",
        implementation=ADAPTERS["faster-whisper"],
        package="faster_whisper",
        extra=extra,
        options={"model": size, "beam_size": 1},
        carriers=carriers,
    )


def _transformers(repository: str, licence: str, download_mb: int) -> ModelRecord:
    return ModelRecord(
        name=repository,
        role="speech",
        dimension=None,
        licence=licence,
        download_mb=download_mb,
        source=repository,
        implementation=ADAPTERS["transformers"],
        package="transformers",
        extra="models",
        weights=(f"hub:{hub_folder(repository)}/snapshots/*/config.json",),
        options={"model": repository},
    )


TRANSCRIBERS: tuple[ModelRecord, ...] = (
    _whisper("large-v3-turbo", 1543),
    _whisper("small", 461),
    _whisper("base", 139),
    _faster_whisper("large-v3-turbo", "mobiuslabsgmbh/faster-whisper-large-v3-turbo", 1620),
    _faster_whisper("large-v3", "Systran/faster-whisper-large-v3", 3090),
    _faster_whisper("small", "Systran/faster-whisper-small", 486),
    _transformers("nvidia/parakeet-ctc-1.1b", "CC-BY-4.0", 4250),
    _transformers("UsefulSensors/moonshine-base", "MIT", 247),
    _carried_whisper("tiny.en", "offline", (WHISPER_TINY_EN,)),
    ModelRecord(
        name="pocketsphinx/en-us",
        role="speech",
        dimension=None,
        licence="BSD-2-Clause",
        download_mb=0,
        source="the pocketsphinx wheel",
        implementation=ADAPTERS["pocketsphinx"],
        package="pocketsphinx",
        extra="offline",
    ),
    # Three times the cost of tiny.en, and no better on English: it is for those who name it.
    _carried_whisper("base", "speech-multilingual", WHISPER_BASE),
)
