"""Since when each video is as it is, so that a change of one leaves in memory what was read of the others"""

import sqlalchemy as sa
from alembic import op

from longvid_storage.db.columns import WHOLE

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("library", sa.Column("remade", WHOLE, nullable=False, server_default="0"))
    op.add_column("videos", sa.Column("revision", WHOLE, nullable=False, server_default="0"))
    op.create_index("ix_videos_revision", "videos", ["revision"])
