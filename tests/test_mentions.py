"""Mentions are complete: nothing that a plain scan finds is missing, and nothing is made up."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from longvid_storage.db.store import Store
from longvid_storage.errors import UsageError
from longvid_storage.search import mentions as searching
from longvid_storage.search.mentions import VideoMentions
from longvid_storage.types import EVERYTHING, Scope, ScreenText, Slide, Utterance
from test_search import add, talk

pytestmark = pytest.mark.both_stores


def mentions(store: Store, terms: list[str], scope: Scope = EVERYTHING) -> list[VideoMentions]:
    with store.view(scope) as view:
        return searching.mentions(view, terms)


def places(store: Store, *terms: str, **filters: object) -> list[tuple[str, float]]:
    return [
        (group.title, mention.start_s)
        for group in mentions(store, list(terms), Scope(**filters))
        for mention in group.mentions
    ]


def test_every_form_is_found_by_video_in_time_order_with_counts(store: Store) -> None:
    add(store, "b", talk({500.0: "rates rise. The rate rose", 100.0: "a high Rate"}, length_s=600))
    add(store, "a", talk({200.0: "no rating here, but the learning rates are"}, length_s=300))
    add(store, "c", talk({}))
    found = mentions(store, ["rate"])
    assert [(group.title, group.path, group.count) for group in found] == [
        ("a", "/videos/a.mp4", 2),
        ("b", "/videos/b.mp4", 3),
    ]
    assert [(mention.start_s, mention.count) for mention in found[1].mentions] == [
        (100, 1),
        (500, 1),
        (500, 1),
    ]
    assert found[1].mentions[0].text == "a high Rate"
    assert found[1].mentions[0].speaker == "Ann"
    assert places(store, "learning rate") == [("a", 200)]
    assert places(store, '"learning rate"') == []
    assert places(store, '"learning RATES"') == [("a", 200)]
    assert places(store, "rate learning") == []
    assert places(store, "nothing like it") == []


def test_any_of_several_terms(store: Store) -> None:
    add(store, "a", talk({100.0: "apples", 200.0: "pears and apples", 250.0: "plums"}, length_s=300))
    found = mentions(store, ["apple", "plum"])
    assert [(each.start_s, each.terms) for each in found[0].mentions] == [
        (100, ("apple",)),
        (200, ("apple",)),
        (250, ("plum",)),
    ]


def test_the_speaker_filter(store: Store) -> None:
    add(store, "a", talk({100.0: "the fork", 200.0: "the fork"}, length_s=300, speakers={200.0: "Bob"}))
    assert places(store, "fork") == [("a", 100), ("a", 200)]
    assert places(store, "fork", speaker="BOB") == [("a", 200)]
    assert places(store, "fork", to_s=150.0) == [("a", 100)]
    assert places(store, "fork", from_s=150.0) == [("a", 200)]


def test_what_is_shown_counts_too(store: Store) -> None:
    lines = [ScreenText(0, 60, "Gradient", (0, 0, 1, 0.1)), ScreenText(0, 60, "descent", (0, 0.2, 1, 0.3))]
    add(store, "a", talk({30.0: "gradients"}, length_s=100), slides=[Slide(0, 60, 5)], lines=lines)
    found = mentions(store, ["gradient"])[0].mentions
    assert [(each.kind, each.text) for each in found] == [
        ("screen", "Gradient descent"),
        ("speech", "gradients"),
    ]
    across = mentions(store, ["gradient descent"])[0].mentions
    assert [(each.kind, each.text, each.end_s) for each in across] == [("screen", "Gradient descent", 60)]


def test_a_phrase_across_two_utterances_and_inside_a_very_long_one(store: Store) -> None:
    split = [Utterance(0, 4, "we set the learning", "Ann"), Utterance(4, 8, "rate by hand", "Ann")]
    add(store, "split", split)
    words = [f"w{number}" for number in range(200)]
    words[44:46] = ["learning", "rate"]
    add(store, "long", [Utterance(0, 90, " ".join(words))])
    assert places(store, "learning rate") == [("long", 0), ("split", 0)]


@pytest.mark.parametrize("word", ["学", "学习", "学习率", "率"])
def test_characters_and_words_of_chinese(store: Store, word: str) -> None:
    add(store, "a", talk({100.0: "今天学习率很高", 200.0: "天气很好"}, length_s=300))
    assert places(store, word) == [("a", 100)]


@pytest.mark.parametrize("asked", ["学习率", "习率", "率的"])
@pytest.mark.parametrize("end", ["。", ""])
def test_a_word_of_chinese_over_two_captions(store: Store, asked: str, end: str) -> None:
    cues = ["今天我们讨论学习", f"率的设置{end}", "天气很好。今天很冷。"]
    add(store, "a", [Utterance(3.0 * at, 3.0 * at + 3, text, None, "zh") for at, text in enumerate(cues)])
    (place,) = mentions(store, [asked])[0].mentions
    assert (place.start_s, place.end_s) == ((3, 6) if asked == "率的" else (0, 6))
    assert place.text == "今天我们讨论学习率的设置。" or not end


@pytest.mark.parametrize("asked", ["LCD", "L.C.D.", "LCDs", "lcd"])
def test_a_word_and_its_letters_spelled_are_one(store: Store, asked: str) -> None:
    said = {
        100.0: "an L_C_D_ display",
        200.0: "the L.C.D. is lit",
        300.0: "two LCDs",
        400.0: "L, C and D are letters",
    }
    add(store, "a", talk(said, length_s=500))
    assert [start_s for _, start_s in places(store, asked)] == [100, 200, 300]


def test_recall_against_a_plain_scan(store: Store) -> None:
    chance = random.Random(7)
    vocabulary = [
        "budget",
        "remote",
        "control",
        "of",
        "the",
        "Mm-hmm",
        "design",
        "EIP-7702",
        "naïve",
        "we",
        "it's",
    ]
    said: dict[str, list[Utterance]] = {}
    for number in range(6):
        at = 0.0
        for _ in range(150):
            length = chance.choice([0.0, 0.5, 3.0, 9.0, 70.0])
            text = " ".join(chance.choices(vocabulary, k=chance.choice([1, 2, 5, 20, 120])))
            who = chance.choice(["Ann", "Bob", None])
            said.setdefault(f"v{number}", []).append(Utterance(at, at + length, text, who))
            at += chance.choice([0.0, 1.0, 5.0, -0.4 if at > 1 else 0.0]) + length
    for title, utterances in said.items():
        add(store, title, utterances)
    for term in ("budget", "of the", "remote control", "eip-7702", "naive", "design of the budget"):
        pattern = re.compile(r"\b" + re.escape(term).replace(r"\ ", r"\s+") + r"\b", re.IGNORECASE)
        scan = [
            (title, utterance)
            for title, utterances in said.items()
            for utterance in utterances
            if pattern.search(utterance.text.replace("ï", "i"))
        ]
        found = [(group.title, each) for group in mentions(store, [term]) for each in group.mentions]
        assert scan, term
        for title, utterance in scan:
            assert any(
                title == other
                and utterance.speaker == each.speaker
                and each.start_s <= utterance.end_s
                and utterance.start_s <= each.end_s
                and pattern.search(each.text.replace("ï", "i"))
                for other, each in found
            ), (term, title, utterance)
        times = sum(len(pattern.findall(utterance.text.replace("ï", "i"))) for _, utterance in scan)
        counted = sum(each.count for _, each in found)
        assert counted == times if " " not in term else counted >= times


@pytest.mark.parametrize(
    "terms",
    [["remote control"], ["of the remote"], ["we we"], ["remote control", "the", "the of"]],
)
def test_what_of_a_phrase_is_read_is_all_that_holds_it(
    store: Store, monkeypatch: pytest.MonkeyPatch, terms: list[str]
) -> None:
    """The same as with every passage read of the videos that may hold it."""
    chance = random.Random(3)
    for title in "abc":
        said, at = [], 0.0
        for _ in range(150):
            text = " ".join(chance.choices(["remote", "control", "of", "the", "we"], k=3))
            said.append(Utterance(at, at + 2, f"{text.capitalize()}.", chance.choice(["Ann", "Bob", None])))
            at += chance.choice([2.0, 4.5, 6.0])
        add(store, title, said)
    few = searching.AcrossPassages.of
    found = mentions(store, terms)
    monkeypatch.setattr(searching.AcrossPassages, "of", lambda *given: replace(few(*given), exact=True))
    assert found == mentions(store, terms)
    assert any(len(each.passage_ids) > 1 for group in found for each in group.mentions)


def test_a_phrase_over_two_cues_of_a_sentence_has_the_span_of_the_cues_it_is_in(store: Store) -> None:
    cues = [
        Utterance(0, 15, "First we talk about something else entirely", "Ann"),
        Utterance(15, 18, "and then about the learning", "Ann"),
        Utterance(18, 21, "rate of the optimiser", "Ann"),
        Utterance(21, 40, "and about the weather.", "Ann"),
    ]
    add(store, "split", cues)
    (place,) = mentions(store, ["learning rate"])[0].mentions
    assert (place.start_s, place.end_s) == (15, 21)
    (word,) = mentions(store, ["optimiser"])[0].mentions
    assert (word.start_s, word.end_s) == (18, 21)


def test_a_long_video_costs_in_proportion(store: Store) -> None:
    """Statements, and rows read, do not multiply."""
    add(store, "a", talk({}, length_s=6000))
    assert mentions(store, ["coffee"])[0].count == 120


def test_a_term_without_letters_is_refused(store: Store) -> None:
    with pytest.raises(UsageError, match="no letter or digit"):
        mentions(store, ["..."])
    with pytest.raises(UsageError, match="no term"):
        mentions(store, [])


def test_an_empty_library_mentions_nothing(tmp_path: Path) -> None:
    with Store.open(tmp_path / "empty", create=True) as empty:
        assert mentions(empty, ["word"]) == []


def test_a_video_is_told_before_the_next_are_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The passages of few videos are in memory at a time, and they come in the order of titles."""
    for name in "dbeca":
        add(store, name, talk(dict.fromkeys((10.0, 20.0, 30.0), "the fork"), length_s=100))
    read: list[int] = []

    def counted(*given: Any) -> Any:
        for line in lines(*given):
            read.append(line.video_key)
            yield line

    lines = searching._lines
    monkeypatch.setattr(searching, "_lines", counted)
    monkeypatch.setattr(searching, "_ROWS", 7)
    with store.view() as view:
        told = [(video.title, len(set(read))) for video in searching.each_mentioned(view, ["fork"])]
    assert told == [("a", 2), ("b", 2), ("c", 4), ("d", 4), ("e", 5)]
    assert len(read) == 15, "and each is read once"
