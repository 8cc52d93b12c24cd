"""Who speaks, told by the habit of the whole file; what is no name stays in the text."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from longvid_indexer.said import to_utterances
from longvid_indexer.subtitles.reading import parse_subtitles

SAID = ("Let us start with the budget.", "We spent ninety thousand.", "Who will call the vendor?", "I will.")


def srt(*texts: str) -> str:
    return "\n\n".join(
        f"{i + 1}\n00:{i // 20:02}:{i * 3 % 60:02},000 --> 00:{i // 20:02}:{i * 3 % 60 + 2:02},900\n{text}"
        for i, text in enumerate(texts)
    )


def vtt(*cues: str) -> str:
    """Cues with what stands above their times before a newline and ``|``."""
    blocks = []
    for i, cue in enumerate(cues):
        above, _, text = cue.rpartition("|")
        blocks.append(f"{above}\n00:00:{i * 3:02}.000 --> 00:00:{i * 3 + 3:02}.000\n{text}".lstrip("\n"))
    return "WEBVTT\n\n" + "\n\n".join(blocks)


def said(text: str) -> list[tuple[str | None, str]]:
    return [(u.speaker, u.text) for u in to_utterances(parse_subtitles(text), None)]


@pytest.mark.parametrize(
    "form",
    [
        "@{}: {}",
        "♪ {}: {}",
        "{} :{}",
        "{}｜{}",
        "{} > {}",
        "{}>> {}",
        "{}.- {}",
        "{}.— {}",
        "- {}\n{}",
        "{}\n{}",
    ],
)
def test_rarer_signs_between_a_name_and_what_is_said(form: str) -> None:
    names = ("Ana Ruiz", "Tom Stone") * 3
    texts = (*SAID, "Good, that is all.", "Thank you.")
    text = srt(*(form.format(name, words) for name, words in zip(names, texts, strict=True)))
    assert said(text) == list(zip(names, texts, strict=True))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("SPEAKER_00", "SPEAKER_01"),
        ("spk_0", "spk_1"),
        ("jane miller", "tom"),
        ("Miller, Jane (ACME/Ops) [C]", "Stone, Tom"),
        ("Maria del Carmen Ruiz Torres", "Dr. Juan Pablo de la Vega Soto"),
        ("15551230000", "Jane Miller"),
        ("Jane | Acme", "Tom @ Acme"),
        ("Kim🙂", "Room 5.12 (Boston)"),
        ("iPad (2)", "Unknown speaker"),
        ("THE WITNESS", "MAN #1"),
        ("Prof. h.c. Anna Lind", "Prof. Kai Lund"),
        ("राहुल", "ครู"),
        ("田中", "Ana da Silva"),
    ],
)
@pytest.mark.parametrize(
    "form",
    [
        "{} (10:02 AM): {}",
        "{}: {}",
        "- {}: {}",
        "{}:\n{}",
        ">> {}: {}",
        "[00:12] {}: {}",
        "(1:00:12.5) {}: {}",
    ],
)
def test_where_most_cues_open_with_a_label_every_label_is_a_name(first: str, second: str, form: str) -> None:
    names = (first, second, first, second)
    text = srt(*(form.format(name, words) for name, words in zip(names, SAID, strict=True)))
    assert said(text) == list(zip(names, SAID, strict=True))


@pytest.mark.parametrize("form", ["[{}]: {}", "[{}] {}", "({}) {}", "- [{}] {}", "({})\n{}", "[{}]\n{}"])
@pytest.mark.parametrize(
    "names", [("SPEAKER_00", "SPEAKER_01"), ("speaker 0", "speaker 1"), ("Jane", "Tom Stone")]
)
def test_names_in_brackets(form: str, names: tuple[str, str]) -> None:
    who = (*names, *names)
    text = srt(*(form.format(name, words) for name, words in zip(who, SAID, strict=True)))
    assert said(text) == list(zip(who, SAID, strict=True))


def test_two_speakers_in_one_cue_by_brackets_on_their_own_lines() -> None:
    text = srt(
        "(Jane Miller)\nI start with the pump",
        "(Jane Miller)\nand the valve?\n(Tom Stone)\nThe old",
        "valve.",
    )
    assert said(text) == [
        ("Jane Miller", "I start with the pump"),
        ("Jane Miller", "and the valve?"),
        ("Tom Stone", "The old"),
        (None, "valve."),
    ]


def test_one_who_speaks_once_in_a_file_of_names_is_one_too_but_not_what_introduces_a_remark() -> None:
    text = srt("Jane Miller: Good.", "Tom Stone: Yes.", "Jane Miller: Fine.", "Bob: I will.", "Note: Call the vendor.",
               "I have one thing to say: buy it.")  # fmt: skip
    assert said(text)[3:] == [
        ("Bob", "I will."),
        (None, "Note: Call the vendor."),
        (None, "I have one thing to say: buy it."),
    ]


def test_a_word_before_a_colon_stays_in_the_text() -> None:
    lecture = [
        "DNA: the molecule of life.",
        "FAQ: how do I submit the work?",
        "Case A: x is zero.",
        "The limit is one.",
        "Case B: x is one.",
        "Case A: again zero.",
        "BREAKING: the mayor has resigned.",
        "Python: a language.",
        "Python: it is slow.",
        "Monday: closed.",
        "Monday: still closed.",
    ]
    plain = [
        "The plant is in the valley.",
        "There are three pumps.",
        "DNA: the molecule of life carries the plan.",
        "It is copied.",
        "RNA: A shorter copy.",
        "BREAKING: The mayor has resigned.",
        "Two of them are old.",
    ]
    for lines in (lecture, plain):
        assert said(srt(*lines)) == [(None, line) for line in lines]


def test_recognised_speech_in_lower_case_without_points_has_names_all_the_same() -> None:
    words = ("let us start", "we spent ninety thousand", "who will call", "i will")
    names = ("jane", "tom", "jane", "tom")
    text = srt(*(f"{name}: {line}" for name, line in zip(names, words, strict=True)))
    assert said(text) == list(zip(names, words, strict=True))


def test_a_film_that_names_a_voice_now_and_then() -> None:
    plain = [f"This is line number {i}." for i in range(12)]
    text = srt(*plain[:4], "JOHN: Where are you?", *plain[4:8], "MARY: Over here.", "JOHN: Come down.", *plain[8:],
               "MARY: Not yet.", "HENRY: Who is it?")  # fmt: skip
    named = [(name, line) for name, line in said(text) if name]
    assert named == [
        ("JOHN", "Where are you?"),
        ("MARY", "Over here."),
        ("JOHN", "Come down."),
        ("MARY", "Not yet."),
    ]
    assert (None, "HENRY: Who is it?") in said(text)  # in doubt: it stays findable


@pytest.mark.parametrize("first", ["Speaker 1", "Jane Miller", "INTERVIEWER"])
def test_a_name_that_is_given_only_at_a_change_goes_on(first: str) -> None:
    text = srt(f"{first}: Good morning.", "The first topic is the pump.", "It is leaking.", "Tom Stone: I saw that.",
               "We need a new one.", f"{first}: Good.", "Then the valve.")  # fmt: skip
    assert [name for name, _ in said(text)] == [first] * 3 + ["Tom Stone"] * 2 + [first] * 2


def test_a_voice_that_is_never_closed_goes_on_and_a_dash_is_nobody() -> None:
    text = vtt(
        "<v Jane Miller>Good morning.", "The first topic.", "<v Tom Stone>I saw that.", "I will order it."
    )
    assert [name for name, _ in said(text)] == ["Jane Miller"] * 2 + ["Tom Stone"] * 2
    closed = vtt(
        "<v Jane Miller>Good morning.</v>", "The first topic.", "<v Tom Stone>Yes.</v>", "I will order it."
    )
    assert [name for name, _ in said(closed)] == ["Jane Miller", None, "Tom Stone", None]
    dash = vtt(
        "<v ->So let us fix it.</v>",
        "and replace the valve.",
        "<v Teacher>Now the filter.</v>",
        "<v ->Done.</v>",
    )
    assert [name for name, _ in said(dash)] == [None, None, "Teacher", None]


def test_names_in_the_ids_of_cues() -> None:
    webex = vtt('1 "Jane Miller" (123)|The pump leaks.', '2 "Tom Stone" (456)|We need one.')
    assert said(webex) == [("Jane Miller", "The pump leaks."), ("Tom Stone", "We need one.")]
    numbered = vtt("Speaker 1|The pump leaks.", "Speaker 2|We need one.")
    assert [name for name, _ in said(numbered)] == ["Speaker 1", "Speaker 2"]
    named = vtt("Jane|The pump leaks.", "Tom|We need one.", "Jane|I see.")
    assert [name for name, _ in said(named)] == ["Jane", "Tom", "Jane"]
    for ids in (
        ["1", "2", "3"],
        ["cue-1", "cue-2", "cue-3"],
        ["intro", "middle", "end"],
        ["5f/0", "5f/1", "x"],
    ):
        counted = vtt(*(f"{name}|The pump leaks." for name in ids))
        assert {name for name, _ in said(counted)} == {None}


def test_changes_inside_a_line_and_what_follows_them() -> None:
    text = srt(">> JOHN: It is late. >> MARY: I know.", "We should go.", ">> Who is there?", "Nobody. >> JOHN: Come.",
               "Now.")  # fmt: skip
    assert said(text) == [
        ("JOHN", "It is late."),
        ("MARY", "I know."),
        ("MARY", "We should go."),
        (None, "Who is there?"),
        (None, "Nobody."),
        ("JOHN", "Come."),
        ("JOHN", "Now."),
    ]


def test_shifts_in_code_are_no_changes() -> None:
    lines = ["Here x >> 2 halves it twice.", "And y >> Z is text."]
    assert said(srt(*lines)) == [(None, line) for line in lines]


def test_words_with_times_go_with_their_speaker() -> None:
    text = (
        "WEBVTT\n\n00:00.000 --> 00:04.000\n>> one<00:01.000> two<00:02.000> >> Three<00:03.000> four\n\n"
        + ("00:05.000 --> 00:06.000\n>> five\n")
    )
    found = to_utterances(parse_subtitles(text), None)
    assert [(u.text, [w.text for w in u.words]) for u in found] == [
        ("one two", ["one", "two"]),
        ("Three four", ["Three", "four"]),
        ("five", []),
    ]


NAMES = st.lists(
    st.text(alphabet=string.ascii_letters, min_size=2, max_size=9).map(str.capitalize),
    min_size=2,
    max_size=4,
    unique=True,
)


@given(NAMES, st.lists(st.integers(0, 3), min_size=6, max_size=20), st.sampled_from(["{}: {}", "[{}] {}"]))
def test_any_names_in_most_cues_are_read_and_every_word_is_kept(
    names: list[str], order: list[int], form: str
) -> None:
    who = [names[number % len(names)] for number in order]
    words = [f"Word{number} is said." for number in range(len(who))]
    read = said(srt(*(form.format(name, line) for name, line in zip(who, words, strict=True))))
    assert [line for _, line in read] == words or {line for name, line in read if name is None}
    for (name, line), speaker, own in zip(read, who, words, strict=True):
        assert (name, line) in ((speaker, own), (None, form.format(speaker, own)))


def test_a_dash_below_a_name_alone_is_theirs() -> None:
    read = said(srt("Jonas: hello there", "Maya:\n- We go home.\n- So do I.", "Jonas: fine"))
    assert read == [("Jonas", "hello there"), ("Maya", "We go home."), (None, "So do I."), ("Jonas", "fine")]


@given(st.lists(st.text(alphabet="AaBb:>[]()- .\n", min_size=1, max_size=30), min_size=1, max_size=8))
def test_no_letter_is_lost_whatever_stands_there(texts: list[str]) -> None:
    # "[x]" and "a: [x]" are sounds, over two lines too, and so may be "[ x]" in a line.
    assume(not any(re.search(r"[\[(]\s", text) for text in texts))
    a_sound = r"(?m)^(?:[^\[(\n]*:)?\W*(?:\[[^\]]*\]|\([^)]*\))\W*$"
    assume(not any(re.search(a_sound, text) for text in texts))
    cues = [f"{number} x {text} y" for number, text in enumerate(texts)]
    read = said(srt(*cues))
    letters = re.sub(r"[^AaBbxy]", "", "".join(f"{name or ''}{line}" for name, line in read))
    assert len(letters) >= sum(len(re.sub(r"[^AaBbxy]", "", cue)) for cue in cues)
    assert sum(line.count("y") for _, line in read) == len(cues)


@pytest.mark.parametrize(
    "form",
    [
        "**{}:** {}",
        "*{}*: {}",
        "__{}__: {}",
        "[{} 00:12]: {}",
        "【{}】{}",
        "<{}> {}",
        "{{{}}} {}",
        "[{}] {}",
        "{} - {}",
        "{} — {}",
        "{} | {}",
        "{} (10:02): {}",
    ],
)
@pytest.mark.parametrize(
    ("first", "second"), [("Jane", "Tom Stone"), ("JANE", "TOM"), ("田中", "佐藤"), ("Иван", "Мария")]
)
def test_names_may_stand_in_any_brackets_or_before_a_dash_where_nearly_all_cues_have_them(
    form: str, first: str, second: str
) -> None:
    names = (first, second, first, second)
    text = srt(*(form.format(name, words) for name, words in zip(names, SAID, strict=True)))
    assert said(text) == list(zip(names, SAID, strict=True))


def test_questions_and_answers_of_a_protocol_are_two_voices() -> None:
    text = srt("Q. Where is it?", "A. In the cellar.", "Q. Does it leak?", "A. It does.")
    assert said(text) == [
        ("Q", "Where is it?"),
        ("A", "In the cellar."),
        ("Q", "Does it leak?"),
        ("A", "It does."),
    ]
    # Also in a protocol that names others.
    text = srt(
        "THE COURT: Be seated.",
        "Q. Where is it?",
        "A. In the cellar.",
        "THE COURT: Speak up.",
        "Q. Does it leak?",
        "A. It does.",
    )
    assert [who for who, _ in said(text)] == ["THE COURT", "Q", "A", "THE COURT", "Q", "A"]


@pytest.mark.parametrize("between", [" ", " | ", " - ", ": "])
def test_what_programs_call_a_voice_is_a_name_before_anything(between: str) -> None:
    text = srt(
        f"SPEAKER_00{between}where were you", f"SPEAKER_01{between}at home", f"SPEAKER_00{between}alone"
    )
    assert said(text) == [
        ("SPEAKER_00", "where were you"),
        ("SPEAKER_01", "at home"),
        ("SPEAKER_00", "alone"),
    ]


def test_a_dash_within_sentences_parts_no_name() -> None:
    lines = (
        "The pump - as I said - leaks.",
        "We need one.",
        "Money | time",
        "Water - and air - is all.",
        "Well — yes.",
    )
    assert said(srt(*lines)) == [(None, line) for line in lines]


def test_marks_of_recognisers_are_not_said() -> None:
    assert [text for _, text in said(srt("[_BEG_] Yes.[_TT_150]", "The pump [SPEAKER_TURN] leaks."))] == [
        "Yes.",
        "The pump leaks.",
    ]


def test_names_above_what_is_said_need_no_colon_where_nearly_every_cue_has_one() -> None:
    names = ("Jane Miller", "Tom", "Jane Miller", "Tom")
    text = srt(*(f"{name}\n{words}" for name, words in zip(names, SAID, strict=True)))
    assert said(text) == list(zip(names, SAID, strict=True))
    verses = srt(*(f"Over the hills\nwe go {n} times" for n in range(4)))
    assert {name for name, _ in said(verses)} == {None}


@pytest.mark.parametrize(
    ("who", "texts"),
    [
        # Nothing begins large in such a file, points or not.
        (["priya sharma", "ö. çelik", "priya sharma", "dr. wu"],
         ["we start now.", "the pump is broken.", "then order one.", "it costs: a lot."]),
        # Each of a few names comes again.
        (["Priya S", "Çelik", "Priya S", "Wu", "Çelik", "Priya S", "Wu"],
         ["we start now.", "the pump is broken.", "order one.", "it is dear.", "how much?", "ten euros.", "more."]),
        # Where all cues open with a name, one that is written small and comes once is one too.
        (["Özdemir, Ayşe", "Karl", "Özdemir, Ayşe", "iPhone von Karl"],
         ["Wir fangen an.", "Gut.", "Die Pumpe ist kaputt.", "Ich bin auch da."]),
    ],
)  # fmt: skip
def test_names_of_a_file_that_writes_much_small(who: list[str], texts: list[str]) -> None:
    text = srt(*(f"{name}: {words}" for name, words in zip(who, texts, strict=True)))
    assert said(text) == list(zip(who, texts, strict=True))


def test_a_list_of_definitions_names_nobody() -> None:
    lines = ["DNA: the molecule of life.", "Gene: a part of it.", "Cell: where it is.", "Virus: a parasite."]
    assert said(srt(*lines)) == [(None, line) for line in lines]


def test_names_on_a_line_of_their_own_only_where_the_speaker_changes() -> None:
    text = srt(
        "Ann Li\nWe start.",
        "Two points.",
        "Bo Kim\nIt is broken.",
        "It leaks.",
        "Ann Li\nOrder one.",
        "Bo Kim\nYes.",
    )
    assert [who for who, _ in said(text)] == ["Ann Li", "Ann Li", "Bo Kim", "Bo Kim", "Ann Li", "Bo Kim"]
    assert [words for _, words in said(text)][:2] == ["We start.", "Two points."]
