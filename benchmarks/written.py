"""How good are answers that a language model writes, beside quotes, on the same questions?

Called by ``benchmarks/answering.py --model``. Each answer is a line of a file as soon as it is there, so that a run
that was stopped goes on, and that people can read the answers.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from longvid import Library
from longvid.engines import Engines
from longvid.evaluation.text import rouge_l
from longvid_storage.types import Answer

_KEPT = re.compile(r"(\d+) of (\d+) claims are supported")
_REFUSED = re.compile(r'refused ".*": (.*)', re.DOTALL)
# What differs from claim to claim in the reason of a refusal.
_PARTICULAR = re.compile(
    r'(?<=the words ).*|(?<=the number ).*|(?<=the name ).*|(?<=the word ).*|\(.*\)|".*"'
)


def measure(
    place: Path,
    model: str,
    own: Sequence[dict[str, Any]],
    far: Sequence[dict[str, Any]],
    seconds: float,
    file: Path,
) -> None:
    """Ask each of ``own`` inside its meeting and each of ``far`` of the whole library, with and without ``model``."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    done = {(row["group"], row["question"]) for row in map(json.loads, lines)}
    asked = [("qmsum", item) for item in own] + [("far", item) for item in far]
    # Misses take turns with the others, so that a run that is stopped has some of both.
    asked.sort(
        key=lambda each: (
            (own if each[0] == "qmsum" else far).index(each[1]) / len(own if each[0] == "qmsum" else far)
        )
    )
    with (
        Library.open(place, engines=Engines({"video_lm": model})) as library,
        file.open("a", encoding="utf-8") as out,
    ):
        for group, item in asked:
            if (group, item["question"]) in done:
                continue
            video = item["video"] if group == "qmsum" else None
            row = {"group": group, "question": item["question"], "written": item.get("answer") or ""}
            for way, options in (("quoted", {"extractive": True}), ("model", {"budget_seconds": seconds})):
                row[way] = told(library.ask(item["question"], video=video, **options), item)
            print(json.dumps(row, ensure_ascii=False), file=out, flush=True)


def told(answer: Answer, item: dict[str, Any]) -> dict[str, Any]:
    """What is counted of an answer, and what people read of it."""
    cited = [citation for claim in answer.claims for citation in claim.citations]
    hits = [
        citation.title == item["video"]
        and any(citation.start_s < end and citation.end_s > start for start, end in item["spans"])
        for citation in cited
    ]
    text = " ".join(claim.text for claim in answer.claims)
    reasons = [match[1] for step in answer.trail if (match := _REFUSED.match(step.did))]
    counted = [match for step in answer.trail if step.node == "verify" and (match := _KEPT.match(step.did))]
    return {
        "found": answer.found,
        "quoted": "but the answer is extractive" in answer.engine["language_model"],
        "claims": [[claim.text, [c.quote for c in claim.citations]] for claim in answer.claims],
        "answer": answer.answer,
        "citations": len(cited),
        "hits": sum(hits),
        "rouge": rouge_l(text, item["answer"]) if text and item.get("answer") else 0.0,
        "judged": sum(int(match[2]) for match in counted),
        "kept": sum(int(match[1]) for match in counted),
        "refused": [_PARTICULAR.sub("…", reason) for reason in reasons],
        "rewritten": sum("written anew" in step.did for step in answer.trail),
        "calls": answer.usage.model_calls,
        "read": answer.usage.input_tokens,
        "wrote": answer.usage.output_tokens,
        "seconds": answer.usage.seconds,
    }


def report(file: Path, model: str) -> None:
    """Two tables: the answers of both ways, and what became of the model's claims."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    print(
        "\n| | questions | answered | by quotes | citation precision | ROUGE-L | calls | tokens read | written "
        "| seconds |"
    )
    print(f"|{'---|' * 10}")
    for group in ("qmsum", "far"):
        own = [row for row in rows if row["group"] == group]
        for way in ("quoted", "model"):
            _row(f"{group}, {model if way == 'model' else 'quotes'}", [row[way] for row in own])
    judged = [row["model"] for row in rows if row["group"] == "qmsum"]
    total, kept = sum(each["judged"] for each in judged), sum(each["kept"] for each in judged)
    again = sum(each["rewritten"] for each in judged)
    print(
        f"\n{total} claims judged, {kept} kept, {total - kept} refused; {again} answers with claims written anew"
    )
    for reason, count in Counter(reason for each in judged for reason in each["refused"]).most_common():
        print(f"- {count} × {reason}")


def _row(name: str, answers: Sequence[dict[str, Any]]) -> None:
    if not answers:
        return
    found = [each for each in answers if each["found"]]
    citations = sum(each["citations"] for each in found)
    right = (
        f"{sum(each['hits'] for each in found) / citations:.3f}"
        if citations and not name.startswith("far")
        else "–"
    )
    cells = [
        f"{len(found) / len(answers):.3f}",
        f"{_mean(each['quoted'] for each in answers):.3f}",
        right,
        f"{_mean(each['rouge'] for each in found):.3f}",
        *(f"{_mean(each[key] for each in answers):.1f}" for key in ("calls", "read", "wrote", "seconds")),
    ]
    print(f"| {name} | {len(answers)} | {' | '.join(cells)} |")


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return sum(listed) / max(1, len(listed))
