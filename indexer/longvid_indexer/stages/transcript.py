"""Stage ``transcript``: what is said; its utterances are searchable at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from longvid_indexer.stages.job import Job, Plan, Work, digest

if TYPE_CHECKING:
    from longvid_storage.db.stage_writer import StageWriter


def transcript_stage(job: Job, recorded: dict[str, str]) -> Plan:
    """Subtitles beside the file, inside it, or speech recognition; its utterances are searchable at once."""
    from longvid_indexer.recognition import recognition_fingerprint
    from longvid_indexer.transcript import make_transcript

    with_subtitles = digest("transcript", job.found.sidecar_signature)
    heard_by = recognition_fingerprint(job.engines.transcriber)
    recognised = digest("transcript", job.found.sidecar_signature, heard_by)

    def make() -> Work:
        made = make_transcript(job.path, job.info, job.engines.transcriber, job.found.beside)
        job.described = made.sounds
        needs_engine = made.source == "none" or made.source.startswith("speech:")

        def write(writer: StageWriter) -> None:
            writer.replace_utterances(made.utterances, source=made.source, language=made.language)

        return Work(
            write,
            recognised if needs_engine else with_subtitles,
            engine=made.source,
            counters={"utterances": len(made.utterances)},
            notes=made.notes,
        )

    return frozenset((with_subtitles, recognised)), make
