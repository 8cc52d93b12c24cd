"""Stage ``structure``: shot → scene → event → video."""

from __future__ import annotations

from typing import TYPE_CHECKING

from longvid_indexer.stages.job import Job, StagePlan, Work, digest, fingerprint_of

if TYPE_CHECKING:
    from longvid_storage.db.stage_writer import StageWriter


def structure_stage(job: Job, recorded: dict[str, str]) -> StagePlan:
    """Shot → scene → event → video, with titles and summaries."""
    from longvid_indexer.structure import build_structure
    from longvid_indexer.structuring.pictures import picture_spans

    encoder = job.engines.text_encoder
    read = [recorded.get(name) for name in ("transcript", "speakers", "visual", "screen_text")]
    without = () if encoder is None or recorded.get("vectors") else ("words alone",)
    fingerprint = digest("structure", *read, fingerprint_of(encoder), *without)

    def make() -> Work:
        video_id = job.video_id
        with job.store.view() as view:
            said = view.passages_of(video_id, ["speech"])
            ids = [passage.id for passage in said]
            segments = build_structure(
                job.info,
                said,
                view.segments(video_id, "shot"),
                view.slides(video_id),
                view.screen_texts(video_id),
                encoder,
                job.info.chapters,
                vectors={} if encoder is None else view.vectors(ids, encoder.fingerprint),
                pictures=picture_spans(frame for _, frame in view.keyframes(video_id, images=True)),
            )

        def write(writer: StageWriter) -> None:
            writer.replace_segments(segments)

        counters = {
            f"{level}s": sum(s.level == level for s in segments) for level in ("event", "scene", "shot")
        }
        return Work(write, fingerprint, encoder.name if encoder else "lexical", counters)

    return frozenset((fingerprint,)), make
