"""The chain of summaries: in order, within the window, resting on real places, written again only where needed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise

import pytest

from longvid_indexer.structure import build_structure
from longvid_indexer.summarising import write
from longvid_indexer.summarising.chain import Chain, folded_library, written_chain
from longvid_indexer.summarising.extractive import central, extractive_chain, library_link
from longvid_indexer.summarising.material import EventMaterial, events_of
from longvid_indexer.summarising.write import Writer, chosen_quotes
from longvid_storage.db.chain import ChainLink, Quote, SummarySentence
from longvid_storage.errors import ModelError
from longvid_storage.types import ScreenText, Segment, Utterance, VideoInfo
from scripted_summariser import ScriptedSummariser

TALK = [
    ("Maya", "Good morning, today we look at the migration of the customer database."),
    ("Jonas", "The migration needs a copy of every table on the new cluster."),
    ("Jonas", "Copying 40 tables takes about three days."),
    ("Maya", "So we agreed to postpone the migration until the second week of March."),
    ("Jonas", "I will send the migration plan to everyone by Friday."),
    ("Maya", "The budget for the new cluster is 9000 euros."),
]


def talk(texts: Sequence[tuple[str, str]] = TALK, step_s: float = 20.0) -> list[Utterance]:
    return [Utterance(i * step_s, i * step_s + 10, text, who) for i, (who, text) in enumerate(texts)]


def thirds(utterances: Sequence[Utterance]) -> list[Segment]:
    end_s = utterances[-1].end_s
    edges = [0.0, end_s / 3, 2 * end_s / 3, end_s]
    return [Segment("event", a, b, "Event") for a, b in pairwise(edges)]


def material(utterances: Sequence[Utterance], shown: Sequence[ScreenText] = ()) -> list[EventMaterial]:
    return events_of("v", thirds(utterances), utterances, shown)


def links_of(events: Sequence[EventMaterial], utterances: Sequence[Utterance]) -> list[ChainLink]:
    return extractive_chain("v", thirds(utterances), events, utterances, ())


def chain(
    model: ScriptedSummariser, utterances: Sequence[Utterance], known: Sequence[ChainLink] = ()
) -> tuple[Chain, Writer]:
    writer = Writer(model, "Planning")
    events = material(utterances)
    return written_chain(events, writer, known, links_of(events, utterances)), writer


def quotes_are_said(links: Sequence[ChainLink], utterances: Sequence[Utterance]) -> None:
    for link in links:
        for sentence in link.sentences:
            assert sentence.quotes
            for quote in sentence.quotes:
                inside = [u.text for u in utterances if quote.start_s <= u.start_s and u.end_s <= quote.end_s]
                assert quote.text in " ".join(inside)


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
    quotes_are_said(made.links, talk())
    whole = made.links[-1]
    assert whole.sentences[0].events == (("v", 0),)
    assert whole.sentences[-1].events == (("v", 2),)
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
    said = [
        Utterance(10.0 * n, 10.0 * n + 9, f"We talk about {w}.", "AB"[n % 2]) for n, w in enumerate(words)
    ]
    segments = [Segment("event", 600.0 * n, 600.0 * (n + 1), f"Part {n}") for n in range(60)]
    events = events_of("v", segments, said, ())
    assert sum(len(event.items) for event in events) == 3600
    instead = extractive_chain("v", segments, events, said, ())
    model = ScriptedSummariser(window=2500)  # refuses any request that is longer
    writer = Writer(model, "Ten hours")
    made = written_chain(events, writer, (), instead)
    assert made.notes == ()
    largest = max(model.count(r) + r.max_tokens for r in model.requests)
    assert 2000 < largest <= 2500
    levels = [link.level for link in made.links]
    assert levels.count("event") == 60
    assert levels.count("part") > 1, "what does not fit one request is folded part by part"
    assert levels[-1] == "video"
    assert len(made.links[-1].sentences) <= write.FOLD_SENTENCES
    quotes_are_said(made.links, said)
    unchanged = ScriptedSummariser(window=2500)
    again = written_chain(events, Writer(unchanged, "Ten hours"), made.links, instead)
    assert unchanged.requests == []
    assert again.links == made.links


def test_a_single_endless_utterance_is_cut_to_the_window() -> None:
    said = [Utterance(0, 90, " ".join(f"word{n}" for n in range(3000)))]
    events = events_of("v", [Segment("event", 0, 90)], said, ())
    model = ScriptedSummariser(window=2500)
    made = written_chain(events, Writer(model, "t"), (), ())
    assert len(model.requests) > 3
    assert {q.text for s in made.links[-1].sentences for q in s.quotes} == {said[0].text}


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
            events, Writer(model, "t"), (), links_of(events, talk()), lambda link, new: kept.append(link)
        )
    assert [link.text for link in kept] == ["One.", "Two."]
    model = ScriptedSummariser()
    written_chain(events, Writer(model, "t"), kept, links_of(events, talk()))
    assert len(model.requests) == 2


def test_without_a_model_the_chain_is_what_the_structure_chose_and_where_it_was_said() -> None:
    said = talk()
    info = VideoInfo("v", "Planning", 120.0, False, True)
    segments = build_structure(info, said, (), (), ())
    events = events_of("v", segments, said, ())
    links = extractive_chain("v", segments, events, said, ())
    assert [link.level for link in links] == ["event"] * len(events) + ["video"]
    quotes_are_said(links, said)
    summaries = {s.start_s: s.summary for s in segments if s.level == "event"}
    for link in links[:-1]:
        assert link.text == summaries[link.start_s]
    whole = next(s.summary for s in segments if s.level == "video")
    assert links[-1].text == whole
    assert {link.engine for link in links} == {"extractive"}
    again = extractive_chain("v", segments, events, said, ())
    assert [link.fingerprint for link in again] == [link.fingerprint for link in links]


def test_where_nothing_is_said_slides_are_summarised_by_their_titles() -> None:
    shown = [ScreenText(0, 9, "The water cycle", (0, 0, 1, 0.2)), ScreenText(9, 20, "Clouds", (0, 0, 1, 0.2))]
    segments = [Segment("video", 0, 20), Segment("event", 0, 20, "x", "The water cycle; Clouds")]
    events = events_of("v", segments, (), shown)
    links = extractive_chain("v", segments, events, (), shown)
    assert [(q.kind, q.text, q.start_s) for s in links[0].sentences for q in s.quotes] == [
        ("screen", "The water cycle", 0),
        ("screen", "Clouds", 9),
    ]
    assert links[-1].sentences
    assert extractive_chain("v", [], [], (), ()) == []


def sentence(text: str, video_id: str = "v", event: int = 0, start_s: float = 0.0) -> SummarySentence:
    return SummarySentence(text, (Quote(video_id, event, "speech", start_s, start_s + 5, text),))


def test_a_library_is_folded_from_its_videos() -> None:
    sentences = [
        [sentence("The parser reads the grammar.", "a"), sentence("Lunch was good.", "a", 1)],
        [sentence("A new grammar needs a new parser.", "b")],
    ]
    link = library_link(0, [s for each in sentences for s in each])
    assert link.level == "library"
    assert {video for s in link.sentences for video, _ in s.events} == {"a", "b"}
    model = ScriptedSummariser()
    writer = Writer(model, "library", "the recordings of")
    made = folded_library(sentences, writer, ())
    assert made[-1].level == "library"
    assert {video for s in made[-1].sentences for video, _ in s.events} == {"a", "b"}
    folded_library(sentences, writer, made)
    assert len(model.requests) == 1


def test_central_sentences_share_words_and_do_not_repeat() -> None:
    texts = [
        "The parser reads the grammar of the language.",
        "The parser reads the grammar of the language!",
        "A grammar describes the language that the parser reads.",
        "Tomorrow it rains.",
    ]
    chosen = [s.text for s in central([sentence(text) for text in texts], 2)]
    assert texts[3] not in chosen
    assert len(set(chosen) & set(texts[:2])) <= 1
    assert central([], 3) == []


def test_quotes_of_different_events_come_first() -> None:
    quotes = [
        Quote("v", event, "speech", event * 10.0 + n, event * 10.0 + n + 1, "x")
        for event in (0, 1, 2)
        for n in (0, 1, 2)
    ]
    chosen = chosen_quotes(quotes)
    assert {quote.event for quote in chosen} == {0, 1, 2}
    assert len(chosen) == write.MOST_QUOTES
    assert list(chosen) == sorted(chosen, key=lambda q: q.start_s)
