"""Where writing may stand: what is connected is found as OpenCV finds it, in less time."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from longvid_indexer.vision.writing import Writing, _pieces
from media_factory import slide


def connected(mask: NDArray[np.uint8], neighbours: int) -> NDArray[np.int32]:
    """Left, top, right, bottom of each piece, by OpenCV's own choice of algorithm."""
    stats = cv2.connectedComponentsWithStats(mask, connectivity=neighbours)[2][1:]
    boxes = np.stack([stats[:, 0], stats[:, 1], stats[:, 0] + stats[:, 2], stats[:, 1] + stats[:, 3]], axis=1)
    return boxes[np.lexsort(boxes.T)]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.7, 1.0])
def test_pieces_are_those_of_the_whole_mask(share: float) -> None:
    random = np.random.default_rng(0)
    for _ in range(200):
        small = (random.random(random.integers(1, 14, 2)) < share).astype(np.uint8)
        mask = small.repeat(random.integers(1, 4), axis=0).repeat(random.integers(1, 4), axis=1)
        found = np.array(_pieces(mask), np.int32).reshape(-1, 4)
        assert np.array_equal(found[np.lexsort(found.T)], connected(mask, 4))


def test_pieces_that_touch_at_a_corner_are_two() -> None:
    mask = np.zeros((6, 8), np.uint8)
    mask[:3, :4] = mask[3:, 4:] = 1
    assert _pieces(mask) == [(0, 0, 4, 3), (4, 3, 8, 6)]


def test_marks_are_the_pieces_of_the_edges() -> None:
    """Of a slide, and of noise whose edges touch at corners."""
    random = np.random.default_rng(1)
    noise = np.full((120, 200, 3), 255, np.uint8)
    noise[random.random((120, 200)) < 0.02] = 0
    for image in (slide("Heading", ("first line", "second line")), noise):
        writing = Writing(image)
        boxes = connected(writing._edges, 8)
        boxes = boxes[boxes[:, 3] - boxes[:, 1] >= 5]
        marks = writing.marks[np.lexsort(writing.marks.T)]
        assert len(boxes) > 5
        assert np.array_equal(marks, boxes)


def test_a_slides_lines_are_its_parts_and_what_is_known_is_none() -> None:
    image = slide("Heading", ("first line", "second line"))
    parts = Writing(image).parts()
    assert parts
    assert Writing(image).parts(parts) == []
    half = image.shape[0] // 2
    assert all(top >= half for _, top, _, _ in Writing(image).parts(rows=(half, image.shape[0])))
