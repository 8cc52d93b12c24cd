"""What the model of the role sound hears in films and in speech, and its ear for speech beside the voice gates'.

    python benchmarks/sounds.py ../shared/data/speech --film FILE --film FILE [--model firered-aed]

First, for each film and for all clips under ROOT together: seconds of each sound that is found. Then the gates: every
clip with the films' sound under it and for ten seconds on both sides, so many decibels softer; **speech kept** is the
share of the clip's own loud frames (within 30 dB of its loudest, over 0.2 s) that a gate passes, **film passed** the
share of the twenty seconds without the clip. The detector's own ear is its speech score from 0.5 on.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from longvid.config import Config
from longvid.engines import Engines
from longvid_indexer.audio import Samples, read_audio
from longvid_indexer.mixing import SAMPLE_RATE
from longvid_indexer.probe import probe
from longvid_indexer.sound_tagger import hear
from longvid_indexer.sound_taggers.firered import FireRedTagger
from longvid_indexer.voice import band_energy_db
from longvid_indexer.voice_gate import FRAME, WINDOW, make_gate
from longvid_storage.errors import LongvidError

_ALONE = 10 * SAMPLE_RATE
Ear = Callable[[Samples], NDArray[np.bool_]]


def sound_of(path: Path) -> Samples:
    """All of a file's sound."""
    return np.concatenate(list(read_audio(path, probe(path, "benchmark"))))


def clips(root: Path) -> Iterator[Samples]:
    """Everything under ``root`` that can be heard for a second and more."""
    for path in sorted(each for kind in ("wav", "flac") for each in root.rglob(f"*.{kind}")):
        try:
            samples = sound_of(path)
        except (LongvidError, ValueError):  # damaged on purpose
            continue
        if len(samples) > SAMPLE_RATE:
            yield samples


def by_gate(name: str) -> Ear:
    """What a voice gate passes, in frames of 20 ms."""

    def ear(samples: Samples) -> NDArray[np.bool_]:
        gate, size = make_gate(name), WINDOW * FRAME
        pieces = (samples[at : at + size] for at in range(0, len(samples), size))
        return np.concatenate([gate.voiced(piece, band_energy_db(piece)) for piece in pieces])

    return ear


def by_detector(samples: Samples) -> NDArray[np.bool_]:
    """Where the detector hears speech, in frames of 20 ms."""
    speech = FireRedTagger().scores(np.pad(samples, (0, FRAME)))[:, 0] >= 0.5
    return speech[::2][: len(samples) // FRAME]


def gates(speech: Sequence[Samples], films: Sequence[Samples]) -> None:
    """Print the table of the gates."""
    print(
        "\n| film under the speech | gate | speech kept | film passed | CPU a second |\n|---|---|---|---|---|"
    )
    bed = np.concatenate(films)
    for snr_db in (20.0, 10.0, 5.0):
        for name, ear in (
            ("silero", by_gate("silero")),
            ("energy", by_gate("energy")),
            ("firered", by_detector),
        ):
            kept = spoken = passed = alone = 0
            length, began, at = 0, time.process_time(), 0
            for clip in speech:
                clip = clip[: len(clip) // FRAME * FRAME]
                under = np.resize(np.roll(bed, -at), len(clip) + 2 * _ALONE)
                at += len(under)
                mixed = under * (np.sqrt((clip**2).mean() / (under**2).mean()) * 10 ** (-snr_db / 20))
                mixed[_ALONE : _ALONE + len(clip)] += clip
                heard = ear(np.asarray(mixed / max(1.0, np.abs(mixed).max()), np.float32))
                loud = _loud(clip)
                inside = heard[_ALONE // FRAME : _ALONE // FRAME + len(loud)]
                kept, spoken = kept + int((inside & loud).sum()), spoken + int(loud.sum())
                passed, alone = passed + int(heard.sum() - inside.sum()), alone + len(heard) - len(loud)
                length += len(mixed)
            cost = (time.process_time() - began) / length * SAMPLE_RATE
            print(
                f"| {snr_db:.0f} dB softer | {name} | {kept / spoken:.3f} | {passed / alone:.3f} | {cost:.4f} s |"
            )


def _loud(clip: Samples) -> NDArray[np.bool_]:
    power = np.convolve((clip.reshape(-1, FRAME) ** 2).mean(axis=1), np.ones(10) / 10, "same")
    return np.asarray(power > power.max() * 1e-3)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("root", type=Path)
    parser.add_argument("--film", type=Path, action="append", required=True, help="a file without speech")
    parser.add_argument("--model", default="firered-aed")
    options = parser.parse_args()
    tagger = Engines({"sound": options.model}, config=Config()).sound_tagger
    speech, films = list(clips(options.root)), [sound_of(path) for path in options.film]
    rows = [(path.name, film) for path, film in zip(options.film, films, strict=True)]
    print("| sound | seconds | found | CPU a second |\n|---|---|---|---|")
    for name, samples in [*rows, (f"{len(speech)} clips of speech", np.concatenate(speech))]:
        began = time.process_time()
        found = hear(iter([samples]), tagger)
        cost, length_s = time.process_time() - began, len(samples) / SAMPLE_RATE
        seconds: dict[str, float] = {}
        for sound in found:
            seconds[sound.label] = seconds.get(sound.label, 0.0) + sound.end_s - sound.start_s
        told = ", ".join(f"{label} {value:.0f} s" for label, value in seconds.items()) or "nothing"
        print(f"| {name} | {length_s:.0f} | {told} | {cost / length_s:.4f} s |", flush=True)
    gates(speech, films)


if __name__ == "__main__":
    main()
