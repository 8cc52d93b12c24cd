"""CLAP: sounds compared with texts, here with the sounds that ``longvid_storage.text.sound_words`` lists.

Wu et al. 2023, "Large-scale contrastive language-audio pretraining with feature fusion and keyword-to-caption
augmentation", ICASSP; zero-shot classification by the nearest text, as there.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.hearing import Hearing, load_hearing
from longvid_storage.errors import ModelError
from longvid_storage.models.torch_device import in_batches
from longvid_storage.models.weights import find_weights, fingerprint_of
from longvid_storage.text.sound_words import sound_table

_LEAST = 0.02
# What else a window may hold; they take their share of the probability and are never reported.
BACKGROUND = ("Speech", "Silence", "Noise")


class ClapTagger:
    """Shares a probability out among sounds by the likeness of their names to each window (``ClapModel``).

    Args:
        model: a directory, or a hub id whose files are in the hub's cache.
        weights: the directory that holds the named model's files.
        device: ``"cpu"``, ``"cuda"``, … or None for a GPU where there is one.
        labels: the sounds to look for; default those of ``longvid_storage.text.sound_words``.
        threshold: the probability from which a sound is heard.
        window_s: seconds judged at once, at most what the checkpoint takes (10 s).
        batch_size: windows computed at once.

    Nothing is downloaded.
    """

    sample_rate = 48_000

    def __init__(
        self,
        model: str | Path,
        *,
        weights: str | Path | None = None,
        device: str | None = None,
        labels: Sequence[str] | None = None,
        threshold: float = 0.4,
        window_s: float = 5.0,
        batch_size: int = 16,
    ) -> None:
        self.name = str(model)
        self.threshold = threshold
        self.window_s = window_s
        self.batch_size = batch_size
        self._labels = tuple(labels if labels is not None else sound_table())
        self._place = weights if weights is not None else model
        self._device = device

    @cached_property
    def fingerprint(self) -> str:
        """Of the weights and everything that decides the sounds; raises ModelError when they are not here."""
        weights = fingerprint_of(find_weights(self._place, "sound"))
        return f"clap:{weights}:{self.threshold}:{self.window_s}:{'|'.join(self._labels)}"

    def tag(self, windows: Sequence[NDArray[np.float32]]) -> list[dict[str, float]]:
        """Label → probability of each window."""
        hearing, texts = self._loaded, self._texts
        extractor, model = hearing.processor.feature_extractor, hearing.model
        names = (*self._labels, *BACKGROUND)

        def run(batch: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
            inputs = extractor(list(batch), sampling_rate=self.sample_rate, return_tensors="pt")
            values = inputs["input_features"].to(model.device, model.dtype)
            # No window is longer than the model takes; the extractor would mark one at random.
            longer = hearing.torch.zeros_like(inputs["is_longer"]).to(model.device)
            with hearing.torch.inference_mode():
                sounds = model.get_audio_features(input_features=values, is_longer=longer).pooler_output
                likeness = sounds @ texts.T * model.logit_scale_a.exp()
            found: NDArray[np.float32] = likeness.float().softmax(-1).cpu().numpy()
            return found

        rows = np.concatenate(in_batches(run, windows, self.batch_size, f"the sound model {self.name}"))
        return [
            {names[at]: float(row[at]) for at in np.flatnonzero(row >= _LEAST) if at < len(self._labels)}
            for row in rows
        ]

    @cached_property
    def _texts(self) -> Any:
        """The unit vectors of all names, shape ``(n, dimension)``."""
        hearing = self._loaded
        prompts = [f"This is a sound of {name.lower()}." for name in (*self._labels, *BACKGROUND)]
        tokens = hearing.processor.tokenizer(prompts, padding=True, return_tensors="pt")
        with hearing.torch.inference_mode():
            return hearing.model.get_text_features(
                input_ids=tokens["input_ids"].to(hearing.model.device),
                attention_mask=tokens["attention_mask"].to(hearing.model.device),
            ).pooler_output

    @cached_property
    def _loaded(self) -> Hearing:
        hearing = load_hearing(
            self._place,
            role="sound",
            name=self.name,
            model_class="ClapModel",
            processor_class="ClapProcessor",
            device=self._device,
            wanted="a CLAP model such as laion/clap-htsat-unfused",
        )
        extractor = hearing.processor.feature_extractor
        if extractor.sampling_rate != self.sample_rate or extractor.max_length_s < self.window_s:
            raise ModelError(
                f"the sound model {self.name} takes {extractor.max_length_s} s at {extractor.sampling_rate} Hz: "
                f"only {self.sample_rate} Hz, and windows of at most that length, will do"
            )
        return hearing
