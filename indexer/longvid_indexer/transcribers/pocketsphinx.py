"""CMU PocketSphinx (https://github.com/cmusphinx/pocketsphinx): US English, its model travels in its wheel.

What runs where no weights can be fetched. It hears words with times, without punctuation or capitals.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import threading
import weakref
from contextlib import suppress
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.transcribers import sphinx_process
from longvid_indexer.transcribers.words import RecognisedWord, group_words
from longvid_storage.errors import MissingExtraError, ModelError
from longvid_storage.types import Utterance

# maxhmmpf: how many hypotheses live on in each frame. 2000 instead of 30000 leaves the word error rate of
# benchmarks/speech.py as it is and makes music and noise three to four times cheaper.
_SETTINGS: dict[str, Any] = {
    "samprate": 16_000.0,
    "cmn": "batch",
    "maxhmmpf": 2000,
    "frate": 100,
    "loglevel": "FATAL",
}
# Word posteriors below which a stretch is taken for music, noise or another language: their mean, and their geometric
# mean, which falls with every word that is a mere guess. Measured with benchmarks/speech.py: real speech keeps 0.44 and
# 0.25, most of crowd noise and film music falls below one or both. A word or two say less, so they must be surer.
_MEAN_MIN = 0.43
_GEOMETRIC_MIN = 0.24
_MEAN_MIN_OF_FEW = 0.8
_FEW = 3
# Nobody draws a word out so long; the decoder stretches one over a hum.
_WORD_MAX_S = 2.5
# Below this there are too few frames for the decoder's windows.
_SAMPLES_MIN = 1600
_FRAMES_A_SECOND = 100.0
_VERSION = 2


class PocketsphinxTranscriber:
    """US English speech; a decoder of about 100 MB is made at first use, in a process of its own, and kept."""

    name = "pocketsphinx"
    language = "en"

    def __init__(self) -> None:
        self._decoder: _Decoder | None = None
        # A decoder holds the state of one utterance.
        self._lock = threading.Lock()

    @cached_property
    def fingerprint(self) -> str:
        """Version of the package (its model is inside) and of what this adapter does with it."""
        from importlib import metadata

        try:
            package = metadata.version("pocketsphinx")
        except metadata.PackageNotFoundError:
            package = "missing"
        return f"pocketsphinx-{package}-{_VERSION}"

    def transcribe(self, samples: NDArray[np.float32], start_s: float) -> list[Utterance]:
        """See ``Transcriber.transcribe``."""
        with self._lock:
            words = self._words(samples)
        if not is_speech(words):
            return []
        end_s = start_s + len(samples) / 16_000
        return group_words(words, start_s, end_s, self.language)

    def _words(self, samples: NDArray[np.float32]) -> list[RecognisedWord]:
        if len(samples) < _SAMPLES_MIN:
            return []
        if self._decoder is None or not self._decoder.lives:
            self._decoder = _Decoder()
        pcm = (np.clip(samples, -1, 1) * 32767).astype("<i2")
        found = []
        for spoken, first_frame, last_frame, probability in self._decoder.hear(pcm.tobytes()):
            text = spoken.partition("(")[0]
            is_word = bool(text) and text[0] not in "<[+"
            if not is_word or last_frame - first_frame > _WORD_MAX_S * _FRAMES_A_SECOND:
                continue
            confidence = min(1.0, probability)
            found.append(
                RecognisedWord(
                    text, first_frame / _FRAMES_A_SECOND, (last_frame + 1) / _FRAMES_A_SECOND, confidence
                )
            )
        return found


class _Decoder:
    """The process that decodes (`sphinx_process`); it ends when nobody holds this any longer."""

    def __init__(self) -> None:
        program = [sys.executable, "-P", "-m", sphinx_process.__name__]
        self._process = subprocess.Popen(
            program,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # As this process finds its packages, whatever changed since it began; never in the current directory.
            env={**os.environ, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)},
        )
        weakref.finalize(self, _end, self._process)
        self._write(json.dumps(_SETTINGS).encode() + b"\n")
        began = self._read()
        if began.get("error") == "RuntimeError":
            raise ModelError(f"pocketsphinx cannot load its own model ({began['message']}): reinstall it")
        if began:
            raise MissingExtraError(
                "speech recognition by pocketsphinx is not installed: pip install 'longvid[offline]'"
            )

    @property
    def lives(self) -> bool:
        return self._process.poll() is None

    def hear(self, pcm: bytes) -> list[tuple[str, int, int, float]]:
        """Words of a stretch of mono 16-bit sound: word, first and last frame, probability."""
        self._write(len(pcm).to_bytes(sphinx_process.LENGTH_BYTES, "little"), pcm)
        found: list[tuple[str, int, int, float]] = self._read()
        return found

    def _write(self, *parts: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.writelines(parts)
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._ended() from None

    def _read(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise self._ended()
        return json.loads(line)

    def _ended(self) -> ModelError:
        return ModelError(
            f"pocketsphinx ended amid its work (exit status {self._process.wait()}): index again, or choose another "
            "model with --model speech=…"
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        with suppress(BrokenPipeError):
            pipe.close()
    process.wait()


def is_speech(words: list[RecognisedWord]) -> bool:
    """Whether the recogniser believes enough of what it heard."""
    if not words:
        return False
    mean = sum(word.confidence for word in words) / len(words)
    if len(words) < _FEW:
        return mean >= _MEAN_MIN_OF_FEW
    geometric = math.exp(sum(math.log(max(word.confidence, 1e-3)) for word in words) / len(words))
    return mean >= _MEAN_MIN and geometric >= _GEOMETRIC_MIN
