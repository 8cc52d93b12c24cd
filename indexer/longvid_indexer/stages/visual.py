"""Stage ``visual``: the one decode of the pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from longvid_indexer.stages.job import Job, StagePlan, Work, digest, nothing

if TYPE_CHECKING:
    from longvid_storage.db.stage_writer import StageWriter


def visual_stage(job: Job, recorded: dict[str, str]) -> StagePlan:
    """The one decode: shots, slides, keyframes."""
    from longvid_indexer.visual import VisualSettings, visual_pass

    settings = VisualSettings()
    exact = digest("visual", settings)
    # What every frame says is as good, and stays, when some may be left out.
    leapt = digest("visual", settings, "leaps")

    def make() -> Work:
        if not job.info.has_video:
            return Work(nothing, exact, notes=() if job.info.media_type == "transcript" else ("no pictures",))
        seen = visual_pass(job.path, job.info, settings, every_frame=job.every_frame)
        fingerprint = leapt if seen.counters["frames_left_out"] else exact

        with job.store.view() as view:
            others = [segment for segment in view.segments(job.video_id) if segment.level != "shot"]
        kept = [*seen.keyframes, *seen.states]
        names = job.store.keep_pictures([frame.image for frame in kept])

        def write(writer: StageWriter) -> None:
            writer.replace_segments([*others, *seen.shots])
            writer.replace_slides(seen.slides)
            writer.replace_keyframes(kept, names)

        return Work(write, fingerprint, "scenedetect", dict(seen.counters), tuple(seen.notes))

    return frozenset((exact,) if job.every_frame else (exact, leapt)), make
