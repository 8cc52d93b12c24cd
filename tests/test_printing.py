"""What others wrote (titles, names, speech, models) on its way out: nothing a terminal obeys or no eye sees."""

from __future__ import annotations

import ast
import io
import json
import sys
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from longvid import Library, chapters, doctor, jsonform, output, printing, summary_markdown
from longvid.cli import app, main
from longvid.cli_clip import render
from longvid.details import EventTree, SceneTree, VideoDetails, VideoLines
from longvid.exports import report_html, report_markdown, timeline
from longvid.exports.report import build_report
from longvid.progress import Progress
from longvid_agents.digest import Digest, DigestLine
from longvid_agents.summarise import Summary, SummaryLine
from longvid_indexer.clipping.cut import Clip, ClipPart
from longvid_indexer.report import (
    ErrorInfo,
    FileFinished,
    FileGone,
    FilesFound,
    IndexReport,
    LeftOut,
    RunsAgain,
    StageFinished,
    StageStarted,
    Told,
)
from longvid_storage.db.rows import SpeakerRow, TranscriptInfo
from longvid_storage.search.mentions import Mention, VideoMentions
from longvid_storage.text.shown import cut, in_lines, shown
from longvid_storage.types import (
    Answer,
    Chapter,
    Citation,
    Claim,
    MediaSpan,
    Moment,
    Passage,
    Segment,
    StageResult,
    TrailStep,
)
from store_tools import empty_view

HOSTILE = (
    "a\x1b[31mred\x1b]0;title\x07 b\rover c\0d e\u202egnp.exe f\u2066iso\u2069 g\u200bh\u2060i\u00adj "
    "k\x9b2Jl m\ufeffn \U000e0041tag o\u3164p \u2028line\x85next\nforged line \ue000\u180e\ufe0f\U000e0100q\u061c"
)


def hidden(text: str) -> list[str]:
    """The signs in it that are not to be seen, other than line feeds."""
    never = set("\u3164\u2800\ufe0f\u115f")
    return [
        sign
        for sign in text
        if sign != "\n"
        and (sign in never or unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
    ]


def test_each_kind_of_sign_is_dropped_or_told() -> None:
    assert shown(HOSTILE) == (
        "a[31mred]0;title b over cd egnp.exe fiso ghij k2Jl mn tag op  line next forged line q"
    )
    assert shown("caf\udce9") == "caf\\udce9"
    assert in_lines("a\r\nb\x1b") == "a \nb"
    assert cut(HOSTILE, 8) == "a[31mre…"


@pytest.mark.parametrize("text", ["Grüße, 世界: naïve – “x” 🎬", "می‌خواهم", "क्‍ष", "1️⃣ ❤️ ok", "a  b"])
def test_honest_text_of_any_script_stays(text: str) -> None:
    assert shown(text) == text


@given(st.text())
def test_whatever_is_written_one_visible_line_comes_out_and_stays(text: str) -> None:
    once = shown(text)
    joined = {"\u200c", "\u200d", "\ufe0f"} | set(
        "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2"
    )
    assert [sign for sign in hidden(once) if sign not in joined | {"\U000110bd", "\U000110cd"}] == []
    assert "\n" not in once
    assert shown(once) == once
    assert (
        json.loads(jsonform.dumps({"t": text.encode("utf-8", "replace").decode()}))["t"]
        == text.encode("utf-8", "replace").decode()
    )


def citation(**changes: object) -> Citation:
    made = Citation("v" * 64, HOSTILE, f"/films/{HOSTILE}", 1.0, 4.0, "speech", HOSTILE)
    return replace(made, **changes)


def answer(found: bool = True) -> Answer:
    evidence = (Passage(0, "v" * 64, "speech", 1, 4, HOSTILE, HOSTILE),)
    moment = Moment("v" * 64, HOSTILE, f"/films/{HOSTILE}", 1, 4, 0.5, "event", evidence)
    return Answer(
        HOSTILE,
        HOSTILE.replace("\n", " "),  # its lines are the claims, and what is partial about it
        found,
        (Claim(HOSTILE, (citation(),)),) if found else (),
        (moment,),
        {"video_lm": HOSTILE},
        True,
        (TrailStep("search", HOSTILE, 3),),
    )


def outputs() -> dict[str, str]:
    """What each function that writes for people makes of hostile text."""
    line = SummaryLine(HOSTILE, citation(), HOSTILE, HOSTILE, (citation(),))
    spoken = replace(line, owner=None)
    summary = Summary(
        "v", HOSTILE, HOSTILE, 60.0, (spoken,), (Chapter(0, 60, HOSTILE),), (line,), (line,), (line,)
    )
    digest_line = DigestLine(HOSTILE, HOSTILE, None, citation(), HOSTILE, (citation(),))
    digest = Digest(HOSTILE, (line,), (digest_line,), (digest_line,), (digest_line,), (summary,), HOSTILE)
    segment = Segment("event", 0, 60, HOSTILE, HOSTILE)
    scene = SceneTree(Segment("scene", 0, 30, HOSTILE), ())
    details = VideoDetails(
        "v" * 64, HOSTILE, HOSTILE, (HOSTILE,), 60, (HOSTILE,), {}, HOSTILE, HOSTILE, (HOSTILE,), None, HOSTILE,
        (EventTree(segment, (scene, scene)),), (), (), (), (),
    )  # fmt: skip
    listed = VideoLines(("v" * 64,), (HOSTILE,), (60.0,), ((HOSTILE,),), ("complete",))
    mention = Mention("speech", 1, 4, HOSTILE, HOSTILE, ("x",), 1)
    speaker = SpeakerRow(HOSTILE, (HOSTILE + "x",), 3, 10.0, 1.0)
    report = IndexReport("v", HOSTILE, HOSTILE, "indexed", 60.0)
    failed = replace(report, status="failed", error=ErrorInfo("x", HOSTILE))
    with empty_view() as view:
        page = build_report(answer(), view)
    span = MediaSpan(f"/films/{HOSTILE}", 1, 4, HOSTILE, HOSTILE, "v")
    clip = Clip(HOSTILE, 3.0, (ClipPart(HOSTILE, HOSTILE, 1, 4, 0, 3, "copied"),), None)
    looked = replace(doctor.examine(Path("/nowhere")), config=HOSTILE, library_error=HOSTILE)
    return {
        "ask": printing.answer(answer()),
        "not found": printing.answer(answer(found=False)),
        "claim": printing.claim(answer().claims[0]),
        "step": printing.step(answer().trail[0]),
        "search": printing.moments(answer().nearest),
        "mentions": printing.mentioned(VideoMentions("v", HOSTILE, HOSTILE, 1, (mention,))),
        "ls": printing.table(listed),
        "show": printing.show(details),
        "speakers": printing.speakers([speaker], TranscriptInfo(HOSTILE, None, HOSTILE)),
        "indexed": printing.report_line(report),
        "failed": printing.report_line(failed),
        "left out": "\n".join(printing.left_out(LeftOut("copy", "the same", "nothing to do", (HOSTILE,)))),
        "summary": summary_markdown.markdown(summary),
        "digest": summary_markdown.digest_markdown(digest),
        "clip": render(clip),
        "doctor": doctor.render(looked),
        "html": report_html.page(page),
        "md": report_markdown.files(page, Path("a.md"))[Path("a.md")].decode(),
        "srt": timeline.to_srt([span], {}, HOSTILE),
        "edl": timeline.to_edl([span], {}, HOSTILE),
        "otio": timeline.to_otio([span], {}, HOSTILE),
        **{kind: chapters.export_chapters([segment], kind) for kind in ("vtt", "json", "ffmetadata")},
        "youtube": chapters.to_youtube([replace(segment, start_s=n * 60, end_s=n * 60 + 60) for n in range(3)]),
    }  # fmt: skip


def test_every_function_that_writes_for_people_tames_what_is_hostile(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printing, "width", lambda: 100_000)  # a wrapped line may begin with any word
    for name, text in outputs().items():
        if name in (
            "html",
            "md",
            "srt",
            "edl",
            "otio",
            "summary",
            "digest",
            "vtt",
            "json",
            "ffmetadata",
            "youtube",
        ):
            assert hidden(text) == [], f"{name} is a file"
        output.result(text)
        output.note(text)
        for printed in capsys.readouterr():
            assert hidden(printed) == [], name
            forged = [line for line in printed.splitlines() if line.startswith("forged")]
            assert not forged or name == "srt", f"{name}: only the lines of a cue are its claims"
        assert "31mred" in text or name in ("edl", "indexed"), f"{name} still tells the words"


def test_nothing_else_prints() -> None:
    package = Path(printing.__file__).parent
    for path in package.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
        names = [call.id for call in calls if isinstance(call, ast.Name)]
        written = [
            call.attr for call in calls if isinstance(call, ast.Attribute) and "std" in ast.unparse(call)
        ]
        if path.name != "output.py":
            assert "print" not in names, path
            assert "write" not in written, path


def test_json_is_json_and_harmless() -> None:
    text = jsonform.dumps({"title": HOSTILE, "name": "caf\udce9"})
    assert text.encode("utf-8", "backslashreplace").isascii() or "\x1b" not in text
    assert [sign for sign in hidden(text) if unicodedata.category(sign) != "Cs"] == ["\u3164", "\ufe0f"]
    assert json.loads(text) == {"title": HOSTILE, "name": "caf\udce9"}


TALK = """WEBVTT

00:00:01.000 --> 00:00:04.000
<v Eve{bad}>Good morning, let us{bad} talk about the data migration.

00:00:05.000 --> 00:00:09.000
<v Eve{bad}>I will send the migration plan{bad} to everyone by Friday.
"""
BAD = "\x1b[31m\u202e\u200b\x9b\u2066\u3164"


def test_a_hostile_video_through_every_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film, place, saved = tmp_path / f"talk{BAD}.vtt", tmp_path / "library", tmp_path / "a.json"
    film.write_text(TALK.format(bad=BAD))
    monkeypatch.setenv("LONGVID_LIBRARY", str(place))
    off = ["--model", "text=off"]

    def run(*arguments: str, typed: str = "", statuses: tuple[int, ...] = (0,)) -> str:
        done = CliRunner().invoke(app, list(arguments), input=typed)
        assert done.exit_code in statuses, (arguments, done.output, done.exception)
        for text in (done.stdout, done.stderr):
            assert [sign for sign in hidden(text) if sign not in "\u3164"] == [], arguments
        return str(done.stdout)

    run("index", str(film), "--only", "transcript,structure", *off)
    with Library.open(place) as library:
        video = library.videos()[0].video_id
    question = "Who will send the migration plan?"
    run("ls")
    run("show", video)
    run("search", "migration", *off)
    run("mentions", "migration")
    run("speakers", video)
    run("ask", question, "-v", "--save", str(tmp_path / "a.html"), *off)
    run("ask", question, "--format", "srt", *off)
    saved.write_text(run("ask", question, "--json", *off))
    run("export", str(saved), "--save", str(tmp_path / "a.md"))
    run("chat", "--session", "one", *off, typed=f"{question}\n/history\n/sessions\n")
    run("chat", "--list")
    run("summary", video, *off)
    for kind in ("vtt", "json", "ffmetadata"):
        run("chapters", video, "--format", kind)
    minutes = tmp_path / f"minutes{BAD}.md"
    minutes.write_text(
        f"Eve{BAD} will send the migration plan{BAD} by Friday.\n\nNobody{BAD} sends the migration plan.\n"
    )
    told = run("verify", str(minutes), *off, statuses=(0, 1))
    assert "migration plan" in told
    for command in (["verify", str(minutes)], ["search", "migration"]):
        run(*command, "--json", *off, statuses=(0, 1))
    for command in (["mentions", "migration"], ["ls"], ["show", video], ["speakers", video], ["check"]):
        run(*command, "--json")
    run("check")
    run("doctor")
    for new in ("Ada", f"Bo{BAD}b"):
        run("speakers", video, "--rename", f"Eve{BAD}={new}", statuses=(0, 1, 2))
    run("search", "migration", "--video", f"no{BAD}body", *off, statuses=(1, 2))
    run("backup", str(tmp_path / f"copy{BAD}"))
    run("rm", video, "--yes")
    for written in ("a.html", "a.md"):
        assert hidden((tmp_path / written).read_text()) == []


def test_errors_are_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["longvid", "clip", f"/none/{BAD}\nforged.json", "-o", "x.mp4"])
    with pytest.raises(SystemExit):
        main()
    told = capsys.readouterr().err
    assert hidden(told) == []
    assert told.count("\n") == 1


# --- progress ----------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def events(title: str) -> list[object]:
    path = f"/films/{title}.mp4"
    report = IndexReport("v", title, path, "indexed", 60.0, {"transcript": StageResult("transcript", "done")})
    report.stages["transcript"] = replace(report.stages["transcript"], engine="engine " * 30, seconds=2.0)
    return [
        FilesFound(2),
        StageStarted(path, title, "transcript"),
        Told(f"told {title}"),
        StageFinished(path, title, report.stages["transcript"]),
        StageStarted(path, title, "screen_text"),
        RunsAgain(path, f"again {title}"),
        FileGone(title, path),
        FileFinished(replace(report, notes=(title,)), 1),
        FileFinished(replace(report, status="failed", error=ErrorInfo("x", f"{path} is broken")), 2),
    ]


@pytest.mark.parametrize("title", ["talk", HOSTILE, "a very long title of a talk " * 9])
def test_an_indexed_video_is_one_line_of_at_most_80_columns(
    title: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with Progress(json=True) as show:
        for event in events(title):
            show(event)
        show.close([])
    told = capsys.readouterr()
    lines = told.err.splitlines()
    indexed = [line for line in lines if line.startswith("indexed")]
    assert len(indexed) == 1
    assert len(indexed[0]) <= 80
    assert indexed[0].endswith("1:00  in 2.0 s")
    assert hidden(told.err) == []
    assert len(told.out.splitlines()) == 2


def test_quiet_tells_of_failures_only(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(json=False, quiet=True) as show:
        for event in events("talk"):
            show(event)
        show.close([])
    assert capsys.readouterr().err == "failed     /films/talk.mp4: /films/talk.mp4 is broken\n"


@pytest.mark.parametrize(("further", "times"), [(3, 1), (30, 2)])
def test_of_many_files_those_that_failed_are_told_again_at_the_end(
    further: int, times: int, capsys: pytest.CaptureFixture[str]
) -> None:
    reports = [event.report for event in events("talk") if isinstance(event, FileFinished)]
    well = next(report for report in reports if report.status != "failed")
    with Progress(json=False) as show:
        for event in events("talk"):
            show(event)
        show.close([*reports, *[well] * further])
    lines = capsys.readouterr().err.splitlines()
    assert lines.count("failed     /films/talk.mp4: /films/talk.mp4 is broken") == times


def test_on_a_pipe_a_line_now_and_then_says_what_is_at_work(capsys: pytest.CaptureFixture[str]) -> None:
    now = 0.0
    show = Progress(json=False, clock=lambda: now)
    for number in range(100):
        now = number * 7.0
        show(StageStarted("/a.mp4", "talk", "screen_text"))
    lines = capsys.readouterr().err.splitlines()
    assert set(lines) == {"at work    talk: screen text"}
    assert len(lines) == 99 * 7 // 35


def test_on_a_terminal_bars_are_drawn_and_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with Progress(json=False) as show:
        for event in events(HOSTILE):
            show(event)
        show.close([])
    drawn = terminal.getvalue()
    for never in ("\x1b[31m", "\x1b]0;", "\u202e", "\x9b", "\u200b"):
        assert never not in drawn
    assert "files" in drawn
    assert drawn.count("\x1b[?25l") == drawn.count("\x1b[?25h") > 0, "the cursor comes back"
