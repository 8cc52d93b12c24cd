"""What the agent may ask of a library: the only way out of this room.

``longvid.Library`` fulfils it. Every call that looks for something takes the caller's ``Scope``; the agent
passes them through as they came, and nothing said in a question or a video changes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from longvid_storage.db.chain import ChainLink
from longvid_storage.search.mentions import VideoMentions
from longvid_storage.types import Box, Scope, Keyframe, Moment, ScreenText, Segment, Sound, Utterance


@dataclass(frozen=True, slots=True)
class TermStatistics:
    """In how many of the library's ``documents`` (pieces of text that search sees) each term occurs.

    Terms are those of ``longvid_storage.text.analysis``; one that ``frequency`` does not have never occurs.
    """

    documents: int
    frequency: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class VideoCard:
    """One video of the library as a list shows it; ``duration_s`` in seconds.

    ``date`` (``YYYY-MM-DD``, None when not known) and ``speakers`` (under the names users gave them, the busiest
    first) are there only when details were asked for.
    """

    video_id: str
    title: str
    path: str
    duration_s: float
    date: str | None = None
    speakers: tuple[str, ...] = ()


class Tools(Protocol):
    """The library as the agent sees it; may be called from several threads at once."""

    @property
    def frames_decoded(self) -> int:
        """Pictures decoded from media by ``frames`` so far; those taken from its cache are not counted."""
        ...

    def search(self, query: str, *, k: int, filters: Scope) -> Sequence[Moment]:
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

    def sounds(self, video_id: str, from_s: float, to_s: float) -> Sequence[Sound]:
        """Sounds other than speech of a video that touch ``[from_s, to_s)``, by start time."""
        ...

    def keyframes(self, video_id: str, from_s: float, to_s: float) -> Sequence[Keyframe]:
        """Keyframes with their pictures that touch ``[from_s, to_s)``; asked for only to show a video-LM."""
        ...

    def frames(
        self,
        video_id: str,
        from_s: float,
        to_s: float,
        *,
        rate: float | None = None,
        box: Box | None = None,
        most: int = 16,
        times_s: Sequence[float] | None = None,
    ) -> Sequence[Keyframe]:
        """Pictures decoded anew from the media file, of ``[from_s, to_s)``, by time; each spans until the next one.

        Args:
            rate: pictures a second; default so many that ``most`` cover the span.
            box: only this part of each picture, as large as the film has it.
            most: pictures at most; spread evenly over the span when ``rate`` would give more.
            times_s: exactly these times of the span, ascending, in place of ``rate`` and ``most``; a picture's
                ``start_s`` is the time asked for.

        Raises:
            MediaError: the file is gone, is not the one that was indexed, or has no pictures there.
        """
        ...

    def audio(self, video_id: str, from_s: float, to_s: float) -> NDArray[np.float32]:
        """The sound of ``[from_s, to_s)`` of the media file: 16 kHz mono, shape (n,); empty when it has none.

        Raises:
            MediaError: the file is gone, or is not the one that was indexed.
        """
        ...

    def picture_relevance(
        self, video_id: str, times_s: Sequence[float], question: str
    ) -> Sequence[float] | None:
        """How well the picture at each time (seconds) fits ``question``: cosine of question and nearest keyframe.

        Read from the index, no picture is encoded. None without an image model, or without vectors of it.
        """
        ...

    def mentions(self, terms: Sequence[str], *, filters: Scope) -> Sequence[VideoMentions]:
        """Every place within ``filters`` where one of ``terms`` is said or shown. ``UsageError`` for no word."""
        ...

    def segments(self, video_id: str) -> Sequence[Segment]:
        """The video, its events, scenes and shots, with titles and summaries where they have some."""
        ...

    def chain(self, video_id: str) -> Sequence[ChainLink]:
        """The chain of summaries of a video: its events', parts', and its own; empty where there is none."""
        ...

    def library_chain(self, collection: str | None) -> Sequence[ChainLink]:
        """The summary of a collection, or of the whole library, after its parts; empty where there is none."""
        ...

    def cards(self, *, filters: Scope, details: bool = False) -> Sequence[VideoCard]:
        """The videos that ``filters`` admit, by title; ``details``: with their dates and whom the filters let speak."""
        ...

    def term_statistics(self, terms: Sequence[str], *, filters: Scope) -> TermStatistics:
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
