"""Stage ``transcript``: what is said; its utterances are searchable at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from longvid_indexer.stages.job import Job, StagePlan, Work, as_text, asked_once, digest, named_track

if TYPE_CHECKING:
    from longvid_storage.db.stage_writer import StageWriter


def transcript_stage(job: Job, recorded: dict[str, str]) -> StagePlan:
    """Subtitles beside the file, inside it, or speech recognition; its utterances are searchable at once."""
    from longvid_indexer.recognition import recognition_fingerprint
    from longvid_indexer.transcript import make_transcript

    read = (job.found.sidecar_signature, *named_track(job))
    with_subtitles = digest("transcript", *read)
    recogniser = asked_once(job.engines.transcriber, recognition_fingerprint, "recognition")
    recognised = digest("transcript", *read, recogniser)

    def make() -> Work:
        made = make_transcript(
            job.path, job.info, job.engines.transcriber, job.found.beside, wanted=job.audio_track
        )
        job.described = made.sounds
        needs_engine = made.source == "none" or made.source.startswith("speech:")
        named = _named(job)

        def write(writer: StageWriter) -> None:
            writer.replace_utterances(made.utterances, source=as_text(made.source), language=made.language)

        return Work(
            write,
            recognised if needs_engine else with_subtitles,
            engine=as_text(made.source),
            counters={"utterances": len(made.utterances), **made.counters, **named},
            notes=made.notes,
        )

    return frozenset((with_subtitles, recognised)), make


def _named(job: Job) -> dict[str, int | float]:
    """The sound track that a user named, for whoever hears the video later (its words may be from subtitles)."""
    from longvid_indexer.listening import sound_track

    track = None if job.audio_track is None else sound_track(job.path, job.info, job.audio_track)
    return {} if track is None else track.counters()
