"""Subtitles are read in linear time, whatever is in them, and nothing is read that is not there."""

from __future__ import annotations

import gc
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longvid_indexer.invented import without_loops
from longvid_indexer.said import to_utterances
from longvid_indexer.sniff import sniff_bytes
from longvid_indexer.subtitles.encodings import decode_text
from longvid_indexer.subtitles.json_items import Piece
from longvid_indexer.subtitles.json_transcripts import _named, _sentences
from longvid_indexer.subtitles.markup import plain
from longvid_indexer.subtitles.reading import parse_subtitles
from longvid_indexer.subtitles.sounds import described_sounds

VTT = "WEBVTT\n\n00:01.000 --> 09:00:00.000\n{}\n"
SRT = "1\n00:00:01,000 --> 09:00:00,000\n{}\n"
ASS = "[Script Info]\n[Events]\nDialogue: 0,0:00:01.00,9:00:00.00,D,P,0,0,0,,{}\n"
# What costs a backtracking pattern or a loop in a loop more than its length.
HARD = {
    "voice classes": (VTT, "<v" + ".a" * 500, ".a"),
    "voices not closed": (VTT, "", "<v.a "),
    "times": (VTT, "", "1:- "),
    "times without end": (SRT, "", "1:"),
    "spaces": (VTT, "00:01.000 ", " "),
    "dashes": (VTT, "00:01.000 ", "-"),
    "digits": (SRT, "00:", "1"),
    "braces": (SRT, "", "{"),
    "backslashes": (SRT, "{", "\\"),
    "overrides not closed": (SRT, "", "{\\"),
    "ruby not closed": (SRT, "", "<rt "),
    "ruby": (SRT, "", "<rt>x "),
    "tags not closed": (SRT, "", "<b "),
    "breaks": (SRT, "", "<br "),
    "lines by breaks": (SRT, "", "a<br>"),
    "word times": (VTT, "", "a<00:00:02.000>"),
    "round brackets": (SRT, "", "("),
    "square brackets": (SRT, "", "["),
    "brackets on lines": (SRT, "", "[a\n"),
    "stars": (SRT, "", "* "),
    "entities": (SRT, "", "&amp"),
    "a long number": (SRT, "&#", "1"),
    "drawings": (ASS, "", "{\\p1"),
    "drawings not closed": (ASS, "{\\p1}", "{\\p1\\p1"),
    "drawings in drawings": (ASS, "", "{\\p1}"),
    "braces in ASS": (ASS, "", "{"),
    "names": (SRT, "", "Ab (c "),
    "one word": (SRT, "", "ha "),
    "phrases": (SRT, "", "and so on and then "),
    "lines of one cue": (SRT, "", "abc\n"),
    "names of cues": (VTT, "", "aaaa\n\n"),
    "blank lines": (VTT, "", "\n"),
    "cues": (VTT, "", "\n\n00:01.000 --> 00:02.000\nabc"),
    "cues at times": (SRT, "", "\n\n00:01:00,000 --> 00:02:00,000\n[Applause]"),
    "broken cues": (SRT, "", "\n0x:01 --> \n"),
    "ends left out": (SRT, "", "\n\n00:01:00,000 -->\nabc"),
    "syllables": (ASS, "", "\nDialogue: 0,0:00:01.00,0:00:02.00,D,,0,0,0,,{\\pos(1,2)}a"),
    "dialogue": (SRT, "", "\nDialogue: abc"),
    "headers": ("WEBVTT {}\n\n00:01.000 --> 00:02.000\nhi\n", "", " -"),
}  # fmt: skip


def read_all(text: str) -> None:
    read = parse_subtitles(text)
    described_sounds(read)
    without_loops(to_utterances(read, "en"))


def cost(work: Callable[[Any], object], text: object) -> float:
    """CPU seconds, without the collector: many objects make it walk whatever the tests before left in memory."""
    gc.disable()
    try:
        began = time.process_time()
        work(text)
        return time.process_time() - began
    finally:
        gc.enable()


def assert_linear(work: Callable[[Any], object], make: Callable[[int], object], start: int) -> None:
    """Over four doublings the cost grows by little more than the length: 16 times."""
    sizes = [start * 2**n for n in range(5)]
    # One text after the other, three times over: a busy moment of the machine meets all lengths alike.
    rounds = [[cost(work, make(size)) for size in sizes] for _ in range(3)]
    costs = [min(each) for each in zip(*rounds, strict=True)]
    # Quadratic work costs 256 times as much for 16 times the length, linear work 16 times.
    assert costs[-1] <= max(0.3, 70 * max(costs[0], 0.002)), dict(zip(sizes, costs, strict=True))


@pytest.mark.parametrize("kind", HARD)
def test_hard_text_costs_its_length(kind: str) -> None:
    frame, head, repeated = HARD[kind]
    assert_linear(read_all, lambda size: frame.format(head + repeated * (size // len(repeated))), 5_000)


def test_words_that_nothing_parts_and_turns_apart_cost_their_number() -> None:
    def words(number: int) -> list[Piece]:
        return [Piece("a", 0.0, None, None)] * number

    def named(words: list[Piece]) -> object:
        return _named(words, {(): [{"start": 0, "speaker": "A"}] * len(words)}, 1.0)

    assert_linear(lambda words: list(_sentences(words)), words, 5_000)
    assert_linear(named, words, 1_000)


def test_an_exponential_pattern_would_never_end_here() -> None:
    """The voice tag whose cost doubled with every letter; 87 bytes took six seconds of CPU."""
    read = parse_subtitles(VTT.format("<v" + ".a" * 5000))
    assert [line.text for cue in read.cues for line in cue.lines] == ["<v" + ".a" * 5000]


def test_a_line_of_ten_megabytes_is_read() -> None:
    words = 2_000_000
    read = parse_subtitles("1\n00:00:01,000 --> 47:00:00,000\n" + "word " * words)
    assert sum(len(line.text.split()) for cue in read.cues for line in cue.lines) == words


@pytest.mark.parametrize(
    "head", [b"\n" * 4096, b"1:" * 2048, b"1 -" * 1365, b" " * 4096, b"0" * 4096, b"-" * 4096]
)
def test_telling_what_a_file_is_costs_nothing(head: bytes) -> None:
    assert cost(lambda _: [sniff_bytes(head) for _ in range(20)], "") < 2.0


# Fuzzing: valid files, mutated by someone who knows the formats

_VTT_WHOLE = """WEBVTT - A talk
Language: en

NOTE made

id-1
00:01.000 --> 00:02.500 align:start
<v.loud Ann>Hello &amp; <i>good</i> day

id-2
00:03.000 --> 00:04.000
- <c>one</c><00:00:03.500><c> two</c>
[Music]
"""
_SRT_WHOLE = """1
00:00:01,000 --> 00:00:02,000
<font color="#fff">First</font> {\\an8}line
second

2
00:00:03,000 --> 00:00:04,000
BOB: In 1984

3
00:00:05,000 --> 00:00:06,000
♪ la la ♪
"""
_ASS_WHOLE = """[Script Info]
Title: Talk

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:01.00,0:00:02.00,D,Ann,0,0,0,,{\\pos(1,2)}Well,\\Nhello
Comment: 0,0:00:03.00,0:00:04.00,D,,0,0,0,karaoke,{\\k20}O{\\k30}ver
Dialogue: 0,0:00:03.00,0:00:04.00,D,,0,0,0,fx,O
"""
_ROLLING_WHOLE = "".join(
    f"{n}\n00:00:0{n},000 --> 00:00:0{n + 1},000\nline {n} is old\nline {n + 1} is old\n\n"
    for n in range(1, 6)
)
_WHOLE = (_VTT_WHOLE, _SRT_WHOLE, _ASS_WHOLE, _ROLLING_WHOLE)
_PIECES = (
    "\n", "\n\n", " --> ", "-->", "->", ":", "00:00:01,000 --> 00:00:02,000", "99:99:99.999", "-1", "<v Bob>", "</v>",
    "<00:00:01.500>", "<", ">", "{\\p1}", "{", "}", "\\N", "&#1114112;", "&lt;", "&", "NOTE ", "STYLE",
    "WEBVTT",
    "Dialogue: ", "[", "]", "(", ")", "♪", "\x00", "\x1b", "\u2028", "\u202e", "\ufeff", "\u00ad", "é", "好", "🎬", "1",
    "#",
    "A: ", ">> ", "* ", "thumb.jpg#xywh=0,0,1,1", "--", "：", "<ruby>x<rt>y</rt></ruby>", "\t", "\r", "%", "100:00:00",
)  # fmt: skip
_ENCODINGS = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "cp1252",
    "cp1251",
    "gb18030",
    "cp932",
    "utf-32",
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A subtitle file after cuts, copies, swaps and insertions of what means something, in any encoding."""
    text = draw(st.sampled_from(_WHOLE))
    for _ in range(draw(st.integers(0, 6))):
        a, b = sorted((draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))))
        match draw(st.integers(0, 4)):
            case 0:
                text = text[:a] + text[b:]
            case 1:
                text = text[:b] + text[a:b] + text[b:]
            case 2:
                text = text[:a] + draw(st.sampled_from(_PIECES)) + text[a:]
            case 3:
                text = text[:a] + draw(st.sampled_from(_PIECES)) * draw(st.integers(2, 40)) + text[b:]
            case 4:
                text = text[b:] + text[:a]
    data = text.encode(draw(st.sampled_from(_ENCODINGS)), errors="replace")
    if data and draw(st.booleans()):
        at = draw(st.integers(0, len(data) - 1))
        data = data[:at] + draw(st.binary(min_size=1, max_size=3)) + data[at + 1 :]
    return data


_TAGS = re.compile(r"<[^<>]*>|\{[^{}]*\}")


def check_one(data: bytes) -> None:
    sniff_bytes(data[:4096])
    text, encoding = decode_text(data)
    text = text.replace("\x00", "")
    read = parse_subtitles(text)
    known = set("".join(plain(form) for form in (text, _TAGS.sub("", text), _TAGS.sub(" ", text))) + text)
    said, _ = without_loops(to_utterances(read, None))
    for utterance in said:
        assert utterance.text == utterance.text.strip() != ""
        assert 0 <= utterance.start_s < utterance.end_s
        assert all(utterance.start_s <= w.start_s <= w.end_s <= utterance.end_s for w in utterance.words)
        assert not re.search(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069\u00ad]", utterance.text)
        assert known.issuperset(utterance.text.replace(" ", ""))
    total = sum(len(utterance.text) for utterance in said)
    assert total <= max(len(plain(text)), len(text)) + len(said)  # what is no entity stays as it is written
    assert all(sound.start_s < sound.end_s for sound in described_sounds(read))
    assert encoding is None or encoding


@settings(max_examples=2000, deadline=None)
@given(mutated())
def test_no_mutated_file_breaks_a_parser_or_says_what_it_does_not_hold(data: bytes) -> None:
    check_one(data)
