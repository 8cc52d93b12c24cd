"""Summaries: every line is said where it is cited, owners are those who promised, and nothing is made up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from longvid import Library
from longvid_agents.cues import _RULES, _SIGNS, owner_of, strength
from longvid_agents.cues_elsewhere import Cue
from longvid_agents.summarise import strongest, summarise
from longvid_storage.db.chain import ChainLink, SummarySentence
from longvid_storage.errors import NotFoundError, UsageError
from longvid_storage.types import Citation, Passage, Segment, Utterance
from small_library import SmallLibrary, SmallVideo

PLANNING = """WEBVTT

00:00:01.000 --> 00:00:06.000
<v Maya>Good morning, today we look at the migration of the customer database to the new cluster.

00:00:07.000 --> 00:00:12.000
<v Jonas>The migration of the customer database needs a copy of every table on the new cluster.

00:00:40.000 --> 00:00:46.000
<v Maya>So we agreed to postpone the migration until the second week of March.

00:01:20.000 --> 00:01:26.000
<v Jonas>I will send the migration plan to everyone in the team by Friday.

00:02:00.000 --> 00:02:06.000
<v Maya>Jonas, can you please check the backups of the old cluster as well?

00:02:40.000 --> 00:02:46.000
<v Jonas>We still don't know whether the old cluster keeps its backups after the contract ends.
"""


def sentence(text: str, speaker: str | None = "Maya", start_s: float = 0.0) -> Passage:
    return Passage(1, "v", "speech", start_s, start_s + 5.0, text, speaker)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("summary")
    (folder / "planning.vtt").write_text(PLANNING)
    opened = Library.open(folder / "library", create=True)
    opened.index(folder / "planning.vtt", collection="team")
    return opened


def test_a_meeting_is_summarised_from_its_own_sentences(library: Library) -> None:
    summary = library.summary("planning")
    assert [line.text for line in summary.decisions] == [
        "So we agreed to postpone the migration until the second week of March."
    ]
    assert [(line.owner, line.citation.start_s) for line in summary.action_items] == [
        ("Jonas", 80.0),
        ("Jonas", 120.0),
    ]
    assert [line.citation.start_s for line in summary.open_questions] == [160.0]
    assert any("customer database" in line.text for line in summary.overview)
    assert summary.chapters[0].start_s == 0.0
    said = {(u.start_s, u.end_s): u.text for u in library.show("planning").utterances}
    for line in (*summary.overview, *summary.decisions, *summary.action_items, *summary.open_questions):
        assert line.citation.quote == said[line.citation.start_s, line.citation.end_s]
    for line in (*summary.decisions, *summary.action_items, *summary.open_questions):
        assert line.citation.quote == line.text
    for line in summary.overview:  # of the chain, which does without a "So" that leads in
        assert line.citation.quote.endswith(line.text[1:])


ORCHARD = """\
Good morning to all of you. Today we walk through the orchard on the hill. There are nine rows of
pear trees. Two of the rows were planted in 1987. The old ladder is broken since Monday. A new
ladder costs three hundred euros. We asked two carpenters for a price. The water tank was filled to
the top last night. After that the leaves stayed green for a week. The baskets must be washed every
month. Next week we will prune the upper rows. Peter will order the ladder on Thursday. Ruth will
paint the shed by Friday. The money for this year is four thousand euros. So we decided to sell the
pears at the market in town. The last subject is the path. Nobody knows who will mend the path.
Thank you and goodbye until next month.
"""


def clock(time_s: float) -> str:
    return f"{time_s // 60:02.0f}:{time_s % 60:06.3f}"


def test_a_talk_without_punctuation_yields_what_its_punctuated_copy_does(tmp_path: Path) -> None:
    for name, at_once in (("points", 0), ("bare", 7)):
        said = ORCHARD.split() if at_once == 0 else [word.strip(".").lower() for word in ORCHARD.split()]
        ends = [n for n, word in enumerate(said, 1) if word.endswith(".") or (at_once and n % at_once == 0)]
        begins, cues = [0, *ends[:-1]], []
        for begin, end in zip(begins, ends, strict=True):
            cues.append(f"{clock(begin * 0.4)} --> {clock(end * 0.4)}\n{' '.join(said[begin:end])}\n")
        (tmp_path / f"{name}.vtt").write_text("\n".join(["WEBVTT\n", *cues]))
    library = Library.open(tmp_path / "library", create=True)
    library.index(tmp_path)
    points, bare = library.summary("points"), library.summary("bare")
    for kind in ("decisions", "action_items"):
        there, here = getattr(points, kind), getattr(bare, kind)
        assert there, kind
        assert [line.owner for line in here] == [line.owner for line in there]
        for one, other in zip(there, here, strict=True):
            assert abs(one.citation.start_s - other.citation.start_s) < 3.0
            assert len(other.text.split()) < 20
    for question, word in (("Who will order the ladder?", "peter"), ("What does a ladder cost?", "hundred")):
        claim = library.ask(question, video="bare").claims[0]
        assert word in claim.text.lower()
        assert len(claim.text.split()) < 20


def test_a_collection_gives_one_summary_a_video(library: Library) -> None:
    assert [each.title for each in library.collection_summary("team")] == ["planning"]
    with pytest.raises(NotFoundError):
        library.collection_summary("nobody's")


def test_the_length_is_checked(library: Library) -> None:
    with pytest.raises(UsageError, match=r"'medium'.*short or long"):
        library.summary("planning", length="medium")


def test_the_command_prints_markdown_and_json(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    from longvid.cli import app

    place = str(library._store.path)
    app(["summary", "planning", "-L", place], standalone_mode=False)
    text = capsys.readouterr().out
    assert "## Decisions\n\n- Maya: So we agreed" in text
    assert (
        "**Jonas**: I will send the migration plan to everyone in the team by Friday. [planning @ 1:20–1:26]"
        in text
    )
    assert "_Extractive: sentences of the video itself" in text
    app(["summary", "--collection", "team", "--json", "-L", place], standalone_mode=False)
    assert json.loads(capsys.readouterr().out)["action_items"][0]["owner"] == "Jonas"
    for wrong in (["summary", "-L", place], ["summary", "planning", "--format", "pdf", "-L", place]):
        with pytest.raises(UsageError):
            app(wrong, standalone_mode=False)


def test_who_takes_a_task_on() -> None:
    speakers = ["Maya", "Jonas Weber"]
    assert owner_of(sentence("I'll write the report before the next call."), speakers) == "Maya"
    assert (
        owner_of(sentence("Jonas should write the report before the next call."), speakers) == "Jonas Weber"
    )
    assert owner_of(sentence("Somebody should write the report."), speakers) is None
    assert owner_of(sentence("Maya and Jonas Weber should write it.", "Ada"), speakers) is None


def test_tasks_of_two_people_one_after_the_other_are_two() -> None:
    said = [
        "Tom will order the valve tomorrow.",
        "Jane will write the report by Monday.",
        "I think so.",
        "I will send them tonight.",
    ]
    passages = [
        Passage(n, "v", "speech", 4.0 * n, 4.0 * n + 4.0, text, "Maya") for n, text in enumerate(said, 1)
    ]
    assert [p.text for p in strongest(passages[:2], "action", 5)] == said[:2]
    bare = [
        Passage(p.id, "v", "speech", p.start_s, p.end_s, p.text.lower().strip("."), None) for p in passages
    ]
    assert [p.id for p in strongest(bare[:2], "action", 5)] == [1, 2]
    assert strength(passages[3], "action") > 0
    # Nobody takes on what "it" or "that" will do.
    assert strength(sentence("It will make the new prices."), "action") == 0
    assert strength(sentence("That will do for now."), "action") == 0


def test_small_talk_and_questions_decide_nothing() -> None:
    assert (
        strength(sentence("Should we agree to postpone it until the week after the next?"), "decision") == 0
    )
    for said in (
        "Let's decide that: we migrate on the night of March the 8th.",
        "Then we postpone dark mode to the second quarter.",
        "Okay, then we'll move the launch to the week after.",
    ):
        assert strength(sentence(said), "decision") > 0
    assert strength(sentence("And then we looked at all the numbers once again."), "decision") == 0
    assert strength(sentence("I'll book the test machines for next Tuesday."), "action") > 0
    named = strength(sentence("I will update the Grafana dashboard with these DevNet 3 nodes."), "action")
    assert named > strength(sentence("I will update the whole of it with these new ones."), "action")
    assert named > strength(sentence("I will add interesting context in our… yes, our…"), "action")
    assert strength(sentence("I will share my screen now so that you can all see it."), "action") == 0
    assert strength(sentence("We agreed."), "decision") == 0


def test_one_line_a_place_and_in_time_order() -> None:
    promises = [
        sentence(f"I will send the report number {n} to all of you.", start_s=n * 10.0) for n in range(12)
    ]
    chosen = strongest(promises, "action", 3)
    assert [one.start_s for one in chosen] == [0.0, 30.0, 60.0]


def test_a_video_in_which_nothing_is_said_has_chapters_only() -> None:
    silent = SmallLibrary([SmallVideo("v", "silent", segments=[Segment("event", 0.0, 9.0, "Titles")])])
    with silent.view() as view:
        summary = summarise(view, view.cards()[0])
    assert [chapter.title for chapter in summary.chapters] == ["Titles"]
    assert (summary.overview, summary.decisions, summary.action_items) == ((), (), ())


def test_the_overview_is_the_chain_short_or_long_without_what_has_lost_its_place() -> None:
    said = [Utterance(10.0 * n, 10.0 * n + 9, f"Sentence {n} is about the parser.") for n in range(3)]
    held = SmallLibrary([SmallVideo("v", "talk", said)])
    first, second, third = held.passages("v")

    def link(level: Literal["event", "video"], seq: int, *passages: Passage) -> ChainLink:
        sentences = tuple(SummarySentence(each.text, (each.id,)) for each in passages)
        return ChainLink(level, seq, 0, 29, sentences, "f", "extractive")

    held.write_chain(
        "v", [link("event", 0, first), link("event", 1, second, third), link("video", 0, second)]
    )
    with held.view() as view:
        (card,) = view.cards()
        assert [line.text for line in summarise(view, card).overview] == [second.text]
        long = summarise(view, card, length="long").overview
        assert [line.citation for line in long] == [
            Citation.of(each, "talk", "talk.mp4") for each in (first, second, third)
        ]
    with held.store.stage("v", "transcript", "2") as writer:
        writer.replace_utterances([said[0], said[2]])
    with held.view() as view:
        assert summarise(view, card).overview == ()
        assert [line.text for line in summarise(view, card, length="long").overview] == [
            first.text,
            third.text,
        ]


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.data(), st.sampled_from(sorted(_RULES)))
def test_the_signs_leave_out_nothing_that_a_rule_finds(data: st.DataObject, cue: Cue) -> None:
    _, pattern = data.draw(st.sampled_from(_RULES[cue]))
    text = data.draw(st.from_regex(pattern).filter(str.isascii))
    assert any(sign in text.lower() for sign in _SIGNS[cue])
