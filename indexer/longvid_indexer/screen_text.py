"""Screen text: the kept pictures are read, once each; no second decode."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from longvid_indexer.reached import reached
from longvid_indexer.screen_lines import LineTracker, overlap
from longvid_indexer.screen_memory import LineMemory
from longvid_indexer.screen_reader import ReadLine, ScreenReader
from longvid_indexer.vision.keyframes import rows_of_state
from longvid_indexer.vision.pictures import Image, decode_webp
from longvid_indexer.vision.writing import Part, Writing
from longvid_storage.types import Box, Keyframe, ScreenText

_CONFIDENT = 0.5
# A keyframe of so little before the first state shows nothing that the state does not.
_FIRST_S = 0.5


@dataclass(frozen=True)
class ScreenTextResult:
    """Lines of text with the span of their keyframe, in reading order; what it cost is in ``counters``."""

    lines: tuple[ScreenText, ...]
    counters: dict[str, int | float] = field(default_factory=dict)


def read_screen(
    keyframes: Sequence[Keyframe], reader: ScreenReader, states: Sequence[Keyframe] = ()
) -> ScreenTextResult:
    """Read each keyframe once; a picture that looks like one read before gets that one's lines.

    A line that was read before and is seen again, in its place or scrolled, is not read anew; what is looked at is only
    where there is writing. Where the screen changed within the span of a keyframe, its ``states`` are read instead,
    each only where it changed; a line's span is from the state that first shows it to the one that no longer does.

    Raises:
        ModelError: the reader cannot be loaded.
    """
    reading = _ScreenReading(reader)
    lines: list[ScreenText] = []
    alone = [s for s in states if not any(k.start_s <= s.start_s < k.end_s for k in keyframes)]
    for stretch in _stretches(alone):
        lines += _over_states(stretch[0], stretch, reading)
    for number, keyframe in enumerate(keyframes):
        reached(number / len(keyframes))
        within = [each for each in states if keyframe.start_s <= each.start_s < keyframe.end_s]
        if within:
            lines += _over_states(keyframe, within, reading)
            continue
        read = reading.picture(decode_webp(keyframe.image))
        lines += [ScreenText(keyframe.start_s, keyframe.end_s, r.text, r.box, r.confidence) for r in read]
    lines.sort(key=lambda line: line.start_s)
    return ScreenTextResult(tuple(lines), reading.counters)


def _stretches(states: Sequence[Keyframe]) -> list[list[Keyframe]]:
    """States that follow each other without a gap; those of what was too short to be a slide have no keyframe."""
    found: list[list[Keyframe]] = []
    for state in states:
        if found and state.start_s <= found[-1][-1].end_s + 1e-6:
            found[-1].append(state)
        else:
            found.append([state])
    return found


def _over_states(keyframe: Keyframe, states: Sequence[Keyframe], reading: _ScreenReading) -> list[ScreenText]:
    tracker = LineTracker()
    if keyframe.time_s < states[0].start_s - _FIRST_S:
        # Before the first change the screen is what the keyframe shows.
        tracker.see(keyframe.start_s, 0.0, 1.0, reading.picture(decode_webp(keyframe.image)))
    for state in states:
        image = decode_webp(state.image)
        height = image.shape[0]
        top, bottom = rows_of_state(image)
        if bottom > top:
            read = reading.rows(image, top, bottom)
            tracker.see(max(state.start_s, keyframe.start_s), top / height, bottom / height, read)
    return tracker.finish(max(keyframe.end_s, states[-1].end_s) if keyframe is states[0] else keyframe.end_s)


class _ScreenReading:
    """Reads pictures, remembers the last ones and their lines, and counts."""

    def __init__(self, reader: ScreenReader) -> None:
        self._reader = reader
        self._seen: list[tuple[Image, list[ReadLine]]] = []
        self._memory = LineMemory()
        self.counters: dict[str, int | float] = {
            "ocr_calls": 0,
            "ocr_reused": 0,
            "lines_read": 0,
            "lines_reused": 0,
        }

    def picture(self, image: Image) -> list[ReadLine]:
        """The lines of a picture, in reading order."""
        look = _look(image)
        read = next((read for known, read in self._seen if _same(known, look)), None)
        if read is not None:
            self.counters["ocr_reused"] += 1
            return read
        read = self.rows(image, 0, image.shape[0])
        self._seen = [*self._seen[-_REMEMBERED + 1 :], (look, read)]
        return read

    def rows(self, image: Image, top: int, bottom: int) -> list[ReadLine]:
        """The lines in rows ``[top, bottom)`` of a picture, at their place in the whole of it."""
        import cv2

        height, width = image.shape[:2]
        luma = np.asarray(cv2.blur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (3, 3)), np.uint8)
        known = self._memory.recall(luma, (top, bottom))
        covered = [_pixels(line.box, width, height) for line in known]
        writing = Writing(image)
        parts = writing.parts(covered, (top, bottom))
        new: list[ReadLine] = []
        if parts or not known:
            self.counters["ocr_calls"] += 1
            read = self._reader.read(image, parts, writing)
            new = [line for line in read if line.confidence >= _CONFIDENT]
            new = [line for line in new if not any(overlap(line.box, each.box) > 0.5 for each in known)]
            self._memory.remember(new, luma)
        else:
            self.counters["ocr_reused"] += 1
        self.counters["lines_read"] += len(new)
        self.counters["lines_reused"] += len(known)
        return in_reading_order([replace(line, text=unmixed(line.text)) for line in (*known, *new)])


def _pixels(box: Box, width: int, height: int) -> Part:
    """What a line covers, and the smear around it."""
    left, top, right, bottom = box
    return (
        int(left * width) - _SMEAR,
        int(top * height) - _SMEAR,
        int(right * width) + 1 + _SMEAR,
        int(bottom * height) + 1 + _SMEAR,
    )


# An O between letters is read as a zero, and an l as a one; hexadecimal numbers are left alone.
_ZERO = re.compile(r"(?<=[^\W\d_]{2})0(?=[^\W\d_]{2})|(?<=[^\W\d_]{3})0(?=[^\W\d_])")
_WORD = re.compile(r"\w+")
_HEXADECIMAL = re.compile(r"[0-9a-fA-FxX]+")


def unmixed(text: str) -> str:
    """The text with zeros inside of words made the letter that they are ("Back0ff" is "BackOff")."""
    return _WORD.sub(lambda word: _lettered(word[0]), text) if "0" in text else text


def _lettered(word: str) -> str:
    if _HEXADECIMAL.fullmatch(word) or sum(map(str.isdigit, word)) != word.count("0"):
        return word
    return _ZERO.sub(
        lambda zero: "o" if word[zero.end()].islower() and word[zero.start() - 1].islower() else "O", word
    )


_REMEMBERED = 50
_SMEAR = 3
_LOOK = (160, 120)


def _look(image: Image) -> Image:
    """What two pictures are compared by: small and grey, still fine enough to tell two lines of text apart."""
    from PIL import Image as Pillow

    width, height = _LOOK
    if image.shape[0] < height:
        # Some rows of a picture: as they are, or two lines could not be told apart.
        width, height = image.shape[1], image.shape[0]
    small = Pillow.fromarray(image).convert("L").resize((width, height), Pillow.Resampling.BOX)
    return np.asarray(small, np.uint8)


def _same(a: Image, b: Image) -> bool:
    return a.shape == b.shape and bool(np.abs(a.astype(np.int16) - b).max() <= 12)


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
