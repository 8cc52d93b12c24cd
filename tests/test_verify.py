"""A citation is verified against the library by the passage it names, not against what search returned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from longvid import printing
from longvid_agents.cite import format_citation, format_claim
from longvid_agents.text_check import sentences_of
from longvid_agents.verify import supported
from longvid_storage.types import EVERYTHING, Citation, Claim, Passage, Scope, ScreenText, Utterance
from small_library import SmallLibrary, SmallVideo

SAID = "I will send the report on Friday."


@pytest.fixture(scope="module")
def library() -> SmallLibrary:
    talk = SmallVideo(
        "v1",
        "Talk",
        [
            Utterance(0, 2, "I will send the", "Ana"),
            Utterance(1, 1.5, "Good.", "Ben"),
            Utterance(2, 4, "report on  Friday.", "Ana"),
            Utterance(7, 7, "Zero length.", "Ana"),
        ],
        [ScreenText(10, 20, "Gradient descent", (0, 0, 1, 0.1))],
    )
    return SmallLibrary([talk, SmallVideo("v2", "Another", [Utterance(0, 4, SAID, "Ana")])])


def cited(library: SmallLibrary, text: str) -> Citation:
    """The first video's passage with these words, as it is cited."""
    (passage,) = (each for each in library.passages("v1") if text in each.text)
    return Citation.of(passage, "Talk", "Talk.mp4")


def holds(
    library: SmallLibrary, *citations: Citation, scope: Scope = EVERYTHING, seen: Sequence[Passage] = ()
) -> bool:
    with library.view(scope) as view:
        return supported([Claim("x", citations)], view, seen) == [Claim("x", citations)]


@pytest.mark.parametrize("text", [SAID, "Good.", "Zero length.", "Gradient descent"])
def test_a_passage_can_be_cited_whatever_it_is_made_of(library: SmallLibrary, text: str) -> None:
    assert holds(library, cited(library, text))


def test_joined_cues_of_one_speaker_are_cited_with_the_span_of_both(library: SmallLibrary) -> None:
    citation = cited(library, "report")
    assert (citation.start_s, citation.end_s, citation.quote) == (0, 4, SAID)


@pytest.mark.parametrize(
    "wrong",
    [
        {"quote": "I will send the report on Monday."},
        {"quote": "i will send the report on friday."},
        {"quote": "will send the report on Fri"},
        {"quote": ""},
        {"start_s": 1.0},
        {"end_s": 3.0},
        {"video_id": "v2"},
        {"kind": "screen"},
        {"kind": "summary"},
        {"kind": "picture"},
        {"passage_id": 0},
        {"passage_id": -1},
        {"passage_id": 10**9},
    ],
)
def test_anything_else_is_refuted(library: SmallLibrary, wrong: dict[str, Any]) -> None:
    assert not holds(library, replace(cited(library, SAID), **wrong))


def test_the_words_of_another_passage_are_not_its_own(library: SmallLibrary) -> None:
    other = cited(library, "Good.")
    assert not holds(library, replace(cited(library, SAID), passage_id=other.passage_id))


@pytest.mark.parametrize(
    "scope",
    [
        Scope(video_ids=frozenset({"v2"})),
        Scope(collection="none"),
        Scope(from_s=4.0),
        Scope(to_s=0.0),
        Scope(speaker="Ben"),
    ],
)
def test_what_the_scope_does_not_admit_is_not_there(library: SmallLibrary, scope: Scope) -> None:
    assert not holds(library, cited(library, SAID), scope=scope)
    assert holds(library, cited(library, SAID), scope=Scope(frozenset({"v1"}), None, 3.0, 9.0, "ana"))


def test_a_passage_that_is_gone_since_is_refuted() -> None:
    library = SmallLibrary([SmallVideo("v1", "Talk", [Utterance(0, 2, "It is said.")])])
    citation = cited(library, "It is said.")
    assert holds(library, citation)
    with library.store.stage("v1", "transcript", "2") as writer:
        writer.replace_utterances([Utterance(0, 2, "It was said.")])
    assert not holds(library, citation)


def test_a_picture_is_quoted_by_what_was_seen_in_this_run(library: SmallLibrary) -> None:
    seen = (
        Passage(0, "v1", "picture", 10, 20, "A red curve falls."),
        Passage(0, "v1", "summary", 10, 20, "They draw."),
    )
    citation = Citation.of(seen[0], "Talk", "Talk.mp4")
    assert holds(library, citation, seen=seen)
    assert not holds(library, citation)
    assert not holds(library, replace(citation, quote="A blue curve falls."), seen=seen)
    assert not holds(library, replace(citation, end_s=21.0), seen=seen)
    assert not holds(library, Citation.of(seen[1], "Talk", "Talk.mp4"), seen=seen)


def test_a_claim_needs_a_citation_and_all_of_them_true(library: SmallLibrary) -> None:
    true = cited(library, SAID)
    false = replace(true, quote="Never said.")
    claims = [Claim("a", (true,)), Claim("b", ()), Claim("c", (true, false)), Claim("d", (true, true))]
    with library.view() as view:
        assert [claim.text for claim in supported(claims, view)] == ["a", "d"]


SPANNED = Citation("v1", "Talk", "talk.mp4", 0, 4, "speech", SAID, 1)


@pytest.mark.parametrize(
    ("start_s", "end_s", "span"),
    [
        (754.0, 782.0, "12:34–13:02"),
        (754.9, 781.2, "12:34–13:02"),
        (3599.0, 3661.0, "59:59–1:01:01"),
        (0.2, 0.4, "0:00–0:01"),
        (5.0, 5.0, "0:05"),
    ],
)
def test_citation_is_written_with_a_span_that_contains_it(start_s: float, end_s: float, span: str) -> None:
    citation = replace(SPANNED, start_s=start_s, end_s=end_s, title="My\n talk")
    assert format_citation(citation) == f"[My talk @ {span}]"


def test_claim_is_written_with_its_citations() -> None:
    assert format_claim(Claim("A.", (SPANNED,))) == "A. [Talk @ 0:00–0:04]"


def test_places_of_one_video_share_a_bracket() -> None:
    later = replace(SPANNED, start_s=70.0, end_s=72.0)
    other = replace(SPANNED, video_id="v2", kind="translation", language="de")
    near = replace(SPANNED, start_s=90.0, end_s=95.5, approximate=True)
    claim = Claim("A.", (SPANNED, later, SPANNED, near, other))
    assert format_claim(claim) == (
        "A. [Talk @ 0:00–0:04; 1:10–1:12; about 1:30–1:36] [Talk @ 0:00–0:04, translation (de)]"
    )
    assert sentences_of(format_claim(claim)) == ["A."]
    many = Claim("A.", tuple(replace(SPANNED, start_s=at, end_s=at + 1.0) for at in range(0, 6000, 60)))
    lines = printing.claim(many).splitlines()
    assert len(lines) > 10
    assert max(map(len, lines)) <= printing.width()
    assert lines[0].startswith("A. [Talk @ 0:00–0:01; 1:00–1:01;")
