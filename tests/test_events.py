"""Events are topics: the boundary between two subjects is found, chapters win, the partition is optimal."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longvid_indexer.structure import build_structure
from longvid_indexer.structuring.blocks import block_edges, make_blocks
from longvid_indexer.structuring.cuts import StructureEvidence
from longvid_indexer.structuring.events import chapter_edges
from longvid_indexer.structuring.partition import Scatter, best_partition
from longvid_storage.types import Chapter, Passage, Segment, Slide, Utterance, VideoInfo
from passage_tools import passages_of

COOKING = [
    "onions",
    "butter",
    "pan",
    "garlic",
    "soup",
    "stir",
    "simmer",
    "carrots",
    "pepper",
    "recipe",
    "kitchen",
    "sauce",
]
SAILING = [
    "sail",
    "wind",
    "harbour",
    "mast",
    "anchor",
    "tide",
    "rope",
    "boat",
    "rudder",
    "deck",
    "crew",
    "island",
]
CHESS = [
    "bishop",
    "knight",
    "pawn",
    "castle",
    "queen",
    "opening",
    "endgame",
    "board",
    "checkmate",
    "gambit",
    "rook",
    "tempo",
]


def talk_about(subjects: list[list[str]], each_s: float, seed: int = 0) -> list[Passage]:
    rng = np.random.default_rng(seed)
    said, at = [], 0.0
    for subject in subjects:
        stop = at + each_s
        while at < stop - 2:
            words = " ".join(rng.choice(subject, 4))
            said.append(Utterance(at, at + 4.5, f"So then we have the {words}, you know."))
            at += 5.0
    return passages_of(said)


def edges_of(level: str, segments: tuple[Segment, ...]) -> list[float]:
    return [s.start_s for s in segments if s.level == level]


def info_of(duration_s: float, *chapters: Chapter) -> VideoInfo:
    return VideoInfo("id", "T", duration_s, True, True, chapters=chapters)


@pytest.mark.parametrize("seed", range(5))
def test_subjects_change_and_so_do_events(seed: int) -> None:
    said = talk_about([COOKING, SAILING, CHESS], 200.0, seed)
    segments = build_structure(info_of(600.0), said, (), (), ())
    assert edges_of("event", segments) == pytest.approx([0, 200, 400], abs=10)


def test_one_subject_is_one_event() -> None:
    segments = build_structure(info_of(600.0), talk_about([COOKING], 600.0), (), (), ())
    assert edges_of("event", segments) == [0]


def test_sentence_vectors_find_what_words_do_not_say() -> None:
    rng = np.random.default_rng(3)
    said = passages_of(
        Utterance(i * 5.0, i * 5.0 + 4.5, f"A{i}unique b{i}saying c{i}number.") for i in range(120)
    )
    topics = np.repeat(rng.standard_normal((2, 32)), 60, axis=0)
    rows = (topics + 0.5 * rng.standard_normal((120, 32))).astype(np.float16)
    vectors = {passage.id: row for passage, row in zip(said, rows, strict=True)}
    assert edges_of("event", build_structure(info_of(600.0), said, (), (), ())) == [0]
    found = build_structure(info_of(600.0), said, (), (), (), vectors=vectors)
    assert edges_of("event", found) == pytest.approx([0, 300], abs=10)
    del vectors[said[50].id]
    some = build_structure(info_of(600.0), said, (), (), (), vectors=vectors)
    assert edges_of("event", some) == [0], "where any is missing, words alone decide"


def test_an_event_begins_with_the_slide_shown_then() -> None:
    said = talk_about([COOKING, SAILING], 300.0)
    slides = [Slide(0, 303.2, 5), Slide(303.2, 600, 310)]
    segments = build_structure(info_of(600.0), said, (), slides, ())
    assert edges_of("event", segments) == [0, 303.2]


def test_chapters_win_and_name_the_events() -> None:
    said = talk_about([COOKING, SAILING, CHESS], 200.0)
    chapters = (Chapter(0, 90.5, "Welcome"), Chapter(90.5, 450, "Middle"), Chapter(480, 600, "Questions"))
    segments = build_structure(info_of(600.0, *chapters), said, (), (), ())
    events = [s for s in segments if s.level == "event"]
    assert [e.start_s for e in events] == [0, 90.5, 450, 480]
    assert [events[i].title for i in (0, 1, 3)] == ["Welcome", "Middle", "Questions"]
    assert set(edges_of("event", segments)) <= set(edges_of("scene", segments))


def test_chapters_outside_the_video_are_ignored() -> None:
    assert chapter_edges([Chapter(0, 5, "a"), Chapter(5, 99, "b"), Chapter(120, 130, "c")], 60.0) == [5]


@given(st.integers(1, 9), st.integers(0, 10_000), st.floats(0, 3))
def test_partition_is_the_best_of_all(n: int, seed: int, penalty: float) -> None:
    rng = np.random.default_rng(seed)
    scatter = Scatter(rng.standard_normal((n, 3)), rng.uniform(0.5, 2, n))

    def gain(low: int, j: int) -> np.ndarray:
        return scatter.gain(low, j) - penalty

    def total(edges: list[int]) -> float:
        return sum(float(gain(i, j)[0]) for i, j in pairwise(edges))

    found = best_partition(n, gain, lambda j: 0)
    every = [[0, *cuts, n] for size in range(n) for cuts in combinations(range(1, n), size)]
    assert found[0] == 0
    assert found[-1] == n
    assert total(found) == pytest.approx(max(total(edges) for edges in every))


def test_scatter_is_the_scatter_between_segments() -> None:
    rng = np.random.default_rng(1)
    x, w = rng.standard_normal((6, 4)), np.ones(6)
    scatter = Scatter(x, w)
    mean = x[2:5].mean(axis=0)
    assert scatter.gain(2, 5)[0] * scatter.unit == pytest.approx(3 * float(mean @ mean))


@given(
    st.dictionaries(st.floats(0.01, 599.9), st.floats(-1, 2), max_size=200),
    st.sets(st.floats(1, 599), max_size=3),
)
def test_block_edges_rise_and_hold_what_is_forced(strengths: dict[float, float], forced: set[float]) -> None:
    edges, values = block_edges(strengths, 600.0, sorted(forced))
    assert edges[0] == 0
    assert edges[-1] == 600
    assert len(edges) == len(values)
    assert (np.diff(edges) > 0).all()
    assert forced <= set(edges.tolist())


def test_words_on_screen_count_where_there_is_no_speech() -> None:
    from longvid_storage.types import ScreenText

    subjects = [COOKING] * 4 + [SAILING] * 4
    rng = np.random.default_rng(0)
    slides = [Slide(i * 60.0, (i + 1) * 60.0, i * 60.0) for i in range(8)]
    shown = [
        ScreenText(s.start_s, s.end_s, " ".join(rng.choice(words, 8)), (0.1, 0.5, 0.9, 0.6))
        for s, words in zip(slides, subjects, strict=True)
    ]
    blocks = make_blocks(StructureEvidence(480.0, (), (), slides, shown))
    assert len(blocks) == 8
    segments = build_structure(info_of(480.0), (), (), slides, shown)
    assert 240.0 in edges_of("event", segments)


def test_captions_that_name_another_speaker_in_every_line_cost_no_square() -> None:
    """A column for each of 50,000 would take 20 GB."""

    def columns(speakers: int) -> int:
        said = passages_of(
            Utterance(n, n + 1, "the pump leaks", f"Speaker {n % speakers}") for n in range(600)
        )
        return make_blocks(StructureEvidence(600.0, said, (), (), ())).vectors.shape[1]

    assert columns(2) + 98 == columns(100) == columns(600)
