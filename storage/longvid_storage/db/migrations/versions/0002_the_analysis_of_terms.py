"""Which text analysis made the terms of the units, so that a better one redoes them"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("library", sa.Column("analysis", sa.Text(), nullable=True))
