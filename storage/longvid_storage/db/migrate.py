"""Bringing a library's schema up to date; Alembic is loaded only when there is something to do."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, insert, inspect, text

from longvid_storage.db import terms, word_index
from longvid_storage.db.library_files import APPLICATION_ID
from longvid_storage.db.schema import HEAD, VERSIONS, Base, LibraryState
from longvid_storage.errors import NotALibraryError, SchemaError

_MIGRATIONS = Path(__file__).parent / "migrations"
_VERSION_TABLE = "alembic_version"


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
        return version
    if application == 0 and not inspect(connection).get_table_names():
        return None
    raise NotALibraryError(f"{_place(connection)} is another program's database: name another path")


def _place(connection: Connection) -> str:
    return str(connection.exec_driver_sql("PRAGMA database_list").all()[0].file)


def create(connection: Connection) -> None:
    """Make all tables of the newest schema in an empty database."""
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
    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")


def upgrade(connection: Connection, *, migrations: Path = _MIGRATIONS, target: str = "head") -> None:
    """Run the migrations between the database's version and ``target``, all in the connection's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, target)
