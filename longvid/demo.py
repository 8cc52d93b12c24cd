"""``longvid demo``: the whole way on the example lectures, with nothing to set up and nothing to download."""

from __future__ import annotations

from pathlib import Path

from longvid import output, printing, progress
from longvid.library import Library
from longvid.paths import demo_library, example_lectures

QUESTIONS = (
    "What happens if the learning rate is too large?",
    "Who will send the migration plan?",
    "What is the capital of Australia?",
)


def run(library: str | Path | None = None) -> int:
    """Index the examples, ask three questions (the last one has no answer in them), print what came back."""
    lectures = example_lectures()
    if not lectures.is_dir():
        output.note(f"longvid: the example lectures are not at {lectures}: install longvid again")
        return 1
    with (
        Library.open(library or demo_library(), create=True) as lib,
        progress.for_terminal(json=False) as show,
    ):
        reports = lib.index([lectures], on_event=show)
        show.close(reports)
        for question in QUESTIONS:
            output.result(f"\n$ longvid ask {question!r}\n")
            output.result(printing.answer(lib.ask(question)))
    return int(any(report.status == "failed" for report in reports))
