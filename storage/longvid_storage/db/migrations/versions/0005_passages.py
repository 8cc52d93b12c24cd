"""One atom: units become passages, made anew from what was said, shown and heard; summaries name passages by id"""

import json

import sqlalchemy as sa
from alembic import op

from longvid_storage.db import schema, terms, word_index
from longvid_storage.db.stage_writer import StageWriter
from longvid_storage.types import ScreenText, Sound, Utterance, Word

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    connection = op.get_bind()
    for name in _old_word_tables(connection):
        op.execute(f"DROP TABLE {name}")
    _new_tables(connection)
    word_index.create(connection)
    for key, video_id in connection.execute(sa.text("SELECT video_key, video_id FROM videos")).all():
        _make_passages(connection, key, video_id)
        _convert_chain(connection, key)
    op.execute("DELETE FROM library_links")
    op.add_column("segments", sa.Column("passages", sa.JSON(), nullable=True))
    op.execute(
        "UPDATE stages SET fingerprint = '' WHERE stage IN ('vectors', 'structure')"
    )  # made again at the next index
    connection.execute(
        sa.update(schema.LibraryState).values(
            analysis=terms.signature(), generation=schema.LibraryState.generation + 1
        )
    )


def _old_word_tables(connection: sa.Connection) -> list[str]:
    query = "SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE lexical\\_%' ESCAPE '\\'"
    return list(connection.execute(sa.text(query)).scalars())


def _new_tables(connection: sa.Connection) -> None:
    op.drop_table("unit_vectors")
    op.drop_table("units")
    pictures = connection.execute(
        sa.text("SELECT set_key, model_fingerprint, dimension FROM vector_sets WHERE channel = 'picture'")
    ).all()
    kept = connection.execute(
        sa.text(
            "SELECT vector_id, owner_id, set_key, vector FROM keyframe_vectors "
            "WHERE set_key IN (SELECT set_key FROM vector_sets WHERE channel = 'picture')"
        )
    ).all()
    op.drop_table("keyframe_vectors")
    op.drop_table("vector_sets")
    tables = [schema.Base.metadata.tables[name] for name in
              ("passages", "vector_sets", "passage_vectors", "keyframe_vectors")]  # fmt: skip
    schema.Base.metadata.create_all(connection, tables=tables)
    for row in pictures:
        values = {**row._asdict(), "kind": "picture"}
        connection.execute(sa.insert(schema.VectorSet).values(values))
    if kept:
        connection.execute(sa.insert(schema.KeyframeVector), [row._asdict() for row in kept])


def _make_passages(connection: sa.Connection, key: int, video_id: str) -> None:
    """Through the one builder, as the stages would."""
    rows = connection.execute(
        sa.text(
            "SELECT start_s, end_s, text, speaker, language, words FROM utterances "
            "WHERE video_key = :key ORDER BY start_s, seq"
        ),
        {"key": key},
    )
    said = [
        Utterance(a, b, text, who, language, tuple(Word(*word) for word in json.loads(words or "[]") or ()))
        for a, b, text, who, language, words in rows
    ]
    lines = connection.execute(
        sa.text(
            "SELECT start_s, end_s, text, x0, y0, x1, y1, confidence FROM screen_texts "
            "WHERE video_key = :key ORDER BY start_s, seq"
        ),
        {"key": key},
    )
    shown = [ScreenText(a, b, text, tuple(box), sure) for a, b, text, *box, sure in lines]
    sounds = connection.execute(
        sa.text(
            "SELECT start_s, end_s, label, score FROM sounds WHERE video_key = :key ORDER BY start_s, seq"
        ),
        {"key": key},
    )
    StageWriter(connection, key, video_id, "", "").make_passages(said, shown, [Sound(*row) for row in sounds])


def _convert_chain(connection: sa.Connection, key: int) -> None:
    """A model's summaries are worth keeping: each quote becomes the passages of its kind that lie in its span."""
    row = schema.PassageRow
    query = sa.select(row.passage_id, row.kind, row.start_s, row.end_s).where(row.video_key == key)
    passages = connection.execute(query.order_by(row.start_s, row.passage_id)).all()
    links = connection.execute(
        sa.text("SELECT level, seq, sentences FROM chain_links WHERE video_key = :key"), {"key": key}
    ).all()
    for level, seq, stored in links:
        sentences = []
        for text, quotes in json.loads(stored):
            ids = {
                each.passage_id
                for _, _, kind, start_s, end_s, _ in quotes
                for each in passages
                if each.kind == kind and start_s <= (each.start_s + each.end_s) / 2 <= end_s
            }
            sentences += [[text, sorted(ids)]] if ids else []
        connection.execute(
            sa.text(
                "UPDATE chain_links SET sentences = :sentences "
                "WHERE video_key = :key AND level = :level AND seq = :seq"
            ),
            {"sentences": json.dumps(sentences), "key": key, "level": level, "seq": seq},
        )
