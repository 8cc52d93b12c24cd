"""Times at the end of a long recording are as true as at its beginning, from the file to the utterance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from longvid_indexer.mixing import SAMPLE_RATE
from longvid_indexer.probe import probe
from longvid_indexer.recognition import recognise
from longvid_indexer.voice import Stretch
from longvid_storage.types import Utterance
from media_factory import write_video

MINUTES = 12


class Ear:
    """A recogniser that hears where a tone begins and how high it is: its words are pitches in hertz."""

    name = fingerprint = "ear"
    batch_size = 4

    def transcribe(self, samples: NDArray[np.float32], start_s: float) -> list[Utterance]:
        loud = np.flatnonzero(np.abs(samples) > 0.2)
        if not len(loud):
            return []
        tone = samples[loud[0] : loud[0] + SAMPLE_RATE // 4]
        power = np.abs(np.fft.rfft(tone * np.hanning(len(tone))))
        pitch = round(float(power.argmax()) * SAMPLE_RATE / len(tone) / 10) * 10
        begin_s = start_s + loud[0] / SAMPLE_RATE
        return [Utterance(begin_s, begin_s + 0.3, f"tone of {pitch} hertz", None, "en")]

    def transcribe_many(self, stretches: Sequence[Stretch]) -> list[list[Utterance]]:
        return [self.transcribe(stretch.samples, stretch.start_s) for stretch in stretches]


def markers(rate: int) -> tuple[NDArray[np.float32], list[tuple[float, int]]]:
    """A tone every 19.3 s, each 20 Hz higher than the last, over faint noise."""
    generator = np.random.default_rng(4)
    track = generator.normal(0, 0.0004, MINUTES * 60 * rate).astype(np.float32)
    placed = []
    for index in range(int(MINUTES * 60 / 19.3)):
        at_s, pitch = 3.0 + 19.3 * index, 500 + 20 * index
        begin = round(at_s * rate)
        wave = 0.6 * np.sin(2 * np.pi * pitch * np.arange(round(0.4 * rate)) / rate)
        track[begin : begin + len(wave)] += wave.astype(np.float32)
        placed.append((at_s, pitch))
    return track, placed


@pytest.mark.parametrize(("suffix", "rate", "codec"), [(".mp4", 22_050, None), (".mkv", 16_000, "pcm_s16le")])
def test_twelve_minutes_end_within_a_tenth_of_a_second(
    tmp_path: Path, suffix: str, rate: int, codec: str | None
) -> None:
    track, placed = markers(rate)
    options = {} if codec is None else {"audio_codec": codec}
    path = write_video(tmp_path / f"long{suffix}", None, audio=track, audio_rate=rate, **options)
    heard = recognise(path, probe(path, "id"), Ear(), gate="energy")
    assert [u.text for u in heard.utterances] == [f"tone of {pitch} hertz" for _, pitch in placed]
    off = np.array([u.start_s - at_s for u, (at_s, _) in zip(heard.utterances, placed, strict=True)])
    assert np.abs(off).max() < 0.1
    # An encoder's delay is the same all along: what is left is drift.
    assert abs(off[-5:].mean() - off[:5].mean()) < 0.01
