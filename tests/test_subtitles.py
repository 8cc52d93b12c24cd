"""Subtitle parsers: what the formats say, and what real files do instead."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longvid_indexer.said import to_utterances
from longvid_indexer.subtitles.cue import Subtitles
from longvid_indexer.subtitles.encodings import decode_text
from longvid_indexer.subtitles.languages import normalise_language
from longvid_indexer.subtitles.reading import parse_subtitles, read_subtitles
from longvid_storage.types import Utterance, Word


def said(text: str) -> list[tuple[float, float, str | None, str]]:
    return [(u.start_s, u.end_s, u.speaker, u.text) for u in utterances(text)]


def utterances(text: str) -> tuple[Utterance, ...]:
    return to_utterances(parse_subtitles(text), None)


def texts(text: str) -> list[str]:
    return [u.text for u in utterances(text)]


VTT = """WEBVTT - A lecture
Kind: captions
Language: en-GB

NOTE
this is no cue

STYLE
::cue { color: red }

intro
00:01.000 --> 00:02.500 align:start position:0%
<v.loud Mary Jones>Hello &amp; <i>welcome</i>,
everyone

01:00:00.000 --> 01:00:01.250
a < b and b > c
"""


def test_webvtt_voices_entities_tags_names_comments_and_header() -> None:
    read = parse_subtitles(VTT)
    assert (read.title, read.language, read.notes()) == ("A lecture", "en", ())
    assert said(VTT) == [
        (1.0, 2.5, "Mary Jones", "Hello & welcome, everyone"),
        (3600.0, 3601.25, None, "a < b and b > c"),
    ]


def test_two_voices_in_one_cue_are_two_utterances() -> None:
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann>Yes.</v> <v Bob>No.</v>\n"
    assert said(text) == [(1.0, 2.0, "Ann", "Yes."), (1.0, 2.0, "Bob", "No.")]


def test_webvtt_word_times() -> None:
    text = "WEBVTT\n\n00:01.000 --> 00:04.000\n<c>one</c><00:00:02.000><c> two</c><00:00:03.000> three four\n"
    (utterance,) = utterances(text)
    assert utterance.text == "one two three four"
    assert utterance.words[:2] == (Word("one", 1.0, 2.0), Word("two", 2.0, 3.0))
    assert utterance.words[2].start_s == 3.0
    assert utterance.words[3].end_s == 4.0
    assert utterance.words[2].end_s == utterance.words[3].start_s == pytest.approx(3 + 5 / 9)


def test_word_times_outside_the_cue_are_not_believed() -> None:
    (utterance,) = utterances("WEBVTT\n\n00:01.000 --> 00:02.000\none<00:09.000> two\n")
    assert (utterance.text, utterance.words) == ("one two", ())


SRT = """1
00:00:01,000 --> 00:00:02,000
<font color="#fff">First</font> {\\an8}line
second line

2
00:00:03,000 --> 00:00:04,000
In 1984

3
00:00:05,000 --> 00:00:06,000
1984
"""


def test_subrip() -> None:
    assert said(SRT) == [
        (1.0, 2.0, None, "First line second line"),
        (3.0, 4.0, None, "In 1984"),
        (5.0, 6.0, None, "1984"),
    ]


@pytest.mark.parametrize("newline", ["\r\n", "\r", "\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("source", [VTT, SRT])
def test_any_encoding_and_line_end_reads_the_same(
    tmp_path: Path, source: str, newline: str, encoding: str
) -> None:
    path = tmp_path / "talk.txt"
    path.write_bytes(source.replace("\n", newline).encode(encoding))
    assert to_utterances(read_subtitles(path), None) == utterances(source)


@pytest.mark.parametrize(
    ("text", "encoding", "language"),
    [
        ("Grüße, naïve café – “so”", "cp1252", None),
        ("Grüße, naïve café", "latin-1", "de"),
        ("Добрый день, друзья", "cp1251", "ru"),
        ("Zażółć gęślą jaźń", "cp1250", "pl"),
        ("こんにちは、世界。", "cp932", "ja"),
        ("大家好,欢迎", "gb18030", "zh"),
    ],
)
def test_old_code_pages(tmp_path: Path, text: str, encoding: str, language: str | None) -> None:
    path = tmp_path / "talk.srt"
    path.write_bytes(f"1\n00:00:01,000 --> 00:00:02,000\n{text}\n".encode(encoding))
    read = read_subtitles(path, language)
    assert [u.text for u in to_utterances(read, language)] == [text]
    assert len(read.notes()) == 1
    assert "not UTF-8" in read.notes()[0]


def test_one_broken_byte_does_not_turn_utf8_into_something_else() -> None:
    text, encoding = decode_text("größer, schöner, höher, weiter, über alles, kühn, müde".encode() + b"\xff")
    assert text.startswith("größer, schöner")
    assert encoding == "UTF-8 with broken bytes"


def test_no_blank_lines_no_numbers_odd_arrows_and_short_times() -> None:
    text = (
        "1\n00:00:01,000 --> 00:00:02,000\none\n2\n00:00:03.000 -> 00:00:04.000\ntwo\n00:05 --> 00:06\nthree\n"
        "0:00:07,5 --> 0:00:08,25\nfour\n00:00:09,000 00:00:10,000\nfive"
    )
    assert said(text) == [
        (1.0, 2.0, None, "one"),
        (3.0, 4.0, None, "two"),
        (5.0, 6.0, None, "three"),
        (7.5, 8.25, None, "four"),
        (9.0, 10.0, None, "five"),
    ]


def test_text_after_a_blank_line_belongs_to_the_subrip_cue() -> None:
    assert texts(
        "1\n00:00:01,000 --> 00:00:02,000\none\n\nand more\n\n2\n00:00:03,000 --> 00:00:04,000\ntwo\n"
    ) == [
        "one and more",
        "two",
    ]


def test_broken_cues_are_counted_and_the_rest_is_kept() -> None:
    text = (
        "1\n00:00:05,000 --> 00:00:02,000\nends before it begins\n\n2\n00:00:0x,000 --> 00:00:09,000\nlost\n\n"
        "3\n00:00:10,000 --> 00:00:11,000\n\n\n4\n00:00:12,000 --> 00:00:12,000\nno length\n\n"
        "5\n99:99:99,000 --> 99:99:99,900\nfar away\n\n6\n00:00:20,000 --> 00:00:21,000\nfine\n"
    )
    read = parse_subtitles(text)
    found = to_utterances(read, None)
    assert [(u.start_s, u.text) for u in found] == [
        (5.0, "ends before it begins"),
        (12.0, "no length"),
        (20.0, "fine"),
    ]
    assert all(u.end_s >= u.start_s + 1 for u in found)
    assert dict(read.problems) == {
        "cues without readable times were left out": 2,
        "cues that ended before they began got an estimated end": 2,
        "empty cues were left out": 1,
    }


def test_overlapping_and_unordered_cues_come_out_in_order_of_time() -> None:
    text = "1\n00:00:05,000 --> 00:00:09,000\nlater\n\n2\n00:00:01,000 --> 00:00:06,000\nearlier\n"
    assert said(text) == [(1.0, 6.0, None, "earlier"), (5.0, 9.0, None, "later")]


@pytest.mark.parametrize(
    "text", ["", "WEBVTT\n", "hello\nworld\n", "1\n2\n3\n", "-->\n-->\n", "\x00\x01\x02"]
)
def test_files_without_a_cue_give_none(text: str) -> None:
    assert utterances(text) == ()


ASS = """[Script Info]
Title: Opening lecture

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Comment: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,not shown
Dialogue: 0,0:00:03.50,0:00:05.00,Default,Anna,0,0,0,,{\\pos(1,2)\\b1}Well,{\\b0} hello\\Nthere
Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,before
Dialogue: 0,0:00:06.00,0:00:07.00,Sign,,0,0,0,,{\\p1}m 0 0 l 100 0 100 100{\\p0}
Dialogue: 0,0:00:0x.00,0:00:07.00,Default,,0,0,0,,broken
"""


def test_ass_actors_overrides_drawings_and_commas() -> None:
    read = parse_subtitles(ASS)
    assert read.title == "Opening lecture"
    assert said(ASS) == [(1.0, 2.0, None, "before"), (3.5, 5.0, "Anna", "Well, hello there")]
    assert sum(read.problems.values()) == 1


def srt(*lines: str) -> str:
    return "\n\n".join(
        f"{i}\n00:00:{i:02d},000 --> 00:00:{i:02d},900\n{line}" for i, line in enumerate(lines, 1)
    )


def test_speakers_by_name_and_colon() -> None:
    text = srt("Anna: Hello.", "Bob Smith: Hi, Anna.", "Anna: Shall we?", "Carl Gauss: Yes.", "So: a plan.")
    assert [(u.speaker, u.text) for u in utterances(text)] == [
        ("Anna", "Hello."),
        ("Bob Smith", "Hi, Anna."),
        ("Anna", "Shall we?"),
        ("Carl Gauss", "Yes."),
        (None, "So: a plan."),
    ]


def test_speakers_after_double_angles() -> None:
    text = srt(
        "&gt;&gt; JOHN: Good evening.",
        "It is late.",
        ">> And now the news. >> MARY: Rain again. >> Thank you.",
        "DR. WEISS: the result.",
    )
    assert [(u.speaker, u.text) for u in utterances(text)] == [
        ("JOHN", "Good evening."),
        ("JOHN", "It is late."),
        (None, "And now the news."),
        ("MARY", "Rain again."),
        (None, "Thank you."),
        (None, "DR. WEISS: the result."),
    ]


def test_not_every_colon_is_a_speaker() -> None:
    lines = [
        "Note: this matters.",
        "Note: this too.",
        "It starts at 10:30 today",
        "It starts at 11:30 today",
        "See https://example.org",
        "See https://example.org",
        "The rule is simple: never guess",
        "The rule is simple: always ask",
        "Question: why?",
        "Question: how?",
    ]
    assert [(u.speaker, u.text) for u in utterances(srt(*lines))] == [(None, line) for line in lines]


def test_dialogue_dashes_and_two_speakers_in_one_cue() -> None:
    text = srt("- Anna: Ready?\n- Bob: Always.", "Anna: Then go.", "Bob: Gone.", "- Who is it?\n- Me.")
    assert [(u.speaker, u.text) for u in utterances(text)] == [
        ("Anna", "Ready?"),
        ("Bob", "Always."),
        ("Anna", "Then go."),
        ("Bob", "Gone."),
        (None, "Who is it? Me."),
    ]


def test_sound_descriptions_are_no_speech_but_words_beside_them_stay() -> None:
    text = srt(
        "[Music]", "(door slams)", "♪ ♪", "♪ Over the hills ♪", "[laughs] Of course.", "[a](http://b.c)"
    )
    assert texts(text) == ["Over the hills", "[laughs] Of course.", "[a](http://b.c)"]


ROLLING = """WEBVTT
Kind: captions
Language: en

00:00:00.000 --> 00:00:02.000 align:start position:0%
\x20
hello<00:00:00.500><c> and</c><00:00:01.000><c> welcome</c>

00:00:02.000 --> 00:00:02.010 align:start position:0%
hello and welcome
\x20

00:00:02.010 --> 00:00:04.000 align:start position:0%
hello and welcome
to<00:00:02.500><c> the</c><00:00:03.000><c> course</c>

00:00:04.000 --> 00:00:04.010 align:start position:0%
to the course
\x20

00:00:04.010 --> 00:00:06.000 align:start position:0%
to the course
on<00:00:05.000><c> birds</c>
"""


def test_rolling_captions_are_said_once_with_word_times() -> None:
    found = utterances(ROLLING)
    assert [u.text for u in found] == ["hello and welcome", "to the course", "on birds"]
    assert [u.start_s for u in found] == [0.0, 2.01, 4.01]
    assert found[2].words == (Word("on", 4.01, 5.0), Word("birds", 5.0, 6.0))


def test_captions_that_grow_word_by_word_are_said_once() -> None:
    lines = ["so", "so today", "so today we", "so today we begin", "with a question"]
    text = "\n\n".join(f"00:00:0{i}.000 --> 00:00:0{i + 1}.000\n{line}" for i, line in enumerate(lines))
    assert said("WEBVTT\n\n" + text) == [
        (0.0, 4.0, None, "so today we begin"),
        (4.0, 5.0, None, "with a question"),
    ]


def test_people_may_repeat_themselves() -> None:
    lines = ["Again from the top.", "Again from the top.", "One.", "Two.", "Three.", "Two.", "Four.", "Five."]
    text = "\n\n".join(f"00:00:0{i}.000 --> 00:00:0{i + 1}.000\n{line}" for i, line in enumerate(lines))
    assert texts("WEBVTT\n\n" + text) == lines


def test_ruby_readings_are_left_out() -> None:
    assert texts("WEBVTT\n\n00:01.000 --> 00:02.000\n<ruby>漢<rt>kan</rt>字<rt>ji</rt></ruby>です\n") == [
        "漢字です"
    ]


@pytest.mark.parametrize(
    ("code", "language"),
    [("en", "en"), ("eng", "en"), ("en-US", "en"), ("pt_BR", "pt"), ("ger", "de"), ("English", "en"), ("en-orig", "en"),
     ("und", None), ("raw", None), ("1", None), ("", None), (None, None), ("zh-Hant-TW", "zh")],
)  # fmt: skip
def test_language_codes(code: str | None, language: str | None) -> None:
    assert normalise_language(code) == language


@given(st.text(alphabet=st.sampled_from("0123456789:.,->< \nabcV{}\\[]&;"), max_size=300))
def test_no_text_whatever_breaks_a_parser(text: str) -> None:
    for prefix in ("", "WEBVTT\n\n", "[Events]\nDialogue: 0,", "1\n00:00:01,000 --> 00:00:02,000\n"):
        read = parse_subtitles(prefix + text)
        assert isinstance(read, Subtitles)
        for utterance in to_utterances(read, None):
            assert utterance.text == utterance.text.strip() != ""
            assert all(utterance.start_s <= w.start_s <= w.end_s <= utterance.end_s for w in utterance.words)


@given(st.binary(max_size=400))
def test_no_bytes_whatever_break_the_decoder(data: bytes) -> None:
    text, _ = decode_text(data)
    parse_subtitles(text)
