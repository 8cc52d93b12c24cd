"""Transcripts as tables: TSV and CSV of Whisper (milliseconds), exports with a header, the labels of Audacity."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

from longvid_indexer.subtitles.building import add_spoken, seconds, speaker_label, unit_of, until_next
from longvid_indexer.subtitles.cue import Subtitles

_COLUMNS = {
    "start": (
        "start", "start_time", "starttime", "begin", "from", "start_ms", "start time", "in", "start tc", "tc in",
        "timecode in", "in point", "timestamp", "timecode", "time", "beginn", "anfang", "début", "inicio", "inizio",
        "начало", "开始", "开始时间", "開始",
    ),
    "end": (
        "end", "end_time", "endtime", "to", "stop", "end_ts", "end_ms", "end time", "out", "end tc", "tc out",
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
_LABEL = re.compile(r"\d{1,9}\.\d{1,9}\t\d{1,9}\.\d{1,9}\t")


def is_table(text: str) -> bool:
    """Whether the first line names columns of times and text, or is a label as Audacity exports it.

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
    spans = [(_cell(row, columns["start"]), _cell(row, columns.get("end", len(row)))) for row in rows]
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
    return None


def _cell(row: Sequence[str], column: int) -> str:
    return row[column] if column < len(row) else ""


def _moment(value: str, scale: float) -> float | None:
    found = seconds(value)
    return found * scale if found is not None and ":" not in value else found
