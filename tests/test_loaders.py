"""Every dataset loader on a handwritten miniature in the form that dataset publishes."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from longvid.evaluation.loaders import DATASETS, load
from longvid.evaluation.loaders.common import LoadOptions, clock_s
from longvid.evaluation.questions import read_questions
from longvid_storage.errors import MissingExtraError, UsageError

Write = Callable[[str, Any], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, value: Any) -> Path:
        lines = name.endswith(".jsonl")
        text = "\n".join(json.dumps(row) for row in value) if lines else json.dumps(value)
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write


QVH = {
    "qid": 41,
    "query": "Two people repair a red bicycle beside a river.",
    "duration": 150,
    "vid": "AbCdEfGhIjK_60.0_210.0",
    "relevant_windows": [[4, 16], [40, 52]],
    "relevant_clip_ids": [2, 3, 4, 5, 6, 7, 20, 21, 22, 23, 24, 25],
    "saliency_scores": [[2, 3, 4]] * 12,
}


def test_qvhighlights(write: Write) -> None:
    test_split = {key: QVH[key] for key in ("query", "duration", "vid")} | {"qid": 42}
    first, second = load("qvhighlights", write("highlight_val_release.jsonl", [QVH, test_split])).questions
    assert (first.id, first.video) == ("41", "AbCdEfGhIjK_60.0_210.0")
    assert first.question == "Two people repair a red bicycle beside a river."
    assert first.spans == ((4.0, 16.0), (40.0, 52.0))
    assert second.spans == ()


def test_activitynet_rtl_test_file(write: Write) -> None:
    row = {
        "question_id": "abcdefghijk_0_1",
        "vid": "abcdefghijk",
        "duration": 93.2,
        "question": "When is the wheel taken off, and why? Answer with start and end times.",
        "answer": "<12.5> <98.0> The wheel is taken off because its tyre is flat.",
    }
    (question,) = load("activitynet-rtl", write("annot_val_1_q229.json", [row])).questions
    assert question.video == "v_abcdefghijk"
    assert question.spans == ((12.5, 93.2),)
    assert question.answer == "The wheel is taken off because its tyre is flat."


def test_activitynet_rtl_train_file(write: Write) -> None:
    pairs = [{"q": "When?", "a": "<30> <20.5> After lunch."}, {"q": "Why?", "a": "Because it rains."}]
    first, second = load("activitynet-rtl", write("t.json", {"v_x": {"duration": 60, "QA": pairs}})).questions
    assert (first.id, first.video, first.spans) == ("v_x#1", "v_x", ((20.5, 30.0),))
    assert (second.spans, second.answer) == ((), "Because it rains.")


def test_cg_bench(write: Write) -> None:
    row = {
        "qid": 7,
        "video_uid": "1234",
        "question": "What lies under the bench?",
        "choices": ["a hat", "a scarf", "a glove"],
        "answer": "a scarf",
        "right_answer": "B",
        "clue_intervals": [[61, 64.5], [1210, 1212]],
        "domain": "Daily Life",
        "sub_category": "Entity Perception",
        "duration": 1805.2,
    }
    (question,) = load("cg-bench", write("cgbench_mini.json", [row])).questions
    assert (question.id, question.video, question.kind) == ("7", "1234", "Entity Perception")
    assert question.spans == ((61.0, 64.5), (1210.0, 1212.0))
    assert question.answer == "a scarf"
    assert question.extra["options"] == ["a hat", "a scarf", "a glove"]


def lvbench_video(reference: str) -> dict[str, Any]:
    return {
        "key": "ZyXwVuTsRqP",
        "type": "documentary",
        "video_info": {"resolution": {"width": 640, "height": 360}, "fps": 25.0, "duration_minutes": 62.1},
        "qa": [
            {
                "uid": "301",
                "question": "Which bridge is first?\n(A) the stone one\n(B) the (old) iron one\n(C) neither",
                "answer": "B",
                "question_type": ["event understanding", "reasoning"],
                "time_reference": reference,
            }
        ],
    }


@pytest.mark.parametrize(
    ("reference", "spans"),
    [
        ("02:05-02:09", ((125.0, 129.0),)),
        ("01:00:05-01:02:00", ((3605.0, 3720.0),)),
        ("00:10-00:20, 30:00 - 31:00", ((10.0, 20.0), (1800.0, 1860.0))),
        ("", ()),
        ("whole video", ()),
    ],
)
def test_lvbench(write: Write, reference: str, spans: tuple[tuple[float, float], ...]) -> None:
    (question,) = load("lvbench", write("video_info.meta.jsonl", [lvbench_video(reference)])).questions
    assert (question.id, question.video) == ("301", "ZyXwVuTsRqP")
    assert question.question == "Which bridge is first?"
    assert question.extra["options"] == ["the stone one", "the (old) iron one", "neither"]
    assert question.answer == "the (old) iron one"
    assert question.kind == "event understanding"
    assert question.spans == spans


MME_ROW = {
    "video_id": "001",
    "duration": "short",
    "domain": "Knowledge",
    "sub_category": "Geography",
    "url": "https://www.youtube.com/watch?v=QqWwEeRrTtY",
    "videoID": "QqWwEeRrTtY",
    "question_id": "001-1",
    "task_type": "Counting Problem",
    "question": "How many lakes are shown on the map?",
    "options": ["A. Two.", "B. Three.", "C. Five.", "D. Nine."],
    "answer": "C",
}


def test_video_mme_template(write: Write) -> None:
    qa = {key: MME_ROW[key] for key in ("question_id", "task_type", "question", "answer")}
    video = {
        "video_id": "001",
        "duration_category": "short",
        "video_category": "Knowledge",
        "video_subcategory": "Geography",
        "questions": [qa | {"choices": MME_ROW["options"], "response": ""}],
    }
    imported = load("video-mme", write("output_test_template.json", [video]))
    (question,) = imported.questions
    assert (question.id, question.video, question.kind) == ("001-1", "001", "Counting Problem")
    assert (question.answer, question.spans) == ("Five.", ())
    assert question.extra == {"options": ["Two.", "Three.", "Five.", "Nine."], "length": "short"}
    assert "no times" in imported.notes[0]


def test_video_mme_parquet(tmp_path: Path) -> None:
    path = tmp_path / "test-00000-of-00001.parquet"
    if find_spec("pyarrow") is None:  # without the package that reads parquet, the sentence that says so
        path.write_bytes(b"PAR1")
        with pytest.raises(MissingExtraError, match="pip install pyarrow"):
            load("video-mme", path)
        return
    table = import_module("pyarrow").Table.from_pylist([MME_ROW])
    import_module("pyarrow.parquet").write_table(table, path)
    (question,) = load("video-mme", path).questions
    assert (question.id, question.video, question.answer) == ("001-1", "QqWwEeRrTtY", "Five.")


LVB_ROW = {
    "video_id": "86abcdefghi",
    "question": "When the woman in the yellow coat opens the door, what is on the table?",
    "question_wo_referring_query": "What is on the table?",
    "candidates": ["a lamp", "a teapot", "two books"],
    "correct_choice": 2,
    "position": [750, 3000],
    "topic_category": "NP-News-Programs",
    "question_category": "TOS",
    "level": "L2-Relation",
    "id": "86abcdefghi_0",
    "video_path": "86abcdefghi.mp4",
    "subtitle_path": "86abcdefghi_en.json",
    "duration_group": 600,
    "starting_timestamp_for_subtitles": 0,
    "duration": 190.16,
    "view_count": 10,
}


def test_longvideobench(write: Write) -> None:
    path = write("lvb_val.json", [LVB_ROW])
    imported = load("longvideobench", path)
    (question,) = imported.questions
    assert (question.id, question.video, question.kind) == ("86abcdefghi_0", "86abcdefghi", "TOS")
    assert (question.answer, question.spans) == ("two books", ())
    assert question.extra["frames"] == [750, 3000]
    assert "--frame-rate" in imported.notes[0]
    timed = load("longvideobench", path, LoadOptions(frame_rate=25.0))
    assert timed.questions[0].spans == ((30.0, 30.0), (120.0, 120.0))
    assert timed.notes == ()
    with pytest.raises(UsageError, match="--frame-rate is 0"):
        load("longvideobench", path, LoadOptions(frame_rate=0.0))


def test_longvideobench_test_file_has_no_answers(write: Write) -> None:
    row = {key: value for key, value in LVB_ROW.items() if key not in ("correct_choice", "position")}
    (question,) = load("longvideobench", write("lvb_test_wo_gt.json", [row])).questions
    assert question.answer is None


def test_mlvu(write: Write, tmp_path: Path) -> None:
    plot = {
        "video": "movie_7.mp4",
        "duration": 480.0,
        "question": "What does the baker lose?",
        "candidates": ["his ring", "his key"],
        "answer": "his key",
        "question_type": "plotQA",
    }
    summary = {
        "video": "217.mp4",
        "duration": 480.0,
        "question": "Please summarise the main content of this video.",
        "answer": "A baker opens a shop.",
        "question_type": "summary",
    }
    write("1_plotQA.json", [plot, plot])
    write("9_summary.json", [summary])
    questions = load("mlvu", tmp_path).questions
    assert [q.id for q in questions] == ["plotQA#1", "plotQA#2", "summary#1"]
    assert (questions[0].video, questions[0].answer) == ("movie_7", "his key")
    assert questions[0].extra == {"options": ["his ring", "his key"]}
    assert questions[2].extra == {}
    test_row = {key: plot[key] for key in plot if key != "answer"} | {"question_id": "PQA_0"}
    (question,) = load("mlvu", write("test_question.json", [test_row])).questions
    assert (question.id, question.answer) == ("PQA_0", None)


MEETING = {
    "topic_list": [{"topic": "Opening", "relevant_text_span": [["0", "1"]]}],
    "general_query_list": [{"query": "Summarize the whole meeting.", "answer": "They chose a colour."}],
    "specific_query_list": [
        {
            "query": "What did Ann propose?",
            "answer": "Green.",
            "relevant_text_span": [["0", "1"], ["2", "2"]],
        }
    ],
    "meeting_transcripts": [
        {"speaker": "Ann", "content": "I would take green ."},
        {"speaker": "Bo", "content": "Mm-hmm ."},
        {"speaker": "Ann", "content": "Green it is ."},
    ],
}
TURNS = {"video": "ES9001a", "turns": [[1.0, 9.5], [4.0, 4.5], [10, 12]]}


def test_qmsum_with_the_times_of_turns(write: Write, tmp_path: Path) -> None:
    (tmp_path / "meetings").mkdir()
    path = write("meetings/ES9001a.json", MEETING)
    options = LoadOptions(turns=write("turns.jsonl", [TURNS]))
    for place in (path, path.parent):
        imported = load("qmsum", place, options)
        general, specific = imported.questions
        assert (general.id, general.kind, general.spans) == ("ES9001a#1", "general", ())
        assert (specific.id, specific.kind) == ("ES9001a#2", "specific")
        # Turn 0 ends after turn 1: the span ends with the later of the two.
        assert specific.spans == ((1.0, 9.5), (10.0, 12.0))
        assert specific.answer == "Green."
        assert imported.notes == ()


def test_qmsum_without_times_keeps_turns_and_says_so(write: Write) -> None:
    imported = load("qmsum", write("test.jsonl", [MEETING, MEETING]))
    assert [q.video for q in imported.questions] == ["test-1", "test-1", "test-2", "test-2"]
    assert imported.questions[1].spans == ()
    assert imported.questions[1].extra == {"turns": [[0, 1], [2, 2]]}
    assert len(imported.notes) == 2


def test_qmsum_turns_must_fit_the_meeting(write: Write) -> None:
    path = write("ES9001a.json", MEETING)
    short = write("turns.jsonl", [{"video": "ES9001a", "turns": [[0, 1]]}])
    with pytest.raises(UsageError, match='"ES9001a" has 3 turns, the file of turns 1'):
        load("qmsum", path, LoadOptions(turns=short))
    with pytest.raises(UsageError, match='no meeting "ES9001a"'):
        load("qmsum", path, LoadOptions(turns=write("turns.jsonl", [TURNS | {"video": "other"}])))
    with pytest.raises(UsageError, match="line 1"):
        load("qmsum", path, LoadOptions(turns=write("turns.jsonl", [{"video": "ES9001a"}])))


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_a_file_of_another_form_costs_one_clear_sentence(name: str, write: Write) -> None:
    for content in ([{"nonsense": 1}], [3], 7):
        with pytest.raises(UsageError, match=f"is not in the form {name} publishes"):
            load(name, write("wrong.json", content))
    (broken := write("wrong.json", 1)).write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match=f"is not in the form {name} publishes"):
        load(name, broken)


def test_unknown_datasets_and_paths_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match='no loader for "imagenet"; there are: qvhighlights'):
        load("imagenet", tmp_path)
    with pytest.raises(UsageError, match="does not exist"):
        load("mlvu", tmp_path / "missing.json")


def test_what_a_loader_makes_reads_back_as_a_question_file(write: Write, tmp_path: Path) -> None:
    questions = load("lvbench", write("video_info.meta.jsonl", [lvbench_video("02:05-02:09")])).questions
    (tmp_path / "q.jsonl").write_text("\n".join(q.to_json() for q in questions), encoding="utf-8")
    (back,) = read_questions(tmp_path / "q.jsonl")
    assert (back.spans, back.answer, back.extra) == (
        questions[0].spans,
        questions[0].answer,
        questions[0].extra,
    )


def test_clock() -> None:
    assert clock_s("02:05") == 125.0
    assert clock_s("1:00:05.5") == 3605.5
