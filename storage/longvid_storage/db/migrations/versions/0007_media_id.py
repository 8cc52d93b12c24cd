"""What a video is apart from its media: the hash of the media in a column, and a path for each video that lies there"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "paths_of_videos",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("video_key", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("mtime_ns", sa.Integer(), nullable=False),
        sa.Column("sidecars", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["video_key"], ["videos.video_key"], name="fk_paths_video_key_videos", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("path", "video_key", name="pk_paths"),
    )
    op.execute(
        "INSERT INTO paths_of_videos (path, video_key, size, mtime_ns, sidecars) "
        "SELECT path, video_key, size, mtime_ns, sidecars FROM paths"
    )
    op.drop_table("paths")
    op.rename_table("paths_of_videos", "paths")
    op.create_index("ix_paths_video_key", "paths", ["video_key"])
    op.add_column("videos", sa.Column("media_id", sa.Text(), server_default="", nullable=False))
    op.add_column("videos", sa.Column("subtitles", sa.Text(), server_default="", nullable=False))
    op.create_index("ix_videos_media_id", "videos", ["media_id"])
    # Until now the id was the hash of the content; what was beside it is known by the signature of its path.
    op.execute("UPDATE videos SET media_id = video_id")
    op.execute(
        "UPDATE videos SET subtitles = coalesce("
        "(SELECT max(sidecars) FROM paths WHERE paths.video_key = videos.video_key), '')"
    )
