"""Does the first sentence that is quoted answer a question about one fact? Without a language model.

    python benchmarks/facts.py work/            # indexes benchmarks/facts and examples/lectures into work/
    python benchmarks/facts.py work/ --meetings ../shared/data/meetings    # and about 66 h of talks, 24 h of calls

The questions of meetings (benchmarks/answering.py) are answered by minutes of talk, and tell little of whether the one
right sentence is chosen. These are answered by one sentence; some by none. ``right``: the first claim holds what
answers; ``among``: any of the claims does; ``refused``: nothing was found although it is there; ``false``: answered
although nothing answers.

``--fragments``: a model's claim of a word or two is read together with the question. Beside the places that say the
answer, and beside all others of its library that have its words, the share of which that is refused.

``--play``: is a player right that starts at the first moment of ``search``, in the whole set and inside the video that
says most of it? ``at``: from ten seconds before what says the answer to its end; ``before``: at most half a minute
before it, so that all of it is heard.

``--bare``: the texts' own questions asked of the same talks as a recogniser writes them, in small letters, without
marks, in captions of seven words, with the pauses between paragraphs and without any: how many are right, at the same
place and in the same words as of the punctuated copy, and how many lines of the summaries are the same.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from longvid import Library
from longvid.evaluation.retrieval import EARLY_S
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
# ``daily`` is ordinary talk (a clinic's team, a retrospective, a tour, a podcast, two who plan a kitchen): the first 92
# of its questions were asked before the rules for them were written, the rest afterwards.
SETS = {
    "talks": "questions.jsonl",
    "lectures": "lectures.jsonl",
    "heldout": "heldout.jsonl",
    "daily": "daily.jsonl",
}
# Folder of ``--meetings`` → what is asked about the whole of it. What counts was last chosen with ``podcasts``;
# values of other days with ``calls``, which was written before it was asked.
MEETINGS = {"talks": "podcasts.jsonl", "calls": "calls.jsonl"}
TALKS = {
    "talks": ("interview", "sourdough", "standup", "volcano"),
    "heldout": ("crew", "garden"),
    "daily": tuple(f"daily/{text.stem}" for text in sorted((TEXTS / "daily").glob("*.txt"))),
}
BARE = ("talks", "heldout")
WORDS_A_SECOND, PAUSE_S, CAPTION = 2.6, 0.4, 7
HEARD_S, SAME_S = 30.0, 1.0


def write_talk(text: Path, folder: Path, pause_s: float = PAUSE_S) -> None:
    """The lines of ``text`` as WebVTT; each is said at a usual pace, a voice tag for who says it."""
    cues, at_s = ["WEBVTT\n"], 0.0
    for line in text.read_text(encoding="utf-8").splitlines():
        speaker, colon, said = line.partition(": ")
        named = colon and " " not in speaker
        end_s = at_s + len(line.split()) / WORDS_A_SECOND
        words = f"<v {speaker}>{said}" if named else line
        cues.append(f"{format_clock(at_s)} --> {format_clock(end_s)}\n{words}\n")
        at_s = end_s + pause_s
    (folder / f"{text.stem}.vtt").write_text("\n".join(cues), encoding="utf-8")


def write_bare(text: Path, folder: Path, pause_s: float) -> None:
    """The same at the same times as a recogniser writes it, in captions of seven words that end at a pause."""
    cues, at_s = ["WEBVTT\n"], 0.0
    run: list[tuple[float, float, str]] = []
    for line in text.read_text(encoding="utf-8").splitlines():
        speaker, colon, said = line.partition(": ")
        said = said if colon and " " not in speaker else line
        words = [bare for word in said.split() if (bare := word.strip('.,;:!?…"“”()[]–—-').lower())]
        each_s = len(line.split()) / WORDS_A_SECOND / max(1, len(words))
        run += [(at_s + n * each_s, at_s + (n + 1) * each_s, word) for n, word in enumerate(words)]
        at_s += len(line.split()) / WORDS_A_SECOND + pause_s
        while len(run) >= CAPTION or (pause_s and run):
            cues, run = [*cues, caption(run[:CAPTION])], run[CAPTION:]
    (folder / f"{text.stem}.vtt").write_text(
        "\n".join([*cues, *([caption(run)] if run else [])]), encoding="utf-8"
    )


def caption(run: list[tuple[float, float, str]]) -> str:
    """Words with their times as a cue."""
    words = " ".join(word for *_, word in run)
    return f"{format_clock(run[0][0])} --> {format_clock(run[-1][1])}\n{words}\n"


def words_of(text: str) -> list[str]:
    """Its words in small letters, without marks."""
    return re.findall(r"[\w'’]+", text.lower())


def compare(work: Path, pause_s: float) -> str:
    """What becomes of answers and summaries where nobody sets marks."""
    counts: Counter[str] = Counter()
    for name in BARE:
        talks = TALKS[name]
        folders = [work / f"{name}-{kind}-{pause_s}" for kind in ("points", "bare")]
        for folder in folders:
            folder.mkdir(exist_ok=True)
        for talk in talks:
            write_talk(TEXTS / f"{talk}.txt", folders[0], pause_s)
            write_bare(TEXTS / f"{talk}.txt", folders[1], pause_s)
        lines = (TEXTS / SETS[name]).read_text(encoding="utf-8").splitlines()
        questions = [item for item in map(json.loads, lines) if item["answer"]]
        points, bare = (opened(work / f"{folder.name}.longvid", folder) for folder in folders)
        with points, bare:
            for item in questions:
                claims = [
                    next(iter(library.ask(item["question"], extractive=True).claims), None)
                    for library in (points, bare)
                ]
                told = [words_of(claim.text) if claim else [] for claim in claims]
                right = [any(part.lower() in " ".join(words_of(claim.text)) or part.lower() in claim.text.lower()
                             for part in item["answer"]) if claim else False for claim in claims]  # fmt: skip
                counts["questions"] += 1
                counts["right, punctuated"] += right[0]
                counts["right, bare"] += right[1]
                if claims[0] and claims[1]:
                    first, other = (claim.citations[0] for claim in claims if claim)
                    counts["same place"] += (
                        first.title == other.title
                        and first.start_s < other.end_s
                        and other.start_s < first.end_s
                    )
                    counts["all its words"] += set(told[0]) <= set(told[1])
                    counts["its words alone"] += told[0] == told[1]
            for talk in talks:
                summaries = [library.summary(talk, extractive=True) for library in (points, bare)]
                kept = [{" ".join(words_of(line.text)) for line in each.overview} for each in summaries]
                counts["lines of summaries"] += len(kept[0])
                counts["lines that are equal"] += len(kept[0] & kept[1])
    return "  ".join(f"{what} {count}" for what, count in counts.items())


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


def play_all(library: Library, questions: Iterable[dict[str, Any]], within: bool) -> dict[str, int]:
    """Counts of where the first moment of each question is played from; of those that somebody says the answer to."""
    counts = {"questions": 0, "at": 0, "before": 0}
    with library._store.view(Scope(), library.engines) as view:
        passages = [p for video in view.video_ids() for p in view.passages_of(video, ("speech", "screen"))]
    for item in questions:
        right = [p for p in passages if any(part.lower() in p.text.lower() for part in item["answer"])]
        if right:
            most = Counter(passage.video_id for passage in right).most_common(1)[0][0]
            first = next(iter(library.search(item["question"], k=1, video=most if within else None)), None)
            places = [p for p in right if first and p.video_id == first.video_id]
            counts["questions"] += 1
            counts["at"] += any(p.start_s - EARLY_S <= first.play_s < p.end_s for p in places if first)
            counts["before"] += any(
                p.start_s - HEARD_S <= first.play_s <= p.start_s + SAME_S for p in places if first
            )
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
    parser.add_argument("--play", action="store_true", help="where the first moment of search is played from")
    parser.add_argument("--bare", action="store_true", help="the texts' own, with and without punctuation")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    if arguments.bare:
        for pause_s in (PAUSE_S, 0.0):
            print(f"pauses of {pause_s} s: {compare(arguments.work, pause_s)}")
        return
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
            if arguments.play:
                for label, within in (("whole", False), ("inside", True)):
                    counts = play_all(library, questions, within)
                    print(f"{name:9}", label, *(f"{key} {value}" for key, value in counts.items()), sep="  ")
                continue
            counts = ask_all(library, questions, arguments.show)
        print(f"{name:9}", *(f"{key} {value}" for key, value in counts.items()), sep="  ")
    if arguments.fragments:
        print_fragments(places)


if __name__ == "__main__":
    main()
