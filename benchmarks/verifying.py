"""How well does ``longvid verify`` tell what a recording supports?

    python benchmarks/verifying.py ../shared/data/meetings/qmsum work/qmsum

The first is a folder of transcripts with a ``questions.jsonl`` that has written answers, the second a library of them,
indexed when it is not there. Each sentence of a written answer is checked against its own meeting, which should support
it, and against the next meeting of the folder (often about the same product), which should not. The threshold is chosen
on half of the meetings, the figures are of the other half, both ways. Then sentences of the transcripts that name a
number are checked as they are and with another number.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from longvid import Library
from longvid_agents.text_check import LIKELY, CheckedPlace, check_text, places_in, supports
from longvid_agents.written import sentences_of
from longvid_storage.db.view import View
from longvid_storage.types import Scope

LEAST_WORDS = 6
PRECISION = 0.9
THRESHOLDS = tuple(np.arange(0.3, 0.996, 0.05).round(2))
ALTERED = 6
"""Sentences with a number of each meeting."""


@dataclass(frozen=True)
class Checked:
    """A sentence beside a meeting: its places, the likeliest first, and the gold spans when the meeting is its own."""

    meeting: str
    text: str
    own: bool
    places: list[CheckedPlace]
    spans: list[list[float]]

    def support(self, threshold: float) -> CheckedPlace | None:
        return next((place for place in self.places if supports(place, threshold)), None)

    def cited(self, place: CheckedPlace) -> bool:
        return any(p.start_s < end and p.end_s > start for p in place.passages for start, end in self.spans)


def collect(data: Path, library: Library, every: int, first: int = 0) -> Iterator[Checked]:
    """Each sentence of each answer, against its own meeting and against the next."""
    items = [json.loads(line) for line in (data / "questions.jsonl").read_text("utf-8").splitlines()]
    ids = {video.title: video.video_id for video in library.videos()}
    titles = sorted(ids)
    with library._store.view(encoders=library.engines) as view:
        for number, title in list(enumerate(titles))[first::every]:
            other = ids[titles[(number + 1) % len(titles)]]
            for item in items:
                if item["video"] != title or not item.get("answer"):
                    continue
                for text in sentences_of(item["answer"]):
                    if len(text.split()) >= LEAST_WORDS:
                        for own, video_id in ((True, ids[title]), (False, other)):
                            inside = view.within(Scope(video_ids=frozenset([video_id])))
                            places = places_in(text, inside, set(inside.speakers()))
                            yield Checked(title, text, own, places, item["spans"] if own else [])


def precision_recall(checked: list[Checked], threshold: float) -> tuple[float, float]:
    right = [each.support(threshold) is not None for each in checked if each.own]
    wrong = [each.support(threshold) is not None for each in checked if not each.own]
    return sum(right) / max(1, sum(right) + sum(wrong)), float(np.mean(right))


def chosen(checked: list[Checked]) -> float:
    """The lowest threshold from which on precision holds ``PRECISION``; the highest when none does."""
    good = [t for t in THRESHOLDS if precision_recall(checked, t)[0] >= PRECISION]
    return float(good[0] if good else THRESHOLDS[-1])


def report(checked: list[Checked]) -> None:
    print("| threshold | precision | recall |\n|---|---|---|")
    for threshold in THRESHOLDS:
        precision, recall = precision_recall(checked, threshold)
        print(f"| {threshold:.2f} | {precision:.3f} | {recall:.3f} |")
    first = set(sorted({each.meeting for each in checked})[::2])
    held: list[tuple[Checked, float]] = []
    for half in (True, False):
        threshold = chosen([each for each in checked if (each.meeting in first) is half])
        measured = [each for each in checked if (each.meeting in first) is not half]
        precision, recall = precision_recall(measured, threshold)
        held += [(each, threshold) for each in measured]
        print(
            f"\nchosen on one half {threshold:.2f}; on the other: precision {precision:.3f}, recall {recall:.3f}"
        )
    kept = [(each, place) for each, at in held if (place := each.support(at)) is not None]
    right = sum(each.own for each, _ in kept)
    recall = right / sum(each.own for each in checked)
    overlap = np.mean([each.cited(place) for each, place in kept if each.own])
    print(
        f"held out, both halves: precision {right / len(kept):.3f}, recall {recall:.3f}, of {len(checked)} pairs"
    )
    print(f"supported in its own meeting: the citation overlaps the gold span in {overlap:.3f}")
    for own in (True, False):
        found = Counter(verdict(each) for each in checked if each.own is own)
        print("own" if own else "other", dict(found.most_common()))


def verdict(each: Checked) -> str:
    if each.support(LIKELY) is not None:
        return "supported"
    return "contradicted" if any(place.otherwise for place in each.places) else "unsupported"


def altered(view: View, every: int) -> None:
    """Sentences of the transcripts that name a number, as they are and with another one."""
    counts = {"as said": Counter[str](), "another number": Counter[str]()}
    for video_id in view.video_ids()[::every]:
        inside = view.within(Scope(video_ids=frozenset([video_id])))
        said = [p for p in inside.passages_of(video_id, ["speech"]) if 8 <= len(p.text.split()) <= 25]
        said = [
            p for p in said if re.search(r"\b(?:ten|twelve|fifteen|twenty|thirty|fifty|hundred)\b", p.text)
        ]
        for passage in said[:ALTERED]:
            other = re.sub(
                r"\b(?:ten|twelve|fifteen|twenty|thirty|fifty|hundred)\b", "seventeen", passage.text
            )
            for name, text in (("as said", passage.text), ("another number", other)):
                for found in check_text(text, inside):
                    counts[name][found.verdict] += 1
    for name, found in counts.items():
        print(name, dict(found.most_common()))


def main() -> None:
    """Measure; see above."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("library", type=Path)
    parser.add_argument("--every", type=int, default=1, help="only each n-th meeting")
    given = parser.parse_args()
    library = Library.open(given.library, create=True)
    library.index(given.data, only=["transcript", "vectors"])
    report(list(collect(given.data, library, given.every)))
    with library._store.view(encoders=library.engines) as view:
        altered(view, given.every)


if __name__ == "__main__":
    main()
