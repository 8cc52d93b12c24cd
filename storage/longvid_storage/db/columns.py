"""What a column may hold, checked whenever a row is read: SQLite takes any value in any column.

A library may be damaged, or come from somebody else. A value of another kind raises ``ValueError`` where it is fetched,
before anything is made of it; ``longvid_storage.db.damage`` then says in which row it lies. The same rules, over every
row, are ``longvid check``.
"""

from __future__ import annotations

import dataclasses
import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import cache
from itertools import repeat
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Connection,
    Dialect,
    Double,
    Integer,
    LargeBinary,
    Select,
    Text,
    TypeDecorator,
    type_coerce,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import NullType

from longvid_storage.db.dialects import POSTGRESQL

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Check = Callable[[Any], bool]
Made = TypeVar("Made", bound="DataclassInstance")


@runtime_checkable
class InOne(Protocol):
    """A kind of column of which many values are checked at once."""

    def all_sound(self, values: Sequence[Any]) -> bool:
        """Whether they are what reading them one by one would give, as they are."""
        ...


def in_columns(
    connection: Connection, columns: Sequence[Any], asked: Callable[[Sequence[Any]], Select[*tuple[Any, ...]]]
) -> list[tuple[Any, ...]]:
    """The values of each of ``columns`` in the rows of ``asked(columns)``, checked at once instead of one by one.

    Raises:
        ValueError: a value is not of its column's kind.
    """
    if found := _as_they_are(connection, columns, asked):
        return found
    return _turned(columns, connection.execute(asked(columns)).all())


def _as_they_are(
    connection: Connection, columns: Sequence[Any], asked: Callable[[Sequence[Any]], Select[*tuple[Any, ...]]]
) -> list[tuple[Any, ...]] | None:
    """See ``in_columns``: the driver's own rows, without an object around each; None where something is wrong."""
    if not all(isinstance(each.type, InOne) for each in columns):
        return None
    result = connection.execute(asked(_unchecked(tuple(columns))))
    try:
        found = _turned(columns, result.cursor.fetchall())
    except connection.dialect.loaded_dbapi.Error:
        return None  # text that is none, which is told of where rows are read one by one
    finally:
        result.close()
    sound = (column.type.all_sound(values) for column, values in zip(columns, found, strict=True))
    return found if all(sound) else None


def _turned(columns: Sequence[Any], rows: Sequence[Any]) -> list[tuple[Any, ...]]:
    return list(zip(*rows, strict=True)) or [()] * len(columns)


def objects_of(kind: type[Made], *fields: Iterable[Any]) -> list[Made]:
    """``list(map(kind, *fields))`` of a frozen dataclass with slots, whose own ``__init__`` takes five times as long.

    ``fields`` are all of its fields, in their order and equally long; it checks nothing in ``__post_init__``.
    """
    first, *rest = (list(each) for each in fields)
    if any(len(each) != len(first) for each in rest):
        raise ValueError(
            f"fields of {kind.__name__} have {[len(first), *map(len, rest)]} values: as many of each"
        )
    made = list(map(object.__new__, repeat(kind, len(first))))
    for field, values in zip(dataclasses.fields(kind), (first, *rest), strict=True):
        deque(map(getattr(kind, field.name).__set__, made, values), maxlen=0)
    return made


@cache
def _unchecked(columns: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(type_coerce(each, NullType()) for each in columns)


def _kinds(values: Sequence[Any]) -> set[type]:
    return set(map(type, values)) - {type(None)}


class Number(Double[float]):
    """A finite number that is not negative, such as seconds; ``signed``: a negative one too."""

    def __init__(self, signed: bool = False) -> None:
        super().__init__()
        self.signed = signed

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """Database to Python."""
        least = -math.inf if self.signed else 0

        def process(value: Any) -> Any:
            if value is None or (
                type(value) in _NUMBERS and least <= value < math.inf and value != -math.inf
            ):
                return value
            raise ValueError(f"{value!r:.40} is no {'' if self.signed else 'positive '}finite number")

        return process

    def all_sound(self, values: Sequence[Any]) -> bool:
        """See ``InOne``."""
        there = [each for each in values if each is not None]
        return (
            _kinds(there) <= set(_NUMBERS)
            and math.isfinite(sum(there))
            and (self.signed or min(there, default=0) >= 0)
        )


class Whole(Integer):
    """A whole number."""

    def all_sound(self, values: Sequence[Any]) -> bool:
        """See ``InOne``."""
        return _kinds(values) <= {int}

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """Database to Python."""
        return _only(int, "whole number")


class Flag(Boolean):
    """Yes or no."""

    def all_sound(self, values: Sequence[Any]) -> bool:
        """See ``InOne``; SQLite's are 0 and 1."""
        return set(values) <= {False, True, None}


class LongWhole(BigInteger):
    """A whole number in PostgreSQL, whose integers are short; SQLite counts rows in ``INTEGER`` alone."""


WHOLE = Whole().with_variant(LongWhole(), POSTGRESQL)


class Words(Text):
    """Text, which PostgreSQL compares by code points, as SQLite does."""

    def all_sound(self, values: Sequence[Any]) -> bool:
        """See ``InOne``."""
        return _kinds(values) <= {str}

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """Database to Python."""
        return _only(str, "text")


@compiles(Words, POSTGRESQL)
def _words(element: Words, compiler: Any, **kw: Any) -> str:
    return 'TEXT COLLATE "C"'


class Formed(Words):
    """Text of one form; ``what`` names it."""

    def __init__(self, form: Check, what: str) -> None:
        super().__init__()
        self.form = form
        self.what = what

    def all_sound(self, values: Sequence[Any]) -> bool:
        """See ``InOne``."""
        return super().all_sound(values) and all(map(self.form, set(values) - {None}))

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """Database to Python."""
        text = _only(str, "text")

        def process(value: Any) -> Any:
            if text(value) is not None and not self.form(value):
                raise ValueError(f"{value!r:.40} is no {self.what}")
            return value

        return process


class Name(Formed):
    """Text that rows are asked for by."""

    def __init__(self) -> None:
        super().__init__(is_name, "name")

    def all_sound(self, values: Sequence[Any]) -> bool:
        """See ``InOne``; where no part of the whole is bad, none is."""
        return Words.all_sound(self, values) and is_name("".join(filter(None, values)))


class Blob(LargeBinary):
    """Bytes."""

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """Database to Python."""
        return _only(bytes, "blob")


class Json(TypeDecorator[Any]):
    """JSON of one form; ``optional``: NULL where Python has None."""

    impl = JSON
    cache_ok = True

    def __init__(self, form: Check, optional: bool = False) -> None:
        super().__init__(none_as_null=optional)
        self.form = form
        self.optional = optional

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Database to Python."""
        if (value is None and self.optional) or self.form(value):
            return value
        raise ValueError(f"{value!r:.40} has not the form of this column")


def _only(kind: type, name: str) -> Callable[[Any], Any]:
    def process(value: Any) -> Any:
        if value is None or type(value) is kind:
            return value
        raise ValueError(f"{value!r:.40} is no {name}")

    return process


_NUMBERS = (float, int)


def is_name(value: str) -> bool:
    """Without NUL: rows are asked for by name in a list of JSON, and SQLite reads one there up to a NUL."""
    return "\0" not in value


def is_day(value: str) -> bool:
    """``YYYY-MM-DD``, or empty."""
    try:
        return not value or len(value) == len("YYYY-MM-DD") == len(str(date.fromisoformat(value)))
    except ValueError:
        return False


def is_pairs(value: str) -> bool:
    """Lines of ``name=value``."""
    return all("=" in line for line in value.splitlines())


def is_object(value: Any) -> bool:
    """An object, whatever is in it."""
    return type(value) is dict


def is_ids(value: Any) -> bool:
    """A list of whole numbers."""
    return type(value) is list and all(type(each) is int for each in value)


def is_names(value: Any) -> bool:
    """A list of texts."""
    return type(value) is list and all(type(each) is str for each in value)


def is_sentences(value: Any) -> bool:
    """A list of ``[text, ids]``."""
    return _rows(value, 2) and all(type(text) is str and is_ids(ids) for text, ids in value)


def is_words(value: Any) -> bool:
    """A list of ``[text, start_s, end_s]``."""
    return _rows(value, 3) and all(type(text) is str and _numbers(times) for text, *times in value)


def is_chapters(value: Any) -> bool:
    """A list of ``[start_s, end_s, title]``."""
    return _rows(value, 3) and all(type(title) is str and _numbers(times) for *times, title in value)


def is_boxes(value: Any) -> bool:
    """A list of ``[x0, y0, x1, y1]``."""
    return _rows(value, 4) and all(map(_numbers, value))


def is_times(value: Any) -> bool:
    """A list of ``[letter, start_s, end_s]``."""
    return _rows(value, 3) and all(map(_numbers, value))


def _rows(value: Any, width: int) -> bool:
    return type(value) is list and all(type(row) is list and len(row) == width for row in value)


def _numbers(values: list[Any]) -> bool:
    return all(type(each) in _NUMBERS and math.isfinite(each) for each in values)
