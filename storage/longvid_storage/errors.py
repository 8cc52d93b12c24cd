"""One exception tree for the whole of longvid.

::

    LongvidError               anything longvid says to its user in one sentence
    ├── UsageError             the call itself is wrong (empty question, k = 0); exit status 2
    ├── LibraryError           the library cannot be used as asked
    │   ├── NotALibraryError   the path holds something else
    │   ├── SchemaError        the library was written by a newer longvid
    │   ├── ReadOnlyError      the library may be read but not written
    │   ├── BusyError          another process is writing
    │   ├── NotFoundError      no such video or collection, or an ambiguous name
    │   └── StorageFullError   the disk is full
    ├── AccessError            a server may not do this for who asks
    ├── MediaError             one input file cannot be indexed; the others go on
    └── ModelError             a model cannot be loaded or run
        ├── MissingExtraError  the package that carries it is not installed
        └── ModelMismatchError the library was written with another model

Every message says what was wrong, the value, what is allowed, and what to do next. ``code`` is a short stable
word for programs (``"not_found"``); third-party errors are mapped to these at the edge where they arise.
"""

from __future__ import annotations


class LongvidError(Exception):
    """Base of every error longvid raises on purpose; ``str(error)`` is one sentence for a person."""

    code = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class UsageError(LongvidError):
    """The call itself is wrong; nothing was done."""

    code = "usage"


class LibraryError(LongvidError):
    """The library cannot be used as asked."""

    code = "library"


class NotALibraryError(LibraryError):
    """The path exists but holds something other than a longvid library."""

    code = "not_a_library"


class SchemaError(LibraryError):
    """The library was written by a newer longvid than this one."""

    code = "newer_schema"


class ReadOnlyError(LibraryError):
    """The library can be read but not written."""

    code = "read_only"


class BusyError(LibraryError):
    """Another process holds the library's write lock."""

    code = "busy"


class NotFoundError(LibraryError):
    """No video or collection answers to that name, or several do."""

    code = "not_found"


class StorageFullError(LibraryError):
    """There is no room left on the disk that holds the library."""

    code = "disk_full"


class AccessError(LongvidError):
    """A server may not do this for who asks; ``code`` says why (``"unauthorized"``, ``"forbidden"``, …)."""

    code = "forbidden"


class MediaError(LongvidError):
    """One input file cannot be indexed; ``code`` says why (``"empty_file"``, ``"not_media"``, …)."""

    code = "media"


OUT_OF_TIME = "out_of_time"
"""The ``code`` of a ``ModelError`` when a call took as long as it was given."""


class ModelError(LongvidError):
    """A model cannot be loaded or run."""

    code = "model"


class MissingExtraError(ModelError):
    """The package that carries a model or backend is not installed."""

    code = "missing_extra"


class ModelMismatchError(ModelError):
    """The library holds vectors of another model than the one asked for."""

    code = "model_mismatch"


def first_line(error: BaseException) -> str:
    """The first sentence of what a library says of its error, without the pages that may follow; never empty."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0].partition(". ")[0].rstrip(" .:!") if lines else "") or type(error).__name__


class LongvidWarning(UserWarning):
    """Work went on, but not as asked: a full GPU got smaller batches. The command line prints it as one line."""
