"""LongVideoBench: choice questions that refer to moments of a video.

Form: ``lvb_val.json`` as read by ``longvideobench/longvideobench_dataset.py`` of
github.com/longvideobench/LongVideoBench (Wu et al., NeurIPS 2024): a JSON list with ``id``, ``video_id``,
``video_path``, ``question``, ``candidates``, ``correct_choice`` (an index; the test file has none),
``position``, ``question_category``, ``level``, ``duration``. ``position`` lists the indices of the frames
referred to (the authors, in discussion 2 of their dataset's page).
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from longvid.evaluation.loaders.common import Imported, LoadOptions, Row, read_rows
from longvid.evaluation.questions import Question

_NOTE = (
    "LongVideoBench gives frame indices and no frame rate: there are no spans "
    "(give --frame-rate where all your videos have the same)"
)


def load(path: Path, options: LoadOptions) -> Imported:
    """A referred frame becomes the instant ``[t, t]``: a moment can hit it, tIoU says nothing about it.

    Raises:
        ValueError: the frame rate is not above 0.
    """
    rate = options.frame_rate
    if rate is not None and rate <= 0:
        raise ValueError(f"--frame-rate is {rate}; it must be above 0")
    questions = tuple(_question(row, rate) for row in read_rows(path))
    return Imported(questions, () if rate else (_NOTE,))


def _question(row: Row, frame_rate: float | None) -> Question:
    frames = row.get("position") or []
    correct = row.get("correct_choice")
    return Question(
        id=row["id"],
        video=PurePosixPath(row["video_path"]).stem,
        question=row["question"],
        spans=tuple((frame / frame_rate, frame / frame_rate) for frame in frames) if frame_rate else (),
        answer=None if correct is None else row["candidates"][correct],
        kind=row["question_category"],
        extra={"options": row["candidates"], "frames": frames, "level": row.get("level")},
    )
