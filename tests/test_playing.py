"""Where in a stretch a player should start: every signal against a plain computation, and who may be started at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from longvid import Library
from longvid_storage.search.playing import settled, stretches
from longvid_storage.search.playing_weights import WEIGHTS
from longvid_storage.search.question import read_question
from longvid_storage.search.scoring import NO_HIT, cosines_of
from longvid_storage.search.signals import COMPARED, SIGNALS, compared, signals
from longvid_storage.search.spans import grow_spans, growth_for
from longvid_storage.search.surroundings import HABITS, MOST_WEIGHT, WINDOWS, surroundings
from longvid_storage.search.term_sums import K1, B, TermSums
from longvid_storage.search.timeline import WORDS_A_SECOND, RankedPassage, Timeline, make_timeline
from longvid_storage.text.timecode import format_clock
from longvid_storage.types import Passage

SAID = [
    (0.0, 4.0, "Ann", "Welcome to the garden meeting"),
    (5.0, 9.0, "Bo", "What about the greenhouse?"),
    (9.0, 12.0, "Ann", "So the greenhouse costs nine hundred"),
    (40.0, 44.0, "Ann", "and the greenhouse roof is glass because glass lasts"),
    (100.0, 104.0, "Bo", "Beans need water"),
    (899.0, 904.0, "Bo", "Goodbye"),
]
IDF = {"greenhous": 2.0, "glass": 3.0, "nowher": 5.0}


def timeline(said: Sequence[tuple[float, float, str, str]] = SAID, seed: int = 1) -> Timeline:
    """With random unit vectors."""
    vectors = np.random.default_rng(seed).normal(size=(len(said), 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return make_timeline(
        "v",
        [
            RankedPassage(
                Passage(number, "v", "speech", start_s, end_s, text, speaker),
                text.lower().replace("greenhouse", "greenhous").replace("?", ""),
                vector.astype("<f2").tobytes(),
            )
            for number, ((start_s, end_s, speaker, text), vector) in enumerate(
                zip(said, vectors, strict=True), 1
            )
        ],
    )


def found(made: Timeline, query: NDArray[np.float32] | None) -> dict[str, list[float]]:
    # Beside another, before and after it, whose words and vectors are to change nothing.
    other = timeline([(at_s, end_s, "Cy", "glass greenhouse roof") for at_s, end_s, *_ in SAID[1:]], seed=2)
    pool = [other, made, other]
    cosines = [None if query is None else cosines_of(each, query) for each in pool]
    scores, lifts = ([function(len(each)) for each in pool] for function in (np.arange, np.zeros))
    terms = TermSums.of(pool, IDF)
    alone, beside = (
        signals(pool, inside, scores, lifts, [], terms, cosines)
        for inside in ({1: np.arange(len(made))}, {2: np.arange(2), 1: np.arange(len(made))})
    )
    assert alone.shape == (len(SIGNALS), len(made))
    assert np.array_equal(alone, beside[:, 2:])
    return {name: row.round(5).tolist() for name, row in zip(SIGNALS, alone, strict=True)}


def test_words_and_meaning_in_each_window_are_those_of_a_plain_count() -> None:
    made = timeline()
    query = np.ones(8, np.float32) / np.sqrt(8).astype(np.float32)
    got = found(made, query)
    assert made.vectors is not None
    for before_s, after_s in WINDOWS:
        for row in range(len(made)):
            inside = [
                other
                for other in range(len(made))
                if other == row
                or made.starts[row] - before_s <= made.starts[other] < made.starts[row] + after_s
            ]
            counts = {term: sum(SAID[other][3].lower().count(term) for other in inside) for term in IDF}
            norm = K1 * (1 - B + B * made.lengths[inside].sum() / ((before_s + after_s) * WORDS_A_SECOND))
            words = sum(IDF[term] * count * (K1 + 1) / (count + norm) for term, count in counts.items())
            if (before_s, after_s) in ((30, 30), (0, 60), (150, 150)):
                share = sum(IDF[term] / 10 * count / (count + 1) for term, count in counts.items())
                assert got[f"share_{before_s:g}_{after_s:g}"][row] == pytest.approx(share, abs=1e-5)
            assert got[f"words_{before_s:g}_{after_s:g}"][row] == pytest.approx(words, abs=1e-5)
            weights = np.minimum(made.lengths[inside], MOST_WEIGHT)
            whole = (made.vectors[inside] * weights[:, None]).sum(axis=0)
            cosine = whole @ query / max(np.linalg.norm(whole), 1e-6)
            assert got[f"cosine_{before_s:g}_{after_s:g}"][row] == pytest.approx(cosine, abs=1e-4)
    assert got["own_words"] == pytest.approx([0, 0.2, 0.2, 0.5, 0, 0])
    assert got["stretch"] == [0, 1, 2, 3, 4, 5]


def made_positions() -> list[float]:
    return [start_s / 904.0 for start_s, *_ in SAID]


def test_words_and_meaning_count_by_how_far_they_are_from_the_mean_of_what_is_looked_at() -> None:
    table = np.tile([1.0, 1.0, 4.0], (len(SIGNALS), 1))
    whole = compared(table, np.array([1.0, 1.0, 1.0]))
    assert whole.shape == (len(SIGNALS), 3)
    for row, name in zip(whole, SIGNALS, strict=True):
        expected = [-(0.5**0.5), -(0.5**0.5), 2**0.5] if name in COMPARED else [1, 1, 4]
        assert row == pytest.approx(expected)
    assert compared(np.zeros((len(SIGNALS), 0)), np.zeros(0)).shape == (len(SIGNALS), 0)


def test_another_subject_begins_where_the_minutes_before_and_after_have_other_vectors() -> None:
    said = [(30.0 * at, 30.0 * at + 9, "Ann", "word") for at in range(40)]
    vectors = np.repeat(np.eye(2, dtype=np.float32), 20, axis=0)
    starts, ends = np.array([each[0] for each in said]), np.array([each[1] for each in said])
    around = surroundings(starts, ends, np.ones(40), ["word"] * 40, ["Ann"] * 40, vectors, 1.0)
    assert int(np.argmax(around.habits[1:, HABITS.index("turn")])) + 1 == 20


def test_how_people_talk_is_read_off_their_words() -> None:
    got = found(timeline(), None)
    flags = {name: [bool(each) for each in got[name]] for name in HABITS}
    assert flags["other_speaker"] == [True, True, True, False, True, False]
    assert got["pause"] == pytest.approx([5, 1, 0, 5, 5, 5])
    assert got["position"] == pytest.approx(made_positions(), abs=1e-5)
    assert flags["asks"] == [False, True, False, False, False, False]
    assert flags["asked_before"] == [False, False, True, False, False, False]
    assert (flags["early"], flags["late"]) == ([True, True, True, False, False, False], [False] * 5 + [True])
    assert got["length"] == pytest.approx(np.log1p([5, 4, 6, 9, 3, 1]), abs=1e-5)
    assert not any(sum(got[name]) for name in SIGNALS if "cosine" in name)  # without an encoder


def test_what_stands_alone_is_worth_less_than_what_is_likely_together() -> None:
    starts = np.array([0.0, 500.0, 510.0, 520.0])
    fit = np.log([0.3, 0.2, 0.25, 0.25])
    assert int(np.argmax(fit)) == 0
    assert int(np.argmax(settled(fit, starts, 45.0))) in (2, 3)
    assert settled(fit, starts, 45.0)[1] == pytest.approx(np.log(0.7) + 0.5 * np.log(0.2))
    assert np.isfinite(settled(np.array([0.0, -900.0]), np.array([0.0, 90.0]), 45.0)).all()


def test_only_the_best_stretches_are_looked_at_and_of_slides_only_where_nobody_speaks() -> None:
    made = timeline()
    scores = np.array([0.0, 1.0, 5.0, 0.0, 3.0, NO_HIT])
    (rows,) = stretches([made], [scores], 1).values()
    assert rows.tolist() == [0, 1, 2, 3]  # within a minute of the best
    (rows,) = stretches([made], [scores], 9).values()
    assert rows.tolist() == [0, 1, 2, 3, 4]  # what is no hit is not started at
    assert stretches([], [], 9) == {}
    slide = Passage(9, "v", "screen", 0.0, 20.0, "Greenhouse")
    both = make_timeline("v", [*made.pieces, RankedPassage(slide, "greenhous", None)])
    shown = int(np.flatnonzero(~both.speech)[0])
    (rows,) = stretches([both], [np.where(both.speech, 0.0, 9.0)], 1).values()
    assert shown not in rows
    only_shown = np.where(both.speech, NO_HIT, 9.0)
    assert [each.tolist() for each in stretches([both], [only_shown], 1).values()] == [
        [shown]
    ]  # who speaks is no hit
    alone = make_timeline("v", [RankedPassage(slide, "greenhous", None)])
    assert [each.tolist() for each in stretches([alone], [np.array([9.0])], 1).values()] == [[0]]


def test_who_wants_a_discussion_summarised_gets_more_of_it_than_who_asks_what_was_said() -> None:
    said = [(10.0 * at, 10.0 * at + 9, "Ann", "roof") for at in range(120)]
    made, fit = timeline(said), 3.0 - np.abs(np.arange(120.0) - 60) / 10
    values = [np.where(np.arange(120) == 60, 1.0, NO_HIT)]
    asked = {
        text: read_question(text) for text in ("Summarize the talk about the roof.", "What of the roof?")
    }
    (whole,), (part,) = (
        grow_spans([made], [fit], values, 1, growth_for(1, sums_up=each.sums_up)) for each in asked.values()
    )
    assert whole.start_s < part.start_s <= 600 < part.end_s < whole.end_s
    assert part.end_s - part.start_s <= 250
    assert 300 <= whole.end_s - whole.start_s <= 490
    assert growth_for(12, sums_up=True) == growth_for(12)  # among many videos a moment is short


def test_the_weights_are_of_signals_that_there_are() -> None:
    assert set(WEIGHTS) == {
        words + where for words in ("", "WORDS_") for where in ("WITHIN", "TOPIC", "ACROSS", "POINT", "SHORT")
    }
    for kind, weights in WEIGHTS.items():
        assert set(weights) <= set(SIGNALS)
        assert not kind.startswith("WORDS") or not any("cosine" in name for name in weights)
        # Windows behind a place counted against it, and so a player started behind the words.
        assert not kind.endswith("POINT") or min(weights.values()) >= 0


@pytest.mark.parametrize(
    ("text", "of_talk"),
    [
        ("What did the group discuss about the roof?", True),
        ("Why did they reject glass?", True),
        ("What was decided about the roof?", True),
        ("What is Ann's opinion of glass?", True),
        ("How many accounts are affected?", False),
        ("Who hosts the meeting?", False),
        ("What does FROST stand for?", False),
        ("they decided about the roof", False),  # no question
    ],
)
def test_a_discussion_is_told_from_what_is_said_at_one_point(text: str, of_talk: bool) -> None:
    asked = read_question(text)
    assert asked.of_talk is (of_talk and asked.asks)


@pytest.mark.parametrize(
    "question", ["Why do people worry about blob propagation?", "worry about blob propagation"]
)
def test_among_many_calls_a_player_starts_at_the_words_and_not_behind_them(
    tmp_path: Path, question: str
) -> None:
    said = {
        "monday": {300.0: "Do not worry, it is fine.", 304.0: "And we won't worry about that now."},
        "tuesday": {60.0: "The next item is the blob count."},
    }
    for name, spoken in said.items():
        lines = {
            20.0 * n: f"We go on with item number {n} of the long list for today now." for n in range(60)
        }
        lines = {at_s: line for at_s, line in lines.items() if not 240 <= at_s < 400 or name == "tuesday"}
        # Greetings behind the words: little is said in a window there, and nothing else is.
        lines |= {308.0 + 3 * n: "Okay, thanks." for n in range(8) if name == "monday"} | spoken
        cues = [
            f"{format_clock(at_s)} --> {format_clock(at_s + 2)}\n{line}\n"
            for at_s, line in sorted(lines.items())
        ]
        (tmp_path / f"{name}.vtt").write_text("\n".join(["WEBVTT\n", *cues]))
    with Library.open(tmp_path / "calls.longvid", create=True) as library:
        library.index([tmp_path])
        first = library.search(question, k=1)[0]
    assert first.title == "monday"
    assert round(first.play_s) in (300, 304)
