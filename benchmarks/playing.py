"""Where should a player start? Fits ``storage/longvid_storage/search/playing_weights.py`` and measures it.

    python benchmarks/short_videos.py ../shared/data/meetings/talks work/short
    python benchmarks/playing.py ../shared/data/meetings work/ qmsum calls talks short > weights.py

Each set is a folder of transcripts with a ``questions.jsonl``, in the first folder or in the second; it is indexed into
``work/SET.longvid`` when that is not there. ``calls`` is searched as a whole library, the others inside the question's
video. The weights are those of the softmax over all passages that are looked at which gives those in the gold spans
most; half of the meetings fit and the other half is measured, both ways, for each set alone. On stderr: play@1 and
play@3 so measured, for each group of signals left out, and the bound, a perfect choice among what is looked at. Needs
the ``offline`` extra.
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
from longvid_storage.search.playing import TOGETHER_S, candidates, settled
from longvid_storage.search.signals import AS_THEY_ARE, SIGNALS
from longvid_storage.search.surroundings import HABITS
from longvid_storage.types import EVERYTHING, Scope

GROUPS = {"calls": "ACROSS", "short": "SHORT", "short-calls": "SHORT"}
"""What is fitted on a set; else ``WITHIN`` on its questions and ``TOPIC`` on its headings, each on one set only: what
talks are fitted with is not what questions about meetings want. ``SHORT`` is used within short videos and across."""
ALONE = np.array([float(name in ("stretch", "wording")) for name in SIGNALS])
"""The weights by which a passage is as good as the stretch around it."""
DECAY = 0.1
MEANING = tuple(number for number, name in enumerate(SIGNALS) if "cosine" in name)
NEAR = tuple(number for number, name in enumerate(SIGNALS) if name.startswith("near"))
OTHERS = tuple(number for number, name in enumerate(SIGNALS) if name not in AS_THEY_ARE)
"""What ``POINT`` does without: only how well a place fits counts, and nothing counts against it."""


@dataclass
class Asked:
    """A question's passages that are looked at: their signals and places, which lie in a gold span, and the least scale
    of the videos' windows.
    """

    video_id: str
    signals: NDArray[np.float32]
    videos: NDArray[np.int64]
    starts: NDArray[np.float64]
    scale: float
    gold: NDArray[np.bool_]
    asks: bool


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("sets", nargs="+")
    options = parser.parse_args()
    groups: dict[str, list[Asked]] = {}
    for name in options.sets:
        folder = options.data / name if (options.data / name).exists() else options.work / name
        found = collect(folder, options.work / f"{name}.longvid", name != "calls")
        measure(name, found)
        for each in found:
            group = GROUPS.get(name, "WITHIN" if each.asks else "TOPIC")
            if (group, name) not in (("WITHIN", "talks"), ("TOPIC", "qmsum")):
                groups.setdefault(group, []).append(each)
    for group, found in groups.items():
        for name, left_out in ((group, ()), (f"WORDS_{group}", MEANING)):
            weights = dict(zip(SIGNALS, fit(found, left_out).round(3).tolist(), strict=True))
            print(f"{name} = { ({signal: value for signal, value in weights.items() if value}) }")
        if group == "ACROSS":
            for name, left_out in (("POINT", OTHERS), ("WORDS_POINT", (*OTHERS, *MEANING, *NEAR))):
                weights = dict(zip(SIGNALS, fit(found, left_out, least=0.0).round(3).tolist(), strict=True))
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
                close = candidates(seen)
                if not len(close.rows):
                    continue
                places = list(zip(close.timelines, close.rows, strict=True))
                starts = np.array([seen.pool[timeline].starts[row] for timeline, row in places])
                theirs = np.array([seen.pool[timeline].video_id == video_id for timeline, _ in places])
                gold = np.zeros(len(starts), bool)
                for start_s, end_s in question.spans:
                    gold |= theirs & (starts - 0.5 >= start_s - EARLY_S) & (starts < end_s)
                scale = min(timeline.scale for timeline in seen.pool)
                table = close.signals.astype(np.float32)
                asks = seen.question.asks
                found.append(Asked(video_id, table, close.timelines, starts, scale, gold, asks))
    return found


def fit(
    asked: Sequence[Asked],
    left_out: Sequence[int] = (),
    decay: float = DECAY,
    steps: int = 60,
    least: float | None = None,
) -> NDArray[np.float64]:
    """Weights that maximise the log of the softmax mass on gold passages (L-BFGS), those of ``left_out`` 0, none below
    ``least``.

    Signals are scaled to one deviation, so that ``decay``, which draws the weights to 0, means the same for each.
    """
    from scipy.optimize import minimize

    asked = [each for each in asked if each.gold.any()]
    gold = np.concatenate([each.gold for each in asked])
    sizes = np.array([len(each.gold) for each in asked])
    first, owner = np.concatenate([[0], np.cumsum(sizes)[:-1]]), np.repeat(np.arange(len(asked)), sizes)
    free = np.ones(len(SIGNALS), bool)
    free[list(left_out)] = False
    x = np.concatenate([each.signals for each in asked])
    scale = x.std(axis=0) + 1e-3
    x = (x / scale)[:, free]

    def loss(weight: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        value = x @ weight.astype(np.float32)
        p = np.exp(value - np.maximum.reduceat(value, first)[owner])
        p /= np.add.reduceat(p, first)[owner]
        mass = np.maximum(np.add.reduceat(p * gold, first), 1e-6)
        gradient = (p - p * gold / mass[owner]) @ x / len(asked) + 2 * decay * weight
        return float(-np.log(mass).mean() + decay * (weight**2).sum()), gradient.astype(np.float64)

    bounds = [(least, None)] * x.shape[1]
    start = np.zeros(x.shape[1])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": steps})
    whole = np.zeros(len(SIGNALS))
    whole[free] = found.x / scale[free]
    return whole


def played(
    each: Asked, weights: NDArray[np.float64], together_s: float = TOGETHER_S, apart_s: float = 45.0
) -> tuple[bool, bool]:
    """Whether the best passage, and one of the best three that are ``apart_s`` from each other, is gold."""
    fit = each.signals @ weights
    value = fit - fit.max()
    if together_s:
        # Videos far apart, so that no window reaches from one into the next.
        value = settled(value, each.starts + 1e6 * each.videos, together_s * each.scale)
    right = []
    for _ in range(3):
        best = int(np.argmax(value))
        right.append(bool(each.gold[best]) and value[best] > -np.inf)
        near = (each.videos == each.videos[best]) & (
            np.abs(each.starts - each.starts[best]) < apart_s * each.scale
        )
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
