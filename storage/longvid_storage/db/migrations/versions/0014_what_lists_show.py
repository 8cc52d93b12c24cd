"""What lists sort by and show of a video, in its row: a page of them is read without looking at all"""

import sqlalchemy as sa
from alembic import op

from longvid_storage.db import list_columns
from longvid_storage.db.columns import Words

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("videos", sa.Column("day", Words(), nullable=False, server_default=""))
    op.add_column("videos", sa.Column("went", Words(), nullable=False, server_default=""))
    op.add_column("videos", sa.Column("cut_short", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_videos_day", "videos", ["day", "title_key", "video_id"])
    op.create_index("ix_videos_duration_s", "videos", ["duration_s", "title_key", "video_id"])
    list_columns.write_all(op.get_bind())
