"""Stage ``screen_text``: text on the kept keyframes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from longvid_indexer.stages.job import Job, StagePlan, Work, digest, fingerprint_of, nothing
from longvid_storage.types import ScreenText, Slide

if TYPE_CHECKING:
    from longvid_storage.db.stage_writer import StageWriter


def screen_text_stage(job: Job, recorded: dict[str, str]) -> StagePlan:
    """Screen text, read once per kept keyframe, and where it changed meanwhile; also searchable at once."""
    from longvid_indexer.screen_text import read_screen

    fingerprint = digest("screen_text", recorded.get("visual"), fingerprint_of(job.engines.screen_reader))

    def make() -> Work:
        reader = job.engines.screen_reader
        with job.store.view() as view:
            keyframes = [frame for _, frame in view.keyframes(job.video_id, images=True)]
            states = view.screen_states(job.video_id)
            found = view.slides(job.video_id)
        if reader is None or not keyframes:
            return Work(nothing, fingerprint, engine=None if reader else "off")
        read = read_screen(keyframes, reader, states)
        slides = _titled(found, read.lines)

        def write(writer: StageWriter) -> None:
            writer.replace_slides(slides)
            writer.replace_screen_texts(read.lines)

        return Work(write, fingerprint, reader.name, dict(read.counters))

    return frozenset((fingerprint,)), make


def _titled(slides: Sequence[Slide], lines: Sequence[ScreenText]) -> list[Slide]:
    """The slides with the titles that were read on them."""
    from longvid_indexer.screen_text import slide_title

    on_slide: dict[float, list[ScreenText]] = {}
    for line in lines:
        on_slide.setdefault(line.start_s, []).append(line)
    return [replace(slide, title=slide_title(on_slide.get(slide.start_s, ()))) for slide in slides]
