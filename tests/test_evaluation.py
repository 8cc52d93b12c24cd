"""Question files, evaluation of a library whose answers are known, and boundaries of its structure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from longvid.details import EventTree, SceneTree
from longvid.evaluation import table
from longvid.evaluation.questions import Question, parse_question, read_questions
from longvid.evaluation.retrieval import cut_around, play_error_s, plays
from longvid.evaluation.run import Evaluation, evaluate, percentile
from longvid.evaluation.structure import Gold, boundaries_s, equal_length, evaluate_structure, read_gold
from longvid.evaluation.windows import FixedWindows
from longvid_storage.errors import UsageError
from longvid_storage.models.text_encoders.minilm import MiniLMEncoder
from longvid_storage.types import (
    Answer,
    Citation,
    Claim,
    Moment,
    Passage,
    Segment,
    Slide,
    StageResult,
    Utterance,
)

FILE = Path("questions.jsonl")


@dataclass(frozen=True)
class Entry:
    video_id: str
    title: str
    duration_s: float
    events: tuple[EventTree, ...] = ()
    slides: tuple[Slide, ...] = ()
    paths: tuple[str, ...] = ()


@dataclass
class KnownLibrary:
    """A library that returns what it was given, and remembers where it was asked to look."""

    entries: list[Entry]
    found: dict[str, list[tuple[str, float, float]]] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    looked_in: list[str | None] = field(default_factory=list)

    def videos(self) -> Sequence[Entry]:
        return self.entries

    def search(self, query: str, *, k: int, video: str | None) -> list[Moment]:
        self.looked_in.append(video)
        spans = [span for span in self.found.get(query, []) if video in (None, span[0])][:k]
        return [moment(*span, text=f"evidence for {query}") for span in spans]

    def ask(self, question: str, *, video: str | None) -> Answer:
        return self.answers[question]

    def stage_results(self, video: str) -> list[StageResult]:
        counters: dict[str, int | float] = {"frames_decoded": 90, "ocr_calls": 3}
        return [
            StageResult("transcript", "done", seconds=1.5),
            StageResult("visual", "done", "x", 4.5, counters),
        ]

    def show(self, video: str) -> Entry:
        return next(entry for entry in self.entries if entry.video_id == video)


def moment(video_id: str, start_s: float, end_s: float, text: str = "") -> Moment:
    evidence = (Passage(0, video_id, "speech", start_s, end_s, text),)
    return Moment(video_id, video_id.title(), f"{video_id}.mp4", start_s, end_s, 1.0, "window", evidence)


LIBRARY = KnownLibrary(
    [Entry("aa11", "Algebra", 600.0), Entry("bb22", "Botany", 1200.0)],
    {
        "roots": [("bb22", 0, 30), ("aa11", 95, 125), ("aa11", 300, 330)],
        "leaves": [("bb22", 40, 80)],
        "soil": [],
    },
)
QUESTIONS = [
    Question("1", "Algebra", "roots", ((100.0, 120.0), (500.0, 510.0)), "Two roots.", "fact"),
    Question("2", "bb22", "leaves", ((40.0, 80.0),), None, "place"),
    Question("3", "Botany", "soil", ((10.0, 20.0),), None, "place"),
]


def run(**options: bool) -> Evaluation:
    return evaluate(LIBRARY, QUESTIONS, questions_file=FILE, **options)


def values(result: Evaluation) -> dict[str, float]:
    return {key: estimate.value for key, estimate in result.overall.items()}


def test_figures_over_the_whole_library_by_hand() -> None:
    found = values(run())
    assert found["video@1"] == pytest.approx(1 / 3)
    assert (found["hit@1"], found["hit@5"]) == (pytest.approx(1 / 3), pytest.approx(2 / 3))
    assert found["MRR"] == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert found["recall@10"] == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert found["mAP"] == pytest.approx((0.5 * 1 / 2 + 1 + 0) / 3)
    assert found["R1@tIoU0.7"] == pytest.approx(1 / 3)
    # Question 1 has tIoU 20/30 at rank 2, of two spans: precision 1/2 there, so 1/4.
    assert found["mAP@tIoU0.5"] == pytest.approx((1 / 4 + 1 + 0) / 3)
    # Lengths 30, 30, 30 and 40 over four moments; only question 2 has a first moment in its video.
    assert found["moment length"] == pytest.approx(130 / 4)
    assert found["first length"] == pytest.approx((30 + 40) / 2)
    assert (found["start error"], run().overall["start error"].n) == (0.0, 1)


def test_figures_of_the_play_point_by_hand() -> None:
    gold = ((100.0, 120.0), (500.0, 510.0))
    assert [plays(at, gold) for at in (89.9, 90, 119.9, 120, 495, 510)] == [
        False,
        True,
        True,
        False,
        True,
        False,
    ]
    assert plays(7.0, ((7.0, 7.0),))  # an instant is where it is
    assert play_error_s(130.0, gold) == 30
    assert cut_around((0.0, 200.0), 90.0) == (60, 120)
    assert cut_around((80.0, 95.0), 80.0) == (80, 95)
    found = values(run())
    # Question 1 is answered by its second moment (95 s); question 2 by its first.
    assert (found["play@1"], found["play@3"]) == (pytest.approx(1 / 3), pytest.approx(2 / 3))
    # 600 s long is the video of question 1, whose first moment is elsewhere; nothing is found for question 3.
    assert found["play error"] == pytest.approx(600)
    within = values(run(within=True))
    assert within["play error"] == pytest.approx(5)  # of 5 and 0 and, for nothing found, 1200
    assert (within["hit@1 at 60 s"], within["hit@5 at 60 s"]) == (pytest.approx(2 / 3), pytest.approx(2 / 3))
    long = KnownLibrary(LIBRARY.entries, {"roots": [("aa11", 0, 300)]})
    question = QUESTIONS[0]
    only = evaluate(long, [question], questions_file=FILE)
    assert (only.overall["hit@1"].value, only.overall["hit@1 at 60 s"].value) == (1, 0)


def test_windows_beside_are_ranked_by_words_and_by_meaning() -> None:
    said = {
        "one": [Utterance(0, 4, "Entropy is surprise."), Utterance(65, 70, "Huffman codes follow.")],
        "two": [Utterance(10, 12, "Nothing of it.")],
    }
    words = FixedWindows(said)
    assert [(m.video_id, m.start_s, m.end_s, m.play_s) for m in words.search("huffman", k=3, video=None)] == [
        ("one", 60.0, 90.0, 60.0)
    ]
    assert words.search("huffman", k=3, video="two") == []
    both = FixedWindows(said, MiniLMEncoder())
    found = both.search("huffman", k=3, video=None)
    assert len(found) == 3
    assert (found[0].video_id, found[0].start_s) == ("one", 60.0)
    result = evaluate(LIBRARY, QUESTIONS, questions_file=FILE, baselines={"same": LIBRARY})
    assert result.baselines["same"] == result.overall
    assert "\nsame  " in table.evaluation(result)


def test_within_looks_only_inside_the_questions_video() -> None:
    LIBRARY.looked_in.clear()
    result = run(within=True)
    # The first search of all, which warms the library up, looks everywhere.
    assert LIBRARY.looked_in == [None, "aa11", "bb22", "bb22"]
    assert "video@1" not in result.overall
    assert values(result)["MRR"] == pytest.approx((1 + 1 + 0) / 3)
    assert values(result)["start error"] == pytest.approx(2.5)  # median of 5 and 0


def test_figures_by_kind_and_as_json() -> None:
    result = run()
    assert list(result.kinds) == ["fact", "place"]
    assert result.kinds["place"]["hit@1"].value == pytest.approx(1 / 2)
    record = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert (record["questions"], record["videos"], record["answers"]) == (3, 2, None)
    assert record["kinds"]["fact"]["questions"] == 1
    assert record["overall"]["hit@5"]["n"] == 3
    assert record["overall"]["hit@5"]["low"] <= record["overall"]["hit@5"]["value"]


def test_cost_comes_from_the_stages() -> None:
    cost = run().cost
    assert cost.video_hours == pytest.approx(0.5)
    assert cost.index_s_per_hour == pytest.approx(12 / 0.5)
    assert (cost.frames_decoded, cost.ocr_calls) == (180, 6)
    assert cost.peak_memory_mb > 1
    assert cost.ask_ms_p50 is None
    assert 0 <= cost.search_ms_p50 <= cost.search_ms_p95


def test_answers_by_hand() -> None:
    def answer(text: str, *cited: tuple[str, float, float]) -> Answer:
        citations = tuple(Citation(v, v, v, s, e, "speech", "q") for v, s, e in cited)
        return Answer("?", text, bool(cited), (Claim(text, citations),) if cited else (), (), {})

    LIBRARY.answers = {
        "roots": answer("It has two roots", ("aa11", 110, 111), ("bb22", 110, 111), ("aa11", 90, 95)),
        "leaves": answer("Green", ("bb22", 79, 90)),
        "soil": answer("The library does not contain an answer"),
    }
    result = run(ask=True)
    assert values(result)["citation precision"] == pytest.approx((1 / 3 + 1) / 2)
    assert values(result)["found"] == pytest.approx(2 / 3)
    assert values(result)["ROUGE-L"] == pytest.approx(2 * 2 / 6)
    assert result.to_dict()["answers"] == {"asked": 3, "found": 2, "abstained": 1}


def test_a_question_without_spans_has_only_its_video_judged() -> None:
    questions = [Question("1", "Algebra", "roots", kind="open")]
    result = evaluate(LIBRARY, questions, questions_file=FILE)
    assert set(result.overall) == {"video@1", "moment length", "first length"}


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("Chemistry", 'the video "Chemistry" is not in the library'),
        ("Twin", 'the video "Twin" fits 2 videos of the library'),
    ],
)
def test_a_video_that_is_not_found_costs_one_sentence_with_the_line(name: str, problem: str) -> None:
    library = KnownLibrary([Entry("c1", "Twin", 1.0), Entry("c2", "Twin", 1.0)])
    with pytest.raises(UsageError, match=f"questions.jsonl, line 9: {problem}"):
        evaluate(library, [Question("1", name, "q", line=9)], questions_file=FILE)


def test_an_unambiguous_prefix_of_an_id_names_a_video() -> None:
    result = evaluate(LIBRARY, [Question("1", "bb", "leaves", ((40.0, 50.0),))], questions_file=FILE)
    assert result.outcomes[0].video_id == "bb22"


def test_a_file_name_without_its_extension_names_a_video() -> None:
    library = KnownLibrary(
        [Entry("c1", "A title", 60.0, paths=("x/talk.mp4", "y/other.mp4")), Entry("c2", "c2", 1.0)]
    )
    result = evaluate(library, [Question("1", "talk", "q", ((1.0, 2.0),))], questions_file=FILE)
    assert result.outcomes[0].video_id == "c1"


def test_a_question_that_no_video_answers_is_about_abstaining() -> None:
    questions = [Question("1", None, "leaves", kind="none"), Question("2", None, "soil", kind="none")]
    citation = Citation("bb22", "b", "b", 1, 2, "speech", "q")
    LIBRARY.answers = {
        "leaves": Answer("?", "Green", True, (Claim("Green", (citation,)),), (), {}),
        "soil": Answer("?", "The library does not contain an answer", False, (), (), {}),
    }
    result = evaluate(LIBRARY, questions, questions_file=FILE, ask=True)
    assert set(result.overall) == {"moment length", "first length", "rightly abstained"}
    assert result.overall["rightly abstained"].value == pytest.approx(1 / 2)
    assert result.to_dict()["videos"] == 0
    assert result.to_dict()["answers"] == {"asked": 2, "found": 1, "abstained": 1}


def test_percentiles() -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], 50) == 2.5


GOOD = {"id": "1", "video": "v", "question": "q", "spans": [[1, 2]]}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"video": 3}, '"video" is 3; it must be a text'),
        ({"video": None}, '"video" is null, for a question without an answer, and yet there are "spans"'),
        ({"question": "  "}, '"question" is "  "'),
        ({"spans": [[5, 2]]}, r'"spans" holds \[5, 2\]; it must satisfy 0 <= start_s <= end_s'),
        ({"spans": [[-1, 2]]}, "must satisfy"),
        ({"spans": [1, 2]}, '"spans" holds 1; each must be'),
        ({"spans": [["0:10", "0:20"]]}, r"each must be \[start_s, end_s\] in seconds"),
        ({"spans": [[True, 2]]}, "in seconds"),
        ({"spans": "1-2"}, '"spans" is "1-2"; it must be a list'),
        ({"answer": 7}, '"answer" is 7; it must be a text, null or left out'),
        ({"kind": ["a"]}, '"kind" is'),
    ],
)
def test_a_malformed_line_is_refused_with_its_number(tmp_path: Path, change: dict, problem: str) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(f"{json.dumps(GOOD)}\n\n{json.dumps(GOOD | {'id': '2'} | change)}\n", encoding="utf-8")
    with pytest.raises(UsageError, match=f"q.jsonl, line 3: .*{problem}"):
        read_questions(path)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "line 1: not JSON"),
        ("[1]", "line 1: a JSON list, not an object"),
        (json.dumps(GOOD) + "\n" + json.dumps(GOOD), 'line 2: the id "1" was already used on line 1'),
        ("\n", "holds no question"),
        ('{"id": "1", "question": "q"}', 'line 1: "video" is missing'),
        (json.dumps(GOOD | {"spans": [[1, float("inf")]]}), "in seconds"),
    ],
)
def test_a_broken_file_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=problem):
        read_questions(path)


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_questions(tmp_path / "missing.jsonl")
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="cannot be read"):
        read_questions(tmp_path / "binary.jsonl")


def test_a_question_keeps_what_it_does_not_know_and_reads_back() -> None:
    question = parse_question(GOOD | {"id": 7, "answer": None, "options": ["a", "b"]}, line=4)
    assert (question.id, question.answer, question.extra, question.line) == (
        "7",
        None,
        {"options": ["a", "b"]},
        4,
    )
    assert parse_question(json.loads(question.to_json()), line=4) == question


def tree(*starts: Sequence[float]) -> tuple[EventTree, ...]:
    """Events from lists of scene starts; every scene has two shots."""

    def scene(start_s: float) -> SceneTree:
        shots = (Segment("shot", start_s, start_s + 5), Segment("shot", start_s + 5, start_s + 10))
        return SceneTree(Segment("scene", start_s, start_s + 10), shots)

    return tuple(EventTree(Segment("event", s[0], s[-1] + 10), tuple(map(scene, s))) for s in starts)


SHOWN = Entry("aa11", "Algebra", 60.0, tree([0, 10], [20, 30, 40, 50]), (Slide(2, 20, 3), Slide(20, 60, 30)))


def test_boundaries_are_the_starts_inside_the_video() -> None:
    assert boundaries_s(SHOWN, "event") == [20.0]
    assert boundaries_s(SHOWN, "scene") == [10.0, 20.0, 30.0, 40.0, 50.0]
    assert boundaries_s(SHOWN, "shot") == [5.0 * i for i in range(1, 12)]
    assert boundaries_s(SHOWN, "slide") == [2.0, 20.0]


def test_structure_scores_by_hand(tmp_path: Path) -> None:
    library = KnownLibrary([SHOWN])
    gold = [
        Gold("Algebra", "slide", 1, times_s=[20.5, 40.0]),
        Gold("Algebra", "event", 2, times_s=[20.0]),
    ]
    found = evaluate_structure(library, gold, tmp_path)
    assert list(found) == ["slide", "event"]
    slide = found["slide"]
    assert (slide.videos, slide.gold, slide.predicted, slide.tolerance_s) == (1, 2, 2, 1.0)
    assert slide.library.f1 is not None
    assert slide.library.f1.value == pytest.approx(2 * 1 / (2 + 2))
    assert slide.library.pk is None
    event = found["event"]
    assert event.library.pk is not None
    assert event.equal_length.pk is not None
    assert event.library.pk.value == 0.0
    # One boundary in the middle, at 30 s, 10 s off with k = 15: 2 x 10 of the 45 windows disagree.
    assert event.equal_length.pk.value == pytest.approx(20 / 45)
    strict = evaluate_structure(library, gold, tmp_path, tolerance_s=0.4)
    assert strict["slide"].library.f1 is not None
    assert strict["slide"].library.f1.value == 0.0
    with pytest.raises(UsageError, match="--tolerance is -1"):
        evaluate_structure(library, gold, tmp_path, tolerance_s=-1)


def test_equal_length_segments() -> None:
    assert equal_length(100.0, 3) == [25.0, 50.0, 75.0]
    assert equal_length(100.0, 0) == []


def test_gold_files_in_all_three_forms(tmp_path: Path) -> None:
    path = tmp_path / "gold.jsonl"
    topics = [{"title": "x", "spans": [[9, 30], [60, 80]]}, {"title": "y", "spans": [[30, 60]]}]
    lines = [
        {"video": "a", "level": "shot", "boundaries": [4, 2.5, 100]},
        {"video": "b", "topics": topics},
        {"id": "1", "video": "c", "question": "q", "spans": [[0, 10]]},
        {"id": "2", "video": "c", "question": "q", "spans": [[10, 20]]},
    ]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    a, b, c = read_gold(path)
    assert (a.video, a.level, a.line, a.boundaries_s(100.0)) == ("a", "shot", 1, [2.5, 4.0])
    assert (b.level, b.line, b.boundaries_s(100.0)) == ("event", 2, [9.0, 30.0, 60.0])
    assert (c.line, c.boundaries_s(60.0)) == (3, [10.0])


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ({"level": "shot", "boundaries": [1]}, "no 'video'"),
        (
            {"video": "a", "level": "act", "boundaries": [1]},
            'the level is "act"; it must be one of shot, slide',
        ),
        ({"video": "a", "level": "shot"}, "no 'spans'"),
        ({"video": "a", "boundaries": ["x"]}, r'"boundaries" is \["x"\]; it must be a list of seconds'),
    ],
)
def test_a_malformed_gold_line_is_refused_with_its_number(tmp_path: Path, line: dict, problem: str) -> None:
    path = tmp_path / "gold.jsonl"
    path.write_text("\n" + json.dumps(line), encoding="utf-8")
    with pytest.raises(UsageError, match=f"gold.jsonl, line 2: {problem}"):
        read_gold(path)
