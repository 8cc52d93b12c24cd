"""Does the first sentence that is quoted answer a question about one fact? Without a language model.

    python benchmarks/facts.py work/            # indexes benchmarks/facts and examples/lectures into work/
    python benchmarks/facts.py work/ --meetings ../shared/data/meetings    # and about 66 h of talks, 24 h of calls

The questions of meetings (benchmarks/answering.py) are answered by minutes of talk, and tell little of whether the one
right sentence is chosen. These are answered by one sentence; some by none. ``right``: the first claim holds what
answers; ``among``: any of the claims does; ``refused``: nothing was found although it is there; ``false``: answered
although nothing answers.

``--fragments``: a model's claim of a word or two is read together with the question. Beside the places that say the
answer, and beside all others of its library that have its words, the share of which that is refused.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from longvid import Library
from longvid_agents.checks.claim import COVERED
from longvid_agents.checks.numbers import numbers_in
from longvid_agents.checks.support import coverage
from longvid_agents.nodes.judge import FRAGMENT, answering
from longvid_storage.text.timecode import format_clock
from longvid_storage.types import Scope

HERE = Path(__file__).parent
TEXTS = HERE / "facts"
LECTURES = HERE.parent / "examples" / "lectures"
# Library → its questions. ``heldout`` was written after everything was chosen on the others.
SETS = {"talks": "questions.jsonl", "lectures": "lectures.jsonl", "heldout": "heldout.jsonl"}
# Folder of ``--meetings`` → what is asked about the whole of it. What counts was last chosen with ``podcasts``;
# values of other days with ``calls``, which was written before it was asked.
MEETINGS = {"talks": "podcasts.jsonl", "calls": "calls.jsonl"}
TALKS = {"talks": ("interview", "sourdough", "standup", "volcano"), "heldout": ("crew", "garden")}
WORDS_A_SECOND, PAUSE_S = 2.6, 0.4


def write_talk(text: Path, folder: Path) -> None:
    """The lines of ``text`` as WebVTT; each is said at a usual pace, a voice tag for who says it."""
    cues, at_s = ["WEBVTT\n"], 0.0
    for line in text.read_text(encoding="utf-8").splitlines():
        speaker, colon, said = line.partition(": ")
        named = colon and " " not in speaker
        end_s = at_s + len(line.split()) / WORDS_A_SECOND
        words = f"<v {speaker}>{said}" if named else line
        cues.append(f"{format_clock(at_s)} --> {format_clock(end_s)}\n{words}\n")
        at_s = end_s + PAUSE_S
    (folder / f"{text.stem}.vtt").write_text("\n".join(cues), encoding="utf-8")


def folder_of(work: Path, name: str) -> Path:
    """Where the media of a set lie, written when they are the texts' own."""
    folder = work / name if name in TALKS else LECTURES
    for talk in TALKS.get(name, ()):
        folder.mkdir(exist_ok=True)
        write_talk(TEXTS / f"{talk}.txt", folder)
    return folder


def opened(library: Path, folder: Path) -> Library:
    """The library of what lies in ``folder``, indexed."""
    made = Library.open(library, create=True)
    made.index([folder])
    return made


def ask_all(library: Library, questions: Iterable[dict[str, Any]], show: bool) -> dict[str, int]:
    """Counts of what became of each question."""
    counts = dict.fromkeys(("answerable", "right", "among", "refused", "unanswerable", "false"), 0)
    for item in questions:
        answer = library.ask(item["question"], extractive=True)
        said = [claim.text for claim in answer.claims]
        hits = [any(part.lower() in text.lower() for part in item["answer"]) for text in said]
        if item["answer"]:
            counts["answerable"] += 1
            counts["right"] += hits[:1] == [True]
            counts["among"] += any(hits)
            counts["refused"] += not answer.found
        else:
            counts["unanswerable"] += 1
            counts["false"] += answer.found
        if show and hits[:1] != [True] and (said or item["answer"]):
            print(f"  {item['question']}\n      {' | '.join(said) or '(not found)'}")
    return counts


def fragments(library: Library, questions: Iterable[dict[str, Any]]) -> dict[str, list[float]]:
    """How likely each place that has the words of an answer is said to answer, by whether it does."""
    found: dict[str, list[float]] = {"right": [], "others": []}
    with library._store.view(Scope(), library.engines) as view:
        passages = [p for video in view.video_ids() for p in view.passages_of(video, ("speech", "screen"))]
        for item in questions:
            # A number is compared by its worth elsewhere: words alone would find it everywhere.
            for answer in (each for each in item["answer"] if not numbers_in(each, "en")):
                for passage in passages:
                    right = answer.lower() in passage.text.lower()
                    if right or coverage(answer, passage.text) >= COVERED:
                        likely = answering(view, item["question"], answer, [passage])
                        found["right" if right else "others"].append(likely or 0.0)
    return found


def print_fragments(found: dict[str, list[float]]) -> None:
    for kind, values in found.items():
        refused = sum(value < FRAGMENT for value in values)
        print(f"fragments beside {kind:6}  {len(values)} places, refused {refused}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("work", type=Path)
    parser.add_argument(
        "--show", action="store_true", help="print the questions that are not answered rightly"
    )
    parser.add_argument("--meetings", type=Path, help="the folder of the talks and calls to ask about too")
    parser.add_argument(
        "--fragments", action="store_true", help="claims of a word or two, without the meetings"
    )
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    sets = [(name, file, folder_of(arguments.work, name)) for name, file in SETS.items()]
    if arguments.meetings is not None:
        sets += [(Path(file).stem, file, arguments.meetings / name) for name, file in MEETINGS.items()]
    places: dict[str, list[float]] = {"right": [], "others": []}
    for name, file, folder in sets:
        lines = (TEXTS / file).read_text(encoding="utf-8").splitlines()
        questions = [json.loads(line) for line in lines]
        with opened(arguments.work / f"{name}.longvid", folder) as library:
            if arguments.fragments:
                for kind, values in fragments(library, questions).items():
                    places[kind] += values
                continue
            counts = ask_all(library, questions, arguments.show)
        print(f"{name:9}", *(f"{key} {value}" for key, value in counts.items()), sep="  ")
    if arguments.fragments:
        print_fragments(places)


if __name__ == "__main__":
    main()
