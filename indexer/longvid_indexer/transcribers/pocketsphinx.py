"""CMU PocketSphinx (https://github.com/cmusphinx/pocketsphinx): US English, its model travels in its wheel.

What runs where no weights can be fetched. It hears words with times, without punctuation or capitals.
"""

from __future__ import annotations

import math
import threading
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.transcribers.words import RecognisedWord, group_words
from longvid_storage.errors import MissingExtraError, ModelError
from longvid_storage.types import Utterance

# maxhmmpf: how many hypotheses live on in each frame. 2000 instead of 30000 leaves the word error rate of
# benchmarks/speech.py as it is and makes music and noise three to four times cheaper.
_SETTINGS: dict[str, Any] = {"samprate": 16_000.0, "cmn": "batch", "maxhmmpf": 2000, "loglevel": "FATAL"}
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
_VERSION = 2


class PocketsphinxTranscriber:
    """US English speech; a decoder of about 100 MB is made at first use and kept."""

    name = "pocketsphinx"
    language = "en"

    def __init__(self) -> None:
        self._decoder: Any = None
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
        decoder = self._load()
        pcm = (np.clip(samples, -1, 1) * 32767).astype("<i2")
        # Else what was heard before changes what is heard now, and a second run makes another transcript.
        decoder.reinit_feat()
        decoder.start_utt()
        decoder.process_raw(pcm.tobytes(), no_search=False, full_utt=True)
        decoder.end_utt()
        rate = float(decoder.config["frate"] or 100)
        found = []
        for segment in decoder.seg() or ():
            text = segment.word.partition("(")[0]
            is_word = bool(text) and text[0] not in "<[+"
            if not is_word or segment.end_frame - segment.start_frame > _WORD_MAX_S * rate:
                continue
            confidence = min(1.0, float(segment.prob))
            found.append(
                RecognisedWord(text, segment.start_frame / rate, (segment.end_frame + 1) / rate, confidence)
            )
        return found

    def _load(self) -> Any:
        if self._decoder is None:
            try:
                from pocketsphinx import Decoder
            except ImportError as error:
                raise MissingExtraError(
                    "speech recognition by pocketsphinx is not installed: pip install 'longvid[offline]'"
                ) from error
            try:
                self._decoder = Decoder(**_SETTINGS)
            except RuntimeError as error:
                raise ModelError(f"pocketsphinx cannot load its own model ({error}): reinstall it") from error
        return self._decoder


def is_speech(words: list[RecognisedWord]) -> bool:
    """Whether the recogniser believes enough of what it heard."""
    if not words:
        return False
    mean = sum(word.confidence for word in words) / len(words)
    if len(words) < _FEW:
        return mean >= _MEAN_MIN_OF_FEW
    geometric = math.exp(sum(math.log(max(word.confidence, 1e-3)) for word in words) / len(words))
    return mean >= _MEAN_MIN and geometric >= _GEOMETRIC_MIN
