"""Words and meaning as support of a claim: the numbers compared, and what counts where no model can judge any more."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ask_tools import check_answer, library
from longvid_agents.budget import Budget
from longvid_agents.checks.support import FIT, SUPPORTED, coverage, likeness
from longvid_agents.video_lm import Request
from longvid_storage.errors import OUT_OF_TIME, ModelError
from longvid_storage.types import Answer
from scripted_lm import ScriptedLM, claims

NEAR = "Ben writes the budget report, sends it before Friday, and mails everyone afterwards."
ALIKE = "Ben promised a report on the budget for the summer."
FAR = "Ben refuses all further paperwork until somebody pays travel expenses."


def test_coverage_is_the_share_of_content_words() -> None:
    assert coverage("The budget reports", "a report on the budget") == 1
    assert coverage("green ideas sleep", "green") == pytest.approx(1 / 3)
    assert coverage("", "anything") == 1


def test_likeness_is_with_the_nearest_piece_or_with_all_together() -> None:
    claim = np.array([1.0, 0.0, 0.0])
    assert likeness(claim, np.array([[0.0, 1.0, 0.0], [0.6, 0.8, 0.0]])) == pytest.approx(0.6)
    two = np.array([[0.6, 0.8, 0.0], [0.6, -0.8, 0.0]])
    assert likeness(claim, two) == pytest.approx(1.0)


def test_the_probability_grows_with_both_and_neither_alone_is_enough() -> None:
    assert FIT.probability(0.6, 0.6) > FIT.probability(0.4, 0.6) > FIT.probability(0.4, 0.4)
    assert FIT.probability(1.0, 0.1) < SUPPORTED
    assert FIT.probability(0.0, 0.95) < SUPPORTED
    assert FIT.probability(0.7, 0.7) > SUPPORTED


def answered(claim: str, *, late: bool) -> tuple[Answer, ScriptedLM]:
    """The answer of a model that writes ``claim``; ``late``: the time is over before it judges it."""

    def write(request: Request) -> dict[str, Any]:
        return claims((claim, [next(each.id for each in request.evidence if "budget report" in each.text)]))

    judged = (
        ModelError("the time is over", code=OUT_OF_TIME)
        if late
        else {"verdicts": [{"claim": 1, "supported": False}]}
    )
    tools, lm = library(), ScriptedLM(write, judged, otherwise={"complete": True, "claims": []})
    answer = tools.ask("Who promised to write the budget report?", lm=lm, budget=Budget(seconds=50.0))
    check_answer(answer, tools)
    return answer, lm


def test_past_the_budget_words_and_meaning_judge() -> None:
    answer, lm = answered(NEAR, late=True)
    assert [claim.text for claim in answer.claims] == [NEAR]
    assert len(lm.requests) == 2
    assert any("1 are near enough" in step.did for step in answer.trail)


def test_past_the_budget_what_is_only_alike_is_dropped() -> None:
    answer, _ = answered(ALIKE, late=True)
    assert ALIKE not in [claim.text for claim in answer.claims]
    assert any("0 are near enough" in step.did for step in answer.trail)


def test_what_is_far_is_dropped_without_asking_the_model() -> None:
    answer, _ = answered(FAR, late=True)
    assert FAR not in [claim.text for claim in answer.claims]
    assert not any("could not be judged" in step.did for step in answer.trail)


def test_within_the_budget_the_model_judges() -> None:
    answer, lm = answered(NEAR, late=False)
    assert len(lm.requests) > 2
    assert NEAR not in [claim.text for claim in answer.claims]
