"""The first tables"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "collections",
        sa.Column("collection_key", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("collection_key", name="pk_collections"),
        sa.UniqueConstraint("name", name="uq_collections_name"),
    )
    op.create_table(
        "library",
        sa.Column("library_key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("library_key", name="pk_library"),
    )
    op.create_table(
        "vector_sets",
        sa.Column("set_key", sa.Integer(), nullable=False),
        sa.Column("model_fingerprint", sa.Text(), nullable=False),
        sa.Column("dimension", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("size", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("set_key", name="pk_vector_sets"),
        sa.UniqueConstraint(
            "model_fingerprint", "channel", "size", name="uq_vector_sets_model_fingerprint_channel_size"
        ),
    )
    op.create_table(
        "videos",
        sa.Column("video_key", sa.Integer(), nullable=False),
        sa.Column("video_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("duration_s", sa.Double(), nullable=False),
        sa.Column("has_video", sa.Boolean(), nullable=False),
        sa.Column("has_audio", sa.Boolean(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("frame_rate", sa.Double(), nullable=True),
        sa.Column("stream_start_s", sa.Double(), nullable=False),
        sa.Column("chapters", sa.JSON(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("video_key", name="pk_videos"),
        sa.UniqueConstraint("video_id", name="uq_videos_video_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "keyframes",
        sa.Column("keyframe_id", sa.Integer(), nullable=False),
        sa.Column("video_key", sa.Integer(), nullable=False),
        sa.Column("time_s", sa.Double(), nullable=False),
        sa.Column("start_s", sa.Double(), nullable=False),
        sa.Column("end_s", sa.Double(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("image", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["video_key"], ["videos.video_key"], name="fk_keyframes_video_key_videos", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("keyframe_id", name="pk_keyframes"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_keyframes_video_key", "keyframes", ["video_key"])

    op.create_table(
        "paths",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("video_key", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("mtime_ns", sa.Integer(), nullable=False),
        sa.Column("sidecars", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["video_key"], ["videos.video_key"], name="fk_paths_video_key_videos", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("path", name="pk_paths"),
    )
    op.create_index("ix_paths_video_key", "paths", ["video_key"])

    op.create_table(
        "screen_texts",
        sa.Column("video_key", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("start_s", sa.Double(), nullable=False),
        sa.Column("end_s", sa.Double(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("x0", sa.Double(), nullable=False),
        sa.Column("y0", sa.Double(), nullable=False),
        sa.Column("x1", sa.Double(), nullable=False),
        sa.Column("y1", sa.Double(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["video_key"], ["videos.video_key"], name="fk_screen_texts_video_key_videos", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("video_key", "seq", name="pk_screen_texts"),
    )
    op.create_table(
        "segments",
        sa.Column("video_key", sa.Integer(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("start_s", sa.Double(), nullable=False),
        sa.Column("end_s", sa.Double(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["video_key"], ["videos.video_key"], name="fk_segments_video_key_videos", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("video_key", "level", "seq", name="pk_segments"),
    )
    op.create_table(
        "slides",
        sa.Column("video_key", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("start_s", sa.Double(), nullable=False),
        sa.Column("end_s", sa.Double(), nullable=False),
        sa.Column("keyframe_s", sa.Double(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["video_key"], ["videos.video_key"], name="fk_slides_video_key_videos", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("video_key", "seq", name="pk_slides"),
    )
    op.create_table(
        "stages",
        sa.Column("video_key", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("engine", sa.Text(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("counters", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["video_key"], ["videos.video_key"], name="fk_stages_video_key_videos", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("video_key", "stage", name="pk_stages"),
    )
    op.create_table(
        "transcripts",
        sa.Column("video_key", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["video_key"], ["videos.video_key"], name="fk_transcripts_video_key_videos", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("video_key", name="pk_transcripts"),
    )
    op.create_table(
        "units",
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("video_key", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("size", sa.Text(), nullable=False),
        sa.Column("start_s", sa.Double(), nullable=False),
        sa.Column("end_s", sa.Double(), nullable=False),
        sa.Column("speaker", sa.Text(), nullable=True),
        sa.Column("speaker_key", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["video_key"], ["videos.video_key"], name="fk_units_video_key_videos", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("unit_id", name="pk_units"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_units_video_key_channel_size_length", "units", ["video_key", "channel", "size", "length"]
    )

    op.create_table(
        "utterances",
        sa.Column("video_key", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("start_s", sa.Double(), nullable=False),
        sa.Column("end_s", sa.Double(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("speaker", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("words", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["video_key"], ["videos.video_key"], name="fk_utterances_video_key_videos", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("video_key", "seq", name="pk_utterances"),
    )
    op.create_table(
        "video_collections",
        sa.Column("collection_key", sa.Integer(), nullable=False),
        sa.Column("video_key", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_key"],
            ["collections.collection_key"],
            name="fk_video_collections_collection_key_collections",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["video_key"],
            ["videos.video_key"],
            name="fk_video_collections_video_key_videos",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("collection_key", "video_key", name="pk_video_collections"),
    )
    op.create_index("ix_video_collections_video_key", "video_collections", ["video_key"])

    op.create_table(
        "keyframe_vectors",
        sa.Column("vector_id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("set_key", sa.Integer(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["keyframes.keyframe_id"],
            name="fk_keyframe_vectors_owner_id_keyframes",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["set_key"], ["vector_sets.set_key"], name="fk_keyframe_vectors_set_key_vector_sets"
        ),
        sa.PrimaryKeyConstraint("vector_id", name="pk_keyframe_vectors"),
        sa.UniqueConstraint("owner_id", name="uq_keyframe_vectors_owner_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_keyframe_vectors_set_key_owner_id", "keyframe_vectors", ["set_key", "owner_id"])

    op.create_table(
        "unit_vectors",
        sa.Column("vector_id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("set_key", sa.Integer(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["units.unit_id"], name="fk_unit_vectors_owner_id_units", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["set_key"], ["vector_sets.set_key"], name="fk_unit_vectors_set_key_vector_sets"
        ),
        sa.PrimaryKeyConstraint("vector_id", name="pk_unit_vectors"),
        sa.UniqueConstraint("owner_id", name="uq_unit_vectors_owner_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_unit_vectors_set_key_owner_id", "unit_vectors", ["set_key", "owner_id"])
