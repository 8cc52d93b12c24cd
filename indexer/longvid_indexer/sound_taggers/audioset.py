"""Any audio classifier that transformers loads, such as an Audio Spectrogram Transformer taught on AudioSet.

AST: Gong, Chung & Glass 2021, "AST: Audio Spectrogram Transformer", Interspeech.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.hearing import Hearing, load_hearing
from longvid_indexer.mixing import SAMPLE_RATE
from longvid_storage.errors import ModelError
from longvid_storage.models.torch_device import in_batches
from longvid_storage.models.weights import find_weights, fingerprint_of

_LEAST = 0.02  # scores below this are not worth their memory


class AudioSetTagger:
    """Scores every label of a classifier (``AutoModelForAudioClassification``) in each window.

    Args:
        model: a directory, or a hub id whose files are in the hub's cache.
        weights: the directory that holds the named model's files.
        device: ``"cpu"``, ``"cuda"``, … or None for a GPU where there is one.
        threshold: the score from which a sound is heard.
        window_s: seconds judged at once; a sound shorter than half of it may be missed.
        batch_size: windows computed at once.

    The scores of labels do not exclude each other (a sigmoid each), unless the checkpoint says that it chooses one
    of them (``problem_type`` ``"single_label_classification"``). Nothing is downloaded.
    """

    sample_rate = SAMPLE_RATE

    def __init__(
        self,
        model: str | Path,
        *,
        weights: str | Path | None = None,
        device: str | None = None,
        threshold: float = 0.3,
        window_s: float = 4.0,
        batch_size: int = 16,
    ) -> None:
        self.name = str(model)
        self.threshold = threshold
        self.window_s = window_s
        self.batch_size = batch_size
        self._place = weights if weights is not None else model
        self._device = device

    @cached_property
    def fingerprint(self) -> str:
        """Of the weights and everything that decides the sounds; raises ModelError when they are not here."""
        return (
            f"audioset:{fingerprint_of(find_weights(self._place, 'sound'))}:{self.threshold}:{self.window_s}"
        )

    def tag(self, windows: Sequence[NDArray[np.float32]]) -> list[dict[str, float]]:
        """Label → score of each window."""
        hearing = self._loaded
        extractor, model = hearing.processor, hearing.model
        names = [str(model.config.id2label[number]) for number in range(model.config.num_labels)]
        single = model.config.problem_type == "single_label_classification"
        size = round(self.window_s * self.sample_rate)

        def run(batch: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
            # The last window may be shorter than the model can bear.
            filled = [np.pad(samples, (0, max(0, size - len(samples)))) for samples in batch]
            inputs = extractor(filled, sampling_rate=self.sample_rate, return_tensors="pt")
            values = inputs[extractor.model_input_names[0]].to(model.device, model.dtype)
            with hearing.torch.inference_mode():
                logits = model(values).logits.float()
            scores = logits.softmax(-1) if single else logits.sigmoid()
            found: NDArray[np.float32] = scores.cpu().numpy()
            return found

        rows = np.concatenate(in_batches(run, windows, self.batch_size, f"the sound model {self.name}"))
        return [{names[at]: float(row[at]) for at in np.flatnonzero(row >= _LEAST)} for row in rows]

    @cached_property
    def _loaded(self) -> Hearing:
        hearing = load_hearing(
            self._place,
            role="sound",
            name=self.name,
            model_class="AutoModelForAudioClassification",
            processor_class="AutoFeatureExtractor",
            device=self._device,
            wanted="an audio classifier such as MIT/ast-finetuned-audioset-10-10-0.4593",
        )
        if hearing.processor.sampling_rate != self.sample_rate:
            raise ModelError(
                f"the sound model {self.name} wants sound at {hearing.processor.sampling_rate} Hz: "
                f"only {self.sample_rate} Hz will do"
            )
        return hearing
