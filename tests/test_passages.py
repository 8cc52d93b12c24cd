"""Passages are made once, by one builder: whole, readable, each with the span of exactly what it is made of."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longvid_storage.text.passages import (
    MOST_LETTERS,
    MOST_WORDS,
    Timed,
    screen_passages,
    sound_passages,
    speech_passages,
    words_in,
)
from longvid_storage.types import ScreenText, Sound, Utterance, Word

BOX = (0.0, 0.0, 1.0, 0.1)


def said(*cues: tuple[float, float, str] | tuple[float, float, str, str]) -> list[tuple[float, float, str]]:
    utterances = [Utterance(start, end, text, *who) for start, end, text, *who in cues]
    return [(p.start_s, p.end_s, p.text) for p, _ in speech_passages("v", utterances)]


def test_a_sentence_over_several_cues_is_one_passage_with_their_span() -> None:
    cues = [(0, 2, "Entropy is the average"), (2, 4, "surprise of a source."), (4, 6, "Next we go on.")]
    assert said(*cues) == [(0, 4, "Entropy is the average surprise of a source."), (4, 6, "Next we go on.")]


def test_a_cue_of_several_sentences_gives_one_passage_each_with_the_cues_span() -> None:
    assert said((5, 9, "It is late. We stop here.")) == [(5, 9, "It is late."), (5, 9, "We stop here.")]


def test_word_times_tell_where_each_sentence_of_a_cue_is() -> None:
    words = tuple(
        Word(w, 10.0 + i, 10.5 + i) for i, w in enumerate(["It", "is", "late.", "We", "stop", "here."])
    )
    utterance = Utterance(10, 20, "It is late. We stop here.", words=words)
    spans = [(p.start_s, p.end_s) for p, _ in speech_passages("v", [utterance])]
    assert spans == [(10, 12.5), (13, 15.5)]


def test_words_that_are_not_those_of_the_text_tell_nothing() -> None:
    words = (Word("Another", 10, 11), Word("text", 11, 12))
    utterance = Utterance(10, 20, "It is late. We stop here.", words=words)
    assert {(p.start_s, p.end_s) for p, _ in speech_passages("v", [utterance])} == {(10, 20)}


def test_a_pause_and_another_speaker_end_a_passage_and_interleaved_speakers_are_kept_apart() -> None:
    assert said((0, 2, "I will send"), (9, 11, "the plan.")) == [(0, 2, "I will send"), (9, 11, "the plan.")]
    cues = [(0, 2, "I will send", "Ann"), (1, 2, "Mm-hmm.", "Bob"), (2, 4, "the plan.", "Ann")]
    assert said(*cues) == [(0, 4, "I will send the plan."), (1, 2, "Mm-hmm.")]


def test_without_punctuation_passages_are_short_and_end_at_pauses() -> None:
    cues = [(2.0 * i, 2.0 * i + 2, " ".join(f"word{i}x{j}" for j in range(6))) for i in range(40)]
    found = speech_passages("v", [Utterance(*cue) for cue in cues])
    assert all(words_in(p.text) <= 30 for p, _ in found)
    assert max(p.end_s - p.start_s for p, _ in found) <= 10
    assert said((0, 2, "so we begin"), (3, 5, "and then we go on")) == [
        (0, 2, "so we begin"),
        (3, 5, "and then we go on"),
    ]


BARE = {
    "de": ["heute reden wir über das alte Boot und den Motor", "aber der Motor springt im Winter nicht an",
           "deshalb wird er im Herbst ausgebaut"],
    "fr": ["la pompe est vieille et elle fuit", "donc il faut la changer avant lundi",
           "ensuite il y a la vanne du fond"],
    "es": ["la bomba es vieja y gotea", "entonces hay que cambiarla el lunes", "además falta la válvula del fondo"],
    "it": ["la pompa è vecchia e perde", "quindi va cambiata entro lunedì", "poi manca la valvola del fondo"],
    "pt": ["a bomba é velha e pinga", "então temos que trocar na segunda", "depois falta a válvula do fundo"],
    "nl": ["de pomp is oud en hij lekt", "daarom wordt hij maandag vervangen", "bovendien ontbreekt de klep"],
    "ru": ["насос старый и он течёт давно", "поэтому его меняют в понедельник", "потом займёмся клапаном на дне"],
    "ja": ["ポンプは古くて漏れています", "月曜日までに交換しなければなりません", "次は底の弁を見てください"],
    "zh": ["水泵很旧而且一直在漏水", "所以星期一之前要更换", "然后我们看底部的阀门"],
}  # fmt: skip


@pytest.mark.parametrize("language", BARE)
def test_without_punctuation_words_that_begin_sentences_and_verbs_that_end_them_tell(language: str) -> None:
    spaced = language not in ("ja", "zh")
    whole = (" " if spaced else "").join(BARE[language])
    pieces = whole.split() if spaced else list(whole)
    cues, step = [], 4 if spaced else 9
    for at in range(0, len(pieces), step):
        text = (" " if spaced else "").join(pieces[at : at + step])
        cues.append(Utterance(at / step, at / step + 1, text, language=language))
    found = [
        passage.text if spaced else passage.text.replace(" ", "") for passage, _ in speech_passages("v", cues)
    ]
    assert found == BARE[language]


def test_the_times_of_the_cues_are_kept_where_there_are_several() -> None:
    ((passage, times),) = speech_passages(
        "v", [Utterance(0, 2, "we set the"), Utterance(2, 4, "rate by hand.")]
    )
    assert passage.text == "we set the rate by hand."
    assert times == ((0, 0, 2), (11, 2, 4))
    ((_, one),) = speech_passages("v", [Utterance(0, 2, "Alone.")])
    assert one == ()


_CUE = st.tuples(
    st.floats(0, 3, allow_nan=False),
    st.floats(0, 5, allow_nan=False),
    st.text(st.sampled_from("ab .,?!。学习 Dr"), min_size=0, max_size=40),
    st.sampled_from([None, "Ann", "Bob"]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(_CUE, max_size=12))
def test_every_word_said_is_in_one_passage_of_its_speaker_and_spans_are_those_of_cues(cues: list) -> None:
    at, utterances = 0.0, []
    for gap, length, text, who in cues:
        at += gap
        utterances.append(Utterance(at, at + length, text, who))
    found = speech_passages("v", utterances)
    for who in (None, "Ann", "Bob"):
        spoken = "".join("".join(u.text.split()) for u in utterances if u.speaker == who)
        kept = "".join("".join(p.text.split()) for p, _ in found if p.speaker == who)
        assert sorted(spoken) == sorted(kept)
    starts, ends = {u.start_s for u in utterances}, {u.end_s for u in utterances}
    assert all(p.start_s in starts and p.end_s in ends for p, _ in found)
    _check_sizes(found)


@pytest.mark.parametrize(
    "text", ["word " * 4000, "学习" * 5000, "a" * 100_000, "one, " * 3000, "x" * 599 + " y"]
)
def test_an_over_long_cue_is_cut_into_readable_parts_and_nothing_is_lost(text: str) -> None:
    found = speech_passages("v", [Utterance(0, 10, text)])
    assert "".join("".join(p.text.split()) for p, _ in found) == "".join(text.split())
    _check_sizes(found)


def _check_sizes(found: list[Timed]) -> None:
    for passage, _ in found:
        assert passage.text.strip() == passage.text != ""
        assert len(passage.text) <= MOST_LETTERS
        assert words_in(passage.text) <= MOST_WORDS + 1


def test_a_megabyte_costs_in_proportion() -> None:
    """Counted in passages, which are all that is made of it."""
    sizes = [len(speech_passages("v", [Utterance(0, 10, "word " * n)])) for n in (10_000, 20_000, 40_000)]
    assert sizes[1] == pytest.approx(2 * sizes[0], rel=0.02)
    assert sizes[2] == pytest.approx(4 * sizes[0], rel=0.02)


def test_a_slides_lines_are_passages_and_a_line_that_runs_on_is_joined_with_its_boxes() -> None:
    lines = [
        ScreenText(0, 9, "Learning rate", BOX),
        ScreenText(0, 9, "A positive number, the size", (0, 0.2, 1, 0.3)),
        ScreenText(0, 9, "of each step", (0, 0.3, 1, 0.4)),
        ScreenText(9, 20, "of another slide", BOX),
    ]
    found = [p for p, _ in screen_passages("v", lines)]
    assert [(p.start_s, p.text, len(p.boxes)) for p in found] == [
        (0, "Learning rate", 1),
        (0, "A positive number, the size of each step", 2),
        (9, "of another slide", 1),
    ]


@pytest.mark.parametrize(
    "shown",
    [
        [
            ("ana: the server is down again", 0.1, 0.6),
            ("bo: rebooting now", 0.1, 0.4),
            ("ana: thanks", 0.1, 0.3),
        ],
        [
            ("compiling parser.c", 0.1, 0.4),
            ("linking a very long name of a library", 0.1, 0.9),
            ("$ make", 0.1, 0.2),
        ],
        [("Loss by epoch", 0.1, 0.4), ("falls, then rises once more at the end", 0.1, 0.9)],
    ],
)
def test_entries_of_a_list_are_no_lines_that_run_on(shown: list[tuple[str, float, float]]) -> None:
    rows = [
        ScreenText(0, 9, text, (left, 0.1 * row, right, 0.1 * row + 0.05))
        for row, (text, left, right) in enumerate(shown)
    ]
    assert [p.text for p, _ in screen_passages("v", rows)] == [text for text, _, _ in shown]


def test_a_sound_is_described_in_words() -> None:
    found = [p for p, _ in sound_passages("v", [Sound(3, 5, "Applause")])]
    assert [(p.kind, p.start_s, p.language) for p in found] == [("sound", 3, "en")]
    assert "clapping" in found[0].text


def test_the_language_is_the_utterances_own_or_guessed_from_all() -> None:
    own = [Utterance(0, 2, "Bonjour.", language="fr"), Utterance(2, 4, "Und das ist auch so.", language="de")]
    assert [p.language for p, _ in speech_passages("v", own)] == ["fr", "de"]
    guessed = [Utterance(0, 9, "und wir haben das auch so in der Schule gemacht, nicht wahr.")]
    assert [p.language for p, _ in speech_passages("v", guessed)] == ["de"]
