"""Whether subtitles tell a sound or a model heard it, so that what was heard is taken over by others of the media"""

import sqlalchemy as sa
from alembic import op

from longvid_storage.db.columns import Words

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("sounds", sa.Column("origin", Words(), nullable=True))
    its = "SELECT video_key FROM stages WHERE stage = 'sounds' AND engine"
    op.execute(f"UPDATE sounds SET origin = 'told' WHERE video_key IN ({its} = 'subtitles')")
    # Where both were mixed, what the subtitles covered was not kept: it is not known what was heard.
    op.execute(f"UPDATE sounds SET origin = 'heard' WHERE video_key IN ({its} NOT LIKE 'subtitles%')")
