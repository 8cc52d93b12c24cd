"""A whole library in memory, as the agent sees one: small, real, and exact.

Search ranks windows of consecutive pieces by IDF-weighted word overlap; vectors are hashed character
trigrams, so that related word forms are near each other without any model.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from longvid_agents.evidence import allowed
from longvid_agents.tools import TermStatistics, VideoCard
from numpy.typing import NDArray

from longvid_storage.db.chain import ChainLink
from longvid_storage.errors import MediaError
from longvid_storage.search.mentions import Mention, VideoMentions
from longvid_storage.text.analysis import analyse
from longvid_storage.text.sound_words import describe_sound
from longvid_storage.types import (
    Box,
    Evidence,
    Keyframe,
    Moment,
    Scope,
    ScreenText,
    Segment,
    Sound,
    Utterance,
)

DIMENSION = 256


@dataclass
class MemoryVideo:
    """One video's knowledge."""

    video_id: str
    title: str
    utterances: list[Utterance] = field(default_factory=list)
    screen: list[ScreenText] = field(default_factory=list)
    keyframes: list[Keyframe] = field(default_factory=list)
    collection: str | None = None
    segments: list[Segment] = field(default_factory=list)
    sounds: list[Sound] = field(default_factory=list)
    media: bool = True
    date: str | None = None

    @property
    def duration_s(self) -> float:
        return max((piece.end_s for piece in [*self.utterances, *self.screen, *self.keyframes]), default=0.0)


class MemoryTools:
    """``Tools`` over a list of videos; ``calls`` records what was asked and retrieved."""

    def __init__(self, videos: Sequence[MemoryVideo], *, encoder: bool = True) -> None:
        self.videos = {video.video_id: video for video in videos}
        self.encoder = encoder
        self.calls: list[tuple[str, object]] = []
        self.frames_decoded = 0
        self.relevance: Callable[[str, float], float] | None = None
        self.chains: list[ChainLink] = []

    def search(self, query: str, *, k: int, filters: Scope) -> list[Moment]:
        self.calls.append(("search", filters))
        statistics = self.term_statistics(_words(query), filters=filters)
        moments = []
        for video in self._videos(filters):
            for piece in _pieces(video, filters):
                text = set(_words(piece.text))
                score = sum(
                    math.log(1 + statistics.documents / n)
                    for w, n in statistics.frequency.items()
                    if n and w in text
                )
                if score > 0:
                    moments.append(_moment(video, piece, score))
        return sorted(moments, key=lambda m: -m.score)[:k]

    def utterances(self, video_id: str, from_s: float, to_s: float) -> list[Utterance]:
        found = [u for u in self.videos[video_id].utterances if _touches(u.start_s, u.end_s, from_s, to_s)]
        self.calls.extend(("utterance", (video_id, u)) for u in found)
        return sorted(found, key=lambda u: u.start_s)

    def screen_texts(self, video_id: str, from_s: float, to_s: float) -> list[ScreenText]:
        found = [t for t in self.videos[video_id].screen if _touches(t.start_s, t.end_s, from_s, to_s)]
        self.calls.extend(("screen", (video_id, t)) for t in found)
        return found

    def sounds(self, video_id: str, from_s: float, to_s: float) -> list[Sound]:
        found = [s for s in self.videos[video_id].sounds if _touches(s.start_s, s.end_s, from_s, to_s)]
        self.calls.extend(("sound", (video_id, s)) for s in found)
        return found

    def keyframes(self, video_id: str, from_s: float, to_s: float) -> list[Keyframe]:
        found = [k for k in self.videos[video_id].keyframes if _touches(k.start_s, k.end_s, from_s, to_s)]
        self.calls.extend(("picture", (video_id, keyframe)) for keyframe in found)
        return found

    def audio(self, video_id: str, from_s: float, to_s: float) -> NDArray[np.float32]:
        """The film sounds at second t like the number t."""
        video = self.videos[video_id]
        if not video.media:
            raise MediaError(f'the file of "{video.title}" is gone', code="gone")
        self.calls.append(("audio", (video_id, from_s, to_s)))
        return np.arange(from_s, to_s, 1 / 16_000, dtype=np.float32)

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
    ) -> list[Keyframe]:
        """The film shows at second t a picture of the bytes "video@t"."""
        video = self.videos[video_id]
        if not video.media:
            raise MediaError(f'the file of "{video.title}" is gone', code="gone")
        self.calls.append(("frames", (video_id, from_s, to_s, rate, box)))
        count = most if rate is None else max(1, min(most, round((to_s - from_s) * rate)))
        starts = list(times_s or [from_s + number * (to_s - from_s) / count for number in range(count)])
        self.frames_decoded += len(starts)
        frames = [
            Keyframe(s, s, end_s, f"{video_id}@{s:.2f}{box or ''}".encode(), 64, 36, "shot")
            for s, end_s in zip(starts, [*starts[1:], to_s], strict=True)
        ]
        self.calls.extend(("picture", (video_id, frame)) for frame in frames)
        return frames

    def picture_relevance(self, video_id: str, times_s: Sequence[float], question: str) -> list[float] | None:
        if self.relevance is None:
            return None
        self.calls.append(("relevance", (video_id, question)))
        return [self.relevance(video_id, time_s) for time_s in times_s]

    def mentions(self, terms: Sequence[str], *, filters: Scope) -> list[VideoMentions]:
        self.calls.append(("mentions", filters))
        groups = []
        for video in self._videos(filters):
            places = tuple(
                _mention(piece, said)
                for piece in _pieces(video, filters)
                if (
                    said := tuple(
                        t for t in terms if f" {' '.join(_words(t))} " in f" {' '.join(_words(piece.text))} "
                    )
                )
            )
            for place in places:
                kind = "screen" if place.kind == "screen" else "utterance"
                self.calls.append((kind, (video.video_id, place)))
            if places:
                path = f"{video.title}.mp4"
                groups.append(VideoMentions(video.video_id, video.title, path, len(places), places))
        return groups

    def segments(self, video_id: str) -> list[Segment]:
        self.calls.extend(("summary", (video_id, each)) for each in self.videos[video_id].segments)
        return self.videos[video_id].segments

    def chain(self, video_id: str) -> list[ChainLink]:
        return [link for link in self.chains if link.level != "library" and _is_of(link, video_id)]

    def library_chain(self, collection: str | None) -> list[ChainLink]:
        return [link for link in self.chains if link.level == "library"]

    def cards(self, *, filters: Scope, details: bool = False) -> list[VideoCard]:
        self.calls.append(("cards", filters))
        return [
            VideoCard(
                video.video_id,
                video.title,
                f"{video.title}.mp4",
                video.duration_s,
                video.date if details else None,
                _speaking(video, filters) if details else (),
            )
            for video in sorted(self._videos(filters), key=lambda video: video.title)
            if filters.speaker is None or _speaking(video, Scope(speaker=filters.speaker))
        ]

    def term_statistics(self, terms: Sequence[str], *, filters: Scope) -> TermStatistics:
        documents = [
            set(_words(piece.text)) for video in self._videos(filters) for piece in _pieces(video, filters)
        ]
        counts = {term: sum(term in document for document in documents) for term in terms}
        return TermStatistics(len(documents), counts)

    def encode(
        self, texts: Sequence[str], *, kind: Literal["query", "passage"]
    ) -> NDArray[np.float32] | None:
        if not self.encoder:
            return None
        rows = np.zeros((len(texts), DIMENSION), np.float32)
        for row, text in zip(rows, texts, strict=True):
            folded = f" {' '.join(_words(text))} "
            for i in range(len(folded) - 2):
                row[zlib.crc32(folded[i : i + 3].encode()) % DIMENSION] += 1
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)

    def stored_vectors(
        self, video_id: str, spans: Sequence[tuple[float, float]], *, speech: bool
    ) -> NDArray[np.float32] | None:
        if not self.encoder:
            return None
        video = self.videos[video_id]
        pieces: Sequence[Utterance | ScreenText] = video.utterances if speech else video.screen
        texts = [
            " ".join(piece.text for piece in pieces if _touches(piece.start_s, piece.end_s, *span))
            for span in spans
        ]
        return self.encode(texts, kind="passage")

    def engine(self) -> dict[str, str]:
        return {"text": "hashed trigrams" if self.encoder else "none", "speech": "none"}

    def _videos(self, filters: Scope) -> list[MemoryVideo]:
        return [
            video
            for video in self.videos.values()
            if (filters.video_ids is None or video.video_id in filters.video_ids)
            and (filters.collection is None or video.collection == filters.collection)
        ]


def _words(text: str) -> list[str]:
    return analyse(text, None)


def _touches(start_s: float, end_s: float, from_s: float, to_s: float) -> bool:
    return start_s < to_s and (end_s > from_s or start_s >= from_s)


def _speaking(video: MemoryVideo, filters: Scope) -> tuple[str, ...]:
    """Who speaks where the filters look, the busiest first."""
    names = [u.speaker for u in video.utterances if u.speaker and allowed(filters, u)]
    return tuple(sorted(dict.fromkeys(names), key=lambda name: -names.count(name)))


def _pieces(video: MemoryVideo, filters: Scope) -> list[Evidence]:
    pieces = [Evidence("speech", u.start_s, u.end_s, u.text, u.speaker) for u in video.utterances]
    pieces += [Evidence("screen", t.start_s, t.end_s, t.text) for t in video.screen]
    pieces += [Evidence("sound", s.start_s, s.end_s, describe_sound(s.label)) for s in video.sounds]
    from_s, to_s = filters.from_s or 0.0, math.inf if filters.to_s is None else filters.to_s
    return [
        piece
        for piece in pieces
        if _touches(piece.start_s, piece.end_s, from_s, to_s) and filters.speaker in (None, piece.speaker)
    ]


def _is_of(link: ChainLink, video_id: str) -> bool:
    return any(quote.video_id == video_id for sentence in link.sentences for quote in sentence.quotes)


def _phrase(text: str) -> str:
    return f" {' '.join(_words(text))} "


def _mention(piece: Evidence, said: tuple[str, ...]) -> Mention:
    return Mention(piece.kind, piece.start_s, piece.end_s, piece.text, piece.speaker, said, len(said))


def _moment(video: MemoryVideo, piece: Evidence, score: float) -> Moment:
    return Moment(
        video_id=video.video_id,
        title=video.title,
        path=f"{video.title}.mp4",
        start_s=piece.start_s,
        end_s=piece.end_s,
        score=score,
        level="utterance",
        evidence=(piece,),
    )
