"""Screen text: the kept pictures are read, once each; no second decode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from longvid_indexer.screen_reader import ReadLine, ScreenReader
from longvid_indexer.vision.pictures import Image, decode_webp
from longvid_storage.types import Keyframe, ScreenText

_CONFIDENT = 0.5


@dataclass(frozen=True)
class ScreenTextResult:
    """Lines of text with the span of their keyframe, in reading order; what it cost is in ``counters``."""

    lines: tuple[ScreenText, ...]
    counters: dict[str, int | float] = field(default_factory=dict)


def read_screen(keyframes: Sequence[Keyframe], reader: ScreenReader) -> ScreenTextResult:
    """Read each keyframe once; a picture that looks like one read before gets that one's lines.

    Raises:
        ModelError: the reader cannot be loaded.
    """
    counters: dict[str, int | float] = {"ocr_calls": 0, "ocr_reused": 0}
    seen: list[tuple[Image, list[ReadLine]]] = []
    lines: list[ScreenText] = []
    for keyframe in keyframes:
        image = decode_webp(keyframe.image)
        look = _look(image)
        read = next((read for known, read in seen if _same(known, look)), None)
        if read is None:
            read = in_reading_order([line for line in reader.read(image) if line.confidence >= _CONFIDENT])
            counters["ocr_calls"] += 1
            seen = [*seen[-_REMEMBERED + 1 :], (look, read)]
        else:
            counters["ocr_reused"] += 1
        lines += [ScreenText(keyframe.start_s, keyframe.end_s, r.text, r.box, r.confidence) for r in read]
    return ScreenTextResult(tuple(lines), counters)


_REMEMBERED = 50
_LOOK = (160, 120)


def _look(image: Image) -> Image:
    """What two pictures are compared by: small and grey, still fine enough to tell two lines of text apart."""
    from PIL import Image as Pillow

    return np.asarray(Pillow.fromarray(image).convert("L").resize(_LOOK, Pillow.Resampling.BOX), np.uint8)


def _same(a: Image, b: Image) -> bool:
    return bool(np.abs(a.astype(np.int16) - b).max() <= 12)


def in_reading_order(lines: Sequence[ReadLine]) -> list[ReadLine]:
    """Top to bottom; pieces that stand in one row are joined, left to right, unless far apart (columns)."""
    rows: list[list[ReadLine]] = []
    for line in sorted(lines, key=lambda each: (each.box[1] + each.box[3]) / 2):
        line = replace(line, text=_clean(line.text))
        if not line.text:
            continue
        home = next((row for row in rows if _in_row(row[-1], line)), None)
        if home is None:
            rows.append([line])
        else:
            home.append(line)
    return [joined for row in rows for joined in _join(sorted(row, key=lambda each: each.box[0]))]


def _clean(text: str) -> str:
    """One space between words, and no mark of a list in front."""
    return " ".join(text.split()).lstrip("•·●○▪■◦►‣∙ ").strip()


def _in_row(a: ReadLine, b: ReadLine) -> bool:
    overlap = min(a.box[3], b.box[3]) - max(a.box[1], b.box[1])
    return overlap > 0.6 * min(a.box[3] - a.box[1], b.box[3] - b.box[1])


def _join(row: list[ReadLine]) -> list[ReadLine]:
    joined = [row[0]]
    for line in row[1:]:
        last = joined[-1]
        gap = line.box[0] - last.box[2]
        # Boxes are fractions of width and height; a line's height in widths is about 9/16 of its fraction.
        if gap <= 1.0 * (last.box[3] - last.box[1]):
            box = (last.box[0], min(last.box[1], line.box[1]), line.box[2], max(last.box[3], line.box[3]))
            joined[-1] = replace(
                last,
                text=f"{last.text} {line.text}",
                box=box,
                confidence=min(last.confidence, line.confidence),
            )
        else:
            joined.append(line)
    return joined


def slide_title(lines: Sequence[ScreenText]) -> str | None:
    """The text that names a slide: the upper one of the tallest lines in its upper half; None where there is none."""
    upper = [line for line in lines if line.box[1] < 0.5 and any(c.isalpha() for c in line.text)]
    if not upper:
        return None
    tallest = max(line.box[3] - line.box[1] for line in upper)
    large = [line for line in upper if line.box[3] - line.box[1] >= 0.85 * tallest]
    return " ".join(min(large, key=lambda line: line.box[1]).text.split())
