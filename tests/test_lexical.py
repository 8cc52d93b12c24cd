"""Word search finds what contains the words, scores it by BM25, and never lets a filter follow a limit."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine

from longvid_storage.db import lexical
from longvid_storage.db.library_files import make_engine
from longvid_storage.db.store import Store
from longvid_storage.types import Scope, Unit
from store_tools import fill, info, video_id


@pytest.fixture
def store(tmp_path: Path):
    with Store.open(tmp_path / "library", create=True) as opened:
        yield opened


def put(store: Store, name: str, units: list[Unit], collection: str | None = None) -> list[int]:
    store.upsert_video(info(name), collection)
    with store.stage(video_id(name), "transcript", "t") as writer:
        return writer.replace_units(units)


def unit(text: str, at_s: float = 0.0, *, size: str = "sentence", speaker: str | None = None,
         language: str | None = "en", channel: str = "speech") -> Unit:  # fmt: skip
    return Unit(channel, size, at_s, at_s + 10, text, speaker, language)


def bm25(documents: list[list[str]], query: list[str], k1: float = 1.2, b: float = 0.75) -> list[float]:
    """Robertson & Zaragoza 2009, eq. 3.15, with SQLite's constants and its floor for terms in over half of all."""
    mean = sum(map(len, documents)) / len(documents)
    scores = [0.0] * len(documents)
    for term in query:
        frequency = sum(term in document for document in documents)
        idf = max(math.log((len(documents) - frequency + 0.5) / (frequency + 0.5)), 1e-6)
        for position, document in enumerate(documents):
            count = document.count(term)
            scores[position] += idf * count * (k1 + 1) / (count + k1 * (1 - b + b * len(document) / mean))
    return scores


def test_scores_are_bm25_over_units_of_the_same_size(store: Store) -> None:
    texts = [
        "red apple",
        "green apple tree",
        "red red wine",
        "blue sky",
        "white cloud cloud",
        "a long line of grey stone",
    ]
    sentences = [unit(text, i) for i, text in enumerate(texts)]
    windows = [
        unit("red " * 20 + "noise", i, size="window") for i in range(30)
    ]  # must not move the sentences' scores
    ids = put(store, "talk", sentences + windows)
    documents = [text.split() for text in texts]
    wanted = {i: score for i, score in zip(ids, bm25(documents, ["red", "tree"]), strict=False) if score}
    found = store.lexical_search(["red", "tree"], sizes=["sentence"])
    assert [i for i, _ in found] == sorted(wanted, key=lambda i: -wanted[i])
    assert [score for _, score in found] == pytest.approx([wanted[i] for i, _ in found])
    counts = store.term_counts(["red", "tree", "absent"], sizes=["sentence"])
    assert counts.frequency == {"red": 2, "tree": 1, "absent": 0}
    assert counts.documents == 6
    assert counts.mean_length == pytest.approx(sum(map(len, documents)) / 6)


def test_a_filter_reaches_what_a_limit_would_have_hidden(store: Store) -> None:
    """A hundred better hits elsewhere, and still the one admitted hit is found with a limit of one."""
    put(store, "loud", [unit("gradient gradient gradient", i, speaker="Bob") for i in range(100)], "physics")
    passing = unit(
        "a passing word about the gradient in a long line", 500, speaker="Ada Lovelace", language="de"
    )
    (quiet,) = put(store, "quiet", [passing], "history")
    for filters in (
        Scope(video_ids=frozenset([video_id("quiet")])),
        Scope(video_ids=frozenset([video_id("quiet"), "unknown"])),
        Scope(collection="history"),
        Scope(from_s=400),
        Scope(from_s=505, to_s=506),
        Scope(speaker="ada  lovelace"),
        Scope(language="de"),
        Scope(collection="history", speaker="Ada Lovelace", from_s=1, to_s=1000, language="de"),
    ):
        assert [i for i, _ in store.lexical_search(["gradient"], filters=filters, limit=1)] == [quiet], (
            filters
        )
        assert store.matching_units([["gradient"]], filters=filters) == [quiet]
        assert store.term_statistics(["gradient"], filters) == (1, {"gradient": 1})
    for filters in (
        Scope(video_ids=frozenset()),
        Scope(video_ids=frozenset(["unknown"])),
        Scope(collection="cooking"),
        Scope(collection="physics", speaker="Ada Lovelace"),
        Scope(from_s=510),
        Scope(to_s=500, language="de"),
        Scope(speaker="Ada"),
        Scope(language="d"),
    ):
        assert store.lexical_search(["gradient"], filters=filters) == [], filters
        assert store.term_statistics(["gradient"], filters)[1] == {"gradient": 0}


def test_a_language_admits_its_regional_forms(store: Store) -> None:
    ids = put(store, "talk", [unit("colour", language=code) for code in ("en-GB", "en", "eng", None)])
    assert store.matching_units([["colour"]], filters=Scope(language="en")) == ids[:2]


def test_channels_and_sizes_are_chosen(store: Store) -> None:
    spoken, shown, long = put(
        store,
        "talk",
        [unit("tensor"), unit("tensor", channel="screen", size="slide"), unit("tensor", size="window")],
    )
    assert store.matching_units([["tensor"]]) == [spoken, shown, long]
    assert store.matching_units([["tensor"]], channels=["speech"]) == [spoken, long]
    assert store.matching_units([["tensor"]], channels=["speech", "screen"], sizes=["slide", "window"]) == [
        shown,
        long,
    ]
    assert store.matching_units([["tensor"]], channels=[]) == []
    assert [i for i, _ in store.lexical_search(["tensor"], channels=["screen"])] == [shown]


def test_phrases_are_runs_of_terms_and_no_hit_is_cut_off(store: Store) -> None:
    ids = put(
        store, "talk", [unit("the learning rate", i) for i in range(3000)] + [unit("rate of learning", 1)]
    )
    assert store.matching_units([["learn", "rate"]]) == ids[:3000]
    assert store.matching_units([["rate", "of", "learn"], ["nothing"]]) == ids[3000:]
    assert store.matching_units([]) == []
    assert store.matching_units([[]]) == []


def test_a_limit_keeps_the_best_and_ties_go_by_id(store: Store) -> None:
    ids = put(store, "talk", [unit("apple pie with cream", i) for i in range(5)] + [unit("apple apple", 9)])
    put(store, "other", [unit("unrelated words", i) for i in range(20)])
    assert [i for i, _ in store.lexical_search(["appl"], limit=3)] == [ids[5], ids[0], ids[1]]
    assert store.lexical_search(["appl"], limit=0) == []
    assert store.lexical_search([]) == []


def test_a_question_of_ten_thousand_words_is_searched(store: Store) -> None:
    put(store, "talk", [unit("needle in a haystack")])
    many = [f"word{i}" for i in range(10_000)] + ["needl"]
    assert len(store.lexical_search(many)) == 1


# What is a term for the analysis is a term for the index, whatever characters it has.
_TERMS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6).filter(
    lambda term: lexical.join_terms([term]) == term
)


@settings(max_examples=150, deadline=None)
@given(documents=st.lists(st.lists(_TERMS, min_size=1, max_size=4), min_size=1, max_size=5))
@example([['"', "*", "^", "a-b", "NOT", "c++", "(", "x:y"], ["苹果", "\u0301", "🙂", "\u200d", "'", "\x01"]])
def test_any_term_is_found_by_itself_and_only_there(documents: list[list[str]]) -> None:
    """Against the index alone; two terms that differ in letter case count as one, as the analysis folds case."""
    engine = create_engine("sqlite://")
    rows = [
        {"unit_id": number, "channel": "speech", "size": "sentence", "terms": lexical.join_terms(terms)}
        for number, terms in enumerate(documents, start=1)
    ]
    with engine.begin() as connection:
        lexical.add(connection, rows)
        for terms in documents:
            for term in terms:
                found = lexical.matching(connection, [[term]])
                exact = {row["unit_id"] for row, held in zip(rows, documents, strict=True) if term in held}
                folded = {
                    row["unit_id"]
                    for row, held in zip(rows, documents, strict=True)
                    if _fold(term) in map(_fold, held)
                }
                assert exact <= set(found) <= folded
            assert lexical.matching(connection, [terms]) != []
        lexical.remove(connection, rows)
        assert lexical.tables(connection) == {}
    engine.dispose()


def _fold(term: str) -> str:
    return term.casefold().upper().casefold()


def test_rebuilding_gives_the_same_index(store: Store) -> None:
    fill(store, "talk", ["red apple", "green apple", "blue sky"])
    put(store, "other", [unit("red sky at night", size="window")])
    before = [store.lexical_search([term]) for term in ("red", "appl", "sky", "night")]
    engine = make_engine(store.path, read_only=False)
    with engine.connect().execution_options(write=True) as connection, connection.begin():
        lexical.rebuild(connection)
        assert list(lexical.tables(connection)) == ["lexical_speech_sentence", "lexical_speech_window"]
    engine.dispose()
    assert [store.lexical_search([term]) for term in ("red", "appl", "sky", "night")] == before


@pytest.mark.parametrize("size", ["", "Window", "a b", "x_y", 'a"; DROP TABLE units; --'])
def test_names_that_cannot_name_a_table_are_refused(store: Store, size: str) -> None:
    with pytest.raises(ValueError, match="must be lower-case letters"):
        put(store, "talk", [unit("apple", size=size)])
    assert store.units_of() == []
