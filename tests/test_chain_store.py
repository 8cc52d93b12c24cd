"""The chain of summaries in a library: kept word for word, in its order, and gone with its video."""

from __future__ import annotations

from longvid_storage.db.chain import ChainLevel, ChainLink, SummarySentence
from longvid_storage.db.store import Store
from longvid_storage.types import Scope
from store_tools import every_row, fill, fingerprints, seen


def link(video_id: str, level: ChainLevel, seq: int, text: str, fingerprint: str = "f") -> ChainLink:
    span = (0.0, 0.0) if level == "library" else (float(seq), seq + 10.0)
    so_far = "" if level == "library" else "what is known"
    return ChainLink(
        level, seq, *span, (SummarySentence(text, (1, seq + 2)),), fingerprint, "a model", so_far
    )


def library_chain(store: Store, collection: str | None = None) -> list[ChainLink]:
    return seen(store, Scope(collection=collection)).library_chain()


def test_links_come_back_as_they_were_events_parts_then_the_whole(store: Store) -> None:
    key = fill(store, "Talk", ["some words"])
    links = [link(key, "video", 0, "all"), link(key, "event", 1, "second"), link(key, "event", 0, "Zoë")]
    with store.stage(key, "summaries", "c1") as writer:
        writer.replace_chain([*links, link(key, "part", 0, "some")])
    found = seen(store).chain(key)
    assert [(each.level, each.seq) for each in found] == [
        ("event", 0),
        ("event", 1),
        ("part", 0),
        ("video", 0),
    ]
    assert (found[0], found[1], found[3]) == (links[2], links[1], links[0])
    assert found[3].text == "all"


def test_a_link_kept_early_replaces_its_own_place_and_the_stage_is_open_again(store: Store) -> None:
    key = fill(store, "Talk", ["some words"])
    with store.stage(key, "summaries", "c1") as writer:
        writer.replace_chain([link(key, "event", 0, "old"), link(key, "event", 1, "old too")])
    store.keep_link(key, link(key, "event", 0, "new"))
    assert [each.text for each in seen(store).chain(key)] == ["new", "old too"]
    assert "summaries" not in fingerprints(store, key)


def test_several_videos_have_their_own_summaries_by_collection(store: Store) -> None:
    key = fill(store, "Talk", ["some words"], collection="a")
    store.replace_library_chain(None, [link(key, "library", 0, "everything"), link(key, "part", 0, "x")])
    assert [each.text for each in library_chain(store, "a")] == ["It begins."]
    assert [(each.level, each.text) for each in library_chain(store)] == [
        ("part", "x"),
        ("library", "everything"),
    ]
    store.replace_library_chain("a", [])
    assert library_chain(store, "a") == []
    assert library_chain(store)[-1].text == "everything"


def test_a_removed_video_takes_every_summary_along_that_may_hold_its_words(store: Store) -> None:
    first = fill(store, "First", ["some words"], collection="a")
    second = fill(store, "Second", ["other words"], collection="b")
    store.replace_library_chain(None, [link(first, "library", 0, "of both")])
    store.remove_video(first)
    assert library_chain(store) == []
    assert [each.text for each in library_chain(store, "b")] == ["It begins."]
    rows = every_row(store.path)
    assert len(rows["chain_links"]) == len(rows["library_links"]) == 1
    (passage,) = seen(store).passages(seen(store).chain(second)[0].sentences[0].passages)
    assert passage.video_id == second
