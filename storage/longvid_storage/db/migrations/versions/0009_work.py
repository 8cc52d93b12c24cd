"""What a server has to do: jobs, uploads, webhooks and what these are still to be told"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("job_key", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("progress", sa.JSON(), nullable=False),
        sa.Column("created_s", sa.Double(), nullable=False),
        sa.Column("ended_s", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("job_key", name="pk_jobs"),
        sa.UniqueConstraint("job_id", name="uq_jobs_job_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_jobs_owner_request", "jobs", ["owner", "request"])
    op.create_table(
        "uploads",
        sa.Column("upload_key", sa.Integer(), nullable=False),
        sa.Column("upload_id", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("created_s", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("upload_key", name="pk_uploads"),
        sa.UniqueConstraint("upload_id", name="uq_uploads_upload_id"),
    )
    op.create_table(
        "webhooks",
        sa.Column("hook_key", sa.Integer(), nullable=False),
        sa.Column("hook_id", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("created_s", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("hook_key", name="pk_webhooks"),
        sa.UniqueConstraint("hook_id", name="uq_webhooks_hook_id"),
    )
    op.create_table(
        "deliveries",
        sa.Column("delivery_key", sa.Integer(), nullable=False),
        sa.Column("hook_key", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_s", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["hook_key"], ["webhooks.hook_key"], name="fk_deliveries_hook_key_webhooks", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("delivery_key", name="pk_deliveries"),
    )
    op.create_index("ix_deliveries_hook_key", "deliveries", ["hook_key"])
