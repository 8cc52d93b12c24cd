"""Lines that were read before are not read again; what is looked at is only where there is writing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image, ImageDraw

from longvid_indexer.screen_memory import LineMemory
from longvid_indexer.screen_reader import ReadLine
from longvid_indexer.screen_readers.rapidocr import RapidOcrReader
from longvid_indexer.screen_text import read_screen
from longvid_indexer.vision.pictures import encode_webp
from longvid_indexer.vision.writing import Part, Writing, sheet_of
from longvid_storage.types import Keyframe
from media_factory import font, slide
from test_screen_states import SIZE, WORDS, editor


class PartReader:
    """Takes each part for a line and names it by its pixels; counts what it was given."""

    name, fingerprint = "parts", "1"

    def __init__(self) -> None:
        self.parts: list[Part] = []

    def read(
        self, image: np.ndarray, parts: Sequence[Part] | None = None, writing: object = None
    ) -> list[ReadLine]:
        height, width = image.shape[:2]
        assert parts is not None
        self.parts += parts
        return [
            ReadLine(
                f"line of {image[y0:y1, x0:x1].mean():.2f}",
                (x0 / width, y0 / height, x1 / width, y1 / height),
                1.0,
            )
            for x0, y0, x1, y1 in parts
        ]


def keyframes(images: Sequence[np.ndarray]) -> list[Keyframe]:
    return [
        Keyframe(float(i), float(i), i + 1.0, encode_webp(image, 80), image.shape[1], image.shape[0], "slide")
        for i, image in enumerate(images)
    ]


def pages(count: int) -> list[list[str]]:
    return [[f"{word} {page} of them" for word in WORDS] for page in range(count)]


def spaced(lines: Sequence[str], offset: int = 0) -> np.ndarray:
    """Lines that stand far enough apart to be parts of their own."""
    return editor([text for line in lines for text in (line, "")], offset)


def test_a_line_is_read_once_however_far_it_is_scrolled() -> None:
    lines = [f"{word} step {i}" for i in range(4) for word in WORDS]
    reader = PartReader()
    shown = [spaced(lines, offset) for offset in range(0, 1200, 112)]
    read = read_screen(keyframes(shown), reader)
    # Beside the lines themselves only those that the edge of the screen cuts are read.
    assert len(lines) <= read.counters["lines_read"] <= len(lines) + 2 * len(shown)
    assert read.counters["lines_reused"] >= 5 * len(shown)


def test_only_the_line_that_changed_is_looked_at() -> None:
    one, two = pages(2)
    changed = [*one[:3], two[3], *one[4:]]
    reader = PartReader()
    read_screen(keyframes([spaced(one), spaced(changed), spaced(one)]), reader)
    assert len(reader.parts) == len(one) + 1


@pytest.mark.parametrize(
    ("before", "now"), [("Total 13 users", "Total 18 users"), ("cat.", "cat,"), ("foo", "foobar")]
)
def test_what_differs_in_a_letter_is_another_line(before: str, now: str) -> None:
    reader = PartReader()
    read = read_screen(keyframes([spaced([before, "the same"]), spaced([now, "the same"])]), reader)
    assert len(reader.parts) == 3
    assert read.counters["lines_reused"] == 1


def test_noise_of_coding_is_no_change() -> None:
    random = np.random.default_rng(0)
    image = spaced(WORDS)
    noisy = np.clip(image.astype(int) + random.normal(0, 4, image.shape), 0, 255).astype(np.uint8)
    reader = PartReader()
    read_screen(keyframes([image, noisy]), reader)
    assert len(reader.parts) == len(WORDS)


def test_even_ground_and_frames_hold_no_writing() -> None:
    empty = np.full((720, 1280, 3), 240, np.uint8)
    assert Writing(empty).parts() == []
    empty[100:600, 100:104] = empty[100:600, 1100:1104] = empty[100:104, 100:1100] = 0
    empty[600:604, 100:1104] = 0
    assert Writing(empty).parts() == []
    assert Writing(np.zeros((1, 1, 3), np.uint8)).parts() == []


def test_parts_hold_all_letters_and_do_not_overlap() -> None:
    image = slide("A title of some words", ("first point", "second, longer point of words"), size=(1280, 720))
    writing = Writing(image)
    parts = writing.parts()
    for x0, y0, x1, y1 in writing.marks:
        assert sum(a <= x0 and b <= y0 and x1 <= c and y1 <= d for a, b, c, d in parts) == 1
    assert sum((c - a) * (d - b) for a, b, c, d in parts) < 0.5 * 1280 * 720


def test_a_sheet_leads_back_to_the_picture() -> None:
    image = spaced(WORDS)
    parts = Writing(image).parts()
    for scale in (1.0, 0.5):
        sheet = sheet_of(image, parts, scale)
        assert sheet.image.size < image.size * scale**2
        for part, left, top in sheet.places:
            x0, y0, x1, y1 = part
            box = np.float32([[0, 0], [x1 - x0, 0], [x1 - x0, y1 - y0], [0, y1 - y0]]) * np.float32(scale)
            there = sheet.back(box + np.float32([left, top]))
            assert there is not None
            assert np.allclose(there, [[x0, y0], [x1, y0], [x1, y1], [x0, y1]], atol=1)
    assert sheet.back(np.full((4, 2), 1e5, np.float32)) is None


def test_lines_of_other_sizes_of_picture_are_not_mixed_up() -> None:
    memory = LineMemory()
    luma = np.zeros((100, 100), np.uint8)
    luma[12:18, 12:48:3] = 255
    memory.recall(luma, (0, 100))
    memory.remember([ReadLine("a", (0.1, 0.1, 0.5, 0.2), 1.0)], luma)
    assert memory.recall(np.zeros((50, 50), np.uint8), (0, 50)) == []
    assert [line.text for line in memory.recall(luma, (0, 100))] == ["a"]
    assert memory.recall(luma, (30, 100)) == []


def test_rapidocr_reads_lines_that_were_scrolled_as_before() -> None:
    code = [f"{word}({i}, retries={i * 7})" for i, word in enumerate(WORDS + WORDS)]
    read = read_screen(keyframes([editor(code[:12]), editor(code[2:14])]), RapidOcrReader())
    assert read.counters["lines_read"] <= 15
    assert read.counters["lines_reused"] >= 9
    assert {line.text.replace(" ", "") for line in read.lines} >= {c.replace(" ", "") for c in code[:12:3]}
    assert SIZE == (960, 540)


def test_text_in_a_photograph_and_on_a_strip_is_found_as_well() -> None:
    reader = RapidOcrReader()
    strip = editor(["every word of a strip that is low and wide is read"])[4:44]
    (line,) = reader.read(np.ascontiguousarray(strip))
    assert line.text.replace(" ", "") == "everywordofastripthatislowandwideisread"
    random = np.random.default_rng(0)
    grain = Image.fromarray(random.integers(0, 140, (90, 160, 3), dtype=np.uint8)).resize((640, 360))
    draw = ImageDraw.Draw(grain)
    for number, word in enumerate(("Harbour Street", "Open until nine", "Bread and fish")):
        draw.text((40, 40 + 100 * number), word, font=font(44), fill=(255, 255, 255))
    read = reader.read(np.asarray(grain))
    assert {line.text.replace(" ", "") for line in read} >= {"HarbourStreet", "Openuntilnine", "Breadandfish"}


def test_edges_of_a_picture_are_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    make = Writing.__init__

    def counted(self: Writing, image: np.ndarray) -> None:
        made.append(image.shape[0])
        make(self, image)

    monkeypatch.setattr(Writing, "__init__", counted)
    images = [slide("Budget", ("seven engineers",)), slide("Release", ("on Tuesday",))]
    read = read_screen(keyframes(images), RapidOcrReader())
    assert {line.text for line in read.lines} >= {"Budget", "Release"}
    assert made == [images[0].shape[0]] * 2
