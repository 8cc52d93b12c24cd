"""What a question and an unchanged folder cost, in statements and transactions: the same in a large library."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert

from longvid import Library
from longvid_storage.db import schema
from longvid_storage.db.store import Store
from longvid_storage.types import Scope, VideoInfo
from small_library import Trigrams
from toy_engines import ToyEngines

MEETING = """WEBVTT

00:00.000 --> 00:05.000
<v Maya>We move the database to the new cluster.

00:05.000 --> 00:10.000
<v Jonas>I will send the migration plan by Friday.

00:10.000 --> 00:15.000
<v Maya>The budget for the servers is nine thousand euros.
"""


@dataclass
class Cost:
    """Transactions begun, statements run in them, and hundreds of steps that the database took for these."""

    transactions: int = 0
    statements: int = 0
    steps: int = 0


@contextmanager
def counted(store: Store) -> Iterator[Cost]:
    cost = Cost()

    def statement(connection: Any, cursor: Any, sql: str, *rest: Any) -> None:
        cost.statements += not sql.startswith(("BEGIN", "PRAGMA"))

    def step() -> int:
        cost.steps += 1
        return 0

    def begin(connection: Any) -> None:
        cost.transactions += 1
        connection.connection.driver_connection.set_progress_handler(step, 100)

    event.listen(store._engine, "before_cursor_execute", statement)
    event.listen(store._engine, "begin", begin)
    try:
        yield cost
    finally:
        event.remove(store._engine, "before_cursor_execute", statement)
        event.remove(store._engine, "begin", begin)


def cost_of(library: Library, call: Callable[[], Any]) -> tuple[int, int]:
    with counted(library._store) as cost:
        call()
    return cost.transactions, cost.statements


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Five meetings."""
    folder = tmp_path_factory.mktemp("counters")
    for number in range(5):
        (folder / f"meeting {number}.vtt").write_text(MEETING.replace("nine", f"{number}"))
    with Library.open(folder / "library", create=True, engines=ToyEngines()) as opened:
        opened.index(folder)
        yield opened


def test_a_question_is_one_snapshot_and_few_statements(library: Library) -> None:
    question = "Who will send the migration plan?"
    cold = cost_of(library, lambda: library.ask(question))
    assert cold <= (5, 25)
    transactions, statements = cost_of(library, lambda: library.ask("What does the budget cover?"))
    assert transactions == 1
    assert statements <= 25
    transactions, statements = cost_of(library, lambda: library.search("migration plan"))
    assert transactions == 1
    assert statements <= 15


def test_cards_that_were_read_are_not_read_again_for_a_part_of_them(library: Library) -> None:
    with library._store.view() as view:
        everyone = view.cards()
        one = everyone[2].video_id
        some = [view.within(Scope(video_ids=frozenset([one]))), view.within(Scope(from_s=3.0))]
        with counted(library._store) as cost:
            found = [view.cards(ids=[one]), *(each.cards() for each in some), some[1].cards(ids=[one])]
        heard = view.within(Scope(speaker="Maya")).cards()
    assert found == [[everyone[2]], [everyone[2]], everyone, [everyone[2]]]
    assert cost.statements == 0
    with library._store.view() as view:
        assert view.cards(ids=[one]) == [everyone[2]]
    with library._store.view(Scope(speaker="Maya")) as view:
        assert view.cards() == heard == everyone


def test_a_card_says_the_same_alone_and_among_all(tmp_path: Path) -> None:
    for number, name in enumerate(("spring/talk", "autumn/talk", "plan")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.vtt").write_text(MEETING.replace("nine", f"{number}"))
    with Library.open(tmp_path / "library", create=True, engines=ToyEngines()) as library:
        library.index(tmp_path)
        with library._store.view() as view:
            alone = [card for each in view.video_ids() for card in view.cards(ids=[each])]
            few = view.cards(ids=view.video_ids())
            part = [view.within(Scope(video_ids=frozenset([card.video_id]))) for card in few]
            narrowed = [card for each in part for card in each.cards(ids=[each.video_ids()[0]])]
            assert few == narrowed == view.cards()
            assert sorted(alone, key=str) == sorted(few, key=str)
    assert sorted(card.title for card in few) == ["plan", "talk (autumn)", "talk (spring)"]


def test_the_question_is_all_that_is_embedded(library: Library) -> None:
    encoder = library.engines.text_encoder
    assert isinstance(encoder, Trigrams)
    encoder.encoded.clear()
    library.ask("What is the budget for the servers?")
    assert {kind for kind, _ in encoder.encoded} == {"query"}
    assert all(text.casefold().split()[-1].startswith("server") for _, text in encoder.encoded)


def test_unchanged_files_cost_one_snapshot_and_less_than_two_statements_each(library: Library) -> None:
    folder = library._store.path.parent
    transactions, statements = cost_of(library, lambda: library.index(folder))
    assert transactions == 1
    assert statements <= 2 * 5


def test_two_thousand_videos_cost_no_more_statements_than_twenty(tmp_path: Path) -> None:
    costs = []
    for count in (20, 2000):
        folder = tmp_path / str(count)
        folder.mkdir()
        (folder / "meeting.vtt").write_text(MEETING)
        with Library.open(folder / "library", create=True, engines=ToyEngines()) as library:
            library.index(folder)
            _crowd(library._store, count)
            library.ask("warm up")
            costs.append(
                [
                    cost_of(
                        library, lambda: library.ask("Who will send the migration plan?", video="meeting")
                    ),
                    cost_of(library, lambda: library.ask("Who will send the migration plan?")),
                    cost_of(library, lambda: library.mentions("budget")),
                    cost_of(library, lambda: library.videos()),
                    cost_of(library, lambda: _cards(library)),
                ]
            )
    assert costs[1] == costs[0]


def _cards(library: Library) -> None:
    with library._store.view() as view:
        assert len(view.cards(details=True)) > 1


def _crowd(store: Store, count: int) -> None:
    """Silent videos, entered at once."""
    store.upsert_video(VideoInfo("first", "Silent first", 5.0, False, True))
    rows = [
        {"video_id": f"silent{n}", "title": f"Silent {n}", "duration_s": 5.0, "has_video": False, "has_audio": True,
         "stream_start_s": 0.0, "chapters": [], "media_type": "audio"}
        for n in range(count)
    ]  # fmt: skip
    with store._writing() as connection:
        connection.execute(insert(schema.Video), rows)


def test_one_more_file_asks_nothing_of_the_others(tmp_path: Path) -> None:
    """The database does the same work for it, in steps of its machine, whatever the library holds."""
    steps = []
    for count in (20, 2000):
        folder = tmp_path / str(count)
        folder.mkdir()
        for name in ("meeting", "another", "one more"):
            (folder / f"{name}.vtt").write_text(MEETING.replace("nine", name))
        with Library.open(folder / "library", create=True, engines=ToyEngines()) as library:
            library.index([folder / "meeting.vtt", folder / "another.vtt"])
            _crowd(library._store, count)
            with counted(library._store) as cost:
                library.index(folder / "one more.vtt")
            steps.append(cost.steps)
    assert steps[1] <= 1.2 * steps[0], steps
