"""What somebody says is looked up, not looked for in all passages"""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    # Of a library before 0005 that migration has made the table with all that belongs to it by now.
    op.create_index(
        "ix_passages_speaker_key_video_key", "passages", ["speaker_key", "video_key"], if_not_exists=True
    )
