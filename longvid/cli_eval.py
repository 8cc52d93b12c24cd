"""``longvid eval``: measure a library against questions, and its structure against boundaries people set."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from longvid import output
from longvid.cli_options import JsonOption, LibraryOption
from longvid_storage.errors import UsageError
from longvid_storage.text.shown import without_password

if TYPE_CHECKING:
    from longvid.evaluation.windows import FixedWindows
    from longvid.library import Library
    from longvid_agents.video_lm import VideoLM


class QuestionsFirst(TyperGroup):
    """Lets ``longvid eval FILE`` stand for ``longvid eval questions FILE``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command's name in front when the first word is none of the commands."""
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["questions", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=QuestionsFirst,
    help="Measure the library: longvid eval QUESTIONS.jsonl, or one of the commands below.",
    no_args_is_help=True,
    rich_markup_mode=None,
    epilog="Example: longvid eval questions.jsonl --within --out report/",
)


def _open(library: str | Path | None) -> Library:
    from longvid.library import Library

    return Library.open(library)


def _name(library: str | Path | None) -> str:
    from longvid.paths import default_library

    return without_password(str(library or default_library()))


@app.command(epilog="Example: longvid eval questions.jsonl --within --ask --out report/")
def questions(
    file: Annotated[
        Path, typer.Argument(metavar="QUESTIONS", help="JSON lines: id, video, question, spans, …")
    ],
    library: LibraryOption = None,
    within: Annotated[bool, typer.Option("--within", help="Look only inside each question's video.")] = False,
    ask: Annotated[
        bool, typer.Option("--ask", help="Also answer each question, and judge the answers.")
    ] = False,
    judge: Annotated[
        str | None,
        typer.Option(
            "--judge",
            metavar="MODEL",
            help="With --ask: let this language model compare each answer with the written one.",
        ),
    ] = None,
    baselines: Annotated[
        bool,
        typer.Option("--baselines", help="Ask windows of 30 s the same, by words, and by words and meaning."),
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write a report (HTML and JSON) to this folder.")
    ] = None,
    json_: JsonOption = False,
) -> None:
    """Ask every question of a file and measure what comes back (the default command).

    A line is {"id", "video", "question", "spans": [[start_s, end_s], …], "answer"?, "kind"?}; video is a
    title or an id.
    """
    from longvid.evaluation import table
    from longvid.evaluation.questions import read_questions
    from longvid.evaluation.run import evaluate

    if judge is not None and not ask:
        raise UsageError("--judge compares answers, and none are asked for: give --ask too")
    judging = _judge(judge) if judge is not None else None
    asked = read_questions(file)
    with _open(library) as lib:
        result = evaluate(
            lib,
            asked,
            questions_file=file,
            library_name=_name(library),
            within=within,
            ask=ask,
            baselines=_fixed_windows(lib) if baselines else None,
            judge=judging,
            encoder=lib.engines.text_encoder if ask else None,
            progress=_progress,
        )
    if out is not None:
        from longvid.evaluation.report import write_report

        output.note(f"report: {write_report(result, out)}")
    if json_:
        output.record(result.to_dict())
    else:
        output.result(table.evaluation(result))


def _judge(name: str) -> VideoLM:
    from longvid.engines import Engines

    judge = Engines({"video_lm": name}).video_lm
    if judge is None:
        raise UsageError(f"--judge is {name!r}: name a language model, as --model video_lm=… does")
    return judge


def _fixed_windows(library: Library) -> dict[str, FixedWindows]:
    from longvid.evaluation.windows import FixedWindows

    said = {each.video_id: library.show(each.video_id).utterances for each in library.videos()}
    found = {"30 s, BM25": FixedWindows(said)}
    encoder = library.engines.text_encoder
    return found if encoder is None else found | {f"30 s, BM25 + {encoder.name}": FixedWindows(said, encoder)}


@app.command(epilog="Example: longvid eval structure topics.jsonl --tolerance 10")
def structure(
    file: Annotated[
        Path, typer.Argument(metavar="GOLD", help="JSON lines: video, level, boundaries; or topics.")
    ],
    library: LibraryOption = None,
    tolerance: Annotated[
        float | None, typer.Option("--tolerance", help="Seconds a boundary may be off, for every level.")
    ] = None,
    json_: JsonOption = False,
) -> None:
    """Score shot, slide, scene and event boundaries: F1; for events also Pk and WindowDiff.

    A line is {"video", "level", "boundaries": [s, …]} or {"video", "topics": [{"title", "spans"}]}.
    """
    from longvid.evaluation import structure as judge
    from longvid.evaluation import table

    gold = judge.read_gold(file)
    with _open(library) as lib:
        results = judge.evaluate_structure(lib, gold, file, tolerance)
    if json_:
        output.record(judge.to_dict(results, file, _name(library)))
    else:
        output.result(table.structure(results))


@app.command("import", epilog="Example: longvid eval import lvbench video_info.meta.jsonl > questions.jsonl")
def import_(
    dataset: Annotated[
        str,
        typer.Argument(
            help="qvhighlights, activitynet-rtl, cg-bench, lvbench, video-mme, longvideobench, mlvu or qmsum."
        ),
    ],
    path: Annotated[Path, typer.Argument(help="The annotation file (or folder of them) as published.")],
    frame_rate: Annotated[
        float | None, typer.Option("--frame-rate", help="longvideobench: frames per second of the videos.")
    ] = None,
    turns: Annotated[
        Path | None,
        typer.Option("--turns", help='qmsum: JSON lines {"video", "turns": [[start_s, end_s], …]}.'),
    ] = None,
) -> None:
    """Turn a published annotation file into question lines, on stdout."""
    from longvid.evaluation.loaders import load
    from longvid.evaluation.loaders.common import LoadOptions

    imported = load(dataset, path, LoadOptions(frame_rate, turns))
    for note in imported.notes:
        output.note(f"note: {note}")
    for question in imported.questions:
        output.file(f"{question.to_json()}\n")
    timed = sum(bool(question.spans) for question in imported.questions)
    output.note(f"{len(imported.questions)} questions, {timed} with spans")


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        output.overwrite(f"{done}/{total} questions" if done < total else "")
