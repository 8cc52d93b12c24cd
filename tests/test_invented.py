"""What a recogniser invents is left out, for every engine by the same rules; what a person says stays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from longvid_indexer.invented import Guard, _runs, compression_ratio, is_unsure, without_loops
from longvid_indexer.mixing import SAMPLE_RATE
from longvid_indexer.recognition import transcribe_all
from longvid_indexer.voice import Stretch
from longvid_storage.types import Utterance


def stretch(voice: tuple[float, float] = (0.0, 10.0), start_s: float = 0.0, seconds: float = 10.0) -> Stretch:
    """Sound of which the gate heard a voice in one span, in seconds from its start."""
    voiced = np.zeros(round(seconds * 50), np.bool_)
    voiced[round(voice[0] * 50) : round(voice[1] * 50)] = True
    return Stretch(start_s, np.zeros(round(seconds * SAMPLE_RATE), np.float32), voiced)


def said(text: str, start_s: float = 0.0, end_s: float = 10.0) -> Utterance:
    return Utterance(start_s, end_s, text, None, "en")


def test_what_a_person_says_stays() -> None:
    guard = Guard()
    lines = [
        said("The cold rain fell softly over seven green hills all night long.", 0.0, 4.0),
        said("Yes.", 4.5, 4.7),
        said("Yes.", 4.9, 5.1),
        said("No, no, no, no!", 5.5, 6.5),
        said("今天我们讨论预算和下一步的计划。", 7.0, 10.0),
    ]
    assert guard.keep(stretch(), lines) == lines
    assert guard.note() is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("...", "wordless"),
        ("♪ ♪", "wordless"),
        ("thank you " * 20, "loop"),
        ("ha" * 60, "loop"),
    ],
)
def test_text_that_no_one_says_is_left_out(text: str, reason: str) -> None:
    guard = Guard()
    assert guard.keep(stretch(), [said(text)]) == []
    assert dict(guard.counters) == {reason: 1}


def test_a_line_again_and_again_is_left_out_from_the_third_time_across_stretches() -> None:
    guard = Guard()
    kept = [guard.keep(stretch(start_s=s), [said("Thank you.", s, s + 1)]) for s in (0.0, 20.0, 40.0, 60.0)]
    assert [len(lines) for lines in kept] == [1, 1, 0, 0]
    assert len(guard.keep(stretch(start_s=80.0), [said("Thank you all.", 80.0, 81.0)])) == 1
    assert len(guard.keep(stretch(start_s=90.0), [said("thank you", 90.0, 91.0)])) == 1
    assert guard.note() == (
        "2 recognised lines look invented and were left out: 2 the same line again and again"
    )


def test_text_where_no_voice_is_is_left_out_wherever_the_stretch_begins() -> None:
    for start_s in (0.0, 7200.0):
        guard = Guard()
        heard = stretch((1.0, 3.0), start_s)
        inside = said("A sentence.", start_s + 1.0, start_s + 3.0)
        early = said("A bit early.", start_s + 0.2, start_s + 0.9)
        after = said("Bye.", start_s + 6.0, start_s + 7.0)
        assert guard.keep(heard, [early, inside, after]) == [early, inside]
        assert dict(guard.counters) == {"silence": 1}


def test_a_long_line_on_a_short_noise_is_left_out() -> None:
    guard = Guard()
    noise = stretch((0.24, 0.4), seconds=0.64)
    assert guard.keep(noise, [said("Subtitles by the community of volunteers", 0.0, 0.64)]) == []
    assert guard.keep(noise, [said("Stop it!", 0.0, 0.64)]) != []
    assert dict(guard.counters) == {"rush": 1}


def test_without_a_gate_only_the_length_of_the_sound_counts() -> None:
    uncut = Stretch(0.0, np.zeros(SAMPLE_RATE, np.float32))
    assert Guard().keep(uncut, [said("One short sentence.", 0.0, 1.0)]) != []
    assert Guard().keep(uncut, [said(" ".join(map(str, range(1000, 1040))), 0.0, 1.0)]) == []


def test_confidence_and_compression() -> None:
    assert is_unsure(0.9, -1.4)
    assert not is_unsure(0.9, -0.4)
    assert not is_unsure(0.2, -1.4)
    assert compression_ratio("la " * 50) > 10
    assert compression_ratio("Colourless green ideas sleep furiously.") < 1.2


class Together:
    """A recogniser that hears stretches together, and remembers how many at once."""

    name = fingerprint = "together"
    batch_size = 3

    def __init__(self) -> None:
        self.groups: list[int] = []

    def transcribe(self, samples: NDArray[np.float32], start_s: float) -> list[Utterance]:
        raise AssertionError("one by one")

    def transcribe_many(self, stretches: list[Stretch]) -> list[list[Utterance]]:
        self.groups.append(len(stretches))
        return [[said(str(s.start_s), s.start_s, s.end_s)] for s in stretches]


def test_stretches_are_heard_together_in_order_and_no_more_are_held_than_asked_for() -> None:
    given = 0

    def stretches() -> object:
        nonlocal given
        for index in range(7):
            given += 1
            yield stretch(start_s=float(index))

    together = Together()
    heard = []
    for one, lines in transcribe_all(together, stretches()):
        heard.append((one.start_s, lines[0].text))
        assert given - len(heard) < 3
    assert heard == [(float(i), str(float(i))) for i in range(7)]
    assert together.groups == [3, 3, 1]


_STRETCHES = st.tuples(st.lists(st.sampled_from("abcde"), min_size=1, max_size=4), st.integers(1, 14))


@given(st.lists(_STRETCHES, min_size=1, max_size=4))
def test_no_loop_is_passed_over_where_few_words_come_again(stretches: list[tuple[list[str], int]]) -> None:
    words = [word for phrase, times in stretches for word in phrase * times]
    loops = [end - start for start, length, end in _runs(words, 12) if end - start >= max(12, 4 * length)]
    (line,), note = without_loops([said(" ".join(words))])
    assert (line.text != " ".join(words)) == bool(loops)
    assert (note is not None) == bool(loops)
