"""Any speech recogniser that transformers carries, by hub id or directory: Whisper, CTC, transducers, audio LLMs.

The model's own configuration says of which kind it is; ``asr_kinds.py`` has one way of asking each. Nothing is fetched
here, and no code of a checkpoint is run: weights are safetensors, or tensors only.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.mixing import SAMPLE_RATE
from longvid_indexer.transcribers.asr_kinds import LoadedAsr, RecognisedSpeech, hears_alone, kind_of
from longvid_indexer.transcribers.words import group_words
from longvid_indexer.voice import Stretch
from longvid_storage.errors import ModelError, first_line
from longvid_storage.models.torch_device import (
    import_torch,
    import_transformers,
    in_batches,
    no_panic,
    pick_device,
    pick_dtype,
)
from longvid_storage.models.weights import broken_weights, find_weights, fingerprint_of
from longvid_storage.types import Utterance

_VERSION = 1
# Shorter sound gives some encoders not one frame; a tenth of a second holds no word.
_SAMPLES_MIN = 1600


class TransformersTranscriber:
    """Loaded at first use; half precision on a GPU.

    Word times where the model gives them: Whisper, CTC (Parakeet CTC, wav2vec 2.0, HuBERT, …) and Parakeet TDT. Of the
    others (Moonshine, Qwen3-ASR, …) an utterance is as long as its stretch.

    Args:
        model: a hub id whose files are on this disk, or a directory.
        weights: the directory, where it is known already; a file in it will do.
        language: two letters, for models that can be told; None lets them tell.
        device: ``"cuda"``, ``"cpu"``, or None for a GPU if there is one.
        batch_size: stretches heard at once; halved when the GPU is full.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        weights: str | Path | None = None,
        language: str | None = None,
        device: str | None = None,
        batch_size: int = 8,
    ) -> None:
        self.model = model
        self.weights = weights
        self.language = language
        self.device = device
        self.batch_size = batch_size
        self._loaded: LoadedAsr | None = None
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """``transformers/`` and the model's name."""
        return f"transformers/{Path(self.model).name}"

    @property
    def fingerprint(self) -> str:
        """Of the model's files and the language it is told."""
        return f"{self.name}-{fingerprint_of(self._directory())}-{self.language}-{_VERSION}"

    def transcribe(self, samples: NDArray[np.float32], start_s: float) -> list[Utterance]:
        """See ``Transcriber.transcribe``."""
        return self.transcribe_many([Stretch(start_s, samples)])[0]

    def transcribe_many(self, stretches: Sequence[Stretch]) -> list[list[Utterance]]:
        """See ``Batched.transcribe_many``."""
        heard: list[list[Utterance]] = [[] for _ in stretches]
        long_enough = [i for i, stretch in enumerate(stretches) if len(stretch.samples) >= _SAMPLES_MIN]
        if not long_enough:
            return heard
        with self._lock:
            groups = in_batches(
                lambda some: self._hear([stretches[i].samples for i in some]),
                long_enough,
                self.batch_size,
                self.name,
            )
        found = [spoken for group in groups for spoken in group]
        for index, spoken in zip(long_enough, found, strict=True):
            heard[index] = _utterances(spoken, stretches[index], self.language)
        return heard

    def _hear(self, sounds: list[NDArray[np.float32]]) -> list[RecognisedSpeech]:
        torch = import_torch(self.name)
        loaded = self._load()
        with torch.inference_mode():
            try:
                parts = [[sound] for sound in sounds] if loaded.alone else [sounds]
                return [spoken for part in parts for spoken in loaded.hear(loaded, part, self.language)]
            except torch.OutOfMemoryError:
                raise
            except (RuntimeError, ValueError, KeyError, IndexError, TypeError) as error:
                raise ModelError(
                    f"{self.name} failed on stretches of sound: {first_line(error)}", code="model_run"
                ) from error

    def _directory(self) -> Path:
        if self.weights is not None:
            path = Path(self.weights)
            return path if path.is_dir() else path.parent
        return find_weights(self.model, "speech")

    def _load(self) -> LoadedAsr:
        if self._loaded is None:
            self._loaded = load_recogniser(self._directory(), self.device, self.name)
        return self._loaded


def load_recogniser(directory: Path, device: str | None, name: str) -> LoadedAsr:
    """A model with what prepares its input and reads its output.

    Raises:
        MissingExtraError: transformers is not installed.
        ModelError: the directory holds no speech recogniser, or its weights are damaged, or the device is not there.
    """
    transformers = import_transformers(name)

    place = pick_device(device, name)
    given = {"local_files_only": True, "trust_remote_code": False}
    try:
        config = transformers.AutoConfig.from_pretrained(directory, **given)
        kind = kind_of(config.model_type)
        if kind is None:
            raise ModelError(
                f"{directory} holds a model of type {config.model_type!r}, which recognises no speech: give one of a "
                "Whisper, wav2vec 2.0, Parakeet, Moonshine, Qwen3-ASR or the like",
                code="wrong_architecture",
            )
        with no_panic(name):
            processor = kind.processor(directory, given)
        model, report = kind.auto_class().from_pretrained(
            directory, dtype=pick_dtype(place), output_loading_info=True, **given
        )
    except ModelError:
        raise
    except broken_weights() as error:
        raise ModelError(
            f"{directory} cannot be loaded as a speech recogniser ({first_line(error)}): fetch it again, or give "
            "another model",
            code="bad_weights",
        ) from error
    if missing := report["missing_keys"]:
        # transformers would fill the gaps with random numbers.
        raise ModelError(
            f"{directory} lacks {len(missing)} of the weights of a {config.model_type} that recognises speech "
            f"({sorted(missing)[0]}, …): it was saved for another task or is incomplete",
            code="bad_weights",
        )
    return LoadedAsr(model.to(place).eval(), processor, kind.hear, hears_alone(model))


def _utterances(spoken: RecognisedSpeech, stretch: Stretch, told: str | None) -> list[Utterance]:
    language = spoken.language or told
    length_s = len(stretch.samples) / SAMPLE_RATE
    words = [word for word in spoken.words if word.start_s < length_s]
    if words:
        return group_words(words, stretch.start_s, stretch.start_s + length_s, language)
    text = spoken.text.strip()
    if not text:
        return []
    return [Utterance(stretch.start_s, stretch.start_s + length_s, text, None, language)]
