"""A quote is verified against the store, not against what search returned."""

from __future__ import annotations

from dataclasses import replace

import pytest

from longvid_agents.cite import format_citation, format_claim
from longvid_agents.sentences import Sentence
from longvid_agents.verify import quote_in_span, supported
from longvid_storage.types import Citation, Claim, ScreenText, Utterance
from memory_tools import MemoryTools, MemoryVideo

VIDEO = MemoryVideo(
    "v1",
    "Talk",
    utterances=[
        Utterance(0, 2, "I will send the", "Ana"),
        Utterance(1, 1.5, "Good.", "Ben"),
        Utterance(2, 4, "report on  Friday.", "Ana"),
        Utterance(7, 7, "Zero length.", "Ana"),
    ],
    screen=[ScreenText(10, 20, "Gradient descent", (0, 0, 1, 0.1))],
)
SAID = Citation("v1", "Talk", "talk.mp4", 0, 4, "speech", "I will send the report on Friday.")


@pytest.fixture
def tools() -> MemoryTools:
    return MemoryTools([VIDEO])


def test_joined_cues_of_one_speaker_are_a_true_quote(tools: MemoryTools) -> None:
    assert quote_in_span(SAID, tools)


def test_case_punctuation_and_space_do_not_count(tools: MemoryTools) -> None:
    assert quote_in_span(replace(SAID, quote="i will SEND the report — on friday"), tools)


@pytest.mark.parametrize(
    "wrong",
    [
        {"quote": "I will send the report on Monday."},
        {"quote": "I will send the good report on Friday."},
        {"quote": "will send the report on Fri"},
        {"quote": ""},
        {"quote": "…"},
        {"end_s": 3.0},
        {"start_s": 5.0, "end_s": 9.0},
        {"kind": "screen"},
        {"kind": "summary"},
        {"kind": "picture"},
    ],
)
def test_anything_else_is_refuted(tools: MemoryTools, wrong: dict[str, object]) -> None:
    assert not quote_in_span(replace(SAID, **wrong), tools)


def test_zero_length_cue_can_be_cited(tools: MemoryTools) -> None:
    assert quote_in_span(replace(SAID, start_s=7, end_s=7, quote="Zero length."), tools)


def test_screen_text_needs_its_slide(tools: MemoryTools) -> None:
    shown = replace(SAID, kind="screen", start_s=10, end_s=20, quote="gradient descent")
    assert quote_in_span(shown, tools)
    assert not quote_in_span(replace(shown, end_s=15), tools)


def test_a_picture_is_quoted_by_what_was_seen_in_this_run(tools: MemoryTools) -> None:
    seen = (Sentence("v1", "picture", 10, 20, "A red curve falls."),)
    citation = replace(SAID, kind="picture", start_s=10, end_s=20, quote="A red curve falls.")
    assert quote_in_span(citation, tools, seen)
    assert not quote_in_span(replace(citation, quote="A blue curve falls."), tools, seen)


def test_a_claim_needs_a_citation_and_all_of_them_true(tools: MemoryTools) -> None:
    assert supported(Claim("x", (SAID,)), tools)
    assert not supported(Claim("x", ()), tools)
    assert not supported(Claim("x", (SAID, replace(SAID, quote="Never said."))), tools)


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
    citation = replace(SAID, start_s=start_s, end_s=end_s, title="My\n talk")
    assert format_citation(citation) == f"[My talk @ {span}]"


def test_claim_is_written_with_its_citations() -> None:
    assert format_claim(Claim("A.", (SAID, SAID))) == "A. [Talk @ 0:00–0:04] [Talk @ 0:00–0:04]"
