"""LVBench: choice questions on videos of an hour and more, with the time that answers each.

Form: ``video_info.meta.jsonl`` as read by ``lvbench/metrics/compute_accuracy.py`` of
github.com/THUDM/LVBench (Wang et al., arXiv:2406.08035). One video a line: ``key`` (YouTube id), ``type``,
``video_info`` and ``qa``, a list of ``uid``, ``question`` (its options in lines ``(A) …``), ``answer`` (a
letter), ``question_type`` (a list) and ``time_reference`` (``"00:15-00:19"``, hours in front where there
are any).
"""

from __future__ import annotations

import re
from pathlib import Path

from longvid.evaluation.loaders.common import Imported, LoadOptions, Row, choice, clock_s, read_rows
from longvid.evaluation.questions import Question
from longvid.evaluation.retrieval import Span

_OPTION = re.compile(r"\n\s*\(([A-Z])\)\s*")
_RANGE = re.compile(
    r"(\d{1,4}(?::\d{1,2}){1,2}(?:\.\d{1,9})?)\s?[-–]\s?(\d{1,4}(?::\d{1,2}){1,2}(?:\.\d{1,9})?)"
)


def load(path: Path, options: LoadOptions) -> Imported:
    """``kind`` is the first question type; a time reference that is no range gives no span."""
    return Imported(tuple(_question(video["key"], qa) for video in read_rows(path) for qa in video["qa"]))


def _question(video: str, qa: Row) -> Question:
    question, *labelled = _OPTION.split(qa["question"])
    choices = [text.strip() for text in labelled[1::2]]
    return Question(
        id=str(qa["uid"]),
        video=video,
        question=question.strip(),
        spans=_spans(qa.get("time_reference") or ""),
        answer=choice(choices, qa["answer"]),
        kind=qa["question_type"][0],
        extra={"options": choices, "question_types": qa["question_type"]},
    )


def _spans(reference: str) -> tuple[Span, ...]:
    ranges = ((clock_s(start), clock_s(end)) for start, end in _RANGE.findall(reference))
    return tuple((start_s, end_s) for start_s, end_s in ranges if start_s <= end_s)
