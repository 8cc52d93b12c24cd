"""Ask a library every question of a file and measure what comes back."""

from __future__ import annotations

import math
import resource
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from longvid.evaluation.bootstrap import Estimate
from longvid.evaluation.judge import judge_answer
from longvid.evaluation.questions import Question, resolve_videos
from longvid.evaluation.scores import DEPTH, QuestionOutcome, by_kind, score_answer, score_search, summarise
from longvid_storage.types import Moment

if TYPE_CHECKING:
    from longvid.details import VideoSummary
    from longvid.library import Library
    from longvid_agents.video_lm import VideoLM
    from longvid_storage.models.text_encoder import TextEncoder

Progress = Callable[[int, int], None]


class SearchesMoments(Protocol):
    """What finds moments for a question, in one video or in all."""

    def search(self, query: str, *, k: int, video: str | None) -> Sequence[Moment]: ...


@dataclass(frozen=True, slots=True)
class Cost:
    """What searching and indexing took. Milliseconds are wall time in this process, after a first search
    that loads what must be loaded; counters are exact, summed over the library's videos from their stages.
    """

    search_ms_p50: float
    search_ms_p95: float
    search_ms_first: float
    ask_ms_p50: float | None
    ask_ms_p95: float | None
    index_s_per_hour: float
    video_hours: float
    frames_decoded: int
    ocr_calls: int
    peak_memory_mb: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything one run measured."""

    questions_file: str
    library: str
    within: bool
    videos: dict[str, VideoSummary]
    outcomes: tuple[QuestionOutcome, ...]
    overall: dict[str, Estimate]
    kinds: dict[str, dict[str, Estimate]]
    cost: Cost
    baselines: dict[str, dict[str, Estimate]] = field(default_factory=dict)
    judge: str = ""

    @property
    def unjudged_note(self) -> str:
        """How many answers beside a written one the judge's replies say nothing readable of; empty for none."""
        some = [o for o in self.asked if o.video_id and o.question.answer and "judge: right" not in o.scores]
        return f" ({len(some)} replies could not be read and count nowhere)" if some else ""

    @property
    def asked(self) -> list[QuestionOutcome]:
        """The outcomes that have an answer."""
        return [outcome for outcome in self.outcomes if outcome.answer is not None]

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``longvid eval --json``."""
        found = [outcome for outcome in self.asked if outcome.answer is not None and outcome.answer.found]
        counts = {"asked": len(self.asked), "found": len(found), "abstained": len(self.asked) - len(found)}
        sizes = {kind: len(some) for kind, some in by_kind(self.outcomes).items()}
        return {
            "questions_file": self.questions_file,
            "library": self.library,
            "questions": len(self.outcomes),
            "videos": len({outcome.video_id for outcome in self.outcomes} - {None}),
            "within": self.within,
            "depth": DEPTH,
            "overall": _plain(self.overall),
            "kinds": {k: {"questions": sizes[k], "scores": _plain(v)} for k, v in self.kinds.items()},
            "baselines": {name: _plain(scores) for name, scores in self.baselines.items()},
            "answers": counts if self.asked else None,
            "judge": f"{self.judge}{self.unjudged_note}" if self.judge else None,
            "cost": asdict(self.cost),
        }


def _plain(scores: dict[str, Estimate]) -> dict[str, dict[str, float | int]]:
    return {key: asdict(value) for key, value in scores.items()}


def evaluate(
    library: Library,
    questions: Sequence[Question],
    *,
    questions_file: Path,
    library_name: str = "",
    within: bool = False,
    ask: bool = False,
    baselines: Mapping[str, SearchesMoments] | None = None,
    judge: VideoLM | None = None,
    encoder: TextEncoder | None = None,
    progress: Progress = lambda done, total: None,
) -> Evaluation:
    """Search (and, with ``ask``, answer) every question; ``within`` looks only inside the question's video
    (everywhere for a question that has none).

    Args:
        baselines: other ways of searching, by name, that are asked the same.
        judge: compares each answer with the written one.
        encoder: tells how near claims are to what they cite.
        progress: called with (questions done, questions in all).

    Raises:
        UsageError: a question names a video that the library does not have, or not unambiguously.
    """
    videos = {video.video_id: video for video in library.videos()}
    gold = resolve_videos(questions, list(videos.values()), questions_file)
    started = time.perf_counter()
    library.search(questions[0].question, k=DEPTH, video=None)
    first_s = time.perf_counter() - started
    outcomes: list[QuestionOutcome] = []
    for question in questions:
        outcome = _searched(library, question, videos.get(gold.get(question.video or "", "")), within)
        outcomes.append(_answered(library, outcome, within, judge, encoder) if ask else outcome)
        progress(len(outcomes), len(questions))
    return Evaluation(
        questions_file=str(questions_file),
        library=library_name,
        within=within,
        videos=videos,
        outcomes=tuple(outcomes),
        overall=summarise(outcomes),
        kinds={kind: summarise(some) for kind, some in by_kind(outcomes).items()},
        cost=_cost(library, videos.values(), outcomes, first_s),
        baselines={
            name: summarise(
                [_searched(other, o.question, videos.get(o.video_id or ""), within) for o in outcomes]
            )
            for name, other in (baselines or {}).items()
        },
        judge=judge.name if judge is not None else "",
    )


def _searched(
    searches: SearchesMoments, question: Question, video: VideoSummary | None, within: bool
) -> QuestionOutcome:
    video_id = video.video_id if video else None
    started = time.perf_counter()
    moments = tuple(searches.search(question.question, k=DEPTH, video=video_id if within else None))
    search_s = time.perf_counter() - started
    scores = score_search(question, video_id, moments, within, video.duration_s if video else 0.0)
    return QuestionOutcome(question, video_id, moments, search_s, scores)


def _answered(
    library: Library,
    found: QuestionOutcome,
    within: bool,
    judge: VideoLM | None,
    encoder: TextEncoder | None,
) -> QuestionOutcome:
    question = found.question
    started = time.perf_counter()
    answer = library.ask(question.question, video=found.video_id if within else None)
    ask_s = time.perf_counter() - started
    scores = {**found.scores, **score_answer(question, found.video_id, answer, encoder)}
    if judge is not None and question.answer and found.video_id is not None:
        verdict = judge_answer(judge, question.question, question.answer, answer)
        scores |= verdict.scores() if verdict is not None else {}
    return replace(found, scores=scores, answer=answer, ask_s=ask_s)


def _cost(
    library: Library,
    videos: Iterable[VideoSummary],
    outcomes: Sequence[QuestionOutcome],
    first_s: float,
) -> Cost:
    entries = list(videos)
    stages = [stage for entry in entries for stage in library.stage_results(entry.video_id)]
    hours = sum(entry.duration_s for entry in entries) / 3600
    search_ms = [outcome.search_s * 1000 for outcome in outcomes]
    ask_ms = [outcome.ask_s * 1000 for outcome in outcomes if outcome.ask_s is not None]
    return Cost(
        search_ms_p50=percentile(search_ms, 50),
        search_ms_p95=percentile(search_ms, 95),
        search_ms_first=first_s * 1000,
        ask_ms_p50=percentile(ask_ms, 50) if ask_ms else None,
        ask_ms_p95=percentile(ask_ms, 95) if ask_ms else None,
        index_s_per_hour=sum(stage.seconds for stage in stages) / hours if hours else 0.0,
        video_hours=hours,
        frames_decoded=int(sum(stage.counters.get("frames_decoded", 0) for stage in stages)),
        ocr_calls=int(sum(stage.counters.get("ocr_calls", 0) for stage in stages)),
        peak_memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,  # Linux counts in KiB
    )


def percentile(values: Sequence[float], percent: float) -> float:
    """Linear-interpolated percentile (Hyndman and Fan's type 7); NaN without values."""
    return float(np.percentile(values, percent)) if values else math.nan
