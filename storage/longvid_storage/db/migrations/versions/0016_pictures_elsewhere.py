"""Which pictures lie in an object store"""

import sqlalchemy as sa
from alembic import op

from longvid_storage.db.columns import WHOLE

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "pictures_elsewhere",
        sa.Column("picture_key", WHOLE, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("keyframe_id", WHOLE, nullable=True),
        sa.Column("announced_s", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["keyframe_id"],
            ["keyframes.keyframe_id"],
            name="fk_pictures_elsewhere_keyframe_id_keyframes",
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("picture_key", name="pk_pictures_elsewhere"),
        sa.UniqueConstraint("keyframe_id", name="uq_pictures_elsewhere_keyframe_id"),
    )
    op.create_index("ix_pictures_elsewhere_name", "pictures_elsewhere", ["name"])
