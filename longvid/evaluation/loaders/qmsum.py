"""QMSum: questions on meetings, answered by runs of turns.

Form: the README of github.com/Yale-LILY/QMSum (Zhong et al., NAACL 2021). A meeting is an object with
``topic_list``, ``general_query_list``, ``specific_query_list`` (``query``, ``answer``,
``relevant_text_span``) and ``meeting_transcripts`` (``speaker``, ``content``). It is the content of
``<meeting>.json``, or a line of a ``.jsonl``, which does not name it. A span is ``[first turn, last
turn]``, both included, counted from 0 and written as text.

QMSum has **no times at all**. They must come from elsewhere (for its AMI and ICSI meetings, from those
corpora): ``--turns FILE``, JSON lines of ``{"video", "turns": [[start_s, end_s], …]}``, an entry a turn. A
span then runs from the start of its first turn to the latest end among its turns. Without that file the
questions keep their turns and have no spans.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from longvid.evaluation.loaders.common import Imported, LoadOptions, Row, json_files, read_rows
from longvid.evaluation.questions import Question, parse_spans, read_lines
from longvid.evaluation.retrieval import Span
from longvid_storage.errors import UsageError

_NO_TIMES = "QMSum has no times: questions keep their turns and have no spans (give --turns FILE)"
_NO_NAMES = "a .jsonl of QMSum does not name its meetings: they are called <file>-<line>, from 1"


def load(path: Path, options: LoadOptions) -> Imported:
    """``kind`` is ``specific`` or ``general``; a general query is about the whole meeting and has no span."""
    times = _read_turns(options.turns) if options.turns else None
    questions = tuple(q for name, meeting in _meetings(path) for q in _questions(name, meeting, times))
    notes = [
        note for note, true in ((_NO_TIMES, times is None), (_NO_NAMES, path.suffix == ".jsonl")) if true
    ]
    return Imported(questions, tuple(notes))


def _meetings(path: Path) -> Iterator[tuple[str, Row]]:
    if path.suffix == ".jsonl":
        for number, meeting in enumerate(read_rows(path), start=1):
            yield f"{path.stem}-{number}", meeting
        return
    for file in json_files(path):
        yield file.stem, read_rows(file)


def _questions(name: str, meeting: Row, times: dict[str, tuple[Span, ...]] | None) -> Iterator[Question]:
    count = len(meeting["meeting_transcripts"])
    if times is not None:
        if name not in times:
            raise UsageError(f'the file of turns has no meeting "{name}"')
        if len(times[name]) != count:
            raise UsageError(f'meeting "{name}" has {count} turns, the file of turns {len(times[name])}')
    kinds = (("general", meeting["general_query_list"]), ("specific", meeting["specific_query_list"]))
    queries = [(kind, query) for kind, some in kinds for query in some]
    for number, (kind, query) in enumerate(queries, start=1):
        turns = [(int(first), int(last)) for first, last in query.get("relevant_text_span", ())]
        spans = tuple(_span(times[name], turn) for turn in turns) if times is not None else ()
        extra = {"turns": [list(turn) for turn in turns]} if turns else {}
        yield Question(f"{name}#{number}", name, query["query"], spans, query["answer"], kind, extra)


def _span(times: Sequence[Span], turn: tuple[int, int]) -> Span:
    inside = times[turn[0] : turn[1] + 1]
    if turn[0] < 0 or not inside:
        raise ValueError(f"turns {turn[0]} to {turn[1]} do not exist among {len(times)}")
    return inside[0][0], max(end_s for _, end_s in inside)


def _read_turns(path: Path) -> dict[str, tuple[Span, ...]]:
    turns: dict[str, tuple[Span, ...]] = {}
    for number, row in read_lines(path):
        try:
            turns[row["video"]] = parse_spans(row["turns"])
        except (KeyError, ValueError) as error:
            raise UsageError(f'{path}, line {number}: not {{"video", "turns"}} ({error})') from error
    return turns
