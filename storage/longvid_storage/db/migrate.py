"""Bringing a library's schema up to date; Alembic is loaded only when there is something to do."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import Connection, insert, inspect, text

from longvid_storage.db import word_index
from longvid_storage.db.dialects import is_postgresql
from longvid_storage.db.library_files import APPLICATION_ID
from longvid_storage.db.schema import HEAD, VERSIONS, Base, LibraryState
from longvid_storage.errors import NotALibraryError, SchemaError

_MIGRATIONS = Path(__file__).parent / "migrations"
_VERSION_TABLE = "alembic_version"
# Those of older schemas too: they are upgraded.
_TABLES = {
    *Base.metadata.tables, _VERSION_TABLE, "sqlite_sequence", "sqlite_stat1", "sqlite_stat4", "units", "unit_vectors",
}  # fmt: skip
_WORDS = re.compile(r"(words|lexical)_[a-z_]+")
_SHADOWS = re.compile(rf"{_WORDS.pattern}_(data|idx|content|docsize|config)")


def current_version(connection: Connection) -> str | None:
    """The schema version of the database; None when it is empty.

    Raises:
        NotALibraryError: it holds something other than a library.
        SchemaError: its version is not one this longvid knows, so a newer one wrote it.
    """
    application = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
    if application == APPLICATION_ID:
        version = str(connection.execute(text(f"SELECT version_num FROM {_VERSION_TABLE}")).scalar_one())
        if version not in VERSIONS:
            raise SchemaError(
                f"{_place(connection)} was written by a newer longvid than this one "
                f"(schema {version}, known to {HEAD}): upgrade longvid, or use another library"
            )
        _require_ours(connection)
        return version
    if application == 0 and not inspect(connection).get_table_names():
        return None
    raise NotALibraryError(f"{_place(connection)} is another program's database: name another path")


def _require_ours(connection: Connection) -> None:
    """Raise ``NotALibraryError`` where the schema holds what longvid never made: it would run when we write or read.

    Columns that are generated and the like run nothing that reaches outside (``trusted_schema`` is off).
    """
    query = text(
        "SELECT type, name, coalesce(sql, '') FROM sqlite_master WHERE type <> 'index' ORDER BY name"
    )
    for kind, name, sql in connection.execute(query):
        virtual = " ".join(str(sql).split()).upper().startswith("CREATE VIRTUAL")
        made_by = re.search(r"\bUSING\s+(fts5|fts5vocab)\s*\(", str(sql)) if virtual else None
        if kind == "table" and (
            (_WORDS.fullmatch(name) and made_by) if virtual else (name in _TABLES or _SHADOWS.fullmatch(name))
        ):
            continue
        what = f"the virtual table {name!r}" if virtual else f"the {kind} {name!r}"
        raise NotALibraryError(
            f"{_place(connection)} holds {what}, which longvid did not make and which could run when the library is "
            "used: use another library, or index the videos again"
        )


def _place(connection: Connection) -> str:
    return str(connection.exec_driver_sql("PRAGMA database_list").all()[0].file)


def create(connection: Connection) -> None:
    """Make all tables of the newest schema in an empty database."""
    from longvid_storage.db import terms

    Base.metadata.create_all(connection)
    word_index.create(connection)
    connection.execute(
        text(
            f"CREATE TABLE {_VERSION_TABLE} (version_num VARCHAR(32) NOT NULL, "
            f"CONSTRAINT {_VERSION_TABLE}_pkc PRIMARY KEY (version_num))"
        )
    )
    connection.execute(text(f"INSERT INTO {_VERSION_TABLE} VALUES (:head)"), {"head": HEAD})
    connection.execute(insert(LibraryState).values(library_key=1, generation=0, analysis=terms.signature()))
    if not is_postgresql(connection):
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")


def upgrade(connection: Connection, *, target: str = "head") -> None:
    """Run the migrations between the database's version and ``target``, all in the connection's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, target)
