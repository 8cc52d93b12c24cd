"""Which stages of a known video run again, and why: what a user is told before the work begins."""

from __future__ import annotations

from collections.abc import Callable

from longvid_indexer.stages.job import STAGES, Job, StageEngines
from longvid_storage.types import StageResult


def _speech(engines: StageEngines, was: str) -> str | None:
    heard = engines.transcriber if was == "none" or was.startswith("speech:") else None
    return None if heard is None else f"speech:{heard.name}"


def _speakers(engines: StageEngines, was: str) -> str | None:
    return "off" if engines.diariser is None else engines.diariser.name


def _sounds(engines: StageEngines, was: str) -> str | None:
    described = ["subtitles"] if was.startswith("subtitles") else []
    heard = [engines.sound_tagger.name] if engines.sound_tagger is not None else []
    return " + ".join(described + heard) or "off"


def _screen(engines: StageEngines, was: str) -> str | None:
    return "off" if engines.screen_reader is None else engines.screen_reader.name


def _text(engines: StageEngines, was: str) -> str | None:
    return "lexical" if engines.text_encoder is None else engines.text_encoder.name


def _summaries(engines: StageEngines, was: str) -> str | None:
    return "extractive" if engines.summariser is None else engines.summariser.name


def _vectors(engines: StageEngines, was: str) -> str | None:
    names = [each.name for each in (engines.text_encoder, engines.image_encoder) if each is not None]
    return " + ".join(names) or "off"


# What a stage would record as its engine today; of a stage that is not here only the fact is told.
_NAMES: dict[str, Callable[[StageEngines, str], str | None]] = {
    "transcript": _speech,
    "speakers": _speakers,
    "sounds": _sounds,
    "screen_text": _screen,
    "structure": _text,
    "summaries": _summaries,
    "vectors": _vectors,
}


def reasons(
    job: Job, outdated: Callable[[Job, str], bool], records: dict[str, StageResult], stages: frozenset[str]
) -> list[str]:
    """One sentence for each reason for which stages that were done before run again now; empty for none.

    ``outdated`` tells of a stage whether its own fingerprint no longer holds; stages that run again only because
    they read another one that does are counted to that one's reason.
    """
    causes: dict[str, list[str]] = {}
    for stage in STAGES:
        record = records.get(stage)
        if stage in stages and record is not None and record.status != "failed" and outdated(job, stage):
            causes.setdefault(_reason(job, stage, record.engine or ""), []).append(stage)
    return [f"{' and '.join(names)}: {reason}" for reason, names in causes.items()]


def _reason(job: Job, stage: str, was: str) -> str:
    now = _NAMES[stage](job.engines, was) if stage in _NAMES else None
    if was and now is not None and now != was:
        return f"{was} before, {now} now"
    return "the weights or settings of its model changed, or longvid itself"
