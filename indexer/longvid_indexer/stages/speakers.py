"""Stage ``speakers``: whose voice each utterance of a recognised transcript is; subtitles' own speakers always win."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from longvid_indexer.stages.job import Job, StagePlan, Work, digest, fingerprint_of, nothing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from longvid_storage.db.rows import TranscriptInfo
    from longvid_storage.db.stage_writer import StageWriter
    from longvid_storage.types import Utterance


def speakers_stage(job: Job, recorded: dict[str, str]) -> StagePlan:
    """Assign "Speaker 1", "Speaker 2", … by voice, where nothing else says who speaks."""
    from longvid_indexer.diariser import LEAST_TURN_S

    heard = recorded.get("transcript")
    as_it_is = digest("speakers", heard)
    by_whom = [fingerprint_of(job.engines.diariser)]
    if job.engines.diariser is not None:
        by_whom.append(f"cut at {LEAST_TURN_S}")
    told_apart = digest("speakers", heard, *by_whom)

    def make() -> Work:
        with job.store.view() as view:
            transcript = view.transcript(job.video_id)
            utterances = view.utterances(job.video_id, labels=True)
        if not _by_voice(transcript, utterances):
            return Work(nothing, as_it_is)
        return _told_apart(job, utterances, told_apart)

    return frozenset((as_it_is, told_apart)), make


def _by_voice(transcript: TranscriptInfo | None, utterances: Sequence[Utterance]) -> bool:
    """Whether only voices can tell: speech was recognised, and the recogniser named no speakers itself."""
    if transcript is None or not utterances or not transcript.source.startswith("speech:"):
        return False
    return transcript.speakers_by is not None or all(each.speaker is None for each in utterances)


def _told_apart(job: Job, utterances: list[Utterance], fingerprint: str) -> Work:
    from longvid_indexer.audio import read_audio
    from longvid_indexer.diariser import assign_speakers
    from longvid_storage.db.said import said_passages

    diariser = job.engines.diariser
    notes: list[str] = []
    told = [replace(each, speaker=None) for each in utterances]
    if diariser is not None:
        audio = read_audio(job.path, job.info, wanted=job.audio_track)
        turns = diariser.diarise(audio, [(each.start_s, each.end_s) for each in utterances])
        told = assign_speakers(utterances, turns)
        notes += audio.notes()
        with job.store.view() as view:
            known_before = view.speakers_of(job.video_id)
        if any(row.name not in row.labels for row in known_before):
            notes.append("names given to speakers were kept where the label still occurs: check them")

    passages = said_passages(job.video_id, told)

    def write(writer: StageWriter) -> None:
        writer.assign_speakers(told, None if diariser is None else diariser.name, passages)

    labels = [each.speaker for each in told]
    known = {label for label in labels if label is not None}
    counters = {} if diariser is None else {"speakers": len(known), "unassigned": labels.count(None)}
    return Work(write, fingerprint, "off" if diariser is None else diariser.name, counters, tuple(notes))
