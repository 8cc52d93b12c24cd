"""What SQLite and PostgreSQL say in different words; everything else of SQL is SQLAlchemy's to say."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, Connection, cast, select
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
    listed = JsonItems(json.dumps([int(each) for each in ids])).table_valued("value")
    return select(cast(listed.c.value, BigInteger))


def each_text(texts: Iterable[str]) -> Any:
    """A query of these texts, for ``column.in_``."""
    listed = JsonItems(json.dumps(list(texts))).table_valued("value")
    return select(listed.c.value)


def is_postgresql(connection: Connection) -> bool:
    """Whether the library is in PostgreSQL."""
    return connection.dialect.name == POSTGRESQL
