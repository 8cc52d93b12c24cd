"""Writing one stage of one video: its rows and its completion record, in one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from numpy.typing import NDArray
from sqlalchemy import Connection, delete, func, insert, literal, select, update

from longvid_storage.db import (
    chain,
    list_columns,
    passage_rows,
    pgvector_tables,
    pictures,
    revisions,
    schema,
    vectors,
)
from longvid_storage.db.chain import ChainLink
from longvid_storage.db.rows import insert_returning
from longvid_storage.db.said import said_passages
from longvid_storage.text.passages import Timed, screen_passages, sound_passages
from longvid_storage.text.sound_words import origins
from longvid_storage.types import (
    Keyframe,
    ScreenText,
    Segment,
    Slide,
    Sound,
    StageResult,
    Utterance,
)

_BATCH = 2000


class StageWriter:
    """Hands rows to the transaction that ``Store.stage`` commits; every ``replace_`` replaces all of this
    video's.

    Args:
        connection: in a write transaction.
        video_key, video_id: the video's key in this library, and its id.
        stage: the stage's name.
        fingerprint: of code version, engine and settings.
    """

    def __init__(
        self, connection: Connection, video_key: int, video_id: str, stage: str, fingerprint: str
    ) -> None:
        self._connection = connection
        self._video_key = video_key
        self._video_id = video_id
        self._fingerprint = fingerprint
        self._result = StageResult(stage, "done")
        self.touched = False
        self.removed = False

    def result(self, result: StageResult) -> None:
        """Say how the stage went; without this it is recorded as done by nobody in no time."""
        self._result = result

    def replace_utterances(
        self,
        utterances: Iterable[Utterance],
        *,
        source: str = "none",
        language: str | None = None,
        translations: Iterable[Sequence[Utterance]] = (),
        passages: Sequence[Timed] | None = None,
    ) -> None:
        """Replace the transcript, and the passages of speech with it; and its ``translations``, one a language.

        ``passages``: ``said_passages`` of the utterances, made before the transaction; without them it waits for that.
        """
        said = list(utterances)
        self.touched = True
        self._connection.execute(
            delete(schema.TranscriptRow).where(schema.TranscriptRow.video_key == self._video_key)
        )
        self._connection.execute(
            insert(schema.TranscriptRow).values(video_key=self._video_key, source=source, language=language)
        )
        self._replace_said(said, passages)
        other = [
            timed for each in translations for timed in said_passages(self._video_id, each, "translation")
        ]
        self._replace_passages("translation", other)

    def assign_speakers(
        self, utterances: Sequence[Utterance], by: str | None, passages: Sequence[Timed] | None = None
    ) -> None:
        """Say who speaks in each utterance of the transcript; the passages of speech are made anew.

        Args:
            utterances: those of the transcript in order of time, as ``View.utterances`` gives them, with labels; one in
                which the voice changes may have been cut.
            by: the model that told the voices apart; None when nothing did.
            passages: ``said_passages`` of the utterances, made before the transaction.

        Raises:
            ValueError: there are fewer than the transcript has.
        """
        table, info = schema.UtteranceRow, schema.TranscriptRow
        query = select(func.count()).select_from(table).where(table.video_key == self._video_key)
        there = self._connection.execute(query).scalar_one()
        if len(utterances) < there:
            raise ValueError(f"{len(utterances)} utterances have speakers and the transcript has {there}")
        self.touched = True
        self._connection.execute(update(info).where(info.video_key == self._video_key).values(speakers_by=by))
        self._replace_said(utterances, passages)

    def _replace_said(self, utterances: Sequence[Utterance], passages: Sequence[Timed] | None) -> None:
        self._replace(
            schema.UtteranceRow,
            (
                {
                    "start_s": utterance.start_s,
                    "end_s": utterance.end_s,
                    "text": utterance.text,
                    "speaker": utterance.speaker,
                    "language": utterance.language,
                    "words": [[word.text, word.start_s, word.end_s] for word in utterance.words] or None,
                }
                for utterance in utterances
            ),
        )
        if passages is None:
            passages = said_passages(self._video_id, utterances)
        self._replace_passages("speech", passages)

    def replace_slides(self, slides: Iterable[Slide]) -> None:
        """Replace the slides."""
        self._replace(
            schema.SlideRow,
            (
                {"start_s": row.start_s, "end_s": row.end_s, "keyframe_s": row.keyframe_s, "title": row.title}
                for row in slides
            ),
        )

    def replace_screen_texts(self, lines: Iterable[ScreenText]) -> None:
        """Replace the lines of screen text, and the passages made of them."""
        shown = sorted(lines, key=lambda line: line.start_s)
        self._replace_passages("screen", screen_passages(self._video_id, shown))
        self._replace(
            schema.ScreenTextRow,
            (
                {
                    "start_s": line.start_s,
                    "end_s": line.end_s,
                    "text": line.text,
                    **dict(zip(("x0", "y0", "x1", "y1"), map(float, line.box), strict=True)),
                    "confidence": line.confidence,
                }
                for line in shown
            ),
        )

    def replace_sounds(self, told: Iterable[Sound], heard: Iterable[Sound] = ()) -> None:
        """Replace the sounds, and the passages that describe them.

        Args:
            told: by subtitles.
            heard: by a model; one is covered, and not shown, while subtitles tell the same.
        """
        rows = origins(told, heard)
        shown = [sound for sound, origin in rows if origin != "covered"]
        self.touched = True
        self._replace_passages("sound", sound_passages(self._video_id, shown))
        self._replace(
            schema.SoundRow,
            (
                {
                    "start_s": sound.start_s,
                    "end_s": sound.end_s,
                    "label": sound.label,
                    "score": sound.score,
                    "origin": origin,
                }
                for sound, origin in rows
            ),
        )

    def replace_segments(self, segments: Iterable[Segment]) -> None:
        """Replace the shots, scenes, events and the whole video."""
        seen: defaultdict[str, int] = defaultdict(int)
        rows = []
        for segment in segments:
            rows.append(
                {
                    "level": segment.level,
                    "seq": seen[segment.level],
                    "start_s": segment.start_s,
                    "end_s": segment.end_s,
                    "title": segment.title,
                    "summary": segment.summary,
                    "passages": list(segment.passages) or None,
                }
            )
            seen[segment.level] += 1
        self._replace(schema.SegmentRow, rows)

    def replace_chain(self, links: Iterable[ChainLink]) -> None:
        """Replace the chain of summaries."""
        chain.replace(self._connection, self._video_key, links)

    def replace_keyframes(self, keyframes: Iterable[Keyframe], names: Sequence[str] = ()) -> list[int]:
        """Replace the keyframes, and with them their vectors; returns the new ids, in order.

        ``names``: where each one's picture is kept (``pictures.keep``); by default in the database.
        """
        frames = list(keyframes)
        names = names or [""] * len(frames)
        table = schema.KeyframeRow
        self.touched = True
        self._connection.execute(delete(table).where(table.video_key == self._video_key))
        vectors.drop_empty_sets(self._connection)
        rows = [
            {
                "video_key": self._video_key,
                "time_s": frame.time_s,
                "start_s": frame.start_s,
                "end_s": frame.end_s,
                "width": frame.width,
                "height": frame.height,
                "kind": frame.kind,
                "image": b"" if name else frame.image,
            }
            for frame, name in zip(frames, names, strict=True)
        ]
        ids = insert_returning(self._connection, table.keyframe_id, rows)
        pictures.bind(self._connection, names, ids)
        return ids

    def copy_keyframes(self, video_id: str) -> int:
        """Replace the keyframes by those of another video of the same media, vectors included; returns how many."""
        table, vector, video = schema.KeyframeRow, schema.KeyframeVector, schema.Video
        self.touched = True
        self._connection.execute(delete(table).where(table.video_key == self._video_key))
        theirs = select(video.video_key).where(video.video_id == video_id).scalar_subquery()
        names = ("time_s", "start_s", "end_s", "width", "height", "kind", "image")
        kept = select(literal(self._video_key), *(getattr(table, name) for name in names))
        kept = kept.where(table.video_key == theirs).order_by(table.keyframe_id)
        self._connection.execute(insert(table).from_select(["video_key", *names], kept))
        old, new = (
            list(
                self._connection.execute(
                    select(table.keyframe_id).where(whose).order_by(table.keyframe_id)
                ).scalars()
            )
            for whose in (table.video_key == theirs, table.video_key == self._video_key)
        )
        for before, now in zip(old, new, strict=True):
            same = select(literal(now), vector.set_key, vector.vector).where(vector.owner_id == before)
            self._connection.execute(insert(vector).from_select(["owner_id", "set_key", "vector"], same))
            pictures.share(self._connection, before, now)
        vectors.drop_empty_sets(self._connection)
        return len(new)

    def make_passages(
        self, said: Sequence[Utterance], shown: Sequence[ScreenText], heard: Sequence[Sound]
    ) -> None:
        """Make the passages of rows that are there already (a library of an older schema)."""
        self._replace_passages("speech", said_passages(self._video_id, said))
        self._replace_passages("screen", screen_passages(self._video_id, shown))
        self._replace_passages("sound", sound_passages(self._video_id, heard))

    def _replace_passages(self, kind: str, passages: Sequence[Timed]) -> None:
        gone, new = passage_rows.replace(self._connection, self._video_key, self._video_id, kind, passages)
        self.touched |= bool(gone or new)
        self.removed |= bool(gone)

    def put_vectors(
        self, kind: str, model_fingerprint: str, owner_ids: Sequence[int], array: NDArray[Any]
    ) -> None:
        """Store one vector for each passage (or, for ``"picture"``, keyframe), in place of any it had of any model.

        Args:
            kind: of the passages.
            model_fingerprint: what made the vectors; remembered, and compared when searching.
            owner_ids: n ids, of this video.
            array: shape (n, dimension), L2-normalised; kept as float16.

        Raises:
            ModelMismatchError: the dimension is not what this model wrote before.
            ValueError: shapes do not fit, numbers are not finite, or an id is not of that kind.
        """
        self.touched = True
        vectors.put(self._connection, kind, model_fingerprint, owner_ids, array)

    def finish(self) -> None:
        """Write the completion record; called by ``Store.stage`` when its block ends well."""
        table = schema.Stage
        result = self._result
        self._connection.execute(
            delete(table).where(table.video_key == self._video_key, table.stage == result.stage)
        )
        self._connection.execute(
            insert(table).values(
                video_key=self._video_key,
                stage=result.stage,
                fingerprint=self._fingerprint,
                status=result.status,
                engine=result.engine,
                seconds=result.seconds,
                counters=dict(result.counters),
                note=result.note,
            )
        )
        its = schema.Video.video_key == self._video_key
        list_columns.write(self._connection, list_columns.stages(self._connection, its))
        if self.touched:
            pgvector_tables.fill(self._connection)
            revisions.bump(self._connection, self._video_key)

    def _replace(self, table: type[schema.Base], rows: Iterable[dict[str, Any]]) -> None:
        columns = table.__table__.columns
        self._connection.execute(delete(table).where(columns["video_key"] == self._video_key))
        batch = [{"seq": seq, **row, "video_key": self._video_key} for seq, row in enumerate(rows)]
        if batch:
            self._connection.execute(insert(table), batch)
