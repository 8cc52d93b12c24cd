"""Transcripts as tables: TSV and CSV of Whisper (milliseconds), exports with a header, tiers of ELAN, the labels of
Audacity."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from itertools import combinations

from longvid_indexer.subtitles.building import add_spoken, seconds, speaker_label, unit_of, until_next
from longvid_indexer.subtitles.cue import Subtitles

_COLUMNS = {
    "start": (
        "start", "start_time", "starttime", "begin", "from", "start_ms", "start time", "in", "start tc", "tc in",
        "start time in milliseconds",
        "timecode in", "in point", "timestamp", "timecode", "time", "beginn", "anfang", "début", "inicio", "inizio",
        "начало", "开始", "开始时间", "開始",
    ),
    "end": (
        "end", "end_time", "endtime", "to", "stop", "end_ts", "end_ms", "end time", "out", "end tc", "tc out",
        "end time in milliseconds",
        "timecode out", "out point", "ende", "fin", "fine", "конец", "结束", "结束时间", "終了",
    ),
    "text": (
        "text", "transcript", "content", "sentence", "caption", "subtitle", "utterance", "annotation", "dialogue",
        "dialog", "line", "transkript", "texte", "texto", "testo", "текст", "内容", "文本", "テキスト",
    ),
    "speaker": (
        "speaker", "speaker_label", "speaker_name", "name", "speaker name", "speaker id", "speaker_id", "participant",
        "tier", "sprecher", "locuteur", "hablante", "orador", "спикер", "说话人", "発言者",
    ),
}  # fmt: skip
_COMMA = re.compile(r"(?<=\d),(?=\d{1,3}\Z)")
# A table without a header: so many columns, and rows that show what they are.
_FEWEST_COLUMNS, _ROWS_READ = 4, 20
_LABEL = re.compile(r"\d{1,9}\.\d{1,9}\t\d{1,9}\.\d{1,9}\t")


def is_table(text: str) -> bool:
    """Whether the first line names columns of times and text or is a label of Audacity, or the rows show what they are.

    Of a start alone it is one where speakers have a column too.
    """
    return _layout(text) is not None


def parse_table(text: str) -> Subtitles:
    """The cues of a table; whole numbers are milliseconds where they cannot be seconds."""
    read = Subtitles()
    layout = _layout(text)
    if layout is None:
        return read
    delimiter, columns, first = layout
    lines = text.splitlines()[first:]
    # Whisper writes its tab-separated text without quoting.
    plain = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    rows: list[Sequence[str]] = []
    try:
        rows.extend(
            row for row in (plain if delimiter == "\t" else csv.reader(lines, delimiter=delimiter)) if row
        )
    except csv.Error:
        read.problems["rows behind one that cannot be parsed were left out"] += 1
    spans = [(_time(row, columns["start"]), _time(row, columns.get("end", len(row)))) for row in rows]
    unit = unit_of(
        [
            (seconds(a), seconds(b), len(_cell(row, columns["text"])))
            for row, (a, b) in zip(rows, spans, strict=True)
        ]
    )
    starts = [_moment(start, unit) or 0.0 for start, _ in spans]
    following = until_next(starts, [_cell(row, columns["text"]) for row in rows])
    for row, (start, end), next_s in zip(rows, spans, following, strict=True):
        start_s, end_s = (_moment(value, unit) for value in (start, end))
        end_s = next_s if "end" not in columns else end_s
        # Text with the delimiter in it, unquoted, is the rest of the row.
        last = len(columns) - 1 == columns["text"] and delimiter == "\t"
        text_cell = delimiter.join(row[columns["text"] :]) if last else _cell(row, columns["text"])
        add_spoken(
            read, start_s, end_s, text_cell, speaker_label(_cell(row, columns.get("speaker", len(row))))
        )
    return read


def _layout(text: str) -> tuple[str, dict[str, int], int] | None:
    """``(delimiter, column of each role, first row)``."""
    head = text.lstrip("\ufeff")[:2000].split("\n", 1)[0].rstrip("\r")
    if _LABEL.match(head):
        return "\t", {"start": 0, "end": 1, "text": 2}, 0
    for delimiter in "\t,;":
        names = [name.strip().strip('"').casefold() for name in head.split(delimiter)]
        columns = {
            role: names.index(name)
            for role, known in _COLUMNS.items()
            if (name := next((each for each in known if each in names), None)) is not None
        }
        if {"start", "text"} <= columns.keys() and columns.keys() & {"end", "speaker"}:
            return delimiter, columns, 1
    return _without_header(text)


def _without_header(text: str) -> tuple[str, dict[str, int], int] | None:
    """The layout of rows that all have two times, the second later, text in the last column and names in one before
    them, as ELAN exports tiers."""
    rows = [
        line.split("\t") for line in text.lstrip("\ufeff")[:4000].splitlines()[:_ROWS_READ] if line.strip()
    ]
    rows = rows[: max(2, len(rows) - 1)]  # the last line may be cut
    width = len(rows[0]) if rows else 0
    if len(rows) < 2 or width < _FEWEST_COLUMNS or any(len(row) != width for row in rows):
        return None
    if not all(any(map(str.isalpha, row[-1])) for row in rows):
        return None
    times = [[seconds(cell.strip()) for cell in row] for row in rows]
    for start, end in combinations(range(width - 1), 2):
        spans = [(row[start], row[end]) for row in times]
        if all(from_s is not None and to_s is not None and from_s < to_s for from_s, to_s in spans):
            columns = {"start": start, "end": end, "text": width - 1}
            names = [at for at in range(start) if all(any(map(str.isalpha, row[at])) for row in rows)]
            return "\t", columns | ({"speaker": names[0]} if names else {}), 0
    return None


def _cell(row: Sequence[str], column: int) -> str:
    return row[column] if column < len(row) else ""


def _time(row: Sequence[str], column: int) -> str:
    """A time, with a point where it has a decimal comma."""
    cell = _cell(row, column).strip()
    return _COMMA.sub(".", cell) if ":" not in cell else cell


def _moment(value: str, scale: float) -> float | None:
    found = seconds(value)
    return found * scale if found is not None and ":" not in value else found
