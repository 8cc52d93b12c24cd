"""Word error rate and cost of recognisers on real clips with reference text, several of them in one run.

    python benchmarks/speech.py ../shared/data/speech --model pocketsphinx/en-us --model faster-whisper/tiny.en

``--model`` (pocketsphinx/en-us without it) takes what ``longvid index --model speech=…`` does. Each clip goes the way
of ``longvid index``: decoded, cut into voiced stretches, recognised. ``--whole`` hands the clip to the recogniser uncut
instead, to see what the cutting costs; ``--gate`` chooses what tells voice from the rest. The rate is word-level edit
distance over the number of reference words, after lower-casing, taking punctuation off and writing numbers as digits;
the interval is a bootstrap over clips (Bisani and Ney, ICASSP 2004). Files given to ``--noise`` have no speech: what
counts there is seconds that pass the gate, and words invented.

``--under FILE --snr DB`` plays the sound of a file without speech under every clip, so many decibels softer, and for
ten seconds before and after it: twenty seconds of each that a gate should not pass.
"""

from __future__ import annotations

import argparse
import os
import re
import tempfile
import time
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from text_to_num import alpha2digit

from longvid.config import Config
from longvid.engines import Engines
from longvid_indexer.audio import Samples, read_audio
from longvid_indexer.invented import Guard
from longvid_indexer.mixing import SAMPLE_RATE
from longvid_indexer.probe import probe
from longvid_indexer.recognition import transcribe_all
from longvid_indexer.transcriber import Transcriber
from longvid_indexer.voice import PAUSE_S, Stretch, voiced_stretches
from longvid_indexer.voice_gate import GATES, make_gate


@dataclass(frozen=True)
class Clip:
    """A recording, what is said in it, and the set it belongs to."""

    group: str
    path: Path
    text: str


def words(text: str) -> list[str]:
    """Lower-case words; apostrophes inside words stay; spellings of one spoken word ("ten", "10") count as equal."""
    plain = re.sub(r"[^a-z0-9']+", " ", text.lower().replace("’", "'"))
    found = re.findall(r"[a-z0-9]+(?:'[a-z]+)*", alpha2digit(plain, "en"))
    return ["mister" if word == "mr" else word for word in found]


def edits(reference: list[str], heard: list[str]) -> int:
    """Levenshtein distance between two word lists."""
    row = list(range(len(heard) + 1))
    for i, expected in enumerate(reference, 1):
        previous, row[0] = row[0], i
        for j, got in enumerate(heard, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (expected != got))
    return row[-1]


def clips(root: Path, scratch: Path) -> Iterator[Clip]:
    """Every clip under ``root`` that has reference text in one of the forms known here."""
    for table in sorted(root.rglob("*transcription")):
        for line in table.read_text().splitlines():
            match = re.match(r"<s>(.*)</s>\s*\((\S+)\)", line)
            if match and (found := next(iter(table.parent.glob(f"*{match[2]}.wav")), None)):
                yield Clip(table.parent.name, found, match[1])
    for table in sorted(root.rglob("ASR_*.json")):
        # Written by hand for tests, with commas where JSON has none: only name and words are needed.
        pattern = r'"wav":\s*"\{data_root\}/([^"]+)".*?"wrd":\s*"([^"]+)"'
        for name, text in re.findall(pattern, table.read_text(), re.DOTALL):
            if found := next(iter(table.parents[1].rglob(name)), None):
                yield Clip("short", found, text)
    for archive in sorted(root.rglob("audio-and-trans.zip")):
        folder = scratch / f"{archive.parent.name}-{archive.stat().st_size}"
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder)
        for line in (folder / "trans.txt").read_text(encoding="utf-8-sig").splitlines():
            name, _, text = line.partition("\t")
            if (folder / name).exists():
                yield Clip("azure", folder / name, text)


@dataclass(frozen=True)
class Hearing:
    """What came out of a file: words, its length, the seconds that passed the gate, the lines left out as invented."""

    words: list[str]
    length_s: float
    passed_s: float
    left_out: int


@dataclass(frozen=True)
class Bed:
    """Sound without speech that lies under a clip, ``snr_db`` softer, and alone for ``alone_s`` on both sides."""

    samples: Samples
    snr_db: float
    alone_s: float = 10.0

    def under(self, clip: Samples) -> Samples:
        """The clip with the bed under and around it."""
        alone = round(self.alone_s * SAMPLE_RATE)
        bed = np.resize(self.samples, len(clip) + 2 * alone)
        gain = np.sqrt((clip**2).mean() / (bed**2).mean()) * 10 ** (-self.snr_db / 20)
        mixed = bed * gain
        mixed[alone : alone + len(clip)] += clip
        return np.asarray(mixed / max(1.0, np.abs(mixed).max()), np.float32)


def hear(path: Path, transcriber: Transcriber, gate: str, whole: bool, bed: Bed | None = None) -> Hearing:
    """Recognise a file as ``recognise`` does."""
    info = probe(path, "benchmark")
    blocks: Iterable[Samples] = read_audio(path, info)
    if bed is not None:
        blocks = [bed.under(np.concatenate(list(blocks)))]
    passed_s, guard, said = 0.0, Guard(), []
    pause_s = getattr(transcriber, "pause_s", PAUSE_S)
    stretches = (
        [Stretch(0.0, np.concatenate(list(blocks)))]
        if whole
        else voiced_stretches(blocks, make_gate(gate), pause_s)
    )
    for stretch, heard in transcribe_all(transcriber, stretches):
        passed_s += stretch.end_s - stretch.start_s
        said += guard.keep(stretch, heard)
    text = words(" ".join(utterance.text for utterance in said))
    return Hearing(text, info.duration_s, passed_s, guard.counters.total())


def cpu_s() -> float:
    """Processor seconds of this process and of its living children (pocketsphinx has a process of its own)."""
    children = [
        pid for path in Path("/proc/self/task").glob("*/children") for pid in path.read_text().split()
    ]
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in children]
    ticks = sum(int(each[11]) + int(each[12]) for each in fields)
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def interval(errors: list[int], lengths: list[int], seed: int = 0) -> tuple[float, float]:
    """95% bootstrap interval of the pooled rate, clips resampled with replacement."""
    picks = np.random.default_rng(seed).integers(0, len(errors), (2000, len(errors)))
    rates = np.asarray(errors)[picks].sum(axis=1) / np.asarray(lengths)[picks].sum(axis=1)
    low, high = np.percentile(rates, [2.5, 97.5])
    return float(low), float(high)


def make(model: str) -> Transcriber:
    """The recogniser of that name."""
    made: Transcriber | None = Engines({"speech": model}, config=Config()).transcriber
    if made is None:
        raise SystemExit(f"speech = {model} recognises nothing")
    return made


def measure(model: str, found: Sequence[Clip], options: argparse.Namespace, bed: Bed | None) -> str:
    """Print one line a clip with ``--clips``, one a group, and the whole; returns the row of the table."""
    transcriber = make(model)
    transcriber.transcribe(np.zeros(SAMPLE_RATE, np.float32), 0.0)  # what loads its weights is not counted
    scored: dict[str, list[tuple[int, int]]] = {}
    heard_s, passed_s, left_out, began = 0.0, 0.0, 0, cpu_s()
    for clip in found:
        heard = hear(clip.path, transcriber, options.gate, options.whole, bed)
        heard_s, passed_s = heard_s + heard.length_s, passed_s + heard.passed_s
        left_out += heard.left_out
        reference = words(clip.text)
        wrong = edits(reference, heard.words)
        scored.setdefault(clip.group, []).append((wrong, len(reference)))
        if options.clips:
            text = " ".join(heard.words)
            print(f"{wrong / len(reference):6.1%}  {clip.group:12} {clip.path.name}  heard: {text}")
    cost = (cpu_s() - began) / heard_s
    everything = [pair for pairs in scored.values() for pair in pairs]
    print(model)
    for group, pairs in [*scored.items(), ("all", everything)]:
        errors, lengths = [p[0] for p in pairs], [p[1] for p in pairs]
        low, high = interval(errors, lengths)
        rate = sum(errors) / sum(lengths)
        print(
            f"{group:12} {len(pairs):3} clips {sum(lengths):5} words  WER {rate:.3f} [{low:.3f}, {high:.3f}]"
        )
    print(f"{cost:.2f} s of CPU a second of sound; {passed_s:.1f} of {heard_s:.1f} s passed the gate", end="")
    print(f"; {left_out} lines left out as invented")
    for path in options.noise:
        began = cpu_s()
        heard = hear(path, transcriber, options.gate, options.whole)
        print(
            f"no speech: {path.name}: {heard.passed_s:.1f} of {heard.length_s:.1f} s passed the gate, "
            f"{len(heard.words)} words invented, {cpu_s() - began:.1f} s of CPU "
            f"{' '.join(heard.words)}"
        )
    return f"| {model} | {rate:.3f} | {low:.3f} – {high:.3f} | {cost:.2f} s |"


def main() -> None:
    """Measure each model on the same clips, and print a table of them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("root", type=Path)
    parser.add_argument("--model", action="append", help="as of the role speech; several times for several")
    parser.add_argument("--clips", action="store_true", help="print what is heard in each clip")
    parser.add_argument("--gate", default="auto", choices=GATES, help="what tells voice from the rest")
    parser.add_argument("--whole", action="store_true", help="do not cut into voiced stretches")
    parser.add_argument("--noise", type=Path, nargs="*", default=[], help="files without speech")
    parser.add_argument("--under", type=Path, help="a file without speech to play under every clip")
    parser.add_argument("--snr", type=float, default=10.0, help="how much softer it is, in dB")
    options = parser.parse_args()
    bed = None
    if options.under:
        sound = np.concatenate(list(read_audio(options.under, probe(options.under, "benchmark"))))
        bed = Bed(sound, options.snr)
    with tempfile.TemporaryDirectory() as scratch:
        found = {(clip.path, clip.text): clip for clip in clips(options.root, Path(scratch))}
        if not found:
            raise SystemExit(f"no clip with reference text under {options.root}")
        models = options.model or ["pocketsphinx/en-us"]
        rows = [measure(model, list(found.values()), options, bed) for model in models]
    print("| model | word error rate | 95% interval over clips | CPU a second of sound |\n|---|---|---|---|")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
