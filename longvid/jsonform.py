"""The JSON contract: frozen objects to plain dictionaries whose keys are the attributes' names."""

from __future__ import annotations

import dataclasses
import json
from functools import cache
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
    kind: Any = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if (fields := _fields(kind)) is not None:
        return {name: _rounded(to_plain(getattr(value, name)), digits) for name, digits in fields}
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(to_plain(item) for item in value)
    return value


_AS_THEY_ARE = frozenset((str, int, float, bool, type(None)))


@cache
def _fields(kind: type) -> tuple[tuple[str, int], ...] | None:
    """The attributes of a dataclass, and to how many digits a number there is told; asked for once a class."""
    if not dataclasses.is_dataclass(kind):
        return None
    names = (field.name for field in dataclasses.fields(kind))
    return tuple((name, 3 if name.endswith("_s") or name == "seconds" else 6) for name in names)


def _rounded(value: Any, digits: int) -> Any:
    return round(value, digits) if isinstance(value, float) else value
