"""Voices told apart by any x-vector model that transformers loads (WavLM, UniSpeech-SAT, wav2vec 2.0, …)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.diariser import SpeakerTurn
from longvid_indexer.diarisers.clustering import cluster_voices
from longvid_indexer.diarisers.embedding import SHORTEST_S, embed_windows, plan_windows
from longvid_indexer.hearing import Hearing, load_hearing
from longvid_indexer.mixing import SAMPLE_RATE
from longvid_indexer.windows import windows_at
from longvid_storage.errors import ModelError
from longvid_storage.models.torch_device import in_batches
from longvid_storage.models.weights import find_weights, fingerprint_of

BATCH = 16
WINDOW_S = 3.0
"""A voice is recognised from this much of it; what one utterance has more is several windows that vote."""
HOP_S = 1.5


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
        planned = windows_at(blocks, plan_windows(spans, WINDOW_S, HOP_S))
        windows, vectors = embed_windows(planned, self._vectors, BATCH)
        if not windows:
            return []
        seconds = np.array([end_s - start_s for start_s, end_s in windows])
        voices = cluster_voices(vectors, seconds, threshold=self._threshold)
        return [SpeakerTurn(*span, int(voice)) for span, voice in zip(windows, voices, strict=True)]

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
