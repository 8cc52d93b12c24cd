"""longvid: ask hours of video a question; every claim of the answer cites video and time.

>>> from longvid import Library                                     # doctest: +SKIP
>>> lib = Library.open("talks.longvid", create=True)                 # doctest: +SKIP
>>> lib.index(["lectures/"])                                         # doctest: +SKIP
>>> lib.ask("when does the speaker define the learning rate?").answer  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from longvid_storage.errors import (
    AccessError,
    BusyError,
    LibraryError,
    LongvidError,
    MediaError,
    MissingExtraError,
    ModelError,
    ModelMismatchError,
    NotALibraryError,
    NotFoundError,
    ReadOnlyError,
    SchemaError,
    StorageFullError,
    UsageError,
)
from longvid_storage.process import silence
from longvid_storage.types import Answer, Citation, Claim, Moment, Passage

silence()  # before anything that might phone home is imported

if TYPE_CHECKING:
    from longvid.library import Library

__all__ = [
    "AccessError",
    "Answer",
    "BusyError",
    "Citation",
    "Claim",
    "Library",
    "LibraryError",
    "LongvidError",
    "MediaError",
    "MissingExtraError",
    "ModelError",
    "ModelMismatchError",
    "Moment",
    "NotALibraryError",
    "NotFoundError",
    "Passage",
    "ReadOnlyError",
    "SchemaError",
    "StorageFullError",
    "UsageError",
]


def __getattr__(name: str) -> Any:
    # Library pulls in SQLAlchemy: loaded when used, so that `longvid --help` stays quick.
    if name == "Library":
        from longvid.library import Library

        return Library
    raise AttributeError(f"module 'longvid' has no attribute {name!r}")
