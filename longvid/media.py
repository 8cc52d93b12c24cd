"""Fresh pictures and sound out of the media files of a library: ``longvid_agents.media.Media``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from longvid_storage.db.view import View
from longvid_storage.errors import MediaError
from longvid_storage.types import Box, Keyframe

if TYPE_CHECKING:
    from longvid_indexer.rewatch import Rewatcher


class LibraryMedia:
    """Fulfils ``Media``; pictures decoded are kept from question to question."""

    @cached_property
    def _rewatcher(self) -> Rewatcher:
        from longvid_indexer.rewatch import Rewatcher

        return Rewatcher()

    @property
    def frames_decoded(self) -> int:
        """Pictures decoded so far."""
        return self._rewatcher.frames_decoded

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
        """Pictures decoded anew from the media file of a video, as JPEG, which goes to a model as it is.

        Raises:
            MediaError: the file is gone, was changed, or holds no pictures there.
        """
        from longvid.whereabouts import media_path

        row = view.video(video_id)
        if not row.info.has_video:
            raise _no_pictures(row.info.title)
        wanted_s = _times(from_s, to_s, rate, most) if times_s is None else times_s
        path = media_path(view, row)
        pictures = self._rewatcher.pictures(path, row.info, wanted_s, box=box, form="jpeg")
        ends_s = [*(picture.asked_s for picture in pictures[1:]), to_s]
        return [
            Keyframe(p.time_s, p.asked_s, max(end_s, p.asked_s), p.image, p.width, p.height, "shot")
            for p, end_s in zip(pictures, ends_s, strict=True)
        ]

    def picture(self, view: View, video_id: str, time_s: float, width: int | None = None) -> bytes:
        """The picture shown at ``time_s``, at most ``width`` pixels wide, a WebP; raises as ``frames`` does."""
        from longvid.whereabouts import media_path
        from longvid_indexer.rewatch import LONG_SIDE

        row = view.video(video_id)
        if not row.info.has_video:
            raise _no_pictures(row.info.title)
        long_side = LONG_SIDE if width is None else width
        if width is not None and row.info.width and row.info.height:
            long_side = round(width * max(1.0, row.info.height / row.info.width))
        path = media_path(view, row)
        (picture,) = self._rewatcher.pictures(path, row.info, [time_s], long_side=long_side)
        return picture.image

    def audio(self, view: View, video_id: str, from_s: float, to_s: float) -> NDArray[np.float32]:
        """The sound of a span of a video's media file: 16 kHz mono.

        Raises:
            MediaError: the file is gone, or was changed.
        """
        from longvid.whereabouts import media_path
        from longvid_indexer.audio import audio_between
        from longvid_indexer.listening import asked_before

        row = view.video(video_id)
        if not row.info.has_audio:
            return np.zeros(0, np.float32)
        named = asked_before(record.result for record in row.stages.values())
        return audio_between(media_path(view, row), row.info, from_s, to_s, named)


def _no_pictures(title: str) -> MediaError:
    return MediaError(f'"{title}" has no pictures: it is sound or a transcript', code="no_picture")


def _times(from_s: float, to_s: float, rate: float | None, most: int) -> list[float]:
    """At most ``most`` times in ``[from_s, to_s)``: at ``rate``, or spread evenly, each in the middle of its part."""
    length_s = max(0.0, to_s - from_s)
    if rate is not None and length_s * rate < most:
        return [from_s + number / rate for number in range(max(1, math.ceil(length_s * rate)))]
    return [from_s + length_s * (number + 0.5) / most for number in range(most)]
