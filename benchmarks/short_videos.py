"""Makes a set of short videos to measure search on: talks cut at their headings into parts of 3 to 8 minutes.

    python benchmarks/short_videos.py ../shared/data/meetings/talks work/short
    python benchmarks/short_videos.py ../shared/data/meetings/calls work/short-calls --every 360

A part begins at a heading and takes whole sections while it stays within 8 minutes; one of a single section, or of less
than 3 minutes, is left out, since everything in it would be right. With ``--every`` the cuts are so many seconds apart
instead, and what crosses one is not asked: narrow spans, where sections are wide ones. Each part is a ``.vtt`` whose
clock begins at 0, and ``questions.jsonl`` has what is asked in it. Parts of one recording do not overlap.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from longvid.evaluation.questions import Question, read_questions
from longvid.webvtt import to_vtt
from longvid_indexer.subtitles.reading import read_subtitles
from longvid_storage.types import Utterance

SHORTEST_S, LONGEST_S = 180.0, 480.0


def parts(sections: Sequence[Question]) -> Iterator[Sequence[Question]]:
    """Runs of neighbouring sections, in order of time, that make a short video together."""
    ordered = sorted(sections, key=lambda each: each.spans[0])
    first = 0
    while first < len(ordered):
        start_s, last = ordered[first].spans[0][0], first
        while last < len(ordered) and ordered[last].spans[0][1] - start_s <= LONGEST_S:
            last += 1
        if last - first > 1 and ordered[last - 1].spans[0][1] - start_s >= SHORTEST_S:
            yield ordered[first:last]
        first = max(last, first + 1)


def cut(said: Sequence[Utterance], start_s: float, end_s: float) -> list[Utterance]:
    """What begins within ``[start_s, end_s)``, on a clock that begins there."""
    return [
        replace(each, start_s=each.start_s - start_s, end_s=min(each.end_s, end_s) - start_s)
        for each in said
        if start_s <= each.start_s < end_s
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("talks", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--every", type=float, metavar="SECONDS")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    talks: dict[str, list[Question]] = {}
    for question in read_questions(options.talks / "questions.jsonl"):
        talks.setdefault(question.video or "", []).append(question)
    lines = []
    for talk, sections in talks.items():
        cues = read_subtitles(options.talks / f"{talk}.vtt").cues
        said = [
            Utterance(cue.start_s, cue.end_s, line.text, line.speaker) for cue in cues for line in cue.lines
        ]
        runs = list(parts(sections)) if options.every is None else []
        cuts = [(run[0].spans[0][0], run[-1].spans[0][1]) for run in runs]
        if options.every is not None:
            cuts = [(at, at + options.every) for at in np.arange(0.0, said[-1].end_s, options.every).tolist()]
        for number, (start_s, end_s) in enumerate(cuts, 1):
            part = [each for each in sections if all(start_s <= a and b <= end_s for a, b in each.spans)]
            if not part:
                continue
            video = f"{talk}.{number}"
            (options.out / f"{video}.vtt").write_text(to_vtt(cut(said, start_s, end_s)), encoding="utf-8")
            for each in part:
                spans = [[round(a - start_s, 3), round(b - start_s, 3)] for a, b in each.spans]
                lines.append(
                    {
                        "id": each.id,
                        "video": video,
                        "kind": each.kind,
                        "question": each.question,
                        "spans": spans,
                    }
                )
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (options.out / "questions.jsonl").write_text(text, encoding="utf-8")
    print(f"{len({line['video'] for line in lines})} videos, {len(lines)} questions")


if __name__ == "__main__":
    main()
