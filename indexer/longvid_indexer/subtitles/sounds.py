"""Sounds that subtitles describe: ``[Applause]``, ``(audience laughs)``, ``♪``. They need no model to be found."""

from __future__ import annotations

from longvid_indexer.subtitles.cleaning import join_brackets
from longvid_indexer.subtitles.cue import Subtitles
from longvid_indexer.subtitles.descriptions import is_sound, sound_label
from longvid_storage.types import Sound

# Two descriptions of one sound this close together are one sound.
_GAP_S = 1.0


def described_sounds(read: Subtitles) -> tuple[Sound, ...]:
    """Sounds in order of time; what is in brackets but names no known sound (a speaker, "inaudible") is none."""
    found: list[Sound] = []
    last: dict[str, int] = {}
    for cue in sorted(read.cues, key=lambda cue: cue.start_s):
        labels = [sound_label(line.text) for line in join_brackets(cue.lines) if is_sound(line.text)]
        for label in dict.fromkeys(filter(None, labels)):
            place = last.get(label)
            if place is not None and cue.start_s <= found[place].end_s + _GAP_S:
                old = found[place]
                found[place] = Sound(old.start_s, max(old.end_s, cue.end_s), label)
            else:
                last[label] = len(found)
                found.append(Sound(cue.start_s, cue.end_s, label))
    return tuple(sorted(found, key=lambda sound: (sound.start_s, sound.end_s)))
