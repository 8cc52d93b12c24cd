"""The HTML report: self-contained, well-formed, escaped, and saying what was measured."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from longvid.details import VideoSummary
from longvid.evaluation import plots, table
from longvid.evaluation.bootstrap import Estimate
from longvid.evaluation.questions import Question
from longvid.evaluation.report import render, write_report
from longvid.evaluation.run import Evaluation, evaluate
from longvid_storage.errors import UsageError
from longvid_storage.types import Answer, Citation, Claim, Moment, Passage, StageResult

EVIL = '<script>alert("&")</script>'
VOID = {"meta"}


class TwoVideos:
    """A library of two videos that finds the same two moments for everything, and nothing for "silence"."""

    def videos(self) -> list[VideoSummary]:
        return [VideoSummary(v, f"Title {v} {EVIL}", v, (v,), 300.0, (), {}) for v in ("one", "two")]

    def search(self, query: str, *, k: int, video: str | None) -> list[Moment]:
        if query == "silence":
            return []
        return [
            Moment(
                "two",
                f"Title {EVIL}",
                "two",
                5.0,
                25.0,
                2.0,
                "window",
                (Passage(1, "two", "speech", 5, 25, EVIL, "Ann"),),
            ),
            Moment("one", "Title", "one", 100.0, 130.0, 1.0, "window"),
        ]

    def ask(self, question: str, *, video: str | None) -> Answer:
        citation = Citation("one", f"Title {EVIL}", "one", 100.0, 110.0, "speech", EVIL)
        return Answer(question, f"Because {EVIL}", True, (Claim(EVIL, (citation,)),), (), {})

    def stage_results(self, video: str) -> list[StageResult]:
        return [StageResult("transcript", "done", seconds=1.0)]


def measured() -> Evaluation:
    questions = [
        Question("q1", "one", f"Why {EVIL}?", ((100.0, 120.0),), f"Answer {EVIL}", f"kind {EVIL}"),
        Question("q2", "two", "Where?", ((0.0, 30.0),), None, "plain"),
        Question("q3", "one", "silence", ((1.0, 2.0),), None, "plain"),
        Question("q4", "one", "no spans", kind="plain"),
    ]
    return evaluate(
        TwoVideos(), questions, questions_file=Path("my questions.jsonl"), library_name="lib", ask=True
    )


class Balance(HTMLParser):
    """Fails on a tag that is closed out of turn; collects attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_page_is_well_formed_escaped_and_needs_nothing_else() -> None:
    page = render(measured())
    parser = Balance()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    assert "<script" not in page
    assert any(EVIL in text for text in parser.text)
    assert not re.search(r"https?://|@import|url\(", page)
    assert not {name for name, _ in parser.attributes} & {"src", "href", "onclick", "onload"}
    drawings = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(drawings) == 1 + 4 + 3
    for drawing in drawings:
        ElementTree.fromstring(drawing)


def test_the_page_says_what_was_measured() -> None:
    result = measured()
    page = render(result)
    assert "my questions.jsonl" in page
    assert "4 questions on 2 videos, over the whole library" in page
    for figure in ("hit@1", "MRR", "ROUGE-L", "mAP@tIoUavg"):
        assert table.interval(figure, result.overall[figure]) in page
    assert "4 answered, 0 abstained" in page
    assert "no hit among 0" in page
    assert "first hit at rank 2" in page
    assert page.index("silence") < page.index("Where?")  # the worst first


def test_the_folder_holds_the_page_and_the_figures(tmp_path: Path) -> None:
    result = measured()
    page = write_report(result, tmp_path / "new" / "report")
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    figures = json.loads((page.parent / "results.json").read_text(encoding="utf-8"))
    assert figures == json.loads(json.dumps(result.to_dict()))
    lines = [json.loads(line) for line in (page.parent / "questions.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines] == ["q1", "q2", "q3", "q4"]
    assert lines[0]["scores"]["MRR"] == pytest.approx(0.5)
    assert lines[0]["moments"][1] == {"video_id": "one", "start_s": 100.0, "end_s": 130.0}
    assert lines[0]["found"] is True


def test_a_folder_that_cannot_be_written_costs_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match="cannot be written"):
        write_report(measured(), tmp_path / "file" / "report")


def test_whiskers_stand_where_their_figures_are() -> None:
    drawing = ElementTree.fromstring(plots.whiskers([("half", [Estimate(0.5, 0.25, 1.0, 9)])], "t"))
    circle = next(node for node in drawing.iter() if node.tag == "circle")
    whisker = next(node for node in drawing.iter() if "whisker" in node.get("class", ""))
    left, right = (130.0, 550.0)  # where 0 and 1 are
    assert float(circle.get("cx", 0)) == pytest.approx((left + right) / 2)
    assert float(whisker.get("x1", 0)) == pytest.approx(left + (right - left) / 4)
    assert float(whisker.get("x2", 0)) == pytest.approx(right)


def test_bars_are_as_tall_as_their_counts() -> None:
    drawing = ElementTree.fromstring(plots.bars([("a", 10), ("b", 5), ("none", 0)], "t", last_is_miss=True))
    tall = [float(node.get("height", 0)) for node in drawing.iter() if node.tag == "rect"]
    assert tall[1] == pytest.approx(tall[0] / 2)
    assert tall[2] == 0
    assert [node.get("class") for node in drawing.iter() if node.tag == "rect"] == ["g0", "g0", "miss"]


def test_a_timeline_shows_gold_above_and_moments_below() -> None:
    text = plots.timeline(100.0, [(20.0, 40.0)], [(1, (30.0, 50.0), True), (2, (60.0, 70.0), False)])
    boxes = {node.get("class"): node for node in ElementTree.fromstring(text).iter() if node.tag == "rect"}
    assert float(boxes["gold"].get("x", 0)) == pytest.approx(200.0)
    assert float(boxes["gold"].get("width", 0)) == pytest.approx(200.0)
    assert float(boxes["hit"].get("x", 0)) == pytest.approx(300.0)
    assert float(boxes["miss"].get("width", 0)) == pytest.approx(100.0)
    assert float(boxes["gold"].get("y", 0)) < float(boxes["hit"].get("y", 0))


def test_the_terminal_table_names_every_figure() -> None:
    result = measured()
    text = table.evaluation(result)
    for key in result.overall:
        assert key in text
    assert "answers: 4 asked, 4 found, 0 abstained" in text
    assert "median start error" in text
    assert all(line == line.rstrip() for line in text.splitlines())
