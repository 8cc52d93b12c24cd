"""Working memory: ids are given once and never lost; what a model reads is a window, the rest is folded."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from longvid_agents.budget import estimate_tokens
from longvid_agents.working_memory import WorkingMemory
from longvid_storage.types import Passage

SOURCES = {"a": ("First talk", "a.mp4"), "b": ("Second talk", "b.mp4")}


def sentence(number: int, video_id: str = "a", words: int = 12) -> Passage:
    text = " ".join([f"word{number}", *["and more of it"] * (words // 4)])
    return Passage(number + 1, video_id, "speech", 5.0 * number, 5.0 * number + 4, text, "Ana")


def filled(count: int) -> WorkingMemory:
    memory = WorkingMemory().meeting(SOURCES)
    return memory.adding(sentence(n, "a" if n < count // 2 else "b") for n in range(count))


def test_a_piece_keeps_its_id_however_often_it_is_found() -> None:
    memory = filled(4)
    again = memory.adding([sentence(3, "b"), sentence(9, "b"), sentence(0)])
    assert [item.id for item in again.items] == ["e1", "e2", "e3", "e4", "e5"]
    assert again.items[:4] == memory.items
    assert again.get("e5") is not None


def test_invented_ids_and_labels_are_nothing() -> None:
    memory = filled(2)
    for name in ("e0", "e3", "e-1", "e", "", "x1", "e1 ", "e１x", "e99999999999999999999"):
        assert memory.get(name) is None
    for name in ("v0", "v3", "v", "a", ""):
        assert memory.video(name) is None
    assert (memory.video("v2"), memory.label("b"), memory.label("c")) == ("b", "v2", None)


def test_everything_is_shown_while_it_fits() -> None:
    window = filled(10).window(10_000, estimate_tokens)
    assert len(window.items) == 10
    assert window.digests == ()


def test_the_best_of_the_newest_search_is_read_and_the_rest_is_folded_and_stays_citable() -> None:
    memory = WorkingMemory().meeting(SOURCES).adding(sentence(n) for n in range(20))
    memory = memory.adding(sentence(n, "b") for n in range(20, 40))
    window = memory.window(600, estimate_tokens)
    shown = [item.id for item in window.items]
    assert shown == [f"e{n}" for n in range(21, 21 + len(shown))]
    assert 5 < len(shown) < 20
    wider = [item.id for item in memory.window(1_000, estimate_tokens).items]
    assert {"e1", "e21", "e40"} <= set(wider)
    assert "e20" not in wider
    assert window.digests[0].startswith("e1–e20 First talk 0:00–1:39: word")
    assert all(memory.get(f"e{n}") is not None for n in range(1, 41))


def test_what_was_ruled_out_is_not_shown_and_not_lost() -> None:
    memory = filled(6).ruling_out(["e2", "e9", "nonsense"])
    assert memory.ruled_out == {"e2"}
    assert [item.id for item in memory.window(10_000, estimate_tokens).items] == [
        "e1",
        "e3",
        "e4",
        "e5",
        "e6",
    ]
    assert memory.get("e2") is not None
    assert memory.adding([sentence(1)]).ruled_out == {"e2"}


def test_pieces_are_read_by_video_and_time_under_their_labels() -> None:
    memory = (
        WorkingMemory()
        .meeting(SOURCES)
        .adding([sentence(7, "b"), sentence(2), sentence(1, "b"), sentence(0)])
    )
    texts = memory.texts(memory.items)
    assert [(each.id, each.title) for each in texts] == [
        ("e4", "v1 First talk"),
        ("e2", "v1 First talk"),
        ("e3", "v2 Second talk"),
        ("e1", "v2 Second talk"),
    ]


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 60)), min_size=1, max_size=60),
    most=st.integers(0, 1_500),
)
def test_the_window_keeps_to_its_tokens_and_every_id_to_its_piece(
    sizes: list[tuple[str, int]], most: int
) -> None:
    pieces = [sentence(n, video, words) for n, (video, words) in enumerate(sizes)]
    memory = WorkingMemory().meeting(SOURCES).adding(pieces)
    window = memory.window(most, estimate_tokens)
    tokens = sum(estimate_tokens(item.passage.text) + 16 for item in window.items)
    tokens += sum(map(estimate_tokens, window.digests))
    assert tokens <= most + 16  # one line says that more was read before, even where there is no room
    assert [item.passage for item in memory.items] == pieces
    assert [memory.get(item.id) for item in memory.items] == list(memory.items)
    assert len(window.items) == len(pieces) or window.digests
