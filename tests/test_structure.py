"""Whatever comes in, every level covers the whole video once, and the levels nest."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longvid_indexer.structure import build_structure, cover_shots, encode_utterances
from longvid_storage.types import Chapter, ScreenText, Segment, Slide, Utterance, VideoInfo

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
    utterances = [Utterance(a, b, draw(text), draw(speaker)) for a, b in spans(draw, 40)]
    edges = sorted({a for a, _ in spans(draw, 15)})
    slides = [Slide(a, b, a, draw(st.sampled_from([None, "Intro", " "]))) for a, b in pairwise(edges)]
    screen = [ScreenText(a, b, draw(text), (0.1, 0.1, 0.9, 0.2)) for a, b in spans(draw, 8)]
    chapters = tuple(Chapter(a, b, draw(st.sampled_from(["One", ""]))) for a, b in spans(draw, 5))
    return {
        "info": info_of(duration_s, *draw(st.sampled_from([(), chapters]))),
        "utterances": utterances,
        "shots": [Segment("shot", a, b) for a, b in spans(draw, 15)],
        "slides": slides,
        "screen_texts": screen,
        "utterance_vectors": draw(
            st.sampled_from(
                [
                    None,
                    np.random.default_rng(len(utterances)).standard_normal((len(utterances), 8)).astype("f4"),
                ]
            )
        ),
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
    segments = build_structure(**video)  # type: ignore[arg-type]
    assert_tree(segments, video["info"].duration_s)  # type: ignore[attr-defined]
    assert all(s.title is None or (s.title.strip() == s.title and s.title) for s in segments)
    assert segments == build_structure(**video)  # type: ignore[arg-type]


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
    talk = [Utterance(t, t + 4.8, f"Sentence number {t} about matters.") for t in range(0, 480, 5)]
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
    talk = [
        Utterance(i * 4.0, i * 4.0 + 3.9, f"word{rng.integers(900)} thing{rng.integers(50)}")
        for i in range(9000)
    ]
    vectors = rng.standard_normal((9000, 384)).astype(np.float32)
    segments = build_structure(info_of(36_000.0), talk, (), (), (), utterance_vectors=vectors)
    assert_tree(segments, 36_000.0)
    scenes = [s for s in segments if s.level == "scene"]
    assert 36_000 / 240 <= len(scenes) <= 36_000 / 20


def test_vectors_must_match_the_utterances() -> None:
    with pytest.raises(ValueError, match="3 rows for 1 utterances"):
        build_structure(
            info_of(9.0), [Utterance(0, 1, "a")], (), (), (), utterance_vectors=np.zeros((3, 4), "f4")
        )


class CountingEncoder:
    """A real encoder in the small: one-hot of the text's length, and a count of what it was asked."""

    name, dimension, fingerprint = "lengths", 16, "lengths-1"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts, *, kind):  # type: ignore[no-untyped-def]
        self.asked.extend(texts)
        return np.eye(16, dtype=np.float32)[[len(t) % 16 for t in texts]]


def test_equal_texts_are_encoded_once() -> None:
    encoder = CountingEncoder()
    said = [Utterance(i, i + 1, text) for i, text in enumerate(["Okay.", "Hello there.", "Okay.", "Okay."])]
    vectors = encode_utterances(said, encoder)
    assert encoder.asked == ["Okay.", "Hello there."]
    assert vectors is not None
    assert vectors.argmax(axis=1).tolist() == [5, 12, 5, 5]


def test_known_vectors_are_not_encoded_again() -> None:
    encoder = CountingEncoder()
    build_structure(
        info_of(9.0), [Utterance(0, 1, "a b c")], (), (), (), encoder, utterance_vectors=np.ones((1, 4), "f4")
    )
    assert encoder.asked == []
