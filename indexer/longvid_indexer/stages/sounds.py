"""Stage ``sounds``: what is heard besides speech; searchable at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from longvid_indexer.stages.job import Job, Plan, Work, digest, fingerprint_of, nothing, units_with

if TYPE_CHECKING:
    from longvid_storage.stage_writer import StageWriter
    from longvid_storage.types import Sound


def sounds_stage(job: Job, recorded: dict[str, str]) -> Plan:
    """Applause, laughter, music …: sounds with a beginning and an end, by a model that names them."""
    silent = digest("sounds", "silent")
    heard = digest("sounds", fingerprint_of(job.engines.sound_tagger))

    def make() -> Work:
        if not job.info.has_audio:
            return Work(nothing, silent)
        return _heard(job, heard)

    return frozenset((heard if job.info.has_audio else silent,)), make


def _heard(job: Job, fingerprint: str) -> Work:
    from longvid_indexer.audio import read_audio
    from longvid_indexer.sound_tagger import hear

    tagger = job.engines.sound_tagger
    sounds: Sequence[Sound] = ()
    notes: tuple[str, ...] = ()
    if tagger is not None:
        audio = read_audio(job.path, job.info, tagger.sample_rate)
        sounds = hear(audio, tagger)
        notes = audio.notes()
    elif not job.store.sounds(job.video_id):
        return Work(nothing, fingerprint, "off")
    units = units_with(job, sounds=sounds)

    def write(writer: StageWriter) -> None:
        writer.replace_sounds(sounds)
        writer.replace_units(units)

    counters = {} if tagger is None else {"sounds": len(sounds)}
    return Work(write, fingerprint, "off" if tagger is None else tagger.name, counters, notes)
