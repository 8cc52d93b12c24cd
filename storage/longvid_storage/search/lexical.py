"""Word search within a scope; counts, and so BM25 (Robertson & Zaragoza 2009), are those of the scope."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection as Names
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, Text, cast, func, select

from longvid_storage.db.dialects import each_id
from longvid_storage.db.schema import PassageRow
from longvid_storage.db.scope import passage_conditions
from longvid_storage.db.view import View
from longvid_storage.db.word_index import word_index_of
from longvid_storage.db.word_indexes.entries import join_terms
from longvid_storage.types import EVERYTHING

K1, B = 1.2, 0.75
SPOKEN_AND_SHOWN = ("screen", "speech")
TRANSLATION = "translation"
SOUND = "sound"
KindTally = tuple[str, str | None, int, int]
"""Kind, language, how many passages, how many terms in them."""


@dataclass(frozen=True, slots=True)
class KindCounts:
    """How many passages of a kind a scope holds, and their mean length in terms."""

    passages: int
    mean_length: float


def kind_counts(view: View) -> tuple[dict[str, KindCounts], list[str | None], list[str | None]]:
    """Counts of each kind of passage that the scope holds any of; the languages of what is said and shown, sorted, None
    among them when one is not known; and those of translations."""
    row = PassageRow
    query = (
        select(row.kind, row.language, func.count(), func.sum(row.length))
        .where(*passage_conditions(view.scope), row.length > 0)
        .group_by(row.kind, row.language)
    )
    # PostgreSQL sums to decimals
    return summed(
        (kind, language, count, int(n)) for kind, language, count, n in view.connection.execute(query)
    )


def summed(tallies: Iterable[KindTally]) -> tuple[dict[str, KindCounts], list[str | None], list[str | None]]:
    """What ``kind_counts`` gives, of tallies that together are the scope."""
    passages: Counter[str] = Counter()
    terms: Counter[str] = Counter()
    languages: set[str | None] = set()
    others: set[str | None] = set()
    for kind, language, count, length in tallies:
        passages[kind] += count
        terms[kind] += length
        languages |= {language} if kind in SPOKEN_AND_SHOWN else set()
        others |= {language} if kind == TRANSLATION else set()
    counts = {kind: KindCounts(count, terms[kind] / count) for kind, count in passages.items()}
    spoken, translated = (sorted(each, key=lambda language: language or "") for each in (languages, others))
    return counts, spoken, translated


def frequencies(view: View, terms: Iterable[str], kinds: Names[str] = SPOKEN_AND_SHOWN) -> dict[str, int]:
    """In how many of the scope's passages of these kinds each analysed term occurs."""
    wanted = list(dict.fromkeys(filter(None, (join_terms([term]) for term in terms))))
    found = dict.fromkeys(wanted, 0)
    for kind in kinds:
        postings = _postings(view, kind, wanted).subquery()
        holding = func.count(postings.c.doc.distinct())
        counted = select(postings.c.term, holding).group_by(postings.c.term)
        for term, count in view.connection.execute(counted):
            found[term] += count
    return found


def best(
    view: View, weights: Mapping[str, float], kind: str, counts: KindCounts, limit: int
) -> list[tuple[int, float]]:
    """The scope's passages of a kind that hold any of the terms, best first, as (passage id, BM25 score > 0).

    Args:
        weights: analysed term → inverse document frequency.
        counts: of that kind within the scope.
        limit: at most so many; equal scores are in order of id.
    """
    if not weights or limit < 1:
        return []
    each, values = [np.zeros(0, np.int64)], [np.zeros(0)]
    for term, weight in weights.items():
        docs, times, lengths = _counted(view, kind, term)
        norm = K1 * (1 - B + B * lengths / max(counts.mean_length, 1e-9))
        each.append(docs)
        values.append(weight * times * (K1 + 1) / (times + norm))
    docs, places = np.unique(np.concatenate(each), return_inverse=True)
    scores = np.bincount(places, np.concatenate(values), len(docs))
    first = np.lexsort((docs, -scores))[:limit]
    return list(zip(docs[first].tolist(), scores[first].tolist(), strict=True))


def _counted(view: View, kind: str, term: str) -> tuple[NDArray[np.int64], ...]:
    """The scope's passages that hold a term, ascending; how often each does, and its length in terms.

    Added up here, from a row a term: SQL sorts all postings twice for the same, four times the cost.
    """
    postings, row = _postings(view, kind, [term]).subquery(), PassageRow
    columns = (postings.c.doc, postings.c.times, row.length)
    listed = (func.aggregate_strings(cast(column, Text), ",") for column in columns)
    query = select(*listed).join_from(postings, row, row.passage_id == postings.c.doc)
    found = [json.loads(f"[{text or ''}]") for text in view.connection.execute(query).one()]
    docs, times, lengths = (np.array(each, np.int64) for each in found)
    docs, first, places = np.unique(docs, return_index=True, return_inverse=True)
    return docs, np.bincount(places, times, len(docs)).astype(np.int64), lengths[first]


def matching(view: View, phrases: Sequence[Sequence[str]], kinds: Names[str]) -> dict[int, list[int]]:
    """Key of a video → ids of its passages in the scope, all that contain any of ``phrases`` (adjacent terms)."""
    phrases = [phrase for phrase in phrases if join_terms(phrase)]
    found: dict[int, list[int]] = {}
    row = PassageRow
    for kind in kinds if phrases else ():
        holding = word_index_of(view.connection).holding(kind, phrases).subquery()
        listed = func.aggregate_strings(cast(row.passage_id, Text), ",")
        query = select(row.video_key, listed).join(holding, row.passage_id == holding.c.doc)
        query = query.where(*passage_conditions(view.scope)).group_by(row.video_key)
        for key, ids in view.connection.execute(query):
            found.setdefault(key, []).extend(json.loads(f"[{ids}]"))
    return found


def video_keys(view: View, passage_ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """The key of each passage's video; ``passage_ids`` ascend, each there once."""
    row = PassageRow
    query = select(row.video_key).where(row.passage_id.in_(each_id(passage_ids.tolist())))
    rows = view.connection.execute(query.order_by(row.passage_id)).scalars()
    return np.fromiter(rows, np.int64, len(passage_ids))


def _postings(view: View, kind: str, terms: Iterable[str]) -> Select[Any]:
    """(term, doc, times), as ``WordIndex.postings``, of the passages of the scope."""
    return _within(view, word_index_of(view.connection).postings(kind, terms))


def _within(view: View, query: Select[Any]) -> Select[Any]:
    """Of a query with the column ``doc``, the rows whose passage the scope admits."""
    if view.scope == EVERYTHING:
        return query
    doc = query.selected_columns.doc
    return query.join(PassageRow, PassageRow.passage_id == doc).where(*passage_conditions(view.scope))
