"""Stage ``sounds``: what is heard besides speech; searchable at once.

What subtitles describe counts, with or without a model; a model adds what they do not say. What it heard is kept whole,
so that no other subtitles of the same media make it listen again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from longvid_indexer.stages.job import Job, StagePlan, Work, digest, fingerprint_of, named_track, nothing
from longvid_storage.text.sound_words import origins

if TYPE_CHECKING:
    from longvid_storage.db.stage_writer import StageWriter
    from longvid_storage.types import Sound


def sounds_stage(job: Job, recorded: dict[str, str]) -> StagePlan:
    """Applause, laughter, music …: sounds with a beginning and an end."""
    signature = job.found.sidecar_signature
    heard_by = None if job.engines.sound_tagger is None else _hearing(job)
    if not job.info.has_audio:
        heard_by = None
        fingerprint = known = digest("sounds", signature, "silent")
    else:
        fingerprint = known = digest("sounds", signature, heard_by or "off")
    # What was heard does not depend on subtitles: others of the same media look for that half.
    if heard_by is not None:
        fingerprint = f"{known}:{_heard_half(heard_by)}"

    def make() -> Work:
        from longvid_indexer.transcript import make_transcript

        described = job.described
        if described is None:  # the transcript is unchanged, so its subtitles were not read
            described = make_transcript(job.path, job.info, None, job.found.beside).sounds
        with job.store.view() as view:
            there = view.sounds(job.video_id)
        if not job.info.has_audio and not described and not there:
            return Work(nothing, fingerprint)
        return _found(job, fingerprint, described)

    return frozenset((fingerprint, known)), make


def _hearing(job: Job) -> str:
    """Who hears which sound track."""
    return "|".join((fingerprint_of(job.engines.sound_tagger), *named_track(job)))


def _heard_half(heard_by: str) -> str:
    return digest("sounds", "heard", heard_by)


def _heard_before(job: Job, heard_by: str) -> Sequence[Sound] | None:
    """What the model heard before in the same media, with whatever subtitles."""
    own = job.recorded.get("sounds")
    for video_id, record in (*([(job.video_id, own)] if own else ()), *job.of_same_media("sounds")):
        if record.fingerprint.endswith(f":{_heard_half(heard_by)}"):
            with job.store.view() as view:
                known = view.told_and_heard(video_id)
            if known is not None:
                return known[1]
    return None


def _found(job: Job, fingerprint: str, described: Sequence[Sound]) -> Work:
    from longvid_indexer.audio import read_audio
    from longvid_indexer.sound_tagger import hear

    tagger = job.engines.sound_tagger if job.info.has_audio else None
    heard: Sequence[Sound] = ()
    notes: tuple[str, ...] = ()
    before = None if tagger is None else _heard_before(job, _hearing(job))
    if before is not None:
        heard = before
    elif tagger is not None:
        audio = read_audio(job.path, job.info, tagger.sample_rate, job.audio_track)
        heard = hear(audio, tagger)
        notes = audio.notes()

    def write(writer: StageWriter) -> None:
        writer.replace_sounds(described, heard)

    engines = ["subtitles"] * bool(described) + ([tagger.name] if tagger is not None else [])
    shown = [sound for sound, origin in origins(described, heard) if origin != "covered"]
    counters = {"sounds": len(shown)} if engines else {}
    if before is not None:
        counters["copied_from_same_media"] = 1
    return Work(write, fingerprint, " + ".join(engines) or "off", counters, notes)
