"""OpenAI Whisper (Radford et al. 2022, arXiv 2212.04356) through the openai-whisper package, from a local checkpoint.

Nothing is fetched here: without the checkpoint on disk the error says what to type and what it costs.
"""

from __future__ import annotations

import hashlib
import os
import threading
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.invented import COMPRESSION_MAX, LOGPROB_MIN, NO_SPEECH_MAX
from longvid_indexer.mixing import SAMPLE_RATE
from longvid_indexer.transcribers.segments import RecognisedSegment, to_utterances
from longvid_indexer.transcribers.words import RecognisedWord
from longvid_storage.errors import MissingExtraError, ModelError, first_line
from longvid_storage.models.torch_device import in_batches, pick_device
from longvid_storage.models.weights import BROKEN_WEIGHTS
from longvid_storage.types import Utterance

DOWNLOAD_MB = {
    "tiny.en": 72, "tiny": 72, "base.en": 139, "base": 139, "small.en": 461, "small": 461, "medium.en": 1457,
    "medium": 1457, "large-v1": 2944, "large-v2": 2944, "large-v3": 2944, "large": 2944, "large-v3-turbo": 1543,
    "turbo": 1543,
}  # fmt: skip
_FILES = {"large": "large-v3", "turbo": "large-v3-turbo"}
_VERSION = 2


class WhisperTranscriber:
    """Multilingual speech with punctuation and word times; loaded at first use, half precision on a GPU.

    Args:
        model: a checkpoint file (``.pt`` with ``dims`` and ``model_state_dict``), or the name of an official model that
            lies in Whisper's cache directory.
        weights: the checkpoint file, where it is known already.
        language: two letters, or None to let every stretch tell its own.
        device: ``"cuda"``, ``"cpu"``, or None for a GPU if there is one.
        temperatures: tried in turn until a decoding passes the thresholds; the first is greedy.
    """

    def __init__(
        self,
        model: str | Path = "small",
        *,
        weights: str | Path | None = None,
        language: str | None = None,
        device: str | None = None,
        temperatures: tuple[float, ...] = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0),
    ) -> None:
        self.model = model
        self.weights = weights or model
        self.language = language
        self.device = device
        self.temperatures = temperatures
        self._model: Any = None
        self._lock = threading.Lock()

    # A window of 30 s costs the same whatever is in it: fewer, fuller ones.
    pause_s = 2.0

    @property
    def name(self) -> str:
        """``whisper/`` and the checkpoint's name."""
        return f"whisper/{Path(self.model).name.removesuffix('.pt')}"

    @property
    def fingerprint(self) -> str:
        """Of the checkpoint's content (a zip file's end holds the checksums of all its tensors), and the settings."""
        from importlib import metadata

        path = checkpoint_path(self.weights)
        digest = hashlib.sha256(str(path.stat().st_size).encode())
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 65536))
            digest.update(file.read())
        try:
            package = metadata.version("openai-whisper")
        except metadata.PackageNotFoundError:
            package = "missing"
        settings = f"{self.language}-{self.temperatures}-{package}-{_VERSION}"
        digest.update(settings.encode())
        return f"{self.name}-{digest.hexdigest()[:16]}"

    def transcribe(self, samples: NDArray[np.float32], start_s: float) -> list[Utterance]:
        """See ``Transcriber.transcribe``."""
        with self._lock:
            # One at a time: on a full GPU this is only the sentence that says so.
            result = in_batches(lambda one: self._run(one[0]), [samples], 1, self.name)[0]
        segments = [_segment(segment) for segment in result["segments"]]
        return to_utterances(segments, start_s, len(samples) / SAMPLE_RATE, result["language"])

    def _run(self, samples: NDArray[np.float32]) -> dict[str, Any]:
        model = self._load()
        import torch

        # Above temperature 0 whisper samples: the same sound must give the same text on every run.
        devices = [model.device] if model.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(0)
            try:
                result: dict[str, Any] = model.transcribe(
                    np.ascontiguousarray(samples, np.float32),
                    language=self.language,
                    temperature=self.temperatures,
                    word_timestamps=True,
                    condition_on_previous_text=False,
                    compression_ratio_threshold=COMPRESSION_MAX,
                    logprob_threshold=LOGPROB_MIN,
                    no_speech_threshold=NO_SPEECH_MAX,
                    hallucination_silence_threshold=2.0,
                    fp16=model.device.type == "cuda",
                    verbose=None,
                )
            except torch.OutOfMemoryError:
                raise
            except RuntimeError as error:
                raise ModelError(
                    f"{self.name} failed on a stretch of sound: {error}", code="model_run"
                ) from error
        return result

    def _load(self) -> Any:
        if self._model is None:
            path = checkpoint_path(self.weights)
            self._model = load_checkpoint(path, pick_device(self.device, self.name))
        return self._model


def checkpoint_path(weights: str | Path) -> Path:
    """The file of a checkpoint given by path or by official name.

    Raises:
        ModelError: it is not on this disk; the message says what to type and how much that fetches.
    """
    path = Path(weights)
    if path.is_file():
        return path
    name = str(weights)
    if name not in DOWNLOAD_MB:
        raise ModelError(
            f"there is no whisper checkpoint {name!r}: give the path of a .pt file, or one of {', '.join(DOWNLOAD_MB)}",
            code="no_weights",
        )
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "whisper"
    path = cache / f"{_FILES.get(name, name)}.pt"
    if not path.is_file():
        raise ModelError(
            f"the weights of whisper {name} are not at {path}: longvid models pull whisper:{name} fetches them "
            f"({DOWNLOAD_MB[name]} MB)",
            code="no_weights",
        )
    return path


def load_checkpoint(path: Path, device: str) -> Any:
    """Load a checkpoint in whisper's own file format; only tensors are unpickled, never code.

    Raises:
        MissingExtraError: openai-whisper is not installed.
        ModelError: the file is not such a checkpoint.
    """
    try:
        import whisper
    except ImportError as error:
        raise MissingExtraError("openai-whisper is not installed: pip install 'longvid[models]'") from error
    heads = whisper._ALIGNMENT_HEADS.get(path.stem)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of odd pickles, which are read or not
            # By path, never by name: by name whisper would fetch it again when its checksum differs.
            model = whisper.load_model(str(path), device=device)
        if heads is not None:
            # Loaded by path, whisper does not know which attention heads follow time best.
            model.set_alignment_heads(heads)
    except BROKEN_WEIGHTS as error:
        raise ModelError(
            f"{path} is not a whisper checkpoint ({first_line(error)}): fetch it again", code="bad_weights"
        ) from error
    return model


def _segment(segment: dict[str, Any]) -> RecognisedSegment:
    words = tuple(
        RecognisedWord(word["word"], float(word["start"]), float(word["end"]), float(word["probability"]))
        for word in segment.get("words", ())
    )
    return RecognisedSegment(
        segment["text"],
        float(segment["start"]),
        float(segment["end"]),
        words,
        float(segment["no_speech_prob"]),
        float(segment["avg_logprob"]),
    )
