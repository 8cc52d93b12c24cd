"""MLVU: choice and open questions on long videos; no times are published.

Form: a file a task (``1_plotQA.json``, …, ``9_summary.json``), each a JSON list, as read by
``video_chat/choice_bench.py``, ``video_chat/open_bench.py`` and ``Evaluation_Test/test_bench.py`` of
github.com/JUNJIE99/MLVU (Zhou et al., CVPR 2025): ``video`` (file name), ``duration``, ``question``,
``candidates`` (none for open tasks), ``answer`` (the text; not in the test file), ``question_type``, and in
the test file ``question_id``.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from longvid.evaluation.loaders.common import Imported, LoadOptions, json_files, read_rows
from longvid.evaluation.questions import Question

_NOTE = "MLVU publishes no times: there are no spans, and only video@1 and answers can be scored"


def load(path: Path, options: LoadOptions) -> Imported:
    """``kind`` is the task; a question without an id is numbered within its task."""
    questions: list[Question] = []
    numbers: dict[str, int] = {}
    for row in (row for file in json_files(path) for row in read_rows(file)):
        kind = row["question_type"]
        numbers[kind] = numbers.get(kind, 0) + 1
        questions.append(
            Question(
                id=str(row.get("question_id") or f"{kind}#{numbers[kind]}"),
                video=PurePosixPath(row["video"]).stem,
                question=row["question"],
                answer=row.get("answer"),
                kind=kind,
                extra={"options": row["candidates"]} if row.get("candidates") else {},
            )
        )
    return Imported(tuple(questions), (_NOTE,))
