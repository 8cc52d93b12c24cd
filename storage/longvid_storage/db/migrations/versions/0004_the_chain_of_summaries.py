"""The chain of summaries: of events, parts, videos, collections and the library"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "chain_links",
        sa.Column("video_key", sa.Integer(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("start_s", sa.Double(), nullable=False),
        sa.Column("end_s", sa.Double(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("so_far", sa.Text(), nullable=False),
        sa.Column("sentences", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["video_key"], ["videos.video_key"], name="fk_chain_links_video_key_videos", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("video_key", "level", "seq", name="pk_chain_links"),
    )
    op.create_table(
        "library_links",
        sa.Column("link_key", sa.Integer(), nullable=False),
        sa.Column("collection_key", sa.Integer(), nullable=True),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("sentences", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_key"],
            ["collections.collection_key"],
            name="fk_library_links_collection_key_collections",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("link_key", name="pk_library_links"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_library_links_collection_key", "library_links", ["collection_key"])
