"""Stage ``structure``: shot → scene → event → video."""

from __future__ import annotations

from typing import TYPE_CHECKING

from longvid_indexer.stages.job import Job, Plan, Work, digest, fingerprint_of, units_with

if TYPE_CHECKING:
    from longvid_storage.db.stage_writer import StageWriter


def structure_stage(job: Job, recorded: dict[str, str]) -> Plan:
    """Shot → scene → event → video, with titles and summaries."""
    from longvid_indexer.structure import build_structure
    from longvid_indexer.structuring.pictures import picture_spans

    encoder = job.engines.text_encoder
    read = [recorded.get(name) for name in ("transcript", "speakers", "visual", "screen_text")]
    fingerprint = digest("structure", *read, fingerprint_of(encoder))

    def make() -> Work:
        store, video_id = job.store, job.video_id
        segments = build_structure(
            job.info,
            store.utterances(video_id, labels=True),
            store.segments(video_id, "shot"),
            store.slides(video_id),
            store.screen_texts(video_id),
            encoder,
            job.info.chapters,
            pictures=picture_spans(store.keyframes(video_id, images=True)),
        )

        units = units_with(job, segments=segments)

        def write(writer: StageWriter) -> None:
            writer.replace_segments(segments)
            writer.replace_units(units)

        counters = {
            f"{level}s": sum(s.level == level for s in segments) for level in ("event", "scene", "shot")
        }
        return Work(write, fingerprint, encoder.name if encoder else "lexical", counters)

    return frozenset((fingerprint,)), make
