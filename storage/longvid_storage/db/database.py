"""What a library asks of the database that it lies in: the little that SQLite and PostgreSQL do in different ways."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import Connection, Engine

from longvid_storage.types import Scope

if TYPE_CHECKING:
    from longvid_storage.db.checking import CheckReport


class Database(Protocol):
    """One open database of the newest schema; used from several threads.

    ``SqliteDatabase`` is a directory's, ``PostgresDatabase`` one of a server's. ``path`` is the directory where this
    machine keeps what is derived (of SQLite, the library itself); ``name`` is how the library is called in messages.
    """

    name: str
    path: Path
    engine: Engine
    read_only: bool

    @property
    def address(self) -> str:
        """What opens it in another process, password and all: never told to anybody."""
        ...

    @property
    def shared(self) -> bool:
        """Whether processes on several machines may write to it."""
        ...

    def bytes_held(self) -> int:
        """What it takes where it lies, apart from files under ``path``."""
        ...

    def close(self) -> None:
        """Let go of its connections and files."""
        ...

    def mapped_errors(self) -> AbstractContextManager[None]:
        """Turns the database's complaints into longvid's during the block."""
        ...

    def refusal(self) -> Exception:
        """The error for writing where that is not allowed."""
        ...

    def reading(self, scope: Scope) -> AbstractContextManager[Connection]:
        """A snapshot for the block; a damaged row is told of within the ``scope``."""
        ...

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction that commits when the block ends well; others wait for its end."""
        ...

    def writer_lock(
        self, wait: bool = True, on_wait: Callable[[str], None] | None = None
    ) -> AbstractContextManager[None]:
        """Keeps other processes from writing during the block; see ``Store.writer_lock``."""
        ...

    def claim(self, what: str) -> AbstractContextManager[bool]:
        """Keeps the work on ``what`` for this process; False where another has it."""
        ...

    def working_off(self) -> AbstractContextManager[bool]:
        """Whether this process may do the library's jobs; False where another does them already."""
        ...

    def help_holder(self) -> None:
        """See ``Store.help_holder``."""
        ...

    def wait_for_helpers(self) -> None:
        """See ``Store.wait_for_helpers``."""
        ...

    def note_deleted(self) -> None:
        """Rows were deleted: what the files still have of them goes when this is closed."""
        ...

    def erase_deleted(self) -> None:
        """What was deleted leaves the files now, or, while somebody reads an older state, when this is closed."""
        ...

    def check(self, repair: bool) -> CheckReport:
        """See ``Store.check``."""
        ...

    def backup(self, target: Path, force: bool) -> None:
        """See ``Store.backup``. Raises ``UsageError``: it has tools of its own for that."""
        ...
