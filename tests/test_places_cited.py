"""Of more places than are cited for one question the first ones of each claim are, and the answer says so."""

from __future__ import annotations

import pytest

from longvid_agents import lists, people
from longvid_storage import types
from longvid_storage.types import Utterance
from small_library import SmallLibrary, SmallVideo

SAID = ("The pump is old.", "Take the heat pump.", "A pump costs much.")


@pytest.fixture(scope="module")
def boards() -> SmallLibrary:
    """Two meetings in which Ada and Ben say three sentences each; one of Ben's ends in the next one."""
    return SmallLibrary(
        [
            SmallVideo(
                f"v{number}",
                f"Board {number}",
                [
                    Utterance(10.0 * at, 10.0 * at + 9.0, text, who)
                    for who, begin in (("Ada", 0), ("Ben", 3))
                    for at, text in enumerate(SAID, begin)
                ],
            )
            for number in (1, 2)
        ]
    )


QUESTIONS = {
    "How often did Ada speak?": ("3 times", "6 times in all.", "video"),
    "How many times is the pump mentioned?": ("6 times", "12 times in 2 videos", "video"),
    "Who mentions the pump?": ("6 times", "", "speaker"),
}


@pytest.mark.parametrize(("question", "told"), QUESTIONS.items())
def test_all_places_are_cited_where_they_are_not_too_many(
    boards: SmallLibrary, question: str, told: tuple[str, str, str]
) -> None:
    answer = boards.ask(question)
    number = int(told[0].split()[0])
    assert [len(claim.citations) for claim in answer.claims] == [number, number]
    assert "cited" not in " ".join(answer.notes)


@pytest.mark.parametrize(("question", "told"), QUESTIONS.items())
def test_else_the_first_of_each_are_and_the_counts_are_of_all(
    boards: SmallLibrary, monkeypatch: pytest.MonkeyPatch, question: str, told: tuple[str, str, str]
) -> None:
    every = boards.ask(question)
    monkeypatch.setattr(lists, "MOST_PLACES", 5)
    answer = boards.ask(question)
    count, total, of = told
    assert [claim.text for claim in answer.claims] == [claim.text for claim in every.claims]
    assert all(count in claim.text for claim in answer.claims)
    assert [claim.citations for claim in answer.claims] == [claim.citations[:2] for claim in every.claims]
    notes = " ".join(answer.notes)
    assert total in notes
    assert f"Of each {of} the first 2 places are cited." in notes


def test_the_file_of_a_video_is_looked_for_once(
    boards: SmallLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    def is_gone(path: str) -> bool:
        looked.append(path)
        return False

    for module in (lists, people, types):
        monkeypatch.setattr(module, "is_gone", is_gone)
    for question in QUESTIONS:
        looked.clear()
        assert boards.ask(question).claims
        assert len(looked) == len(set(looked)), question
