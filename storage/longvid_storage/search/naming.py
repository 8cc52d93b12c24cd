"""The passages that name a thing, its words next to each other."""

from __future__ import annotations

from sqlalchemy import select

from longvid_storage.db.dialects import each_id
from longvid_storage.db.schema import PassageRow
from longvid_storage.db.view import View
from longvid_storage.search import lexical
from longvid_storage.search.memory import memory_of
from longvid_storage.text.analysis import phrases


def naming(view: View, name: str, most: int) -> list[tuple[int, str]]:
    """Ids and texts of what is said in the view with ``name`` in it, in any of its languages' forms, ordered by id.

    Where it is said in more than ``most`` passages, every second (third, …) of them.
    """
    runs = phrases(name, [*memory_of(view).facts(view).languages, None])
    found = lexical.matching(view, runs, ("speech",))
    ids = sorted(passage_id for its in found.values() for passage_id in its)
    ids = ids[:: max(1, -(-len(ids) // most))]
    row = PassageRow
    query = select(row.passage_id, row.text).where(row.passage_id.in_(each_id(ids))).order_by(row.passage_id)
    return [(passage_id, text) for passage_id, text in view.connection.execute(query)]
