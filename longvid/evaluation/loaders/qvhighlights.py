"""QVHighlights: a sentence and the windows of a 150 s clip that show it.

Form: ``data/README.md`` of github.com/jayleicn/moment_detr (Lei, Berg, Bansal, NeurIPS 2021). JSON lines
with ``qid``, ``query``, ``duration``, ``vid`` (``{youtube id}_{start}_{end}``), ``relevant_windows``
(seconds of the clip), ``relevant_clip_ids`` and ``saliency_scores``; the test split has no windows.
"""

from __future__ import annotations

from pathlib import Path

from longvid.evaluation.loaders.common import Imported, LoadOptions, read_rows
from longvid.evaluation.questions import Question, parse_spans


def load(path: Path, options: LoadOptions) -> Imported:
    """One question a line; times count from the start of the clip ``vid``, which is the video to index."""
    questions = tuple(
        Question(
            id=str(row["qid"]),
            video=row["vid"],
            question=row["query"],
            spans=parse_spans(row.get("relevant_windows")),
            extra={"duration_s": row["duration"]},
        )
        for row in read_rows(path)
    )
    return Imported(questions)
