"""Transcripts that are neither WebVTT nor SubRip: what each says, and that nothing hostile in them costs much."""

from __future__ import annotations

import io
import json
import shutil
import sys
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longvid_indexer.probe import probe
from longvid_indexer.said import to_utterances
from longvid_indexer.scan import scan
from longvid_indexer.subtitles.building import put_on
from longvid_indexer.subtitles.reading import holds_transcript, parse_subtitles, read_subtitles
from longvid_indexer.transcript import make_transcript
from longvid_storage.errors import MediaError
from longvid_storage.types import Word
from media_factory import write_video

Said = list[tuple[float, float, str | None, str]]
TWO: Said = [(0.0, 2.5, None, "The pump is leaking."), (2.5, 5.0, None, "We need a new one.")]
NAMED: Said = [(0.0, 2.5, "Jane", "The pump is leaking."), (2.5, 5.0, "Tom", "We need a new one.")]


def said(text: str) -> Said:
    found = to_utterances(parse_subtitles(text), None)
    return [(round(u.start_s, 3), round(u.end_s, 3), u.speaker, u.text) for u in found]


def segments(**more: list[object]) -> list[dict[str, object]]:
    made: list[dict[str, object]] = [
        {"start": 0.0, "end": 2.5, "text": " The pump is leaking."},
        {"start": 2.5, "end": 5.0, "text": " We need a new one."},
    ]
    for key, values in more.items():
        for segment, value in zip(made, values, strict=True):
            segment[key] = value
    return made


CPP = [
    {"timestamps": {"from": "00:00:00,000", "to": "00:00:02,500"}, "offsets": {"from": 0, "to": 2500},
     "text": " The pump is leaking."},
    {"timestamps": {}, "offsets": {"from": 2500, "to": 5000}, "text": " We need a new one."},
]  # fmt: skip
DEEPGRAM = [
    {"word": word.lower(), "punctuated_word": word, "start": at, "end": at + 0.5, "speaker": who}
    for word, at, who in (("Hello.", 0.0, 0), ("Good", 1.0, 1), ("day.", 1.5, 1))
]
TTML = (
    '<?xml version="1.0"?><tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttm="http://www.w3.org/ns/ttml#metadata" %s>'
    "%s</tt>"
)


def body(*cues: str) -> str:
    return f"<body><div>{''.join(cues)}</div></body>"


P = '<p begin="{}" end="{}">{}</p>'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (json.dumps({"text": "The pump …", "segments": segments(), "language": "en"}), TWO),
        (json.dumps({"segments": segments(speaker=["Jane", "Tom"]), "word_segments": []}), NAMED),
        (json.dumps(segments(), indent=2), TWO),
        (json.dumps({"chunks": [{"timestamp": [s["start"], s["end"]], "text": s["text"]} for s in segments()]}), TWO),
        (json.dumps({"result": {"language": "en"}, "transcription": CPP}), TWO),
        (json.dumps({"version": "1.0.0", "segments": [
            {"speaker": "Jane", "startTime": 0.0, "endTime": 2.5, "body": "The pump is leaking."},
            {"speaker": "Tom", "startTime": 2.5, "endTime": 5.0, "body": "We need a new one."}]}), NAMED),
        (json.dumps({"audio_duration": 5, "utterances": [
            {"speaker": "Jane", "start": 0, "end": 2500, "text": "The pump is leaking."},
            {"speaker": "Tom", "start": 2500, "end": 5000, "text": "We need a new one."}]}), NAMED),
        (json.dumps({"results": {"channels": [{"alternatives": [{"words": DEEPGRAM}]}]}}),
         [(0.0, 0.5, "Speaker 0", "Hello."), (1.0, 2.0, "Speaker 1", "Good day.")]),
        (json.dumps({"events": [{"tStartMs": 0, "dDurationMs": 4000, "segs": [{"utf8": "the pump"}, {"utf8": " leaks",
            "tOffsetMs": 900}]}, {"tStartMs": 1900, "aAppend": 1, "segs": [{"utf8": "\n"}]},
            {"tStartMs": 2000, "dDurationMs": 1000, "segs": [{"utf8": "so", "tOffsetMs": 0}]}]}),
         [(0.0, 2.0, None, "the pump leaks"), (2.0, 3.0, None, "so")]),
        ("start\tend\ttext\n0\t2500\tThe pump is leaking.\n2500\t5000\tWe need a new one.\n", TWO),
        ('start,end,text\n0,2500,"The pump is leaking."\n2500,5000,"We need a new one."\n', TWO),
        ("Speaker,Start Time,End Time,Text\nJane,0:00:00.0,0:00:02.5,The pump is leaking.\n"
         "Tom,0:00:02.5,0:00:05.0,We need a new one.\n", NAMED),
        ("0.000000\t2.500000\tThe pump is leaking.\n2.500000\t5.000000\tWe need a new one.\n", TWO),
        ("0:00:00.000,0:00:02.500\nThe pump is leaking.\n\n0:00:02.500,0:00:05.000\nWe need\na new one.\n", TWO),
        ("[INFORMATION]\n[END INFORMATION]\n00:00:00.00,00:00:02.50\nThe pump[br]is leaking.\n\n"
         "00:00:02.50,00:00:05.00\nWe need a new one.\n", TWO),
        ("[ti:Pumps]\n[00:00.00]The pump is leaking.\n[00:02.50]We <00:03.00>need a new one.\n[00:05.00]\n", TWO),
        ("{1}{1}24.000\n{0}{60}The pump|is leaking.\n{60}{120}{y:i}We need a new one.\n", TWO),
        ("[0][25]The pump|/is leaking.\n[25][50]We need a new one.\n", TWO),
        ("<SAMI><HEAD><STYLE><!-- .ENCC {Name:English; lang: en-US;} --></STYLE></HEAD><BODY>"
         "<SYNC Start=0><P Class=ENCC>The pump<br>is leaking.<SYNC Start=2500><P Class=ENCC>We need a new one."
         "<SYNC Start=5000><P Class=ENCC>&nbsp;</BODY></SAMI>", TWO),
        (TTML % ('xml:lang="en"', body(P.format("00:00:00.000", "00:00:02.500", "The pump<br/>is leaking."),
                                       P.format("2.5s", "5s", "We <span>need</span> a new one."))), TWO),
        (TTML % ('xmlns:ttp="http://www.w3.org/ns/ttml#parameter" ttp:frameRate="24" ttp:tickRate="1000"',
                 body(P.format("00:00:00:00", "00:00:02:12", "The pump is leaking."),
                      '<p begin="2500t" dur="2500ms">We need a new one.</p>')), TWO),
        (TTML % ("", "<head><metadata><ttm:agent xml:id='j'><ttm:name>Jane</ttm:name></ttm:agent>"
                 "<ttm:agent xml:id='t'><ttm:name>Tom</ttm:name></ttm:agent></metadata></head>"
                 + body('<p ttm:agent="j" begin="0s" end="2.5s">The pump is leaking.</p>',
                        '<p ttm:agent="t" begin="2.5s" end="5s">We need a new one.</p>')), NAMED),
        ('<?xml version="1.0" ?><timedtext format="3"><head><wp id="0"/></head><body>'
         '<p t="0" d="2500">The pump is leaking.</p><p t="2000" a="1">\n</p><p t="2500" d="2500">'
         '<s>We</s><s t="900"> need a new one.</s></p></body></timedtext>',
         TWO),
        ('<transcript><text start="0" dur="2.5">The pump is leaking.</text>'
         '<text start="2.5" dur="2.5">We need a new one.</text></transcript>', TWO),
        ("Jane  0:00\nThe pump is leaking.\n\nTom  0:02\nWe need a new one.\n",
         [(0.0, 2.0, "Jane", "The pump is leaking."), (2.0, 3.2, "Tom", "We need a new one.")]),
        ("[00:00:00] Jane: The pump is leaking.\n[00:00:02] Tom: We need a new one.\n",
         [(0.0, 2.0, "Jane", "The pump is leaking."), (2.0, 3.2, "Tom", "We need a new one.")]),
        ("0:00\nThe pump is leaking.\n0:02\nWe need a new one.\n",
         [(0.0, 2.0, None, "The pump is leaking."), (2.0, 3.2, None, "We need a new one.")]),
        ("Jane (00:00):\nThe pump is leaking.\n\nTom (00:02):\nWe need a new one.\n",
         [(0.0, 2.0, "Jane", "The pump is leaking."), (2.0, 3.2, "Tom", "We need a new one.")]),
        ("[Jane] 23:59:59\nThe pump is leaking.\n[Tom] 00:00:01\nWe need a new one.\n",
         [(0.0, 2.0, "Jane", "The pump is leaking."), (2.0, 3.2, "Tom", "We need a new one.")]),
    ],
)  # fmt: skip
def test_every_format_reads_the_same_words_at_the_same_times(text: str, expected: Said) -> None:
    assert said(text) == expected


def test_words_of_whisperx_keep_their_times_and_those_without_lie_between() -> None:
    words = [{"word": "Pump", "start": 0.0, "end": 0.4, "speaker": "A"}, {"word": "42"},
             {"word": "leaks.", "start": 1.0, "end": 1.5, "speaker": "A"}]  # fmt: skip
    read = parse_subtitles(
        json.dumps({"segments": [{"start": 0, "end": 2, "text": "Pump 42 leaks.", "words": words}]})
    )
    (utterance,) = to_utterances(read, None)
    assert utterance.speaker == "A"
    assert utterance.words == (Word("Pump", 0.0, 0.4), Word("42", 0.4, 1.0), Word("leaks.", 1.0, 1.5))


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("I don't", [("I", 0.0, 0.2), (" don", 0.2, 0.4), ("'t", 0.4, 0.6)], ["I", "don't"]),
        ("学习率", [("学", 0.0, 0.2), ("习", 0.2, 0.4), ("率", 0.4, 0.6)], ["学习率"]),
        ("the pump leaks", [("the pump", 0.0, 0.7), (" leaks", 0.7, 1.0)], ["the", "pump", "leaks"]),
        ("something else", [("other", 0.0, 1.0)], []),
        ("no times", [("no", None, None), ("times", None, None)], []),
    ],
)
def test_words_are_put_on_the_text(
    text: str, words: list[tuple[str, float | None, float | None]], expected: list[str]
) -> None:
    made = put_on(text, words, 0.0, 1.0)
    assert [word.text for word in made] == expected
    times = [at for word in made for at in (word.start_s, word.end_s)]
    assert times == sorted(times)


def scc_word(first: int, second: int) -> str:
    odd = [byte | 0x80 * (bin(byte).count("1") % 2 == 0) for byte in (first, second)]
    return f"{odd[0]:02x}{odd[1]:02x}"


def scc_text(text: str) -> list[str]:
    data = text.encode("ascii") + b"\x00" * (len(text) % 2)
    return [scc_word(data[i], data[i + 1]) for i in range(0, len(data), 2)]


def test_scenarist_captions() -> None:
    def twice(second: int, first: int = 0x14) -> list[str]:
        return [scc_word(first, second)] * 2

    shown = [*twice(0x20), *twice(0x2E), *twice(0x70), *scc_text("The pump"), *twice(0x60, 0x14), *scc_text("leaks"),
             *twice(0x37, 0x11), *twice(0x2F)]  # fmt: skip
    text = f"Scenarist_SCC V1.0\n\n00:00:01;00\t{' '.join(shown)}\n\n00:00:04;00\t{' '.join(twice(0x2C))}\n"
    ((start_s, end_s, speaker, words),) = said(text)
    assert (speaker, words) == (None, "The pump leaks")
    assert start_s == pytest.approx(1 + (len(shown) - 2) / 29.97, abs=0.05)
    assert end_s == pytest.approx(4.0, abs=0.01)
    rolled = [*twice(0x25), *twice(0x2D), *scc_text("first line"), *twice(0x2D), *scc_text("second.")]
    found = said(f"Scenarist_SCC V1.0\n\n00:00:01;00\t{' '.join(rolled)}\n")
    assert [line for _, _, _, line in found] == ["first line", "second."]


def docx(*paragraphs: str, code: str = "utf-8") -> bytes:
    runs = "".join(
        "<w:p>" + "<w:br/>".join(f"<w:r><w:t>{line}</w:t></w:r>" for line in text.split("\n")) + "</w:p>"
        for text in paragraphs
    )
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr(
            "word/document.xml",
            f'<?xml version="1.0" encoding="{code}"?><w:document xmlns:w="x"><w:body>{runs}</w:body></w:document>',
        )
    return made.getvalue()


def test_word_documents_of_meeting_programs(tmp_path: Path) -> None:
    path = tmp_path / "meeting.docx"
    path.write_bytes(
        docx("Weekly", "Jane Miller   0:03", "The pump is leaking.", "Tom Stone   0:07", "We need one.")
    )
    assert holds_transcript(path, alone=True)
    found = to_utterances(read_subtitles(path), None)
    assert [(u.start_s, u.speaker, u.text) for u in found] == [
        (3.0, "Jane Miller", "The pump is leaking."),
        (7.0, "Tom Stone", "We need one."),
    ]
    path.write_bytes(
        docx("0:0:0.0 --> 0:0:3.40\nJane Miller\nThe pump leaks.", "0:0:3.40 --> 0:0:5.0\nTom Stone\nI see.")
    )
    found = to_utterances(read_subtitles(path), None)
    assert [(u.start_s, u.end_s, u.speaker, u.text) for u in found] == [
        (0.0, 3.4, "Jane Miller", "The pump leaks."),
        (3.4, 5.0, "Tom Stone", "I see."),
    ]


OTHERS: list[tuple[str, str]] = [
    ("whisper.json", json.dumps({"text": "x", "segments": segments()})),
    ("out.tsv", "start\tend\ttext\n0\t2500\tThe pump is leaking.\n2500\t5000\tWe need a new one.\n"),
    ("meet.sbv", "0:00:00.000,0:00:02.500\nThe pump is leaking.\n\n0:00:02.500,0:00:05.000\nWe need a new one.\n"),
    ("in.txt", "1\n00:00:00,000 --> 00:00:02,500\nThe pump is leaking.\n\n"
               "2\n00:00:02,500 --> 00:00:05,000\nWe need a new one.\n"),
    ("v.webvtt", "WEBVTT\n\n00:00.000 --> 00:02.500\nThe pump is leaking.\n\n"
                 "00:02.500 --> 00:05.000\nWe need a new one.\n"),
    ("t.ttml", TTML % ("", body(P.format("0s", "2.5s", "The pump is leaking."),
                                P.format("2.5s", "5s", "We need a new one.")))),
    ("m.sub", "{1}{1}24\n{0}{60}The pump is leaking.\n{60}{120}We need a new one.\n"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content"), OTHERS)
def test_alone_in_a_folder_or_beside_a_film_each_is_a_transcript(
    tmp_path: Path, name: str, content: str
) -> None:
    (tmp_path / name).write_text(content)
    (tmp_path / "notes.txt").write_text("Meeting at 10:30. Nothing else here.\n")
    (tmp_path / "agenda.txt").write_text("09:00 Opening\n09:30 Pumps\n10:45 Lunch break\n")
    (tmp_path / "chapters.txt").write_text("0:00 Intro\n5:10 Pumps\n17:30 The end\n")
    (tmp_path / "data.json").write_text('{"segments": [{"area": 3}], "start": 0}')
    (item,) = scan([tmp_path])
    made = make_transcript(item.path, probe(item.path, "id"), None, item.beside)
    assert made.source == "file"
    assert [(round(u.start_s, 2), round(u.end_s, 2), u.speaker, u.text) for u in made.utterances] == TWO
    film = write_video(tmp_path / f"{Path(name).stem}.mp4", [np.zeros((32, 32, 3), np.uint8)] * 25, 5)
    (item,) = scan([tmp_path])
    made = make_transcript(film, probe(film, "id"), None, item.beside)
    assert (item.path, made.source) == (film, f"sidecar:{name}")
    assert [u.text for u in made.utterances] == [text for _, _, _, text in TWO]


def test_frames_are_those_of_the_film_beside(tmp_path: Path) -> None:
    film = write_video(tmp_path / "talk.mp4", [np.zeros((32, 32, 3), np.uint8)] * 50, 10)
    (tmp_path / "talk.sub").write_text("{10}{30}The pump is leaking.\n")
    made = make_transcript(film, probe(film, "id"), None)
    assert [(u.start_s, u.end_s) for u in made.utterances] == [(pytest.approx(1.0), pytest.approx(3.0))]
    alone = tmp_path / "alone.sub"
    shutil.copy(tmp_path / "talk.sub", alone)
    assert "without a frame rate" in read_subtitles(alone).notes()[0]


@pytest.mark.parametrize(
    "name", ["plain.txt", "talk.json", "film.sup", "film.stl", "talk.docx", "t.xml", "film.sub"]
)
def test_what_cannot_be_read_is_refused_in_one_sentence_that_helps(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    contents = {
        ".json": b'{"a": [1, 2]}',
        ".docx": docx("Just text."),
        ".sub": b"\x00\x00\x01\xba" + b"\x01" * 99,
    }
    path.write_bytes(contents.get(path.suffix, b"Nothing with times."))
    (item,) = scan([path])
    error = item.error
    if error is None:
        with pytest.raises(MediaError) as raised:
            probe(path, "id")
        error = raised.value
    message = error.message
    assert "\n" not in message
    for word in (name, ".vtt, .srt", "JSON", "convert it"):
        assert word in message


DEEP = 200_000
HOSTILE: list[tuple[str, Callable[[], bytes]]] = [
    ("deep.json", lambda: b'{"segments": ' + b"[" * DEEP),
    ("deep2.json", lambda: b'{"results": ' * DEEP + b"1" + b"}" * DEEP),
    ("long.json", lambda: b'{"segments": [{"start": ' + b"9" * 6000 + b', "end": 2, "text": "a"}]}'),
    ("infinite.json", lambda: b'{"segments": [{"start": NaN, "end": Infinity, "text": "a"}]}'),
    ("deep.ttml", lambda: b"<tt><body>" + b"<div>" * DEEP),
    ("laughs.ttml", lambda: b'<!DOCTYPE tt [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
                            b'<tt><body><p begin="0s" end="1s">&b;</p></body></tt>'),
    ("outside.ttml", lambda: b'<!DOCTYPE tt [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
                             b'<tt><body><p begin="0s" end="1s">&x;</p></body></tt>'),
    ("tags.smi", lambda: b"<SAMI>" + b"<sync start=" * DEEP),
    ("many.lrc", lambda: b"[00:00.00]" * DEEP + b"a"),
    ("spaces.txt", lambda: b"Jane" + b" " * DEEP + b"0:0"),
    ("brackets.srt", lambda: b"1\n00:00:00,000 --> 00:00:01,000\n" + b"[(" * DEEP),
    ("quotes.csv", lambda: b'start,end,text\n0,1,"' + b"a\n" * DEEP),
    ("words.scc", lambda: b"Scenarist_SCC V1.0\n\n00:00:01:00 " + b"94ae " * DEEP),
    ("bomb.docx", lambda: docx("0" * 70_000_000)),
    *((f"{code}.docx", partial(docx, "a", code=code)) for code in ("none", "utf-7", "big5", "zlib", "undefined")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "make"), HOSTILE, ids=[name for name, _ in HOSTILE])
def test_hostile_files_cost_no_more_than_themselves(
    tmp_path: Path, name: str, make: Callable[[], bytes]
) -> None:
    path = tmp_path / name
    path.write_bytes(make())
    depth = sys.getrecursionlimit()
    (item,) = scan([path])
    assert item.error is None
    read = read_subtitles(path)
    assert sys.getrecursionlimit() == depth
    told = " ".join(line.text for cue in read.cues for line in cue.lines)
    assert "haha" not in told
    assert "root:" not in told


SAMPLES = [content for _, content in OTHERS] + [
    "[ti:x]\n[00:00.00]a\n[00:01.00]b\n",
    "<SAMI><BODY><SYNC Start=0><P Class=ENCC>a<SYNC Start=900>b</SAMI>",
    "Scenarist_SCC V1.0\n\n00:00:01:00\t9420 9420 94ae 94ae c8e5 ecec ef80 942f 942f\n",
    "Jane  0:00\nThe pump.\n\nTom  0:03\nWe need.\n",
    '{"events": [{"tStartMs": 0, "dDurationMs": 900, "segs": [{"utf8": "a"}]}]}',
]


@given(st.sampled_from(SAMPLES), st.data())
def test_no_change_to_a_file_breaks_its_parser(sample: str, data: st.DataObject) -> None:
    text = list(sample)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        length = data.draw(st.integers(0, 6))
        text[at : at + length] = data.draw(st.text(alphabet='0123456789:.,-<>[]{}"\\ \n\tab&;/', max_size=6))
    for utterance in to_utterances(parse_subtitles("".join(text)), None):
        assert utterance.text.strip()
        assert 0 <= utterance.start_s < utterance.end_s
        assert all(utterance.start_s <= w.start_s <= w.end_s <= utterance.end_s for w in utterance.words)


TITLES = [
    "Default Aegisub file",
    "English (US)",
    "FILE",
    "Generated using ExampleTool 3.1",
    "Kind: captions; Language: en",
    "Captions by Example",
    "Subtitles",
    "Deutsch",
    "Untitled",
    "New subtitle",
    "Track 1",
    "7",
    "Subtitles edited with ExampleTool",
    "This file was created with ExampleTool",
    "Script generated by ExampleTool 3.2",
    "www.example.com",
    "Copyright 2020 Example",
    "Teams Meeting Transcript",
    "Sous-titres français",
    "Ohne Titel",
    "Sin título",
    "無題",
    "Sequence 01",
    "Timeline 1",
    "Subtitle Edit export",
]


@pytest.mark.parametrize("title", TITLES)
def test_a_title_that_says_nothing_gives_way_to_the_name_of_the_file(tmp_path: Path, title: str) -> None:
    vtt = tmp_path / "talk about pumps.vtt"
    vtt.write_text(f"WEBVTT - {title}\n\n00:00.000 --> 00:01.000\nHi.\n")
    assert probe(vtt, "id").title == "talk about pumps"
    ass = tmp_path / "episode 01.ass"
    ass.write_text(
        f"[Script Info]\nTitle: {title}\n\n[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,Hi.\n"
    )
    assert probe(ass, "id").title == "episode 01"


def test_a_title_that_says_something_stays_unless_another_file_has_it_too(tmp_path: Path) -> None:
    for name in ("one.vtt", "two.vtt"):
        (tmp_path / name).write_text("WEBVTT - Pump school\n\n00:00.000 --> 00:01.000\nHi.\n")
    (tmp_path / "three.vtt").write_text("WEBVTT - A talk in English\n\n00:00.000 --> 00:01.000\nHi.\n")
    assert {item.path.stem: item.title_is_shared for item in scan([tmp_path])} == {
        "one": True,
        "two": True,
        "three": False,
    }
    assert probe(tmp_path / "three.vtt", "id").title == "A talk in English"


ROWS = [("Ann", "0.5", "2.5", "The pump leaks."), ("Bob", "2.5", "4.5", "Call Tom now.")]


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"{who}\t\t{a}\t{b}\t2.0\t{said}\n" for who, a, b, said in ROWS),
        "".join(
            f"{who}\t\t00:00:0{a}00\t{a}\t00:00:0{b}00\t{b}\t00:00:02.000\t2.0\t{said}\n"
            for who, a, b, said in ROWS
        ),
        "Sprecher;Beginn;Ende;Text\n"
        + "".join(f"{who};{a.replace('.', ',')};{b.replace('.', ',')};{said}\n" for who, a, b, said in ROWS),
    ],
    ids=["tiers in seconds", "tiers in two forms of time", "decimal commas"],
)
def test_tables_without_a_header_and_with_decimal_commas(text: str) -> None:
    read = to_utterances(parse_subtitles(text), None)
    assert [(u.speaker, u.start_s, u.end_s, u.text) for u in read] == [
        (who, float(a), float(b), said) for who, a, b, said in ROWS
    ]


def test_of_two_languages_at_one_point_of_sami_the_first_is_read() -> None:
    points = "".join(
        f"<SYNC Start={at}>\n<P Class=ENCC>{said}\n<P Class=KRCC>{korean}\n"
        for at, said, korean in [(1000, "The pump leaks.", "펌프가 샌다."), (3000, "&nbsp;", "&nbsp;")]
    )
    parsed = parse_subtitles(f"<SAMI><BODY>\n{points}</BODY></SAMI>")
    assert [(u.start_s, u.end_s, u.text) for u in to_utterances(parsed, None)] == [
        (1.0, 3.0, "The pump leaks.")
    ]
    assert any("language of several" in note for note in parsed.notes())


def test_a_list_of_times_is_a_transcript() -> None:
    read = parse_subtitles("- 00:05 The pump leaks.\n- 00:12 Call Tom.\n- 00:20 He comes.\n")
    assert [(u.start_s, u.text) for u in to_utterances(read, None)] == [
        (5.0, "The pump leaks."), (12.0, "Call Tom."), (20.0, "He comes.")
    ]  # fmt: skip


def test_apples_ttml_counts_seconds_without_a_unit_from_the_beginning() -> None:
    """Its times do not count from the paragraph or division around them, as TTML's do."""
    words = "".join(
        f'<span begin="{at}" end="{at + 1}" podcasts:unit="word">{word}</span> '
        for at, word in enumerate(["The", "pump", "is", "leaking."], 61)
    )
    text = (
        '<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttm="http://www.w3.org/ns/ttml#metadata"'
        ' xmlns:podcasts="http://podcasts.apple.com/transcript-ttml-internal"><body dur="90.0">'
        f'<div begin="10.5" end="90.0"><p begin="61.0" end="65.0" ttm:agent="SPEAKER_1"><span begin="61.0" end="65.0"'
        f' podcasts:unit="sentence">{words}</span></p>'
        '<p begin="1:10.250" end="1:12" ttm:agent="SPEAKER_2">We need a new one.</p></div></body></tt>'
    )
    (first, second) = to_utterances(parse_subtitles(text), None)
    assert (first.start_s, first.end_s, first.speaker, first.text) == (
        61,
        65,
        "SPEAKER_1",
        "The pump is leaking.",
    )
    assert [word.start_s for word in first.words] == [61, 62, 63, 64]
    assert (second.start_s, second.end_s, second.speaker) == (70.25, 72, "SPEAKER_2")


def test_the_table_that_subtitle_edit_writes() -> None:
    text = 'Number,Start time in milliseconds,End time in milliseconds,"Text"\n1,0,2500,"The pump, it is leaking."\n'
    (said,) = to_utterances(parse_subtitles(text), None)
    assert (said.start_s, said.end_s, said.text) == (0, 2.5, "The pump, it is leaking.")
