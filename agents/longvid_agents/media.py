"""Looking again at the media files of a library: what the agent needs of whatever decodes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from longvid_storage.db.view import View
from longvid_storage.types import Box, Keyframe


class Media(Protocol):
    """Fresh pictures and sound of the videos that a view can see."""

    @property
    def frames_decoded(self) -> int:
        """Pictures decoded by ``frames`` so far; those taken from its cache are not counted."""
        ...

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

    def audio(self, view: View, video_id: str, from_s: float, to_s: float) -> NDArray[np.float32]:
        """The sound of ``[from_s, to_s)`` of the media file: 16 kHz mono, shape (n,); empty when it has none.

        Raises:
            MediaError: the file is gone, or is not the one that was indexed.
        """
        ...
