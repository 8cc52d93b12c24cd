"""The JSON contract: frozen objects to plain dictionaries whose keys are the attributes' names."""

from __future__ import annotations

import dataclasses
import json
from typing import Any


def dumps(value: object) -> str:
    """One line of JSON; text in any script stays readable, what is not seen is escaped."""
    text = json.dumps(to_plain(value), ensure_ascii=False, allow_nan=False)
    return text if text.isprintable() else "".join(map(_sign, text))


def _sign(sign: str) -> str:
    # Nothing but strings holds such signs. A byte that is no text is escaped where it is printed.
    return sign if sign.isprintable() or "\ud800" <= sign <= "\udfff" else json.dumps(sign)[1:-1]


def to_plain(value: Any) -> Any:
    """Dataclasses as dictionaries, tuples and sets (sorted) as lists; seconds to the millisecond, scores to 1e-6."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _number(f.name, to_plain(getattr(value, f.name))) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(to_plain(item) for item in value)
    return value


def _number(name: str, value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return round(value, 3 if name.endswith("_s") or name == "seconds" else 6)
