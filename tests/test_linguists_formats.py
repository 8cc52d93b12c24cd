"""TextGrid, ELAN, TMPlayer and Spotify's transcripts: what each says, at which times and by whom."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longvid import Library
from longvid_indexer.said import to_utterances
from longvid_indexer.subtitles import tiers
from longvid_indexer.subtitles.cue import Subtitles
from longvid_indexer.subtitles.reading import holds_transcript, parse_subtitles
from test_subtitle_cost import assert_linear, read_all

Said = list[tuple[float, float, str | None, str]]
Tier = tuple[str, Sequence[tuple[float, float, str]]]


def said(text: str) -> Said:
    found = to_utterances(parse_subtitles(text), None)
    return [(round(u.start_s, 3), round(u.end_s, 3), u.speaker, u.text) for u in found]


def textgrid(*tiers: Tier, short: bool = False, until_s: float = 60.0) -> str:
    """As Praat writes it, long or short."""
    if short:
        lines = [
            'File type = "ooTextFile"',
            'Object class = "TextGrid"',
            "",
            "0",
            f"{until_s}",
            "<exists>",
            f"{len(tiers)}",
        ]
        for name, intervals in tiers:
            lines += ['"IntervalTier"', f'"{name}"', "0", f"{until_s}", f"{len(intervals)}"]
            lines += [part for a, b, text in intervals for part in (f"{a}", f"{b}", f'"{text}"')]
        return "\n".join(lines) + "\n"
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0 ", f"xmax = {until_s} ",
             "tiers? <exists> ", f"size = {len(tiers)} ", "item []: "]  # fmt: skip
    for number, (name, intervals) in enumerate(tiers, 1):
        lines += [f"    item [{number}]:", '        class = "IntervalTier" ', f'        name = "{name}" ',
                  "        xmin = 0 ", f"        xmax = {until_s} ",
                  f"        intervals: size = {len(intervals)} "]  # fmt: skip
        for at, (a, b, text) in enumerate(intervals, 1):
            lines += [f"        intervals [{at}]:", f"            xmin = {a} ", f"            xmax = {b} ",
                      f'            text = "{text}" ']  # fmt: skip
    return "\n".join(lines) + "\n"


TALK: Tier = (
    "Rosa",
    [(0, 1, ""), (1, 3.5, "We lived by the sea."), (3.5, 4, ""), (4, 6, 'In a ""village"".')],
)
ASKED: Tier = ("Interviewer", [(0, 1, "Where did you live?"), (1, 6, "")])
WORDS: Tier = (
    "Rosa - words",
    [(1, 1.4, "We"), (1.4, 2, "lived"), (2, 3.5, "there"), (3.5, 5, "sp"), (5, 5.5, "Yes")],
)
PHONES: Tier = ("Rosa - phones", [(1, 1.2, "W"), (1.2, 1.4, "IY1"), (1.4, 1.6, "L")])
TEXTGRIDS: list[tuple[str, Sequence[Tier], Said]] = [
    ("speakers", [ASKED, TALK], [(0, 1, "Interviewer", "Where did you live?"), (1, 3.5, "Rosa", "We lived by the sea."),
                                 (4, 6, "Rosa", 'In a "village".')]),
    ("one tier without a name of somebody", [("transcription", TALK[1][:2])], [(1, 3.5, None, "We lived by the sea.")]),
    ("an aligner's words and phones", [WORDS, PHONES], [(1, 3.5, "Rosa", "We lived there"), (5, 5.5, "Rosa", "Yes")]),
    ("sentences and their words", [("sentence", [(1, 3.5, "We lived there")]), ("words", WORDS[1][:3])],
     [(1, 3.5, None, "We lived there")]),
    ("glosses", [("Rosa", TALK[1][:2]), ("gloss", [(1, 3.5, "1PL live-PST by DEF sea")])],
     [(1, 3.5, "Rosa", "We lived by the sea.")]),
    ("nothing but phones", [PHONES], [(1, 1.6, "Rosa - phones", "W IY1 L")]),
    ("silence only", [("Rosa", [(0, 6, "<sil>")])], []),
]  # fmt: skip


@pytest.mark.parametrize("short", [False, True], ids=["long", "short"])
@pytest.mark.parametrize(
    ("tiers", "right"), [each[1:] for each in TEXTGRIDS], ids=[each[0] for each in TEXTGRIDS]
)
def test_a_textgrid_says_what_its_tiers_of_speech_say(
    tiers: Sequence[Tier], right: Said, short: bool
) -> None:
    assert said(textgrid(*tiers, short=short)) == right


def test_words_of_an_aligner_keep_their_times() -> None:
    (cue, _) = parse_subtitles(textgrid(WORDS)).cues
    assert [(w.text, w.start_s, w.end_s) for w in cue.lines[0].words] == [
        ("We", 1.0, 1.4), ("lived", 1.4, 2.0), ("there", 2.0, 3.5)]  # fmt: skip


def test_a_textgrid_that_is_cut_off_says_what_stands_before_and_is_noted() -> None:
    whole = textgrid(ASKED, TALK)
    read = parse_subtitles(whole[: whole.index("In a")])
    assert [line.text for cue in read.cues for line in cue.lines] == [
        "Where did you live?",
        "We lived by the sea.",
    ]
    assert any("damaged" in note for note in read.notes())


EAF = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" FORMAT="3.0" VERSION="3.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<HEADER MEDIA_FILE="" TIME_UNITS="milliseconds"/>
<TIME_ORDER>{slots}</TIME_ORDER>{tiers}
<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="utt" TIME_ALIGNABLE="true"/>
</ANNOTATION_DOCUMENT>
"""


def eaf(times_ms: Sequence[int | None], *tiers: tuple[str, Sequence[tuple[int, int, str]]]) -> str:
    """A document whose tiers are (their XML attributes, [(slot, slot, text), …])."""
    slots = "".join(
        f'<TIME_SLOT TIME_SLOT_ID="ts{at}"' + (f' TIME_VALUE="{ms}"' if ms is not None else "") + "/>"
        for at, ms in enumerate(times_ms)
    )
    made = ""
    for attributes, written in tiers:
        inner = "".join(
            f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a" TIME_SLOT_REF1="ts{a}" TIME_SLOT_REF2="ts{b}">'
            f"<ANNOTATION_VALUE>{text}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>"
            for a, b, text in written
        )
        made += f'<TIER LINGUISTIC_TYPE_REF="utt" {attributes}>{inner}</TIER>'
    return EAF.format(slots=slots, tiers=made)


def test_elan_tells_who_speaks_and_shares_slots_without_a_time() -> None:
    text = eaf(
        [500, None, 4500, 5000, 8000],
        ('PARTICIPANT="Rosa" TIER_ID="A_utt"', [(0, 1, "We lived by the sea."), (1, 2, "My father &amp; I fished.")]),
        ('TIER_ID="Interviewer"', [(3, 4, "Which fish?")]),
        ('PARENT_REF="A_utt" TIER_ID="A_words"', [(0, 1, "we")]),
        ('TIER_ID="comments"', [(0, 4, "A dog barks.")]),
    )  # fmt: skip
    assert said(text) == [
        (0.5, 2.5, "Rosa", "We lived by the sea."),
        (2.5, 4.5, "Rosa", "My father & I fished."),
        (5.0, 8.0, "Interviewer", "Which fish?"),
    ]


@pytest.mark.parametrize("time", ["9" * 400, "9" * 5000])
def test_a_time_of_elan_that_no_number_can_be_is_none(time: str) -> None:
    whole = eaf([500, 4500, 5000], ('TIER_ID="Rosa"', [(0, 1, "We lived by the sea.")]))
    assert said(whole.replace("5000", time)) == said(whole)


def test_an_elan_tier_called_default_names_nobody_and_an_empty_document_says_nothing() -> None:
    assert said(eaf([0, 2000], ('TIER_ID="default"', [(0, 1, "Good morning.")]))) == [
        (0.0, 2.0, None, "Good morning.")
    ]
    assert said(eaf([])) == []
    assert said(eaf([0, 2000], ('TIER_ID="Rosa"', [(0, 9, "A slot that is nowhere.")]))) == []


TMPLAYER: list[tuple[str, str, Said]] = [
    ("lines", "00:00:03:Dzień dobry.\n00:00:07:Gdzie jest dworzec?|Na lewo.\n",
     [(3, 7, None, "Dzień dobry."), (7, 8.35, None, "Gdzie jest dworzec? Na lewo.")]),
    ("an empty line ends the one before", "00:00:03:Dzień dobry.\n00:00:05:\n00:00:20:Do widzenia.\n",
     [(3, 5, None, "Dzień dobry."), (20, 21, None, "Do widzenia.")]),
    ("two lines by number", "00:00:03,1=Dzień dobry.\n00:00:03,2=Panie Janie.\n00:00:06,1=Tak.\n00:00:08,1=\n",
     [(3, 6, None, "Dzień dobry. Panie Janie."), (6, 8, None, "Tak.")]),
    ("a number first, an hour of one digit, a slash",
     "0:00:03:12 osób czeka.\n0:00:06:/Kursywa.\n0:00:08:Tak jest.\n0:00:10:Nie.\n",
     [(3, 6, None, "12 osób czeka."), (6, 8, None, "Kursywa."), (8, 10, None, "Tak jest."), (10, 11, None, "Nie.")]),
    ("a long silence", "00:00:03:Tak.\n01:00:00:Nie.\n", [(3, 5.8, None, "Tak."), (3600, 3601, None, "Nie.")]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "right"), [each[1:] for each in TMPLAYER], ids=[each[0] for each in TMPLAYER]
)
def test_tmplayer_says_each_line_until_the_next(text: str, right: Said) -> None:
    assert said(text) == right


@pytest.mark.parametrize(
    "text",
    [
        "00:00:01:12 Hello there.\n00:00:03:02 How are you?\n00:00:05:20 Fine.\n",  # frames behind the seconds
        "00:00:01 Hello there.\n00:00:03 How are you?\n",
        "[00:00:01] Anna: Hello there.\n[00:00:03] Bo: How are you?\n",
        "1\n00:00:01,000 --> 00:00:02,000\nHello there.\n",
    ],
)
def test_what_else_begins_with_times_is_not_tmplayer(text: str) -> None:
    assert all(
        "Hello there." in each[3] or "How are you?" in each[3] or "Fine." in each[3] for each in said(text)
    )
    assert said(text)[0][3] == "Hello there."


def test_spotifys_sections_have_speakers_where_titles_name_them() -> None:
    def sentence(ms: int, text: str, inside: bool = True) -> dict[str, object]:
        return {"startMs": ms, "text": {"sentence": {"text": text, **({"startMs": ms} if inside else {})}}}

    named = {"section": [{"startMs": 0, "title": {"title": "Ana"}},
                         sentence(480, "Welcome back."), sentence(4200, "A crane."),
                         {"startMs": 9000, "title": {"title": "Bo"}}, sentence(9000, "Forty tons.", False)],
             "language": "en"}  # fmt: skip
    assert said(json.dumps(named)) == [
        (0.48, 4.2, "Ana", "Welcome back."),
        (4.2, 7.8, "Ana", "A crane."),
        (9.0, 10.0, "Bo", "Forty tons."),
    ]
    assert parse_subtitles(json.dumps(named)).language == "en"
    assert (
        said(
            json.dumps({"section": [1, {"text": "x"}, {"startMs": "a", "text": {"sentence": {"text": "y"}}}]})
        )
        == []
    )


def test_they_are_found_in_a_folder_and_beside_a_recording(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "village.TextGrid").write_text(textgrid(ASKED, TALK), encoding="utf-16")
    (folder / "fish.eaf").write_text(eaf([0, 2000], ('TIER_ID="Rosa"', [(0, 1, "We caught fish.")])))
    (folder / "film.txt").write_text(TMPLAYER[1][1])
    (folder / "shopping.txt").write_text("Milk:2\nBread:1\n")
    (folder / "pitch.TextGrid").write_text("no grid")
    for name, whether in (("village.TextGrid", True), ("fish.eaf", True), ("film.txt", True), ("shopping.txt", False),
                          ("pitch.TextGrid", False)):  # fmt: skip
        assert holds_transcript(folder / name, alone=True) is whether, name
    with Library.open(tmp_path / "library", create=True) as library:
        reports = library.index([folder], only=["transcript"])
        assert {report.title for report in reports} == {"village", "fish", "film"}
        assert {row.name for row in library.speakers("village")} == {"Interviewer", "Rosa"}


@pytest.mark.parametrize(
    "make",
    [
        lambda n: textgrid(("Rosa", [(i, i + 1, "a b") for i in range(n // 100)])),
        lambda n: textgrid(("words", [(i, i + 1, "a") for i in range(n // 100)]), short=True),
        lambda n: 'File type = "ooTextFile"\nObject class = "TextGrid"\n' + '"' * n,
        lambda n: 'File type = "ooTextFile"\nObject class = "TextGrid"\n' + "1 " * (n // 2),
        lambda n: "00:00:03:a\n" * (n // 11),
        lambda n: "00:00:03:" + "|" * n + "\n00:00:04:b\n",
        lambda n: eaf([None] * (n // 40), ('TIER_ID="Rosa"', [(0, 1, "a")])),
    ],
    ids=["long", "short", "quotes", "numbers", "lines", "bars", "slots"],
)  # fmt: skip
def test_they_cost_their_length(make: object) -> None:
    assert_linear(read_all, make, 5_000)  # type: ignore[arg-type]


def test_tiers_cost_their_number() -> None:
    def of(number: int) -> list[tiers.Tier]:
        return [tiers.Tier("words", None, [(0.0, 1.0, f"w{at}")]) for at in range(number)]

    assert_linear(lambda made: tiers.add_tiers(Subtitles(), made), of, 2_500)


WHOLE = (textgrid(ASKED, TALK), textgrid(WORDS, PHONES, short=True), TMPLAYER[2][1],
         eaf([0, None, 4000], ('TIER_ID="Rosa"', [(0, 1, "We caught fish."), (1, 2, "Yes.")])))  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_broken_file_says_what_it_does_not_hold(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(WHOLE))
    for _ in range(data.draw(st.integers(0, 5))):
        a, b = sorted((data.draw(st.integers(0, len(text))), data.draw(st.integers(0, len(text)))))
        text = data.draw(
            st.sampled_from([text[:a] + text[b:], text[:b] + text[a:b] + text[b:], text[b:] + text[:a]])
        )
    for start_s, end_s, _, what in said(text):
        assert 0 <= start_s < end_s
        assert set(what) <= set(text) | {" "} | set("&")
