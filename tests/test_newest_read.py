"""Of more videos than are read for one question the newest are, and the answer says so."""

from __future__ import annotations

import pytest

from longvid_agents import newest
from longvid_storage.types import Utterance
from small_library import SmallLibrary, SmallVideo

SAID = (
    ("Ada", "We decided to repair the pump of the {} street."),
    ("Ben", "Shall we really repair the pump of the {} street?"),
    ("Ada", "I will write to the people of the {} street tomorrow."),
    ("Ada", "Who pays for the pump of the {} street?"),
)
DAYS = {"2024-03-04": "old", "2024-06-03": "long", "2024-09-02": "new"}


@pytest.fixture(scope="module")
def boards() -> SmallLibrary:
    """Three meetings of 40 s."""
    return SmallLibrary(
        [
            SmallVideo(
                f"v{day}",
                f"Board {day}",
                [
                    Utterance(10.0 * at, 10.0 * at + 10.0, text.format(street), who)
                    for at, (who, text) in enumerate(SAID)
                ],
            )
            for day, street in DAYS.items()
        ]
    )


QUESTIONS = {
    "What was decided?": "decided",
    "What are the action items?": "I will write",
    "What did Ada ask?": "Who pays",
}


@pytest.mark.parametrize(("question", "told"), QUESTIONS.items())
def test_all_are_read_where_they_are_not_too_many(boards: SmallLibrary, question: str, told: str) -> None:
    answer = boards.ask(question)
    assert {claim.citations[0].video_id for claim in answer.claims} == {f"v{day}" for day in DAYS}
    assert all(told in claim.text for claim in answer.claims)
    assert "were read" not in " ".join(answer.notes)


@pytest.mark.parametrize(("question", "told"), QUESTIONS.items())
def test_else_the_newest_are(
    boards: SmallLibrary, monkeypatch: pytest.MonkeyPatch, question: str, told: str
) -> None:
    monkeypatch.setattr(newest, "MOST_S", 85.0)
    answer = boards.ask(question)
    assert {claim.citations[0].video_id for claim in answer.claims} == {"v2024-06-03", "v2024-09-02"}
    assert all(told in claim.text for claim in answer.claims)
    assert (
        "Only the 2 newest of 3 videos were read: name a video, a collection or a day to ask about others."
        in answer.notes
    )


def test_so_are_those_of_many_of_one_name(boards: SmallLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(boards.ask("What was decided by the board?").claims) == len(DAYS)
    monkeypatch.setattr(newest, "MOST_S", 85.0)
    answer = boards.ask("What was decided by the board?")
    assert {claim.citations[0].video_id for claim in answer.claims} == {"v2024-06-03", "v2024-09-02"}
    assert "Only the 2 newest of 3 videos were read" in " ".join(answer.notes)


def test_one_is_read_however_long_it_is(boards: SmallLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newest, "MOST_S", 5.0)
    answer = boards.ask("What was decided?")
    assert [claim.citations[0].video_id for claim in answer.claims] == ["v2024-09-02"]
    assert any(note.startswith("Only the newest of 3 videos was read:") for note in answer.notes)


def test_what_is_asked_about_a_subject_or_a_day_is_read_wherever_it_is(
    boards: SmallLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newest, "MOST_S", 5.0)
    for question in ("What was decided about the old street?", "What was decided on 4 March 2024?"):
        answer = boards.ask(question)
        assert [claim.citations[0].video_id for claim in answer.claims] == ["v2024-03-04"]
        assert "was read" not in " ".join(answer.notes)
