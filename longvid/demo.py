"""``longvid demo``: the whole way on the example lectures, with nothing to set up and nothing to download."""

from __future__ import annotations

import sys
from pathlib import Path

from longvid import printing, progress
from longvid.library import Library
from longvid.paths import demo_library, example_lectures

QUESTIONS = (
    "What happens if the learning rate is too large?",
    "Who will send the migration plan?",
    "What is the capital of Australia?",
)


def run(library: Path | None = None) -> int:
    """Index the examples, ask three questions (the last one has no answer in them), print what came back."""
    lectures = example_lectures()
    if not lectures.is_dir():
        print(f"longvid: the example lectures are not at {lectures}: install longvid again", file=sys.stderr)
        return 1
    show = progress.for_terminal(json=False)
    with Library.open(library or demo_library(), create=True) as lib:
        reports = lib.index([lectures], on_event=show)
        show.close(reports)
        for question in QUESTIONS:
            print(f"\n$ longvid ask {question!r}\n")
            print(printing.answer(lib.ask(question)))
    return int(any(report.status == "failed" for report in reports))
