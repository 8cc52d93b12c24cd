"""What has changed since when: caches, in this and other processes, keep of a library what has not.

The library's ``generation`` grows with every commit that touches passages or vectors. A video's ``revision`` is the
generation at which its own changed last, ``remade`` that at which those of all videos did.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, select, update

from longvid_storage.db.dialects import each_text
from longvid_storage.db.schema import LibraryState, Video

_TIME = select(LibraryState.generation, LibraryState.remade)


class LibraryTime(NamedTuple):
    """How far a snapshot's library has come."""

    generation: int
    remade: int


class ChangedVideo(NamedTuple):
    """A video and the generation at which its passages, vectors or collections changed last."""

    video_key: int
    video_id: str
    revision: int


def library_time(connection: Connection) -> LibraryTime:
    """That of the connection's transaction."""
    return LibraryTime(*connection.execute(_TIME).one())


def bump(connection: Connection, *video_keys: int) -> None:
    """Say, in a write transaction, that passages, vectors or collections of these videos have changed; without keys,
    that anything of any may have, or that one is gone."""
    grown = update(LibraryState).values(generation=LibraryState.generation + 1)
    now = connection.execute(grown.returning(LibraryState.generation)).scalar_one()
    if video_keys:
        connection.execute(update(Video).where(Video.video_key.in_(video_keys)).values(revision=now))
    else:
        connection.execute(update(LibraryState).values(remade=now))


def changed_since(connection: Connection, generation: int) -> list[ChangedVideo] | None:
    """The videos that have changed since that generation of the library; None: all of them may have."""
    if library_time(connection).remade > generation:
        return None
    query = select(Video.video_key, Video.video_id, Video.revision).where(Video.revision > generation)
    return [ChangedVideo(*row) for row in connection.execute(query)]


def revisions_of(connection: Connection, video_ids: list[str]) -> dict[str, int]:
    """Id → revision of these videos."""
    query = select(Video.video_id, Video.revision).where(Video.video_id.in_(each_text(video_ids)))
    return {row[0]: row[1] for row in connection.execute(query)}
