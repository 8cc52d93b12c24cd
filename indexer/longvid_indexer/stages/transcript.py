"""Stage ``transcript``: what is said; its utterances are searchable at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from longvid_indexer.stages.job import Job, StagePlan, Work, as_text, asked_once, digest, named_track

if TYPE_CHECKING:
    from longvid_indexer.said import Transcript
    from longvid_indexer.transcriber import Transcriber
    from longvid_storage.db.stage_writer import StageWriter

_READING = 9
"""Raise it when subtitles, speakers, translations or sentences come out otherwise: subtitles are then read again, and
sentences made again of what was recognised, which is not heard again (the number in ``_VERSIONS`` is for that)."""
_FIRST_READING = 3


def transcript_stage(job: Job, recorded: dict[str, str]) -> StagePlan:
    """Subtitles beside the file, inside it, or speech recognition; its utterances are searchable at once."""
    read = (job.found.sidecar_signature, *named_track(job))
    recogniser = asked_once(job.engines.transcriber, _recognition, "recognition")
    heard = digest("transcript", *read, recogniser)
    with_subtitles = digest("transcript", *read, _READING)
    recognised = digest("transcript", heard, _READING)

    def make() -> Work:
        from longvid_indexer.subtitles.reading import forget_parsed
        from longvid_indexer.transcript import make_transcript
        from longvid_storage.db.said import said_passages

        older = (heard, *(digest("transcript", heard, n) for n in range(_FIRST_READING, _READING)))
        made = _heard_before(job, recorded.get("transcript") in older) or make_transcript(
            job.path, job.info, job.engines.transcriber, job.found.beside, wanted=job.audio_track
        )
        forget_parsed()  # probing had parsed a lone transcript already
        job.described = made.sounds
        needs_engine = made.source == "none" or made.source.startswith("speech:")
        named = _named(job)
        passages = said_passages(job.video_id, made.utterances)

        def write(writer: StageWriter) -> None:
            writer.replace_utterances(
                made.utterances,
                source=as_text(made.source),
                language=made.language,
                translations=made.translations,
                passages=passages,
            )

        return Work(
            write,
            recognised if needs_engine else with_subtitles,
            engine=as_text(made.source),
            counters={"utterances": len(made.utterances), **made.counters, **named},
            notes=made.notes,
        )

    return frozenset((with_subtitles, recognised)), make


def _recognition(transcriber: Transcriber | None) -> str:
    from longvid_indexer.recognition import recognition_fingerprint

    return recognition_fingerprint(transcriber)


def _heard_before(job: Job, same: bool) -> Transcript | None:
    """What an older version recognised with the same model; None where it did not."""
    record = job.recorded.get("transcript")
    if not same or record is None or not (record.result.engine or "").startswith("speech:"):
        return None
    from longvid_indexer.said import Transcript

    with job.store.view() as view:
        info = view.transcript(job.video_id)
        said = view.utterances(job.video_id, labels=True)
    if info is None:
        return None
    if info.speakers_by is not None:  # a later stage's, which follows
        said = [replace(each, speaker=None) for each in said]
    notes = tuple(filter(None, (record.result.note or "").split("; ")))
    counters = {name: n for name, n in record.result.counters.items() if name != "utterances"}
    return Transcript(tuple(said), info.source, info.language, notes, counters=counters)


def _named(job: Job) -> dict[str, int | float]:
    """The sound track that a user named, for whoever hears the video later (its words may be from subtitles)."""
    from longvid_indexer.listening import sound_track

    track = None if job.audio_track is None else sound_track(job.path, job.info, job.audio_track)
    return {} if track is None else track.counters()
