"""What subtitle files of real tools do wrong, one kind of fault a test."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from longvid_indexer.probe import probe
from longvid_indexer.said import Transcript, to_utterances
from longvid_indexer.subtitles.building import seconds
from longvid_indexer.subtitles.encodings import decode_text
from longvid_indexer.subtitles.reading import parse_subtitles, refusal
from longvid_indexer.subtitles.sounds import described_sounds
from longvid_indexer.transcript import make_transcript
from longvid_storage.errors import MediaError
from media_factory import write_video

BLACK = [np.zeros((32, 32, 3), np.uint8)] * 50  # 10 s at 5 a second


def spans(text: str) -> list[tuple[float, float, str]]:
    return [(u.start_s, u.end_s, u.text) for u in to_utterances(parse_subtitles(text), None)]


def texts(text: str) -> list[str]:
    return [said for _, _, said in spans(text)]


def made_of(path: Path) -> Transcript:
    return make_transcript(path, probe(path, "id"), None)


def srt(*lines: str, every_s: int = 4) -> str:
    return "\n".join(
        f"{n + 1}\n00:{n * every_s // 60:02d}:{n * every_s % 60:02d},000 -->"
        f" 00:{(n * every_s + 2) // 60:02d}:{(n * every_s + 2) % 60:02d},000\n{line}\n"
        for n, line in enumerate(lines)
    )


# Names of cues and comments


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("WEBVTT\n\n00:01.000 --> 00:03.000\n\nNOTE reviewed\n\n00:03.000 --> 00:05.000\nTwo.\n", ["Two."]),
        ("WEBVTT\n\nc-1\n00:01.000 --> 00:03.000\n\nc-2\n00:03.000 --> 00:05.000\nTwo.\n", ["Two."]),
        ("WEBVTT\n\nc-1\n00:01.000 --> 00:03.000\nOne.\nc-2\n00:03.000 --> 00:05.000\nTwo.\n", ["One.", "Two."]),
        ("c-1\n00:01.000 --> 00:03.000\nOne.\n\nNOTE seen\n\nc-2\n00:03.000 --> 00:05.000\nTwo.\n", ["One.", "Two."]),
        ("WEBVTT\n\na9/1-0\n00:01.000 --> 00:03.000\n<v Ann></v>\n\na9/2-0\n00:03.000 --> 00:05.000\nTwo.\n", ["Two."]),
        ("WEBVTT\n\n00:01.000 --> 00:03.000\n\nOne.\n\n00:03.000 --> 00:05.000\nNOTE: two.\n", ["One.", "NOTE: two."]),
        ("WEBVTT\n\n00:01.000 --> 00:03.000\n\nOne.\n00:03.000 --> 00:05.000\nTwo.\n", ["One.", "Two."]),
        ("1\n00:00:01,000 --> 00:00:03,000\nOne.\n\n2\n00:00:04,000 --> 00:00:05,000\nTwo.\n".replace("\n", "\r\r\n"),
         ["One.", "Two."]),
        ("1\n\n00:00:01,000 --> 00:00:03,000\n\nOne.\n\n2\n\n00:00:04,000 --> 00:00:05,000\n\n42\n", ["One.", "42"]),
        ("1\n00:00:01,000 --> 00:00:03,000\n♪～\n\n2\n00:00:04,000 --> 00:00:05,000\nTwo.\n", ["Two."]),
    ],
)  # fmt: skip
def test_names_of_cues_and_comments_are_not_said(text: str, said: list[str]) -> None:
    assert texts(text) == said


# Forms of times


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1\n00:00:00,000 -->\na\n\n2\n00:00:03,000 -->\nb\n", [(0.0, 3.0, "a"), (3.0, 4.0, "b")]),
        ("WEBVTT\n\n00:00:01.0000000 --> 00:00:03.1234567\na\n", [(1.0, 3.1234567, "a")]),
        ("1\n-00:00:01,000 --> 00:00:02,000\na\n", [(0.0, 2.0, "a")]),
        ("1\n00:00:-1,500 --> 00:00:04,000\na\n", [(0.0, 4.0, "a")]),
        ("WEBVTT\n\n100:30.000 --> 100:32.000\na\n", [(6030.0, 6032.0, "a")]),
        ("WEBVTT\n\n1.000 --> 3.000\na\n\n3.5 --> 5\nb\n", [(1.0, 3.0, "a"), (3.5, 5.0, "b")]),
        ("1\n00：00：01，000 --> 00：00：03，000\na\n", [(1.0, 3.0, "a")]),
        ("1\n00:00:01;000 --> 00:00:03;000\na\n", [(1.0, 3.0, "a")]),
        ("1\n00.00.01.500 --> 00.00.03.000\na\n", [(1.5, 3.0, "a")]),
        ("1\n00:00:01,000 --> 00:00:03,000\n5 --> 6 is an arrow: 1\n", [(1.0, 3.0, "5 --> 6 is an arrow: 1")]),
    ],
)  # fmt: skip
def test_forms_of_times(text: str, said: list[tuple[float, float, str]]) -> None:
    assert spans(text) == said


def test_a_line_that_begins_with_dialogue_is_text() -> None:
    assert texts("1\n00:00:01,000 --> 00:00:03,000\nThe parts are\nDialogue: what people say\n") == [
        "The parts are Dialogue: what people say"
    ]


# Characters that nobody sees


@pytest.mark.parametrize(
    "odd", ["\x08", "\x00", "\x1a", "\x7f", "\u00ad", "\u2067", "\u2069", "\u061c", "\u202e"]
)
def test_characters_that_nobody_sees_are_not_read(odd: str) -> None:
    assert texts(f"1\n00:00:01,000 --> 00:00:03,000\nbio{odd}techno{odd}logy\n") == ["biotechnology"]


@pytest.mark.parametrize("odd", ["\x0b", "\x0c", "\x1f", "\u2028", "\u00a0", "\x85"])
def test_characters_that_part_words_do(odd: str) -> None:
    assert texts(f"1\n00:00:01,000 --> 00:00:03,000\nThe pump{odd}leaks.\n") == ["The pump leaks."]


@pytest.mark.parametrize("suffix", [".srt", ".dat"])
@pytest.mark.parametrize(
    "data",
    [
        srt("The pump\x08 leaks.").encode(),
        srt("The pump leaks.").encode() + b"\x1a",
        srt("The pump leaks.").encode() + b"\x00" * 50,
        srt("The pump\x0bleaks.").encode(),
        srt("The pump leaks.").encode("utf-16-le"),
        srt("The pump leaks.").encode("utf-16-be"),
        b"[Script Info]\n\x00\n[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,D,,0,0,0,,The pump leaks.\n",
    ],
)
def test_control_characters_do_not_make_a_transcript_binary(tmp_path: Path, data: bytes, suffix: str) -> None:
    (tmp_path / f"talk{suffix}").write_bytes(data)
    assert [u.text for u in made_of(tmp_path / f"talk{suffix}").utterances] == ["The pump leaks."]


# Code pages

SENTENCES = [
    ("Сегодня мы говорим о насосах и клапанах.", "cp1251 koi8-r cp866 iso8859-5"),
    ("ДОБРЫЙ ДЕНЬ, ДРУЗЬЯ! СЕГОДНЯ МЫ ГОВОРИМ О НАСОСАХ", "cp1251"),
    ("Сьогодні ми говоримо про насоси, і це важливо", "cp1251 koi8-u"),
    ("今天我们讨论水泵和阀门的维护。", "gbk"),
    ("今天我們討論水泵和閥門的維護。", "big5"),
    ("今日はポンプの話です", "cp932 euc_jp iso2022_jp"),
    ("오늘은 펌프에 대해 이야기합니다", "cp949"),
    ("Dziś mówimy o pompach i zaworach, ważne rzeczy.", "cp1250 iso8859-2 cp852"),
    ("Příliš žluťoučký kůň úpěl ďábelské ódy", "cp1250 iso8859-2"),
    ("A szivattyú ma is szivárog, új szelepre van szükség, mert régi az őrző", "cp1250"),
    ("Σήμερα μιλάμε για αντλίες και βαλβίδες.", "cp1253 cp737"),
    ("اليوم نتحدث عن المضخات والصمامات.", "cp1256"),
    ("Bugün pompaları ve vanaları konuşuyoruz, şişe ığdır", "cp1254 cp857"),
    ("שלום לכולם, היום נדבר", "cp1255 cp862"),
    ("สวัสดีครับ วันนี้เราจะพูดถึง", "cp874"),
    ("Déjà vu, l'été à Besançon, où êtes-vous ?", "cp1252 mac_roman cp850"),
    ("Wir müssen über die Größe der Pumpe sprechen", "cp1252 mac_roman"),
    ("Não há nenhuma válvula, só a bomba", "cp1252"),
    ("Vi må snakke om pumpen på øya, så går vi", "cp1252"),
    ("Í dag ræðum við um dælur og það er mikilvægt", "cp1252"),
    ("I don’t know – it’s here, in the café", "cp1252"),
    ("Šiandien kalbame apie siurblius ir vožtuvus.", "cp1257 iso8859-13 cp775"),
    ("Pirmiausia išjunkite vandenį ir nuimkite dangtį.", "cp1257 cp775"),
    ("Paldies par uzmanību, uz redzēšanos.", "cp1257 cp775"),
    ("Kõigepealt lülitage vesi välja ja eemaldage kaas.", "cp1257 cp1252"),
    ("Danas ćemo govoriti o pumpama i ventilima.", "cp1250 iso8859-2"),
    ("Barva schne tři dny.", "cp1250"),
    ("Mulţumesc pentru atenţie, la revedere.", "cp1250"),
]


@pytest.mark.parametrize(("text", "encoding"), [(t, e) for t, pages in SENTENCES for e in pages.split()])
def test_code_pages_are_told_by_their_letters(text: str, encoding: str) -> None:
    read, name = decode_text(srt(text, text).encode(encoding))
    assert text in read
    assert name is not None


@pytest.mark.parametrize("repeats", [1, 9])
@pytest.mark.parametrize("first", ["utf-8", "other"])
@pytest.mark.parametrize(
    ("one", "other", "encoding"),
    [
        ("Сегодня мы говорим о насосах и клапанах.", "Мы купим новый насос в пятницу утром.", "cp1251"),
        ("Die Größe der Pumpe läßt sich ändern.", "Wir müssen die schöne Tür für später öffnen.", "cp1252"),
        ("今天我们讨论水泵和阀门的维护。", "明天我们去买一个新的水泵。", "gb18030"),
    ],
)
def test_two_encodings_in_one_file_are_each_read_as_what_they_are(
    one: str, other: str, encoding: str, first: str, repeats: int
) -> None:
    parts = [srt(*[one] * repeats).encode("utf-8"), srt(other).encode(encoding)]
    text, name = decode_text(b"".join(parts if first == "utf-8" else parts[::-1]))
    assert text.count(one) == repeats
    assert other in text
    assert name is not None
    assert name.startswith(f"UTF-8 in {repeats} line{'s' * (repeats != 1)} and {encoding}")


def test_an_unsure_guess_says_so(tmp_path: Path) -> None:
    (tmp_path / "talk.srt").write_bytes(srt("naïve").encode("cp1252"))
    (note,) = made_of(tmp_path / "talk.srt").notes
    assert "not UTF-8: it was read as cp1252 (a guess" in note


# Descriptions and asides


@pytest.mark.parametrize(
    ("line", "label"),
    [
        ("[upbeat music\nplaying in the background]", "Upbeat music playing in the background"),
        ("[dramatic orchestral music playing very softly behind them]",
         "Dramatic orchestral music playing very softly behind them"),
        (">> [Applause]", "Applause"), ("JANE: [laughs]", "Laughs"), ("（拍手）", "Applause"), ("【音楽】", "Music"),
        ("TOM: [INAUDIBLE].", None), ("[BLANK_AUDIO]", None), ("[CS][CS]", None),
    ],
)  # fmt: skip
def test_descriptions_are_sounds_and_no_speech(line: str, label: str | None) -> None:
    read = parse_subtitles(srt(line))
    assert to_utterances(read, None) == ()
    assert [sound.label for sound in described_sounds(read)] == ([label] if label else [])


@pytest.mark.parametrize(
    "line",
    [
        "(I think he knows.)",
        "[We start at noon.]",
        "(Der Motor ist kaputt.)",
        "[Le colis part demain matin.]",
    ],
)
def test_a_sentence_in_brackets_is_said(line: str) -> None:
    read = parse_subtitles(srt(line))
    assert [u.text for u in to_utterances(read, None)] == [line]
    assert described_sounds(read) == ()


def test_marks_of_recognisers_and_of_songs_are_no_words() -> None:
    assert texts(srt("<unk> the pump <noise> leaks", "# Happy birthday #", "x<y and List<String>")) == [
        "the pump leaks",
        "Happy birthday",
        "x<y and List<String>",
    ]


# Typesetting

EVENTS = "[Script Info]\n\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"


def ass(*events: tuple[float, float, str, str]) -> str:
    """``(start, end, effect, text)``; a karaoke effect makes a comment."""
    kinds = {"karaoke": "Comment"}
    return EVENTS + "".join(
        f"{kinds.get(effect, 'Dialogue')}: 0,0:00:{a:05.2f},0:00:{b:05.2f},D,,0,0,0,{effect},{text}\n"
        for a, b, effect, text in events
    )


def test_layers_and_frames_of_a_typeset_line_are_said_once() -> None:
    layers = [(1.0, 3.0, "", "{\\blur4}The pump leaks."), (1.0, 3.0, "", "{\\blur1}The pump leaks.")]
    frames = [(10 + n * 0.04, 10.04 + n * 0.04, "", f"{{\\pos({n},5)}}Warning") for n in range(8)]
    assert spans(ass(*layers, *frames)) == [(1.0, 3.0, "The pump leaks."), (10.0, 10.32, "Warning")]


def test_syllables_of_a_song_are_its_line() -> None:
    pieces = [
        (5 + n * 0.4, 8.0, "fx", f"{{\\pos({n}00,50)}}{s}")
        for n, s in enumerate(("O", "ver", "the", "hills"))
    ]
    line = (5.0, 8.0, "karaoke", "{\\k20}O{\\k30}ver {\\k30}the {\\k20}hills")
    assert spans(ass(line, *pieces)) == [(5.0, 8.0, "Over the hills")]
    assert spans(ass(*((a, b, "", text) for a, b, _, text in pieces))) == []


def test_two_people_may_say_the_same_at_once() -> None:
    assert texts(
        "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann>Yes.\n\n00:01.000 --> 00:02.000\n<v Bob>Yes.\n"
    ) == [
        "Yes.",
        "Yes.",
    ]
    layers = "WEBVTT\n\n00:01.000 --> 00:02.000\nYes.\n\n00:01.000 --> 00:02.000\n<v Bob>Yes.\n"
    assert [(u.speaker, u.text) for u in to_utterances(parse_subtitles(layers), None)] == [("Bob", "Yes.")]


# What cannot be so

TALK = " ".join(f"sentence number {n} is about pump {n % 7}." for n in range(150))


def test_a_talk_in_two_seconds_is_spread_over_the_film_and_a_note_says_so(tmp_path: Path) -> None:
    path = write_video(tmp_path / "talk.mp4", BLACK, 5)
    (tmp_path / "talk.vtt").write_text(f"WEBVTT\n\n00:00.240 --> 00:02.070\n{TALK}\n")
    made = made_of(path)
    (note,) = made.notes
    assert "talk.vtt: its times cannot be right (1050 words, most of them in 1.8 s)" in note
    assert " ".join(u.text for u in made.utterances) == TALK
    assert made.utterances[-1].end_s == pytest.approx(10.0)
    assert all(u.end_s - u.start_s < 1 for u in made.utterances)
    lone = made_of(tmp_path / "talk.vtt")
    assert "cannot be right" in lone.notes[0]
    assert lone.utterances[-1].end_s == pytest.approx(len(TALK) / 15, rel=0.05)


def test_a_talk_of_cues_that_all_begin_at_once_is_spread_too(tmp_path: Path) -> None:
    cues = [f"{n}\n00:00:00,000 --> 00:00:00,000\nSentence {n} is about pumps.\n" for n in range(1, 21)]
    path = tmp_path / "talk.srt"
    path.write_text("\n".join(cues))
    made = made_of(path)
    assert made.counters["times_guessed"] == 20
    starts = [u.start_s for u in made.utterances]
    assert starts == sorted(starts)
    assert starts[-1] > 25.0


def test_one_cue_that_is_too_short_lasts_longer() -> None:
    long = "This sentence is far too long for the tenth of a second in which it is shown."
    read = parse_subtitles(
        "1\n00:00:01,000 --> 00:00:06,000\nA sentence of the usual length, said at the usual pace of a talk.\n\n"
        f"2\n00:00:10,000 --> 00:00:10,100\n{long}\n\n3\n00:00:12,000 --> 00:00:16,000\n"
        "And the talk goes on, as talks do, with one more sentence of the usual length.\n"
    )
    assert [(cue.start_s, cue.end_s) for cue in read.cues] == [(1.0, 6.0), (10.0, 12.0), (12.0, 16.0)]
    assert read.notes() == (
        "1 cue holds more than anyone can say in its time; where there was room, it lasts longer",
    )


def test_a_broadcasts_clock_is_taken_off(tmp_path: Path) -> None:
    path = write_video(tmp_path / "talk.mp4", BLACK, 5)
    (tmp_path / "talk.srt").write_text("1\n10:00:01,000 --> 10:00:03,000\nThe pump leaks.\n")
    made = made_of(path)
    assert [(u.start_s, u.end_s, u.text) for u in made.utterances] == [(1.0, 3.0, "The pump leaks.")]
    assert made.notes == (
        "talk.srt: all cues lie 10:00:00 later than the film (a broadcast's timecode) and were moved by that",
    )


def test_cues_of_another_cut_are_not_called_unreadable(tmp_path: Path) -> None:
    path = write_video(tmp_path / "talk.mp4", BLACK, 5)
    (tmp_path / "talk.srt").write_text("1\n00:20:01,000 --> 00:20:03,000\nThe pump leaks.\n")
    assert made_of(path).notes[:2] == (
        "1 cue begins after the end of the video and was left out: are they of another cut?",
        "talk.srt says nothing while the video lasts and was passed over",
    )


@pytest.mark.parametrize(
    "lines",
    [
        [f"thumb-0.jpg#xywh={n * 160},0,160,90" for n in range(4)],
        ['{"textId": "#p1"}', '{\n "textId": "#p2"\n}'],
        [f"https://example.org/slides/{n}" for n in range(3)],
    ],
)
def test_what_a_players_script_reads_is_no_speech(tmp_path: Path, lines: list[str]) -> None:
    path = tmp_path / "talk.vtt"
    path.write_text("WEBVTT\n\n" + srt(*lines).replace(",000", ".000"))
    with pytest.raises(MediaError, match="a track of thumbnails or metadata"):
        probe(path, "id")
    film = write_video(tmp_path / "talk.mp4", BLACK, 5)
    assert made_of(film).source == "none"
    assert "talk.vtt: a track of thumbnails or metadata: nothing in it is speech" in made_of(film).notes


def test_what_a_recogniser_says_over_and_over_is_read_once(tmp_path: Path) -> None:
    loop = ["Thanks for watching! " * 4, "Thanks for watching!"] * 5
    path = tmp_path / "talk.srt"
    path.write_text(
        srt("Good morning.", *loop, "The valve is blocked.", "Yes.", "Yes.", "Yes.", *["Ann.", "Bob."] * 6)
    )
    made = made_of(path)
    assert [u.text for u in made.utterances] == [
        "Good morning.", "Thanks for watching!", "The valve is blocked.", "Yes.", "Yes.", "Yes.", "Ann.", "Bob.",
    ]  # fmt: skip
    assert made.notes == (
        "20 lines repeat themselves as only a recogniser does and were left out or said once",
    )


def test_people_may_say_things_again(tmp_path: Path) -> None:
    lines = [
        "No, no, no, no!",
        "Thank you. Thank you.",
        "Thank you. Thank you.",
        "Row, row, row your boat",
        "哈哈哈哈",
    ]
    path = tmp_path / "talk.srt"
    path.write_text(srt(*lines, *lines))
    made = made_of(path)
    assert [u.text for u in made.utterances] == lines * 2
    assert made.notes == ()


def test_rolling_captions_inside_a_film_are_read_once(tmp_path: Path) -> None:
    said = [f"line number {n} of the talk" for n in range(12)]
    cues = [(n * 0.8, n * 0.8 + 0.8, "\n".join(said[max(0, n - 1) : n + 1])) for n in range(12)]
    path = write_video(tmp_path / "talk.mp4", BLACK, 5, subtitles=cues)
    assert [u.text for u in made_of(path).utterances] == said


@pytest.mark.parametrize(
    "said",
    ["Größe über alles – „schön“.", "Сегодня мы говорим.", "今日はポンプについて。", "Où ça ? À côté…", "£5"],
)
def test_utf8_that_was_encoded_twice_is_read_as_it_was_meant(said: str) -> None:
    wrong = "".join(
        chr(b) if b in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else bytes([b]).decode("cp1252") for b in said.encode()
    )
    assert decode_text(wrong.encode()) == (said, "UTF-8 that was encoded twice")
    assert decode_text(said.encode()) == (said, None)


USUAL = "0\n00:00:00,000 --> 00:00:01,000\nA hen.\n\n"


@pytest.mark.parametrize("arrow", ["--&gt;", "-&gt;", "–", "—", "–&gt;", "=>"])
def test_arrows_of_other_hands(arrow: str) -> None:
    text = f"1\n00:00:01,000 {arrow} 00:00:03,000\nA cat.\n\n2\n00:00:03,000 {arrow} 00:00:05,000\nA dog.\n"
    read = to_utterances(parse_subtitles(f"{USUAL}{text}"), "en")
    assert [(u.start_s, u.end_s, u.text) for u in read[1:]] == [(1.0, 3.0, "A cat."), (3.0, 5.0, "A dog.")]


@pytest.mark.parametrize(
    "data",
    [
        '<ad id="1" url="x"/>',
        '<slide n="2">two</slide>',
        "SUQzBAAAAAAAI1RTU0UAAAAPAAADTGF2ZjU4",
        "QUJDREVGR0hJSktMTU5PUFE=",
    ],
)
def test_elements_and_bytes_as_letters_are_no_speech(data: str) -> None:
    cues = "".join(f"00:0{n}.000 --> 00:0{n + 1}.000\n{data}\n\n" for n in range(3))
    read = parse_subtitles(f"WEBVTT\n\n{cues}")
    assert not read.cues
    assert any("thumbnails or metadata" in note for note in read.notes())


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ("It is well-\nknown here.", "It is well-known here."),
        ("The wor-\nkers left.", "The wor-kers left."),
        ("Die Vor-\nund Nachteile.", "Die Vor- und Nachteile."),
        ("From the A-\nTeam to -\nyou.", "From the A- Team to - you."),
        ("[i]Hello[/i] {b}there{/b}", "Hello there"),
        ("I press [b] twice.", "I press [b] twice."),
    ],
)
def test_words_over_two_lines_and_marks_of_forums(lines: str, text: str) -> None:
    read = to_utterances(parse_subtitles(f"1\n00:00:01,000 --> 00:00:03,000\n{lines}\n"), "en")
    assert [u.text for u in read] == [text]


def test_a_mark_of_order_inside_a_file_is_no_part_of_it() -> None:
    cue = "\ufeff{0}\n00:00:0{0},000 --> 00:00:0{1},000\nA cat.\n\n"
    read = to_utterances(parse_subtitles(cue.format(1, 2) + cue.format(2, 3)), "en")
    assert [(u.start_s, u.text) for u in read] == [(1.0, "A cat."), (2.0, "A cat.")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        # ASS's line break, and a folder.
        ("1\n00:00:00,000 --> 00:00:02,000\nThe pump\\Nis leaking.\n", ["The pump", "is leaking."]),
        (
            "1\n00:00:00,000 --> 00:00:02,000\nIt is in C:\\News\\Notes today.\n",
            ["It is in C:\\News\\Notes today."],
        ),
        # YouTube's first form escapes its tags with its text.
        (
            '<transcript><text start="0" dur="2">The &lt;i&gt;old&lt;/i&gt; pump &amp;lt; 5 bar</text></transcript>',
            ["The old pump < 5 bar"],
        ),
        # TTML's ruby: how a word is read is no second word.
        (
            '<tt xmlns="http://www.w3.org/ns/ttml" xmlns:tts="http://www.w3.org/ns/ttml#styling"><head><styling>'
            '<style xml:id="r" tts:ruby="text"/></styling></head><body><div><p begin="0s" end="2s"><span tts:ruby='
            '"container"><span tts:ruby="base">漢字</span><span tts:ruby="text">かんじ</span></span>を<span>水'
            '</span><span style="r">みず</span></p></div></body></tt>',
            ["漢字を水"],
        ),
    ],
)
def test_what_stands_in_a_cue_and_nobody_says_is_no_word(text: str, said: list[str]) -> None:
    (cue,) = parse_subtitles(text).cues
    assert [line.text for line in cue.lines] == said


def test_pictures_behind_the_seconds_are_no_hundredths() -> None:
    rows = "Timecode In;Timecode Out;Speaker;Text\n00:00:02:12;00:00:04:24;Jane;The pump is leaking.\n"
    (cue,) = parse_subtitles(rows + "00:00:05:00;00:00:06:15;Tom;Since when?\n").cues[:1]
    assert (cue.start_s, cue.end_s) == (pytest.approx(2.4), pytest.approx(4.8))
    assert seconds("00:00:02:500") == 2.5, "three digits are a fraction"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (
            gzip.compress(b"1\n00:00:00,000 --> 00:00:02,000\nThe pump is leaking.\n", mtime=0),
            "is packed by gzip: unpack it",
        ),
        (b"PK\x03\x04" + bytes(60), "is a ZIP archive: unpack it"),
        (b"<!DOCTYPE html>\n<html><title>404 Not Found</title></html>", "is a web page"),
    ],
    ids=["gzip", "zip", "page"],
)
def test_an_archive_or_a_page_in_place_of_subtitles_is_called_so(
    tmp_path: Path, data: bytes, told: str
) -> None:
    film = write_video(tmp_path / "talk.mp4", [np.zeros((32, 32, 3), np.uint8)] * 3)
    for name in ("talk.srt", "alone.vtt"):
        (tmp_path / name).write_bytes(data)
    assert any(told in note for note in make_transcript(film, probe(film, "a" * 64), None).notes)
    with pytest.raises(MediaError, match=told):
        probe(tmp_path / "alone.vtt", "a" * 64)


def test_a_track_of_chapters_is_no_speech() -> None:
    titles = ["Introduction", "Why the old pump leaks", "Valves", "Questions?"]
    spans = [(0, 180), (180, 600), (600, 1500), (1500, 1520)]

    def track(said: list[str]) -> str:
        times = (tuple(f"{t // 3600:02}:{t // 60 % 60:02}:{t % 60:02}.000" for t in span) for span in spans)
        return "WEBVTT\n\n" + "".join(
            f"{begin} --> {end}\n{text}\n\n" for (begin, end), text in zip(times, said, strict=True)
        )

    read = parse_subtitles(track(titles))
    assert not read.cues
    assert read.remarks == ["a track of chapters: nothing in it is speech"]
    assert len(parse_subtitles(track([f"{title}." for title in titles])).cues) == 4  # sentences are said


def test_a_line_of_spaces_does_not_end_a_cue() -> None:
    first = "00:00.000 --> 00:03.000\n(Jane Miller)\nThe pump\n\n"
    second = "00:03.000 --> 00:06.000\n(Jane Miller)\nand the valve?\n-\n \n(Tom Stone)\nThe old valve\n\n"
    third = "00:06.000 --> 00:09.000\n(Tom Stone)\nor the new?\n"
    found = to_utterances(parse_subtitles(f"WEBVTT\n\n{first}{second}{third}"), None)
    assert [(each.speaker, each.text) for each in found] == [
        ("Jane Miller", "The pump"),
        ("Jane Miller", "and the valve?"),
        ("Tom Stone", "The old valve"),
        ("Tom Stone", "or the new?"),
    ]
    read = parse_subtitles("WEBVTT\n\n00:00.000 --> 00:03.000\nThe pump\n \nNOTE not said\n")
    assert [line.text for each in read.cues for line in each.lines] == ["The pump"]


def test_a_cue_without_an_end_did_not_end_before_it_began() -> None:
    read = parse_subtitles("1\n00:00:00,000 -->\nThe pump is leaking\n\n2\n00:00:03,000 -->\nA new one\n")
    assert [(each.start_s, each.end_s) for each in read.cues] == [(0.0, 3.0), (3.0, 4.0)]
    assert list(read.problems) == ["cues without an end last until the next one begins"]


@pytest.mark.parametrize(
    ("name", "tool"),
    [
        ("talk.stl", "Subtitle Edit reads some"),
        ("talk.mks", "ffmpeg -i 'talk.mks' 'talk.srt'"),
        ("talk.sup", "its pictures"),
    ],
)
def test_what_cannot_be_read_is_said_how_to_convert(name: str, tool: str) -> None:
    """FFmpeg is named only where it reads the format."""
    said = str(refusal(Path(name)))
    assert tool in said
    assert ("ffmpeg" in said) == (name == "talk.mks")
