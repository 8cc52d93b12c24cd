"""The day that a media file says it was recorded on"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("videos", sa.Column("recorded_on", sa.Text(), nullable=True))
