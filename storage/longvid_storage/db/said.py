"""Passages of what is said, as a library keeps them: the builder's, with the carried model where nobody punctuated."""

from __future__ import annotations

from collections.abc import Iterable

from longvid_storage.text.passages import Timed, speech_passages
from longvid_storage.text.sentence_ends import Scores
from longvid_storage.types import Channel, Utterance


def said_passages(video_id: str, utterances: Iterable[Utterance], kind: Channel = "speech") -> list[Timed]:
    """Those of ``speech_passages``: of an hour of English without punctuation four seconds of a processor.

    Raises:
        ModelError: the model's files are not the published ones.
    """
    return speech_passages(video_id, utterances, kind, model=_begins)


def _begins() -> Scores | None:
    from longvid_storage.models.sentence_begins import carried

    model = carried()
    return None if model is None else model.scores
