"""Somebody's text against the recordings: each sentence supported, contradicted or unsupported, with the place."""

from __future__ import annotations

import pytest

from longvid_agents.checks.claim import Support, check_claim
from longvid_agents.checks.times import days_in
from longvid_agents.text_check import CheckedSentence, check_text, sentences_of
from longvid_storage.types import Passage, Scope, Utterance
from small_library import SmallLibrary, SmallVideo

SAID = [
    ("Maya", "Welcome everybody, let us begin with the budget of the harbour project."),
    ("Maya", "The budget of the harbour project is forty thousand euros this year."),
    ("Ben", "I will send the signed contract to the architect on Tuesday."),
    ("Ben", "The old crane must not be moved before the inspection is done."),
    ("Maya", "We decided to paint the northern warehouse green instead of blue."),
    ("Ben", "The next meeting takes place in March in the small room upstairs."),
]


@pytest.fixture(scope="module")
def library() -> SmallLibrary:
    said = [Utterance(10.0 * n, 10.0 * n + 6, text, who) for n, (who, text) in enumerate(SAID)]
    other = [
        Utterance(0.0, 5.0, "The festival sold nine hundred tickets for the concert in the park.", "Ida")
    ]
    return SmallLibrary(
        [
            SmallVideo("a" * 64, "Harbour meeting", said, collection="harbour"),
            SmallVideo("b" * 64, "Festival call", other, collection="festival"),
        ]
    )


def checked(library: SmallLibrary, text: str, scope: Scope | None = None) -> list[CheckedSentence]:
    with library.view(scope or Scope()) as view:
        return check_text(text, view)


@pytest.mark.parametrize(
    ("sentence", "quoted"),
    [
        ("The budget of the harbour project is 40,000 euros.", "forty thousand"),
        ("Ben will send the signed contract to the architect on Tuesday.", "signed contract"),
        ("They decided to paint the northern warehouse green.", "northern warehouse"),
        ("The crane must not be moved before the inspection.", "old crane"),
    ],
)
def test_what_was_said_is_supported_where_it_was_said(
    library: SmallLibrary, sentence: str, quoted: str
) -> None:
    (found,) = checked(library, sentence)
    assert found.verdict == "supported", found
    assert any(quoted in citation.quote for citation in found.citations)
    assert not found.nearest
    assert not found.reason


@pytest.mark.parametrize(
    ("sentence", "about", "quoted"),
    [
        ("The budget of the harbour project is 50,000 euros this year.", "50000", "forty thousand"),
        ("Ben will send the signed contract to the architect on Friday.", "Friday", "Tuesday"),
        ("Maya will send the signed contract to the architect on Tuesday.", "Maya", "signed contract"),
        ("The old crane must be moved before the inspection is done.", "says no", "must not be moved"),
        ("The next meeting takes place in June in the small room upstairs.", "June", "March"),
    ],
)
def test_another_number_day_name_or_a_no_at_the_same_place_contradicts(
    library: SmallLibrary, sentence: str, about: str, quoted: str
) -> None:
    (found,) = checked(library, sentence)
    assert found.verdict == "contradicted", found
    assert about in found.reason
    assert any(quoted in citation.quote for citation in found.citations)


def test_what_nobody_said_is_unsupported_with_the_nearest_place(library: SmallLibrary) -> None:
    (found,) = checked(library, "The committee approved new uniforms for the lifeguards.")
    assert found.verdict == "unsupported"
    assert not found.citations
    assert found.nearest
    assert found.reason


def test_only_the_scope_is_looked_at(library: SmallLibrary) -> None:
    sentence = "The festival sold 900 tickets for the concert in the park."
    assert checked(library, sentence)[0].verdict == "supported"
    (found,) = checked(library, sentence, Scope(collection="harbour"))
    assert found.verdict == "unsupported"
    assert all(citation.title == "Harbour meeting" for citation in found.nearest)


def test_without_a_text_encoder_words_decide() -> None:
    said = [Utterance(0.0, 6.0, SAID[1][1], "Maya")]
    library = SmallLibrary([SmallVideo("a" * 64, "Harbour meeting", said)], encoder=False)
    assert checked(library, "The budget of the harbour project is 40,000 euros.")[0].verdict == "supported"
    assert checked(library, "The budget of the harbour project is 41,000 euros.")[0].verdict == "contradicted"
    assert checked(library, "Nobody ever liked swimming lessons.")[0].verdict == "unsupported"


def test_sentences_of_minutes_are_read_without_their_markup() -> None:
    text = """# Minutes of Monday

Decisions:

- **Maya**: paint the *warehouse* green. [Harbour meeting @ 0:40–0:46]
2. The budget is 40 thousand euros,
   as [agreed](https://example.org/x).
> Ben sends the contract. It goes by post.

```
code is no statement
```
| who | what |
|-----|------|
| Ben | the crane |
"""
    assert sentences_of(text) == [
        "Maya: paint the warehouse green.",
        "The budget is 40 thousand euros, as agreed.",
        "Ben sends the contract.",
        "It goes by post.",
        "who: what",
        "Ben: the crane",
    ]


def test_an_empty_text_has_no_sentences(library: SmallLibrary) -> None:
    assert checked(library, "\n# Title\n\n***\n") == []


def test_days_are_read_as_days() -> None:
    assert days_in("on Tuesday, the 3rd of June") == {
        ("weekday", "Tuesday", 2),
        ("day", "3rd", 3),
        ("month", "June", 6),
    }
    assert days_in("we may march on") == set()
    assert days_in("Dienstag im Mai") == {("weekday", "Dienstag", 2), ("month", "Mai", 5)}


def test_a_claim_with_another_day_is_refuted_and_with_a_new_one_unsure() -> None:
    evidence = Passage(1, "a", "speech", 0.0, 1.0, "Ben sends the signed contract to her on Tuesday.")
    source = [Support(evidence, "Call")]
    assert check_claim("Ben sends the signed contract on Tuesday.", source).verdict == "supported"
    assert check_claim("Ben sends the signed contract on Friday.", source).verdict == "refuted"
    assert check_claim("Ben sends the signed contract in June.", source).verdict == "unsure"
