"""What every stage is made of: the job of one file, the work a stage hands back, and the fingerprint it goes with."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from longvid_indexer.report import ErrorInfo
from longvid_storage.types import Sound, StageResult, VideoInfo

if TYPE_CHECKING:
    from longvid_indexer.diariser import Diariser
    from longvid_indexer.scan import ScannedFile
    from longvid_indexer.screen_reader import ScreenReader
    from longvid_indexer.sound_tagger import SoundTagger
    from longvid_indexer.summariser import Summariser
    from longvid_indexer.transcriber import Transcriber
    from longvid_storage.db.rows import StageRecord
    from longvid_storage.db.stage_writer import StageWriter
    from longvid_storage.db.store import Store
    from longvid_storage.models.image_encoder import ImageEncoder
    from longvid_storage.models.text_encoder import TextEncoder

Engine = TypeVar("Engine")
_TOLD: dict[int, tuple[object, dict[str, str]]] = {}  # the engine is kept, so that its id is no other's

STAGES = ("transcript", "speakers", "visual", "sounds", "screen_text", "vectors", "structure", "summaries")
"""In the order they run; a stage reads only what stages before it wrote."""

# Raise a number when the code of that stage changes what it writes: libraries then redo it and what follows.
_VERSIONS = {
    **dict.fromkeys(STAGES, 1),
    "transcript": 2,
    "visual": 3,
    "sounds": 2,
    "screen_text": 3,
    "structure": 4,
}


class StageEngines(Protocol):
    """The models that indexing uses; None switches a role off. Reading a property must not load weights."""

    @property
    def transcriber(self) -> Transcriber | None: ...

    @property
    def diariser(self) -> Diariser | None: ...

    @property
    def sound_tagger(self) -> SoundTagger | None: ...

    @property
    def screen_reader(self) -> ScreenReader | None: ...

    @property
    def summariser(self) -> Summariser | None: ...

    @property
    def text_encoder(self) -> TextEncoder | None: ...

    @property
    def image_encoder(self) -> ImageEncoder | None: ...


@dataclass
class Job:
    """One file on its way through the stages: what it is, and what became of each stage so far.

    ``recorded`` are the stages' completion records; ``tell`` takes a sentence for the user while a stage is at work.
    ``media_id`` is the hash of the media's content, which other videos of the library may share. ``same_subtitles``:
    those beside the file are as they were. ``undone``: recorded stages that are to be done anew, whatever their
    fingerprints. A pickled job leaves its store, engines and ``tell`` behind.
    """

    store: Store
    engines: StageEngines
    found: ScannedFile
    info: VideoInfo
    recorded: dict[str, StageRecord] = field(default_factory=dict)
    results: dict[str, StageResult] = field(default_factory=dict)
    error: ErrorInfo | None = None
    notes: list[str] = field(default_factory=list)
    described: tuple[Sound, ...] | None = None  # by the subtitles, once the transcript stage has read them
    renamed: bool = False  # a known video, whose file has another name now
    audio_track: str | None = None  # the number of the sound track that a user named
    every_frame: bool = False  # of the pictures, as a user wants it
    tell: Callable[[str], None] = lambda message: None
    media_id: str = ""
    same_subtitles: bool = True
    undone: set[str] = field(default_factory=set)

    def look_again(self, recorded: Mapping[str, StageRecord]) -> None:
        """Take over what the library has recorded by now, of another process too, less what is ``undone``."""
        self.recorded = {stage: record for stage, record in recorded.items() if stage not in self.undone}

    def __getstate__(self) -> dict[str, object]:
        found = replace(self.found, titles=None)  # which are a whole directory's
        return {**self.__dict__, "found": found, "store": None, "engines": None, "tell": None}

    @property
    def video_id(self) -> str:
        """Who the video is."""
        return self.info.video_id

    def of_same_media(self, stage: str) -> list[tuple[str, StageRecord]]:
        """(video id, completion record) of other videos of the same media that have the stage."""
        if not self.media_id:
            return []
        with self.store.view() as view:
            rows = view.videos_of_media(self.media_id, self.video_id)
        found = ((row.info.video_id, row.stages.get(stage)) for row in rows)
        return [(each, record) for each, record in found if record and record.result.status == "done"]

    @property
    def fingerprints(self) -> dict[str, str]:
        """Stage → fingerprint, of stages that did not fail."""
        records = self.recorded.items()
        return {stage: record.fingerprint for stage, record in records if record.result.status != "failed"}

    @property
    def path(self) -> Path:
        """The file that is read."""
        return self.found.path


@dataclass(frozen=True)
class Work:
    """What a stage made, ready to be written in one transaction."""

    write: Callable[[StageWriter], None]
    fingerprint: str
    engine: str | None = None
    counters: Mapping[str, int | float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


StagePlan = tuple[frozenset[str], Callable[[], Work]]
"""The fingerprints with which the stage is up to date, and how to bring it there."""


def digest(stage: str, *parts: object) -> str:
    """The fingerprint of a stage: its code version and everything that decides what it writes."""
    return _digest("\x1f".join(map(str, (stage, _VERSIONS[stage], *parts))))


@lru_cache(1024)
def _digest(text: str) -> str:
    """Most files of a run ask for the same ones."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def as_text(name: str) -> str:
    """A file's name, or a sentence with one, as text: bytes that are none become U+FFFD, which databases take."""
    return name.encode(errors="surrogateescape").decode(errors="replace")


def named_track(job: Job) -> tuple[str, ...]:
    """What a stage that hears adds to its digest: nothing where the choice of the sound track is left open."""
    return () if job.audio_track is None else (f"sound track {job.audio_track}",)


def fingerprint_of(engine: object | None) -> str:
    """An engine's fingerprint; ``"off"`` without one."""
    return asked_once(engine, lambda asked: getattr(asked, "fingerprint", "off"), "fingerprint")


def asked_once(engine: Engine, ask: Callable[[Engine], str], what: str) -> str:
    """What ``ask`` tells of an engine, until a run begins: it may read weights and look up packages, 12 ms a time."""
    _, told = _TOLD.setdefault(id(engine), (engine, {}))
    if what not in told:
        told[what] = ask(engine)
    return told[what]


def run_begins() -> None:
    """Ask engines anew: their weights may have been replaced since the last run."""
    _TOLD.clear()


def nothing(writer: StageWriter) -> None:
    """A stage that has nothing to write still gets its completion record."""
