"""Mel spectra as the toolkits compute them whose checkpoints are heard here without the toolkits."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.mixing import SAMPLE_RATE

Samples = NDArray[np.float32]

FRAME, HOP = 400, 160
"""Samples of a frame (25 ms) and from one to the next (10 ms), at 16 kHz."""
_FFT = 512


def mel_power(samples: Samples) -> NDArray[np.float32]:
    """Power in 40 mel bands around every 10 ms, as librosa's ``melspectrogram`` gives it (not its logarithm).

    Shape ``(…, n)`` → ``(…, n // 160 + 1, 40)``. Slaney's mel scale, triangles of equal area, a periodic Hann window.
    """
    around = [(0, 0)] * (samples.ndim - 1) + [(FRAME // 2, FRAME // 2)]
    frames = _frames(np.pad(samples, around))
    window = np.hanning(FRAME + 1)[:-1].astype(np.float32)
    power = np.abs(np.fft.rfft(frames * window, axis=-1)) ** 2
    return np.asarray(power.astype(np.float32) @ _slaney_bands(40), np.float32)


def kaldi_fbank(samples: Samples) -> NDArray[np.float32]:
    """The logarithm of the power in 80 mel bands, as Kaldi's ``fbank`` gives it without dither.

    Shape ``(n,)`` in [-1, 1] → ``((n - 400) // 160 + 1, 80)``; none where there is less than a frame. Kaldi counts
    samples in 16-bit steps, takes each frame's mean off, emphasises by 0.97 and tapers by Povey's window.
    """
    if len(samples) < FRAME:
        return np.zeros((0, 80), np.float32)
    frames = _frames(samples * np.float32(32768))
    frames = frames - frames.mean(axis=1, keepdims=True)
    before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    window = np.hanning(FRAME) ** 0.85
    spectrum = np.fft.rfft((frames - 0.97 * before) * window, _FFT, axis=1)
    power = (np.abs(spectrum) ** 2).astype(np.float32) @ _kaldi_bands(80)
    return np.asarray(np.log(np.maximum(power, np.finfo(np.float32).eps)), np.float32)


def _frames(samples: Samples) -> Samples:
    return np.lib.stride_tricks.sliding_window_view(samples, FRAME, axis=-1)[..., ::HOP, :]


@cache
def _slaney_bands(count: int) -> NDArray[np.float32]:
    """Shape ``(201, count)``: even below 1000 Hz, by ratio above."""
    step_hz, bend_hz, ratio = 200 / 3, 1000.0, np.log(6.4) / 27
    bend = bend_hz / step_hz
    top = bend + np.log(SAMPLE_RATE / 2 / bend_hz) / ratio
    mels = np.linspace(0.0, top, count + 2)
    edges = np.where(mels < bend, mels * step_hz, bend_hz * np.exp(ratio * (mels - bend)))
    bands = _triangles(np.linspace(0.0, SAMPLE_RATE / 2, FRAME // 2 + 1), edges)
    return np.asarray(bands * 2 / (edges[2:] - edges[:-2]), np.float32)


@cache
def _kaldi_bands(count: int) -> NDArray[np.float32]:
    """Shape ``(257, count)``: triangles on the mel scale itself, from 20 Hz on; the last bin belongs to none."""
    mels = 1127.0 * np.log1p(np.linspace(0.0, SAMPLE_RATE / 2, _FFT // 2 + 1) / 700.0)
    bands = _triangles(mels, np.linspace(1127.0 * np.log1p(20.0 / 700.0), mels[-1], count + 2))
    bands[-1] = 0.0
    return np.asarray(bands, np.float32)


def _triangles(at: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much of each of ``len(edges) - 2`` triangles is at each place; shape ``(len(at), len(edges) - 2)``."""
    rising = (at[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - at[:, None]) / (edges[2:] - edges[1:-1])
    return np.maximum(0.0, np.minimum(rising, falling))
