"""What was looked through: a "no" is worth what was read for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from sqlalchemy import Select, Text, cast, func, or_, select

from longvid_storage.db.rows import VideoRow
from longvid_storage.db.schema import Stage, Video
from longvid_storage.db.scope import video_conditions
from longvid_storage.db.view import View
from longvid_storage.types import Scope, Searched, Unsearched

# The stages whose passages and vectors are searched; what is on screen only where there are pictures.
_READ = ("transcript", "screen_text", "vectors")
# How stages of indexing say that a part of the media could not be read (``longvid_indexer``: audio, visual, tracks).
_DAMAGE = re.compile(r"damage|could be decoded|could not be decoded|decode only until|ends early")


def searched(view: View, words: Iterable[str]) -> Searched:
    """What a search for ``words`` looked through: videos and hours of the view's scope, and what it couldn't."""
    admitted = video_conditions(Video.video_key, view.scope)
    durations = view.connection.execute(select(Video.duration_s).where(*admitted)).scalars().all()
    rows = view.videos(ids=view.connection.execute(_lacking().where(*admitted)).scalars().all())
    return Searched(
        videos=len(durations),
        duration_s=sum(_within(each, view.scope) for each in durations),
        words=tuple(dict.fromkeys(words)),
        unsearched=tuple(each for row in rows for each in _gaps(row, meaning=_compares(view))),
    )


def _lacking() -> Select[str]:
    """Ids of the videos that may lack something: the records of all others need not be read."""
    read = select(Stage.video_key).where(Stage.stage.in_(_READ)).group_by(Stage.video_key)
    noted = select(Stage.video_key).where(Stage.note.is_not(None))
    silent = select(Stage.video_key).where(
        Stage.stage == "transcript", cast(Stage.counters, Text).contains('"utterances": 0')
    )
    key = Video.video_key
    return select(Video.video_id).where(
        or_(key.not_in(read.having(func.count() == len(_READ))), key.in_(noted), key.in_(silent))
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
