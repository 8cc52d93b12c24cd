"""Who a file is: a video that is known, or a new one.

A video is its media and the subtitles that were given with it, in one collection (or in none): a collection holds its
own transcript, names and titles, whoever else has the same recording. So a file at a path that is new is a known video
only if that has the same media, is in the same collection, and has the same subtitles, or one of the two has none, or
no file of it is left (it was moved, and its subtitles edited). At a path that is known, the video stays who it is when
its subtitles are edited: only its transcript is read again.
What follows from the media alone is made once and copied (``longvid_indexer.stages.shared``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from longvid_storage.db.rows import VideoRow


def new_id(media_id: str, collections: Collection[str], subtitles: str, taken: Callable[[str], bool]) -> str:
    """The id of a new video, 64 hexadecimal digits.

    The media's own hash where it stands alone, without subtitles and in no collection; else the SHA-256 of the three.
    Ids stay when subtitles are edited, so one may be taken by a video that had these before: a number is added then.

    Args:
        media_id: the SHA-256 of the media's content.
        collections: the names of those it will be in.
        subtitles: what signs the content of its subtitles; empty for none.
        taken: whether the library has a video of an id.
    """
    if not collections and not subtitles and not taken(media_id):
        return media_id
    number = 0
    while True:
        parts = json.dumps([media_id, sorted(collections), subtitles, number])
        made = hashlib.sha256(parts.encode()).hexdigest()
        if not taken(made):
            return made
        number += 1


def known_video(
    same_media: Iterable[VideoRow], collections: Collection[str], subtitles: Collection[str]
) -> VideoRow | None:
    """The video that a file at a new path is, among those of the same media; None when it is a new one.

    ``subtitles`` are the signatures by which those beside the file may be known; none, or empty ones, when there are
    none. One with exactly these comes first, then one where either side has none.
    """
    here = [row for row in same_media if set(row.collections) == set(collections)]
    wanted = {each for each in subtitles if each}
    exact = [row for row in here if (row.subtitles in wanted if wanted else not row.subtitles)]
    bare = [row for row in here if not wanted or not row.subtitles]
    return next(iter([*exact, *bare]), None)
