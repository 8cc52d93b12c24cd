"""A copy of a library knows which pictures in an object store are not its own"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column(
        "pictures_elsewhere", sa.Column("borrowed", sa.Boolean(), nullable=False, server_default=sa.false())
    )
