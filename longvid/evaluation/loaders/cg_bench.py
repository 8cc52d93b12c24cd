"""CG-Bench: choice questions on long videos with the intervals that hold the clue.

Form: ``run/save_as_jsons.py`` and ``run/utils.py`` of github.com/CG-Bench/CG-Bench (Chen et al., ICLR
2025). A JSON list with ``qid``, ``video_uid``, ``question``, ``choices``, ``answer`` (the choice's text),
``right_answer`` (its letter), ``clue_intervals`` (seconds), ``domain``, ``sub_category`` and ``duration``.
"""

from __future__ import annotations

from pathlib import Path

from longvid.evaluation.loaders.common import Imported, LoadOptions, read_rows
from longvid.evaluation.questions import Question, parse_spans


def load(path: Path, options: LoadOptions) -> Imported:
    """``kind`` is the sub-category; spans are the clue intervals; the choices stay in ``options``."""
    questions = tuple(
        Question(
            id=str(row["qid"]),
            video=row["video_uid"],
            question=row["question"],
            spans=parse_spans(row["clue_intervals"]),
            answer=row["answer"],
            kind=row.get("sub_category"),
            extra={"options": row["choices"], "domain": row.get("domain")},
        )
        for row in read_rows(path)
    )
    return Imported(questions)
