"""Words of subtitles in another language than the transcript's: an index of their own"""

from alembic import op

from longvid_storage.db import word_index
from longvid_storage.db.dialects import is_postgresql

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    if not is_postgresql(op.get_bind()):  # its postings are one table
        word_index.create(op.get_bind())
