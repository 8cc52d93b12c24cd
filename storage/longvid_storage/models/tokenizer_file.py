"""What no model's ``tokenizer.json`` asks for: whoever loads it takes all memory, or ends the whole process."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from longvid_storage.errors import ModelError

MOST_GROWTH = 1000
"""So many times as long as a text is what a tokenizer makes of it, at most: that of a model makes it thrice as long."""
MOST_PADDING = 1_000_000
"""To so many tokens a text is filled up, at most."""
# Of the file, which may have a million merges, only these parts are read; the merges where their second parts are cut.
_PARTS = re.compile(r'(?<!\\)"(normalizer|padding)"\s{0,99}:\s{0,99}(?=[{])')
_CUT = re.compile(r'(?<!\\)"continuing_subword_prefix"\s{0,99}:\s{0,99}"[^"]')


def check_tokenizer(path: Path) -> None:
    """Nothing where there is none, or none that can be read: whoever loads it says so.

    Raises:
        ModelError: it makes texts more than ``MOST_GROWTH`` times as long (forty replacements of "a" by "aa", one after
            the other, take all memory for one letter), fills them up to more than ``MOST_PADDING`` tokens, or would be
            read past an end.
    """
    try:
        written = path.read_text(encoding="utf-8")
        parts = [
            (at[1], json.JSONDecoder().raw_decode(written, at.end())[0]) for at in _PARTS.finditer(written)
        ]
        whole = json.loads(written) if _CUT.search(written) else None
    except (OSError, ValueError, RecursionError):
        return
    for name, part in parts:
        if name == "padding":
            _check_padding(path, part)
            continue
        if _growth(part) > MOST_GROWTH:
            raise _none(path, f"makes texts more than {MOST_GROWTH:,} times as long")
        if any(_reads_past(each.get("precompiled_charsmap")) for each in _objects(part)):
            raise _none(path, "has a table of letters that says it is longer than it is")
    if any(map(_cuts_letters, _objects(whole))):
        raise _none(path, "joins pieces of words that lack the prefix of such pieces")


def _none(path: Path, does: str) -> ModelError:
    return ModelError(f"{path} {does}: no model's does, check where the directory comes from")


def _objects(part: Any) -> Iterator[dict[str, Any]]:
    waiting = [part]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            yield each
            waiting += each.values()
        elif isinstance(each, list):
            waiting += (inner for inner in each if isinstance(inner, dict))


def _growth(part: Any) -> float:
    growth = 1.0
    for each in _objects(part):
        if isinstance(content := each.get("content"), str):
            pattern = each.get("pattern")
            found = pattern.get("String") if isinstance(pattern, dict) else None
            growth *= max(1, len(content) / max(1, len(found) if isinstance(found, str) else 1))
    return growth


def _check_padding(path: Path, part: dict[str, Any]) -> None:
    strategy = part.get("strategy")
    asked = [part.get("pad_to_multiple_of"), strategy.get("Fixed") if isinstance(strategy, dict) else None]
    if any(isinstance(each, int) and each > MOST_PADDING for each in asked):
        raise _none(path, f"fills texts up to more than {MOST_PADDING:,} tokens")


def _reads_past(table: Any) -> bool:
    """Whether a table of letters (SentencePiece's: length of its first part in four bytes, that part, the rest)
    promises more than it has. The library in Rust takes that much memory before it looks."""
    if not isinstance(table, str):
        return False
    try:
        data = base64.b64decode(table)
    except ValueError:
        return False  # whoever loads it says so
    return int.from_bytes(data[:4], "little") > len(data) - 4


def _cuts_letters(model: dict[str, Any]) -> bool:
    """Whether a merge's second part is cut after the prefix although it does not begin with it: within a letter, that
    ends the process."""
    prefix, merges = model.get("continuing_subword_prefix"), model.get("merges")
    if not isinstance(prefix, str) or not isinstance(merges, list):
        return False
    pairs = (each.split(" ", 1) if isinstance(each, str) else each for each in merges)
    return any(
        isinstance(pair, list) and len(pair) == 2 and not str(pair[1]).startswith(prefix) for pair in pairs
    )
