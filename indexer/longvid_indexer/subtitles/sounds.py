"""Sounds that subtitles describe: ``[Applause]``, ``(audience laughs)``, ``♪``. They need no model to be found."""

from __future__ import annotations

import re
from functools import cache

from longvid_indexer.subtitles.cleaning import is_sound, unroll
from longvid_indexer.subtitles.cue import Subtitles
from longvid_storage.text.analysis import analyse
from longvid_storage.text.sound_words import describe_sound, is_event, sound_table
from longvid_storage.types import Sound

# Two descriptions of one sound this close together are one sound.
_GAP_S = 1.0
_MUSIC = re.compile("[♪♫♬]")
# Words of descriptions that tell of no sound by themselves.
_VAGUE = "someone somebody people person many audience crowd goes off opens closes loud plays noise other"


def described_sounds(read: Subtitles) -> tuple[Sound, ...]:
    """Sounds in order of time; what is in brackets but names no known sound (a speaker, "inaudible") is none."""
    found: list[Sound] = []
    for cue in unroll(sorted(read.cues, key=lambda cue: cue.start_s)):
        labels = [_label(line.text) for line in cue.lines if is_sound(line.text)]
        for label in dict.fromkeys(filter(None, labels)):
            before = next(
                (n for n, sound in enumerate(found) if sound.label == label and _near(sound, cue.start_s)),
                None,
            )
            if before is None:
                found.append(Sound(cue.start_s, cue.end_s, label))
            else:
                old = found[before]
                found[before] = Sound(old.start_s, max(old.end_s, cue.end_s), label)
    return tuple(sorted(found, key=lambda sound: (sound.start_s, sound.end_s)))


def names_sound(text: str) -> bool:
    """Whether words in brackets name a known sound."""
    return _label(text) is not None


def _near(sound: Sound, start_s: float) -> bool:
    return sound.start_s <= start_s <= sound.end_s + _GAP_S


def _label(text: str) -> str | None:
    """What is heard, under its usual name where it has one."""
    said = " ".join(re.sub(r"[\[\]()*#…♪♫♬]", " ", text).split()).strip(" .-–—")
    if not said:
        return "Music" if _MUSIC.search(text) else None
    known = _names().get(said.casefold())
    if known is None and not _words().intersection(analyse(said, "en")):
        return None
    label = known or said[:1].upper() + said[1:].lower()
    return label if is_event(label) else None


@cache
def _names() -> dict[str, str]:
    return {name.casefold(): name for name in sound_table()}


@cache
def _words() -> frozenset[str]:
    told = {word for name in sound_table() for word in analyse(describe_sound(name), "en")}
    return frozenset(told - set(analyse(_VAGUE, "en")))
