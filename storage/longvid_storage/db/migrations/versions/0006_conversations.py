"""Conversations, which lay in a second file (chats.db) as checkpoints of LangGraph, in tables of their own"""

import json
import os
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from alembic import op

from longvid_storage.errors import LibraryError

revision = "0006"
down_revision = "0005"

# A thread's newest checkpoint (their ids ascend in time) holds all of its finished turns.
_SESSIONS = """
    SELECT thread_id, type, checkpoint FROM checkpoints
    WHERE checkpoint_ns = '' AND checkpoint_id =
        (SELECT max(checkpoint_id) FROM checkpoints AS each WHERE each.thread_id = checkpoints.thread_id
         AND each.checkpoint_ns = '')
    ORDER BY checkpoint_id
"""


def upgrade() -> None:
    op.create_table(
        "chats",
        sa.Column("chat_key", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scope", sa.JSON(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("chat_key", name="pk_chats"),
        sa.UniqueConstraint("name", name="uq_chats_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "turns",
        sa.Column("turn_key", sa.Integer(), nullable=False),
        sa.Column("chat_key", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("turn", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chat_key"], ["chats.chat_key"], name="fk_turns_chat_key_chats", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("turn_key", name="pk_turns"),
        sa.UniqueConstraint("chat_key", "seq", name="uq_turns_chat_key_seq"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "turn_videos",
        sa.Column("turn_key", sa.Integer(), nullable=False),
        sa.Column("video_key", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["turn_key"], ["turns.turn_key"], name="fk_turn_videos_turn_key_turns", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["video_key"], ["videos.video_key"], name="fk_turn_videos_video_key_videos", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("turn_key", "video_key", name="pk_turn_videos"),
    )
    op.create_index("ix_turn_videos_video_key", "turn_videos", ["video_key"])
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        database = connection.exec_driver_sql("PRAGMA database_list").all()[0].file
        _bring_over(connection, Path(database).with_name("chats.db"))


def _bring_over(connection: sa.Connection, file: Path) -> None:
    """The sessions of the old file; a turn that cites a video which is gone stays behind."""
    if file.is_symlink() or not file.is_file():
        return
    keys: dict[str, int] = dict(connection.execute(sa.text("SELECT video_id, video_key FROM videos")).all())
    for used, (name, scope, turns) in enumerate(_sessions(file), 1):
        chat = connection.execute(
            sa.text("INSERT INTO chats (name, scope, used) VALUES (:name, :scope, :used) RETURNING chat_key"),
            {"name": name, "scope": json.dumps(scope), "used": used},
        ).scalar_one()
        for seq, (turn, cited) in enumerate(turns):
            if not cited <= keys.keys():
                continue
            key = connection.execute(
                sa.text(
                    "INSERT INTO turns (chat_key, seq, turn) VALUES (:chat, :seq, :turn) RETURNING turn_key"
                ),
                {"chat": chat, "seq": seq, "turn": json.dumps({**turn, "videos": sorted(cited)})},
            ).scalar_one()
            for video_id in cited:
                connection.execute(
                    sa.text("INSERT INTO turn_videos (turn_key, video_key) VALUES (:turn, :video)"),
                    {"turn": key, "video": keys[video_id]},
                )


def _sessions(file: Path) -> list[tuple[str, dict[str, Any], list[tuple[dict[str, Any], set[str]]]]]:
    """(name, filters, (turn, ids of the videos it cites)) of sessions with a turn, the one used last at the end."""
    found = []
    try:
        connection = sqlite3.connect(f"file:{quote(os.fsencode(file))}?mode=rw", uri=True)
        try:
            rows = connection.execute(_SESSIONS).fetchall()
        finally:
            connection.close()
        for name, kind, stored in rows:
            if kind != "json":
                raise ValueError(f"{name!r} is stored as {kind}")
            values = json.loads(stored)["channel_values"]
            turns = [(turn, {each["video_id"] for each in turn["cited"]}) for turn in values.get("turns", [])]
            if turns:
                found.append((name, dict(values["filters"]), turns))
    except (sqlite3.Error, ValueError, TypeError, KeyError, AttributeError) as error:
        raise LibraryError(
            f"the conversations in {file} cannot be read ({error}): delete that file to go on without them"
        ) from error
    return found
