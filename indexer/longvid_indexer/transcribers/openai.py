"""A recogniser behind an OpenAI-compatible ``/v1/audio/transcriptions``: hosted Whisper, vLLM, speaches, LocalAI, ….

Each stretch is one request with its sound as a WAV file, at most 1 MB: far below the 25 MB that hosted servers take.
What a server cannot give (word times, segments) is found out by asking, and not asked for again.
"""

from __future__ import annotations

import hashlib
import io
import re
import wave
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.mixing import SAMPLE_RATE
from longvid_indexer.subtitles.languages import normalise_language
from longvid_indexer.transcribers.segments import RecognisedSegment, to_utterances
from longvid_indexer.transcribers.words import RecognisedWord
from longvid_indexer.voice import Stretch
from longvid_storage.models.endpoint import Endpoint, RefusedError
from longvid_storage.text.shown import read_json
from longvid_storage.types import Utterance

# Servers refuse sound shorter than this, in which there is no word.
_SAMPLES_MIN = 1600
# What is asked for, the fullest answer first: the models that only write text know plain JSON alone.
_FORMS: tuple[dict[str, Any], ...] = (
    {"response_format": "verbose_json", "timestamp_granularities": ["word", "segment"]},
    {"response_format": "verbose_json"},
    {"response_format": "json"},
)
_ABOUT_FORM = re.compile(r"response_format|verbose_json|timestamp|granularit", re.IGNORECASE)
_VERSION = 1


class OpenAITranscriber:
    """Speech by a served model.

    Args:
        model: its name at the server (``"whisper-1"``).
        weights, device: not used; where a served model runs is the server's affair.
        language: two letters, or None to let it tell.
        base_url: the server's address with its ``/v1``; None: ``OPENAI_BASE_URL``, else api.openai.com.
        api_key: None: ``OPENAI_API_KEY``; a local server needs none.
        timeout_s: the longest wait for an answer.
        attempts: how often a request is sent in all while the server is busy or silent.
        batch_size: stretches that are under way at once.
    """

    def __init__(
        self,
        model: str,
        *,
        weights: str | Path | None = None,
        device: str | None = None,
        language: str | None = None,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout_s: float = 120.0,
        attempts: int = 3,
        batch_size: int = 4,
    ) -> None:
        self.model = model
        self.language = language
        self.batch_size = batch_size
        self._form = 0
        self._endpoint = Endpoint(
            f"the speech model {model}",
            base_url=base_url,
            api_key=api_key,
            timeout_s=timeout_s,
            attempts=attempts,
        )

    @property
    def name(self) -> str:
        """``openai/`` and the model's name."""
        return f"openai/{self.model}"

    @property
    def fingerprint(self) -> str:
        """Of address, name and language; a server that changes the model behind a name does not tell."""
        told = f"{self._endpoint.url}\0{self.model}\0{self.language}\0{_VERSION}"
        return f"{self.name}-{hashlib.sha256(told.encode()).hexdigest()[:16]}"

    def transcribe(self, samples: NDArray[np.float32], start_s: float) -> list[Utterance]:
        """See ``Transcriber.transcribe``.

        Raises:
            ModelError: by ``code``: ``"down"``, ``"slow"``, ``"rate_limited"``, ``"server_error"``, ``"refused_key"``,
                ``"no_key"``, ``"no_model"``, ``"nonsense"``, ``"refused"``.
        """
        if len(samples) < _SAMPLES_MIN:
            return []
        heard = self._ask(wav(samples))
        length_s = len(samples) / SAMPLE_RATE
        segments = segments_of(heard, length_s)
        if segments is None:
            raise self._endpoint.nonsense("JSON without a text")
        language = normalise_language(_text(heard.get("language"))) or self.language
        return to_utterances(segments, start_s, length_s, language)

    def transcribe_many(self, stretches: Sequence[Stretch]) -> list[list[Utterance]]:
        """See ``Batched.transcribe_many``: one request a stretch, several under way at once."""
        if not stretches:
            return []
        # The first alone finds out what the server can give.
        first = self.transcribe(stretches[0].samples, stretches[0].start_s)
        with ThreadPoolExecutor(max_workers=max(1, self.batch_size)) as pool:
            others = pool.map(lambda one: self.transcribe(one.samples, one.start_s), stretches[1:])
            return [first, *others]

    def _ask(self, sound: bytes) -> dict[str, Any]:
        while True:
            form = self._form
            try:
                text = self._endpoint.call(partial(self._create, sound=sound, form=form))
            except RefusedError as error:
                if form + 1 < len(_FORMS) and _ABOUT_FORM.search(error.reason):
                    self._form = max(self._form, form + 1)
                    continue
                raise
            try:
                heard = read_json(text)
            except ValueError as error:
                raise self._endpoint.nonsense("something that is not JSON") from error
            if not isinstance(heard, dict):
                raise self._endpoint.nonsense("JSON that is no object")
            return heard

    def _create(self, client: Any, sound: bytes, form: int) -> str:
        told = {} if self.language is None else {"language": self.language}
        answer = client.audio.transcriptions.with_raw_response.create(
            file=("speech.wav", sound, "audio/wav"), model=self.model, temperature=0.0, **told, **_FORMS[form]
        )
        text: str = answer.http_response.text
        return text


def wav(samples: NDArray[np.float32]) -> bytes:
    """Sound as a WAV file of 16 bits, 16 kHz, mono."""
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return held.getvalue()


def segments_of(heard: dict[str, Any], length_s: float) -> list[RecognisedSegment] | None:
    """What the server heard: its segments with their words; its text as one segment when it gives no times.

    None when there is no text in the answer at all.
    """
    words = [word for word in map(_word, _list(heard.get("words"))) if word is not None]
    segments = [segment for segment in map(_segment, _list(heard.get("segments"))) if segment is not None]
    if segments:
        return [_with_words(segment, words) for segment in segments]
    text = heard.get("text")
    if not isinstance(text, str):
        return None
    return [_with_words(RecognisedSegment(text, 0.0, length_s), words)]


def _segment(given: Any) -> RecognisedSegment | None:
    if not isinstance(given, dict) or not isinstance(given.get("text"), str):
        return None
    start_s, end_s = _number(given.get("start")), _number(given.get("end"))
    if start_s is None or end_s is None:
        return None
    no_speech, logprob = _number(given.get("no_speech_prob")), _number(given.get("avg_logprob"))
    return RecognisedSegment(given["text"], start_s, end_s, (), no_speech, logprob)


def _word(given: Any) -> RecognisedWord | None:
    if not isinstance(given, dict) or not isinstance(given.get("word"), str):
        return None
    start_s, end_s = _number(given.get("start")), _number(given.get("end"))
    return None if start_s is None or end_s is None else RecognisedWord(given["word"], start_s, end_s)


def _with_words(segment: RecognisedSegment, words: list[RecognisedWord]) -> RecognisedSegment:
    """The words in a segment's time, if they are its text; words that tell something else are worse than none."""
    inside = tuple(
        word for word in words if segment.start_s <= (word.start_s + word.end_s) / 2 <= segment.end_s
    )
    if _letters("".join(word.text for word in inside)) != _letters(segment.text):
        return segment
    # The server's words come without the marks between them: the segment's own text has them.
    spelled = segment.text.split()
    if len(spelled) == len(inside):
        inside = tuple(
            RecognisedWord(text, word.start_s, word.end_s) for text, word in zip(spelled, inside, strict=True)
        )
    return RecognisedSegment(
        segment.text, segment.start_s, segment.end_s, inside, segment.no_speech, segment.logprob
    )


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _list(given: Any) -> list[Any]:
    return given if isinstance(given, list) else []


def _text(given: Any) -> str | None:
    return given if isinstance(given, str) else None


def _number(given: Any) -> float | None:
    return float(given) if isinstance(given, int | float) and not isinstance(given, bool) else None
