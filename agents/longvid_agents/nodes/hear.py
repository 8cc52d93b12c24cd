"""The sound that goes along with the pictures watched again, for a model that hears."""

from __future__ import annotations

from collections.abc import Sequence

from longvid_agents.calls import Call
from longvid_agents.material import as_data
from longvid_agents.run import Run
from longvid_agents.video_lm import AudioClip
from longvid_storage.errors import MediaError

MOST_S = 30.0
"""Seconds of sound of one look, from its start on."""


def heard_in(run: Run, looks: Sequence[Call]) -> tuple[tuple[AudioClip, ...], str]:
    """The sound of ``looks`` inside the caller's filters, and why some of it is missing; none without ears."""
    sounds: list[AudioClip] = []
    notes: list[str] = []
    media = run.media if run.lm is not None and run.lm.hears else None
    for call in looks if media is not None else ():
        inside = run.view.scope.narrowed(videos=[call.video_id or ""], from_s=call.from_s, to_s=call.to_s)
        if inside is None or inside.speaker is not None:
            continue
        for card in run.view.within(inside).cards():
            from_s = inside.from_s or 0.0
            to_s = min(card.duration_s, inside.to_s or card.duration_s, from_s + MOST_S)
            try:
                assert media is not None
                samples = media.audio(run.view, card.video_id, from_s, to_s)
            except MediaError as error:
                notes.append(f"not heard: {as_data(error.message)}")
                continue
            if len(samples):
                sounds.append(AudioClip(samples, from_s, card.video_id))
    return tuple(sounds), "; ".join(dict.fromkeys(notes))
