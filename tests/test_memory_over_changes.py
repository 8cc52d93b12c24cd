"""What a process keeps of a library over its changes answers as a process that has just opened it."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from longvid_storage.db.store import Store
from longvid_storage.search import held_index, memory, moments, word_memory
from longvid_storage.search.memory import memory_bytes, memory_of, vectors_of
from longvid_storage.search.vector_indexes.codes import CodeIndex
from longvid_storage.types import EVERYTHING, Moment, Scope, ScreenText, Slide
from store_tools import seen
from test_search import Encoders, LetterEncoder, add, talk

WORDS = [
    "pump",
    "valve",
    "budget",
    "crane",
    "tunnel",
    "report",
    "leaks",
    "noise",
    "motor",
    "schedule",
    "glass",
]
ENCODER = LetterEncoder()
LENGTH_S = 300


class Changing:
    """A library to which anything may happen, by a process of its own."""

    def __init__(self, store: Store, seed: int) -> None:
        self.store = store
        self.chance = random.Random(seed)
        self.made = 0
        self.videos: list[str] = []

    def said(self) -> dict[float, str]:
        places = self.chance.sample(range(0, LENGTH_S, 10), 6)
        return {float(at): " ".join(self.chance.sample(WORDS, 3)) + "." for at in places}

    def new_video(self) -> None:
        self.made += 1
        lines = [ScreenText(10, 60, " ".join(self.chance.sample(WORDS, 2)), (0, 0, 1, 1), 0.9)]
        shown = {"slides": [Slide(10, 60, 20, "One")], "lines": lines} if self.chance.random() < 0.5 else {}
        video = add(
            self.store,
            f"talk {self.made}",
            talk(self.said(), length_s=LENGTH_S, speaker=self.chance.choice(["Ann", "Bo"])),
            encoder=self.chance.choice([ENCODER, ENCODER, None]),
            collection=self.chance.choice([None, "red", "blue"]),
            **shown,
        )
        self.videos.append(video)

    def other_words(self) -> None:
        video = self.chance.choice(self.videos)
        kept = self.chance.choice([{}, {0.0: "The crane is late again."}])
        with self.store.stage(video, "transcript", "2") as writer:
            writer.replace_utterances(talk({**self.said(), **kept}, length_s=LENGTH_S), source="sidecar")

    def vectors(self) -> None:
        video = self.chance.choice(self.videos)
        passages = seen(self.store).passages_of(video, ["speech"])
        some = self.chance.sample(passages, len(passages) // 2)
        found = ENCODER.encode([each.text[::-1] for each in some], kind="passage")
        with self.store.stage(video, "vectors", "2") as writer:
            writer.put_vectors("speech", ENCODER.fingerprint, [each.id for each in some], found)

    def renamed(self) -> None:
        video = self.chance.choice(self.videos)
        if names := [row.name for row in seen(self.store).speakers_of(video)]:
            self.store.rename_speaker(video, names[0], self.chance.choice(["Cleo", "Ann"]))

    def joined(self) -> None:
        video = self.chance.choice(self.videos)
        self.store.upsert_video(seen(self.store).video(video).info, self.chance.choice(["red", "blue"]))

    def removed(self) -> None:
        if len(self.videos) > 14:
            self.store.remove_video(self.videos.pop(self.chance.randrange(len(self.videos))))

    def change(self) -> None:
        """One thing, or several before anybody looks."""
        for _ in range(self.chance.choice([1, 1, 3])):
            happens: list[Callable[[], None]] = [self.new_video, self.other_words, self.vectors, self.renamed]
            self.chance.choice([*happens, *happens, self.joined, self.removed])()

    def scopes(self) -> list[tuple[Store, Scope]]:
        """Of the store and of one who may see less, by whom it is opened."""
        own = [
            EVERYTHING,
            Scope(collection="red"),
            Scope(speaker="Ann"),
            Scope(from_s=60, to_s=200),
            Scope(video_ids=frozenset(self.videos[-3:])),
        ]
        return [(self.store, each) for each in own] + [(self.store.within(["blue"]), EVERYTHING)]


def answers(store: Store, scope: Scope, queries: list[str]) -> list[list[Moment]]:
    with store.view(scope, Encoders(ENCODER)) as view:
        return [moments.search(view, query, 5) for query in queries]


def same(one: list[list[Moment]], other: list[list[Moment]]) -> None:
    for mine, theirs in zip(one, other, strict=True):
        assert [replace(each, score=0) for each in mine] == [replace(each, score=0) for each in theirs]
        assert [each.score for each in mine] == pytest.approx([each.score for each in theirs])


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds that a small library meets."""
    monkeypatch.setattr(word_memory, "_MOST_CHANGES", 80)
    monkeypatch.setattr(held_index, "_BESIDE", 70)
    monkeypatch.setattr(held_index, "_MOST_GONE", 50)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("seed", "changes"),
    [(1, 5), *(pytest.param(seed, 15, marks=pytest.mark.slow) for seed in (2, 3))],
)
def test_whatever_changes_a_warm_process_answers_as_one_that_has_just_opened_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, changes: int
) -> None:
    """Every scope and right, after every change; and who began before it still sees what was there. Of even seeds
    vectors are held as a large library's."""
    if seed % 2 == 0:
        monkeypatch.setattr(CodeIndex, "fewest", 0)
    with Store.open(tmp_path / "library", create=True) as writing, Store.open(writing.path) as warm:
        library = Changing(writing, seed)
        for _ in range(14):
            library.new_video()
        for _ in range(changes):
            queries = [" ".join(library.chance.sample(WORDS, 2)), "What does Ann say of glass?"]
            with warm.view(EVERYTHING, Encoders(ENCODER)) as before:
                was = [moments.search(before, query, 5) for query in queries]
                library.change()
                with Store.open(writing.path) as fresh:
                    for store, scope in library.chance.sample(library.scopes(), 3):
                        here, there = (
                            each if store.rights is None else each.within(store.rights)
                            for each in (warm, fresh)
                        )
                        same(answers(here, scope, queries), answers(there, scope, queries))
                        with here.view(scope) as mine, there.view(scope) as theirs:
                            facts = [memory_of(each).facts(each) for each in (mine, theirs)]
                            assert facts[0].counts == facts[1].counts
                            assert facts[0].speakers == facts[1].speakers
                            assert facts[0].languages == facts[1].languages
                            assert facts[0].frequencies(mine, WORDS) == facts[1].frequencies(theirs, WORDS)
                same([moments.search(before, query, 5) for query in queries], was)


def test_a_commit_costs_no_more_than_what_it_changed(tmp_path: Path) -> None:
    """Counters: timelines, vectors and postings of videos that stay as they are are not read again."""
    with ExitStack() as opened:
        writing = opened.enter_context(Store.open(tmp_path / "library", create=True))
        warm = opened.enter_context(Store.open(writing.path))
        library = Changing(writing, 3)
        for number in range(14):
            add(writing, f"talk {number}", talk(library.said(), length_s=LENGTH_S), encoder=ENCODER)
        for _ in range(3):
            answers(warm, EVERYTHING, WORDS)
        view = opened.enter_context(warm.view())
        before, read = memory_of(view), vectors_of(view).vectors_read
        late = add(writing, "late", talk({0.0: "The motor is loud."}, length_s=100), encoder=ENCODER)
        answers(warm, EVERYTHING, WORDS)
        view = opened.enter_context(warm.view())
        assert vectors_of(view).vectors_read - read == len(seen(writing).passages_of(late))
        now = memory_of(view)
        assert now is not before
        mine = now.timelines(view, seen(writing).video_ids(), ENCODER.fingerprint)
        theirs = before.timelines(view, seen(writing).video_ids(), ENCODER.fingerprint)
        assert {each.video_id for each, other in zip(mine, theirs, strict=True) if each is not other} <= {
            late
        }
        words = now.words(view)["speech"]
        assert np.array_equal(words._passages.ids, np.sort(words._passages.ids))
        assert words._passages.read < len(words._passages.ids), "read once, added to since"


@pytest.mark.parametrize("told", [None, "max\n", "16000000000\n"])
def test_an_eighth_of_the_machine_or_of_its_container_is_kept(
    told: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a container says in a file how much it may take."""
    limit, room = tmp_path / "memory.max", 64_000_000_000
    if told is not None:
        limit.write_text(told)
    monkeypatch.setattr(memory, "_LIMITS", [limit])
    monkeypatch.setattr(os, "sysconf", {"SC_PHYS_PAGES": room // 4096, "SC_PAGE_SIZE": 4096}.__getitem__)
    assert memory_bytes.__wrapped__() == (2_000_000_000 if told and told.strip().isdigit() else room // 8)
