"""What is measured: a question's scores, and their averages with intervals.

The list of figures is data (:data:`FIGURES`), read by the terminal table, the JSON and the HTML report alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from longvid.evaluation import retrieval as ir
from longvid.evaluation.bootstrap import Estimate, estimate, median_rows, ratio_estimate
from longvid.evaluation.questions import Question
from longvid.evaluation.text import rouge_l
from longvid_agents.checks.support import FIT, SUPPORTED, coverage, likeness
from longvid_storage.types import Answer, Moment

if TYPE_CHECKING:
    from longvid_storage.models.text_encoder import TextEncoder

DEPTH = 10
"""How many moments are asked for and judged; QVHighlights also judges the first ten."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One column of the report: its key in the JSON, what it means, and how questions are averaged."""

    key: str
    meaning: str
    average: Literal["mean", "median"] = "mean"
    unit: Literal["share", "seconds", "points"] = "share"


FIGURES: tuple[Figure, ...] = (
    Figure("video@1", "the first moment is in the right video"),
    Figure("play@1", "the first moment's play point lies in [start - 10 s, end) of a gold span"),
    Figure("play@3", "that of one of the first 3 moments does"),
    Figure(
        "play error",
        "from it to the nearest gold start; in a wrong video, the length of the right one",
        "median",
        "seconds",
    ),
    Figure("hit@1 at 60 s", "the first moment, cut to the 60 s around its play point, overlaps a gold span"),
    Figure("hit@5 at 60 s", "one of the first 5 moments does, so cut"),
    Figure("hit@1", "the first moment overlaps a gold span"),
    Figure("hit@5", "one of the first 5 moments overlaps a gold span"),
    Figure("hit@10", "one of the first 10 moments overlaps a gold span"),
    Figure("MRR", "1 / rank of the first moment that overlaps a gold span, among 10"),
    Figure("recall@1", "share of the gold spans overlapped by the first moment"),
    Figure("recall@5", "share of the gold spans overlapped by the first 5 moments"),
    Figure("recall@10", "share of the gold spans overlapped by the first 10 moments"),
    Figure("mAP", "average precision over gold spans, among 10 moments"),
    Figure("R1@tIoU0.3", "the first moment has tIoU >= 0.3 with a gold span"),
    Figure("R1@tIoU0.5", "the first moment has tIoU >= 0.5 with a gold span"),
    Figure("R1@tIoU0.7", "the first moment has tIoU >= 0.7 with a gold span"),
    Figure("mean tIoU", "tIoU of the first moment with its best gold span"),
    Figure("mAP@tIoU0.5", "detection average precision at tIoU 0.5 (QVHighlights)"),
    Figure("mAP@tIoU0.75", "detection average precision at tIoU 0.75 (QVHighlights)"),
    Figure("mAP@tIoUavg", "the same, mean over tIoU 0.5, 0.55, …, 0.95"),
    Figure("start error", "from the first moment's start to the nearest gold start", "median", "seconds"),
    Figure("moment length", "length of the returned moments", "mean", "seconds"),
    Figure("first length", "length of the first moment", "median", "seconds"),
    Figure("citation precision", "share of an answer's citations that overlap a gold span"),
    Figure("evidence match", "share of the cited frames and screen text that lie inside a gold span"),
    Figure("claim words", "share of a claim's words that the places it cites hold"),
    Figure("claim support", "share of an answer's claims that words and meaning of those places make likely"),
    Figure("ROUGE-L", "wording of the answer against the written one; 0 for none found"),
    Figure("found", "share of the questions with an answer in the library that got one"),
    Figure("rightly abstained", "share of the questions without one that got none"),
    Figure("judge: right", "share of the answers that the judge accepts"),
    *(
        Figure(f"judge: {key}", f"{meaning}, from 0 to 5", unit="points")
        for key, meaning in (
            ("score", "how good the answer is altogether"),
            ("correctness", "it says what the written answer says"),
            ("detail", "it has its particulars"),
            ("context", "it is about what was asked"),
            ("time", "order and times are those of the written answer"),
            ("consistency", "no part of it contradicts another"),
        )
    ),
)
MAIN = ("play@1", "play@3", "hit@1 at 60 s", "hit@5 at 60 s", "MRR", "R1@tIoU0.5", "first length")
"""The figures shown where there is no room for all."""


@dataclass(frozen=True, slots=True)
class QuestionOutcome:
    """What the library returned for a question, how long it took, and its scores.

    ``video_id`` is the gold video, ``None`` when no video has the answer; ``lengths_s`` are those of all
    returned moments.
    """

    question: Question
    video_id: str | None
    moments: tuple[Moment, ...]
    search_s: float
    scores: Mapping[str, float]
    answer: Answer | None = None
    ask_s: float | None = None

    @property
    def lengths_s(self) -> list[float]:
        """Seconds of every returned moment."""
        return [moment.end_s - moment.start_s for moment in self.moments]


def ranked_spans(moments: Sequence[Moment], video_id: str | None) -> list[ir.Span | None]:
    """The moments' spans, ``None`` for those of another video."""
    return [(m.start_s, m.end_s) if m.video_id == video_id else None for m in moments]


def score_search(
    question: Question, video_id: str | None, moments: Sequence[Moment], within: bool, worst_s: float
) -> dict[str, float]:
    """Retrieval scores of one question: without gold spans only ``video@1`` (which ``within`` leaves out)
    and the first moment's length, without a gold video only that.

    ``worst_s``: the length of the gold video, which is the play error of a moment in another one.
    """
    ranked, gold = ranked_spans(moments[:DEPTH], video_id), question.spans
    first = ranked[0] if ranked else None
    scores = {"first length": moments[0].end_s - moments[0].start_s} if moments else {}
    if not within and video_id is not None:
        scores["video@1"] = float(first is not None)
    if not gold:
        return scores
    best = ir.best_tiou(first, gold)
    scores |= {f"hit@{k}": ir.hit_at(ranked, gold, k) for k in (1, 5, 10)}
    scores |= {f"recall@{k}": ir.recall_at(ranked, gold, k) for k in (1, 5, 10)}
    scores |= {f"R1@tIoU{threshold}": float(best >= threshold) for threshold in ir.TIOU_R1}
    scores |= {f"mAP@tIoU{threshold}": ir.ap_at_tiou(ranked, gold, threshold) for threshold in (0.5, 0.75)}
    scores["mAP@tIoUavg"] = sum(ir.ap_at_tiou(ranked, gold, t) for t in ir.TIOU_AP) / len(ir.TIOU_AP)
    scores["MRR"] = ir.reciprocal_rank(ranked, gold)
    scores["mAP"] = ir.average_precision(ranked, gold)
    scores["mean tIoU"] = best
    if first is not None:
        scores["start error"] = ir.start_error_s(first, gold)
    return scores | _play_scores(moments[:DEPTH], ranked, gold, worst_s)


def _play_scores(
    moments: Sequence[Moment], ranked: ir.Ranked, gold: Sequence[ir.Span], worst_s: float
) -> dict[str, float]:
    places = list(zip(moments, ranked, strict=True))
    right = [span is not None and ir.plays(moment.play_s, gold) for moment, span in places]
    cut = [None if span is None else ir.cut_around(span, moment.play_s) for moment, span in places]
    error_s = ir.play_error_s(moments[0].play_s, gold) if ranked and ranked[0] is not None else worst_s
    scores = {f"play@{k}": float(any(right[:k])) for k in (1, 3)}
    scores |= {f"hit@{k} at 60 s": ir.hit_at(cut, gold, k) for k in (1, 5)}
    return scores | {"play error": error_s}


def score_answer(
    question: Question, video_id: str | None, answer: Answer, encoder: TextEncoder | None = None
) -> dict[str, float]:
    """Scores of one answer; citation precision needs gold spans and a citation, ROUGE-L a written answer.

    ``encoder``: of passages and claims, for ``claim support``.
    """
    if video_id is None:
        return {"rightly abstained": float(not answer.found)}
    scores = {"found": float(answer.found)}
    cited = [citation for claim in answer.claims for citation in claim.citations] if answer.found else []
    if question.spans and cited:
        good = sum(
            c.video_id == video_id and any(ir.overlaps((c.start_s, c.end_s), span) for span in question.spans)
            for c in cited
        )
        scores["citation precision"] = good / len(cited)
        seen = [c for c in cited if c.kind in ("picture", "screen")]
        if seen:
            inside = [any(a <= (c.start_s + c.end_s) / 2 < b for a, b in question.spans) for c in seen]
            scores["evidence match"] = sum(
                c.video_id == video_id and yes for c, yes in zip(seen, inside, strict=True)
            ) / len(seen)
    if answer.found:
        scores |= _claim_scores(answer, encoder)
    if question.answer:
        scores["ROUGE-L"] = rouge_l(answer.answer, question.answer) if answer.found else 0.0
    return scores


def _claim_scores(answer: Answer, encoder: TextEncoder | None) -> dict[str, float]:
    """Do the cited spans hold what the claims say, by words, and by the model that judges support."""
    quotes = [[citation.quote for citation in claim.citations] for claim in answer.claims]
    shares = [
        coverage(claim.text, " ".join(cited)) for claim, cited in zip(answer.claims, quotes, strict=True)
    ]
    scores = {"claim words": sum(shares) / len(shares)}
    if encoder is not None:
        claims = encoder.encode([claim.text for claim in answer.claims], kind="passage")
        likely = [
            FIT.probability(share, likeness(claim, encoder.encode(cited, kind="passage"))) >= SUPPORTED
            for share, claim, cited in zip(shares, claims, quotes, strict=True)
        ]
        scores["claim support"] = sum(likely) / len(likely)
    return scores


def summarise(outcomes: Sequence[QuestionOutcome]) -> dict[str, Estimate]:
    """Averages with 95% intervals, in the order of :data:`FIGURES`; figures nobody has are left out."""
    found = {figure.key: _average(figure, outcomes) for figure in FIGURES}
    return {key: value for key, value in found.items() if value is not None}


def _average(figure: Figure, outcomes: Sequence[QuestionOutcome]) -> Estimate | None:
    if figure.key == "moment length":
        # Over moments, not over questions: a question with one long moment weighs as one moment.
        return ratio_estimate([(sum(o.lengths_s), len(o.moments)) for o in outcomes])
    values = [outcome.scores[figure.key] for outcome in outcomes if figure.key in outcome.scores]
    return estimate(values, median_rows) if figure.average == "median" else estimate(values)


def by_kind(outcomes: Iterable[QuestionOutcome]) -> dict[str, list[QuestionOutcome]]:
    """The outcomes of each kind, by name; empty when no question names one."""
    kinds: dict[str, list[QuestionOutcome]] = {}
    for outcome in outcomes:
        if outcome.question.kind:
            kinds.setdefault(outcome.question.kind, []).append(outcome)
    return dict(sorted(kinds.items()))


def worst(outcomes: Iterable[QuestionOutcome], count: int) -> list[QuestionOutcome]:
    """The questions with spans that went worst: found latest or never, then least tIoU."""
    judged = [outcome for outcome in outcomes if outcome.question.spans]
    return sorted(judged, key=lambda o: (o.scores["MRR"], o.scores["mean tIoU"]))[:count]
