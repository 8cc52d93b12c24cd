"""The chain of summaries: in order, within the window, resting on real places, written again only where needed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from longvid_indexer.structure import build_structure
from longvid_indexer.summarising import write
from longvid_indexer.summarising.chain import Chain, folded_library, written_chain
from longvid_indexer.summarising.extractive import extractive_chain
from longvid_indexer.summarising.material import EventMaterial, events_of
from longvid_indexer.summarising.write import Writer
from longvid_storage.db.chain import ChainLink, SummarySentence
from longvid_storage.errors import ModelError
from longvid_storage.text.mmr import central
from longvid_storage.types import Passage, ScreenText, Segment, Utterance, VideoInfo
from passage_tools import passages_of
from scripted_summariser import ScriptedSummariser

TALK = [
    ("Maya", "Good morning, today we look at the migration of the customer database."),
    ("Jonas", "The migration needs a copy of every table on the new cluster."),
    ("Jonas", "Copying 40 tables takes about three days."),
    ("Maya", "So we agreed to postpone the migration until the second week of March."),
    ("Jonas", "I will send the migration plan to everyone by Friday."),
    ("Maya", "The budget for the new cluster is 9000 euros."),
]


def talk(texts: Sequence[tuple[str, str]] = TALK, step_s: float = 20.0) -> list[Passage]:
    return passages_of(
        Utterance(i * step_s, i * step_s + 10, text, who) for i, (who, text) in enumerate(texts)
    )


def thirds(said: Sequence[Passage]) -> list[Segment]:
    """Three events of equal length, each with its first passage as what it is summed up by."""
    end_s = said[-1].end_s
    edges = [0.0, end_s / 3, 2 * end_s / 3, end_s]
    first = [next(p for p in said if p.start_s >= edge) for edge in edges[:-1]]
    return [
        Segment("event", *span, "Event", p.text, (p.id,))
        for span, p in zip(pairwise(edges), first, strict=True)
    ]


def material(said: Sequence[Passage]) -> list[EventMaterial]:
    return events_of(thirds(said), said)


def links_of(events: Sequence[EventMaterial], said: Sequence[Passage]) -> list[ChainLink]:
    return extractive_chain(thirds(said), events, said)


def writer_of(model: ScriptedSummariser, said: Sequence[Passage], title: str = "Planning") -> Writer:
    return Writer(model, title, {passage.id: passage for passage in said})


def chain(
    model: ScriptedSummariser, said: Sequence[Passage], known: Sequence[ChainLink] = ()
) -> tuple[Chain, Writer]:
    writer = writer_of(model, said)
    events = material(said)
    return written_chain(events, writer, known, links_of(events, said)), writer


def rests_on_what_is_there(links: Sequence[ChainLink], said: Sequence[Passage]) -> None:
    """Each sentence names passages of its link's span, earliest first."""
    known = {passage.id: passage for passage in said}
    for link in links:
        for sentence in link.sentences:
            passages = [known[each] for each in sentence.passages]
            assert passages
            assert [p.start_s for p in passages] == sorted(p.start_s for p in passages)
            assert all(link.start_s <= p.start_s < link.end_s for p in passages)


def texts_of(link: ChainLink, said: Sequence[Passage]) -> list[str]:
    known = {passage.id: passage.text for passage in said}
    return [known[each] for sentence in link.sentences for each in sentence.passages]


def test_each_event_knows_what_came_before_and_the_whole_is_folded_from_them() -> None:
    model = ScriptedSummariser()
    made, writer = chain(model, talk())
    assert [(link.level, link.seq) for link in made.links] == [
        ("event", 0),
        ("event", 1),
        ("event", 2),
        ("video", 0),
    ]
    assert len(model.requests) == writer.tally.model_calls == 4
    before = [[m.text for m in request.material if m.id == "before"] for request in model.requests]
    assert before == [[], [made.links[0].so_far], [made.links[1].so_far], []]
    assert {m.speaker for m in model.requests[0].material} == {"Maya", "Jonas"}
    rests_on_what_is_there(made.links, talk())
    whole = made.links[-1]
    assert set(whole.sentences[0].passages) <= {1, 2}
    assert set(whole.sentences[-1].passages) <= {5, 6}
    assert {link.engine for link in made.links} == {"scripted"}
    assert writer.tally.tokens_read > writer.tally.tokens_written > 0


def test_nothing_changed_costs_no_call() -> None:
    first, _ = chain(ScriptedSummariser(), talk())
    model = ScriptedSummariser()
    again, writer = chain(model, talk(), first.links)
    assert model.requests == []
    assert again.links == first.links
    assert writer.tally.kept == 4


def test_only_what_changed_and_what_follows_is_written_again() -> None:
    first, _ = chain(ScriptedSummariser(), talk())
    changed = [*TALK[:-1], ("Maya", "The budget for the new cluster is 8000 euros.")]
    model = ScriptedSummariser()
    again, writer = chain(model, talk(changed), first.links)
    assert again.links[:2] == first.links[:2]
    assert (len(model.requests), writer.tally.kept) == (2, 2)  # the last event, and the whole
    model = ScriptedSummariser()
    early = [("Maya", "Good evening, today we look at the backups."), *TALK[1:]]
    _, writer = chain(model, talk(early), first.links)
    # The second event reads another "so far"; when that comes out as before, the third is kept.
    assert writer.tally.kept <= 2
    assert len(model.requests) == 4 - writer.tally.kept
    model = ScriptedSummariser(fingerprint="scripted-2")
    chain(model, talk(), first.links)
    assert len(model.requests) == 4  # another model writes everything anew


def test_ten_hours_fit_any_window() -> None:
    words = [f"topic{n % 37} and detail{n} of the long discussion about matter{n % 11}" for n in range(3600)]
    said = talk([("AB"[n % 2], f"We talk about {w}.") for n, w in enumerate(words)], 10.0)
    segments = [Segment("event", 600.0 * n, 600.0 * (n + 1), f"Part {n}") for n in range(60)]
    events = events_of(segments, said)
    assert sum(len(event.items) for event in events) == 3600
    instead = extractive_chain(segments, events, said)
    model = ScriptedSummariser(window=2500)  # refuses any request that is longer
    writer = writer_of(model, said, "Ten hours")
    made = written_chain(events, writer, (), instead)
    assert made.notes == ()
    largest = max(model.count(r) + r.max_tokens for r in model.requests)
    assert 2000 < largest <= 2500
    levels = [link.level for link in made.links]
    assert levels.count("event") == 60
    assert levels.count("part") > 1, "what does not fit one request is folded part by part"
    assert levels[-1] == "video"
    assert len(made.links[-1].sentences) <= write.FOLD_SENTENCES
    rests_on_what_is_there(made.links, said)
    unchanged = ScriptedSummariser(window=2500)
    again = written_chain(events, writer_of(unchanged, said, "Ten hours"), made.links, instead)
    assert unchanged.requests == []
    assert again.links == made.links


def test_an_endless_sentence_is_cut_to_the_window() -> None:
    said = passages_of([Utterance(0, 90, " ".join(f"word{n}" for n in range(3000)))])
    events = events_of([Segment("event", 0, 90)], said)
    model = ScriptedSummariser(window=2500)
    made = written_chain(events, writer_of(model, said), (), ())
    assert len(model.requests) > 3
    read = {word for request in model.requests for m in request.material for word in m.text.split()}
    assert {f"word{n}" for n in range(3000)} <= read
    rests_on_what_is_there(made.links, said)
    # A single piece that no window takes (a word of a megabyte) is cut as well, and each part rests on it.
    endless = replace(said[0], text=" ".join(f"word{n}" for n in range(3000)))
    model = ScriptedSummariser(window=2500)
    made = written_chain(events_of([Segment("event", 0, 90)], [endless]), writer_of(model, [endless]), (), ())
    assert len(model.requests) > 3
    assert {each for s in made.links[-1].sentences for each in s.passages} == {endless.id}


def test_a_window_too_small_for_anything_is_refused_with_what_it_needs() -> None:
    with pytest.raises(ModelError, match=r"window of scripted is 700 tokens.*needs \d+ at least"):
        chain(ScriptedSummariser(window=700), talk())


def reply(*rows: tuple[str, list[str]], so_far: str = "") -> str:
    return json.dumps({"sentences": [{"text": t, "evidence": e} for t, e in rows], "so_far": so_far})


def test_sentences_that_rest_on_nothing_are_dropped() -> None:
    model = ScriptedSummariser(
        reply(
            ("They plan the migration.", ["e1"]),
            ("Invented.", ["e99"]),
            ("Nothing named.", []),
            ("It costs 77 euros.", ["e1"]),
            ("Cites what came before.", ["before"]),
        )
    )
    made, writer = chain(model, talk())
    assert [s.text for s in made.links[0].sentences] == ["They plan the migration."]
    assert writer.tally.dropped == 4


def test_a_number_of_the_evidence_may_be_written() -> None:
    model = ScriptedSummariser(
        reply(("They greet.", ["e1"])), reply(("Copying 40 tables takes three days.", ["e1"]))
    )
    made, _ = chain(model, talk())
    assert made.links[1].text == "Copying 40 tables takes three days."


@pytest.mark.parametrize("nonsense", ["Sure! Here is a summary.", "{]", '{"sentences": 3}', "[1, 2]"])
def test_a_reply_that_cannot_be_used_is_asked_again_with_the_error(nonsense: str) -> None:
    model = ScriptedSummariser(nonsense)
    made, writer = chain(model, talk())
    assert "could not be used" in model.requests[1].prompt
    assert (writer.tally.refused, len(model.requests), made.notes) == (1, 5, ())


def test_two_useless_replies_leave_that_event_to_its_own_sentences() -> None:
    model = ScriptedSummariser("no", "no")
    made, _ = chain(model, talk())
    assert [link.engine for link in made.links] == ["extractive", "scripted", "scripted", "scripted"]
    assert len(made.notes) == 1
    assert made.notes[0].startswith("event 1 is summarised by its own sentences: it is not JSON")


def test_what_is_finished_is_handed_over_before_the_model_dies() -> None:
    kept: list[ChainLink] = []
    model = ScriptedSummariser(
        reply(("One.", ["e1"])), reply(("Two.", ["e1"])), ModelError("the endpoint is down")
    )
    events = material(talk())
    with pytest.raises(ModelError, match="down"):
        written_chain(
            events,
            writer_of(model, talk()),
            (),
            links_of(events, talk()),
            lambda link, new: kept.append(link),
        )
    assert [link.text for link in kept] == ["One.", "Two."]
    model = ScriptedSummariser()
    written_chain(events, writer_of(model, talk()), kept, links_of(events, talk()))
    assert len(model.requests) == 2


def test_without_a_model_the_chain_is_what_the_structure_chose_and_where_it_was_said() -> None:
    said = talk()
    info = VideoInfo("v", "Planning", 120.0, False, True)
    segments = build_structure(info, said, (), (), ())
    events = events_of(segments, said)
    links = extractive_chain(segments, events, said)
    assert [link.level for link in links] == ["event"] * len(events) + ["video"]
    rests_on_what_is_there(links, said)
    chosen = {s.start_s: s for s in segments if s.level == "event"}
    for link in links[:-1]:
        assert link.text == chosen[link.start_s].summary
        assert tuple(i for s in link.sentences for i in s.passages) == chosen[link.start_s].passages
    whole = next(s for s in segments if s.level == "video")
    assert links[-1].text == whole.summary
    assert tuple(i for s in links[-1].sentences for i in s.passages) == whole.passages
    assert {link.engine for link in links} == {"extractive"}
    again = extractive_chain(segments, events, said)
    assert [link.fingerprint for link in again] == [link.fingerprint for link in links]


def test_where_nothing_is_said_slides_are_summarised_by_their_titles() -> None:
    lines = [ScreenText(0, 9, "The water cycle", (0, 0, 1, 0.2)), ScreenText(9, 20, "Clouds", (0, 0, 1, 0.2))]
    shown = passages_of((), lines)
    segments = [Segment("video", 0, 20), Segment("event", 0, 20, "x", "The water cycle; Clouds")]
    links = extractive_chain(segments, events_of(segments, shown), shown)
    assert [(s.text, s.passages) for s in links[0].sentences] == [
        ("The water cycle", (shown[0].id,)),
        ("Clouds", (shown[1].id,)),
    ]
    assert links[-1].sentences
    assert extractive_chain([], [], ()) == []


def test_a_library_is_folded_from_its_videos() -> None:
    first = passages_of(
        [Utterance(0, 5, "The parser reads the grammar."), Utterance(9, 12, "Lunch was good.")], video_id="a"
    )
    second = [
        replace(p, id=p.id + 10)
        for p in passages_of([Utterance(0, 5, "A new grammar needs a new parser.")], video_id="b")
    ]
    sentences = [[SummarySentence(p.text, (p.id,)) for p in own] for own in (first, second)]
    model = ScriptedSummariser()
    writer = Writer(model, "library", {p.id: p for p in (*first, *second)}, "the recordings of")
    made = folded_library(sentences, writer, ())
    assert made[-1].level == "library"
    assert {each for s in made[-1].sentences for each in s.passages} == {first[0].id, second[0].id}
    folded_library(sentences, writer, made)
    assert len(model.requests) == 1


def test_central_texts_share_words_and_do_not_repeat() -> None:
    texts = [
        "The parser reads the grammar of the language.",
        "The parser reads the grammar of the language!",
        "A grammar describes the language that the parser reads.",
        "Tomorrow it rains.",
    ]
    chosen = central([text.lower().strip(".!").split() for text in texts], 2)
    assert 3 not in chosen
    assert len({0, 1} & set(chosen)) <= 1
    assert central([], 3) == []


def test_a_sentence_rests_on_the_best_passage_of_each_piece_it_names_first() -> None:
    """Three pieces of three passages each: four are kept, one of every piece among them, in order of time."""
    said = passages_of(
        Utterance(
            30.0 * piece + 5 * n,
            30.0 * piece + 5 * n + 4,
            f"Piece {'abc'[piece]} says {word} here.",
            "ABC"[piece],
        )
        for piece in range(3)
        for n, word in enumerate(("nothing", "migration", "something"))
    )
    events = events_of([Segment("event", 0, 90)], said)
    assert len(events[0].items) == 3
    model = ScriptedSummariser(reply(("It is the migration.", ["e3", "e1", "e2"])))
    made = written_chain(events, writer_of(model, said), (), ())
    (sentence,) = made.links[0].sentences
    chosen = [p for p in said if p.id in sentence.passages]
    assert list(sentence.passages) == [p.id for p in chosen]
    assert len(chosen) == write.MOST_PASSAGES
    assert [p.speaker for p in chosen if "migration" in p.text] == ["A", "B", "C"]
