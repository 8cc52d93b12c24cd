"""Names that users give to speakers, what told speakers apart, and sounds other than speech"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("transcripts", sa.Column("speakers_by", sa.Text(), nullable=True))
    op.create_table(
        "speaker_names",
        sa.Column("video_key", sa.Integer(), nullable=False),
        sa.Column("label_key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["video_key"],
            ["videos.video_key"],
            name="fk_speaker_names_video_key_videos",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("video_key", "label_key", name="pk_speaker_names"),
    )
    op.create_table(
        "sounds",
        sa.Column("video_key", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("start_s", sa.Double(), nullable=False),
        sa.Column("end_s", sa.Double(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["video_key"], ["videos.video_key"], name="fk_sounds_video_key_videos", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("video_key", "seq", name="pk_sounds"),
    )
