"""The speakers role: which voice speaks when. Optional: without it a recognised transcript has no speakers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from longvid_storage.models.carried import VOICE_ENCODER
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


LEAST_TURN_S = 0.8
"""Words of another voice for a shorter time do not cut an utterance: it is rather a slip than a remark."""


def assign_speakers(utterances: Sequence[Utterance], turns: Iterable[SpeakerTurn]) -> list[Utterance]:
    """The utterances with "Speaker 1", "Speaker 2", … in order of first appearance, None where no turn touches one.

    An utterance belongs to the voice that shares most seconds with it; one with word times, in which the voice changes
    for ``LEAST_TURN_S`` or more, is cut between the words.
    """
    owners = _TurnsByTime(turns)
    known: dict[int, str] = {}
    told = []
    for utterance in utterances:
        for piece, voice in _cut(utterance, owners):
            label = None if voice is None else known.setdefault(voice, f"Speaker {len(known) + 1}")
            told.append(replace(piece, speaker=label))
    return told


class _TurnsByTime:
    """Whose a span is."""

    def __init__(self, turns: Iterable[SpeakerTurn]) -> None:
        ordered = sorted(turns, key=lambda turn: turn.start_s)
        self._starts = np.array([turn.start_s for turn in ordered])
        self._ends = np.array([turn.end_s for turn in ordered])
        self._voices = np.array([turn.speaker for turn in ordered], np.int64)
        self._longest_s = float((self._ends - self._starts).max(initial=0.0))

    def of(self, start_s: float, end_s: float) -> int | None:
        """The voice that shares most seconds with ``[start_s, end_s)``."""
        near = slice(
            int(np.searchsorted(self._starts, start_s - self._longest_s)),
            int(np.searchsorted(self._starts, end_s)),
        )
        shared = np.minimum(self._ends[near], end_s) - np.maximum(self._starts[near], start_s)
        here = shared > 0
        if not here.any():
            return None
        found, owners = np.unique(self._voices[near][here], return_inverse=True)
        return int(found[np.argmax(np.bincount(owners, shared[here]))])


def _cut(utterance: Utterance, owners: _TurnsByTime) -> list[tuple[Utterance, int | None]]:
    """The utterance, or its pieces where the voice changes, each with its voice."""
    whole = [(utterance, owners.of(utterance.start_s, utterance.end_s))]
    words, places = utterance.words, _places(utterance)
    if not places:
        return whole
    runs: list[tuple[int, int, int | None]] = []  # first word, the one after the last, voice
    for number, word in enumerate(words):
        voice = owners.of(word.start_s, word.end_s)
        if runs and voice in (None, runs[-1][2]):
            runs[-1] = (runs[-1][0], number + 1, runs[-1][2])
        else:
            runs.append((number, number + 1, voice))
    # What is too short goes to what is before it; the first, to what comes after.
    kept: list[tuple[int, int, int | None]] = []
    for first, last, voice in runs:
        short = words[last - 1].end_s - words[first].start_s < LEAST_TURN_S
        if kept and (short or kept[-1][2] == voice):
            kept[-1] = (kept[-1][0], last, kept[-1][2])
        elif kept and words[kept[-1][1] - 1].end_s - words[kept[-1][0]].start_s < LEAST_TURN_S:
            kept[-1] = (kept[-1][0], last, voice)
        else:
            kept.append((first, last, voice))
    if len(kept) < 2:
        return whole
    pieces = []
    for first, last, voice in kept:
        piece = replace(
            utterance,
            start_s=words[first].start_s if first else utterance.start_s,
            end_s=words[last - 1].end_s if last < len(words) else utterance.end_s,
            text=utterance.text[places[first] if first else 0 : places[last]].strip(),
            words=words[first:last],
        )
        pieces.append((piece, voice))
    return pieces


def _places(utterance: Utterance) -> list[int]:
    """Where each word begins in the text, and the text's end; nothing where a word is not there in order."""
    places, at = [], 0
    for word in utterance.words:
        found = utterance.text.find(word.text.strip(), at)
        if found < 0:
            return []
        places.append(found)
        at = found + len(word.text.strip())
    return [*places, len(utterance.text)] if len(places) > 1 else []


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
    ModelRecord(
        name="resemblyzer",
        role="speakers",
        dimension=None,
        licence="Apache-2.0",
        download_mb=0,
        source="the package resemblyzer",
        implementation="longvid_indexer.diarisers.voice_encoder:VoiceEncoderDiariser",
        package="onnxruntime",
        extra="offline",
        carriers=(VOICE_ENCODER,),
    ),
)

ADAPTERS: dict[str, str] = {
    "transformers": "longvid_indexer.diarisers.transformers:TransformersDiariser",
    "resemblyzer": "longvid_indexer.diarisers.voice_encoder:VoiceEncoderDiariser",
}
"""Short name → ``"module:class"``, for ``transformers:MODEL`` with a hub id or a directory."""
