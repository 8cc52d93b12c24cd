"""The tables of a library: the only truth. Everything else (word index, vector index) is derived from these
rows.

Videos have a small integer key besides their content hash because every other row carries it; the hash is
what the rest of the house sees. Ids of passages, keyframes and vectors are never used twice
(``AUTOINCREMENT``), so that a cache which knows an id knows what it stands for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from sqlalchemy import (
    Dialect,
    ForeignKey,
    Index,
    MetaData,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from longvid_storage.db import columns
from longvid_storage.types import title_key

VERSIONS = (
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "0006",
    "0007",
    "0008",
    "0009",
    "0010",
    "0011",
    "0012",
    "0013",
    "0014",
    "0015",
    "0016",
    "0017",
    "0018",
    "0019",
)  # the files in migrations/versions, in order; a test holds the two together
HEAD = VERSIONS[-1]

# Undecodable bytes of file names reach Python as lone surrogates, which no database takes as text. They are
# moved to a private-use block on the way in and back on the way out.
_IN = {0xDC00 + byte: 0xF700 + byte for byte in range(0x80, 0x100)}
_OUT = {private: surrogate for surrogate, private in _IN.items()}


class PathText(TypeDecorator[str]):
    """A file path as text, undecodable bytes included."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Python to database."""
        return None if value is None else value.translate(_IN)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Database to Python."""
        return value if value is None or value.isascii() else value.translate(_OUT)

    def all_sound(self, values: Sequence[Any]) -> bool:
        """See ``columns.InOne``."""
        return set(map(type, values)) <= {str} and "".join(values).isascii()


class Base(DeclarativeBase):
    """All tables; constraint names are fixed so that migrations can name them on every database."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: columns.Words,
        int: columns.WHOLE,
        float: columns.Number,
        bool: columns.Flag,
        bytes: columns.Blob,
        dict[str, Any]: columns.Json(columns.is_object),
    }


def _video_key(*, primary_key: bool = False) -> Mapped[int]:
    return mapped_column(ForeignKey("videos.video_key", ondelete="CASCADE"), primary_key=primary_key)


class LibraryState(Base):
    """One row: ``generation`` grows with every commit that touches passages or vectors, ``remade`` is that of the last
    which touched all (``longvid_storage.db.revisions``).

    ``analysis`` signs the text analysis that made ``passages.terms``.
    """

    __tablename__ = "library"
    library_key: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    generation: Mapped[int]
    analysis: Mapped[str | None]
    remade: Mapped[int] = mapped_column(server_default="0")


def _title_key(context: Any) -> str:
    return title_key(str(context.get_current_parameters()["title"]))


class Video(Base):
    """One media item with one transcript, in one collection or in none.

    ``media_id`` is the hash of the media's content, which videos of several collections may share; ``subtitles`` that
    of the subtitles beside it, empty when there are none (of libraries before 0007, ``paths.sidecars`` of that time).
    ``recorded_on`` (``YYYY-MM-DD``) is what the media says of itself; of videos before 0010 it is not known.
    ``title_key`` is what titles are compared and listed by. ``day`` (empty: none), ``went`` (``stage=status`` of each
    stage, by name) and ``cut_short`` follow from paths and stages (``longvid_storage.db.list_columns``).
    ``revision`` is the generation of its last change (``longvid_storage.db.revisions``).
    """

    __tablename__ = "videos"
    __table_args__ = (
        Index("ix_videos_title_key", "title_key", "video_id"),
        Index("ix_videos_day", "day", "title_key", "video_id"),
        Index("ix_videos_duration_s", "duration_s", "title_key", "video_id"),
        {"sqlite_autoincrement": True},
    )
    video_key: Mapped[int] = mapped_column(primary_key=True)
    video_id: Mapped[str] = mapped_column(columns.Name(), unique=True)
    title: Mapped[str]
    duration_s: Mapped[float]
    has_video: Mapped[bool]
    has_audio: Mapped[bool]
    width: Mapped[int | None]
    height: Mapped[int | None]
    frame_rate: Mapped[float | None]
    stream_start_s: Mapped[float] = mapped_column(columns.Number(signed=True))
    chapters: Mapped[list[Any]] = mapped_column(columns.Json(columns.is_chapters))
    media_type: Mapped[str]
    media_id: Mapped[str] = mapped_column(server_default="", index=True)
    subtitles: Mapped[str] = mapped_column(server_default="")
    recorded_on: Mapped[str | None] = mapped_column(columns.Formed(columns.is_day, "day"))
    title_key: Mapped[str] = mapped_column(server_default="", default=_title_key)
    day: Mapped[str] = mapped_column(columns.Formed(columns.is_day, "day"), server_default="")
    went: Mapped[str] = mapped_column(columns.Formed(columns.is_pairs, "list of stages"), server_default="")
    cut_short: Mapped[bool] = mapped_column(server_default=false(), default=False)
    revision: Mapped[int] = mapped_column(server_default="0", index=True)


class Path(Base):
    """Where a video was last seen, with what ``stat`` said then; ``sidecars`` signs the files beside it.

    One file is a video of its own in each collection that indexed it.
    """

    __tablename__ = "paths"
    path: Mapped[str] = mapped_column(PathText, primary_key=True)
    video_key: Mapped[int] = mapped_column(
        ForeignKey("videos.video_key", ondelete="CASCADE"), primary_key=True, index=True
    )
    size: Mapped[int]
    mtime_ns: Mapped[int]
    sidecars: Mapped[str]


class Collection(Base):
    """A named group of videos."""

    __tablename__ = "collections"
    collection_key: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(columns.Name(), unique=True)


class VideoCollection(Base):
    """Which video is in which collection."""

    __tablename__ = "video_collections"
    collection_key: Mapped[int] = mapped_column(
        ForeignKey("collections.collection_key", ondelete="CASCADE"), primary_key=True
    )
    video_key: Mapped[int] = mapped_column(
        ForeignKey("videos.video_key", ondelete="CASCADE"), primary_key=True, index=True
    )


class Stage(Base):
    """The completion record of a stage, committed together with what the stage wrote."""

    __tablename__ = "stages"
    video_key: Mapped[int] = _video_key(primary_key=True)
    stage: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    status: Mapped[str]
    engine: Mapped[str | None]
    seconds: Mapped[float]
    counters: Mapped[dict[str, Any]]
    note: Mapped[str | None]


class TranscriptRow(Base):
    """Which source a transcript came from; ``speakers_by`` is what told its speakers apart by their voices, if so."""

    __tablename__ = "transcripts"
    video_key: Mapped[int] = _video_key(primary_key=True)
    source: Mapped[str]
    language: Mapped[str | None]
    speakers_by: Mapped[str | None]


class UtteranceRow(Base):
    """A span of speech; ``words`` is a list of ``[text, start_s, end_s]``, ``speaker`` as the source calls them."""

    __tablename__ = "utterances"
    video_key: Mapped[int] = _video_key(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    start_s: Mapped[float]
    end_s: Mapped[float]
    text: Mapped[str]
    speaker: Mapped[str | None]
    language: Mapped[str | None]
    words: Mapped[list[Any] | None] = mapped_column(columns.Json(columns.is_words, optional=True))


class SpeakerNameRow(Base):
    """What the user calls a speaker of a video; ``label_key`` is the ``speaker_key`` of ``utterances.speaker``."""

    __tablename__ = "speaker_names"
    video_key: Mapped[int] = _video_key(primary_key=True)
    label_key: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]


class SoundRow(Base):
    """A stretch during which a sound other than speech is heard; ``score`` in [0, 1].

    ``origin``: ``told`` by subtitles, ``heard`` by a model, or ``covered``: heard while subtitles tell it, and kept for
    other videos of the same media alone; NULL is one of the first two (of libraries before 0013).
    """

    __tablename__ = "sounds"
    video_key: Mapped[int] = _video_key(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    start_s: Mapped[float]
    end_s: Mapped[float]
    label: Mapped[str]
    score: Mapped[float]
    origin: Mapped[str | None]


class SlideRow(Base):
    """A stretch during which the screen content stays the same."""

    __tablename__ = "slides"
    video_key: Mapped[int] = _video_key(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    start_s: Mapped[float]
    end_s: Mapped[float]
    keyframe_s: Mapped[float]
    title: Mapped[str | None]


class ScreenTextRow(Base):
    """A line of text seen on screen."""

    __tablename__ = "screen_texts"
    video_key: Mapped[int] = _video_key(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    start_s: Mapped[float]
    end_s: Mapped[float]
    text: Mapped[str]
    x0: Mapped[float] = mapped_column(columns.Number(signed=True))
    y0: Mapped[float] = mapped_column(columns.Number(signed=True))
    x1: Mapped[float] = mapped_column(columns.Number(signed=True))
    y1: Mapped[float] = mapped_column(columns.Number(signed=True))
    confidence: Mapped[float]


class KeyframeRow(Base):
    """A frame kept for a span; the picture is the last column so that listing rows does not read it. It is empty where
    the picture is an ``ElsewhereRow``.
    """

    __tablename__ = "keyframes"
    __table_args__ = ({"sqlite_autoincrement": True},)
    keyframe_id: Mapped[int] = mapped_column(primary_key=True)
    video_key: Mapped[int] = mapped_column(ForeignKey("videos.video_key", ondelete="CASCADE"), index=True)
    time_s: Mapped[float]
    start_s: Mapped[float]
    end_s: Mapped[float]
    width: Mapped[int]
    height: Mapped[int]
    kind: Mapped[str]
    image: Mapped[bytes]


class ElsewhereRow(Base):
    """A picture in an object store, and the keyframe that it is of; several may share one. One that is of none is still
    being brought there, since ``announced_s``, or its keyframe is gone, where that is 0.

    ``borrowed``: the object is the affair of another library, of which this one is a copy.
    """

    __tablename__ = "pictures_elsewhere"
    picture_key: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(index=True)
    keyframe_id: Mapped[int | None] = mapped_column(
        ForeignKey("keyframes.keyframe_id", ondelete="SET NULL"), unique=True
    )
    announced_s: Mapped[float]
    borrowed: Mapped[bool] = mapped_column(server_default=false())


class SegmentRow(Base):
    """A shot, scene, event or the whole video; ``passages`` are the ids of those its summary is made of."""

    __tablename__ = "segments"
    video_key: Mapped[int] = _video_key(primary_key=True)
    level: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    start_s: Mapped[float]
    end_s: Mapped[float]
    title: Mapped[str | None]
    summary: Mapped[str | None]
    passages: Mapped[list[Any] | None] = mapped_column(columns.Json(columns.is_ids, optional=True))


class ChainLinkRow(Base):
    """A summary of an event, of several, or of the whole video; ``sentences`` is a list of ``[text, passage ids]``."""

    __tablename__ = "chain_links"
    video_key: Mapped[int] = _video_key(primary_key=True)
    level: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    start_s: Mapped[float]
    end_s: Mapped[float]
    fingerprint: Mapped[str]
    engine: Mapped[str]
    so_far: Mapped[str]
    sentences: Mapped[list[Any]] = mapped_column(columns.Json(columns.is_sentences))


class LibraryLinkRow(Base):
    """A summary of several videos: of a collection, or of the whole library where ``collection_key`` is NULL."""

    __tablename__ = "library_links"
    __table_args__ = ({"sqlite_autoincrement": True},)
    link_key: Mapped[int] = mapped_column(primary_key=True)
    collection_key: Mapped[int | None] = mapped_column(
        ForeignKey("collections.collection_key", ondelete="CASCADE"), index=True
    )
    level: Mapped[str]
    seq: Mapped[int]
    fingerprint: Mapped[str]
    engine: Mapped[str]
    sentences: Mapped[list[Any]] = mapped_column(columns.Json(columns.is_sentences))


class ChatRow(Base):
    """A conversation: what it may look at, as plain data; the one used last has the greatest ``used``.

    ``owner`` is who may read it: the id of a key or of a user, empty for whoever uses the library itself.
    """

    __tablename__ = "chats"
    __table_args__ = (UniqueConstraint("owner", "name"), {"sqlite_autoincrement": True})
    chat_key: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str]
    name: Mapped[str]
    scope: Mapped[dict[str, Any]]
    used: Mapped[int]


class TurnRow(Base):
    """A finished turn of a conversation, as plain data; ``seq`` ascends, with gaps where turns were deleted."""

    __tablename__ = "turns"
    __table_args__ = (UniqueConstraint("chat_key", "seq"), {"sqlite_autoincrement": True})
    turn_key: Mapped[int] = mapped_column(primary_key=True)
    chat_key: Mapped[int] = mapped_column(ForeignKey("chats.chat_key", ondelete="CASCADE"))
    seq: Mapped[int]
    turn: Mapped[dict[str, Any]]


class TurnVideoRow(Base):
    """A video whose words are in a turn; with the video, the turn is deleted (``chats.forget_video``)."""

    __tablename__ = "turn_videos"
    turn_key: Mapped[int] = mapped_column(ForeignKey("turns.turn_key", ondelete="CASCADE"), primary_key=True)
    video_key: Mapped[int] = mapped_column(
        ForeignKey("videos.video_key", ondelete="CASCADE"), primary_key=True, index=True
    )


class ApiKeyRow(Base):
    """Who may ask a server for this library: the hash of their key, and what it allows.

    ``scopes`` and ``collections`` (NULL: all) are lists of names; ``created_s`` and ``expires_s`` (NULL: never) seconds
    since 1970; ``per_minute`` and ``tokens_a_day`` limits, NULL: none. ``spent_tokens`` is what the language model read
    and wrote for it on ``spent_day``.
    """

    __tablename__ = "api_keys"
    key_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    secret_hash: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[list[Any]] = mapped_column(columns.Json(columns.is_names))
    collections: Mapped[list[Any] | None] = mapped_column(columns.Json(columns.is_names, optional=True))
    created_s: Mapped[int]
    expires_s: Mapped[int | None]
    per_minute: Mapped[int | None]
    tokens_a_day: Mapped[int | None]
    spent_day: Mapped[str]
    spent_tokens: Mapped[int]


class JobRow(Base):
    """Work that ``owner`` asked a server for; ``request`` is the hash of what, ``asked`` and ``progress`` plain data.

    ``created_s`` and ``ended_s`` (NULL: not yet) are seconds since 1970.
    """

    __tablename__ = "jobs"
    __table_args__ = (Index(None, "owner", "request"), {"sqlite_autoincrement": True})
    job_key: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[str] = mapped_column(unique=True)
    owner: Mapped[str]
    request: Mapped[str]
    state: Mapped[str]
    asked: Mapped[dict[str, Any]]
    progress: Mapped[dict[str, Any]]
    created_s: Mapped[float]
    ended_s: Mapped[float | None]


class UploadRow(Base):
    """A file of ``length`` bytes that ``owner`` sends to a server; ``path`` is NULL until it is whole and checked."""

    __tablename__ = "uploads"
    upload_key: Mapped[int] = mapped_column(primary_key=True)
    upload_id: Mapped[str] = mapped_column(unique=True)
    owner: Mapped[str]
    name: Mapped[str]
    length: Mapped[int]
    path: Mapped[str | None] = mapped_column(PathText)
    created_s: Mapped[float]


class WebhookRow(Base):
    """An address that a server tells what becomes of the jobs of ``owner``; ``secret`` signs what it tells."""

    __tablename__ = "webhooks"
    hook_key: Mapped[int] = mapped_column(primary_key=True)
    hook_id: Mapped[str] = mapped_column(unique=True)
    owner: Mapped[str]
    url: Mapped[str]
    secret: Mapped[str]
    created_s: Mapped[float]


class DeliveryRow(Base):
    """An event that a webhook has not taken yet, and when to tell it next (seconds since 1970)."""

    __tablename__ = "deliveries"
    delivery_key: Mapped[int] = mapped_column(primary_key=True)
    hook_key: Mapped[int] = mapped_column(ForeignKey("webhooks.hook_key", ondelete="CASCADE"), index=True)
    event_id: Mapped[str]
    body: Mapped[str]
    attempts: Mapped[int]
    next_s: Mapped[float]


class PassageRow(Base):
    """A passage; ``terms`` are the ``length`` words that the word index holds of it, ``speaker`` is the source's label.

    ``speaker_key``, which scopes compare, is always that of the name the user knows the speaker by. ``times`` is a list
    of ``[letter, start_s, end_s]``: where each cue or word of the text begins, if there are several.
    """

    __tablename__ = "passages"
    __table_args__ = (
        Index(None, "video_key", "kind", "start_s"),
        Index(None, "speaker_key", "video_key"),
        {"sqlite_autoincrement": True},
    )
    passage_id: Mapped[int] = mapped_column(primary_key=True)
    video_key: Mapped[int] = _video_key()
    kind: Mapped[str]
    start_s: Mapped[float]
    end_s: Mapped[float]
    speaker: Mapped[str | None]
    speaker_key: Mapped[str | None]
    language: Mapped[str | None]
    text: Mapped[str]
    boxes: Mapped[list[Any] | None] = mapped_column(columns.Json(columns.is_boxes, optional=True))
    times: Mapped[list[Any] | None] = mapped_column(columns.Json(columns.is_times, optional=True))
    terms: Mapped[str]
    length: Mapped[int]


class VectorSet(Base):
    """What one index covers: one model's vectors for one kind of passage, or for keyframes (``"picture"``)."""

    __tablename__ = "vector_sets"
    __table_args__ = (UniqueConstraint("model_fingerprint", "kind"),)
    set_key: Mapped[int] = mapped_column(primary_key=True)
    model_fingerprint: Mapped[str]
    dimension: Mapped[int]
    kind: Mapped[str]


class PassageVector(Base):
    """A passage's vector, ``dimension`` little-endian float16."""

    __tablename__ = "passage_vectors"
    __table_args__ = (Index(None, "set_key", "owner_id"), {"sqlite_autoincrement": True})
    vector_id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("passages.passage_id", ondelete="CASCADE"), unique=True)
    set_key: Mapped[int] = mapped_column(ForeignKey("vector_sets.set_key"))
    vector: Mapped[bytes]


class KeyframeVector(Base):
    """A keyframe's vector, ``dimension`` little-endian float16."""

    __tablename__ = "keyframe_vectors"
    __table_args__ = (Index(None, "set_key", "owner_id"), {"sqlite_autoincrement": True})
    vector_id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(
        ForeignKey("keyframes.keyframe_id", ondelete="CASCADE"), unique=True
    )
    set_key: Mapped[int] = mapped_column(ForeignKey("vector_sets.set_key"))
    vector: Mapped[bytes]
