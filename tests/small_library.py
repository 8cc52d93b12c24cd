"""A small real library for the agent's tests: rows in SQLite as the stages write them, vectors without a model.

Vectors are hashed character trigrams, so that related word forms are near each other; media shows the time.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from longvid_agents.graph import ask
from longvid_storage.db.chain import ChainLink
from longvid_storage.db.store import Store
from longvid_storage.db.view import View
from longvid_storage.errors import MediaError
from longvid_storage.text.analysis import analyse
from longvid_storage.types import (
    EVERYTHING,
    Answer,
    Box,
    Keyframe,
    Passage,
    Scope,
    ScreenText,
    Segment,
    Sound,
    Utterance,
    VideoInfo,
)

DIMENSION = 256
ENGINES = {"text": "hashed trigrams", "speech": "none"}


@dataclass
class SmallVideo:
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
    path: str | None = None

    @property
    def duration_s(self) -> float:
        pieces = [*self.utterances, *self.screen, *self.keyframes, *self.sounds]
        return max((piece.end_s for piece in pieces), default=0.0)


class Trigrams:
    """A text encoder: ``encoded`` tells what it was asked to embed."""

    fingerprint = "trigrams@1"
    name = "trigrams"
    dimension = DIMENSION

    def __init__(self) -> None:
        self.encoded: list[tuple[str, str]] = []

    def encode(self, texts: Sequence[str], *, kind: Literal["query", "passage"]) -> NDArray[np.float32]:
        self.encoded += [(kind, text) for text in texts]
        rows = np.zeros((len(texts), DIMENSION), np.float32)
        for row, text in zip(rows, texts, strict=True):
            folded = f" {' '.join(analyse(text, None))} "
            for i in range(len(folded) - 2):
                row[zlib.crc32(folded[i : i + 3].encode()) % DIMENSION] += 1
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


class Film:
    """``Media`` whose picture at second t is the bytes "video@t", and whose sound at second t is the number t."""

    def __init__(self, videos: Mapping[str, SmallVideo]) -> None:
        self._videos = videos
        self.frames_decoded = 0
        self.calls: list[tuple[str, Any]] = []

    def frames(
        self,
        view: View,
        video_id: str,
        from_s: float,
        to_s: float,
        *,
        rate: float | None = None,
        box: Box | None = None,
        most: int = 16,
        times_s: Sequence[float] | None = None,
    ) -> list[Keyframe]:
        self._at_hand(view, video_id)
        self.calls.append(("frames", (video_id, from_s, to_s, rate, box)))
        count = most if rate is None else max(1, min(most, round((to_s - from_s) * rate)))
        starts = list(times_s or [from_s + number * (to_s - from_s) / count for number in range(count)])
        self.frames_decoded += len(starts)
        return [
            Keyframe(s, s, end_s, f"{video_id}@{s:.2f}{box or ''}".encode(), 64, 36, "shot")
            for s, end_s in zip(starts, [*starts[1:], to_s], strict=True)
        ]

    def audio(self, view: View, video_id: str, from_s: float, to_s: float) -> NDArray[np.float32]:
        self._at_hand(view, video_id)
        self.calls.append(("audio", (video_id, from_s, to_s)))
        return np.arange(from_s, to_s, 1 / 16_000, dtype=np.float32)

    def _at_hand(self, view: View, video_id: str) -> None:
        title = view.video(video_id).info.title
        if not self._videos[video_id].media:
            raise MediaError(f'the file of "{title}" is gone', code="gone")


class SmallLibrary:
    """A library of these videos in a directory of its own; ``encoders`` are what its views have."""

    def __init__(self, videos: Sequence[SmallVideo], *, encoder: bool = True) -> None:
        self.videos = {video.video_id: video for video in videos}
        folder = tempfile.mkdtemp(prefix="longvid-small-")
        self.store = Store.open(f"{folder}/library", create=True)
        weakref.finalize(self, _remove, self.store, folder)
        self.text_encoder = Trigrams() if encoder else None
        self.image_encoder: Any = None
        self.media = Film(self.videos)
        for video in videos:
            self.add(video)

    def add(self, video: SmallVideo) -> None:
        """Write a video as the stages of indexing do."""
        self.videos[video.video_id] = video
        info = VideoInfo(video.video_id, video.title, video.duration_s, bool(video.keyframes), True)
        self.store.upsert_video(info, video.collection)
        path = video.path or f"{video.title}.mp4"
        self.store.set_path(path, video.video_id, size=1, mtime_ns=1)
        with self.store.stage(video.video_id, "transcript", "1") as writer:
            writer.replace_utterances(video.utterances, source="toy")
            writer.replace_screen_texts(video.screen)
            writer.replace_sounds(video.sounds)
            writer.replace_keyframes(video.keyframes)
            writer.replace_segments(video.segments)
        encoder = self.text_encoder
        if encoder is not None:
            passages = self.passages(video.video_id)
            with self.store.stage(video.video_id, "vectors", "1") as writer:
                for kind in dict.fromkeys(passage.kind for passage in passages):
                    own = [passage for passage in passages if passage.kind == kind]
                    vectors = encoder.encode([passage.text for passage in own], kind="passage")
                    writer.put_vectors(kind, encoder.fingerprint, [p.id for p in own], vectors)
            encoder.encoded.clear()

    def passages(self, video_id: str, kind: str | None = None) -> list[Passage]:
        """A video's passages in time order."""
        with self.store.view() as view:
            return view.passages_of(video_id, None if kind is None else [kind])

    def passage(self, text: str) -> Passage:
        """The one passage whose text has ``text`` in it."""
        found = [p for video_id in self.videos for p in self.passages(video_id) if text in p.text]
        assert len(found) == 1, f"{text!r} is in {len(found)} passages"
        return found[0]

    def write_chain(self, video_id: str, links: Sequence[ChainLink]) -> None:
        """Store a chain of summaries."""
        with self.store.stage(video_id, "summaries", "1") as writer:
            writer.replace_chain(links)

    @contextmanager
    def view(self, scope: Scope = EVERYTHING) -> Iterator[View]:
        """A view with this library's encoders."""
        with self.store.view(scope, self) as view:
            yield view

    def ask(self, question: str, scope: Scope = EVERYTHING, *, blind: bool = False, **options: Any) -> Answer:
        """The agent's answer; ``options`` as of ``longvid_agents.graph.ask``."""
        with self.view(scope) as view:
            media = None if blind else self.media
            return ask(question, view, media=media, engines=ENGINES, **options)


def _remove(store: Store, folder: str) -> None:
    store.close()
    shutil.rmtree(folder)


def relevance(library: SmallLibrary, fits: Callable[[str, float], float]) -> None:
    """Give the library an image model for which the picture at a time of a video fits any question as ``fits`` says."""
    library.image_encoder = _Pictures()
    for video in library.videos.values():
        with library.store.view() as view:
            frames = view.keyframes(video.video_id)
        if not frames:
            continue
        rows = []
        for _, frame in frames:
            cosine = fits(video.video_id, frame.time_s)
            rows.append([cosine, np.sqrt(max(0.0, 1 - cosine**2))])
        with library.store.stage(video.video_id, "vectors", "2") as writer:
            ids = [frame_id for frame_id, _ in frames]
            writer.put_vectors("picture", _Pictures.fingerprint, ids, np.array(rows, np.float32))


class _Pictures:
    fingerprint = "pictures@1"
    name = "pictures"
    dimension = 2

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([[1.0, 0.0]] * len(texts), np.float32)
