"""ActivityNet-RTL: reasoning questions answered by a stretch of an ActivityNet video.

Form: ``lita/eval/eval_model_rtl.py`` and ``lita/dataset/temporal_reasoning_dataset.py`` of
github.com/NVlabs/LITA (Huang et al., ECCV 2024). The test file is a list of ``question_id``, ``vid``,
``duration``, ``question`` and ``answer``; the train file maps a video to ``duration`` and ``QA`` of ``q``
and ``a``. An answer carries its times as ``<12.3> <45.6>`` in seconds, the first two of which are its span.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from longvid.evaluation.loaders.common import Imported, LoadOptions, Row, read_rows
from longvid.evaluation.questions import Question
from longvid.evaluation.retrieval import Span

_TIME = re.compile(r"<(\d+(?:\.\d*)?|\.\d+)>")


def load(path: Path, options: LoadOptions) -> Imported:
    """Videos are named as ActivityNet's files are, ``v_`` and the id; a train answer may have no times."""
    value = read_rows(path)
    return Imported(tuple(_train(value) if isinstance(value, dict) else map(_test, value)))


def _test(row: Row) -> Question:
    span, answer = _read_answer(row["answer"], row["duration"])
    video, question_id = f"v_{row['vid']}", str(row["question_id"])
    return Question(question_id, video, row["question"], span, answer, extra={"duration_s": row["duration"]})


def _train(videos: dict[str, Row]) -> Iterator[Question]:
    for video, row in videos.items():
        for number, pair in enumerate(row["QA"], start=1):
            span, answer = _read_answer(pair["a"], row["duration"])
            extra = {"duration_s": row["duration"]}
            yield Question(f"{video}#{number}", video, pair["q"], span, answer, extra=extra)


def _read_answer(answer: str, duration_s: float) -> tuple[tuple[Span, ...], str]:
    """The span of the first two times, cut at the video's end, and the wording without those times."""
    times = [min(float(time), duration_s) for time in _TIME.findall(answer)[:2]]
    wording = " ".join(_TIME.sub("", answer, count=2).split())
    return ((min(times), max(times)),) if len(times) == 2 else (), wording
