"""Worked examples that a model reads before a question, so that it copies their form (few-shot prompting).

Alayrac et al. 2022, "Flamingo", arXiv 2204.14198: a handful of support examples in the prompt, no training.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, ValidationError

from longvid_agents.material import as_data
from longvid_agents.replies import Draft
from longvid_storage.errors import UsageError
from longvid_storage.models.replies import ReplyModel, what_is_wrong

EXAMPLE_TOKENS = 600
"""Tokens that examples may take of what a model reads, and never more than an eighth of its budget."""

_HEAD = "\nExamples of the form, about other videos. They are no evidence."


class WorkedExample(ReplyModel):
    """A question, its lines of evidence (the first is ``e1``), and the claims that answer it, none if they do not."""

    question: Annotated[str, Field(min_length=1)]
    evidence: tuple[str, ...]
    claims: tuple[Draft, ...]

    def shown(self) -> str:
        """As a model reads it."""
        lines = [f"[e{number}] {as_data(text)}" for number, text in enumerate(self.evidence, 1)]
        claims = [{"text": each.text, "evidence": list(each.evidence)} for each in self.claims]
        reply = json.dumps({"complete": True, "claims": claims}, ensure_ascii=False)
        return "\n".join([*lines, f"Question: {as_data(self.question)}", reply])


def read_example(found: Mapping[str, Any], where: str) -> WorkedExample:
    """An example as a line of a file says it; ``where`` names that line.

    Raises:
        UsageError: it has another form, or a claim names evidence that the example does not have.
    """
    try:
        example = WorkedExample.model_validate_json(json.dumps(found))
    except ValidationError as error:
        raise UsageError(
            f'{where}: {what_is_wrong(error)}; an example is {{"question", "evidence": ["…"], "claims": '
            '[{"text", "evidence": ["e1"]}]}'
        ) from None
    known = {f"e{number}" for number in range(1, len(example.evidence) + 1)}
    for claim in example.claims:
        if not claim.evidence or not known.issuperset(claim.evidence):
            raise UsageError(
                f"{where}: the claim {claim.text!r} must name evidence of the example, e1 to e{len(example.evidence)}"
            )
    return example


def examples_within(examples: Sequence[WorkedExample], most_tokens: int, count: Callable[[str], int]) -> str:
    """The first examples that fit into ``most_tokens`` by ``count``, with a line before them; empty for none."""
    shown: list[str] = []
    for example in examples:
        if count("\n".join([_HEAD, *shown, example.shown()])) > most_tokens:
            break
        shown.append(example.shown())
    return "\n".join([_HEAD, *shown]) if shown else ""
