"""Video-MME: choice questions on short, medium and long videos; no times are published.

Form: the parquet of huggingface.co/datasets/lmms-lab/Video-MME, a row a question (``video_id``,
``duration``, ``domain``, ``sub_category``, ``url``, ``videoID`` = YouTube id, ``question_id``,
``task_type``, ``question``, ``options`` as ``"A. …"``, ``answer`` = a letter), or
``evaluation/output_test_template.json`` of github.com/BradyFU/Video-MME, a video an object with its
``questions`` (Fu et al., arXiv:2405.21075).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from longvid.evaluation.loaders.common import Imported, LoadOptions, Row, choice, read_rows
from longvid.evaluation.questions import Question

_LABEL = re.compile(r"^[A-Z]\.\s*")
_NOTE = "Video-MME publishes no times: there are no spans, and only video@1 and answers can be scored"


def load(path: Path, options: LoadOptions) -> Imported:
    """``kind`` is the task type; videos are named by ``videoID``, as the media are, if given."""
    return Imported(tuple(_question(row) for row in _rows(read_rows(path))), (_NOTE,))


def _rows(value: Any) -> Iterator[Row]:
    for row in value:
        if "questions" not in row:
            yield row
        for question in row.get("questions", ()):
            yield {key: text for key, text in row.items() if key != "questions"} | question


def _question(row: Row) -> Question:
    choices = [_LABEL.sub("", option) for option in row.get("options", row.get("choices")) or ()]
    return Question(
        id=row["question_id"],
        video=row.get("videoID") or row["video_id"],
        question=row["question"],
        answer=choice(choices, row["answer"]),
        kind=row["task_type"],
        extra={"options": choices, "length": row.get("duration") or row.get("duration_category")},
    )
