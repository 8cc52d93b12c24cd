"""Whatever comes in, every level covers the whole video once, and the levels nest."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longvid_indexer.structure import build_structure, cover_shots
from longvid_storage.types import Chapter, ScreenText, Segment, Slide, Utterance, VideoInfo
from passage_tools import passages_of

WORDS = [
    "gradient",
    "descent",
    "rate",
    "the",
    "uh",
    "Übung",
    "学习率",
    "シーン",
    "مرحبا",
    "ok.",
    "Yeah.",
    "2024",
    "…",
    "",
]


def info_of(duration_s: float, *chapters: Chapter) -> VideoInfo:
    return VideoInfo("id", "Title", duration_s, True, True, chapters=chapters)


def spans(draw: st.DrawFn, most: int) -> list[tuple[float, float]]:
    times = st.floats(0, 4000, allow_nan=False)
    return [(a, a + d) for a, d in draw(st.lists(st.tuples(times, st.floats(0, 90)), max_size=most))]


@st.composite
def videos(draw: st.DrawFn) -> dict[str, object]:
    duration_s = draw(st.one_of(st.floats(0.05, 5), st.floats(5, 4000)))
    text = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
    speaker = st.sampled_from([None, "Ann", "Bo"])
    said = passages_of(Utterance(a, b, draw(text), draw(speaker)) for a, b in spans(draw, 40))
    rows = np.random.default_rng(len(said)).standard_normal((len(said), 8)).astype(np.float16)
    vectors = {passage.id: row for passage, row in zip(said, rows, strict=True)}
    edges = sorted({a for a, _ in spans(draw, 15)})
    slides = [Slide(a, b, a, draw(st.sampled_from([None, "Intro", " "]))) for a, b in pairwise(edges)]
    screen = [ScreenText(a, b, draw(text), (0.1, 0.1, 0.9, 0.2)) for a, b in spans(draw, 8)]
    chapters = tuple(Chapter(a, b, draw(st.sampled_from(["One", ""]))) for a, b in spans(draw, 5))
    return {
        "info": info_of(duration_s, *draw(st.sampled_from([(), chapters]))),
        "passages": said,
        "shots": [Segment("shot", a, b) for a, b in spans(draw, 15)],
        "slides": slides,
        "screen_texts": screen,
        "vectors": draw(st.sampled_from([None, vectors])),
    }


def assert_tree(segments: tuple[Segment, ...], duration_s: float) -> None:
    edges = {}
    for level in ("video", "event", "scene", "shot"):
        own = [s for s in segments if s.level == level]
        assert own, level
        assert own[0].start_s == 0
        assert own[-1].end_s == duration_s
        assert all(a.end_s == b.start_s for a, b in pairwise(own))
        assert all(s.end_s > s.start_s for s in own)
        edges[level] = {s.start_s for s in own}
    assert edges["video"] <= edges["event"] <= edges["scene"]
    assert [s.level for s in segments] == sorted((s.level for s in segments), key=list(edges).index)


@settings(max_examples=150, deadline=None)
@given(videos())
def test_levels_cover_and_nest(video: dict[str, object]) -> None:
    segments = build_structure(**video)
    assert_tree(segments, video["info"].duration_s)
    assert all(s.title is None or (s.title.strip() == s.title and s.title) for s in segments)
    assert segments == build_structure(**video)
    starts = {passage.id: passage.start_s for passage in video["passages"]}
    for segment in segments:
        # What a summary rests on is said in its segment, in that order.
        chosen = [starts[each] for each in segment.passages]
        assert chosen == sorted(chosen)
        assert all(segment.start_s - 0.01 <= start_s < segment.end_s for start_s in chosen)


def test_nothing_known_is_one_segment_a_level() -> None:
    segments = build_structure(info_of(3.0), (), (), (), ())
    assert [(s.level, s.start_s, s.end_s, s.summary) for s in segments] == [
        (level, 0, 3.0, None) for level in ("video", "event", "scene", "shot")
    ]


def test_a_video_of_no_length_has_no_segments() -> None:
    assert build_structure(info_of(0.0), (), (), (), ()) == ()


def test_a_file_with_many_shots_and_no_words_gets_scenes_at_shots() -> None:
    shots = [Segment("shot", i * 7.0, (i + 1) * 7.0) for i in range(60)]
    segments = build_structure(info_of(420.0), (), shots, (), ())
    scenes = [s for s in segments if s.level == "scene"]
    assert 3 <= len(scenes) <= 15
    assert {s.start_s for s in scenes} <= {s.start_s for s in shots}
    assert [s for s in segments if s.level == "shot"] == shots


def place(seed: int) -> bytes:
    """A picture of its own colours, as a keyframe keeps it."""
    from io import BytesIO

    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(seed)
    colours = rng.integers(0, 256, (5, 8, 3), dtype=np.uint8).repeat(20, axis=0).repeat(20, axis=1)
    out = BytesIO()
    Image.fromarray(colours).save(out, "WEBP")
    return out.getvalue()


@pytest.mark.parametrize(("first_s", "second_s"), [(120, 120), (40, 80), (60, 60), (75, 45)])
def test_shots_that_alternate_are_one_scene_and_a_lasting_change_parts_two(
    first_s: int, second_s: int
) -> None:
    """A silent film: A-B-A-B … in one place, then C-D-C-D … in another."""
    from longvid_indexer.structuring.pictures import PictureSpan, histogram

    pictures = {name: histogram(place(seed)) for seed, name in enumerate("ABCD")}
    order = ("AB" * first_s)[: first_s // 5] + ("CD" * second_s)[: second_s // 5]
    spans = [PictureSpan(5.0 * i, 5.0 * i + 5.0, pictures[name]) for i, name in enumerate(order)]
    shots = [Segment("shot", span.start_s, span.end_s) for span in spans]
    segments = build_structure(info_of(5.0 * len(order)), [], shots, [], [], pictures=spans)
    assert [s.start_s for s in segments if s.level == "scene"] == [0.0, float(first_s)]


def test_the_same_picture_later_is_the_same_place_whatever_its_size() -> None:
    from longvid_indexer.structuring.pictures import histogram

    assert float(histogram(place(0)) @ histogram(place(0))) == pytest.approx(1.0)
    assert float(histogram(place(0)) @ histogram(place(1))) < 0.9


def test_scenes_of_a_lecture_begin_with_its_slides() -> None:
    slides = [Slide(i * 60.0, (i + 1) * 60.0, i * 60.0 + 5, f"Slide {i}") for i in range(8)]
    talk = passages_of(Utterance(t, t + 4.8, f"Sentence number {t} about matters.") for t in range(0, 480, 5))
    segments = build_structure(info_of(480.0), talk, (), slides, ())
    scenes = [s for s in segments if s.level == "scene"]
    assert [s.start_s for s in scenes] == [s.start_s for s in slides]
    assert [s.title for s in scenes] == [s.title for s in slides]


def test_shots_are_stretched_over_gaps() -> None:
    assert [
        (s.start_s, s.end_s) for s in cover_shots([Segment("shot", 2, 3), Segment("shot", 5, 50)], 9.0)
    ] == [
        (0, 2),
        (2, 5),
        (5, 9),
    ]


def test_ten_hours_are_no_matter() -> None:
    rng = np.random.default_rng(0)
    talk = passages_of(
        Utterance(i * 4.0, i * 4.0 + 3.9, f"Word{rng.integers(900)} thing{rng.integers(50)}.")
        for i in range(9000)
    )
    assert len(talk) == 9000
    rows = rng.standard_normal((9000, 384)).astype(np.float16)
    vectors = {passage.id: row for passage, row in zip(talk, rows, strict=True)}
    segments = build_structure(info_of(36_000.0), talk, (), (), (), vectors=vectors)
    assert_tree(segments, 36_000.0)
    scenes = [s for s in segments if s.level == "scene"]
    assert 36_000 / 240 <= len(scenes) <= 36_000 / 20


class CountingEncoder:
    """A real encoder in the small: one-hot of the text's length, and a count of what it was asked."""

    name, fingerprint = "lengths", "lengths-1"

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension
        self.asked: list[str] = []

    def encode(self, texts, *, kind):
        self.asked.extend(texts)
        return np.eye(self.dimension, dtype=np.float32)[[len(t) % self.dimension for t in texts]]


def test_what_is_said_is_never_encoded_again_and_phrases_only_in_the_space_of_the_vectors() -> None:
    said = passages_of(
        Utterance(i * 5.0, i * 5.0 + 4, f"The gradient descent takes step {i} on the loss.") for i in range(6)
    )
    vectors = {passage.id: np.eye(16, dtype=np.float16)[passage.id] for passage in said}
    same, other = CountingEncoder(16), CountingEncoder(8)
    for encoder in (same, other):
        build_structure(info_of(30.0), said, (), (), (), encoder, vectors=vectors)
    assert same.asked
    assert not {passage.text for passage in said} & set(same.asked)
    assert other.asked == []


@pytest.mark.parametrize(
    ("first", "second", "chosen"),
    [
        (
            "If it is too large, every step jumps over the minimum, the loss grows and training diverges.",
            "If the learning rate is too small, training needs very many steps and wastes time.",
            1,
        ),
        (
            "They moved the launch of the app to another date.",
            "The team moved the launch to the 3rd of May.",
            1,
        ),
        (
            "That makes training of nets diverge at the start.",
            "Large steps make training of nets slow at the end.",
            1,
        ),
        ("It is important to choose rates well.", "Rates that are chosen well are important.", 0),
        ("This rule halves rates at every epoch.", "Rates are halved at every epoch by this rule.", 0),
    ],
)
def test_a_summary_prefers_what_says_what_it_is_about(first: str, second: str, chosen: int) -> None:
    said = [Utterance(1.0, 5.0, first), Utterance(6.0, 10.0, second)]
    segments = build_structure(info_of(20.0), passages_of(said), [], [], [])
    assert next(s for s in segments if s.level == "scene").summary == (first, second)[chosen]
