"""One short recording of known words, to be placed anywhere in a longer sound track.

The clip was spoken by flite (voice slt) for this project; its words were chosen so that pocketsphinx hears
them all.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

SPEECH = Path(__file__).parent.parent / "media" / "speech.opus"


@dataclass(frozen=True)
class Sentence:
    """A spoken sentence and when it sounds, in seconds from the start of the clip."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True)
class SpeechClip:
    """Samples, shape (n,) float32 in [-1, 1] at ``rate`` Hz, and the sentences in them."""

    samples: NDArray[np.float32]
    rate: int
    sentences: tuple[Sentence, ...]

    @property
    def duration_s(self) -> float:
        """Length of the recording."""
        return len(self.samples) / self.rate

    @property
    def text(self) -> str:
        """All sentences, joined by spaces."""
        return " ".join(sentence.text for sentence in self.sentences)


SENTENCES = (
    Sentence(0.48, 3.12, "Water boils at one hundred degrees at sea level."),
    Sentence(4.16, 6.63, "The red house on the hill was built many years ago."),
    Sentence(7.67, 9.87, "The library opens at ten in the morning."),
)


def speech_clip() -> SpeechClip:
    """The committed recording, decoded to 16 kHz mono."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=16_000)
    with av.open(str(SPEECH)) as container:
        blocks = [
            block.to_ndarray().ravel()
            for frame in container.decode(audio=0)
            for block in resampler.resample(frame)
        ]
        blocks += [block.to_ndarray().ravel() for block in resampler.resample(None)]
    return SpeechClip(np.concatenate(blocks).astype(np.float32), 16_000, SENTENCES)


def place(
    clip: SpeechClip, offsets_s: tuple[float, ...], duration_s: float, *, noise: float = 0.0, seed: int = 0
) -> tuple[NDArray[np.float32], tuple[Sentence, ...]]:
    """A track of ``duration_s`` with the clip at each offset, and the true times of all its sentences.

    ``noise`` is the standard deviation of the white noise under it (0: digital silence).
    """
    track = np.random.default_rng(seed).normal(0, noise, round(duration_s * clip.rate)).astype(np.float32)
    said: list[Sentence] = []
    for offset_s in offsets_s:
        start = round(offset_s * clip.rate)
        if start + len(clip.samples) > len(track):
            raise ValueError(f"a clip of {clip.duration_s:.1f} s at {offset_s} s ends after {duration_s} s")
        track[start : start + len(clip.samples)] += clip.samples
        said += [Sentence(s.start_s + offset_s, s.end_s + offset_s, s.text) for s in clip.sentences]
    return track, tuple(said)
