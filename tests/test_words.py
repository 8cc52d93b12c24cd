"""Word search finds what contains the words, scores it by BM25 within the scope, and filters before it limits."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from longvid_storage.db import word_index
from longvid_storage.db.library_files import make_engine
from longvid_storage.db.store import Store
from longvid_storage.db.word_indexes.entries import join_terms
from longvid_storage.search import lexical
from longvid_storage.search.memory import memory_of
from longvid_storage.search.word_memory import WordMemory
from longvid_storage.types import Scope, ScreenText, Utterance
from store_tools import fill, hits, holding, info, seen, video_id


def put(store: Store, name: str, texts: list[str], collection: str | None = None, *, speaker: str | None = None,
        at_s: float = 0.0) -> list[int]:  # fmt: skip
    """One utterance, and so one passage, every ten seconds; returns the passages' ids."""
    store.upsert_video(info(name), collection)
    said = [
        Utterance(at_s + 10 * n, at_s + 10 * n + 5, each + ".", speaker, "en") for n, each in enumerate(texts)
    ]
    with store.stage(video_id(name), "transcript", "t") as writer:
        writer.replace_utterances(said)
    return [passage.id for passage in seen(store).passages_of(video_id(name))]


def scored(store: Store, terms: list[str], scope: Scope, limit: int = 1000) -> list[tuple[int, float]]:
    with store.view(scope) as view:
        facts = memory_of(view).facts(view)
        weights, counts = facts.idf(view, terms, 100), facts.counts["speech"]
        found = lexical.best(view, weights, "speech", counts, limit)
        remembered = WordMemory.read(view, "speech", 1).best(view, weights, counts.mean_length, limit)
        assert [each for each, _ in remembered] == [each for each, _ in found]
        assert [score for _, score in remembered] == pytest.approx([score for _, score in found])
        return found


def bm25(documents: list[list[str]], query: list[str], k1: float = 1.2, b: float = 0.75) -> list[float]:
    """Robertson & Zaragoza 2009, eq. 3.15, with the idf that is never negative (Lucene's)."""
    mean = sum(map(len, documents)) / len(documents)
    scores = [0.0] * len(documents)
    for term in query:
        frequency = sum(term in document for document in documents)
        idf = math.log(1 + (len(documents) - frequency + 0.5) / (frequency + 0.5))
        for position, document in enumerate(documents):
            count = document.count(term)
            scores[position] += idf * count * (k1 + 1) / (count + k1 * (1 - b + b * len(document) / mean))
    return scores


TEXTS = [
    "red apple",
    "green apple tree",
    "red red wine",
    "blue sky",
    "white cloud cloud",
    "a long line of grey stone",
]


def test_scores_are_bm25_of_the_scope_whatever_else_the_library_holds(store: Store) -> None:
    ids = put(store, "talk", TEXTS, "mine")
    documents = [each.split() for each in TEXTS]
    wanted = {i: score for i, score in zip(ids, bm25(documents, ["red", "tree"]), strict=True) if score}
    for _ in range(2):  # alone, and with a loud neighbour
        found = scored(store, ["red", "tree"], Scope(collection="mine"))
        assert [i for i, _ in found] == sorted(wanted, key=lambda i: -wanted[i])
        assert [score for _, score in found] == pytest.approx([wanted[i] for i, _ in found])
        put(store, "loud", ["red tree red tree and much more noise than anywhere else"] * 30, "others")


def test_a_scope_reaches_what_a_limit_would_have_hidden(store: Store) -> None:
    """A hundred better hits elsewhere, and still the one admitted hit is found with a limit of one."""
    put(store, "loud", ["gradient gradient gradient"] * 100, "physics", speaker="Bob")
    (quiet,) = put(store, "quiet", ["a passing word about the gradient in a long line"], "history",
                   speaker="Ada Lovelace", at_s=500)  # fmt: skip
    for scope in (
        Scope(video_ids=frozenset([video_id("quiet")])),
        Scope(video_ids=frozenset([video_id("quiet"), "unknown"])),
        Scope(collection="history"),
        Scope(speaker="ada  lovelace"),
        Scope(collection="history", speaker="Ada Lovelace", from_s=1, to_s=1000),
    ):
        assert hits(store, "gradient", scope=scope, limit=1) == [quiet], scope
        with store.view(scope) as view:
            assert holding(view, [["gradient"]], ["speech"]) == [quiet]
            assert lexical.frequencies(view, ["gradient", "absent"]) == {"gradient": 1, "absent": 0}
    for scope in (
        Scope(video_ids=frozenset()),
        Scope(video_ids=frozenset(["unknown"])),
        Scope(collection="cooking"),
        Scope(collection="physics", speaker="Ada Lovelace"),
        Scope(from_s=5000),
        Scope(speaker="Ada"),
    ):
        assert hits(store, "gradient", scope=scope) == [], scope
        with store.view(scope) as view:
            assert lexical.frequencies(view, ["gradient"]) == {"gradient": 0}


_SPANS = st.tuples(st.sampled_from([0.0, 10.0, 12.0, 20.0, 30.0]), st.sampled_from([0.0, 2.0, 15.0]))


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.sampled_from("ab"), _SPANS, st.sampled_from([None, "Ann", " ann ", "Bob"])), max_size=8
    ),
    videos=st.none() | st.frozensets(st.sampled_from("abc")),
    collection=st.sampled_from([None, "odd", "none"]),
    from_s=st.none() | st.sampled_from([0.0, 10.0, 12.0, 40.0]),
    to_s=st.none() | st.sampled_from([0.0, 10.0, 20.0]),
    speaker=st.sampled_from([None, "ANN", "Bob", "Eve"]),
)
def test_a_scope_in_sql_admits_what_the_scope_admits(
    tmp_path_factory: pytest.TempPathFactory, rows, videos, collection, from_s, to_s, speaker
) -> None:
    """The filter is written once as SQL and once as a predicate: both say the same of any passage."""
    with Store.open(tmp_path_factory.mktemp("scope") / "library", create=True) as store:
        for name in "ab":
            store.upsert_video(info(name), "odd" if name == "a" else None)
            said = [
                Utterance(start, start + length, f"Word {number}.", who)
                for number, (video, (start, length), who) in enumerate(rows)
                if video == name
            ]
            lines = [ScreenText(10, 20, "A line", (0, 0, 1, 1))]
            with store.stage(video_id(name), "transcript", "t") as writer:
                writer.replace_utterances(said)
                writer.replace_screen_texts(lines)
        ids = None if videos is None else frozenset(video_id(name) for name in videos)
        scope = Scope(ids, collection, from_s, to_s, speaker)
        everything = [p for name in "ab" for p in seen(store).passages_of(video_id(name))]
        inside = (
            {video_id("a")}
            if collection == "odd"
            else set()
            if collection
            else {video_id("a"), video_id("b")}
        )
        wanted = {p.id for p in everything if p.video_id in inside and scope.admits(p)}
        assert {p.id for p in seen(store, scope).passages([p.id for p in everything])} == wanted


def test_kinds_are_told_apart(store: Store) -> None:
    (spoken,) = put(store, "talk", ["tensor"])
    with store.stage(video_id("talk"), "screen_text", "s") as writer:
        writer.replace_screen_texts([ScreenText(0, 9, "Tensor", (0, 0, 1, 1))])
    (shown,) = [p.id for p in seen(store).passages_of(video_id("talk"), ["screen"])]
    assert hits(store, "tensor") == [spoken]
    assert hits(store, "tensor", kind="screen") == [shown]
    with store.view() as view:
        assert holding(view, [["tensor"]], ["speech", "screen"]) == sorted([spoken, shown])
        assert holding(view, [["tensor"]], []) == []
        with pytest.raises(ValueError, match="kind is 'picture'"):
            holding(view, [["tensor"]], ["picture"])


def test_phrases_are_runs_of_terms_and_no_hit_is_cut_off(store: Store) -> None:
    ids = put(store, "talk", ["the learning rate"] * 3000 + ["rate of learning"])
    with store.view() as view:
        assert holding(view, [["learn", "rate"]], ["speech"]) == ids[:3000]
        assert holding(view, [["rate", "of", "learn"], ["nothing"]], ["speech"]) == ids[3000:]
        assert holding(view, [], ["speech"]) == []
        assert holding(view, [[]], ["speech"]) == []


def test_a_limit_keeps_the_best_and_ties_go_by_id(store: Store) -> None:
    ids = put(store, "talk", ["apple pie with cream"] * 5 + ["apple apple"])
    put(store, "other", ["unrelated words"] * 20)
    assert hits(store, "appl", limit=3) == [ids[5], ids[0], ids[1]]
    assert hits(store, "appl", limit=0) == []
    assert hits(store) == []


# What is a term for the analysis is a term for the index, whatever characters it has.
_TERMS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6).filter(
    lambda term: join_terms([term]) == term
)


@settings(max_examples=150, deadline=None)
@given(documents=st.lists(st.lists(_TERMS, min_size=1, max_size=4), min_size=1, max_size=5))
@example([['"', "*", "^", "a-b", "NOT", "c++", "(", "x:y"], ["苹果", "\u0301", "🙂", "\u200d", "'", "\x01"]])
def test_any_term_is_indexed_as_itself(documents: list[list[str]]) -> None:
    """Against the index alone; two terms that differ in letter case count as one, as the analysis folds case."""
    engine = create_engine("sqlite://")
    rows = [
        {"passage_id": number, "kind": "speech", "terms": join_terms(terms)}
        for number, terms in enumerate(documents, start=1)
    ]
    with engine.begin() as connection:
        word_index.create(connection)
        word_index.add(connection, rows)
        kept = connection.execute(text("SELECT doc, term FROM words_speech_terms")).all()
        for row, held in zip(rows, documents, strict=True):
            own = [term for doc, term in kept if doc == row["passage_id"]]
            assert sorted(map(_fold, own)) == sorted(map(_fold, held))
        word_index.remove(connection, rows)
        assert connection.execute(text("SELECT count(*) FROM words_speech_terms")).scalar_one() == 0
    engine.dispose()


def _fold(term: str) -> str:
    return term.casefold().upper().casefold()


def test_rebuilding_gives_the_same_index(store: Store) -> None:
    fill(store, "talk", ["red apple.", "green apple.", "blue sky."])
    before = [hits(store, term) for term in ("red", "appl", "sky", "night")]
    engine = make_engine(store.path, read_only=False)
    with engine.connect().execution_options(write=True) as connection, connection.begin():
        word_index.rebuild(connection)
    engine.dispose()
    assert [hits(store, term) for term in ("red", "appl", "sky", "night")] == before
