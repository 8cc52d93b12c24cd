"""Keys of a server in a table, and conversations that belong to somebody: one name for each owner"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_OLD = ("turn_videos", "turns", "chats")


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("collections", sa.JSON(), nullable=True),
        sa.Column("created_s", sa.Integer(), nullable=False),
        sa.Column("expires_s", sa.Integer(), nullable=True),
        sa.Column("per_minute", sa.Integer(), nullable=True),
        sa.Column("tokens_a_day", sa.Integer(), nullable=True),
        sa.Column("spent_day", sa.Text(), nullable=False),
        sa.Column("spent_tokens", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key_id", name="pk_api_keys"),
        sa.UniqueConstraint("secret_hash", name="uq_api_keys_secret_hash"),
    )
    # SQLite drops no constraint, and dropping a table deletes what hangs on it: all three are made anew.
    op.create_table(
        "new_chats",
        sa.Column("chat_key", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scope", sa.JSON(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("chat_key", name="pk_chats"),
        sa.UniqueConstraint("owner", "name", name="uq_chats_owner_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "new_turns",
        sa.Column("turn_key", sa.Integer(), nullable=False),
        sa.Column("chat_key", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("turn", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chat_key"], ["new_chats.chat_key"], name="fk_turns_chat_key_chats", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("turn_key", name="pk_turns"),
        sa.UniqueConstraint("chat_key", "seq", name="uq_turns_chat_key_seq"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "new_turn_videos",
        sa.Column("turn_key", sa.Integer(), nullable=False),
        sa.Column("video_key", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["turn_key"], ["new_turns.turn_key"], name="fk_turn_videos_turn_key_turns", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["video_key"], ["videos.video_key"], name="fk_turn_videos_video_key_videos", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("turn_key", "video_key", name="pk_turn_videos"),
    )
    op.execute("INSERT INTO new_chats SELECT chat_key, '', name, scope, used FROM chats")
    op.execute("INSERT INTO new_turns SELECT turn_key, chat_key, seq, turn FROM turns")
    op.execute("INSERT INTO new_turn_videos SELECT turn_key, video_key FROM turn_videos")
    for name in _OLD:
        op.drop_table(name)
    for name in reversed(_OLD):
        op.rename_table(f"new_{name}", name)
    op.create_index("ix_turn_videos_video_key", "turn_videos", ["video_key"])
