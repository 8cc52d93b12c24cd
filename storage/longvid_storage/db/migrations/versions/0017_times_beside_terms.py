"""PostgreSQL reads how often a term is said from the index of postings, not from a page for each passage"""

from alembic import op

from longvid_storage.db.dialects import is_postgresql

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    if is_postgresql(op.get_bind()):
        op.execute(
            "ALTER TABLE postings DROP CONSTRAINT postings_pkey, "
            "ADD CONSTRAINT postings_pkey PRIMARY KEY (kind, term, passage_id) INCLUDE (times)"
        )
