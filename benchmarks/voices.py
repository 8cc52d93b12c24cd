"""Diarisation error rate and cost of the models of the role speakers, on conversations spliced from real clips.

    python benchmarks/voices.py ../shared/data/speech --model resemblyzer [--threshold 0.6 --threshold 0.7]

A conversation is fourteen turns of 1.5 to 7 s by one to four people whose clips lie under ROOT (``VOICES``), at levels
that differ by up to 12 dB, with pauses of 0.05 to 0.6 s and a little hiss; who, what and how long is drawn by lot.
It goes the way of ``longvid index``, less the recogniser: the voice gate's stretches, which hold several turns each,
are given to the diariser, and its turns are the answer. The rate is time that is given to the wrong voice, missed or
spoken by nobody, over the time spoken, under the best mapping of voices; a quarter of a second at both ends of each
turn is not counted (the collar of NIST's evaluations). Clips of one person come from one recording, which makes
voices easier to tell apart than in one room.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from longvid.config import Config
from longvid.engines import Engines
from longvid_indexer.audio import Samples, read_audio
from longvid_indexer.diariser import Diariser
from longvid_indexer.mixing import SAMPLE_RATE
from longvid_indexer.probe import probe
from longvid_indexer.voice import voiced_stretches

VOICES = {
    "cards": "pocketsphinx/**/cards/*.wav",
    "audio book": "pocketsphinx/**/librivox/*.wav",
    "short sentences 1": "speechbrain/**/spk1_*.wav",
    "short sentences 2": "speechbrain/**/spk2_*.wav",
    "read aloud": "lhotse/**/2412-*.flac",
    "president": "whisper/**/jfk.flac",
    "narrator 1": "azure/**/aboutSpeechSdk.wav",
    "narrator 2": "azure/**/speechService.wav",
}
Turn = tuple[float, float, str]
_COLLAR_S, _PER_S, _TURNS = 0.25, 100, 14


def clips_of(root: Path) -> dict[str, list[Samples]]:
    """Each person's clips, without the silence around them."""
    found: dict[str, list[Samples]] = {}
    for name, pattern in VOICES.items():
        for path in sorted(root.glob(pattern)):
            samples = np.concatenate(list(read_audio(path, probe(path, "benchmark"))))
            frames = (samples[: len(samples) // 320 * 320].reshape(-1, 320) ** 2).mean(axis=1)
            loud = np.flatnonzero(frames > 1e-3 * frames.max())
            found.setdefault(name, []).append(samples[loud[0] * 320 : (loud[-1] + 1) * 320])
    return found


def conversation(
    clips: Mapping[str, Sequence[Samples]], seed: int, people: int
) -> tuple[Samples, list[Turn]]:
    """The sound, and who speaks when."""
    lot = np.random.default_rng(seed)
    cast = [str(each) for each in lot.choice(sorted(clips), people, replace=False)]
    pieces: list[Samples] = []
    turns: list[Turn] = []
    at = 0
    for _ in range(_TURNS):
        others = [each for each in cast if not turns or each != turns[-1][2]] or cast
        who = others[lot.integers(len(others))]
        size = round(lot.uniform(1.5, 7.0) * SAMPLE_RATE)
        said = np.concatenate([clips[who][each] for each in lot.permutation(len(clips[who]))])
        begin = int(lot.integers(max(1, len(said) - size)))
        said = said[begin : begin + size]
        said = said * (0.08 / np.sqrt((said**2).mean())) * 10 ** (lot.uniform(-6, 6) / 20)
        turns.append((at / SAMPLE_RATE, (at + len(said)) / SAMPLE_RATE, who))
        pieces += [said, np.zeros(round(lot.uniform(0.05, 0.6) * SAMPLE_RATE), np.float32)]
        at += len(pieces[-2]) + len(pieces[-1])
    sound = np.concatenate(pieces)
    return np.asarray(sound + lot.normal(0, 3e-4, len(sound)), np.float32), turns


def wrong_and_spoken(true: Sequence[Turn], found: Sequence[tuple[float, float, int]]) -> tuple[int, int]:
    """Hundredths of a second that are wrong, and that are spoken; of found turns that overlap the most votes count."""
    size = round(max(true[-1][1], max((end for _, end, _ in found), default=0.0)) * _PER_S) + 1
    names, voices = sorted({who for *_, who in true}), sorted({voice for *_, voice in found})
    spoken, counted = np.full(size, -1), np.ones(size, bool)
    votes = np.zeros((size, len(voices)), int)
    for start_s, end_s, who in true:
        spoken[round(start_s * _PER_S) : round(end_s * _PER_S)] = names.index(who)
        for edge_s in (start_s, end_s):
            around = (round((edge_s + side) * _PER_S) for side in (-_COLLAR_S, _COLLAR_S))
            counted[slice(*(max(0, each) for each in around))] = False
    for start_s, end_s, voice in found:
        votes[round(start_s * _PER_S) : round(end_s * _PER_S), voices.index(voice)] += 1
    heard = np.where(votes.any(axis=1), votes.argmax(axis=1), -1) if voices else np.full(size, -1)
    both = counted & (spoken >= 0) & (heard >= 0)
    pairs = np.zeros((len(names), max(1, len(voices))), int)
    np.add.at(pairs, (spoken[both], heard[both]), 1)
    right = pairs[linear_sum_assignment(-pairs)].sum()
    anybody = counted & ((spoken >= 0) | (heard >= 0))
    return int(anybody.sum() - right), int((counted & (spoken >= 0)).sum())


def diarised(diariser: Diariser, sound: Samples) -> list[tuple[float, float, int]]:
    """The diariser's turns over what the voice gate lets through."""
    spans = [(stretch.start_s, stretch.end_s) for stretch in voiced_stretches(_blocks(sound))]
    return [(turn.start_s, turn.end_s, turn.speaker) for turn in diariser.diarise(_blocks(sound), spans)]


def _blocks(sound: Samples) -> Iterator[Samples]:
    return (sound[at : at + SAMPLE_RATE] for at in range(0, len(sound), SAMPLE_RATE))


def measure(name: str, diariser: Diariser, clips: Mapping[str, Sequence[Samples]], count: int) -> None:
    """Print a row for each number of people, and for all."""
    everything, length_s, began = [], 0.0, time.process_time()
    for people in (1, 2, 3, 4):
        rows = []
        for seed in range(count):
            sound, true = conversation(clips, 100 * people + seed, people)
            found = diarised(diariser, sound)
            rows.append((*wrong_and_spoken(true, found), len({voice for *_, voice in found}) - people))
            length_s += len(sound) / SAMPLE_RATE
        everything += rows
        _row(name, str(people), rows)
    _row(name, "1 to 4", everything)
    print(
        f"{(time.process_time() - began) / length_s:.3f} s of CPU a second of sound, the voice gate included"
    )


def _row(name: str, people: str, rows: Sequence[tuple[int, int, int]]) -> None:
    wrong, spoken, more = np.array(rows).T
    picks = np.random.default_rng(0).integers(0, len(rows), (2000, len(rows)))
    low, high = np.percentile(wrong[picks].sum(axis=1) / spoken[picks].sum(axis=1), [2.5, 97.5])
    print(
        f"| {name} | {people} | {len(rows)} | {wrong.sum() / spoken.sum():.3f} | {low:.3f} – {high:.3f} "
        f"| {(more == 0).sum()} | {(more > 0).sum()} | {(more < 0).sum()} |",
        flush=True,
    )


def main() -> None:
    """Measure each model at each threshold."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("root", type=Path)
    parser.add_argument("--model", default="resemblyzer", help="as of the role speakers")
    parser.add_argument("--threshold", type=float, action="append", help="in place of the model's own")
    parser.add_argument("--count", type=int, default=6, help="conversations for each number of people")
    options = parser.parse_args()
    clips = clips_of(options.root)
    if len(clips) < 4:
        raise SystemExit(f"{options.root} has clips of {len(clips)} people: at least four are needed")
    print(
        "| model | people | conversations | error rate | 95% interval | right number of voices | too many | too few |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for threshold in options.threshold or [None]:
        wanted = {"model": options.model, **({} if threshold is None else {"threshold": threshold})}
        made: Diariser | None = Engines({"speakers": wanted}, config=Config()).diariser
        if made is None:
            raise SystemExit(f"speakers = {options.model} tells no voices apart")
        measure(options.model + ("" if threshold is None else f", {threshold}"), made, clips, options.count)


if __name__ == "__main__":
    main()
