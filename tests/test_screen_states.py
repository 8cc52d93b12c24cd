"""What changes on screen within a slide, or is scrolled, is read when it is first seen, and only where it changed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

import media_factory as mf
from longvid_indexer.probe import probe
from longvid_indexer.screen_lines import LineTracker
from longvid_indexer.screen_reader import ReadLine
from longvid_indexer.screen_readers.rapidocr import RapidOcrReader
from longvid_indexer.screen_text import read_screen, unmixed
from longvid_indexer.vision.keyframes import rows_of_state
from longvid_indexer.vision.pictures import decode_webp
from longvid_indexer.visual import VisualResult, visual_pass

LOGGED = """
    harbour lantern bicycle thunder cabbage violin glacier pepper station walnut orchard zeppelin marble falcon copper
    engine saddle ribbon tunnel wagon kettle meadow pirate candle
"""
RATE = 5
SIZE = (960, 540)
WORDS = [
    "load_config",
    "parse_header",
    "open_socket",
    "flush_buffer",
    "rotate_logs",
    "spawn_worker",
    "close_session",
    "emit_metrics",
]


@pytest.fixture(scope="module")
def rapidocr() -> RapidOcrReader:
    return RapidOcrReader()


def editor(lines: list[str], offset: int = 0, size: int = 20) -> np.ndarray:
    """Lines of print on a dark screen, moved up by ``offset`` pixels."""
    image = Image.new("RGB", SIZE, (24, 26, 30))
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        top = 12 + number * (size + 8) - offset
        if -size < top < SIZE[1]:
            draw.text((30, top), line, font=mf.font(size), fill=(215, 215, 215))
    return np.array(image)


def seen(path: Path, frames: list[np.ndarray]) -> VisualResult:
    mf.write_video(path, frames, RATE, crf=20)
    return visual_pass(path, probe(path, "test"))


def terminal(count: int, each_s: float) -> list[np.ndarray]:
    """One line more every so often."""
    lines = [f"$ {word} --retries {3 * i}" for i, word in enumerate(WORDS[:count])]
    return [editor(lines[:n]) for n in range(1, count + 1) for _ in range(round(each_s * RATE))]


def scrolled(rest_s: float, move_s: float) -> list[np.ndarray]:
    """Code, at rest, then five lines further, and so on."""
    code = [
        line
        for word in WORDS
        for line in (f"def {word}(self):", *(f"    {word[:4]} step {i}" for i in range(7)))
    ]
    frames, offset, step = [], 0, 5 * 28
    while offset <= len(code) * 28 - SIZE[1]:
        frames += [editor(code, offset)] * round(rest_s * RATE)
        moves = max(1, round(move_s * RATE))
        frames += [editor(code, offset + step * i // moves) for i in range(1, moves)]
        offset += step
    return frames


@pytest.mark.parametrize("each_s", [1.6, 3.0])
def test_each_line_of_a_growing_terminal_is_a_state(tmp_path: Path, each_s: float) -> None:
    result = seen(tmp_path / "terminal.mp4", terminal(6, each_s))
    assert len(result.slides) == 1
    assert [state.start_s for state in result.states] == pytest.approx(
        [i * each_s for i in range(6)], abs=0.25
    )
    assert [a.end_s for a in result.states[:-1]] == [b.start_s for b in result.states[1:]]
    assert result.counters["decodes"] == 1
    for state in result.states[1:]:
        image = decode_webp(state.image)
        top, bottom = rows_of_state(image)
        # Only the rows around the new line are kept, with boxes at their place in the whole picture.
        assert image.shape[0] == SIZE[1]
        assert 20 <= bottom - top <= 140


@pytest.mark.slow
def test_a_line_is_found_from_the_second_at_which_it_is_first_seen(
    tmp_path: Path, rapidocr: RapidOcrReader
) -> None:
    result = seen(tmp_path / "terminal.mp4", terminal(6, 1.6))
    read = read_screen(result.keyframes, rapidocr, result.states)
    assert read.counters["ocr_calls"] == 6
    starts = {line.text: line.start_s for line in read.lines}
    for number, word in enumerate(WORDS[:6]):
        start_s = next(start_s for text, start_s in starts.items() if word in text)
        assert start_s == pytest.approx(number * 1.6, abs=0.25)
    assert all(line.end_s == pytest.approx(9.6, abs=0.1) for line in read.lines)
    assert len(read.lines) == 6


@pytest.mark.parametrize(("rest_s", "move_s"), [(1.0, 1.0), (1.4, 0.2), (4.0, 0.6)])
def test_every_rest_of_a_scrolled_editor_is_a_state(tmp_path: Path, rest_s: float, move_s: float) -> None:
    frames = scrolled(rest_s, move_s)
    result = seen(tmp_path / "scroll.mp4", frames)
    rests = len(frames) // round((rest_s + max(0.2, move_s) - 0.2) * RATE)
    shown = sorted([s.start_s for s in result.states] + [s.start_s for s in result.slides])
    for number in range(rests):
        middle_s = number * (rest_s + max(0.2, move_s) - 0.2) + rest_s / 2
        assert any(abs(start_s - middle_s) < rest_s / 2 + 0.45 for start_s in shown), middle_s
    assert len(result.states) <= rests + 1


def test_text_that_never_rests_is_read_every_few_seconds(tmp_path: Path) -> None:
    code = [f"{word} line {i}" for i in range(8) for word in WORDS]
    frames = [editor(code, 14 * i) for i in range(60)]
    result = seen(tmp_path / "scroll.mp4", frames)
    assert 3 <= len(result.states) <= 6


@pytest.mark.slow
def test_a_number_that_changes_on_a_slide_has_its_own_spans(tmp_path: Path, rapidocr: RapidOcrReader) -> None:
    pages = [
        mf.slide("Visitors today", ("Counted at the gate", number), size=SIZE) for number in ("4471", "5120")
    ]
    result = seen(tmp_path / "number.mp4", [page for page in pages for _ in range(8 * RATE)])
    read = read_screen(result.keyframes, rapidocr, result.states)
    spans = {line.text: (line.start_s, line.end_s) for line in read.lines}
    assert spans["4471"] == pytest.approx((0.0, 8.0), abs=0.25)
    assert spans["5120"] == pytest.approx((8.0, 16.0), abs=0.25)
    assert spans["Visitors today"] == pytest.approx((0.0, 16.0), abs=0.25)
    assert len(read.lines) == 4
    assert read.counters["ocr_calls"] == 2


@pytest.mark.parametrize(
    "disturbance",
    [(), (mf.Noise(),), (mf.Blink(),), (mf.Webcam(),), (mf.Presenter(),), (mf.Mouse(),)],
    ids=lambda each: type(each[0]).__name__ if each else "still",
)
def test_slides_on_which_nothing_is_written_have_few_states(
    tmp_path: Path, disturbance: tuple[object, ...]
) -> None:
    path = mf.lecture(mf.sample_slides(4), seconds=6.0, overlays=disturbance).write(tmp_path / "lecture.mp4")
    result = visual_pass(path, probe(path, "test"))
    assert len(result.slides) == 4
    assert result.counters["screen_states"] == len(result.states)
    # A pointer that rests, and a logo until it is known to blink, may each cost a reading or two a slide.
    assert len(result.states) <= (8 if {mf.Mouse, mf.Blink} & set(map(type, disturbance)) else 0)


def test_film_has_no_states(tmp_path: Path) -> None:
    path = mf.shots((3.0, 5.0, 4.0)).write(tmp_path / "film.mp4")
    assert visual_pass(path, probe(path, "test")).states == ()


def line(text: str, row: int) -> ReadLine:
    return ReadLine(text, (0.1, row / 20 + 0.01, 0.5, row / 20 + 0.04), 0.9)


def test_typing_goes_on_and_a_counter_does_not() -> None:
    def spans(*texts: str) -> list[tuple[float, float, str]]:
        tracker = LineTracker()
        for at_s, text in enumerate(texts):
            tracker.see(float(at_s), 0.0, 1.0, [line(text, 3)])
        return [(each.start_s, each.end_s, each.text) for each in tracker.finish(9.0)]

    assert spans("def f", "def foo(self)", "def foo(self): return 1") == [(0, 9, "def foo(self): return 1")]
    assert spans("Count: 1", "Count: 12") == [(0, 1, "Count: 1"), (1, 9, "Count: 12")]
    assert spans("Version 1.2.3 of it", "Version 1.2.4 of it") == [
        (0, 1, "Version 1.2.3 of it"),
        (1, 9, "Version 1.2.4 of it"),
    ]
    assert spans("Change +12 %", "Change −12 %") == [(0, 1, "Change +12 %"), (1, 9, "Change −12 %")]
    assert spans("3-4 items left", "3–4 items left") == [(0, 9, "3–4 items left")]
    assert spans("Crash1oop", "Crashloop") == [(0, 9, "Crashloop")]
    assert spans("info: the pepper is ready", "info: the copper is ready") == [
        (0, 1, "info: the pepper is ready"),
        (1, 9, "info: the copper is ready"),
    ]
    assert spans("a modern harbour of steel", "a modem harbuur of steel") == [
        (0, 9, "a modem harbuur of steel")
    ]


def test_lines_of_a_log_that_differ_in_a_word_are_each_there_when_they_are_shown() -> None:
    """Three lines more at once, six fit: whatever stands there afterwards in their place."""
    words = LOGGED.split()
    tracker = LineTracker()
    for at_s in range(8):
        shown = words[: 3 * (at_s + 1)][-6:]
        tracker.see(float(at_s), 0.0, 1.0, [line(f"info: {w} ready", row) for row, w in enumerate(shown)])
    found = {each.text.split()[1]: (each.start_s, each.end_s) for each in tracker.finish(8.0)}
    assert found == {word: (at // 3, min(8, at // 3 + 2)) for at, word in enumerate(words)}


@pytest.mark.parametrize("beside", [[], ["a pane", "that stands", "still"]])
def test_the_same_short_line_of_a_chat_said_twice_has_its_own_spans(beside: list[str]) -> None:
    """A chat that shows five entries and is scrolled by two; another pane may stand still beside it."""
    chat = ["hello all", "is it done", "ok", "not yet", "ok", "now it is", "ok", "great work", "bye"]
    tracker = LineTracker()
    for at_s, top in enumerate((0, 2, 4)):
        shown = [line(text, place) for place, text in enumerate(chat[top : top + 5])]
        still = [
            ReadLine(text, (0.8, place / 20 + 0.01, 0.99, place / 20 + 0.04), 0.9)
            for place, text in enumerate(beside)
        ]
        tracker.see(float(at_s), 0.0, 1.0, [*still, *shown])
    spans = [(each.start_s, each.end_s) for each in tracker.finish(9.0) if each.text == "ok"]
    assert spans == [(0.0, 2.0), (0.0, 9.0), (1.0, 9.0)]


def test_zeros_inside_of_words_are_letters_and_in_numbers_are_not() -> None:
    table = {
        "CrashLoopBack0ff": "CrashLoopBackoff",
        "ERR0R": "ERROR",
        "x2k8p0 db01 10 0x00ff H20 v2.0 user007 deadb0ff": "x2k8p0 db01 10 0x00ff H20 v2.0 user007 deadb0ff",
    }
    assert {text: unmixed(text) for text in table} == table


@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=12),
    st.integers(4, 8),
    st.booleans(),
)
def test_a_line_has_one_span_for_each_time_that_it_is_there(
    tops: list[int], height: int, partial: bool
) -> None:
    """A window is moved over twenty different lines: each is found exactly while it is in the window."""
    words = [f"{chr(97 + i) * 6} {chr(117 - i) * 5}" for i in range(20)]
    tracker = LineTracker()
    for at_s, top in enumerate(tops):
        tracker.see(float(at_s), 0.0, 1.0, [line(words[top + i], i) for i in range(height)])
        if partial:
            # The same again, of some rows only: nothing changes.
            tracker.see(at_s + 0.5, 2 / 20, 4 / 20, [line(words[top + i], i) for i in range(2, 4)])
    found = {(each.text, each.start_s, each.end_s) for each in tracker.finish(float(len(tops)))}
    expected = set()
    for number, word in enumerate(words):
        there = [top <= number < top + height for top in tops]
        for at, now in enumerate(there):
            if now and (at == 0 or not there[at - 1]):
                end = next((i for i in range(at, len(tops)) if not there[i]), len(tops))
                expected.add((word, float(at), float(end)))
    assert found == expected


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
def test_a_recorder_that_writes_a_picture_only_when_the_screen_changes(tmp_path: Path, suffix: str) -> None:
    """Three slides, one picture of each; the last stays until the sound ends."""
    pages = [mf.slide(page.title, page.bullets) for page in mf.sample_slides(3)]
    sound = np.random.default_rng(0).normal(0, 0.01, 30 * 16_000).astype(np.float32)
    codec = "libvpx-vp9" if suffix == ".webm" else "libx264"
    path = mf.write_video(
        tmp_path / f"screen{suffix}", pages, 1, times_s=[0.0, 7.0, 15.0], audio=sound, codec=codec
    )
    result = visual_pass(path, probe(path, "test"))
    assert [each.start_s for each in result.slides] == pytest.approx([0.0, 7.0, 15.0], abs=0.1)
    assert [each.end_s for each in result.slides] == pytest.approx([7.0, 15.0, 30.0], abs=0.2)
    assert result.counters["frames_decoded"] == 3
