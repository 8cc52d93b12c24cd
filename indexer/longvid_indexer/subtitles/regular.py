"""Opening what lies beside a media file without being held up: a pipe, a device or a huge file is no subtitle file."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from longvid_indexer.opening import open_regular, unreadable
from longvid_indexer.remote import stat_open
from longvid_storage.errors import MediaError

# A day of speech is about 2 MB, with every word's times 15 MB; what is larger was not written for people.
LARGEST_BYTES = 64 * 2**20
_BLOCK_BYTES = 2**20


def why_not_read(status: os.stat_result) -> str | None:
    """The end of a sentence that says why a file is no subtitle file by its ``stat``; None when it may be one."""
    if not stat.S_ISREG(status.st_mode):
        return "it is no regular file (a pipe, a socket or a device)"
    if status.st_size > LARGEST_BYTES:
        return f"it has {status.st_size} bytes, and subtitle files have at most {LARGEST_BYTES}"
    return None


def blocks_of(path: Path, most_bytes: int = LARGEST_BYTES) -> Iterator[bytes]:
    """The content of a regular file in blocks, ``most_bytes`` at most. Never waits for a writer.

    Raises:
        MediaError: it is no regular file, is larger than ``LARGEST_BYTES``, or cannot be read.
    """
    with open_regular(path) as file:
        if why := why_not_read(stat_open(file)):
            raise MediaError(f"{path} was not read: {why}", code="not_media")
        left = most_bytes
        try:
            while left > 0 and (block := file.read(min(_BLOCK_BYTES, left))):
                left -= len(block)
                yield block
        except OSError as error:
            raise unreadable(path, error) from error


def read_regular(path: Path, most_bytes: int = LARGEST_BYTES) -> bytes:
    """The content, or its first ``most_bytes``; raises as ``blocks_of`` does."""
    return b"".join(blocks_of(path, most_bytes))


def digest_of(path: Path) -> bytes:
    """The SHA-256 of the content; raises as ``blocks_of`` does."""
    digest = hashlib.sha256()
    for block in blocks_of(path):
        digest.update(block)
    return digest.digest()
