"""The one place that prints. Nothing that a terminal would obey, or an eye not see, gets out of it.

Results go to stdout, what is told beside them to stderr.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

from longvid import jsonform
from longvid_storage.text.shown import in_lines, shown

Value = TypeVar("Value")


def result(text: str, end: str = "\n") -> None:
    """A result for people, at once: a claim is read while the next is written."""
    print(in_lines(text), end=end, flush=True)


def record(value: object) -> None:
    """A result for programs: one line of JSON."""
    print(jsonform.dumps(value), flush=True)


def either(value: Value, as_json: bool, render: Callable[[Value], str]) -> None:
    """A result as JSON, or rendered for people."""
    if as_json:
        record(value)
    else:
        result(render(value).removesuffix("\n"))


def file(text: str) -> None:
    """The text of a file for other programs, as its format has it; who wrote it left out what must not be seen."""
    print(text, end="", flush=True)


def overwrite(text: str) -> None:
    """A line on a terminal that the next one takes the place of."""
    print(f"\r\x1b[K{shown(text)}", end="", file=sys.stderr, flush=True)


def note(text: str = "") -> None:
    """Something beside the results."""
    print(in_lines(text), file=sys.stderr, flush=True)


def told_by(tell: Callable[[str | None], str]) -> Any:
    """A column of ``bars`` that says what ``tell`` does of each task's field ``path``, as often as it is drawn."""
    from rich.progress import ProgressColumn, Task
    from rich.text import Text

    class _ToldColumn(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(tell(task.fields["path"]), no_wrap=True)

    return _ToldColumn()


def bars(*more: Any, left: bool = True) -> Any:
    """A ``rich`` progress display on stderr, where that is a terminal, that leaves nothing behind.

    ``more`` columns stand before the time that is left, which ``left`` puts at the end.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(20 if left else 10),
        TaskProgressColumn(),
        *more,
        *([TimeRemainingColumn(compact=True, elapsed_when_finished=True)] if left else []),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
        disable=not sys.stderr.isatty(),
    )
