"""What each idea of search gives: an ablation on real meetings.

    python benchmarks/retrieval.py ../shared/data/meetings work/ qmsum calls

Each set is a folder of transcripts with a ``questions.jsonl``; it is indexed into ``work/SET`` when that is not there.
``calls`` is searched as a whole library, the others inside the question's video. Needs the ``offline`` extra.
"""

from __future__ import annotations

import argparse
import math
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from longvid import Library
from longvid.evaluation import retrieval as measure
from longvid.evaluation.questions import Question, read_questions
from longvid_storage.db.store import Store
from longvid_storage.db.view import View
from longvid_storage.models.text_encoders.minilm import MiniLMEncoder
from longvid_storage.search import scoring, spans
from longvid_storage.search.memory import memory_of
from longvid_storage.search.moments import MOST_TERMS, POOL, search
from longvid_storage.search.question import RankingQuery, read_question
from longvid_storage.search.spans import Growth, grow_spans
from longvid_storage.search.timeline import Timeline
from longvid_storage.text.analysis import analyse
from longvid_storage.types import EVERYTHING, Scope, Utterance

WHOLE_LIBRARY = {"calls"}
WINDOW_S, STRIDE_S, K = 60.0, 30.0, 10
Ranked = list[tuple[str, float, float]]


@dataclass
class Task:
    """A question and what ranking has of it: the gold video, the videos to look in, words and vectors."""

    question: Question
    video_id: str
    asked: RankingQuery
    pool: list[Timeline]
    idf: dict[str, float]
    vectors: NDArray[np.float32]


@dataclass(frozen=True)
class Offline:
    """The encoders of the views: the offline one, and none of pictures."""

    text_encoder: MiniLMEncoder
    image_encoder: None = None


def main() -> None:
    """Print one table a set."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("sets", nargs="+")
    arguments = parser.parse_args()
    encoder = MiniLMEncoder()
    for name in arguments.sets:
        where = arguments.work / name
        if not where.exists():
            with Library.open(where, create=True) as library:
                library.index(arguments.data / name)
        with Store.open(where) as store, store.view(EVERYTHING, Offline(encoder)) as view:
            titles = {card.title for card in view.cards()}
            questions = read_questions(arguments.data / name / "questions.jsonl")
            questions = [question for question in questions if question.video in titles]
            run(store, view, questions, name, encoder, arguments.work / f"{name}-windows.npy")


def run(
    store: Store,
    view: View,
    questions: Sequence[Question],
    name: str,
    encoder: MiniLMEncoder,
    cache: Path,
) -> None:
    """The table of one set."""
    within = name not in WHOLE_LIBRARY
    print(f"\n{name}: {len(questions)} questions, {'within the video' if within else 'whole library'}")
    print(f"{'':46}hit@1  hit@5  MRR    R@1≥.3 R@1≥.5 length")
    windows = Windows(view, encoder, cache)
    titles = {card.title: card.video_id for card in view.cards()}
    tasks = [prepare(view, question, titles, encoder, within) for question in questions]
    for fused in ("words", "meaning", "both"):
        report(
            f"baseline: 60 s windows, {fused}",
            tasks,
            partial(windows.rank, fused=fused, within=within),
        )
    weights = scoring.WITHIN if within else scoring.ACROSS
    growth = spans.growth_for(1 if within else POOL)
    plain = Growth(math.inf, WINDOW_S, WINDOW_S)
    none = scoring.RankingWeights(words=1, context=0, meaning=0, speaker=0, slide=0)
    steps = [
        ("windows around sentences: words", none, plain),
        ("+ meaning, summed from sentences", replace(none, meaning=weights.meaning), plain),
        (
            "+ speaker named in the question",
            replace(none, meaning=weights.meaning, speaker=weights.speaker),
            plain,
        ),
        ("+ words of the minutes around", weights, plain),
        ("+ spans grown: what search() does", weights, growth),
        ("  the same without meaning", replace(weights, meaning=0), growth),
        ("  the same without words", replace(weights, words=0, context=0), growth),
        ("  the same without the speaker", replace(weights, speaker=0), growth),
        ("  the same without context", replace(weights, context=0), growth),
    ]
    for label, some, how in steps:
        report(label, tasks, partial(ranked, weights=some, growth=how))
    p50 = latency_ms(store, tasks, encoder, within)
    print(f"search() p50 {p50:.0f} ms, a view opened and the question embedded each time")


def prepare(
    view: View, question: Question, titles: dict[str, str], encoder: MiniLMEncoder, within: bool
) -> Task:
    """Read a question as ``search`` does; across a library, every video is in the pool."""
    video_id = titles[question.video or ""]
    inside = view.within(scope_of(video_id, within))
    memory = memory_of(inside)
    facts = memory.facts(inside)
    asked = read_question(question.question, facts.languages, facts.speakers)
    pool = memory.timelines(inside, [video_id] if within else list(titles.values()), encoder.fingerprint)
    return Task(
        question,
        video_id,
        asked,
        pool,
        facts.idf(inside, asked.terms, MOST_TERMS),
        encoder.encode(asked.texts, kind="query"),
    )


def scope_of(video_id: str, within: bool) -> Scope:
    """What a question is asked of."""
    return Scope(video_ids=frozenset([video_id])) if within else EVERYTHING


def ranked(task: Task, weights: scoring.RankingWeights, growth: Growth) -> Ranked:
    """The moments of one variant."""
    scores = scoring.score_pool(task.pool, task.asked, task.vectors, task.idf, weights)
    peaks = [scoring.near_speakers(timeline, task.asked.speakers) for timeline in task.pool]
    only = weights.speaker > 0 and any(each.any() for each in peaks)
    grown = grow_spans(task.pool, scores, K, growth, peaks if only else None)
    return [(task.pool[span.timeline].video_id, span.start_s, span.end_s) for span in grown]


def report(label: str, tasks: Iterable[Task], rank: Callable[[Task], Ranked]) -> None:
    """One row of the table."""
    rows: list[tuple[float, ...]] = []
    lengths: list[float] = []
    for task in tasks:
        found = rank(task)
        moments = [(start, end) if video == task.video_id else None for video, start, end in found]
        gold = task.question.spans
        fit = measure.best_tiou(moments[0] if moments else None, gold)
        rows.append(
            (
                measure.hit_at(moments, gold, 1),
                measure.hit_at(moments, gold, 5),
                measure.reciprocal_rank(moments, gold),
                fit >= 0.3,
                fit >= 0.5,
            )
        )
        lengths.extend(end - start for _, start, end in found)
    means = "  ".join(f"{value:.3f}" for value in np.mean(np.array(rows, float), axis=0))
    print(f"{label:46}{means}  {np.mean(lengths):.0f} s", flush=True)


def latency_ms(store: Store, tasks: Sequence[Task], encoder: MiniLMEncoder, within: bool) -> float:
    """Median wall time of ``search`` over a hundred questions, in a process that has searched before."""
    times = []
    for task in tasks[:100]:
        started = time.perf_counter()
        with store.view(scope_of(task.video_id, within), Offline(encoder)) as asked:
            search(asked, task.question.question, K)
        times.append(time.perf_counter() - started)
    return float(np.median(times)) * 1000


class Windows:
    """The baseline: fixed windows of speech, BM25 and MiniLM over them, reciprocal-rank fusion, no overlaps."""

    def __init__(self, view: View, encoder: MiniLMEncoder, cache: Path) -> None:
        found = [
            (card.video_id, start, text)
            for card in view.cards()
            for start, text in _windows(view.utterances(card.video_id))
        ]
        self.videos = np.array([video for video, _, _ in found])
        self.starts = np.array([start for _, start, _ in found])
        self.counts = [Counter(analyse(text, "en")) for _, _, text in found]
        self.lengths = np.array([sum(counts.values()) for counts in self.counts], float)
        if not cache.exists():
            np.save(cache, encoder.encode([text for _, _, text in found], kind="passage").astype(np.float16))
        self.vectors = np.load(cache).astype(np.float32)
        self.postings: dict[str, list[int]] = {}
        for row, counts in enumerate(self.counts):
            for term in counts:
                self.postings.setdefault(term, []).append(row)

    def rank(self, task: Task, fused: str, within: bool) -> Ranked:
        """Ranked windows of the pool."""
        rows = np.flatnonzero(self.videos == task.video_id) if within else np.arange(len(self.videos))
        words = self._bm25(task.asked.terms, rows)
        meaning = self.vectors[rows] @ task.vectors[0]
        by_words = [row for row in np.argsort(-words, kind="stable") if words[row] > 0]
        by_meaning = list(np.argsort(-meaning, kind="stable"))
        rankings = {"words": [by_words], "meaning": [by_meaning], "both": [by_words, by_meaning]}[fused]
        scores: defaultdict[int, float] = defaultdict(float)
        for ranking in rankings:
            for place, row in enumerate(ranking[:200], 1):
                scores[int(rows[row])] += 1 / (60 + place)
        chosen: Ranked = []
        for row, _ in sorted(scores.items(), key=lambda each: -each[1]):
            video, start = str(self.videos[row]), float(self.starts[row])
            if all(video != other or abs(start - at) >= WINDOW_S for other, at, _ in chosen):
                chosen.append((video, start, start + WINDOW_S))
            if len(chosen) == K:
                break
        return chosen

    def _bm25(
        self, terms: Sequence[str], rows: NDArray[np.int64], k1: float = 1.2, b: float = 0.75
    ) -> NDArray[np.float64]:
        scores = np.zeros(len(self.videos))
        for term in terms:
            places = self.postings.get(term, [])
            idf = math.log(1 + (len(self.videos) - len(places) + 0.5) / (len(places) + 0.5))
            for row in places:
                count = self.counts[row][term]
                norm = k1 * (1 - b + b * self.lengths[row] / self.lengths.mean())
                scores[row] += idf * count * (k1 + 1) / (count + norm)
        return scores[rows]


def _windows(utterances: Sequence[Utterance]) -> Iterable[tuple[float, str]]:
    if not utterances:
        return
    start = utterances[0].start_s // STRIDE_S * STRIDE_S
    end = max(utterance.end_s for utterance in utterances)
    while start < end:
        inside = [u.text for u in utterances if start <= u.start_s < start + WINDOW_S and u.end_s > start]
        if inside:
            yield start, " ".join(inside)
        start += STRIDE_S


if __name__ == "__main__":
    main()
