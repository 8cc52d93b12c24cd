"""Search over a real store: what is found, where it is, and that filters hold."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from longvid_storage.db.store import Store
from longvid_storage.errors import ModelMismatchError, UsageError
from longvid_storage.models.text_encoder import TextEncoder
from longvid_storage.search import moments
from longvid_storage.search.evidence import find_evidence, word_weights
from longvid_storage.search.memory import memory_of
from longvid_storage.search.timeline import RankedPassage, make_timeline
from longvid_storage.types import (
    EVERYTHING,
    Moment,
    Passage,
    Scope,
    ScreenText,
    Segment,
    Slide,
    StageResult,
    Utterance,
    VideoInfo,
)

pytestmark = pytest.mark.both_stores

FILLER = (
    "so let us go on from here then",
    "right that is fine by me I suppose",
    "we will see how that works out later",
    "okay does anybody want more coffee",
    "the weather is rather nice this morning",
)


class LetterEncoder:
    """Counts of letter pairs: a real embedding, too simple to know meanings, that needs no weights."""

    name = "letters"
    dimension = 64
    fingerprint = "letters@1"

    def encode(self, texts: Sequence[str], *, kind: str) -> NDArray[np.float32]:
        out = np.full((len(texts), self.dimension), 1e-3, np.float32)
        for row, text in enumerate(texts):
            for pair in zip(text.casefold(), text.casefold()[1:], strict=False):
                out[row, hash_of("".join(pair)) % self.dimension] += 1
        return out / np.linalg.norm(out, axis=1, keepdims=True)


def hash_of(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def talk(
    at: dict[float, str],
    *,
    length_s: float = 1200,
    speaker: str | None = "Ann",
    speakers: dict[float, str] | None = None,
) -> list[Utterance]:
    """Filler every ten seconds, with the given sentences in its place at the given times."""
    said = {
        start: FILLER[int(start) // 10 % len(FILLER)] for start in np.arange(0.0, length_s, 10.0).tolist()
    }
    said.update(at)
    return [
        Utterance(start, start + 8, text, (speakers or {}).get(start, speaker))
        for start, text in sorted(said.items())
    ]


def add(
    store: Store,
    title: str,
    utterances: Sequence[Utterance],
    *,
    encoder: TextEncoder | None = None,
    slides: Sequence[Slide] = (),
    lines: Sequence[ScreenText] = (),
    segments: Sequence[Segment] = (),
    collection: str | None = None,
) -> str:
    ends = [each.end_s for each in (*utterances, *slides)]
    video_id = hashlib.sha256(title.encode()).hexdigest()
    info = VideoInfo(video_id, title, max(ends), has_video=bool(slides), has_audio=True)
    store.upsert_video(info, collection)
    store.set_path(f"/videos/{title}.mp4", video_id, size=1, mtime_ns=1)
    with store.stage(video_id, "transcript", "1") as writer:
        writer.replace_utterances(utterances, source="sidecar", language=None)
        writer.replace_slides(slides)
        writer.replace_screen_texts(lines)
        writer.replace_segments(segments)
        writer.result(StageResult("transcript", "done"))
    if encoder is not None:
        with store.view() as view:
            passages = view.passages_of(video_id)
        with store.stage(video_id, "vectors", "1") as writer:
            for kind in {passage.kind for passage in passages}:
                own = [passage for passage in passages if passage.kind == kind]
                vectors = encoder.encode([passage.text for passage in own], kind="passage")
                writer.put_vectors(kind, encoder.fingerprint, [p.id for p in own], vectors)
            writer.result(StageResult("vectors", "done"))
    return video_id


class Encoders:
    """What a view has to compare meaning with."""

    image_encoder = None

    def __init__(self, text_encoder: TextEncoder | None) -> None:
        self.text_encoder = text_encoder


def search(
    store: Store,
    query: str,
    k: int = 10,
    filters: Scope = EVERYTHING,
    text_encoder: TextEncoder | None = None,
) -> list[Moment]:
    """The moments that a view of the library within ``filters`` gives."""
    with store.view(filters, Encoders(text_encoder)) as view:
        return moments.search(view, query, k)


def quotes(moments: Sequence[Moment]) -> str:
    return " ".join(evidence.text for moment in moments for evidence in moment.evidence)


@pytest.mark.parametrize("encoder", [None, LetterEncoder()])
def test_the_place_where_it_is_said_comes_first(store: Store, encoder: TextEncoder | None) -> None:
    add(store, "other", talk({300.0: "the learning curve was steep"}), encoder=encoder)
    video = add(
        store, "lecture", talk({600.0: "the learning rate sets how large each step is"}), encoder=encoder
    )
    found = search(store, "What did he say about the learning rate?", text_encoder=encoder)
    best = found[0]
    assert (best.video_id, best.title, best.path) == (video, "lecture", "/videos/lecture.mp4")
    assert best.start_s <= 600
    assert best.end_s >= 608
    assert best.end_s - best.start_s <= 240
    spoken = [evidence for evidence in best.evidence if "learning rate" in evidence.text]
    assert [(e.kind, e.start_s, e.end_s, e.speaker) for e in spoken] == [("speech", 600, 608, "Ann")]
    assert len({moment.score for moment in found}) > 1
    assert [moment.score for moment in found] == sorted((m.score for m in found), reverse=True)


def test_a_moment_is_played_from_its_best_passage_with_half_a_second_of_the_pause_before_it(
    store: Store,
) -> None:
    add(store, "Routing", talk({300.0: "Dijkstra finds the shortest path in a graph.", 310.0: "Yes."}))
    (first, *_) = search(store, "Dijkstra shortest path")
    assert first.evidence[0].text.startswith("Dijkstra")
    assert (first.evidence[0].start_s, first.play_s) == (300.0, 299.5)
    assert first.start_s <= first.play_s < first.end_s


def test_moments_of_one_video_do_not_overlap_and_k_bounds_them(store: Store) -> None:
    add(store, "talk", talk(dict.fromkeys((50.0, 400.0, 430.0, 900.0), "budget and budget again")))
    found = search(store, "budget", k=6)
    assert 3 <= len(found) <= 6
    spans = sorted((moment.start_s, moment.end_s) for moment in found)
    for (_, end_s), (start_s, _) in pairwise(spans):
        assert end_s <= start_s
    assert len(search(store, "budget", k=2)) == 2


def test_a_moment_is_as_long_as_what_it_is_about(store: Store) -> None:
    long = dict.fromkeys(
        np.arange(400.0, 540.0, 10.0).tolist(), "the rubber case feels warm and the rubber keys are soft"
    )
    add(store, "talk", talk(long))
    best = search(store, "rubber keys")[0]
    assert best.start_s == pytest.approx(400, abs=40)
    assert best.end_s == pytest.approx(538, abs=40)


def test_filters_admit_only_what_they_say(store: Store) -> None:
    said = {100.0: "the solar panel is cheap", 800.0: "the solar panel is heavy"}
    one = add(store, "one", talk(said, speakers={800.0: "Bob"}), collection="private")
    two = add(store, "two", talk(said), collection="public")

    def find(**filters: Any) -> list[Moment]:
        return search(store, "solar panel", filters=Scope(**filters))

    assert {moment.video_id for moment in find(video_ids=frozenset([one]))} == {one}
    assert {moment.video_id for moment in find(collection="public")} == {two}
    assert find(video_ids=frozenset([one]), collection="public") == []
    late = find(from_s=700.0, to_s=900.0)
    assert len(late) == 2
    assert all(700 <= moment.start_s < moment.end_s <= 900 for moment in late)
    assert "cheap" not in quotes(late)
    by_bob = find(speaker="bob")
    assert [moment.video_id for moment in by_bob] == [one]
    assert {evidence.speaker for evidence in by_bob[0].evidence} == {"Bob"}
    assert find(speaker="Nobody") == []


def test_filters_hold_before_ranking(store: Store) -> None:
    for number in range(40):
        add(
            store,
            f"loud {number}",
            talk(dict.fromkeys((10.0, 200.0), "quantum quantum quantum"), length_s=300),
        )
    video = add(store, "faint", talk({500.0: "a word on quantum things"}), collection="mine")
    found = search(store, "quantum", filters=Scope(collection="mine"))
    assert found[0].video_id == video
    assert found[0].start_s <= 500 < found[0].end_s


def test_a_speaker_that_the_question_names_is_a_filter(store: Store) -> None:
    said = {200.0: "the fork is late by two weeks", 900.0: "the fork is late by two weeks"}
    around = dict.fromkeys(np.arange(870.0, 940.0, 10.0).tolist(), "Pooja Ranjan")
    add(store, "call", talk(said, speakers=around))
    assert search(store, "What did Pooja say about the fork?")[0].start_s > 700
    assert search(store, "What did Ann say about the fork?")[0].start_s < 700
    hers = search(store, "What did Pooja say about the fork?")
    assert {evidence.speaker for moment in hers for evidence in moment.evidence} == {"Pooja Ranjan"}
    assert all(moment.end_s > 860 and moment.start_s < 950 for moment in hers)


def test_text_on_a_slide_is_found_and_is_evidence(store: Store) -> None:
    slides = [Slide(0, 300, 10), Slide(300, 600, 310), Slide(600, 1200, 610)]
    lines = [
        ScreenText(300, 600, "Photosynthesis", (0, 0, 1, 0.2)),
        ScreenText(300, 600, "Light and water become sugar", (0, 0.3, 1, 0.4)),
        ScreenText(600, 1200, "Thank you", (0, 0, 1, 0.2)),
    ]
    add(store, "biology", talk({}), slides=slides, lines=lines)
    add(store, "else", talk({}))
    best = search(store, "photosynthesis sugar")[0]
    assert best.title == "biology"
    assert best.start_s >= 300
    assert best.end_s <= 640
    shown = [evidence for evidence in best.evidence if evidence.kind == "screen"]
    assert {evidence.text for evidence in shown} == {"Photosynthesis", "Light and water become sugar"}
    assert {(evidence.start_s, evidence.end_s) for evidence in shown} == {(300, 600)}


def test_a_silent_video_with_slides_is_found(store: Store) -> None:
    slides = [Slide(0, 30, 5), Slide(30, 90, 40)]
    lines = [ScreenText(0, 30, "Welcome", (0, 0, 1, 1)), ScreenText(30, 90, "Binary search", (0, 0, 1, 1))]
    add(store, "silent", [], slides=slides, lines=lines)
    best = search(store, "binary search")[0]
    assert best.start_s == pytest.approx(30, abs=15)
    assert best.end_s == pytest.approx(90, abs=15)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("die Häuser am Fluss wurden im Sommer gestrichen", "Haus"),
        ("今天我们讨论学习率的选择", "学习率"),
        ("次の会議では予算について話します", "予算"),
        ("ناقشنا اليوم المشاريع الجديدة في الاجتماع", "المشاريع"),
        ("오늘은 기계학습에 대해 이야기합니다", "기계학습"),
        ("เราจะพูดถึงการเรียนรู้ของเครื่อง", "การเรียนรู้"),
    ],
    ids=["German", "Chinese", "Japanese", "Arabic", "Korean", "Thai"],
)
def test_a_word_of_the_language_finds_its_text(store: Store, text: str, word: str) -> None:
    german = {10.0 * at: "und wir haben das auch so in der Schule gemacht" for at in range(40)}
    add(store, "english", talk({}))
    video = add(store, "foreign", talk({**(german if "Haus" in word else {}), 200.0: text}, length_s=400))
    best = search(store, word)[0]
    assert best.video_id == video
    assert best.start_s <= 200 < best.end_s
    assert text in quotes([best])


def test_a_question_of_ten_thousand_words_is_answered(store: Store) -> None:
    video = add(store, "talk", talk({600.0: "the zebra crossed the road"}))
    question = "zebra " + " ".join(f"word{number}" for number in range(10_000))
    assert search(store, question)[0].video_id == video
    assert search(store, "zebra " * 10_000)[0].start_s <= 600


@pytest.mark.parametrize("query", ["???", "\0", "\"' OR ( NEAR *", "the of and", "\ud800", "a" * 5000])
def test_odd_queries_do_not_fail(store: Store, query: str) -> None:
    add(store, "talk", talk({}))
    for moment in search(store, query):
        assert moment.start_s < moment.end_s


def test_wrong_calls_are_one_sentence(store: Store) -> None:
    with pytest.raises(UsageError, match="query is empty"):
        search(store, " ")
    with pytest.raises(UsageError, match="k is 0"):
        search(store, "x", k=0)


def test_an_empty_library_has_no_moments(store: Store) -> None:
    assert search(store, "anything", text_encoder=LetterEncoder()) == []


def test_what_is_indexed_later_is_found_and_what_is_removed_is_not(store: Store) -> None:
    add(store, "first", talk({}))
    assert search(store, "marmalade") == []
    video = add(store, "second", talk({500.0: "marmalade on toast"}))
    assert search(store, "marmalade")[0].video_id == video
    store.remove_video(video)
    assert search(store, "marmalade") == []


def test_another_models_vectors_are_refused(store: Store) -> None:
    class Another(LetterEncoder):
        fingerprint = "another@1"

    add(store, "talk", talk({}), encoder=LetterEncoder())
    with pytest.raises(ModelMismatchError):
        search(store, "toast", text_encoder=Another())


def test_a_silent_span_shows_what_is_on_screen_although_no_word_of_the_question_is() -> None:
    lines = [Passage(1, "v", "screen", 0, 9, "Vegetation"), Passage(2, "v", "screen", 50, 60, "The end")]
    said = Passage(3, "v", "speech", 1, 4, "Welcome to this film.")

    def evidence(*passages: Passage) -> tuple[Passage, ...]:
        timeline = make_timeline("v", [RankedPassage(each, each.text.lower(), None) for each in passages])
        idf = {"plant": 1.0}
        return find_evidence(timeline, timeline.touching(0, 10), 0, word_weights(timeline, idf), idf)

    assert evidence(*lines) == (lines[0],)
    assert evidence(said, *lines) == (said,)


def test_a_small_memory_answers_as_a_large_one(store: Store) -> None:
    """``memory_mb`` bounds what is kept; what had to go is read again."""
    for number in range(4):
        add(store, f"talk {number}", talk({500.0: f"the pump number {number} leaks"}))
    queries = [f"pump number {number}" for number in range(4)] * 2
    whole = [search(store, query) for query in queries]
    store.home.memory_mb = 2
    with store.view() as view:
        assert memory_of(view).kept > (room := 2_000_000 * 5 / 12 // 2600), "more than the room, before"
    assert [search(store, query) for query in queries] == whole
    with store.view() as view:
        assert 0 < memory_of(view).kept <= room
