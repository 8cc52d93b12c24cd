"""A video that is not yet a file: its frames, made on demand, and the truth about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from media_factory.writer import Picture, write_video


@dataclass(frozen=True)
class Script:
    """Frames and the truth about them; ``frames()`` starts anew at each call.

    ``boundaries_s``: the times of the changes a detector must report (new slides; hard cuts), without 0 and
    the end. ``builds_s``: the times at which a slide only grew. ``gradual_s``: (start_s, end_s, kind) of
    dissolves and fades. ``texts``: what each slide says in the end, or the name of each shot.
    """

    make_frames: Callable[[], Iterator[Picture]]
    rate: float
    duration_s: float
    boundaries_s: tuple[float, ...]
    builds_s: tuple[float, ...] = ()
    gradual_s: tuple[tuple[float, float, str], ...] = ()
    texts: tuple[str, ...] = ()

    def frames(self) -> Iterator[Picture]:
        """The frames from the start, each RGB (H, W, 3) uint8."""
        return self.make_frames()

    def write(self, path: Path, **how: Any) -> Path:
        """Write the script to a file; ``how`` goes to ``write_video``."""
        return write_video(path, self.frames(), self.rate, **how)
