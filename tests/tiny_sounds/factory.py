"""Sounds made of numbers: voices of different people, clapping, tones, the hiss of a room."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
Samples = NDArray[np.float32]

# Pitch in Hz and the first three formants of each person's vowels, after the averages of men, women and children.
VOICES = {
    "deep": (95.0, ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240))),
    "high": (215.0, ((850, 1220, 2810), (310, 2790, 3310), (370, 950, 2670))),
    "small": (320.0, ((1030, 1370, 3170), (370, 3200, 3730), (430, 1170, 3260))),
}


def voice(who: str, seconds: float, seed: int = 0) -> Samples:
    """A person babbling: a pulse train at their pitch through the resonances of one of their vowels after another."""
    from scipy.signal import lfilter

    random = np.random.default_rng(seed)
    pitch, vowels = VOICES[who]
    count = round(seconds * RATE)
    wobble = np.cumsum(random.normal(0, 1, count)) * 2e-4
    phase = np.cumsum(
        pitch * (1 + 0.08 * np.sin(np.arange(count) / RATE * 7) + np.clip(wobble, -0.1, 0.1)) / RATE
    )
    source = np.diff(np.floor(phase), prepend=0.0) + random.normal(0, 0.01, count)
    out = np.zeros(count)
    at = 0
    while at < count:
        length = min(count - at, round(random.uniform(0.12, 0.3) * RATE))
        piece = source[at : at + length]
        for formant in vowels[random.integers(len(vowels))]:
            radius = np.exp(-np.pi * 90 / RATE)
            piece = lfilter(
                [1 - radius], [1, -2 * radius * np.cos(2 * np.pi * formant / RATE), radius**2], piece
            )
        out[at : at + length] = piece * np.hanning(length) ** 0.3
        at += length
    return _level(out, 0.1)


def applause(seconds: float, seed: int = 0) -> Samples:
    """Many hands: short bursts of noise with an attack of a millisecond, at random times."""
    random = np.random.default_rng(seed)
    count = round(seconds * RATE)
    out = np.zeros(count + RATE)
    burst = np.exp(-np.arange(480) / 60)
    for at in random.integers(0, count, round(seconds * 45)):
        out[at : at + 480] += random.normal(0, 1, 480) * burst * random.uniform(0.3, 1)
    return _level(out[:count], 0.1)


def tone(seconds: float, hertz: float = 440.0) -> Samples:
    """A steady musical tone with three overtones."""
    time = np.arange(round(seconds * RATE)) / RATE
    return _level(sum(np.sin(2 * np.pi * hertz * k * time) / k for k in range(1, 5)), 0.1)


def hiss(seconds: float, seed: int = 0, level: float = 0.002) -> Samples:
    """The quiet noise of a room."""
    return np.random.default_rng(seed).normal(0, level, round(seconds * RATE)).astype(np.float32)


def _level(samples: NDArray[np.float64], rms: float) -> Samples:
    return (samples * rms / max(float(np.sqrt(np.mean(samples**2))), 1e-9)).astype(np.float32)


def write_wav(path: Path, samples: Samples) -> Path:
    """16-bit mono."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes())
    return path
