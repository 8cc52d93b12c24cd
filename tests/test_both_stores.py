"""The same moments in the same order, whichever store a library lies in."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from longvid import Library
from longvid_storage.db import pgvector_tables
from longvid_storage.types import Moment
from postgres_tools import new_database

REAL = os.environ.get("LONGVID_MEETINGS")
"""A folder of real transcripts with a ``questions.jsonl``, to be asked in the place of drawn ones."""
QUESTIONS = 200 if REAL else 60
_CLOSE = 1e-6
_WHO = (
    "we",
    "they",
    "the team",
    "the designer",
    "our client",
    "the factory",
    "nobody",
    "a user",
    "the board",
)
_DOES = ("move", "paint", "sell", "measure", "repair", "forget", "ship", "question", "double", "test")
_WHAT = (
    *(
        "the battery",
        "the red case",
        "every button",
        "the price of rubber",
        "a harbour crane",
        "the old menu",
    ),
    *(
        "two screens",
        "the warranty",
        "the north gate",
        "a wheel of wood",
        "the summer budget",
        "the voice chip",
    ),
)
_WHEN = ("on Monday", "before the launch", "in spring", "after the test", "for less money", "without asking")
_FILLERS = ("Yeah.", "Mm-hmm.", "Okay, that is right.", "I see what you mean.", "Right, right.")


def draw(folder: Path) -> Path:
    """Meetings of sentences and fillers that are said over and over, as people do."""
    draws = random.Random(7)
    folder.mkdir()
    asked = []
    for number in range(12):
        cues = []
        for at in range(120):
            text = draws.choice(_FILLERS)
            if draws.random() < 0.6:
                does = f"{draws.choice(_DOES)} {draws.choice(_WHAT)} {draws.choice(_WHEN)}"
                text = f"{draws.choice(_WHO).capitalize()} should {does}."
                asked.append(f"Who should {does}?")
            cues.append(
                f"00:{at // 15:02}:{at % 15 * 4:02}.000 --> 00:{at // 15:02}:{at % 15 * 4 + 3:02}.000\n{text}\n"
            )
        (folder / f"meeting {number}.vtt").write_text("WEBVTT\n\n" + "\n".join(cues))
    lines = [json.dumps({"question": question}) for question in draws.sample(asked, QUESTIONS)]
    (folder / "questions.jsonl").write_text("\n".join(lines))
    return folder


def questions(folder: Path) -> list[str]:
    """So many of a set of meetings, evenly spaced."""
    lines = (folder / "questions.jsonl").read_text("utf-8").splitlines()
    return [json.loads(lines[n * len(lines) // QUESTIONS])["question"] for n in range(QUESTIONS)]


def order(moments: Sequence[Moment]) -> list[tuple[object, ...]]:
    """Places by score, equal scores in one order."""
    return sorted(
        (-round(each.score / _CLOSE), each.video_id, round(each.start_s, 3), round(each.end_s, 3))
        for each in moments
    )


@pytest.mark.slow
def test_both_stores_find_the_same_moments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them where vectors are compared one by one, as up to 50,000 are; nearly all where a graph is asked."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = Path(REAL) / "qmsum" if REAL else draw(tmp_path / "meetings")
    address, asked = new_database(), questions(folder)
    with Library.open(tmp_path / "lib", create=True) as here:
        here.index(folder, only=["transcript", "vectors"])
        here.copy_to(address)
        wanted = [order(here.search(each)) for each in asked]
    with Library.open(address) as there:
        assert [
            question
            for question, one in zip(asked, wanted, strict=True)
            if order(there.search(question)) != one
        ] == []
        monkeypatch.setattr("longvid_storage.db.pgvector_tables.EXACT", 10_000 if REAL else 100)
        with there._store.conversing() as connection:
            pgvector_tables.fill(connection)
        same = sum(order(there.search(question)) == one for question, one in zip(asked, wanted, strict=True))
    print(f"by the graph, {same} of {QUESTIONS}")
    assert same >= 0.99 * QUESTIONS
