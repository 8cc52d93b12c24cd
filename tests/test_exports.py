"""Reports, cut lists and subtitles of an answer: of real media, read back by what will read them."""

from __future__ import annotations

import html.parser
import io
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest
from PIL import Image

import media_factory as mf
from library_tools import MEETING
from longvid import Library, jsonform
from longvid.cli import app
from longvid.exports.report import Report, build_report, draw
from longvid.exports.report_html import page
from longvid.exports.saved import read_answer
from longvid.exports.spans import cited_spans, href, joined
from longvid.exports.timeline import export
from longvid_storage.errors import MissingExtraError, UsageError
from longvid_storage.types import (
    Answer,
    Citation,
    Claim,
    Keyframe,
    MediaSpan,
    Moment,
    Passage,
    TrailStep,
    Usage,
    VideoInfo,
)
from store_tools import empty_view

RED = np.array([222, 47, 47])


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("exports")
    mf.lecture(mf.sample_slides(2, "white"), seconds=4.0, rate=5, size=(640, 360)).write(
        folder / "über slides.mp4",
        subtitles=[
            (0.5, 3.0, "Osmosis moves water through a membrane."),
            (4.5, 7.0, "Diffusion needs none."),
        ],
    )
    (folder / "meeting.vtt").write_text(MEETING)
    with Library.open(folder / "library", create=True) as opened:
        reports = opened.index(folder)
        assert [report.status for report in reports] == ["indexed", "indexed"]
        yield opened


@pytest.fixture(scope="module")
def answer(library: Library) -> Answer:
    """Three claims: a line on a slide, what is said in the film, and what is said in a transcript without one."""
    film, meeting = sorted(library.videos(), key=lambda video: video.path, reverse=True)
    with library._store.view() as view:
        shown = view.passages_of(film.video_id, ["screen"])
        said = view.passages_of(film.video_id, ["speech"])[0]
        plan = next(p for p in view.passages_of(meeting.video_id) if "migration plan" in p.text)
    line = max((p for p in shown if len(p.boxes) == 1), key=lambda p: len(p.text))
    claims = (
        Claim("The slide says <it> & more.", (Citation.of(line, film.title, film.path),)),
        Claim("Water moves.", (Citation.of(said, film.title, film.path),)),
        Claim("Jonas sends the plan.", (Citation.of(plan, meeting.title, meeting.path),)),
    )
    return Answer("What is <osmosis>?", "…", True, claims, (), {"language_model": "none (extractive)"})


@pytest.fixture(scope="module")
def report(library: Library, answer: Answer) -> Report:
    with library._store.view() as view:
        return build_report(answer, view)


def citation(answer: Answer, number: int) -> Citation:
    return answer.claims[number].citations[0]


# --- spans --------------------------------------------------------------------------------------------


def test_spans_of_one_video_that_touch_are_one_in_the_order_of_the_answer() -> None:
    a, b = (MediaSpan("a.mp4", 10, 20, text="one"), MediaSpan("b.mp4", 0, 5, text="two"))
    more = [
        MediaSpan("a.mp4", 40, 50, text="three"),
        MediaSpan("a.mp4", 18, 41, text="four"),
        MediaSpan("a.mp4", 60, 61),
    ]
    assert joined([a, b, *more]) == [MediaSpan("a.mp4", 10, 50, text="one\nthree\nfour"), b, more[2]]
    assert joined([]) == []


def test_an_instant_is_shown_for_a_second_and_padding_stays_in_the_film(answer: Answer) -> None:
    instant = Citation("v", "V", "v.mp4", 3.0, 3.0, "picture", "x")
    one = Answer("q", "a", True, (Claim("c", (instant,)),), (), {})
    assert [(s.start_s, s.end_s) for s in cited_spans(one)] == [(3.0, 4.0)]
    assert [(s.start_s, s.end_s) for s in cited_spans(one, pad_s=5)] == [(0.0, 9.0)]
    with pytest.raises(UsageError, match="cites nothing"):
        cited_spans(Answer("q", "a", False, (), (), {}))
    with pytest.raises(UsageError, match=r"the span 3 to 2 s of v\.mp4 is empty"):
        MediaSpan("v.mp4", 3, 2)


def test_links_open_a_player_at_the_span(tmp_path: Path) -> None:
    path = str(tmp_path / "a b#1%.mp4")
    assert href(MediaSpan(path, 10.5, 20)) == f"file://{tmp_path}/a%20b%231%25.mp4#t=10.5,20"
    assert href(Citation("v", "V", path, 90, 90, "picture", "x")).endswith("#t=90")
    assert href(Citation("v", "V", path, 90, 99, "speech", "x", play_s=92.5)).endswith("#t=92.5,99")
    assert href(Moment("v", "V", path, 90, 99, 1.0, "moment", play_s=92.5)).endswith("#t=92.5,99")


def test_a_cut_starts_where_a_player_should() -> None:
    cited = Citation("v", "V", "v.mp4", 90, 99, "speech", "x", play_s=92.5)
    one = Answer("q", "a", True, (Claim("c", (cited,)),), (), {})
    assert [(s.start_s, s.end_s) for s in cited_spans(one, pad_s=1)] == [(91.5, 100)]
    assert replace(cited, end_s=92).play_s == 90  # a play point lies within its span
    assert Citation("v", "V", "v.mp4", 90, 99, "speech", "x").play_s == 90


# --- reports ------------------------------------------------------------------------------------------


def test_the_frame_of_cited_screen_text_has_boxes_around_it(
    report: Report, library: Library, answer: Answer
) -> None:
    source = report.claims[0][1][0]
    assert source.thumbnail is not None
    cited = citation(answer, 0)
    (box,) = source.thumbnail.boxes
    assert box in [line.box for line in library.show(cited.video_id).screen_text if line.text == cited.quote]
    with Image.open(io.BytesIO(source.thumbnail.jpeg)) as opened:
        image = np.asarray(opened.convert("RGB")).astype(int)
    red = np.abs(image - RED).sum(axis=2) < 90
    rows, columns = np.nonzero(red)
    height, width = red.shape
    assert len(rows) > 100
    near = 12
    assert abs(rows.min() - box[1] * height) < near
    assert abs(rows.max() - box[3] * height) < near
    assert abs(columns.min() - box[0] * width) < near
    assert abs(columns.max() - box[2] * width) < near
    inside = image[
        round(box[1] * height) : round(box[3] * height), round(box[0] * width) : round(box[2] * width)
    ]
    assert (np.abs(inside - RED).sum(axis=2) < 90).mean() < 0.02, "the text itself is not covered"


def test_speech_has_the_frame_on_screen_meanwhile_and_a_transcript_has_none(
    report: Report, answer: Answer
) -> None:
    said, planned = report.claims[1][1][0], report.claims[2][1][0]
    assert said.thumbnail is not None
    assert said.thumbnail.boxes == ()
    assert said.thumbnail.time_s < 4.0, "of the first slide"
    assert planned.thumbnail is None


class Reader(html.parser.HTMLParser):
    """What a page loads and links to."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.images: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if tag == "a":
            self.links.append(given["href"] or "")
        if tag == "img":
            self.images.append(given["src"] or "")

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_needs_nothing_else_and_says_what_the_answer_says(report: Report, answer: Answer) -> None:
    text = page(report)
    reader = Reader()
    reader.feed(text)
    assert not {"script", "link", "iframe", "object"} & set(reader.tags)
    assert all(image.startswith("data:image/jpeg;base64,") for image in reader.images)
    assert len(reader.images) == 2
    assert reader.links == [href(citation(answer, number)) for number in range(3)]
    assert "url(" not in text
    for said in ("What is <osmosis>?", "The slide says <it> & more.", citation(answer, 1).quote):
        assert said in reader.text


def test_words_of_a_video_cannot_become_part_of_the_page() -> None:
    evil = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
    cited = Citation("v", evil, "/tmp/a\"b'<c>.mp4", 0, 1, "speech", evil)
    with empty_view() as view:
        made = build_report(Answer(evil, evil, True, (Claim(evil, (cited,)),), (), {"text": evil}), view)
    reader = Reader()
    reader.feed(page(made))
    assert not {"script", "img"} & set(reader.tags)


def test_html_and_markdown_files(library: Library, answer: Answer, tmp_path: Path) -> None:
    assert library.save_report(answer, tmp_path / "a.html") == [tmp_path / "a.html"]
    assert (tmp_path / "a.html").read_text().startswith("<!doctype html>")
    page_path, *pictures = library.save_report(answer, tmp_path / "deep" / "a.md")
    text = page_path.read_text()
    assert text.startswith("# What is \\<osmosis\\>?\n")
    assert re.findall(r"\]\(<(a_files/\d+\.jpg)>\)", text) == ["a_files/1.jpg", "a_files/2.jpg"]
    for picture in pictures:
        with Image.open(picture) as image:
            assert image.format == "JPEG"
    for number in range(3):
        assert f"(<{href(citation(answer, number))}>)" in text
    for name in ("a.pdf", "a", "html"):
        with pytest.raises(UsageError, match=r"a report is \.md or \.html"):
            library.save_report(answer, tmp_path / name)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        library.save_report(answer, tmp_path / "file" / "a.html")


def test_a_report_of_no_answer_shows_the_nearest_moments(library: Library, tmp_path: Path) -> None:
    film = next(video for video in library.videos() if video.path.endswith("mp4"))
    moment = Moment(
        film.video_id,
        film.title,
        film.path,
        0.5,
        3,
        1.0,
        "moment",
        (Passage(0, film.video_id, "speech", 0.5, 3, "Osmosis moves"),),
    )
    none = Answer("Why?", "The library does not contain an answer.", False, (), (moment,), {})
    with library._store.view() as view:
        made = build_report(none, view)
    assert made.nearest[0].thumbnail is not None
    for suffix in ("html", "md"):
        library.save_report(none, tmp_path / f"a.{suffix}")
        text = (tmp_path / f"a.{suffix}").read_text()
        assert "The library does not contain an answer." in text
        assert "Nearest moments" in text
        assert "Osmosis moves" in text


def test_a_large_frame_is_shrunk_and_a_box_at_the_edge_stays_inside() -> None:
    file = io.BytesIO()
    Image.new("RGB", (1920, 1080)).save(file, "WEBP")
    drawn = draw(Keyframe(1, 0, 2, file.getvalue(), 1920, 1080, "slide"), [(0.0, 0.0, 1.0, 1.0)])
    assert (drawn.width, drawn.height) == (960, 540)


# --- cut lists and subtitles ----------------------------------------------------------------------------

INFOS = {
    "v": VideoInfo("v", "Talk", 100.0, True, True, frame_rate=24.0),
    "w": VideoInfo("w", "Call", 50.0, False, True, media_type="audio"),
    "t": VideoInfo("t", "Notes", 50.0, False, False, media_type="transcript"),
}
SPANS = [
    MediaSpan("/films/my talk é.mp4", 10.0, 12.5, "Talk", "Entropy is surprise.\nBits measure it.", "v"),
    MediaSpan("/films/my talk è.mp3", 0.02, 4.0, "Call", "A --> B", "w"),
    MediaSpan("/films/notes.vtt", 1.0, 2.0, "Notes", "Noted.", "t"),
]


def test_subtitles_lie_on_the_film_of_the_spans() -> None:
    assert export(SPANS, "srt", INFOS, "q") == (
        "1\n00:00:00,000 --> 00:00:02,500\nEntropy is surprise.\nBits measure it.\n[Talk @ 0:10–0:13]\n\n"
        "2\n00:00:02,500 --> 00:00:06,480\nA → B\n[Call @ 0:00–0:04]\n"
    ), "a transcript has no place in a film"
    alone = "1\n00:00:00,000 --> 00:00:01,000\nNoted.\n[Notes @ 0:01–0:02]\n"
    assert export(SPANS[2:], "srt", INFOS, "q") == alone


def test_an_edl_reads_back_with_the_same_times() -> None:
    text = export(SPANS, "edl", INFOS, "What is entropy?\nSay")
    assert text.startswith("TITLE: What is entropy? Say\nFCM: NON-DROP FRAME\n")
    assert "001  MYTALKXX V     C        00:00:10:00 00:00:12:12 00:00:00:00 00:00:02:12" in text
    assert "* FROM CLIP NAME:  my talk ?.mp4" in text
    track = otio.adapters.read_from_string(text, "cmx_3600", rate=24).tracks[0]
    spans = [
        (clip.source_range.start_time.to_seconds(), clip.source_range.duration.to_seconds()) for clip in track
    ]
    assert spans == [(10.0, 2.5), (0.0, 4.0)], "the transcript has no film"
    reels = [clip.metadata["cmx_3600"]["reel"] for clip in track]
    assert len(set(reels)) == 2, "two files, two reels, though their names begin alike"


def test_an_otio_file_holds_links_titles_and_claims() -> None:
    timeline = otio.adapters.read_from_string(export(SPANS, "otio", INFOS, "q"), "otio_json")
    assert [track.kind for track in timeline.tracks] == ["Video", "Audio"]
    clip = timeline.tracks[0][0]
    assert clip.media_reference.target_url == Path(SPANS[0].path).as_uri()
    assert clip.media_reference.available_range.duration.to_seconds() == 100.0
    assert clip.metadata["longvid"]["text"] == SPANS[0].text
    assert timeline.duration().to_seconds() == pytest.approx(6.5, abs=1 / 24)


@pytest.mark.parametrize(
    ("own", "rate"), [(29.97, 30000 / 1001), (5.0, 24000 / 1001), (None, 25.0), (60.0, 60.0)]
)
def test_the_rate_is_the_nearest_that_timecode_has(own: float | None, rate: float) -> None:
    infos = {"v": VideoInfo("v", "T", 100.0, True, True, frame_rate=own)}
    text = export(SPANS[:1], "edl", infos, "q")
    track = otio.adapters.read_from_string(text, "cmx_3600", rate=rate).tracks[0]
    assert track[0].source_range.start_time.to_seconds() == pytest.approx(10.0, abs=0.05)
    assert ("FCM: DROP" in text) == (rate == 30000 / 1001)


def test_what_cannot_be_exported_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"the format is 'avi': choose one of edl, otio, srt"):
        export(SPANS, "avi", INFOS, "q")
    with pytest.raises(UsageError, match=r"Notes is a transcript without a film.*--format srt"):
        export(SPANS[2:], "edl", INFOS, "q")
    monkeypatch.setitem(sys.modules, "opentimelineio", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'longvid\[export\]'"):
        export(SPANS, "otio", INFOS, "q")


# --- saved answers, and the commands ----------------------------------------------------------------------


def test_a_saved_answer_reads_back_as_it_was(answer: Answer, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(jsonform.dumps(answer))
    assert read_answer(path) == answer
    found = Answer(
        "q",
        "none",
        False,
        (),
        (Moment("v", "V", "v.mp4", 0, 1, 0.5, "x", (Passage(7, "v", "speech", 0, 1, "t"),)),),
        {},
    )
    path.write_text(json.dumps({**json.loads(jsonform.dumps(found)), "later": ["keys"]}))
    assert read_answer(path) == found
    steps = (TrailStep("search", "search x", 3, 1, 0.5), TrailStep("answer", "wrote"))
    whole = replace(answer, partial=True, trail=steps, usage=Usage(1, 900, 80, seconds=1.5))
    path.write_text(jsonform.dumps(whole))
    assert read_answer(path) == whole


def test_an_answer_saved_before_passages_had_ids_reads_back(
    library: Library, answer: Answer, tmp_path: Path
) -> None:
    """Its evidence has neither id nor video, its citations no passage; its report is that of a new one."""
    passage = Passage(7, "v", "speech", 0, 1, "t", "Ann")
    near = Moment("v", "V", "v.mp4", 0, 1, 0.5, "x", (passage,))
    old = json.loads(jsonform.dumps(replace(answer, nearest=(near,))))
    for claim in old["claims"]:
        for cited in claim["citations"]:
            del cited["passage_id"]
    for gone in ("id", "video_id", "language", "boxes"):
        del old["nearest"][0]["evidence"][0][gone]
    (tmp_path / "old.json").write_text(json.dumps(old))
    read = read_answer(tmp_path / "old.json")
    assert read.nearest[0].evidence == (replace(passage, id=0),)
    cited = [each for claim in read.claims for each in claim.citations]
    assert [each.passage_id for each in cited] == [0, 0, 0]
    assert cited == [replace(citation(answer, number), passage_id=0) for number in range(3)]
    with library._store.view() as view:
        was, now = build_report(answer, view), build_report(replace(read, nearest=()), view)
    assert now == was, "a cited line has its box, though nothing names its passage"
    old["nearest"] = [None, {"evidence": [None]}, 3]
    (tmp_path / "old.json").write_text(json.dumps(old))
    with pytest.raises(UsageError, match="holds no answer"):
        read_answer(tmp_path / "old.json")


def test_a_citation_of_another_library_has_no_box_of_this_one(library: Library, answer: Answer) -> None:
    other = replace(citation(answer, 0), quote="something that is on no slide")
    with library._store.view() as view:
        made = build_report(replace(answer, claims=(Claim("c", (other,)),)), view)
    thumbnail = made.claims[0][1][0].thumbnail
    assert thumbnail is not None
    assert thumbnail.boxes == ()


def test_a_report_says_that_an_answer_is_partial_and_how_it_was_found(
    library: Library, answer: Answer, tmp_path: Path
) -> None:
    whole = replace(
        answer, partial=True, trail=(TrailStep("plan", "who"), TrailStep("search", "search <water>", 3))
    )
    for suffix, searched in (("html", "search &lt;water&gt;"), ("md", "search \\<water\\>")):
        text = library.save_report(whole, tmp_path / f"a.{suffix}")[0].read_text()
        assert "This answer is partial" in text
        assert "How it was found" in text
        assert searched in text
        assert "the question was read as: who" in text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '"x"',
        "null",
        '{"question": 1, "answer": "", "found": true, "claims": [], "nearest": [], "engine": {}}',
        '{"question": "q", "answer": "a", "found": true, "claims": [], "nearest": [], "engine": {"a": NaN}}',
        '{"question": "q", "answer": "a", "found": true, "claims": [], "nearest": [], "engine": {"a": 1e999}}',
        '{"question": "q", "answer": "a", "found": true, "claims": [{"text": "b"}], "nearest": [], "engine": {}}',
        "[" * 100_000,
        '{"question": "q", "answer":',
    ],
)
def test_what_is_no_answer_is_one_sentence(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"holds no answer.*longvid ask") as caught:
        read_answer(path)
    assert "\n" not in caught.value.message
    with pytest.raises(UsageError, match="cannot be read"):
        read_answer(tmp_path / "none.json")
    with pytest.raises(UsageError, match=r"cannot be read .it holds more than"):
        read_answer(Path("/dev/zero"))


def test_a_damaged_or_hostile_citation_is_no_answer(answer: Answer, tmp_path: Path) -> None:
    said = json.loads(jsonform.dumps(answer))
    for key, value in (
        ("end_s", -1),
        ("end_s", 1e300),
        ("end_s", 10**400),
        ("path", "a\0b"),
        ("kind", "smell"),
    ):
        hostile = json.loads(json.dumps(said))
        hostile["claims"][0]["citations"][0][key] = value
        (tmp_path / "a.json").write_text(json.dumps(hostile))
        with pytest.raises(UsageError, match="holds no answer") as caught:
            read_answer(tmp_path / "a.json")
        assert "\n" not in caught.value.message
        assert len(caught.value.message) < 400 + 2 * len(str(tmp_path))


def test_a_saved_answer_may_name_a_file_whose_name_is_no_text(answer: Answer, tmp_path: Path) -> None:
    said = json.loads(jsonform.dumps(answer))
    said["claims"][0]["citations"][0]["path"] = "/films/\udcff.mp4"
    (tmp_path / "a.json").write_text(json.dumps(said))
    assert read_answer(tmp_path / "a.json").claims[0].citations[0].path == "/films/\udcff.mp4"


def test_the_commands(
    library: Library, answer: Answer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = str(library._store.path)
    saved, page_path = tmp_path / "a.json", tmp_path / "a.html"

    def run(*arguments: str) -> tuple[str, str]:
        app([*arguments, "-L", place], standalone_mode=False)
        out = capsys.readouterr()
        return out.out, out.err

    out, err = run("ask", "Who will send the migration plan?", "--json", "--save", str(page_path))
    saved.write_text(out)
    assert err == f"wrote {page_path}\n"
    assert "migration plan" in page_path.read_text()
    srt, _ = run("ask", "Who will send the migration plan?", "--format", "srt")
    assert srt.startswith("1\n00:00:00,000 --> 00:00:04,000\n")
    assert run("export", str(saved), "--format", "srt")[0] == srt
    assert run("export", str(saved), "--format", "json")[0] == out
    assert "migration plan" in run("export", str(saved), "--save", str(tmp_path / "a.md"))[0]
    assert (tmp_path / "a.md").exists()
    for wrong in (("--format", "avi"), ("--json", "--format", "edl"), ("--save", "a.pdf")):
        with pytest.raises(UsageError):
            run("ask", "x", *wrong)
