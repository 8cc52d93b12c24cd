"""What the loaders share: reading rows, clock times, options."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from longvid.evaluation.questions import Question, read_lines
from longvid_storage.errors import MissingExtraError

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """What some annotations lack: frames per second of the videos; a file with the times of turns."""

    frame_rate: float | None = None
    turns: Path | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """The questions of an annotation file, and what a person should know about how they were read."""

    questions: tuple[Question, ...]
    notes: tuple[str, ...] = ()


def read_rows(path: Path) -> Any:
    """The value in a ``.json`` file, or the list of objects of a ``.jsonl`` or ``.parquet`` file."""
    if path.suffix == ".jsonl":
        return [row for _, row in read_lines(path)]
    if path.suffix == ".parquet":
        return _read_parquet(path)
    return json.loads(path.read_text(encoding="utf-8-sig"))


def _read_parquet(path: Path) -> list[Row]:
    try:
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError as error:
        raise MissingExtraError(f"reading {path.name} needs pyarrow: pip install pyarrow") from error
    rows: list[Row] = parquet.read_table(path).to_pylist()
    return rows


def json_files(path: Path) -> Iterator[Path]:
    """``path`` itself, or the ``.json`` files of that folder in the order of their names."""
    yield from sorted(path.glob("*.json")) if path.is_dir() else [path]


def clock_s(text: str) -> float:
    """``"MM:SS"`` or ``"HH:MM:SS"`` (seconds may have decimals) as seconds."""
    seconds = 0.0
    for part in text.split(":"):
        seconds = seconds * 60 + float(part)
    return seconds


def letter_index(letter: str) -> int:
    """0 for ``"A"``, 1 for ``"B"``, …"""
    if len(letter) != 1 or not "A" <= letter <= "Z":
        raise ValueError(f'the answer "{letter}" is not a letter from A to Z')
    return ord(letter) - ord("A")


def choice(options: Sequence[str], letter: str) -> str:
    """The text of the option that ``letter`` names."""
    return options[letter_index(letter)]
