"""What follows from the media alone is made once: a stage that another video of the same media has is copied.

Decoding, slides, screen text, sounds, recognised speech and voices are the same for everyone who has the recording.
Copied are rows of the media only, never what somebody gave with it: no subtitles, file names or names of speakers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from longvid_indexer.stages.job import Job, Work
from longvid_storage.types import StageResult

if TYPE_CHECKING:
    from longvid_storage.db.rows import StageRecord
    from longvid_storage.db.stage_writer import StageWriter

# What a copy did not cost.
_COSTS = ("decodes", "frames_decoded", "frames_left_out", "frames_analysed", "ocr_calls", "ocr_reused")


def shared_work(job: Job, stage: str, expected: Collection[str]) -> Work | None:
    """The stage as another video of the same media has it, with one of the fingerprints; None when there is none."""
    copy = _COPIES.get(stage)
    if copy is None or not job.media_id:
        return None
    for video_id, record in job.of_same_media(stage):
        if record.fingerprint in expected:
            write = copy(job, video_id, record.result)
            if write is not None:
                return _work(write, record)
    return None


def _work(write: Callable[[StageWriter], None], record: StageRecord) -> Work:
    counters = dict(record.result.counters)
    counters |= {name: 0 for name in _COSTS if name in counters}
    return Work(write, record.fingerprint, record.result.engine, {**counters, "copied_from_same_media": 1})


def _transcript(job: Job, video_id: str, result: StageResult) -> Callable[[StageWriter], None] | None:
    engine = result.engine or ""
    if job.found.beside.taken or not engine.startswith(("speech:", "track:")):
        return None
    if result.counters.get("translations"):  # reading tracks costs little
        return None
    with job.store.view() as view:
        said, info = view.utterances(video_id, labels=True), view.transcript(video_id)
    if info is None:
        return None
    if info.speakers_by is not None:  # a later stage's, which follows
        said = [replace(each, speaker=None) for each in said]
    return lambda writer: writer.replace_utterances(said, source=info.source, language=info.language)


def _speakers(job: Job, video_id: str, result: StageResult) -> Callable[[StageWriter], None] | None:
    with job.store.view() as view:
        own, theirs = (view.utterances(each, labels=True) for each in (job.video_id, video_id))
        info = view.transcript(video_id)
    if info is None or info.speakers_by is None:
        return None
    if " ".join(each.text for each in own) != " ".join(each.text for each in theirs):  # theirs may be cut
        return None
    return lambda writer: writer.assign_speakers(theirs, info.speakers_by)


def _visual(job: Job, video_id: str, result: StageResult) -> Callable[[StageWriter], None] | None:
    if not job.info.has_video:
        return None
    with job.store.view() as view:
        shots = view.segments(video_id, "shot")
        others = [segment for segment in view.segments(job.video_id) if segment.level != "shot"]
        slides = [replace(slide, title=None) for slide in view.slides(video_id)]  # read by a later stage

    def write(writer: StageWriter) -> None:
        writer.replace_segments([*others, *shots])
        writer.replace_slides(slides)
        writer.copy_keyframes(video_id)

    return write


def _screen_text(job: Job, video_id: str, result: StageResult) -> Callable[[StageWriter], None] | None:
    if result.engine in (None, "off") or not job.info.has_video:
        return None
    with job.store.view() as view:
        slides, lines = view.slides(video_id), view.screen_texts(video_id)

    def write(writer: StageWriter) -> None:
        writer.replace_slides(slides)
        writer.replace_screen_texts(lines)

    return write


def _sounds(job: Job, video_id: str, result: StageResult) -> Callable[[StageWriter], None] | None:
    """Those of the very same subtitles, or of none; of other subtitles, the stage takes what was heard."""
    if result.engine in (None, "off"):
        return None
    with job.store.view() as view:
        known = view.told_and_heard(video_id)
    if known is None:
        return None
    return lambda writer: writer.replace_sounds(*known)


_COPIES: dict[str, Callable[[Job, str, StageResult], Callable[[StageWriter], None] | None]] = {
    "transcript": _transcript,
    "speakers": _speakers,
    "visual": _visual,
    "screen_text": _screen_text,
    "sounds": _sounds,
}
