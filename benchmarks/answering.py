"""How good are extractive answers, and how well does longvid know what a library does not contain?

    python benchmarks/answering.py ../shared/data/meetings work/          # measure (indexes into work/ first)
    python benchmarks/answering.py ../shared/data/meetings work/ --fit    # and fit the coefficients anew
    python benchmarks/answering.py ../shared/data/meetings work/ --model openai:qwen --most 20   # as a model answers

Each set is a folder of transcripts with a ``questions.jsonl``. A set's own questions are answerable
(``qmsum`` within the question's own meeting, the others in their whole library); another set's are far
misses; a ``qmsum`` question asked of the next meeting is a near miss. Under ``--fit`` half of the meetings
fit and the other half is measured, and the other way round: no figure is of questions it was fitted with.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import written

from longvid import Library
from longvid.evaluation.text import rouge_l
from longvid_agents.answerability import WITH_VECTORS, Logistic
from longvid_agents.extractive import FIT, QuoteWeights, Ranking, choose, fitness, rank
from longvid_agents.graph import MOMENTS, Nodes
from longvid_agents.nodes.quote import scores_with
from longvid_agents.question import QuestionPlan
from longvid_agents.run import Run
from longvid_agents.scoring import Scores
from longvid_agents.state import AskState
from longvid_storage.types import Passage, Scope

SETS = ("qmsum", "calls", "talks")
FITTED = [name for name in QuoteWeights.__slots__ if name not in ("defines", "supposes")]


@dataclass
class Case:
    """One question to one library: the evidence, its scores, and which sentences touch a gold span."""

    group: str  # "qmsum", "far: qmsum asked talks", "near: qmsum"
    meeting: str  # what is split in halves
    plan: QuestionPlan
    sentences: Sequence[Passage]
    scores: Scores | None
    gold: np.ndarray
    written: str = ""  # the answer that a person wrote

    @property
    def answerable(self) -> bool:
        return ":" not in self.group

    def ranked(self, weights: QuoteWeights = FIT, model: Logistic = WITH_VECTORS) -> Ranking | None:
        return (
            None
            if self.scores is None
            else rank(self.plan, self.sentences, self.scores, model=model, weights=weights)
        )


def load_questions(data: Path, name: str) -> list[dict[str, Any]]:
    text = (data / name / "questions.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def open_library(data: Path, work: Path, name: str) -> Library:
    library = Library.open(work / name, create=True)
    library.index(data / name, only=["transcript", "vectors"])
    return library


def thinned(questions: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """At most ``most`` of them, evenly spaced."""
    return (
        [questions[i * len(questions) // most] for i in range(most)] if len(questions) > most else questions
    )


def ask_case(library: Library, group: str, item: dict[str, Any], video: str | None, gold: bool) -> Case:
    """Plan and search as ``ask`` does; ``video`` restricts the question to one."""
    scope = Scope(video_ids=None if video is None else frozenset({video}))
    with library._store.view(scope, library.engines) as view:
        nodes = Nodes(Run(view))
        state = AskState(question=item["question"], k=MOMENTS)
        state = AskState(**(vars_of(state) | nodes.plan(state)))
        state = AskState(**(vars_of(state) | nodes.search(state)))
        assert state.plan is not None
        scores = scores_with(view, state.plan, state.evidence, state.moments)
    titles = {moment.video_id: moment.title for moment in state.moments}
    hit = [
        gold
        and titles[s.video_id] == item["video"]
        and any(s.start_s < end and s.end_s > start for start, end in item["spans"])
        for s in state.evidence
    ]
    return Case(
        group,
        item["video"],
        state.plan,
        state.evidence,
        scores,
        np.array(hit, bool),
        item.get("answer") or "",
    )


def vars_of(state: AskState) -> dict[str, Any]:
    return {name: getattr(state, name) for name in AskState.__slots__}


def collect(libraries: dict[str, Library], data: Path, most: int) -> list[Case]:
    """Every case of every group, in a fixed order."""
    cases = []
    for name, library in libraries.items():
        ids = {video.title: video.video_id for video in library.videos()}
        own = [item for item in load_questions(data, name) if item["video"] in ids]
        for item in thinned(own, most):
            video = ids[item["video"]] if name == "qmsum" else None
            cases.append(ask_case(library, name, item, video, gold=True))
        for other in SETS:
            if other == name or (name != "qmsum" and other != "qmsum"):
                continue
            for item in thinned(load_questions(data, other), most // 2):
                cases.append(ask_case(library, f"far: {name} asked {other}", item, None, gold=False))
        if name == "qmsum":
            titles = sorted(ids)
            for item in thinned(own, most // 2):
                following = titles[(titles.index(item["video"]) + 1) % len(titles)]
                cases.append(ask_case(library, "near: qmsum", item, ids[following], gold=False))
    return cases


# --- fitting -----------------------------------------------------------------------------------------------


def fit_weights(cases: Sequence[Case], steps: int = 600, decay: float = 2e-3) -> QuoteWeights:
    """Maximise the log of the softmax mass on gold sentences, over the weights of the scores (Adam).

    Scores are scaled to one deviation, so that ``decay`` means the same for each; ``qmsum``, whose spans people marked
    for each question, counts as much as the other two sets together.
    """
    rows, counted = [], []
    groups = [case.group for case in cases]
    for case in cases:
        if case.scores is None or not case.gold.any():
            continue
        quotable = np.isfinite(fitness(case.plan, case.sentences, case.scores))
        if (case.gold & quotable).any():
            matrix = np.stack([getattr(case.scores, name) for name in FITTED], axis=1)[quotable]
            rows.append((matrix, case.gold[quotable]))
            counted.append((2 if case.group == "qmsum" else 1) / groups.count(case.group))
    scale = np.concatenate([matrix for matrix, _ in rows]).std(axis=0) + 1e-6
    weight, first, second = np.zeros(len(FITTED)), np.zeros(len(FITTED)), np.zeros(len(FITTED))
    for step in range(1, steps + 1):
        gradient = 2 * decay * weight
        for (matrix, gold), count in zip(rows, counted, strict=True):
            fit = matrix @ (weight / scale)
            p = np.exp(fit - fit.max())
            p /= p.sum()
            on_gold = p * gold / max((p * gold).sum(), 1e-3)
            gradient += (p - on_gold) @ matrix / scale * count / sum(counted)
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        weight -= 0.05 * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    return QuoteWeights(*(round(float(w), 2) for w in weight / scale))


def shortened(case: Case, random: np.random.Generator) -> Case:
    """The same question where only 15 to 60 sentences in a row are left, the answer's (or the best) among them."""
    assert case.scores is not None
    fit = fitness(case.plan, case.sentences, case.scores)
    around = random.choice(np.flatnonzero(case.gold)) if case.gold.any() else int(np.argmax(fit))
    size = int(random.integers(15, 60))
    begin = max(0, int(around) - int(random.integers(0, size)))
    kept = slice(begin, begin + size)
    arrays = {name: getattr(case.scores, name) for name in Scores.__slots__}
    cut = {name: value[kept] for name, value in arrays.items() if isinstance(value, np.ndarray)}
    scores = replace(case.scores, **cut)
    return replace(case, sentences=case.sentences[kept], scores=scores, gold=case.gold[kept])


def fit_model(cases: Sequence[Case], weights: QuoteWeights, small: float = 0.3) -> Logistic:
    """Logistic regression on the features, answerable and unanswerable weighing the same in all (Newton).

    Each case counts again by ``small`` as if the library held a few dozen sentences, so that the model also
    holds for a folder of three short videos.
    """
    random = np.random.default_rng(0)
    cases = [case for case in cases if not case.group.startswith("near") and case.scores is not None]
    short = [shortened(case, random) for case in cases if case.gold.any() or not case.answerable]
    ranked = [(case, case.ranked(weights)) for case in [*cases, *short]]
    rows = [(c, r) for c, r in ranked if r is not None]
    x = np.array([[1.0, *astuple(r.features)] for _, r in rows])
    y = np.array([c.answerable for c, _ in rows], float)
    groups = [c.group for c, _ in rows]
    counted = np.array([1 / groups.count(group) for group in groups])
    counted *= np.where(np.arange(len(rows)) < len(cases), 1.0, small)
    for side in (0.0, 1.0):
        counted[y == side] *= len(y) / 2 / counted[y == side].sum()
    coefficients = np.zeros(x.shape[1])
    ridge = np.diag([1e-6] + [0.05] * (x.shape[1] - 1))
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ coefficients))
        gradient = x.T @ (counted * (p - y)) + ridge @ coefficients
        hessian = (x * (counted * p * (1 - p))[:, None]).T @ x + ridge
        coefficients -= np.linalg.solve(hessian, gradient)
    first, *rest = (round(float(c), 2) for c in coefficients)
    return Logistic(first, tuple(rest), WITH_VECTORS.threshold)


# --- measuring ---------------------------------------------------------------------------------------------


@dataclass
class Outcome:
    """What was answered: ``hits`` of ``citations`` touch a gold span; ROUGE-L F1 with the answer a person wrote."""

    group: str
    confidence: float
    citations: int
    hits: int
    rouge: float = 0.0


def outcome(case: Case, weights: QuoteWeights, model: Logistic) -> Outcome:
    ranking = case.ranked(weights, model)
    if ranking is None:
        return Outcome(case.group, 0.0, 0, 0)
    chosen = choose(case.sentences, ranking)
    rows = [case.sentences.index(sentence) for sentence in chosen]
    said = " ".join(sentence.text for sentence in chosen)
    rouge = rouge_l(said, case.written) if case.written else 0.0
    return Outcome(case.group, ranking.confidence, len(rows), int(case.gold[rows].sum()), rouge)


def precision(outcomes: Sequence[Outcome], threshold: float) -> float:
    answered = [o for o in outcomes if o.confidence >= threshold]
    return sum(o.hits for o in answered) / max(1, sum(o.citations for o in answered))


THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


def report(outcomes: Sequence[Outcome], threshold: float, picture: Path | None = None) -> None:
    groups = list(dict.fromkeys(o.group for o in outcomes))
    print(
        f"\n| at threshold {threshold} | questions | answered | citations a question | citation precision |"
    )
    print("|---|---|---|---|---|")
    for group in groups:
        own = [o for o in outcomes if o.group == group]
        kept = [o for o in own if o.confidence >= threshold]
        right = "–" if ":" in group else f"{precision(own, threshold):.3f}"
        each = sum(o.citations for o in kept) / max(1, len(kept))
        print(f"| {group} | {len(own)} | {len(kept) / len(own):.3f} | {each:.2f} | {right} |")
    print("\n| threshold | false refusals | far misses answered | near misses answered |", end="")
    print(" qmsum answered | qmsum precision | qmsum ROUGE-L |\n|---|---|---|---|---|---|---|")
    curve = []
    for t in THRESHOLDS:
        refused = mean_by_group(outcomes, lambda o, t=t: o.confidence < t, lambda g: ":" not in g)
        far = mean_by_group(outcomes, lambda o, t=t: o.confidence >= t, lambda g: g.startswith("far"))
        near = mean_by_group(outcomes, lambda o, t=t: o.confidence >= t, lambda g: g.startswith("near"))
        own = [o for o in outcomes if o.group == "qmsum"]
        kept = [o for o in own if o.confidence >= t]
        print(
            f"| {t} | {refused:.3f} | {far:.3f} | {near:.3f} | {len(kept) / max(1, len(own)):.3f} |", end=""
        )
        print(f" {precision(own, t):.3f} | {np.mean([o.rouge for o in kept] or [0.0]):.3f} |")
        curve.append((t, refused, far, near))
    if picture is not None:
        plot(curve, threshold, picture)
    print(f"\nexpected calibration error (ten bins, answerable and far misses alike): {error(outcomes):.3f}")


def plot(curve: Sequence[tuple[float, float, float, float]], threshold: float, path: Path) -> None:
    """The trade-off: questions refused that have an answer, against questions answered that have none."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "longvid"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6.4, 4.2), layout="constrained")
    refused = [row[1] for row in curve]
    for column, label in ((2, "far misses"), (3, "near misses")):
        axes.plot(refused, [row[column] for row in curve], marker="o", label=label)
    for t, x, far, _ in curve:
        axes.annotate(f"{t:g}", (x, far), textcoords="offset points", xytext=(4, 6), fontsize=8)
    axes.axvline(0.15, color="grey", linewidth=0.8, linestyle=":")
    axes.axhline(0.10, color="grey", linewidth=0.8, linestyle=":")
    axes.set(
        xlabel="false refusals", ylabel="answered though not in the library", xlim=(0, None), ylim=(0, 0.75)
    )
    axes.set_title(
        f"thresholds of confidence; {threshold:g} is used, dotted lines are the goals", fontsize=10
    )
    axes.legend()
    figure.savefig(path, metadata={"Date": None})


def mean_by_group(outcomes: Sequence[Outcome], wrong: Any, of: Any) -> float:
    """Share of ``wrong`` outcomes, every group counting the same."""
    groups = [g for g in dict.fromkeys(o.group for o in outcomes) if of(g)]
    return float(np.mean([np.mean([wrong(o) for o in outcomes if o.group == g]) for g in groups] or [0.0]))


def error(outcomes: Sequence[Outcome]) -> float:
    """Expected calibration error (Naeini, Cooper & Hauskrecht 2015), both sides weighing the same."""
    kept = [o for o in outcomes if not o.group.startswith("near")]
    y = np.array([":" not in o.group for o in kept], float)
    p = np.array([o.confidence for o in kept])
    weight = np.where(y > 0, 0.5 / max(1, y.sum()), 0.5 / max(1, (1 - y).sum()))
    bins = np.minimum((p * 10).astype(int), 9)
    gaps = [abs((weight * (p - y))[bins == b].sum()) for b in range(10)]
    return float(sum(gaps))


def halves(cases: Sequence[Case]) -> list[Outcome]:
    """Fit on the meetings of one half, measure on the other, both ways."""
    meetings = sorted({case.meeting for case in cases})
    first = set(meetings[::2])
    outcomes = []
    for fitting in (first, set(meetings) - first):
        seen = [case for case in cases if case.meeting in fitting]
        weights = fit_weights([case for case in seen if case.answerable])
        model = fit_model(seen, weights)
        print(f"half of {len(fitting)} meetings: {weights} {model}")
        outcomes += [outcome(case, weights, model) for case in cases if case.meeting not in fitting]
    return outcomes


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="the folder that holds qmsum, calls and talks")
    parser.add_argument("work", type=Path, help="where the libraries are kept between runs")
    parser.add_argument("--most", type=int, default=320, help="questions a group (misses: half)")
    parser.add_argument("--fit", action="store_true", help="fit on halves, then on everything")
    parser.add_argument("--plot", type=Path, help="write the trade-off as an SVG file")
    parser.add_argument("--model", help="compare with a language model's answers: ADAPTER:MODEL")
    parser.add_argument("--seconds", type=float, default=240, help="the budget of an answer by a model")
    options = parser.parse_args()
    if options.model:
        answers = options.work / "written.jsonl"
        open_library(options.data, options.work, "qmsum").close()
        own = thinned(load_questions(options.data, "qmsum"), options.most)
        far = thinned(load_questions(options.data, "calls"), options.most // 2)
        written.measure(options.work / "qmsum", options.model, own, far, options.seconds, answers)
        written.report(answers, options.model)
        return
    libraries = {name: open_library(options.data, options.work, name) for name in SETS}
    cases = collect(libraries, options.data, options.most)
    if options.fit:
        report(halves(cases), WITH_VECTORS.threshold, options.plot)
        weights = fit_weights([case for case in cases if case.answerable])
        print(f"\nfitted on everything: {weights} {fit_model(cases, weights)}")
    else:
        report([outcome(case, FIT, WITH_VECTORS) for case in cases], WITH_VECTORS.threshold, options.plot)


if __name__ == "__main__":
    main()
