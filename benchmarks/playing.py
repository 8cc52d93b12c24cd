"""Where should a player start? Fits ``storage/longvid_storage/search/playing_weights.py`` and measures it.

    python benchmarks/playing.py ../shared/data/meetings work/ qmsum calls talks > weights.py

Each set is a folder of transcripts with a ``questions.jsonl``; it is indexed into ``work/SET.longvid`` when that is not
there. ``calls`` is searched as a whole library, the others inside the question's video. The weights are those of the
softmax over all passages that are looked at which gives those in the gold spans most; half of the meetings fit and the
other half is measured, both ways. On stderr: play@1 and play@3 so measured, for each group of signals left out, and the
bound, a perfect choice among what is looked at. Needs the ``offline`` extra.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from longvid import Library
from longvid.evaluation.questions import read_questions
from longvid.evaluation.retrieval import EARLY_S
from longvid_storage.search.looked import look
from longvid_storage.search.playing import STRETCHES, TOGETHER_S, settled, stretches
from longvid_storage.search.signals import SIGNALS, signals
from longvid_storage.search.surroundings import HABITS
from longvid_storage.types import EVERYTHING, Scope

WHOLE_LIBRARY = {"calls"}
ALONE = np.array([float(name in ("stretch", "wording")) for name in SIGNALS])
"""The weights by which a passage is as good as the stretch around it."""
OFFSET = SIGNALS.index("wording")
"""Its weight is 1: what has the question's wording is first, whatever else."""
MEANING = tuple(number for number, name in enumerate(SIGNALS) if "cosine" in name)


@dataclass
class Asked:
    """A question's passages that are looked at: their signals, their places, and which lie in a gold span."""

    video_id: str
    signals: NDArray[np.float32]
    videos: NDArray[np.int64]
    starts: NDArray[np.float64]
    gold: NDArray[np.bool_]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("sets", nargs="+")
    options = parser.parse_args()
    groups: dict[str, list[Asked]] = {"WITHIN": [], "ACROSS": []}
    for name in options.sets:
        found = collect(options.data / name, options.work / f"{name}.longvid", name not in WHOLE_LIBRARY)
        measure(name, found)
        groups["ACROSS" if name in WHOLE_LIBRARY else "WITHIN"] += found
    for group, found in groups.items():
        if found:
            for name, left_out in ((group, ()), (f"WORDS_{group}", MEANING)):
                weights = dict(zip(SIGNALS, fit(found, left_out).round(3).tolist(), strict=True))
                print(f"{name} = { ({signal: value for signal, value in weights.items() if value}) }")


def collect(folder: Path, library: Path, within: bool) -> list[Asked]:
    """Every question of a set, looked at as ``search`` does."""
    if not library.exists():
        with Library.open(library, create=True) as made:
            made.index(folder, only=["transcript", "vectors"])
    found = []
    with Library.open(library) as opened:
        ids = {video.title: video.video_id for video in opened.videos()}
        for question in read_questions(folder / "questions.jsonl"):
            video_id = ids.get(question.video or "")
            if video_id is None:
                continue
            scope = Scope(video_ids=frozenset([video_id])) if within else EVERYTHING
            with opened._store.view(scope, opened.engines) as view:
                seen = look(view, question.question)
                if seen is None:
                    continue
                parts = []
                for number, rows in stretches(seen.pool, seen.peaks, STRETCHES).items():
                    timeline = seen.pool[number]
                    of = (seen.scores[number], seen.lifts[number], seen.idf, seen.query)
                    values = signals(timeline, rows, *of).astype(np.float32)
                    starts = timeline.starts[rows]
                    gold = np.zeros(len(rows), bool)
                    if timeline.video_id == video_id:
                        for start_s, end_s in question.spans:
                            gold |= (starts - 0.5 >= start_s - EARLY_S) & (starts < end_s)
                    parts.append((values, np.full(len(rows), number), starts, gold))
                if parts:
                    found.append(Asked(video_id, *map(np.concatenate, zip(*parts, strict=True))))
    return found


def fit(
    asked: Sequence[Asked], left_out: Sequence[int] = (), decay: float = 0.1, steps: int = 80
) -> NDArray[np.float64]:
    """Weights that maximise the log of the softmax mass on gold passages (Adam), those of ``left_out`` 0.

    Signals are scaled to one deviation, so that ``decay`` means the same for each: it draws the weights to those by
    which the stretch alone decides. With a fifth of it, what was fitted held less on the other half.
    """
    asked = [each for each in asked if each.gold.any()]
    x = np.concatenate([each.signals for each in asked])
    gold = np.concatenate([each.gold for each in asked])
    sizes = np.array([len(each.gold) for each in asked])
    first, owner = np.concatenate([[0], np.cumsum(sizes)[:-1]]), np.repeat(np.arange(len(asked)), sizes)
    scale = x.std(axis=0) + 1e-3
    free = np.ones(len(SIGNALS), bool)
    free[[OFFSET, *left_out]] = False
    offset, x = x[:, OFFSET], (x / scale)[:, free]
    start = (ALONE * scale)[free]
    weight, mean, square = start.copy(), np.zeros(len(start)), np.zeros(len(start))
    for step in range(1, steps + 1):
        value = x @ weight + offset
        p = np.exp(value - np.maximum.reduceat(value, first)[owner])
        p /= np.add.reduceat(p, first)[owner]
        on_gold = p * gold
        on_gold /= np.maximum(np.add.reduceat(on_gold, first), 1e-4)[owner]
        gradient = (p - on_gold) @ x / len(asked) + 2 * decay * (weight - start)
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.99 * square + 0.01 * gradient**2
        weight -= 0.06 * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-8)
    whole = np.zeros(len(SIGNALS))
    whole[free] = weight / scale[free]
    whole[OFFSET] = 1.0
    return whole


def played(
    each: Asked, weights: NDArray[np.float64], together_s: float = TOGETHER_S, apart_s: float = 45.0
) -> tuple[bool, bool]:
    """Whether the best passage, and one of the best three that are ``apart_s`` from each other, is gold."""
    fit = each.signals @ weights
    value = fit - fit.max()
    if together_s:
        # Videos far apart, so that no window reaches from one into the next.
        value = settled(value, each.starts + 1e6 * each.videos, together_s)
    right = []
    for _ in range(3):
        best = int(np.argmax(value))
        right.append(bool(each.gold[best]) and value[best] > -np.inf)
        near = (each.videos == each.videos[best]) & (np.abs(each.starts - each.starts[best]) < apart_s)
        value = np.where(near, -np.inf, value)
    return right[0], any(right)


def halves(asked: Sequence[Asked], left_out: Sequence[int] = ()) -> tuple[float, float]:
    """play@1 and play@3, each half of the meetings measured with what the other half fitted."""
    videos = sorted({each.video_id for each in asked})
    one = set(videos[::2])
    found = []
    for fitting in (one, set(videos) - one):
        weights = fit([each for each in asked if each.video_id in fitting], left_out)
        found += [played(each, weights) for each in asked if each.video_id not in fitting]
    first, third = np.mean(found, axis=0)
    return float(first), float(third)


def measure(name: str, asked: Sequence[Asked]) -> None:
    """The table of one set, on stderr."""
    bound = np.mean([each.gold.any() for each in asked])
    rows = [
        ("the best place", np.mean([played(each, ALONE, 0.0) for each in asked], axis=0)),
        ("and what is around it", np.mean([played(each, ALONE) for each in asked], axis=0)),
        ("and all signals", np.array(halves(asked))),
    ]
    groups: dict[str, Callable[[str], bool]] = {
        "meaning": lambda signal: "cosine" in signal,
        "words": lambda signal: "words" in signal,
        "how people talk": lambda signal: signal in HABITS,
    }
    for label, of in groups.items():
        without = [number for number, signal in enumerate(SIGNALS) if of(signal)]
        rows.append((f"  without {label}", np.array(halves(asked, without))))
    print(
        f"\n{name}: {len(asked)} questions; a perfect choice: {bound:.3f}\n{'':26} play@1  play@3",
        file=sys.stderr,
    )
    for label, (first, third) in rows:
        print(f"{label:26}  {first:.3f}   {third:.3f}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
