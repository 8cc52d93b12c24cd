"""What ``longvid ls`` and ``longvid show`` tell about a video, as frozen objects."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import compress, count, islice, repeat
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from longvid_indexer.stages.job import STAGES
from longvid_storage.db.apart import with_apart
from longvid_storage.db.columns import objects_of
from longvid_storage.db.rows import CUT_SHORT
from longvid_storage.process import collector_paused
from longvid_storage.search.lexical import kind_counts
from longvid_storage.types import ScreenText, Segment, Slide, Sound, Utterance, VideoCard

if TYPE_CHECKING:
    from longvid_storage.db.listing import ListedColumns
    from longvid_storage.db.rows import VideoRow
    from longvid_storage.db.view import View


@dataclass(frozen=True, slots=True)
class VideoSummary:
    """One video of a library; ``stages`` maps each stage to its status; ``gone``: no file of it is left.

    ``cut_short``: its file ends before its time. Videos of a list whose stages went alike have one ``stages``, to
    be read only.
    """

    video_id: str
    title: str
    path: str
    paths: tuple[str, ...]
    duration_s: float
    collections: tuple[str, ...]
    stages: dict[str, str]
    gone: bool = False
    cut_short: bool = False


@dataclass(frozen=True, slots=True)
class ShelfPage:
    """A page of a list: each video with its card, the key that the next page begins behind (None on the last), and how
    many videos are on all pages."""

    items: tuple[tuple[VideoSummary, VideoCard], ...]
    next: list[str | float] | None
    total: int


@dataclass(frozen=True, slots=True)
class CollectionSummary:
    """A collection: how many videos it holds, and how many seconds these last together."""

    name: str
    videos: int
    duration_s: float


@dataclass(frozen=True, slots=True)
class SceneTree:
    """A scene and its shots."""

    segment: Segment
    shots: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class EventTree:
    """An event and its scenes."""

    segment: Segment
    scenes: tuple[SceneTree, ...]


@dataclass(frozen=True, slots=True)
class VideoDetails:
    """Everything known about one video except its pictures and vectors; ``frame_rate``: frames a second, if any."""

    video_id: str
    title: str
    path: str
    paths: tuple[str, ...]
    duration_s: float
    collections: tuple[str, ...]
    stages: dict[str, str]
    transcript_source: str | None
    sound_track: str | None
    translations: tuple[str, ...]
    language: str | None
    summary: str | None
    events: tuple[EventTree, ...]
    slides: tuple[Slide, ...]
    utterances: tuple[Utterance, ...]
    screen_text: tuple[ScreenText, ...]
    sounds: tuple[Sound, ...]
    gone: bool = False
    cut_short: bool = False
    frame_rate: float | None = None


def build_tree(segments: tuple[Segment, ...]) -> tuple[EventTree, ...]:
    """Nest shots under scenes under events by the midpoint of each child."""

    def within(parent: Segment, level: str) -> tuple[Segment, ...]:
        return tuple(
            child
            for child in segments
            if child.level == level
            and parent.start_s <= (child.start_s + child.end_s) / 2 < max(parent.end_s, 1e-9)
        )

    events = (segment for segment in segments if segment.level == "event")
    return tuple(
        EventTree(event, tuple(SceneTree(scene, within(scene, "shot")) for scene in within(event, "scene")))
        for event in events
    )


def summary_of(row: VideoRow) -> VideoSummary:
    """One line of ``longvid ls``."""
    notes = [record.result.note or "" for record in row.stages.values()]
    return VideoSummary(
        video_id=row.info.video_id,
        title=with_apart(row.info.title, row.apart),
        path=row.paths[0] if row.paths else "",
        paths=row.paths,
        duration_s=row.info.duration_s,
        collections=row.collections,
        stages={name: record.result.status for name, record in row.stages.items()},
        gone=_gone(row.paths),
        cut_short=any(sign in note for note in notes for sign in CUT_SHORT),
    )


class VideoLines(NamedTuple):
    """What ``longvid ls`` prints of videos, a column for each thing: of thousands, no object is made for each.

    ``states``: ``complete``, ``partial``, ``cut short`` (the file ends before its time) or ``gone`` (none is left).
    """

    video_ids: Sequence[str]
    titles: Sequence[str]
    durations_s: Sequence[float]
    collections: Sequence[tuple[str, ...]]
    states: Sequence[str]


def lines(view: View) -> VideoLines:
    """The lines of ``longvid ls``, by title."""
    with collector_paused():
        found = view.listed()
        state = {
            went: "complete" if statuses.items() >= _ALL_DONE else "partial"
            for went, statuses in found.statuses().items()
        }
        states = list(map(state.__getitem__, found.went))
        gone = _gone_keys(found)
        for place in compress(count(), found.cut_short):
            states[place] = "cut short"
        if gone:
            states = [
                "gone" if key in gone else each for key, each in zip(found.video_keys, states, strict=True)
            ]
        collections = list(map(found.collections.get, found.video_keys, repeat(())))
        return VideoLines(found.video_ids, found.titles, found.durations_s, collections, states)


def summaries(view: View, ids: Collection[str] | None = None) -> list[VideoSummary]:
    """Everything that a list tells of each video, by title; of the videos of these ``ids`` only."""
    with collector_paused():
        found = view.listed(ids)
        keys, gone, statuses = found.video_keys, _gone_keys(found), found.statuses()
        paths = list(map(found.paths_by_video().get, keys, repeat(())))
        return objects_of(
            VideoSummary,
            found.video_ids,
            found.titles,
            [its[0] if its else "" for its in paths],
            paths,
            found.durations_s,
            map(found.collections.get, keys, repeat(())),
            map(statuses.__getitem__, found.went),
            map(gone.__contains__, keys) if gone else repeat(False, len(keys)),
            map(bool, found.cut_short),
        )


def _gone_keys(found: ListedColumns) -> set[int]:
    """Keys of the videos that had files, of which none is left."""
    missing = _missing(found.paths)
    if not missing:
        return set()
    there = {key for key, path in zip(found.paths_of, found.paths, strict=True) if path not in missing}
    return set(found.paths_of) - there


def _gone(paths: tuple[str, ...]) -> bool:
    return bool(paths) and _missing(paths).issuperset(paths)


_MANY = 8
_ALL_DONE = dict.fromkeys(STAGES, "done").items()


def _missing(paths: Iterable[str]) -> set[str]:
    """Those that are neither at an address nor on the disk; a folder of many is listed: a third of what asking is."""
    from longvid_indexer.remote import is_remote

    folders = defaultdict[str, set[str]](set)
    for path in paths:
        if "://" not in path or not is_remote(path):
            folders[path.rpartition(os.sep)[0]].add(path)
    missing = set[str]()
    for folder, unseen in folders.items():
        if folder and len(unseen) > _MANY:
            try:
                with os.scandir(folder) as entries:  # of one that holds much else, a part
                    unseen.difference_update(map(attrgetter("path"), islice(entries, 4 * len(unseen))))
            except FileNotFoundError:
                missing |= unseen
                continue
            except OSError:
                pass  # one that can't be listed may still be entered
        missing.update(path for path in unseen if not os.path.lexists(path))
    return missing


def details_of(view: View, video_id: str, *, lines: bool = True) -> VideoDetails:
    """Everything that ``longvid show`` tells about a video, with what is said (``lines``) or without.

    Raises:
        NotFoundError: no such video.
    """
    row = view.video(video_id)
    summary = summary_of(row)
    segments = tuple(view.segments(video_id))
    whole = next((segment for segment in segments if segment.level == "video"), None)
    transcript = view.transcript(video_id)
    return VideoDetails(
        **{name: getattr(summary, name) for name in summary.__slots__},
        transcript_source=transcript.source if transcript else None,
        sound_track=_sound_track(row),
        translations=_translations(view, video_id),
        language=transcript.language if transcript else None,
        summary=whole.summary if whole else None,
        events=build_tree(segments),
        slides=tuple(view.slides(video_id)),
        utterances=tuple(view.utterances(video_id)) if lines else (),
        screen_text=tuple(view.screen_texts(video_id)),
        sounds=tuple(view.sounds(video_id)),
        frame_rate=row.info.frame_rate,
    )


def _translations(view: View, video_id: str) -> tuple[str, ...]:
    """The languages of the subtitles that are kept beside the transcript."""
    own = view.scope.narrowed(videos=[video_id]) or view.scope
    return tuple(filter(None, kind_counts(view.within(own))[2]))


def _sound_track(row: VideoRow) -> str | None:
    """Which sound was heard, where the file left a choice: "2 of 3", or "1 of 1, channel 2"."""
    for record in row.stages.values():
        heard = record.result.counters
        if "sound_track" in heard or "sound_channel" in heard:
            track = f"{heard.get('sound_track', 1):.0f} of {heard.get('sound_tracks', 1):.0f}"
            return f"{track}, channel {heard['sound_channel']:.0f}" if "sound_channel" in heard else track
    return None
