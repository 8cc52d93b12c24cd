"""Where conversations are kept: LangGraph's SQLite checkpointer over one file, in JSON and nothing else.

LangGraph's own serialiser can name classes to be imported and built again when a checkpoint is read; this one cannot:
what comes out of the file is numbers, texts, lists and dictionaries.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longvid_agents.conversation.turns import Turn, filters_from_plain, turns_from_plain
from longvid_storage.db.library_files import CHATS, mapped_errors
from longvid_storage.errors import LibraryError
from longvid_storage.types import Scope

if TYPE_CHECKING:
    from langgraph.checkpoint.sqlite import SqliteSaver

_BUSY_S = 30.0


class JsonSerializer:
    """Fulfils LangGraph's ``SerializerProtocol`` with JSON."""

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        """Plain values to JSON; of an exception (LangGraph notes those of a failed node) its words are kept."""
        return "json", json.dumps(obj, default=_words).encode()

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """JSON to plain values; anything else in the file is refused."""
        kind, stored = data
        if kind != "json":
            raise LibraryError(
                f"the conversations hold something stored as {kind!r}, which this longvid never writes: "
                f"delete the library's {CHATS}"
            )
        return json.loads(stored)


def _words(value: Any) -> str:
    if isinstance(value, BaseException):
        return repr(value)
    raise TypeError(f"{type(value).__name__} is not plain data")


@dataclass(frozen=True, slots=True)
class Session:
    """A stored conversation: its name, what it may look at, its turns, oldest first."""

    name: str
    filters: Scope
    turns: tuple[Turn, ...]


@contextmanager
def opened(library: Path) -> Iterator[SqliteSaver]:
    """The checkpointer of the library in that directory; the file is made with the first conversation.

    Raises:
        LibraryError: the file cannot be used.
    """
    from langgraph.checkpoint.sqlite import SqliteSaver

    with mapped_errors(library):
        connection = sqlite3.connect(library / CHATS, timeout=_BUSY_S, check_same_thread=False)
        try:
            connection.execute("PRAGMA secure_delete = ON")
            saver = SqliteSaver(connection, serde=JsonSerializer())
            saver.setup()
            yield saver
        finally:
            connection.close()


def thread(name: str) -> dict[str, Any]:
    """LangGraph's configuration for a session."""
    return {"configurable": {"thread_id": name, "checkpoint_ns": ""}}


def names(saver: SqliteSaver) -> list[str]:
    """The sessions, the one used last first."""
    with saver.cursor(transaction=False) as cursor:
        rows = cursor.execute(
            "SELECT thread_id FROM checkpoints GROUP BY thread_id ORDER BY max(checkpoint_id) DESC"
        )
        return [name for (name,) in rows]


def session(saver: SqliteSaver, name: str) -> Session | None:
    """The session of that name, as of its last finished turn; None when there is none.

    Raises:
        LibraryError: its data is not what longvid writes.
    """
    found = saver.get_tuple(thread(name))  # type: ignore[arg-type]
    if found is None:
        return None
    values = found.checkpoint["channel_values"]
    try:
        if "filters" not in values:  # killed before its first turn had begun
            return Session(name, Scope(), ())
        return Session(name, filters_from_plain(values["filters"]), turns_from_plain(values.get("turns", ())))
    except (KeyError, TypeError, AttributeError) as error:
        raise LibraryError(
            f"the conversation {name!r} is damaged ({error}): longvid chat --delete {name!r} removes it"
        ) from error


def prune(saver: SqliteSaver, name: str) -> None:
    """Keep only the newest checkpoint: a conversation goes on from its end, and older ones hold the same turns."""
    with saver.cursor() as cursor:
        (newest,) = cursor.execute(
            "SELECT max(checkpoint_id) FROM checkpoints WHERE thread_id = ?", (name,)
        ).fetchone()
        for table in ("checkpoints", "writes"):
            cursor.execute(
                f"DELETE FROM {table} WHERE thread_id = ? AND checkpoint_id < ?",
                (name, newest),
            )


def delete(saver: SqliteSaver, name: str) -> bool:
    """Delete a session with every word of it; False when there is none."""
    there = name in names(saver)
    saver.delete_thread(name)
    saver.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return there
