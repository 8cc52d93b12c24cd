"""Is a model's word on "does this passage answer the question?" worth asking for, to tell near misses?

    OPENAI_BASE_URL=… python benchmarks/verdicts.py ../shared/data/meetings work/ --model qwen --most 40

``work/`` is that of ``benchmarks/answering.py``. Own questions of ``qmsum`` in their meetings beside near misses, which
are questions asked of the next meeting, as many of each. The passage is the sentence that would be quoted, with those
beside it. The verdict is the model's probability of "yes" against "no" as its first word. Printed: how well the
verdict, the abstention model's confidence, and both together (logistic, each question judged by a fit of the others)
tell own from near, as the area under the ROC curve with a bootstrap interval of 95 %; and how many near misses are
answered where as many own questions are as with the confidence alone at its threshold.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from answering import SETS, Case, collect, open_library
from numpy.typing import NDArray
from openai import OpenAI

from longvid_agents.answerability import WITH_VECTORS

Floats = NDArray[np.float64]
_BESIDE = 3
_PROMPT = """Question: {question}

Passage of a meeting:
{passage}

Does this passage answer the question? Reply yes or no."""


def passage_of(case: Case) -> str:
    """The sentence that would be quoted with those beside it."""
    ranking = case.ranked()
    assert ranking is not None
    row = int(ranking.order[0])
    near = [
        case.sentences[at] for at in range(max(0, row - _BESIDE), min(len(case.sentences), row + _BESIDE + 1))
    ]
    same = [each for each in near if each.video_id == case.sentences[row].video_id]
    return "\n".join(f"{each.speaker}: {each.text}" if each.speaker else each.text for each in same)


def verdict(client: OpenAI, model: str, case: Case) -> float:
    """How likely the model says yes, in ``[0, 1]``."""
    prompt = _PROMPT.format(question=case.plan.question, passage=passage_of(case))
    reply = client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": prompt}],
        max_tokens=1,
        temperature=0,
        logprobs=True,
        top_logprobs=20,
    )
    told = reply.choices[0].logprobs
    if told is None or not told.content:
        raise SystemExit(
            "the server gives no probabilities of tokens: serve the model with llama.cpp or vLLM"
        )
    weight = {"yes": 1e-9, "no": 1e-9}
    for each in told.content[0].top_logprobs:
        word = each.token.strip().casefold()
        if word in weight:
            weight[word] += math.exp(each.logprob)
    return weight["yes"] / (weight["yes"] + weight["no"])


def area(right: NDArray[np.bool_], score: Floats) -> float:
    """Area under the ROC curve: how often a right one scores above a wrong one, ties counted by half."""
    above = score[right][:, None] - score[~right][None, :]
    return float(((above > 0) + 0.5 * (above == 0)).mean())


def interval(right: NDArray[np.bool_], score: Floats) -> tuple[float, float]:
    """Of 95 %, over 2,000 draws of questions."""
    random = np.random.default_rng(0)
    draws = (random.integers(0, len(right), len(right)) for _ in range(2000))
    found = [area(right[draw], score[draw]) for draw in draws if 0 < right[draw].sum() < len(right)]
    return float(np.quantile(found, 0.025)), float(np.quantile(found, 0.975))


def held_out(right: NDArray[np.bool_], features: Floats) -> Floats:
    """Each row's logit by a logistic model of all the others, shape ``(n,)``."""
    scaled = np.column_stack([(features - features.mean(0)) / (features.std(0) + 1e-9), np.ones(len(right))])
    logits = np.zeros(len(right))
    for row in range(len(right)):
        kept = np.arange(len(right)) != row
        weight = np.zeros(scaled.shape[1])
        for _ in range(400):
            p = 1 / (1 + np.exp(-scaled[kept] @ weight))
            weight += 0.2 * (scaled[kept].T @ (right[kept] - p) / kept.sum() - 0.01 * weight)
        logits[row] = scaled[row] @ weight
    return logits


def report(rows: Sequence[dict[str, float]]) -> None:
    """The table."""
    right = np.array([row["own"] > 0 for row in rows])
    confidence = np.array([row["confidence"] for row in rows])
    said = np.array([row["verdict"] for row in rows])
    sure = np.clip(np.stack([confidence, said], 1), 1e-6, 1 - 1e-6)
    both = held_out(right, np.log(sure / (1 - sure)))
    answered = int((confidence[right] >= WITH_VECTORS.threshold).sum())
    print(
        f"{right.sum()} own, {(~right).sum()} near\n\n| by | area under ROC | near misses answered |\n|---|---|---|"
    )
    for name, score in (("confidence", confidence), ("verdict", said), ("both", both)):
        limit = np.sort(score[right])[::-1][max(answered, 1) - 1]
        low, high = interval(right, score)
        print(
            f"| {name} | {area(right, score):.3f} [{low:.3f}, {high:.3f}] | {(score[~right] >= limit).mean():.3f} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--most", type=int, default=40)
    options = parser.parse_args()
    file = options.work / "verdicts.jsonl"
    library = open_library(options.data, options.work, SETS[0])
    cases = collect({SETS[0]: library}, options.data, 2 * options.most)
    own = [case for case in cases if case.group == "qmsum"][::2][: options.most]
    near = [case for case in cases if case.group.startswith("near")][: options.most]
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    rows = [json.loads(line) for line in lines]
    known = {(row["question"], row["own"]) for row in rows}
    client = OpenAI(timeout=600)
    with file.open("a", encoding="utf-8") as out:
        for case in (each for pair in zip(own, near, strict=True) for each in pair):
            key = (case.plan.question, float(case.answerable))
            ranking = case.ranked()
            if key in known or ranking is None:
                continue
            told = verdict(client, options.model, case)
            row = {"question": key[0], "own": key[1], "confidence": ranking.confidence, "verdict": told}
            rows.append(row)
            print(json.dumps(row, ensure_ascii=False), file=out, flush=True)
    report(rows)


if __name__ == "__main__":
    main()
