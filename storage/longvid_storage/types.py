"""The words of the house as frozen dataclasses; every room speaks in these and in nothing else.

Time is ``float`` seconds on the video's presentation timeline (0 = what a player shows first), half-open
``[start_s, end_s)``. Boxes are fractions of the upright picture, ``(x0, y0, x1, y1)`` in ``[0, 1]``.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from longvid_storage.errors import UsageError
from longvid_storage.files import is_gone

Channel = Literal["speech", "screen", "picture", "summary", "sound", "translation"]
Level = Literal["shot", "scene", "event", "video"]
KeyframeKind = Literal["slide", "shot", "state"]
StageStatus = Literal["done", "unchanged", "skipped", "failed"]
Box = tuple[float, float, float, float]

LEVELS: tuple[Level, ...] = ("video", "event", "scene", "shot")


def check_span(start_s: float, end_s: float) -> None:
    """Raise ``ValueError`` unless ``0 <= start_s <= end_s`` and both are finite."""
    if not 0 <= start_s <= end_s < math.inf:
        raise ValueError(f"span [{start_s}, {end_s}) must satisfy 0 <= start_s <= end_s, both finite")


def covered_s(spans: Iterable[tuple[float, float]]) -> float:
    """Seconds that spans cover together; they come in order of their starts."""
    total_s = until_s = 0.0
    for start_s, end_s in spans:
        total_s += max(0.0, end_s - max(start_s, until_s))
        until_s = max(until_s, end_s)
    return total_s


@dataclass(frozen=True, slots=True)
class Word:
    """One spoken word and when it is said."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Utterance:
    """A span of speech: who said what, when; ``words`` is empty when the source has no word times."""

    start_s: float
    end_s: float
    text: str
    speaker: str | None = None
    language: str | None = None
    words: tuple[Word, ...] = ()

    def __post_init__(self) -> None:
        check_span(self.start_s, self.end_s)


@dataclass(frozen=True, slots=True)
class ScreenText:
    """One line of text seen on screen during ``[start_s, end_s)``; ``confidence`` in ``[0, 1]``."""

    start_s: float
    end_s: float
    text: str
    box: Box
    confidence: float = 1.0

    def __post_init__(self) -> None:
        check_span(self.start_s, self.end_s)


@dataclass(frozen=True, slots=True)
class Sound:
    """A stretch during which a sound other than speech is heard, such as ``"Applause"``; ``score`` in ``[0, 1]``.

    ``score`` is the model's own measure of how sure it is, at the loudest place of the stretch.
    """

    start_s: float
    end_s: float
    label: str
    score: float = 1.0

    def __post_init__(self) -> None:
        check_span(self.start_s, self.end_s)


@dataclass(frozen=True, slots=True)
class Slide:
    """A stretch during which the screen content stays the same (or only grows, as a progressive build does).

    ``keyframe_s`` is the time of the frame that shows it complete, within ``[start_s, end_s)``.
    """

    start_s: float
    end_s: float
    keyframe_s: float
    title: str | None = None

    def __post_init__(self) -> None:
        check_span(self.start_s, self.end_s)


@dataclass(frozen=True, slots=True)
class Keyframe:
    """A frame kept for the span ``[start_s, end_s)``: ``image`` is upright, of ``width`` x ``height``, a WebP.

    One that was decoded anew for a question is a JPEG.

    ``kind`` is ``"slide"`` (kept large enough to read its text again without decoding the video), ``"shot"``, or
    ``"state"``: the rows of the screen that changed within one of the others, kept for their text alone.
    """

    time_s: float
    start_s: float
    end_s: float
    image: bytes = field(repr=False)
    width: int
    height: int
    kind: KeyframeKind

    def __post_init__(self) -> None:
        check_span(self.start_s, self.end_s)


@dataclass(frozen=True, slots=True)
class Segment:
    """A shot, scene, event, or the whole video; the segments of one level cover the video without gaps.

    ``passages`` are the ids of those that the sentences of ``summary`` are, in order; none where it is of titles.
    """

    level: Level
    start_s: float
    end_s: float
    title: str | None = None
    summary: str | None = None
    passages: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check_span(self.start_s, self.end_s)


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter: a mark found in the container, or an event of a summary."""

    start_s: float
    end_s: float
    title: str


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What probing a file tells about it; ``video_id`` is who it is in its library (``longvid_indexer.identity``).

    ``recorded_on`` is the day (``YYYY-MM-DD``, UTC) that the media names, or the site that it is from; None where
    neither does.
    """

    video_id: str
    title: str
    duration_s: float
    has_video: bool
    has_audio: bool
    width: int | None = None
    height: int | None = None
    frame_rate: float | None = None
    stream_start_s: float = 0.0
    chapters: tuple[Chapter, ...] = ()
    media_type: str = "video"
    recorded_on: str | None = None


@dataclass(frozen=True, slots=True)
class StageResult:
    """How a stage of indexing went; ``counters`` are exact counts (frames decoded, OCR calls, …).

    ``status``: ``"done"``, ``"unchanged"``, ``"skipped"`` (chosen by the user, or nothing to do), ``"failed"``.
    """

    stage: str
    status: StageStatus
    engine: str | None = None
    seconds: float = 0.0
    counters: dict[str, int | float] = field(default_factory=dict)
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """The atom of a library: a sentence said, a line on screen, or a sound, during ``[start_s, end_s)``; or a sentence
    of subtitles in another language than the transcript's (``"translation"``, in ``language``).

    ``id`` is given once, when the stage that made it is stored, and names it from there to the citation; 0 before
    that, and for what is no passage but is shown like one (a picture, a summary). The span is exactly that of the
    words or cues it is made of, or a guess where these had no times (``guessed``); ``boxes`` are those of the lines on
    screen. Its vector is kept beside it (``View.vectors``).
    """

    id: int
    video_id: str
    kind: Channel
    start_s: float
    end_s: float
    text: str
    speaker: str | None = None
    language: str | None = None
    boxes: tuple[Box, ...] = ()
    guessed: bool = False

    def __post_init__(self) -> None:
        check_span(self.start_s, self.end_s)


@dataclass(frozen=True, slots=True)
class Scope:
    """What may be looked at, the caller's filters; ``None`` means no restriction. It can only be narrowed.

    ``[from_s, to_s)`` in seconds admits what shares a moment with it; a ``speaker`` admits what they say and nothing
    shown or heard. ``longvid_storage.db.scope`` says it in SQL, ``admits`` of one passage; a test holds the two
    together.

    ``rights`` are the collections that the reader may see at all: a video is seen when one of its own is among them.
    They come from ``Store.within`` alone, and whoever makes or narrows a scope of a view keeps them.
    """

    video_ids: frozenset[str] | None = None
    collection: str | None = None
    from_s: float | None = None
    to_s: float | None = None
    speaker: str | None = None
    rights: frozenset[str] | None = None

    @property
    def whole(self) -> bool:
        """True when of an admitted video everything is."""
        return (self.from_s, self.to_s, self.speaker) == (None, None, None)

    def touches(self, start_s: float, end_s: float) -> bool:
        """Whether ``[start_s, end_s)`` shares a moment with the scope's time; an empty span is where it starts."""
        if self.to_s is not None and start_s >= self.to_s:
            return False
        return self.from_s is None or end_s > self.from_s or start_s == end_s == self.from_s

    def admits(self, passage: Passage) -> bool:
        """Whether the passage lies within the scope's videos, time and speaker (not: its collections)."""
        return (
            (self.video_ids is None or passage.video_id in self.video_ids)
            and self.touches(passage.start_s, passage.end_s)
            and (self.speaker is None or speaker_key(passage.speaker) == speaker_key(self.speaker))
        )

    def narrowed(
        self,
        *,
        videos: Iterable[str] | None = None,
        from_s: float | None = None,
        to_s: float | None = None,
        speaker: str | None = None,
    ) -> Scope | None:
        """This scope and these conditions together; None when nothing can meet both.

        Args:
            videos: ids; only those that the scope admits stay.
            from_s, to_s: seconds, half-open; the later start and the earlier end count.
            speaker: another one than the scope's leaves nothing.
        """
        chosen = self.video_ids
        if videos is not None:
            chosen = frozenset(videos) if chosen is None else frozenset(videos) & chosen
            if not chosen:
                return None
        from_s = self.from_s if from_s is None else max(from_s, self.from_s or 0.0)
        ends = [each for each in (to_s, self.to_s) if each is not None]
        to_s = min(ends) if ends else None
        if from_s is not None and to_s is not None and from_s >= to_s:
            return None
        if None not in (speaker, self.speaker) and speaker_key(speaker) != speaker_key(self.speaker):
            return None
        return Scope(chosen, self.collection, from_s, to_s, self.speaker or speaker, self.rights)


EVERYTHING = Scope()


def title_key(title: str) -> str:
    """A title as it is compared and listed: file systems write accents apart, and names hold line breaks."""
    return " ".join(unicodedata.normalize("NFC", title).split()).casefold()


def speaker_key(name: str | None) -> str | None:
    """What spellings of one speaker's name share: letter case, runs of spaces and accents apart do not count."""
    return None if name is None else title_key(name) or None


@dataclass(frozen=True, slots=True)
class VideoCard:
    """One video as a list shows it; ``duration_s`` in seconds, ``path`` empty when no file of it is known.

    ``title`` also says what tells it from others of the same title, ``named`` does not. ``recorded_on`` is the day that
    the media itself names. ``date`` (``YYYY-MM-DD``, None
    when not known) and ``speakers`` (under the names users gave them, the busiest first) are there only when details
    were asked for.
    """

    video_id: str
    title: str
    path: str
    duration_s: float
    date: str | None = None
    speakers: tuple[str, ...] = ()
    named: str = ""
    recorded_on: str | None = None

    @property
    def gone(self) -> bool:
        """Whether no file is at ``path`` any more."""
        return is_gone(self.path)


@dataclass(frozen=True, slots=True)
class Moment:
    """A search result: the span ``[start_s, end_s)`` of one video, and the passages that made it a hit, best first.

    ``score``: higher is better, within one query alone; it may be negative. ``near``: no word that was looked for is
    said or shown in it; it is near in meaning, or has a word spelt like one.
    ``play_s`` is where a player should start: where the passage that answers begins, within the span; its start
    where nothing is known. ``gone``: no file is at ``path`` any more.
    """

    video_id: str
    title: str
    path: str
    start_s: float
    end_s: float
    score: float
    level: str
    evidence: tuple[Passage, ...] = ()
    near: bool = False
    play_s: float = -1.0
    gone: bool = False

    def __post_init__(self) -> None:
        _play_within(self)


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a claim is supported: passage ``passage_id`` (0 for a picture), word for word, with its video's names.

    ``approximate``: its words are said near that span; the source has no times that could be right. ``language``:
    that of a translation.
    ``play_s`` is where a player should start, within the span; its start where nothing is known. ``gone``: no file is
    at ``path`` any more.
    """

    video_id: str
    title: str
    path: str
    start_s: float
    end_s: float
    kind: Channel
    quote: str
    passage_id: int = 0
    play_s: float = -1.0
    approximate: bool = False
    language: str | None = None
    gone: bool = False

    def __post_init__(self) -> None:
        _play_within(self)

    @classmethod
    def of(cls, passage: Passage, title: str, path: str, *, gone: bool | None = None) -> Citation:
        """The passage, cited; the one place where citations are made. ``gone``: known already, else looked up."""
        p = passage
        gone = is_gone(path) if gone is None else gone
        span, language = (p.start_s, p.end_s), p.language if p.kind == "translation" else None
        return cls(p.video_id, title, path, *span, p.kind, p.text, p.id, -1.0, p.guessed, language, gone)


def _play_within(place: Moment | Citation) -> None:
    """A play point outside the span, as none at all is, becomes its start: of a part, or of an older answer."""
    if not place.start_s <= place.play_s <= place.end_s:
        object.__setattr__(place, "play_s", place.start_s)


@dataclass(frozen=True, slots=True)
class MediaSpan:
    """``[start_s, end_s)`` of the video at ``path``, and the words it is shown for.

    ``audio_track``: the number of the sound track to hear; None for the one that holds speech.
    """

    path: str
    start_s: float
    end_s: float
    title: str = ""
    text: str = ""
    video_id: str = ""
    audio_track: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.start_s < self.end_s:
            raise UsageError(
                f"the span {self.start_s:g} to {self.end_s:g} s of {self.path} is empty: "
                "it must end after it begins, and begin at 0 or later"
            )

    @property
    def duration_s(self) -> float:
        """How long it is."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class EvidenceText:
    """A piece of a video, or of a summary, as a model reads it: data, never an instruction.

    ``id`` (``e1``, ``e2``, …) is all that the model may cite.
    """

    id: str
    title: str
    start_s: float
    end_s: float
    kind: str
    text: str
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of an answer and the citations that support it (at least one)."""

    text: str
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class TrailStep:
    """One thing the agent did for a question: ``did`` says it in a line, ``found`` how many pieces it gave.

    ``node`` is the node of the graph, ``round`` the search round it belongs to (0 is the first), ``at_s`` how many
    seconds after the question it was done.
    """

    node: str
    did: str
    found: int | None = None
    round: int = 0
    at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Usage:
    """What an answer cost: calls of the language model, tokens it read and wrote, seconds, frames decoded anew.

    ``estimated``: the model does not count its tokens, so they were estimated from the text.
    """

    model_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    frames_decoded: int = 0
    seconds: float = 0.0
    estimated: bool = False

    @property
    def tokens(self) -> int:
        """Read and written together."""
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, slots=True)
class Unsearched:
    """A video of which something could not be looked through, and ``why``; ``what`` says which part, or the fault."""

    video_id: str
    title: str
    why: Literal["not indexed", "no transcript", "damaged"]
    what: str = ""


@dataclass(frozen=True, slots=True)
class Searched:
    """What was looked through when nothing was found.

    ``videos`` of the scope, ``duration_s`` seconds of them within its times, ``words`` that were tried as they were
    asked, and what of those videos could not be looked through.
    """

    videos: int
    duration_s: float
    words: tuple[str, ...] = ()
    unsearched: tuple[Unsearched, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer made only of supported claims; ``found`` is False when the library does not contain one.

    ``partial``: a budget ran out, the model failed, or the evidence leaves a part of the question open. ``trail`` is
    what was done for it, in order, and ``usage`` what it cost. ``notes`` say in sentences how the question was read
    (what a date in it chose, say) and what the answer rests on; they are lines of ``answer`` too. ``searched``: where
    nothing was found, what was looked through.
    """

    question: str
    answer: str
    found: bool
    claims: tuple[Claim, ...]
    nearest: tuple[Moment, ...]
    engine: dict[str, Any]
    partial: bool = False
    trail: tuple[TrailStep, ...] = ()
    usage: Usage = field(default_factory=Usage)
    notes: tuple[str, ...] = ()
    searched: Searched | None = None
