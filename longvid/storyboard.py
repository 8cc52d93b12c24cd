"""A film in small pictures, for the bar of a player: WebVTT cues that name a place in sheets of kept pictures."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from longvid_storage.errors import NotFoundError
from longvid_storage.kept_pictures import picture_of, size_of
from longvid_storage.text.timecode import format_clock
from longvid_storage.types import Keyframe

if TYPE_CHECKING:
    from PIL.Image import Image

    from longvid_storage.db.view import View

COLUMNS, ROWS = 5, 5
MOST = 400
"""Pictures of one film, at most; of a longer list every second, third … is taken."""
_LONG_SIDE = 160
_QUALITY = 70


@dataclass(frozen=True, slots=True)
class Storyboard:
    """Which keyframes are in it, in time order, and the size of each in its sheets (pixels)."""

    duration_s: float
    frames: tuple[tuple[int, Keyframe], ...]
    width: int
    height: int

    def cues(self) -> str:
        """The WebVTT file; its addresses are relative to it."""
        # A picture stands for its span: of a slide it was taken when the slide was whole, so near its end.
        ends_s = [frame.start_s for _, frame in self.frames[1:]] + [self.duration_s][: len(self.frames)]
        lines = ["WEBVTT", ""]
        start_s = 0.0
        for number, end_s in enumerate(ends_s):
            sheet, place = divmod(number, COLUMNS * ROWS)
            x, y = place % COLUMNS * self.width, place // COLUMNS * self.height
            if end_s > start_s:
                lines += [
                    f"{format_clock(start_s)} --> {format_clock(end_s)}",
                    f"storyboard/{sheet}.webp#xywh={x},{y},{self.width},{self.height}",
                    "",
                ]
                start_s = end_s
        return "\n".join(lines)

    @property
    def sheets(self) -> int:
        """How many there are."""
        return -(-len(self.frames) // (COLUMNS * ROWS))


def storyboard(view: View, video_id: str) -> Storyboard:
    """The storyboard of a video; without keyframes it is empty."""
    row = view.video(video_id)
    found = [each for each in view.keyframes(video_id) if each[1].width and each[1].height]
    step = max(1, -(-len(found) // MOST))
    frames = tuple(found[::step])
    width, height = _LONG_SIDE, _LONG_SIDE * 9 // 16
    if frames:
        own = frames[0][1]
        scale = _LONG_SIDE / max(own.width, own.height)
        width, height = max(1, round(own.width * scale)), max(1, round(own.height * scale))
    return Storyboard(row.info.duration_s, frames, width, height)


def sheet(view: View, board: Storyboard, number: int) -> bytes:
    """Sheet ``number`` (from 0) of a storyboard as WebP.

    Raises:
        NotFoundError: it has no such sheet.
    """
    from PIL import Image as Pillow

    size = COLUMNS * ROWS
    ids = [keyframe_id for keyframe_id, _ in board.frames[number * size : (number + 1) * size]]
    if number < 0 or not ids:
        raise NotFoundError(f"the storyboard has no sheet {number}: it has {board.sheets}, counted from 0")
    rows = -(-len(ids) // COLUMNS)
    canvas = Pillow.new("RGB", (COLUMNS * board.width, rows * board.height))
    pictures = {each: frame.image for each, _, frame in view.keyframes_by_id(ids, images=True)}
    for place, keyframe_id in enumerate(ids):
        if keyframe_id in pictures:
            small = scaled(pictures[keyframe_id], board.width, board.height)
            canvas.paste(small, (place % COLUMNS * board.width, place // COLUMNS * board.height))
    return _webp(canvas)


def slide_picture(view: View, video_id: str, number: int) -> bytes:
    """The picture of slide ``number`` (from 0, in time order) as it was kept, a WebP.

    Raises:
        NotFoundError: the video has no such slide, or of it no picture.
    """
    slides = view.slides(video_id)
    if not 0 <= number < len(slides):
        raise NotFoundError(f"the video has no slide {number}: it has {len(slides)}, counted from 0")
    at_s = slides[number].keyframe_s
    near = [(abs(frame.time_s - at_s), each) for each, frame in view.keyframes(video_id)]
    found = view.keyframes_by_id([min(near)[1]], images=True) if near else []
    if not found:
        raise NotFoundError(f"slide {number} has no picture: longvid index --reprocess makes it anew")
    return found[0][2].image


def thumbnail(view: View, video_id: str, time_s: float, width: int, within_s: float) -> bytes | None:
    """A kept picture of that time, ``width`` pixels wide, a WebP; None where there is none near or wide enough.

    ``within_s``: so long before ``time_s`` it may have appeared.
    """
    near = [
        (frame.time_s, each)
        for each, frame in view.keyframes(video_id)
        if frame.width >= width and time_s - within_s <= frame.time_s <= time_s
    ]
    found = view.keyframes_by_id([max(near)[1]], images=True) if near else []
    if not found:
        return None
    image = found[0][2].image
    wide, high = size_of(image)
    return _webp(scaled(image, width, max(1, round(high * width / wide))))


def scaled(image: bytes, width: int, height: int) -> Image:
    """A stored WebP at that size."""
    from PIL import Image as Pillow

    return picture_of(image).resize((width, height), Pillow.Resampling.BILINEAR, reducing_gap=2.0)


def _webp(picture: Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=_QUALITY, method=2)
    return buffer.getvalue()
