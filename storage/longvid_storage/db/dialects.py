"""What SQLite and PostgreSQL say in different words; everything else of SQL is SQLAlchemy's to say."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, Connection, String, bindparam, cast, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

POSTGRESQL = "postgresql"


class JsonItems(GenericFunction[Any]):
    """One row for each item of a JSON array, as ``value``."""

    name = "json_each"
    inherit_cache = True


@compiles(JsonItems, POSTGRESQL)
def _items(element: JsonItems, compiler: Any, **kw: Any) -> str:
    return f"json_array_elements_text(CAST({compiler.process(element.clauses, **kw)} AS JSON))"


def each_id(ids: Iterable[int]) -> Any:
    """A query of these ids, for ``column.in_``: one parameter, whatever their number.

    A thousand placeholders take longer to write than to look up, and PostgreSQL takes no more than 65,535.
    """
    return _ids_in(as_ids(ids))


def each_id_given(name: str) -> Any:
    """The same of the parameter ``name``, whose value is ``as_ids`` of them: for a statement that is made once."""
    return _ids_in(bindparam(name, type_=String))


def as_ids(ids: Iterable[int]) -> str:
    """Ids as one parameter."""
    return json.dumps([int(each) for each in ids])


def _ids_in(listed: Any) -> Any:
    return select(cast(JsonItems(listed).table_valued("value").c.value, BigInteger))


def each_text(texts: Iterable[str]) -> Any:
    """A query of these texts, for ``column.in_``."""
    return _texts_in(as_texts(texts))


def each_text_given(name: str) -> Any:
    """The same of the parameter ``name``, whose value is ``as_texts`` of them."""
    return _texts_in(bindparam(name, type_=String))


def as_texts(texts: Iterable[str]) -> str:
    """Texts as one parameter."""
    return json.dumps(list(texts))


def _texts_in(listed: Any) -> Any:
    return select(JsonItems(listed).table_valued("value").c.value)


def is_postgresql(connection: Connection) -> bool:
    """Whether the library is in PostgreSQL."""
    return connection.dialect.name == POSTGRESQL
