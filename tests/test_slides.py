"""Slides: found where lectures change them, whatever else moves; not found in film."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from lecture_kinds import KINDS, boundary_f1, matched, slide_times
from longvid_indexer.probe import probe
from longvid_indexer.vision.blocks import BLOCK, STEP, differs, per_block
from longvid_indexer.vision.slides import SlideFinder, weigh
from longvid_indexer.visual import VisualResult, visual_pass
from media_factory import Page, Script, lecture, sample_slides, shots

SLOW_KINDS = {"25 fps", "all at once", "camera noise"}


def look(path: Path) -> VisualResult:
    return visual_pass(path, probe(path, "test"))


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW_KINDS else []) for name in KINDS],
)
def test_slides_of_every_kind_of_lecture(name: str, tmp_path: Path) -> None:
    script = KINDS[name].write(tmp_path / "lecture.mp4")
    seen = look(tmp_path / "lecture.mp4")
    assert boundary_f1(slide_times(seen.slides), list(script.boundaries_s), 0.5) >= 0.95
    cuts = [shot.start_s for shot in seen.shots][1:]
    assert boundary_f1(cuts, list(script.boundaries_s)) <= 0.2
    for slide, keyframe in zip(seen.slides, seen.keyframes, strict=True):
        assert slide.start_s <= slide.keyframe_s < slide.end_s
        assert (keyframe.start_s, keyframe.end_s, keyframe.kind) == (slide.start_s, slide.end_s, "slide")
    assert seen.slides[0].start_s == 0
    assert all(a.end_s == b.start_s for a, b in pairwise(seen.slides))


def test_the_measure_counts_each_time_once() -> None:
    assert matched([1.0, 1.1], [1.0], 0.5) == 1
    assert boundary_f1([1.0, 1.1], [1.0]) == pytest.approx(2 / 3)
    assert boundary_f1([], [3.0]) == 0


def test_a_build_keeps_its_last_state(tmp_path: Path) -> None:
    script = lecture(sample_slides(2, builds=True), seconds=(8.0, 6.0))
    script.write(tmp_path / "builds.mp4")
    seen = look(tmp_path / "builds.mp4")
    last_build_s = [max(t for t in script.builds_s if t < s.end_s) for s in seen.slides]
    assert len(seen.slides) == 2
    assert all(slide.keyframe_s >= build for slide, build in zip(seen.slides, last_build_s, strict=True))


def test_film_has_no_slides(tmp_path: Path) -> None:
    script = shots((4.0, 5.0, 4.0), ("cut", "fade"))
    script.write(tmp_path / "film.mp4")
    seen = look(tmp_path / "film.mp4")
    assert seen.slides == ()
    assert {keyframe.kind for keyframe in seen.keyframes} == {"shot"}


def test_slides_between_film(tmp_path: Path) -> None:
    film, talk = shots((5.0,), (), rate=10, size=(640, 360)), lecture(sample_slides(2), rate=10)

    def frames():
        yield from film.frames()
        yield from talk.frames()
        yield from film.frames()

    script = Script(frames, 10, 22.0, (5.0, 11.0, 17.0))
    script.write(tmp_path / "mixed.mp4")
    seen = look(tmp_path / "mixed.mp4")
    assert [(s.start_s, s.end_s) for s in seen.slides] == [
        (pytest.approx(5.0, abs=0.11), pytest.approx(11.0, abs=0.11)),
        (pytest.approx(11.0, abs=0.11), pytest.approx(17.0, abs=0.11)),
    ]
    assert [keyframe.kind for keyframe in seen.keyframes] == ["shot", "slide", "slide", "shot"]


def test_the_frame_of_the_change_is_found(tmp_path: Path) -> None:
    """Looks are a fifth of a second apart; boundaries are not."""
    script = lecture(sample_slides(3), seconds=(4.12, 5.44, 4.0), rate=25)
    script.write(tmp_path / "exact.mp4")
    found = slide_times(look(tmp_path / "exact.mp4").slides)
    assert found == pytest.approx(list(script.boundaries_s), abs=0.041)


def test_a_gap_between_frames_is_a_still_picture() -> None:
    """Two frames half a minute apart: what is on screen between them was still."""
    finder = SlideFinder()
    first, second = (picture(page) for page in sample_slides(2))
    assert finder.see(first, 0.0, "a") == []
    assert finder.see(second, 30.0, "b") == []
    ended = finder.finish(30.04, 60.0)
    assert [(s.start_s, s.end_s, s.frame) for s in ended] == [(0.0, 30.0, "a"), (30.0, 60.0, "b")]


def test_dimming_old_bullets_is_no_new_slide() -> None:
    finder = SlideFinder()
    page = picture(Page("Title of this slide", ("First point of it", "Second point of it")))
    dimmed = (255 - (255 - page.astype(np.int16)) // 3).astype(np.uint8)
    for number in range(60):
        assert finder.see(page if number < 30 else dimmed, number * 0.2, number) == []
    assert len(finder.finish(12.0, 12.0)) == 1


def test_scrolled_away_bit_by_bit_is_a_new_slide() -> None:
    """A terminal that scrolls line by line must not end as one slide with only its last screen."""
    finder = SlideFinder()
    lines = [f"step {i}: {bullet}" for i in range(5) for page in sample_slides(8) for bullet in page.bullets]
    ended = []
    for number in range(400):
        top = number // 10
        ended += finder.see(picture(Page("Log", tuple(lines[top : top + 5]))), number * 0.2, number)
    ended += finder.finish(80.0, 80.0)
    assert len(ended) >= 3


def picture(page: Page) -> np.ndarray:
    from media_factory import slide

    return np.ascontiguousarray(
        slide(page.title, page.bullets, size=(320, 180)).mean(axis=2).astype(np.uint8)
    )


def test_looking_only_where_something_changed_sees_what_looking_everywhere_sees() -> None:
    """The oracle weighs every pixel of the picture."""
    import cv2

    random = np.random.default_rng(3)
    for height, width in ((180, 320), (67, 101), (6, 9)):
        old = cv2.GaussianBlur(random.integers(0, 256, (height, width), np.uint8), (5, 5), 2)
        for _ in range(8):
            new = old.copy()
            y, x = int(random.integers(0, height)), int(random.integers(0, width))
            patch = new[
                y : y + int(random.integers(1, height + 1)), x : x + int(random.integers(1, width + 1))
            ]
            patch[:] = random.choice((patch // 2, 255 - patch, np.full_like(patch, 90)))
            for mine, whole in zip(weigh(old, new), weighed_whole(old, new), strict=True):
                assert np.array_equal(mine, whole)
            moved = per_block((np.abs(old.astype(int) - new) > STEP).astype(np.uint8)) > 1.5 / BLOCK**2
            assert np.array_equal(differs(old, new), moved)


def weighed_whole(old: np.ndarray, new: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    import cv2

    def edges(image: np.ndarray) -> np.ndarray:
        wide = np.pad(image, 1, "edge").astype(int)
        across, down = wide[1:-1, 2:] - wide[1:-1, :-2], wide[2:, 1:-1] - wide[:-2, 1:-1]
        return ((np.abs(across) > 20) | (np.abs(down) > 20)).astype(np.uint8)

    def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        steps = [[cv2.Sobel(image, cv2.CV_32F, 1 - i, i) for i in (0, 1)] for image in (a, b)]
        return steps[0][0] * steps[1][0] + steps[0][1] * steps[1][1]

    before, after = edges(old), edges(new)
    changed = (np.abs(old.astype(int) - new) > STEP).astype(np.uint8)
    alike = per_block(product(old, new)) > 0.6 * np.sqrt(
        per_block(product(old, old)) * per_block(product(new, new))
    )
    return (
        per_block(before & changed) * ~alike,
        per_block(after & changed & (1 - before)),
        per_block(before),
    )
