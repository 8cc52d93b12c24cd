"""Captions that show again what they showed: whatever the style, each word is read once, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from longvid_indexer.said import to_utterances
from longvid_indexer.subtitles.reading import parse_subtitles

Line = tuple[str, ...]
Screen = tuple[float, list[str]]
# Seconds that a line takes to be said.
LINE_S = 3.0


def rolling(lines: list[Line], rows: int) -> Iterator[Screen]:
    """A new line below, the oldest one scrolls away."""
    for number in range(len(lines)):
        yield number * LINE_S, [" ".join(line) for line in lines[max(0, number + 1 - rows) : number + 1]]


def youtube(lines: list[Line], rows: int) -> Iterator[Screen]:
    """As rolling, and between two lines, for 10 ms, what remains when the oldest has scrolled away."""
    for at_s, shown in rolling(lines, rows):
        yield at_s, shown
        yield at_s + LINE_S - 0.01, shown[1 - rows :] if rows > 1 else shown


def scrolling(lines: list[Line], rows: int) -> Iterator[Screen]:
    """The bottom line is written word by word, then all scroll up."""
    for number, line in enumerate(lines):
        above = [" ".join(other) for other in lines[max(0, number + 1 - rows) : number]]
        for words in range(1, len(line) + 1):
            yield number * LINE_S + words * LINE_S / (len(line) + 1), [*above, " ".join(line[:words])]


def growing(lines: list[Line], rows: int) -> Iterator[Screen]:
    """A page of lines grows word by word and is then cleared."""
    for page in range(0, len(lines), rows):
        for number in range(page, min(page + rows, len(lines))):
            above = [" ".join(other) for other in lines[page:number]]
            line = lines[number]
            for words in range(1, len(line) + 1):
                yield number * LINE_S + words * LINE_S / (len(line) + 1), [*above, " ".join(line[:words])]


def painted(lines: list[Line], rows: int) -> Iterator[Screen]:
    """Line after line is painted below what is there, until the page is full and cleared."""
    for page in range(0, len(lines), rows):
        for number in range(page, min(page + rows, len(lines))):
            yield number * LINE_S, [" ".join(line) for line in lines[page : number + 1]]


def typed(lines: list[Line], rows: int) -> Iterator[Screen]:
    """As scrolling, by two letters at a time."""
    for number, line in enumerate(lines):
        above = [" ".join(other) for other in lines[max(0, number + 1 - rows) : number]]
        text = " ".join(line)
        for letters in range(2, len(text) + 2, 2):
            yield number * LINE_S + letters * LINE_S / (len(text) + 2), [*above, text[:letters].strip()]


def moving(lines: list[Line], rows: int) -> Iterator[Screen]:
    """The last six words and more, a line of them, which moves on by two."""
    words = [word for line in lines for word in line]
    for at in range(0, len(words), 2):
        yield at * 0.4, [" ".join(words[max(0, at - 2 - 2 * rows) : at + 2])]


STYLES: dict[str, Callable[[list[Line], int], Iterator[Screen]]] = {
    style.__name__: style for style in (rolling, youtube, scrolling, growing, painted, typed, moving)
}


def clock(at_s: float) -> str:
    thousandths = round(at_s * 1000)
    seconds, rest = divmod(thousandths, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d},{rest:03d}"


def as_srt(screens: list[Screen], between: str = "\n") -> str:
    """Each screen until the next one; ``between`` is what joins its rows (converters join them by a space)."""
    ends = [at_s for at_s, _ in screens[1:]] + [screens[-1][0] + 0.01]
    return "\n".join(
        f"{n}\n{clock(start_s)} --> {clock(end_s)}\n{between.join(rows)}\n"
        for n, ((start_s, rows), end_s) in enumerate(zip(screens, ends, strict=True), 1)
    )


def words_read(text: str) -> list[str]:
    return [word for u in to_utterances(parse_subtitles(text), None) for word in u.text.split()]


@st.composite
def spoken(draw: st.DrawFn) -> list[Line]:
    """Twelve lines and more of one to seven words, none of which was among the last screen's: else nobody could tell
    a word that is said again from one that is shown again."""
    random = Random(draw(st.integers(0, 2**32)))
    said: list[str] = []
    lines = []
    for length in draw(st.lists(st.integers(1, 7), min_size=12, max_size=30)):
        for _ in range(length):
            said.append(random.choice([word for word in WORDS if word not in said[-21:]]))
        lines.append(tuple(said[-length:]))
    return lines


WORDS = [
    a + b
    for a in ("ba", "do", "fe", "gu", "ki", "la", "mo", "nu")
    for b in ("ran", "sel", "tip", "von", "wux")
]


@settings(max_examples=60)
@given(lines=spoken(), rows=st.integers(1, 3), between=st.sampled_from(["\n", " "]))
@pytest.mark.parametrize("style", STYLES)
def test_each_word_is_read_once_and_in_order(style: str, lines: list[Line], rows: int, between: str) -> None:
    if between == " ":  # one word that is shown again in a line is not told from one that is said again
        lines = [line for line in lines if len(line) > 1]
        assume(len(lines) >= 12)
    # Where hardly any line grows, the file does not tell that it is a growing one.
    assume(rows > 1 or sum(len(line) > 1 for line in lines) * 2 >= len(lines))
    screens = list(STYLES[style](lines, rows))
    assert words_read(as_srt(screens, between)) == [word for line in lines for word in line]


@pytest.mark.parametrize("style", ["youtube", "scrolling"])
def test_a_clip_of_two_lines_rolls_too(style: str) -> None:
    lines = [("hello", "everyone", "and", "welcome"), ("to", "the", "garden", "show")]
    assert words_read(as_srt(list(STYLES[style](lines, 2)))) == [word for line in lines for word in line]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_file_of_hardly_any_cue_is_read(count: int) -> None:
    screens: list[Screen] = [(2.0 * n, [f"We row home {n} times."]) for n in range(count)]
    assert len(parse_subtitles(as_srt(screens) if screens else "WEBVTT\n\nNOTE empty\n").cues) == count


def test_a_line_that_comes_again_and_again_is_no_moving_window() -> None:
    screens: list[Screen] = [(2.0 * n, ["We row the boat home."]) for n in range(8)] + [(16.0, ["Done."])]
    assert words_read(as_srt(screens)) == [*["We", "row", "the", "boat", "home."] * 8, "Done."]


def test_who_repeats_a_line_once_in_a_short_file_said_it_twice() -> None:
    screens: list[Screen] = [
        (0.0, ["Come here."]),
        (1.0, ["Come here.", "Now."]),
        (2.0, ["No."]),
        (3.0, ["Why?"]),
    ]
    assert words_read(as_srt(screens)) == ["Come", "here.", "Come", "here.", "Now.", "No.", "Why?"]


LINES = (
    "good morning to you",
    "the pump is leaking",
    "since friday at noon",
    "we need another one",
    "สวัสดีตอนเช้าทุกคน",
)


def timed(cues: list[tuple[float, float, str]]) -> str:
    return "\n".join(f"{n}\n{clock(a)} --> {clock(b)}\n{text}\n" for n, (a, b, text) in enumerate(cues))


@pytest.mark.parametrize("between", ["\n", " "])
@pytest.mark.parametrize("gap_s", [0.0, 0.3, 0.9])
def test_captions_scroll_over_a_pause_too_where_nearly_all_of_them_do(gap_s: float, between: str) -> None:
    cues = [
        (2.0 * n, 2.0 * n + 2 - gap_s, between.join(LINES[max(0, n - 1) : n + 1])) for n in range(len(LINES))
    ]
    assert words_read(timed(cues)) == " ".join(LINES).split()


def test_an_old_line_that_is_a_cue_of_its_own_beside_the_new_one_is_said_once() -> None:
    cues = [(2.0 * n, 2.0 * n + 2, line) for n in range(len(LINES)) for line in LINES[max(0, n - 1) : n + 1]]
    assert words_read(timed(cues)) == " ".join(LINES).split()


SAID_SO = (
    "we begin with the pump",
    "it leaks since friday",
    "the valve is blocked",
    "so we order a new one",
    "see you",
)


def told(cues: list[tuple[float, float, str]]) -> list[str]:
    clock = "00:{:02}:{:06.3f}".format
    blocks = (f"{clock(0, begin)} --> {clock(0, end)}\n{text}" for begin, end, text in cues)
    return [each.text for each in to_utterances(parse_subtitles("WEBVTT\n\n" + "\n\n".join(blocks)), None)]


@pytest.mark.parametrize("mark", ["<u>{}</u>", "<b>{}</b>", "<c.now>{}</c>"])
@pytest.mark.parametrize("between", [True, False])
def test_a_line_whose_words_are_marked_one_by_one_is_said_once(mark: str, between: bool) -> None:
    cues = []
    for number, line in enumerate(SAID_SO):
        words = line.split()
        for at, word in enumerate(words):
            begin = number * 3 + at * 0.4
            if between:
                cues.append((begin, begin + 0.1, line))
            marked = " ".join([*words[:at], mark.format(word), *words[at + 1 :]])
            cues.append((begin + 0.1 * between, begin + 0.4, marked))
    assert told(cues) == [*SAID_SO]


def test_who_says_no_five_times_says_it_five_times() -> None:
    said = [
        "no",
        "no",
        "no",
        "no",
        "yes it is",
        "no",
        "no",
        "and so on",
        "we go",
        "now",
        "to the",
        "next point",
    ]
    assert told([(3 * at, 3 * at + 3, text) for at, text in enumerate(said)]) == said


def test_a_line_that_grows_under_the_old_one_after_a_pause_is_read_once() -> None:
    cues = [
        (
            number * 2.5 + at * 0.4,
            number * 2.5 + at * 0.4 + 0.4,
            "\n".join([*SAID_SO[max(0, number - 1) : number], grown]),
        )
        for number, line in enumerate(SAID_SO)
        for at, grown in enumerate(" ".join(line.split()[: n + 1]) for n in range(len(line.split())))
    ]
    assert " ".join(told(cues)) == " ".join(SAID_SO)


def test_captions_with_the_newest_line_on_top_are_read_in_order() -> None:
    cues = [
        (2.0 * n, 2.0 * n + 2, "\n".join(SAID_SO[max(0, n - 1) : n + 1][::-1])) for n in range(len(SAID_SO))
    ]
    assert told(cues) == [*SAID_SO]


@pytest.mark.parametrize("line", ["สวัสดีตอนเช้าทุกคน", "आज हम पंप के बारे में बात करेंगे", "今日はポンプの話をします"])
def test_letters_that_are_marks_are_typed_too(line: str) -> None:
    cues = [(0.2 * n, 0.2 * n + 0.2, line[: 2 * n + 2].strip()) for n in range((len(line) + 1) // 2)]
    assert words_read(timed(cues)) == line.split()


@pytest.mark.parametrize("again", [str.capitalize, str.upper, lambda line: f"{line[:1].upper()}{line[1:]}."])
def test_a_line_that_comes_back_in_capitals_or_with_marks_is_read_once(again: Callable[[str], str]) -> None:
    said = ["good morning all", "the pump leaks", "we need another", "jane orders it", "see you soon"]
    shown = [
        [again(before), line] if before else [line] for before, line in zip(["", *said], said, strict=False)
    ]
    cues = [
        f"{n}\n00:00:{3 * n:02d},000 --> 00:00:{3 * n + 3:02d},000\n" + "\n".join(lines)
        for n, lines in enumerate(shown)
    ]
    read = to_utterances(parse_subtitles("\n\n".join(cues)), "en")
    marked = again("x").endswith(".")  # the mark is kept, the capitals are not
    told = [again(line) if marked and line != said[-1] else line for line in said]
    assert [(u.start_s, u.text) for u in read] == [(3.0 * n, line) for n, line in enumerate(told)]


def test_a_line_that_is_typed_letter_by_letter_is_read_once_with_its_point() -> None:
    typed = "The pump leaks."
    cues = [(0.1 * n, typed[:n]) for n in range(1, len(typed) + 1)] + [(3.0, "Call Tom.")]
    events = "".join(
        f"Dialogue: 0,0:00:{at_s:05.2f},0:00:{at_s + 0.1:05.2f},Default,,0,0,0,,{shown}\n"
        for at_s, shown in cues
    )
    read = to_utterances(parse_subtitles(f"[Events]\n{events}"), "en")
    assert [u.text for u in read] == ["The pump leaks.", "Call Tom."]


@pytest.mark.parametrize("cut", ["end", "beginning"])
@pytest.mark.parametrize("style", ["rolling", "youtube", "painted"])
@pytest.mark.parametrize("rows", [2, 3])
def test_a_line_that_is_cut_where_it_is_shown_again_is_read_once(style: str, rows: int, cut: str) -> None:
    lines = [tuple(WORDS[at : at + 6]) for at in range(0, 36, 6)]
    keep = slice(0, 20) if cut == "end" else slice(-20, None)
    screens = [
        (at_s, [*(row[keep].strip() for row in above), last])
        for at_s, (*above, last) in STYLES[style](lines, rows)
    ]
    assert words_read(as_srt(screens)) == [word for line in lines for word in line]


@pytest.mark.parametrize("keep", [slice(0, 20), slice(-20, None), slice(None)])
@pytest.mark.parametrize("rows", [2, 3])
def test_words_that_come_one_by_one_below_lines_that_are_cut_are_read_once(rows: int, keep: slice) -> None:
    lines = [WORDS[at : at + 6] for at in range(0, 36, 6)]
    screens = [
        (
            (6 * number + count) * 0.5,
            [
                *(" ".join(row)[keep].strip() for row in lines[max(0, number + 1 - rows) : number]),
                " ".join(lines[number][: count + 1]),
            ],
        )
        for number in range(len(lines))
        for count in range(6)
    ]
    assert words_read(as_srt(screens)) == [word for line in lines for word in line]


def test_a_first_line_whose_beginning_was_cut_off_is_read_once_and_whole() -> None:
    lines = [tuple(WORDS[at : at + 6]) for at in range(0, 36, 6)]
    (at_s, rows), *rest = rolling(lines, 2)
    screens = [(at_s, [" ".join(rows[0].split()[2:])]), *rest]
    assert words_read(as_srt(screens)) == [word for line in lines for word in line]


def test_half_a_line_said_by_itself_is_said() -> None:
    screens = [(0.0, ["we take the train"]), (3.0, ["we take"]), (6.0, ["the bus is late", "as always"])]
    assert words_read(as_srt(screens)) == [
        word for _, rows in screens for row in rows for word in row.split()
    ]


def test_a_word_that_live_captions_put_right_when_the_line_comes_back_is_read_once_and_right() -> None:
    said = [
        "so today we are going",
        "to look at the river",
        "and the old stone bridge",
        "that was built by monks",
    ]
    first = [
        "so today we are going",
        "to look at the rover",
        "and the old stove bridge",
        "that was build by monks",
    ]
    screens = [(2.0 * at, [*said[max(0, at - 1) : at], first[at]]) for at in range(4)]
    assert words_read(as_srt([*screens, (8.0, [said[-1], "in the winter"])])) == [
        word for line in [*said, "in the winter"] for word in line.split()
    ]


def test_another_word_in_a_like_line_is_said_too() -> None:
    screens = [
        (0.0, ["I do not know him"]),
        (2.0, ["I do not know her", "who is she"]),
        (4.0, ["who is she", "a friend"]),
        (6.0, ["a friend", "of mine"]),
        (8.0, ["of mine", "and yours"]),
    ]
    assert " ".join(words_read(as_srt(screens))).startswith(
        "I do not know him I do not know her who is she a"
    )
