"""Keeping ``passages.terms`` true to the text analysis: when that changes, every passage is analysed again."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import cast

from sqlalchemy import Connection, Table, bindparam, select, update

from longvid_storage.db import revisions, word_index
from longvid_storage.db.schema import LibraryState, PassageRow
from longvid_storage.db.word_indexes.entries import count_terms, join_terms
from longvid_storage.text.analysis import analyse

# What the analysis makes of these is its signature: it changes with the code, its stop lists and its stemmers alike.
_PROBES = (
    ("en", "The runners' relational databases weren't naïvely organised in 3.5 GHz of T_V_s, Ph.D.s"),
    ("en", "children have thrown"),
    ("de", "Größenordnungen häufigster Übungsaufgaben für 15.500 Euro"),
    ("fr", "L'évaluation des systèmes d'apprentissage"),
    ("ru", "Обучение нейронных сетей"),
    ("ar", "تعلّم الشبكات العصبية"),
    ("zh", "机器学习的梯度 下降"),
    ("uk", "Насоси працюють"),
    ("pt", "decisões dos papéis"),
    ("fr", "les directrices prennent des cours et coûtent"),
    ("it", "la direttrice ha preso"),
    ("es", "las luces cuestan"),
    ("pl", "kosztuje osoby w mieście"),
    ("ja", "ニューラルネットワークの学習率"),
    ("tr", "Işık, Łódź"),
    ("hi", "मशीन लर्निंग है।"),
    (None, "unmarked text with C++, C♯, .NET, Notepad++, 24/7, 15 000 and x_1"),
)
_BATCH = 5000


@cache
def signature() -> str:
    """Changes when the analysis gives other terms than before."""
    terms = [list(analyse(text, language)) for language, text in _PROBES]
    return hashlib.sha256(repr(terms).encode()).hexdigest()[:16]


def refresh(connection: Connection) -> bool:
    """Analyse all passages again if another analysis made their terms; returns whether that was so."""
    known = connection.execute(select(LibraryState.analysis)).scalar_one()
    if known == signature():
        return False
    last = 0
    while True:
        columns = select(PassageRow.passage_id, PassageRow.text, PassageRow.language)
        batch = connection.execute(
            columns.where(PassageRow.passage_id > last).order_by(PassageRow.passage_id).limit(_BATCH)
        ).all()
        if not batch:
            break
        changed = []
        for passage_id, text, language in batch:
            terms = join_terms(analyse(text, language))
            changed.append({"key": passage_id, "new_terms": terms, "new_length": count_terms(terms)})
        table = cast(Table, PassageRow.__table__)
        connection.execute(
            update(table)
            .where(table.c.passage_id == bindparam("key"))
            .values(terms=bindparam("new_terms"), length=bindparam("new_length")),
            changed,
        )
        last = batch[-1].passage_id
    word_index.rebuild(connection)
    connection.execute(update(LibraryState).values(analysis=signature()))
    revisions.bump(connection)
    return True
