"""Whisper through faster-whisper (CTranslate2): several stretches at once, half precision or int8, no torch.

Nothing is fetched here: without the converted model on disk the error says what to type.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.invented import COMPRESSION_MAX, LOGPROB_MIN, NO_SPEECH_MAX
from longvid_indexer.mixing import SAMPLE_RATE
from longvid_indexer.transcribers.segments import RecognisedSegment, holes, to_utterances
from longvid_indexer.transcribers.words import RecognisedWord
from longvid_indexer.voice import Stretch
from longvid_storage.errors import MissingExtraError, ModelError, first_line
from longvid_storage.models.carried import WHISPER_BASE, WHISPER_BASE_SHA256, WHISPER_TINY_EN, Carrier, joined
from longvid_storage.models.torch_device import in_batches, no_panic
from longvid_storage.models.weights import BROKEN_WEIGHTS, find_weights, fingerprint_of
from longvid_storage.types import Utterance

# Where the converted official models lie on the hub.
HUB = {
    **{
        size: f"Systran/faster-whisper-{size}"
        for size in (
            "tiny", "tiny.en", "base", "base.en", "small", "small.en", "medium", "medium.en",
            "large-v1", "large-v2", "large-v3",
        )
    },
    "distil-large-v3": "Systran/faster-distil-whisper-large-v3",
    "large-v3-turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
}  # fmt: skip
_OTHER_NAMES = {"large": "large-v3", "turbo": "large-v3-turbo"}
# Those whose weights travel in packages.
CARRIED: dict[str, tuple[Carrier, ...]] = {"tiny.en": (WHISPER_TINY_EN,), "base": WHISPER_BASE}
_NEEDED = ("model.bin", "config.json", "tokenizer.json")
_VERSION = 3
# Below this there is not one frame of features.
_SAMPLES_MIN = 400
# A decoding that fails by Whisper's own thresholds is tried again, warmer each time.
_WARMER = (0.2, 0.4, 0.6, 0.8, 1.0)
# From this probability on a stretch's own language is believed; else it is taken for the likeliest of its batch.
_LANGUAGE_SURE = 0.5


class FasterWhisperTranscriber:
    """Multilingual speech with punctuation and word times; loaded at first use.

    Args:
        model: an official name (``"large-v3"``), a hub id, or a directory of a converted model.
        weights: the directory, where it is known already; a file in it will do.
        language: two letters, or None to tell it for each stretch.
        device: ``"cuda"``, ``"cpu"``, or None for a GPU if there is one.
        compute_type: CTranslate2's name of a precision; None: float16 on a GPU, int8 on a CPU, as far as it can.
        batch_size: stretches heard at once; halved when the GPU is full.
        beam_size: hypotheses kept while decoding.
    """

    def __init__(
        self,
        model: str | Path = "large-v3-turbo",
        *,
        weights: str | Path | None = None,
        language: str | None = None,
        device: str | None = None,
        compute_type: str | None = None,
        batch_size: int = 8,
        beam_size: int = 5,
    ) -> None:
        self.model = model
        self.weights = weights
        self.language = language
        self.device = device
        self.compute_type = compute_type
        self.batch_size = batch_size
        self.beam_size = beam_size
        self._pipeline: Any = None
        self._lock = threading.Lock()

    # A window of 30 s costs the same whatever is in it: fewer, fuller ones.
    pause_s = 2.0

    @property
    def name(self) -> str:
        """``faster-whisper/`` and the model's name."""
        return f"faster-whisper/{Path(self.model).name.removeprefix('faster-whisper-')}"

    @property
    def fingerprint(self) -> str:
        """Of the model's files and of the settings that change its text."""
        from importlib import metadata

        try:
            package = metadata.version("faster-whisper")
        except metadata.PackageNotFoundError:
            package = "missing"
        settings = f"{self.language}-{self.compute_type}-{self.beam_size}-{package}-{_VERSION}"
        return f"{self.name}-{fingerprint_of(self._directory())}-{settings}"

    def transcribe(self, samples: NDArray[np.float32], start_s: float) -> list[Utterance]:
        """See ``Transcriber.transcribe``."""
        return self.transcribe_many([Stretch(start_s, samples)])[0]

    def transcribe_many(self, stretches: Sequence[Stretch]) -> list[list[Utterance]]:
        """See ``Batched.transcribe_many``; holes in what is written are heard once more by themselves.

        Whisper's times may step over what it did not write, most often at the end of a stretch: a sentence of 14 words
        of a clip of 35 s.
        """
        heard = self._hear_all(stretches)
        places = [(row, hole) for row, each in enumerate(stretches) for hole in holes(each, heard[row])]
        for (row, _), more in zip(places, self._hear_all([hole for _, hole in places]), strict=True):
            heard[row] = sorted([*heard[row], *more], key=lambda each: (each.start_s, each.end_s))
        return heard

    def _hear_all(self, stretches: Sequence[Stretch]) -> list[list[Utterance]]:
        heard: list[list[Utterance]] = [[] for _ in stretches]
        long_enough = [i for i, stretch in enumerate(stretches) if len(stretch.samples) >= _SAMPLES_MIN]
        with self._lock:
            groups = in_batches(
                lambda some: self._hear([stretches[i] for i in some]),
                long_enough,
                self.batch_size,
                self.name,
                is_full=_is_full,
            )
        found = [utterances for group in groups for utterances in group]
        for index, utterances in zip(long_enough, found, strict=True):
            heard[index] = utterances
        return heard

    def _hear(self, stretches: Sequence[Stretch]) -> list[list[Utterance]]:
        """Those of one language together."""
        languages = self._languages(stretches)
        heard: list[list[Utterance]] = [[] for _ in stretches]
        for language in dict.fromkeys(languages):
            rows = [row for row, each in enumerate(languages) if each == language]
            found = self._hear_in(language, [stretches[row] for row in rows])
            for row, said in zip(rows, found, strict=True):
                heard[row] = said
        return heard

    def _languages(self, stretches: Sequence[Stretch]) -> list[str]:
        """The language of each stretch."""
        model = self._load().model
        if self.language is not None or not model.model.is_multilingual:
            return [self.language or "en"] * len(stretches)
        with _run_errors(self.name):
            told = [dict(model.detect_language(_sound([stretch]))[2]) for stretch in stretches]
        overall: Counter[str] = Counter()
        for stretch, each in zip(stretches, told, strict=True):
            overall.update({language: share * len(stretch.samples) for language, share in each.items()})
        likeliest = max(overall, key=lambda language: overall[language])
        firsts = [max(each, key=lambda language: each[language]) for each in told]
        return [
            first if each[first] >= _LANGUAGE_SURE else likeliest
            for first, each in zip(firsts, told, strict=True)
        ]

    def _hear_in(self, language: str, stretches: Sequence[Stretch]) -> list[list[Utterance]]:
        """Stretches laid end to end, each a clip of its own for the batched decoder."""
        pipeline = self._load()
        ends = [0, *accumulate(len(stretch.samples) for stretch in stretches)]
        clips = [{"start": begin / SAMPLE_RATE, "end": end / SAMPLE_RATE} for begin, end in pairwise(ends)]
        with _run_errors(self.name):
            found, _ = pipeline.transcribe(
                _sound(stretches),
                language=language,
                clip_timestamps=clips,
                batch_size=len(stretches),
                beam_size=self.beam_size,
                temperature=0.0,
                without_timestamps=False,
                word_timestamps=True,
            )
            by_clip: list[list[Any]] = [[] for _ in stretches]
            for segment in found:
                # Its decoder's position is where its clip begins, in hundredths of a second.
                by_clip[_clip_at(segment.seek / 100, clips)].append(segment)
        return [
            self._utterances(stretch, segments, clip["start"], language)
            for stretch, segments, clip in zip(stretches, by_clip, clips, strict=True)
        ]

    def _utterances(
        self, stretch: Stretch, segments: list[Any], offset_s: float, language: str
    ) -> list[Utterance]:
        doubted = any(segment.avg_logprob < LOGPROB_MIN for segment in segments)
        if doubted and not self._load().model.model.is_multilingual:
            return []
        if doubted or any(segment.compression_ratio > COMPRESSION_MAX for segment in segments):
            segments, offset_s = self._again(stretch, language), 0.0
        length_s = len(stretch.samples) / SAMPLE_RATE
        return to_utterances(
            [_segment(segment, offset_s) for segment in segments], stretch.start_s, length_s, language
        )

    def _again(self, stretch: Stretch, language: str) -> list[Any]:
        """One stretch by itself, at rising temperatures until a decoding passes."""
        import ctranslate2

        # Above temperature 0 it samples: the same sound must give the same text on every run.
        ctranslate2.set_random_seed(0)
        with _run_errors(self.name):
            found, _ = self._load().model.transcribe(
                _sound([stretch]),
                language=language,
                beam_size=self.beam_size,
                temperature=_WARMER,
                compression_ratio_threshold=COMPRESSION_MAX,
                log_prob_threshold=LOGPROB_MIN,
                no_speech_threshold=NO_SPEECH_MAX,
                condition_on_previous_text=False,
                word_timestamps=True,
                hallucination_silence_threshold=2.0,
            )
            return list(found)

    def _directory(self) -> Path:
        if self.weights is not None:
            path = Path(self.weights)
            return path if path.is_dir() else path.parent
        name = str(self.model)
        name = _OTHER_NAMES.get(name, name)
        carriers = CARRIED.get(name, ())
        if carriers and all(carrier.installed for carrier in carriers):
            first, *more = carriers
            return joined(carriers, "model.bin", WHISPER_BASE_SHA256) if more else first.verified()
        try:
            return find_weights(HUB.get(name, name), "speech")
        except ModelError as error:
            raise ModelError(
                f"the weights of faster-whisper {name} are not on this disk: fetch them with longvid models pull "
                f"faster-whisper:{name}, or give the directory of a converted model",
                code="no_weights",
            ) from error

    def _load(self) -> Any:
        if self._pipeline is None:
            self._pipeline = load_converted(self._directory(), self.device, self.compute_type, self.name)
        return self._pipeline


def load_converted(directory: Path, device: str | None, compute_type: str | None, name: str) -> Any:
    """A batched pipeline over a model in CTranslate2's format.

    Raises:
        MissingExtraError: faster-whisper is not installed.
        ModelError: the directory is no such model, or the device or precision is not to be had.
    """
    try:
        import ctranslate2
        import faster_whisper
    except ImportError as error:
        raise MissingExtraError("faster-whisper is not installed: pip install 'longvid[fast]'") from error
    for file in _NEEDED:
        # Without its tokenizer faster-whisper would fetch one.
        if not (directory / file).is_file():
            raise ModelError(
                f"{directory} is no faster-whisper model, it has no {file}: give a directory of one, or convert a"
                " Whisper with ct2-transformers-converter --copy_files tokenizer.json preprocessor_config.json",
                code="bad_weights",
            )
    gpus = ctranslate2.get_cuda_device_count()
    if device is None:
        device = "cuda" if gpus else "cpu"
    kind, _, index = device.partition(":")
    if kind == "cuda" and not gpus:
        raise ModelError(
            f"{name} was asked to run on {device}, and CTranslate2 sees no such device: use device='cpu', or "
            "install the driver and CUDA's libraries for it (longvid doctor)",
            code="no_device",
        )
    if compute_type is None:
        can = ctranslate2.get_supported_compute_types(kind)
        wanted = ("float16", "int8_float16") if kind == "cuda" else ("int8",)
        compute_type = next((precision for precision in wanted if precision in can), "float32")
    try:
        with no_panic(f"the faster-whisper model in {directory}"):
            model = faster_whisper.WhisperModel(
                str(directory), device=kind, device_index=int(index or 0), compute_type=compute_type
            )
    except BROKEN_WEIGHTS as error:
        raise ModelError(
            f"{directory} cannot be loaded as a faster-whisper model ({first_line(error)}): fetch or convert it again",
            code="bad_weights",
        ) from error
    return faster_whisper.BatchedInferencePipeline(model)


@contextmanager
def _run_errors(name: str) -> Iterator[None]:
    """Maps what CTranslate2 raises to one sentence; a full GPU goes through, so that the batch is halved."""
    try:
        yield
    except (RuntimeError, ValueError) as error:
        if _is_full(error):
            raise
        raise ModelError(f"{name} failed on stretches of sound: {error}", code="model_run") from error


def _is_full(error: Exception) -> bool:
    return isinstance(error, RuntimeError) and "out of memory" in str(error)


def _sound(stretches: Sequence[Stretch]) -> NDArray[np.float32]:
    return np.concatenate([stretch.samples for stretch in stretches]).astype(np.float32)


def _clip_at(at_s: float, clips: list[dict[str, float]]) -> int:
    """The clip that begins nearest to a time."""
    return min(range(len(clips)), key=lambda index: abs(clips[index]["start"] - at_s))


def _segment(segment: Any, offset_s: float) -> RecognisedSegment:
    words = tuple(
        RecognisedWord(
            word.word, float(word.start) - offset_s, float(word.end) - offset_s, float(word.probability)
        )
        for word in segment.words or ()
    )
    return RecognisedSegment(
        segment.text,
        float(segment.start) - offset_s,
        float(segment.end) - offset_s,
        words,
        float(segment.no_speech_prob),
        float(segment.avg_logprob),
    )
