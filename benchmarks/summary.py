"""How well do cue phrases find decisions and action items in real meetings?

    python benchmarks/summary.py ../shared/data/meetings/calls work/calls

The first is a folder of transcripts with a ``questions.jsonl`` whose kinds are ``decision`` and ``action``; the
second a library of them, indexed when it is not there. The gold is what a minute-taker wrote down, so it is not
complete: a sentence far from all of it may still be a decision. Every other meeting is in the other half; the phrases
were written without reading either.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from longvid import Library
from longvid_agents.cues import Cue
from longvid_agents.summarise import strongest

MOST = 8
NEAR_S = 30.0
CUES: tuple[Cue, ...] = ("decision", "action")


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("library", type=Path)
    given = parser.parse_args()
    questions = [json.loads(line) for line in (given.data / "questions.jsonl").read_text().splitlines()]
    library = Library.open(given.library, create=True)
    library.index(given.data, only=["transcript", "vectors"])
    print(f"| half | kind | gold | of it found | lines (at most {MOST} a meeting) | near gold | by chance |")
    print("|---|---|---|---|---|---|---|")
    for half in (0, 1):
        for cue in CUES:
            print(row(library, questions, cue, half))


def row(library: Library, questions: list[dict[str, Any]], cue: Cue, half: int) -> str:
    """One line of the table; a line is near a gold span when it lies within 30 s of it."""
    golds = found = lines = near = 0
    covered = total = 0.0
    for video in sorted(library.videos(), key=lambda video: video.title)[half::2]:
        own = [q for q in questions if q["video"] == video.title and q["kind"] == cue]
        gold = [tuple(span) for question in own for span in question["spans"]]
        if not gold:
            continue
        with library._store.view() as view:
            sentences = view.passages_of(video.video_id, ["speech"])
        listed = strongest(sentences, cue, MOST)
        hits = [[s.start_s < b + NEAR_S and s.end_s > a - NEAR_S for s in listed] for a, b in gold]
        golds, found = golds + len(gold), found + sum(any(hit) for hit in hits)
        lines, near = lines + len(listed), near + sum(any(hit) for hit in zip(*hits, strict=True))
        covered += sum(b - a + 2 * NEAR_S for a, b in gold)
        total += video.duration_s
    return (
        f"| {half + 1} | {cue} | {golds} | {found / golds:.2f} | {lines} | {near / lines:.2f} "
        f"| {covered / total:.2f} |"
    )


if __name__ == "__main__":
    main()
