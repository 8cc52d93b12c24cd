"""open_clip behind the image ↔ text role: any model it knows, of weights on this disk."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_storage.errors import ModelError, first_line
from longvid_storage.models.image_encoders.open_clip_files import OpenClipFiles, find_files, import_open_clip
from longvid_storage.models.image_encoders.open_clip_pixels import Ready, in_batch
from longvid_storage.models.torch_device import (
    Precision,
    import_torch,
    in_batches,
    no_panic,
    pick_device,
    pick_precision,
)
from longvid_storage.models.weights import broken_weights, find_weights, offline_hub

BATCH = 32
_STAND_IN = {"layers": 1, "width": 64, "head_width": 64, "patch_size": 32, "image_size": 32}


class OpenClipEncoder:
    """Embeds pictures and texts with an open_clip model.

    A question is embedded by the text tower alone, without reading the other one; texts and pictures go in as
    they are: no phrase is put around a question that the user did not write.

    Args:
        model: a directory, a hub id, one of open_clip's names, or a name and a tag; see ``find_files``.
        weights: a file of weights for one of open_clip's names, or a directory with configuration and weights.
        device: ``"cpu"``, ``"cuda"``, … or None for a GPU where there is one.
        precision: None for what the device is made for (bf16 or fp16 on a GPU, fp32 on a CPU). It is part of the
            fingerprint: name it where one library is used on machines of both kinds.

    Nothing is downloaded; weights are read as safetensors or with ``weights_only=True``. The first use raises:

    Raises:
        MissingExtraError: open_clip is not installed.
        ModelError: the files are not on this disk, are damaged, or belong to another architecture.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        weights: str | Path | None = None,
        device: str | None = None,
        precision: Precision | None = None,
    ) -> None:
        self._model, self._weights = model, weights
        self._wanted_device, self._wanted_precision = device, precision

    @cached_property
    def _files(self) -> OpenClipFiles:
        return find_files(self._model, self._weights)

    @property
    def name(self) -> str:
        """``open_clip/`` and the model's name, wherever it lies."""
        return f"open_clip/{self._files.label}"

    @property
    def _what(self) -> str:
        return f"the picture model {self._files.label}"

    @cached_property
    def device(self) -> str:
        """Where it runs."""
        return pick_device(self._wanted_device, self._what)

    @cached_property
    def precision(self) -> Precision:
        """What it computes in."""
        return pick_precision(self._wanted_precision, self._wanted_device, self._what)

    @cached_property
    def fingerprint(self) -> str:
        """Name, weights, and a precision other than fp32; reading it loads no weights."""
        reduced = "" if self.precision == "fp32" else f"+{self.precision}"
        return f"{self.name}@{self._files.fingerprint()}{reduced}"

    @cached_property
    def dimension(self) -> int:
        """Length of the vectors."""
        return int(self._files.config()["embed_dim"])

    def encode_images(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Embed upright RGB pictures, each ``(height, width, 3)``, to L2-normalised ``(n, dimension)``."""
        torch = import_torch(self._what)
        model, ready = self._whole
        dtype = self._dtype

        def run(batch: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
            with torch.inference_mode():
                return _unit(torch, model.encode_image(ready(batch).to(self.device, dtype)))

        return self._joined(in_batches(run, images, BATCH, self._what))

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts to L2-normalised ``(n, dimension)``; one longer than the model's context is cut there."""
        torch = import_torch(self._what)
        model = self._whole[0] if "_whole" in self.__dict__ else self._text_tower
        tokenizer = self._tokenizer

        def run(batch: Sequence[str]) -> NDArray[np.float32]:
            with torch.inference_mode():
                return _unit(torch, model.encode_text(tokenizer(list(batch)).to(self.device)))

        return self._joined(in_batches(run, texts, BATCH, self._what))

    def _joined(self, batches: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        return np.concatenate([np.zeros((0, self.dimension), np.float32), *batches])

    @property
    def _dtype(self) -> Any:
        torch = import_torch(self._what)
        return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[self.precision]

    @cached_property
    def _whole(self) -> tuple[Any, Ready]:
        """(model with both towers, what prepares pictures for it)."""
        open_clip, files = import_open_clip(), self._files

        def load() -> Any:
            return open_clip.create_model_from_pretrained(
                files.source,
                None if files.directory else str(files.weights),
                precision=self.precision,
                device=self.device,
                weights_only=True,
                **files.settings,
            )

        model, preprocess = self._try(load)
        return model.eval(), in_batch(preprocess)

    @cached_property
    def _text_tower(self) -> Any:
        """A model whose picture tower is a stand-in, so that neither memory nor reading is spent on it."""
        if self._files.weights.suffix != ".safetensors":
            return self._whole[0]
        model = self._try(self._load_text_tower)
        return self._whole[0] if model is None else model.eval()

    def _load_text_tower(self) -> Any:
        """The text tower, or None when its tensors are not named as open_clip itself names them."""
        from safetensors import safe_open

        settings = self._files.settings
        model = import_open_clip().create_model(
            self._files.source,
            load_weights=False,
            precision=self.precision,
            device=self.device,
            pretrained_text=False,
            force_quick_gelu=bool(settings.get("force_quick_gelu")),
            vision_cfg=_STAND_IN,
        )
        with safe_open(self._files.weights, framework="pt") as file:
            names = [name for name in sorted(file.keys()) if not name.startswith("visual.")]
            tensors = {name: file.get_tensor(name) for name in names}
        wanted = {name: value for name, value in model.state_dict().items() if not name.startswith("visual.")}
        if {k: v.shape for k, v in tensors.items()} != {k: v.shape for k, v in wanted.items()}:
            return None
        model.load_state_dict(tensors, strict=False)
        del model.visual
        return model

    @cached_property
    def _tokenizer(self) -> Any:
        files, text = self._files, self._files.config().get("text_cfg", {})
        open_clip = import_open_clip()

        def load() -> Any:
            elsewhere = text.get("hf_tokenizer_name")
            if not elsewhere:
                return open_clip.get_tokenizer(files.source)
            place = files.weights.parent if files.has_tokenizer else find_weights(elsewhere, "tokenizer")
            return open_clip.tokenizer.HFTokenizer(
                str(place),
                context_length=text.get("context_length", 77),
                tokenizer_mode=text.get("tokenizer_mode"),
                **text.get("tokenizer_kwargs", {}),
            )

        return self._try(load)

    def _try(self, load: Callable[[], Any]) -> Any:
        """``load()`` with no hub in reach, and its errors as one sentence."""

        try:
            with offline_hub(), _quiet(), no_panic(f"open_clip's {self._files.label}"):
                return load()
        except ModelError:
            raise
        except broken_weights() as error:
            raise ModelError(
                f"open_clip cannot load {self._files.weights} as {self._files.label}: {first_line(error)}; "
                "check that the weights belong to that architecture and are complete"
            ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """open_clip warns on the root logger of weights it was told not to load; what matters comes as an exception."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _unit(torch: Any, vectors: Any) -> NDArray[np.float32]:
    """Unit length in float32, whatever the model computed in."""
    unit: NDArray[np.float32] = torch.nn.functional.normalize(vectors.float(), dim=-1).cpu().numpy()
    return unit
