"""Stage ``sounds``: what is heard besides speech; searchable at once.

What subtitles describe counts, with or without a model; a model adds what they do not say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from longvid_indexer.stages.job import Job, Plan, Work, digest, fingerprint_of, nothing

if TYPE_CHECKING:
    from longvid_storage.db.stage_writer import StageWriter
    from longvid_storage.types import Sound


def sounds_stage(job: Job, recorded: dict[str, str]) -> Plan:
    """Applause, laughter, music …: sounds with a beginning and an end."""
    signature = job.found.sidecar_signature
    if job.info.has_audio:
        fingerprint = digest("sounds", signature, fingerprint_of(job.engines.sound_tagger))
    else:
        fingerprint = digest("sounds", signature, "silent")

    def make() -> Work:
        from longvid_indexer.transcript import make_transcript

        described = job.described
        if described is None:  # the transcript is unchanged, so its subtitles were not read
            described = make_transcript(job.path, job.info, None, job.found.beside).sounds
        with job.store.view() as view:
            known = view.sounds(job.video_id)
        if not job.info.has_audio and not described and not known:
            return Work(nothing, fingerprint)
        return _found(job, fingerprint, described)

    return frozenset((fingerprint,)), make


def _found(job: Job, fingerprint: str, described: Sequence[Sound]) -> Work:
    from longvid_indexer.audio import read_audio
    from longvid_indexer.sound_tagger import hear

    tagger = job.engines.sound_tagger if job.info.has_audio else None
    heard: Sequence[Sound] = ()
    notes: tuple[str, ...] = ()
    if tagger is not None:
        audio = read_audio(job.path, job.info, tagger.sample_rate)
        heard = hear(audio, tagger)
        notes = audio.notes()
    sounds = together(described, heard)

    def write(writer: StageWriter) -> None:
        writer.replace_sounds(sounds)

    engines = ["subtitles"] * bool(described) + ([tagger.name] if tagger is not None else [])
    counters = {"sounds": len(sounds)} if engines else {}
    return Work(write, fingerprint, " + ".join(engines) or "off", counters, notes)


def together(described: Iterable[Sound], heard: Iterable[Sound]) -> list[Sound]:
    """Both in order of time, less what was heard of a sound while subtitles describe it."""
    told = list(described)
    new = [
        sound
        for sound in heard
        if not any(
            each.label == sound.label and each.start_s < sound.end_s and sound.start_s < each.end_s
            for each in told
        )
    ]
    return sorted([*told, *new], key=lambda sound: (sound.start_s, sound.end_s, sound.label))
