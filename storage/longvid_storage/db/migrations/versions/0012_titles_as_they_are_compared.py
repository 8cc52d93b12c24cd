"""Titles as they are compared and sorted, so that one is found, and a page of them read, without reading all"""

import unicodedata

import sqlalchemy as sa
from alembic import op

from longvid_storage.db.columns import Words

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("videos", sa.Column("title_key", Words(), nullable=False, server_default=""))
    videos = sa.table("videos", sa.column("video_key"), sa.column("title"), sa.column("title_key"))
    connection = op.get_bind()
    keys = [
        {"its": key, "folded": " ".join(unicodedata.normalize("NFC", title).split()).casefold()}
        for key, title in connection.execute(sa.select(videos.c.video_key, videos.c.title)).all()
    ]
    if keys:
        its: sa.BindParameter[int] = sa.bindparam("its")
        folded: sa.BindParameter[str] = sa.bindparam("folded")
        connection.execute(sa.update(videos).where(videos.c.video_key == its).values(title_key=folded), keys)
    op.create_index("ix_videos_title_key", "videos", ["title_key", "video_id"])
