"""Where the files of known videos are now: there, gone, or replaced by another film under the same name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from longvid_indexer.remote import absolute, as_path, is_there
from longvid_indexer.scan import content_id, still_there
from longvid_storage.db.rows import VideoRow
from longvid_storage.db.view import View
from longvid_storage.errors import MediaError, UsageError


def media_path(view: View, row: VideoRow) -> Path:
    """A file that still holds the video, by size and time, and where these differ by its hash.

    Raises:
        MediaError: there is none any more (code ``"gone"``).
    """
    for known in view.paths(row.paths):
        if known.video_id == row.info.video_id and still_there(known):
            return as_path(known.path)
    where = f" ({row.paths[0]})" if row.paths else ""
    raise MediaError(
        f'the file of "{row.info.title}" is gone or holds something else by now{where}: put it back, or index it anew',
        code="gone",
    )


def holds(path: Path, media_id: str) -> bool:
    """Whether a file that no library knows holds the media of that hash."""
    try:
        return content_id(path) == media_id
    except MediaError:
        return False


def gone(view: View, below: Sequence[str | Path] | None = None) -> list[VideoRow]:
    """Videos of which no file is left, all of them or those that lay below the given folders.

    Raises:
        UsageError: one of ``below`` is no folder, or an empty one, or what is left of a video's path is: a disk that is
            not there looks like that. Also where such a folder may not be read, so that nobody can tell.
    """
    tops = None if below is None else [absolute(as_path(path)) for path in below]
    for top in tops or ():
        if _is_empty(top):
            raise UsageError(
                f"{top} is missing or empty, so nothing is forgotten: is its disk there? "
                "`longvid rm VIDEO` forgets single videos"
            )
    found = [
        row
        for row in view.videos()
        if row.paths
        and not any(is_there(path) for path in row.paths)
        and (tops is None or any(top in as_path(path).parents for top in tops for path in row.paths))
    ]
    for folder in {_left_of(as_path(path)) for row in found for path in row.paths if "://" not in path}:
        if _is_empty(folder):
            raise UsageError(
                f"{folder} is empty, so nothing is forgotten: is its disk there? If it should be empty, remove the "
                "folder; `longvid rm VIDEO` forgets single videos"
            )
    return found


def _is_empty(folder: Path) -> bool:
    """Whether nothing lies in it, or it is no folder."""
    try:
        return not any(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be read ({error.strerror or error}), so nobody can tell what is gone and nothing is "
            "forgotten: make it readable, or name the folders that are to be looked through"
        ) from error


def _left_of(path: Path) -> Path:
    """The innermost folder of a path that is there."""
    return next(folder for folder in path.parents if folder.is_dir())
