"""The stages of indexing one video: transcript → visual → screen text → structure → vectors.

Each stage's rows are committed in one transaction together with its completion record. The record's fingerprint
names the code version, the engine and everything upstream: a stage runs again exactly when one of these changed.
A process killed anywhere redoes at most the stage it was in.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from longvid_indexer.report import ErrorInfo
from longvid_storage.errors import LibraryError, LongvidError, UsageError
from longvid_storage.types import ScreenText, Segment, Slide, StageResult, Unit, Utterance, VideoInfo

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from longvid_indexer.scan import Found
    from longvid_indexer.screen_reader import ScreenReader
    from longvid_indexer.transcriber import Transcriber
    from longvid_storage.image_encoder import ImageEncoder
    from longvid_storage.stage_writer import StageWriter
    from longvid_storage.store import Store
    from longvid_storage.text_encoder import TextEncoder

STAGES = ("transcript", "visual", "screen_text", "structure", "vectors")

# Raise a number when the code of that stage changes what it writes: libraries then redo it and what follows.
_VERSIONS = {**dict.fromkeys(STAGES, 1), "visual": 2, "structure": 2}


class Engines(Protocol):
    """The models that indexing uses; None switches a role off. Reading a property must not load weights."""

    @property
    def transcriber(self) -> Transcriber | None: ...

    @property
    def screen_reader(self) -> ScreenReader | None: ...

    @property
    def text_encoder(self) -> TextEncoder | None: ...

    @property
    def image_encoder(self) -> ImageEncoder | None: ...


def choose_stages(only: Collection[str] | None, skip: Collection[str] | None) -> frozenset[str]:
    """The stages to run.

    Raises:
        UsageError: a name is not a stage, or nothing is left to do.
    """
    for name in (*(only or ()), *(skip or ())):
        if name not in STAGES:
            raise UsageError(f"no stage is called {name!r}: the stages are {', '.join(STAGES)}")
    chosen = frozenset(only or STAGES) - frozenset(skip or ())
    if not chosen:
        raise UsageError("--only and --skip leave no stage to run: name at least one stage")
    return chosen


@dataclass
class Job:
    """One file on its way through the stages: what it is, and what became of each stage so far."""

    store: Store
    engines: Engines
    found: Found
    info: VideoInfo
    results: dict[str, StageResult] = field(default_factory=dict)
    error: ErrorInfo | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def video_id(self) -> str:
        """The hash of the content."""
        return self.info.video_id

    @property
    def path(self) -> Path:
        """The file that is read."""
        return self.found.path


@dataclass(frozen=True)
class _Work:
    """What a stage made, ready to be written in one transaction."""

    write: Callable[[StageWriter], None]
    fingerprint: str
    engine: str | None = None
    counters: Mapping[str, int | float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def run_stage(job: Job, stage: str) -> StageResult:
    """Bring one stage up to date; an error of this file or its models is noted in the job, not raised.

    Raises:
        LibraryError: the library cannot be written.
    """
    recorded = job.store.stage_fingerprints(job.video_id)
    expected, make = _STAGES[stage](job, recorded)
    if recorded.get(stage) in expected:
        return replace(job.store.stage_records(job.video_id)[stage].result, status="unchanged")
    started = time.perf_counter()
    try:
        work = make()
    except LibraryError:
        raise
    except LongvidError as error:
        job.error = job.error or ErrorInfo.of(error)
        return StageResult(stage, "failed", seconds=time.perf_counter() - started, note=error.message)
    job.notes += work.notes
    note = "; ".join(work.notes) or None
    with job.store.stage(job.video_id, stage, work.fingerprint) as writer:
        work.write(writer)
        result = StageResult(
            stage, "done", work.engine, time.perf_counter() - started, dict(work.counters), note
        )
        writer.result(result)
    return result


def _digest(stage: str, *parts: object) -> str:
    return hashlib.sha256("\x1f".join(map(str, (stage, _VERSIONS[stage], *parts))).encode()).hexdigest()[:32]


def _fingerprint_of(engine: object | None) -> str:
    return getattr(engine, "fingerprint", "off")


_Plan = tuple[frozenset[str], Callable[[], _Work]]


def _transcript(job: Job, recorded: dict[str, str]) -> _Plan:
    """Subtitles beside the file, inside it, or speech recognition; its utterances are searchable at once."""
    from longvid_indexer.transcript import make_transcript

    with_subtitles = _digest("transcript", job.found.sidecar_signature)
    recognised = _digest("transcript", job.found.sidecar_signature, _fingerprint_of(job.engines.transcriber))

    def make() -> _Work:
        made = make_transcript(job.path, job.info, job.engines.transcriber)
        needs_engine = made.source == "none" or made.source.startswith("speech:")

        units = _units(job, utterances=made.utterances)

        def write(writer: StageWriter) -> None:
            writer.replace_utterances(made.utterances, source=made.source, language=made.language)
            writer.replace_units(units)

        return _Work(
            write,
            recognised if needs_engine else with_subtitles,
            engine=made.source,
            counters={"utterances": len(made.utterances)},
            notes=made.notes,
        )

    return frozenset((with_subtitles, recognised)), make


def _visual(job: Job, recorded: dict[str, str]) -> _Plan:
    """The one decode: shots, slides, keyframes."""
    from longvid_indexer.visual import VisualSettings, visual_pass

    settings = VisualSettings()
    fingerprint = _digest("visual", settings)

    def make() -> _Work:
        if not job.info.has_video:
            return _Work(
                _nothing, fingerprint, notes=() if job.info.media_type == "transcript" else ("no pictures",)
            )
        seen = visual_pass(job.path, job.info, settings)

        others = [segment for segment in job.store.segments(job.video_id) if segment.level != "shot"]

        def write(writer: StageWriter) -> None:
            writer.replace_segments([*others, *seen.shots])
            writer.replace_slides(seen.slides)
            writer.replace_keyframes(seen.keyframes)

        return _Work(write, fingerprint, "scenedetect", dict(seen.counters), tuple(seen.notes))

    return frozenset((fingerprint,)), make


def _nothing(writer: StageWriter) -> None:
    """A stage that has nothing to write still gets its completion record."""


def _screen_text(job: Job, recorded: dict[str, str]) -> _Plan:
    """Screen text, read once per kept keyframe; also searchable at once."""
    from longvid_indexer.screen_text import read_screen

    fingerprint = _digest("screen_text", recorded.get("visual"), _fingerprint_of(job.engines.screen_reader))

    def make() -> _Work:
        reader = job.engines.screen_reader
        keyframes = job.store.keyframes(job.video_id, images=True)
        if reader is None or not keyframes:
            return _Work(_nothing, fingerprint, engine=None if reader else "off")
        read = read_screen(keyframes, reader)
        slides = _titled(job.store.slides(job.video_id), read.lines)
        units = _units(job, screen_texts=read.lines, slides=slides)

        def write(writer: StageWriter) -> None:
            writer.replace_slides(slides)
            writer.replace_screen_texts(read.lines)
            writer.replace_units(units)

        return _Work(write, fingerprint, reader.name, dict(read.counters))

    return frozenset((fingerprint,)), make


def _titled(slides: Sequence[Slide], lines: Sequence[ScreenText]) -> list[Slide]:
    """The slides with the titles that were read on them."""
    from longvid_indexer.screen_text import slide_title

    on_slide: dict[float, list[ScreenText]] = {}
    for line in lines:
        on_slide.setdefault(line.start_s, []).append(line)
    return [replace(slide, title=slide_title(on_slide.get(slide.start_s, ()))) for slide in slides]


def _structure(job: Job, recorded: dict[str, str]) -> _Plan:
    """Shot → scene → event → video, with titles and summaries."""
    from longvid_indexer.structure import build_structure
    from longvid_indexer.structuring.pictures import picture_spans

    encoder = job.engines.text_encoder
    read = [recorded.get(name) for name in ("transcript", "visual", "screen_text")]
    fingerprint = _digest("structure", *read, _fingerprint_of(encoder))

    def make() -> _Work:
        store, video_id = job.store, job.video_id
        segments = build_structure(
            job.info,
            store.utterances(video_id),
            store.segments(video_id, "shot"),
            store.slides(video_id),
            store.screen_texts(video_id),
            encoder,
            job.info.chapters,
            pictures=picture_spans(store.keyframes(video_id, images=True)),
        )

        units = _units(job, segments=segments)

        def write(writer: StageWriter) -> None:
            writer.replace_segments(segments)
            writer.replace_units(units)

        counters = {
            f"{level}s": sum(s.level == level for s in segments) for level in ("event", "scene", "shot")
        }
        return _Work(write, fingerprint, encoder.name if encoder else "lexical", counters)

    return frozenset((fingerprint,)), make


def _vectors(job: Job, recorded: dict[str, str]) -> _Plan:
    """Vectors of every unit that search compares by meaning, and of every keyframe when there is an image model."""
    from longvid_storage.search_reads import SEARCHED

    text, image = job.engines.text_encoder, job.engines.image_encoder
    channels = [channel for channel, _ in SEARCHED]
    read = [recorded.get(name) for name in ("transcript", "visual", "screen_text", "structure")]
    fingerprint = _digest("vectors", *read, _fingerprint_of(text), _fingerprint_of(image))

    def make() -> _Work:
        store, video_id = job.store, job.video_id
        counters: dict[str, int | float] = {}
        texts, text_vectors = [], None
        if text is not None:
            texts = store.units_without_vectors(video_id, text.fingerprint, channels=channels)
            text_vectors = text.encode([unit.text for _, unit in texts], kind="passage")
            counters["texts_encoded"] = len(texts)
        frames, picture_vectors = [], None
        if image is not None:
            frames = store.keyframes_without_vectors(video_id, image.fingerprint)
            picture_vectors = image.encode_images([_pixels(frame.image) for _, frame in frames])
            counters["pictures_encoded"] = len(frames)

        def write(writer: StageWriter) -> None:
            for channel in channels:
                rows = [row for row, (_, unit) in enumerate(texts) if unit.channel == channel]
                if rows and text is not None and text_vectors is not None:
                    writer.put_vectors(
                        channel, text.fingerprint, [texts[r][0] for r in rows], text_vectors[rows]
                    )
            if frames and image is not None and picture_vectors is not None:
                writer.put_vectors("picture", image.fingerprint, [key for key, _ in frames], picture_vectors)

        names = [encoder.name for encoder in (text, image) if encoder is not None]
        return _Work(write, fingerprint, " + ".join(names) or "off", counters)

    return frozenset((fingerprint,)), make


def _pixels(image: bytes) -> NDArray[np.uint8]:
    from io import BytesIO

    from PIL import Image

    return np.asarray(Image.open(BytesIO(image)).convert("RGB"))


def _units(
    job: Job,
    *,
    utterances: Sequence[Utterance] | None = None,
    slides: Sequence[Slide] | None = None,
    screen_texts: Sequence[ScreenText] | None = None,
    segments: Sequence[Segment] | None = None,
) -> list[Unit]:
    """The units of the video as it will be once the given rows are written; the rest comes from the store."""
    from longvid_storage.units import build_units

    store, video_id = job.store, job.video_id
    return build_units(
        job.info,
        store.utterances(video_id) if utterances is None else utterances,
        store.slides(video_id) if slides is None else slides,
        store.screen_texts(video_id) if screen_texts is None else screen_texts,
        store.segments(video_id) if segments is None else segments,
    )


_STAGES: dict[str, Callable[[Job, dict[str, str]], _Plan]] = {
    "transcript": _transcript,
    "visual": _visual,
    "screen_text": _screen_text,
    "structure": _structure,
    "vectors": _vectors,
}
