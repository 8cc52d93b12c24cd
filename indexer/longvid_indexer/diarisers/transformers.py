"""Voices told apart by any x-vector model that transformers loads (WavLM, UniSpeech-SAT, wav2vec 2.0, …)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.audio import SAMPLE_RATE
from longvid_indexer.diariser import SpeakerTurn
from longvid_indexer.diarisers.clustering import cluster_voices
from longvid_indexer.hearing import Hearing, load_hearing
from longvid_indexer.windows import AudioWindow, windows_at
from longvid_storage.errors import ModelError
from longvid_storage.models.torch_device import in_batches
from longvid_storage.models.weights import find_weights, fingerprint_of

BATCH = 16
WINDOW_S = 3.0
"""A voice is recognised from this much of it; what one utterance has more is several windows that vote."""
HOP_S = 1.5
SHORTEST_S = 0.5
_STEP_S = (
    0.25  # windows are cut to a multiple of this, so that many of one length make a batch without padding
)


class TransformersDiariser:
    """Embeds windows of every utterance (``AutoModelForAudioXVector``) and clusters them.

    Args:
        model: a directory, or a hub id whose files are in the hub's cache.
        weights: the directory that holds the named model's files.
        device: ``"cpu"``, ``"cuda"``, … or None for a GPU where there is one.
        threshold: mean cosine from which two groups of windows are one voice; lower it when one speaker becomes
            several, raise it when several become one.

    Nothing is downloaded; weights are loaded at the first recording.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        weights: str | Path | None = None,
        device: str | None = None,
        threshold: float = 0.8,
    ) -> None:
        self.name = str(model)
        self._place = weights if weights is not None else model
        self._device = device
        self._threshold = threshold

    @cached_property
    def fingerprint(self) -> str:
        """Of the weights and everything that decides the turns; raises ModelError when they are not here."""
        weights = fingerprint_of(find_weights(self._place, "speakers"))
        return f"xvector:{weights}:{self._threshold}:{WINDOW_S}:{HOP_S}:{SHORTEST_S}"

    def diarise(
        self, blocks: Iterable[NDArray[np.float32]], spans: Sequence[tuple[float, float]]
    ) -> list[SpeakerTurn]:
        """One turn for each window of the spans."""
        windows, vectors = self._embedded(windows_at(blocks, plan_windows(spans)))
        if not windows:
            return []
        seconds = np.array([end_s - start_s for start_s, end_s in windows])
        voices = cluster_voices(vectors, seconds, threshold=self._threshold)
        return [SpeakerTurn(*span, int(voice)) for span, voice in zip(windows, voices, strict=True)]

    def _embedded(
        self, windows: Iterable[AudioWindow]
    ) -> tuple[list[tuple[float, float]], NDArray[np.float32]]:
        """Spans and vectors of all windows that are long enough, in no particular order."""
        spans: list[tuple[float, float]] = []
        vectors: list[NDArray[np.float32]] = []
        waiting: dict[int, list[AudioWindow]] = {}
        step = round(_STEP_S * SAMPLE_RATE)
        for window in windows:
            size = len(window.samples) // step * step
            if size < round(SHORTEST_S * SAMPLE_RATE):
                continue
            same = waiting.setdefault(size, [])
            same.append(window)
            if len(same) == BATCH:
                spans += [(each.start_s, each.end_s) for each in same]
                vectors += self._vectors([each.samples[:size] for each in same])
                same.clear()
        for size, same in waiting.items():
            if same:
                spans += [(each.start_s, each.end_s) for each in same]
                vectors += self._vectors([each.samples[:size] for each in same])
        return spans, np.concatenate(vectors) if vectors else np.zeros((0, 1), np.float32)

    def _vectors(self, samples: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        hearing = self._loaded
        extractor, model = hearing.processor, hearing.model

        def run(batch: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
            inputs = extractor(list(batch), sampling_rate=SAMPLE_RATE, return_tensors="pt")
            values = inputs[extractor.model_input_names[0]].to(model.device, model.dtype)
            with hearing.torch.inference_mode():
                embeddings: NDArray[np.float32] = model(values).embeddings.float().cpu().numpy()
            return embeddings

        return in_batches(run, samples, BATCH, f"the speakers model {self.name}")

    @cached_property
    def _loaded(self) -> Hearing:
        hearing = load_hearing(
            self._place,
            role="speakers",
            name=self.name,
            model_class="AutoModelForAudioXVector",
            processor_class="AutoFeatureExtractor",
            device=self._device,
            wanted="an x-vector model such as microsoft/wavlm-base-plus-sv, by its directory or hub id",
            without=("objective.",),  # only the loss needs it
        )
        rate = hearing.processor.sampling_rate
        if rate != SAMPLE_RATE:
            raise ModelError(
                f"the speakers model {self.name} wants sound at {rate} Hz: only 16000 Hz will do"
            )
        return hearing


def plan_windows(spans: Iterable[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Windows of at most ``WINDOW_S``, one every ``HOP_S``, that cover each span and nothing else, by start."""
    planned = []
    for start_s, end_s in spans:
        more = max(0, int(np.ceil((end_s - start_s - WINDOW_S) / HOP_S - 1e-9)))
        # The last one ends with the span.
        starts = [min(start_s + HOP_S * number, max(start_s, end_s - WINDOW_S)) for number in range(more + 1)]
        planned += [(at_s, min(at_s + WINDOW_S, end_s)) for at_s in starts]
    return iter(sorted(planned))
