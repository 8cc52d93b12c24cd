"""The first head: what a question asks for, which videos fit it best, and how well each place of them does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, or_, select

from longvid_storage.db.schema import PassageRow, Video
from longvid_storage.db.scope import passage_conditions
from longvid_storage.db.view import View
from longvid_storage.search import lexical, scoring, wording
from longvid_storage.search.compounds import COMPOUNDING, compounds_of
from longvid_storage.search.evidence import encoded
from longvid_storage.search.memory import memory_of, vectors_of
from longvid_storage.search.mentions import each_mentioned
from longvid_storage.search.question import RankingQuery, read_question, readable
from longvid_storage.search.scope_facts import ScopeFacts
from longvid_storage.search.term_sums import TermSums
from longvid_storage.search.timeline import Floats, Timeline, admitted
from longvid_storage.search.word_memory import WordMemory
from longvid_storage.text.analysis import analyse, query_terms, respaced
from longvid_storage.text.languages import guess_language

POOL = 12
"""Videos looked at closely."""
HITS = 400
"""Word hits, and meaning hits, that vote for them."""
MOST_TERMS = 48
_VOTERS = 3
_SHORTEST_PART = 3
_MOST_QUOTED = 4
_COMMON = 2000


@dataclass(frozen=True, slots=True)
class Looked:
    """A question, the timelines that are looked at closely for it, and how well each row of them fits as a place.

    Attributes:
        view: with the encoders that read the question.
        idf: weight of each term that is looked for; ``said``: whether they are the question's own; ``terms``: how
            often each occurs on the timelines.
        query: the question's unit vector; None where words alone decide. ``cosines``: of each row with it, None of a
            timeline without vectors.
        scores, lifts: of each row; ``allowed``: near to what a named speaker says, None where nobody is named.
        within: one video is searched.
    """

    view: View
    question: RankingQuery
    pool: list[Timeline]
    idf: dict[str, float]
    terms: TermSums
    query: NDArray[np.float32] | None
    cosines: list[NDArray[np.float32] | None]
    scores: list[Floats]
    lifts: list[Floats]
    allowed: list[NDArray[np.bool_]] | None
    within: bool
    said: bool

    @property
    def peaks(self) -> list[Floats]:
        """What each row is worth as the middle of a stretch."""
        raised = [score + lift for score, lift in zip(self.scores, self.lifts, strict=True)]
        if self.allowed is None:
            return raised
        return [np.where(may, each, scoring.NO_HIT) for may, each in zip(self.allowed, raised, strict=True)]


def look(view: View, query: str) -> Looked | None:
    """Read a question and score the places of the videos that fit it best; None when there is no word in it."""
    view, _ = readable(view, query)
    memory = memory_of(view)
    facts = memory.facts(view)
    question = read_question(query, facts.languages, facts.speakers)
    if not question.terms:
        return None
    idf = facts.idf(view, [*question.terms, *_respaced(question, facts.languages)], MOST_TERMS)
    said = bool(idf)
    few = memory.few_videos(view, POOL)
    pool = [] if few is None else _pool(view, few)
    quoted = _in_quotes(view, facts, question.quoted)
    if parts := _in_compounds(question.terms, idf, pool, query, facts.languages):
        idf, said = {**idf, **facts.idf(view, parts, MOST_TERMS)}, True
    if not said and not question.asks:
        # In a question that no word of was said, the words may be right and the answer in others.
        idf = facts.idf(view, wording.respelled(view, question.words, facts.languages), MOST_TERMS)
    text_encoder = view.encoders.text_encoder
    if text_encoder is not None:
        memory.check_model(view, text_encoder.fingerprint)
    asked = encoded(view, question.texts)
    if few is None:
        chosen = _choose(view, idf, asked)
        likely = chosen or _with_parts(view, question.terms, query, facts.languages)
        pool = _pool(view, list(dict.fromkeys([*quoted, *likely]))[:POOL])
        if parts := _in_compounds(question.terms, idf, pool, query, facts.languages):
            idf, said = {**idf, **facts.idf(view, parts, MOST_TERMS)}, True
    allowed = [scoring.near_speakers(timeline, question.speakers) for timeline in pool]
    if question.speakers and few is None and not _any(allowed):
        theirs = view.scope.narrowed(speaker=question.speakers[0]) or view.scope
        pool = _pool(view, _choose(view.within(theirs), idf, asked)) or pool
        allowed = [scoring.near_speakers(timeline, question.speakers) for timeline in pool]
    within = few is not None and len(few) == 1
    unit = None if asked is None else scoring.unit(asked.sum(axis=0))
    cosines = [None if unit is None else scoring.cosines_of(timeline, unit) for timeline in pool]
    terms, weights = TermSums.of(pool, idf), scoring.WITHIN if within else scoring.ACROSS
    return Looked(
        view,
        question,
        pool,
        idf,
        terms,
        unit,
        cosines,
        scoring.score_pool(pool, question, None if unit is None else cosines, idf, terms, weights),
        _raised(wording.lifts(pool, question.wordings, idf, terms), pool, quoted),
        allowed if _any(allowed) else None,
        within,
        said,
    )


def _in_quotes(view: View, facts: ScopeFacts, quoted: Sequence[str]) -> dict[str, set[int]]:
    """The passages, by video, in which what stands in quotes begins as it is written; of at most ``POOL`` videos.

    Of words that are all common too much would be read.
    """
    found: dict[str, set[int]] = {}
    for part in quoted[:_MOST_QUOTED]:
        counts = [facts.frequencies(view, analyse(part, each)).values() for each in facts.languages]
        rarest = [min(each, default=0) for each in counts]
        if not 0 < max(rarest, default=0) <= _COMMON:
            continue
        for video in islice(each_mentioned(view, [f'"{part}"']), POOL):
            begins = {mention.passage_ids[0] for mention in video.mentions if mention.passage_ids}
            found[video.video_id] = found.get(video.video_id, set()) | begins
    return found


def _raised(
    lifts: list[Floats], pool: Sequence[Timeline], quoted: Mapping[str, Iterable[int]]
) -> list[Floats]:
    """With the rows that hold what is quoted before all others; common words count there too."""
    for timeline, lift in zip(pool, lifts, strict=True):
        numbers = [timeline.places[i] for i in quoted.get(timeline.video_id, ()) if i in timeline.places]
        rows = timeline.first.searchsorted(numbers, "right") - 1
        lift[rows] = 2 * wording.LIFT
    return lifts


def _respaced(question: RankingQuery, languages: Sequence[str | None]) -> list[str]:
    """The terms of words that others write as one, or as two."""
    return query_terms(" ".join(respaced(question.words)), languages)[:MOST_TERMS]


def _in_compounds(
    terms: Sequence[str],
    idf: Mapping[str, float],
    pool: Sequence[Timeline],
    query: str,
    languages: Sequence[str | None],
) -> list[str]:
    """What is said in the pool that has a term which is nowhere said in it, or is in such a term.

    Of a word alone, whose language nobody can tell, in the languages that are spoken.
    """
    absent = [term for term in terms if term not in idf]
    # Telling the language may take a classifier of 84 MB: only where a word is nowhere.
    if not absent or not _compounding(query, languages):
        return []
    vocabulary = sorted({term for timeline in pool for term in timeline.postings})
    return list(compounds_of(absent, vocabulary))


def _compounding(query: str, languages: Sequence[str | None]) -> bool:
    asked = guess_language(query)
    spoken = {language.split("-")[0] for language in languages if language}
    return asked in COMPOUNDING or (asked is None and not COMPOUNDING.isdisjoint(spoken))


def _with_parts(view: View, terms: Sequence[str], query: str, languages: Sequence[str | None]) -> list[str]:
    """Of many videos, none of which has a word of the question, those with words that have one in them."""
    parts = [term for term in terms if len(term) > _SHORTEST_PART] if _compounding(query, languages) else []
    if not parts:
        return []
    inside = or_(*(PassageRow.terms.contains(part, autoescape=True) for part in parts))
    found = (
        select(Video.video_id)
        .join(PassageRow)
        .where(inside, *passage_conditions(view.scope, lexical.SPOKEN_AND_SHOWN))
        .group_by(Video.video_id)
        .order_by(func.count().desc(), Video.video_id)
        .limit(POOL)
    )
    return list(view.connection.execute(found).scalars())


def _any(peaks: Sequence[NDArray[np.bool_]]) -> bool:
    return any(each.any() for each in peaks)


def _choose(view: View, idf: Mapping[str, float], asked: NDArray[np.float32] | None) -> list[str]:
    """The ``POOL`` videos whose best passages fit best, by words and by meaning."""
    memory = memory_of(view)
    counts, words = memory.facts(view).counts, memory.words(view)
    rankings = [
        words[kind].best(view, idf, counts[kind].mean_length, HITS)
        if kind in words
        else lexical.best(view, idf, kind, counts[kind], HITS)
        for kind in lexical.SPOKEN_AND_SHOWN
        if kind in counts
    ]
    encoder = view.encoders.text_encoder
    if asked is not None and encoder is not None:
        mean = asked.sum(axis=0)
        mean = mean / max(float(np.linalg.norm(mean)), 1e-6)
        rankings += [
            vectors_of(view).search(view, kind, mean, HITS, encoder.fingerprint, counts[kind].passages)
            for kind in lexical.SPOKEN_AND_SHOWN
            if kind in counts
        ]
    return _voted(view, rankings, words.values())


def _voted(
    view: View, rankings: Sequence[Sequence[tuple[int, float]]], words: Iterable[WordMemory]
) -> list[str]:
    """The videos for which their best ``_VOTERS`` passages of each ranking vote most, as a share of the most there."""
    sizes = [len(ranking) for ranking in rankings]
    passages = np.fromiter((each for ranking in rankings for each, _ in ranking), np.int64, sum(sizes))
    scores = np.fromiter((score for ranking in rankings for _, score in ranking), np.float64, sum(sizes))
    keys, owners = np.unique(_video_keys(view, passages, words), return_inverse=True)
    votes = np.zeros(len(keys))
    first = 0
    for size in sizes:
        own, score = owners[first : first + size], scores[first : first + size]
        order = np.argsort(own, kind="stable")
        before = np.arange(size) - np.searchsorted(own[order], own[order])
        voters = order[before < _VOTERS]
        sums = np.bincount(own[voters], score[voters], len(keys))
        votes += sums / max(sums.max(initial=0.0), 1e-6)
        first += size
    least = np.partition(votes, -POOL)[-POOL] if len(votes) > POOL else -np.inf
    likely = np.flatnonzero(votes >= least)
    ids = memory_of(view).videos_of_keys(view, set(keys[likely].tolist()))
    ranked = sorted(
        (-vote, ids[key]) for vote, key in zip(votes[likely].tolist(), keys[likely].tolist(), strict=True)
    )
    return [video_id for _, video_id in ranked[:POOL]]


def _video_keys(view: View, passage_ids: NDArray[np.int64], words: Iterable[WordMemory]) -> NDArray[np.int64]:
    """The key of each passage's video."""
    wanted, places = np.unique(passage_ids, return_inverse=True)
    keys = np.full(len(wanted), -1)
    for memory in words:
        own, there = memory.video_keys(wanted)
        keys[there] = own
    if (keys < 0).any():
        keys = lexical.video_keys(view, wanted)
    return keys[places]


def _pool(view: View, chosen: Sequence[str]) -> list[Timeline]:
    """The timelines of the chosen videos, of only what the scope admits."""
    encoder = view.encoders.text_encoder
    timelines = memory_of(view).timelines(view, chosen, None if encoder is None else encoder.fingerprint)
    return [scoped for each in timelines if len(scoped := admitted(each, view.scope))]
