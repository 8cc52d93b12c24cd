"""What the agent may ask of a library: the only way out of this room.

``longvid.Library`` fulfils it. Every call that looks for something takes the caller's ``Filters``; the agent
passes them through as they came, and nothing said in a question or a video changes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from longvid_storage.types import Filters, Keyframe, Moment, ScreenText, Utterance


@dataclass(frozen=True, slots=True)
class TermStatistics:
    """In how many of the library's ``documents`` (pieces of text that search sees) each term occurs.

    Terms are those of ``longvid_storage.analysis``; one that ``frequency`` does not have never occurs.
    """

    documents: int
    frequency: Mapping[str, int]


class Tools(Protocol):
    """The library as the agent sees it."""

    def search(self, query: str, *, k: int, filters: Filters) -> Sequence[Moment]:
        """The ``k`` best moments within ``filters``, best first; none for a query without words."""
        ...

    def utterances(self, video_id: str, from_s: float, to_s: float) -> Sequence[Utterance]:
        """Utterances of a video that touch ``[from_s, to_s)``, read from the store, by start time.

        One of zero length touches when it starts inside.
        """
        ...

    def screen_texts(self, video_id: str, from_s: float, to_s: float) -> Sequence[ScreenText]:
        """Screen text of a video that touches ``[from_s, to_s)``, with its slide's span, top to bottom."""
        ...

    def keyframes(self, video_id: str, from_s: float, to_s: float) -> Sequence[Keyframe]:
        """Keyframes with their pictures that touch ``[from_s, to_s)``; asked for only to show a video-LM."""
        ...

    def term_statistics(self, terms: Sequence[str], *, filters: Filters) -> TermStatistics:
        """How common each term is within ``filters``."""
        ...

    def encode(
        self, texts: Sequence[str], *, kind: Literal["query", "passage"]
    ) -> NDArray[np.float32] | None:
        """Unit vectors, shape ``(len(texts), dimension)``; ``None`` when there is no text encoder."""
        ...

    def stored_vectors(
        self, video_id: str, spans: Sequence[tuple[float, float]], *, speech: bool
    ) -> NDArray[np.float32] | None:
        """Unit vectors of what the index holds of these spans (in seconds), shape ``(len(spans), dimension)``.

        Pieces of the index are longer than sentences, so these tell roughly what a sentence means, at no
        cost. A row of zeros where the index holds nothing; ``None`` when it holds no vectors of the video.
        """
        ...

    def engine(self) -> Mapping[str, str]:
        """What the library runs on, by role (``"text"``, ``"speech"``, …), for ``Answer.engine``."""
        ...
