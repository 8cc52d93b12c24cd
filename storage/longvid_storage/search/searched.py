"""What was looked through: a "no" is worth what was read for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from longvid_storage.db.rows import VideoRow
from longvid_storage.db.view import View
from longvid_storage.types import Scope, Searched, Unsearched

# The stages whose passages and vectors are searched; what is on screen only where there are pictures.
_READ = ("transcript", "screen_text", "vectors")
# How stages of indexing say that a part of the media could not be read (``longvid_indexer``: audio, visual, tracks).
_DAMAGE = re.compile(r"damage|could be decoded|could not be decoded|decode only until|ends early")


def searched(view: View, words: Iterable[str]) -> Searched:
    """What a search for ``words`` looked through: videos and hours of the view's scope, and what it couldn't."""
    rows = view.videos()
    return Searched(
        videos=len(rows),
        duration_s=sum(_within(row.info.duration_s, view.scope) for row in rows),
        words=tuple(dict.fromkeys(words)),
        unsearched=tuple(each for row in rows for each in _gaps(row, meaning=_compares(view))),
    )


def _compares(view: View) -> bool:
    return view.encoders.text_encoder is not None


def _within(duration_s: float, scope: Scope) -> float:
    end_s = duration_s if scope.to_s is None else min(duration_s, scope.to_s)
    return max(0.0, end_s - (scope.from_s or 0.0))


def _gaps(row: VideoRow, *, meaning: bool) -> Iterator[Unsearched]:
    video_id, title = row.info.video_id, row.info.title
    wanted = [s for s in _READ if (row.info.has_video or s != "screen_text") and (meaning or s != "vectors")]
    if missing := [stage.replace("_", " ") for stage in wanted if stage not in row.stages]:
        yield Unsearched(video_id, title, "not indexed", ", ".join(missing))
    heard = row.stages.get("transcript")
    if heard is not None and not heard.result.counters.get("utterances", 1):
        yield Unsearched(video_id, title, "no transcript", heard.result.note or "nothing is said in it")
    notes = (note for record in row.stages.values() for note in (record.result.note or "").split("; "))
    if damage := [note for note in dict.fromkeys(notes) if _DAMAGE.search(note)]:
        yield Unsearched(video_id, title, "damaged", "; ".join(damage))
