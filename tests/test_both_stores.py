"""The same moments in the same order, whichever store a library lies in: of real meetings, where they are."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from longvid import Library
from longvid_storage.db import pgvector
from longvid_storage.types import Moment
from postgres_tools import new_database

MEETINGS = Path(os.environ.get("LONGVID_MEETINGS", Path(__file__).parents[2] / "shared/data/meetings"))
QUESTIONS = 200
_CLOSE = 1e-6


def questions(name: str) -> list[str]:
    """So many of a set of meetings, evenly spaced."""
    lines = (MEETINGS / name / "questions.jsonl").read_text("utf-8").splitlines()
    return [json.loads(lines[n * len(lines) // QUESTIONS])["question"] for n in range(QUESTIONS)]


def order(moments: Sequence[Moment]) -> list[tuple[object, ...]]:
    """Places by score, equal scores in one order."""
    return sorted(
        (-round(each.score / _CLOSE), each.video_id, round(each.start_s, 3), round(each.end_s, 3))
        for each in moments
    )


@pytest.mark.slow
@pytest.mark.skipif(
    not (MEETINGS / "qmsum").is_dir(), reason=f"no meetings at {MEETINGS} ($LONGVID_MEETINGS)"
)
def test_both_stores_find_the_same_moments_of_real_meetings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them where vectors are compared one by one, as up to 50,000 are; nearly all where a graph is asked."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    address, asked = new_database(), questions("qmsum")
    with Library.open(tmp_path / "lib", create=True) as here:
        here.index(MEETINGS / "qmsum", only=["transcript", "vectors"])
        here.copy_to(address)
        wanted = [order(here.search(each)) for each in asked]
    with Library.open(address) as there:
        assert [
            question
            for question, one in zip(asked, wanted, strict=True)
            if order(there.search(question)) != one
        ] == []
        monkeypatch.setattr("longvid_storage.db.pgvector.EXACT", 10_000)
        with there._store.conversing() as connection:
            pgvector.fill(connection)
        same = sum(order(there.search(question)) == one for question, one in zip(asked, wanted, strict=True))
    print(f"by the graph, {same} of {QUESTIONS}")
    assert same >= 0.95 * QUESTIONS
