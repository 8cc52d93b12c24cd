"""How far can code alone judge a claim? Written answers against the places they are of, and against others.

    python benchmarks/claims.py ../shared/data/meetings/qmsum --meetings 26

Each sentence of a written answer is a claim. It is judged with the three sentences of a gold span that share most of
its words (it should be supported), and with the three most alike ones of another question's span in the same meeting
(it should not): the hardest wrong evidence there is.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from longvid_agents.checks.claim import Support, check_claim, coverage
from longvid_indexer.subtitles.reading import read_subtitles
from longvid_storage.text.passages import speech_passages
from longvid_storage.text.sentences import split_sentences
from longvid_storage.types import Passage, Utterance

CITED = 3
APART_S = 60.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="a folder of transcripts with a questions.jsonl")
    parser.add_argument("--meetings", type=int, default=26)
    given = parser.parse_args()
    shares: dict[str, list[float]] = {"right": [], "wrong": []}
    verdicts = {"right": Counter[str](), "wrong": Counter[str]()}
    for claim, kind, cited, people in pairs(given.data, given.meetings):
        sources = [Support(passage, passage.video_id) for passage in cited]
        shares[kind].append(coverage(claim, "\n".join(source.text for source in sources)))
        verdicts[kind][check_claim(claim, sources, people=people).verdict] += 1
    print(f"{len(shares['right'])} claims with right evidence, {len(shares['wrong'])} with wrong evidence")
    for threshold in (0.5, 0.6, 0.7, 0.8, 0.9):
        reached = [
            round(float((np.array(shares[kind]) >= threshold).mean()), 3) for kind in ("right", "wrong")
        ]
        print(f"words covered from {threshold}: right {reached[0]}, wrong {reached[1]}")
    for kind, counted in verdicts.items():
        print(kind, dict(counted.most_common()))


def pairs(data: Path, most: int) -> Iterator[tuple[str, str, Sequence[Passage], set[str]]]:
    """``(claim, "right" or "wrong", cited sentences, the meeting's speakers)``."""
    meetings: dict[str, list[dict[str, Any]]] = {}
    for line in (data / "questions.jsonl").read_text(encoding="utf-8").splitlines():
        item = json.loads(line)
        meetings.setdefault(item["video"], []).append(item)
    draw = random.Random(0)
    for name in sorted(meetings)[:most]:
        path = next(each for each in sorted(data.rglob(f"{name}.*")) if each.suffix in (".vtt", ".srt"))
        cues = read_subtitles(path).cues
        said = [Utterance(c.start_s, c.end_s, line.text, line.speaker) for c in cues for line in c.lines]
        sentences = [passage for passage, _ in speech_passages(name, said)]
        people = {sentence.speaker for sentence in sentences if sentence.speaker}
        for item in meetings[name]:
            others = [other for other in meetings[name] if not near(item, other)]
            if not item.get("answer") or not others:
                continue
            wrong = draw.choice(others)
            for claim in split_sentences(item["answer"]):
                for kind, place in (("right", item), ("wrong", wrong)):
                    cited = likest(claim, [s for s in sentences if touches(s, place)])
                    if cited:
                        yield claim, kind, cited, people


def likest(claim: str, sentences: Sequence[Passage]) -> list[Passage]:
    """The ``CITED`` sentences that share most words with the claim."""
    return sorted(sentences, key=lambda s: -coverage(claim, f"{s.speaker} {s.text}"))[:CITED]


def touches(sentence: Passage, item: dict[str, Any]) -> bool:
    return any(sentence.start_s < end and sentence.end_s > start for start, end in item["spans"])


def near(a: dict[str, Any], b: dict[str, Any]) -> bool:
    """Whether two questions are about places within a minute of each other."""
    return any(x0 < y1 + APART_S and x1 + APART_S > y0 for x0, x1 in a["spans"] for y0, y1 in b["spans"])


if __name__ == "__main__":
    main()
