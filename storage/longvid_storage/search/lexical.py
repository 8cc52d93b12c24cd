"""Word search within a scope; counts, and so BM25 (Robertson & Zaragoza 2009), are those of the scope.

The one module that speaks SQLite's full-text dialect for reading (``longvid_storage.db.word_index`` writes).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection as Names
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, column, func, literal_column, select, table, text

from longvid_storage.db.schema import PassageRow, Video
from longvid_storage.db.scope import passage_conditions
from longvid_storage.db.view import View
from longvid_storage.db.word_index import join_terms, table_of
from longvid_storage.types import EVERYTHING, Scope

K1, B = 1.2, 0.75
SPOKEN_AND_SHOWN = ("screen", "speech")


@dataclass(frozen=True, slots=True)
class KindCounts:
    """How many passages of a kind a scope holds, and their mean length in terms."""

    passages: int
    mean_length: float


def kind_counts(view: View) -> tuple[dict[str, KindCounts], list[str | None]]:
    """Counts of each kind of passage that the scope holds any of; and their languages, sorted, None among them when
    one is not known."""
    row = PassageRow
    query = (
        select(row.kind, row.language, func.count(), func.sum(row.length))
        .where(*passage_conditions(view.scope), row.length > 0)
        .group_by(row.kind, row.language)
    )
    passages: Counter[str] = Counter()
    terms: Counter[str] = Counter()
    languages: set[str | None] = set()
    for kind, language, count, length in view.connection.execute(query):
        passages[kind] += count
        terms[kind] += length
        languages |= {language} if kind in SPOKEN_AND_SHOWN else set()
    counts = {kind: KindCounts(count, terms[kind] / count) for kind, count in passages.items()}
    return counts, sorted(languages, key=lambda language: language or "")


def frequencies(view: View, terms: Iterable[str], kinds: Names[str] = SPOKEN_AND_SHOWN) -> dict[str, int]:
    """In how many of the scope's passages of these kinds each analysed term occurs."""
    wanted = list(dict.fromkeys(filter(None, (join_terms([term]) for term in terms))))
    found = dict.fromkeys(wanted, 0)
    for kind in kinds:
        postings = _postings(view.scope, kind, wanted).subquery()
        counted = select(postings.c.term, func.count()).group_by(postings.c.term)
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
    postings = _postings(view.scope, kind, weights).subquery()
    each = func.json_each(json.dumps(dict(weights))).table_valued("key", "value")
    row = PassageRow
    norm = K1 * (1 - B + B * row.length / max(counts.mean_length, 1e-9))
    score = func.sum(each.c.value * postings.c.times * (K1 + 1) / (postings.c.times + norm)).label("score")
    query = (
        select(postings.c.doc, score)
        .join(row, row.passage_id == postings.c.doc)
        .join(each, each.c.key == postings.c.term)
        .group_by(postings.c.doc)
        .order_by(score.desc(), postings.c.doc)
        .limit(limit)
    )
    return [(passage_id, float(value)) for passage_id, value in view.connection.execute(query)]


def matching(view: View, phrases: Sequence[Sequence[str]], kinds: Names[str]) -> list[int]:
    """Ids of all the scope's passages that contain any of ``phrases`` (runs of adjacent terms), ascending."""
    match = " OR ".join(filter(None, map(_phrase, phrases)))
    if not match:
        return []
    found: list[int] = []
    for kind in kinds:
        name = table_of(kind)
        rowid: Any = literal_column(f"{name}.rowid")
        words = table(name, column("rowid"))
        query = select(rowid).select_from(words).where(text(f"{name} MATCH :match").bindparams(match=match))
        if view.scope != EVERYTHING:
            query = query.join(PassageRow, PassageRow.passage_id == rowid).where(
                *passage_conditions(view.scope)
            )
        found.extend(view.connection.execute(query).scalars())
    return sorted(found)


def videos_of(view: View, passage_ids: Iterable[int]) -> dict[int, str]:
    """Passage id → video id."""
    wanted = func.json_each(json.dumps(sorted(passage_ids))).table_valued("value")
    query = select(PassageRow.passage_id, Video.video_id).join(Video)
    rows = view.connection.execute(query.where(PassageRow.passage_id.in_(select(wanted.c.value))))
    return {row.passage_id: row.video_id for row in rows}


def _postings(scope: Scope, kind: str, terms: Iterable[str]) -> Select[Any]:
    """(term, doc, times): how often each of the terms occurs in each passage of the scope that has it."""
    words = table(f"{table_of(kind)}_terms", column("term"), column("doc"))
    wanted = func.json_each(json.dumps(list(terms))).table_valued("value")
    query = select(words.c.term, words.c.doc, func.count().label("times")).where(
        words.c.term.in_(select(wanted.c.value))
    )
    if scope != EVERYTHING:
        query = query.join(PassageRow, PassageRow.passage_id == words.c.doc).where(*passage_conditions(scope))
    return query.group_by(words.c.term, words.c.doc)


def _phrase(terms: Sequence[str]) -> str:
    joined = join_terms(terms).replace('"', '""')
    return f'"{joined}"' if joined else ""
