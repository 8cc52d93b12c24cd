"""The passages of a video as rows, kept in step with their entries in the word index and with their vectors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection, delete, select

from longvid_storage.db import schema, vectors, word_index
from longvid_storage.db.rows import insert_returning, passage_columns, passage_of
from longvid_storage.db.speakers import SpeakerNames
from longvid_storage.db.word_indexes.entries import count_terms, join_terms
from longvid_storage.text.analysis import analyse
from longvid_storage.text.passages import Timed
from longvid_storage.types import speaker_key

_BATCH = 2000


def replace(
    connection: Connection, video_key: int, video_id: str, kind: str, passages: Sequence[Timed]
) -> tuple[int, int]:
    """Make a video's passages of a kind exactly these; returns how many are gone, and how many are new.

    One that is already there, equal in every field, keeps its id and its vector; those that are gone leave the
    word index and lose their vectors.
    """
    there = _there(connection, video_key, video_id, kind)
    new = []
    for timed in passages:
        held = there.get(timed)
        if held:
            held.pop()
        else:
            new.append(timed)
    gone = [passage_id for held in there.values() for passage_id in held]
    remove(connection, gone)
    _add(connection, video_key, new)
    return len(gone), len(new)


def remove(connection: Connection, passage_ids: Sequence[int]) -> None:
    """Delete passages, their entries in the word index and their vectors."""
    row = schema.PassageRow
    for start in range(0, len(passage_ids), _BATCH):
        these = row.passage_id.in_(passage_ids[start : start + _BATCH])
        entries = connection.execute(select(row.passage_id, row.kind, row.terms).where(these))
        word_index.remove(connection, [entry._asdict() for entry in entries])
        connection.execute(delete(row).where(these))
    if passage_ids:
        vectors.drop_empty_sets(connection)


def _there(connection: Connection, video_key: int, video_id: str, kind: str) -> defaultdict[Timed, list[int]]:
    """The video's passages of a kind, as the builder makes them → their ids, the lowest last."""
    row = schema.PassageRow
    query = select(row.passage_id, row.times, *passage_columns()).where(
        row.video_key == video_key, row.kind == kind
    )
    there: defaultdict[Timed, list[int]] = defaultdict(list)
    for passage_id, times, *fields in connection.execute(query.order_by(row.passage_id.desc())):
        timed = (passage_of(0, video_id, fields), tuple((at, a, b) for at, a, b in times or ()))
        there[timed].append(passage_id)
    return there


def _add(connection: Connection, video_key: int, passages: Sequence[Timed]) -> None:
    names = SpeakerNames(connection, video_key)
    rows = []
    for passage, times in passages:
        terms = join_terms(analyse(passage.text, passage.language))
        rows.append(
            {
                "video_key": video_key,
                "kind": passage.kind,
                "start_s": passage.start_s,
                "end_s": passage.end_s,
                "speaker": passage.speaker,
                "speaker_key": speaker_key(names.of(video_key, passage.speaker)),
                "language": passage.language,
                "text": passage.text,
                "boxes": [list(map(float, box)) for box in passage.boxes] or None,
                "times": [list(each) for each in times] or None,
                "terms": terms,
                "length": count_terms(terms),
            }
        )
    ids = insert_returning(connection, schema.PassageRow.passage_id, rows)
    word_index.add(connection, [{"passage_id": each, **row} for each, row in zip(ids, rows, strict=True)])
