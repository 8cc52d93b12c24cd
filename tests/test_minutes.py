"""Summaries by a language model: checked line by line, put together from parts, and merged for a collection."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from longvid import Library
from longvid.cli import app
from longvid_agents import minutes
from longvid_agents.minutes import written_summary
from longvid_agents.replies import Minutes
from longvid_agents.summarise import summarise
from longvid_agents.verify import supported
from longvid_agents.video_lm import Request
from longvid_storage.errors import ModelError
from longvid_storage.models.replies import UnreadableError, read_reply
from longvid_storage.text.dates import date_in
from longvid_storage.types import Claim, Utterance
from scripted_lm import ScriptedLM
from small_library import SmallLibrary, SmallVideo
from toy_engines import OFF, LMEngines

SAID = [
    ("Maya", "We look at the migration of the customer database today."),
    ("Maya", "So we agreed to postpone the migration until March."),
    ("Jonas", "I will send the migration plan to everyone by Friday."),
    ("Maya", "We do not know yet whether the backups are kept."),
]
GOOD = {
    "overview": [{"text": "They look at the migration of the customer database.", "evidence": ["e1"]}],
    "decisions": [{"text": "The migration is postponed until March.", "evidence": ["e2", "e1"]}],
    "action_items": [
        {"text": "Jonas sends the migration plan by Friday.", "owner": "Jonas", "evidence": ["e3"]}
    ],
    "open_questions": [{"text": "Are the backups kept?", "evidence": ["e4"]}],
}
YES = {"verdicts": [{"claim": n, "supported": True} for n in range(1, 5)]}


def tools(said: list[tuple[str, str]] = SAID) -> SmallLibrary:
    spoken = [Utterance(10.0 * n, 10.0 * n + 8, text, who) for n, (who, text) in enumerate(said)]
    return SmallLibrary([SmallVideo("v", "Planning", spoken)])


def written(lm: ScriptedLM, library: SmallLibrary | None = None) -> Any:
    with (library or tools()).view() as view:
        return written_summary(summarise(view, view.cards()[0]), view, lm, central=4, most=5)


def verdicts(*yes: bool) -> Any:
    """Says of each claim it is asked about what ``yes`` says, and yes to further ones."""

    def reply(request: Request) -> dict[str, Any]:
        count = sum(line[:1].isdigit() for line in request.prompt.splitlines())
        rows = [*yes, *[True] * count][:count]
        return {"verdicts": [{"claim": n, "supported": row} for n, row in enumerate(rows, 1)]}

    return reply


def test_every_line_is_written_by_the_model_and_cites_what_was_said() -> None:
    library = tools()
    summary = written(ScriptedLM(GOOD, verdicts()), library)
    assert [line.text for line in summary.decisions] == ["The migration is postponed until March."]
    assert [(line.owner, line.citation.start_s) for line in summary.action_items] == [("Jonas", 20.0)]
    assert [c.start_s for line in summary.decisions for c in (line.citation, *line.also)] == [10.0, 0.0]
    assert [line.text for line in summary.open_questions] == ["Are the backups kept?"]
    lines = (*summary.overview, *summary.decisions, *summary.action_items, *summary.open_questions)
    claims = [Claim(line.text, (line.citation, *line.also)) for line in lines]
    with library.view() as view:
        assert supported(claims, view) == claims
    assert summary.how.startswith("written by scripted from the transcript in 1 part;")


def test_lines_that_their_evidence_does_not_say_are_left_out() -> None:
    bad = {
        "decisions": [
            {"text": "They hire 12 people.", "evidence": ["e2"]},
            {"text": "They postpone it.", "evidence": ["e99"]},
            {"text": "They postpone it until March.", "evidence": []},
        ],
        "action_items": [
            {"text": "The migration plan is sent by Friday.", "owner": "Eve", "evidence": ["e3"]}
        ],
        "open_questions": [{"text": "Everybody dislikes the old office building.", "evidence": ["e4"]}],
    }
    summary = written(ScriptedLM(bad, verdicts(False, False, False)))
    assert summary.decisions == ()
    assert summary.open_questions == (), "the model itself does not read that there"
    assert {line.owner for line in summary.action_items} <= {None}, "nobody called Eve is there"
    assert summary.how.endswith(f", and {5 - len(summary.action_items)} that failed are left out")


def test_a_long_meeting_is_read_in_parts_and_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minutes, "PART_TOKENS", 60)
    said = [
        ("Maya", f"We agreed to use the server called alpha{n} for everything from now on.") for n in range(8)
    ]
    lm = ScriptedLM(otherwise=_first_decision)
    summary = written(lm, tools(said))
    asked = [r for r in lm.requests if "minutes" in r.prompt]
    assert len(asked) > 2
    assert sum(len(r.evidence) for r in asked) == 8
    assert "alpha0" in summary.decisions[0].text
    assert len(summary.decisions) <= 5
    assert f"in {len(asked)} parts" in summary.how


def _first_decision(request: Request) -> dict[str, Any]:
    if "minutes" not in request.prompt:
        return verdicts()(request)
    return {"decisions": [{"text": request.evidence[0].text, "evidence": ["e1"]}]}


def test_a_part_that_cannot_be_read_is_told() -> None:
    summary = written(ScriptedLM("no", "no"))
    assert "1 part (1 could not be read)" in summary.how
    assert summary.decisions == ()
    with pytest.raises(ModelError):
        written(ScriptedLM(ModelError("it is down: start it")))


@pytest.mark.parametrize(
    "text", ['{"minutes": []}', '{"overview": 3}', '{"overview": [{"text": ""}]}', "[]", "x"]
)
def test_replies_are_read_strictly(text: str) -> None:
    with pytest.raises(UnreadableError):
        read_reply(text, Minutes)


# --- a collection ----------------------------------------------------------------------------------------

MEETING = """WEBVTT

00:00:01.000 --> 00:00:08.000
<v {who}>So we agreed to postpone the {what} until the second week of March.

00:00:40.000 --> 00:00:48.000
<v {who}>I will send the plan of the {what} to everyone in the team by Friday.
"""


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("week")
    (folder / "2026-03-04 budget.vtt").write_text(MEETING.format(who="Zoe", what="budget"))
    (folder / "2026-03-02 launch.vtt").write_text(MEETING.format(who="Adam", what="launch"))
    with Library.open(folder / "library", create=True, models=OFF) as library:
        library.index(sorted(folder.glob("*.vtt")), collection="week")
    return folder / "library"


def test_a_week_of_meetings_is_one_digest_by_date_and_owner(
    week: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Library.open(week, models=OFF) as library:
        digest = library.collection_digest("week")
    assert [(line.date, line.meeting) for line in digest.decisions] == [
        ("2026-03-02", "2026-03-02 launch"),
        ("2026-03-04", "2026-03-04 budget"),
    ]
    assert [line.owner for line in digest.action_items] == ["Adam", "Zoe"]
    assert {line.citation.title for line in digest.overview} == {"2026-03-02 launch", "2026-03-04 budget"}
    assert [each.title for each in digest.summaries] == ["2026-03-02 launch", "2026-03-04 budget"]
    app(["summary", "--collection", "week", "-L", str(week), "--model", "text=off"], standalone_mode=False)
    text = capsys.readouterr().out
    assert text.startswith("# week: 2 recordings\n")
    assert "- 2026-03-02 · **Adam**: I will send the plan of the launch" in text
    arguments = [
        "summary",
        "--collection",
        "week",
        "--format",
        "json",
        "-L",
        str(week),
        "--model",
        "text=off",
    ]
    app(arguments, standalone_mode=False)
    assert len(json.loads(capsys.readouterr().out)["summaries"]) == 2


def test_the_library_asks_its_model_unless_told_not_to(week: Path) -> None:
    reply = {
        "decisions": [{"text": "The launch is postponed until the second week of March.", "evidence": ["e1"]}]
    }
    lm = ScriptedLM(reply, verdicts(), otherwise=verdicts())
    with Library.open(week, engines=LMEngines(lm)) as library:
        quoted = library.summary("2026-03-02 launch", extractive=True)
        assert lm.requests == []
        assert quoted.how.startswith("extractive: sentences of the video itself")
        summary = library.summary("2026-03-02 launch")
        assert "written by scripted" in summary.how
        assert summary.decisions[0].text.startswith("The launch is postponed")
        assert summary.chapters == quoted.chapters


def test_dates_in_names() -> None:
    assert date_in("Standup 2026-03-08 final") == "2026-03-08"
    assert date_in("GMT20260308-090000_Recording") == "2026-03-08"
    assert date_in("Standup 12345678901") is None
    assert date_in("Standup 8. März 2026") == "2026-03-08"
    assert date_in("08.03.2026 Standup") == "2026-03-08"
    assert date_in("例会 2026年3月8日") == "2026-03-08"
    assert date_in("March 8, 2026") == "2026-03-08"
    assert date_in("03-08-2026") is None  # whose day is first, nobody can tell
    assert date_in("31 February 2026") is None
    assert date_in("may 5 people") is None
    assert date_in("Standup") is None
