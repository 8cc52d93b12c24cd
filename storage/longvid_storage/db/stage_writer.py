"""Writing one stage of one video: its rows and its completion record, in one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from numpy.typing import NDArray
from sqlalchemy import Connection, delete, insert, select, update

from longvid_storage.db import chain_rows, lexical, schema, terms, vectors
from longvid_storage.db.chain import ChainLink
from longvid_storage.db.filters import speaker_key
from longvid_storage.db.speakers import SpeakerNames
from longvid_storage.types import Keyframe, ScreenText, Segment, Slide, Sound, StageResult, Unit, Utterance

_BATCH = 2000


class StageWriter:
    """Hands rows to the transaction that ``Store.stage`` commits; every ``replace_`` replaces all of this
    video's.

    Args:
        connection: in a write transaction.
        video_key: the video's key in this library.
        stage: the stage's name.
        fingerprint: of code version, engine and settings.
    """

    def __init__(self, connection: Connection, video_key: int, stage: str, fingerprint: str) -> None:
        self._connection = connection
        self._video_key = video_key
        self._fingerprint = fingerprint
        self._result = StageResult(stage, "done")
        self.touched = False

    def result(self, result: StageResult) -> None:
        """Say how the stage went; without this it is recorded as done by nobody in no time."""
        self._result = result

    def replace_utterances(
        self, utterances: Iterable[Utterance], *, source: str = "none", language: str | None = None
    ) -> None:
        """Replace the transcript."""
        self.touched = True
        self._connection.execute(
            delete(schema.TranscriptRow).where(schema.TranscriptRow.video_key == self._video_key)
        )
        self._connection.execute(
            insert(schema.TranscriptRow).values(video_key=self._video_key, source=source, language=language)
        )
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

    def assign_speakers(self, labels: Sequence[str | None], by: str | None) -> None:
        """Say who speaks in each utterance of the transcript.

        Args:
            labels: one for each utterance, in order of time as ``Store.utterances`` gives them.
            by: the model that told the voices apart; None when nothing did.

        Raises:
            ValueError: there are more or fewer labels than utterances.
        """
        self.touched = True
        table, info = schema.UtteranceRow, schema.TranscriptRow
        query = select(table.seq).where(table.video_key == self._video_key)
        seqs = list(self._connection.execute(query.order_by(table.start_s, table.seq)).scalars())
        for seq, label in zip(seqs, labels, strict=True):
            here = (table.video_key == self._video_key, table.seq == seq)
            self._connection.execute(update(table).where(*here).values(speaker=label))
        self._connection.execute(update(info).where(info.video_key == self._video_key).values(speakers_by=by))

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
        """Replace the lines of screen text."""
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
                for line in lines
            ),
        )

    def replace_sounds(self, sounds: Iterable[Sound]) -> None:
        """Replace the sounds."""
        self.touched = True
        self._replace(
            schema.SoundRow,
            (
                {"start_s": sound.start_s, "end_s": sound.end_s, "label": sound.label, "score": sound.score}
                for sound in sounds
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
                }
            )
            seen[segment.level] += 1
        self._replace(schema.SegmentRow, rows)

    def replace_chain(self, links: Iterable[ChainLink]) -> None:
        """Replace the chain of summaries."""
        chain_rows.replace(self._connection, self._video_key, links)

    def replace_keyframes(self, keyframes: Iterable[Keyframe]) -> list[int]:
        """Replace the keyframes, and with them their vectors; returns the new ids, in order."""
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
                "image": frame.image,
            }
            for frame in keyframes
        ]
        return _insert_returning(self._connection, table, table.keyframe_id, rows)

    def replace_units(self, units: Iterable[Unit]) -> list[int]:
        """Make the video's units exactly these; returns their ids, in order.

        A unit that is already there, equal in every field, keeps its id and its vector; a unit given twice
        is kept twice. Units that are gone leave the word index and lose their vectors.
        """
        wanted = list(units)
        there = self._units_there()
        ids: list[int | None] = []
        for unit in wanted:
            held = there.get(unit)
            ids.append(held.pop() if held else None)
        gone = [unit_id for held in there.values() for unit_id in held]
        new = [unit for unit, unit_id in zip(wanted, ids, strict=True) if unit_id is None]
        if gone or new:
            self.touched = True
        remove_units(self._connection, gone)
        made = iter(self._add_units(new))
        return [next(made) if unit_id is None else unit_id for unit_id in ids]

    def put_vectors(
        self, channel: str, model_fingerprint: str, owner_ids: Sequence[int], array: NDArray[Any]
    ) -> None:
        """Store one vector for each unit (or, on ``"picture"``, keyframe), in place of any it had of any
        model.

        Args:
            channel: of the units.
            model_fingerprint: what made the vectors; remembered, and compared when searching.
            owner_ids: n ids, of this or any video.
            array: shape (n, dimension), L2-normalised; kept as float16.

        Raises:
            ModelMismatchError: the dimension is not what this model wrote before.
            ValueError: shapes do not fit, numbers are not finite, or an id is not a unit of that channel.
        """
        self.touched = True
        vectors.put(self._connection, channel, model_fingerprint, owner_ids, array)

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
        if self.touched:
            bump_generation(self._connection)

    def _replace(self, table: type[schema.Base], rows: Iterable[dict[str, Any]]) -> None:
        columns = table.__table__.columns
        self._connection.execute(delete(table).where(columns["video_key"] == self._video_key))
        batch = [{"seq": seq, **row, "video_key": self._video_key} for seq, row in enumerate(rows)]
        if batch:
            self._connection.execute(insert(table), batch)

    def _units_there(self) -> defaultdict[Unit, list[int]]:
        """The video's units → their ids, the lowest last."""
        row = schema.UnitRow
        columns: tuple[Any, ...] = (
            row.channel,
            row.size,
            row.start_s,
            row.end_s,
            row.text,
            row.speaker,
            row.language,
        )
        query = (
            select(row.unit_id, *columns).where(row.video_key == self._video_key).order_by(row.unit_id.desc())
        )
        there: defaultdict[Unit, list[int]] = defaultdict(list)
        for unit_id, *fields in self._connection.execute(query):
            there[Unit(*fields)].append(unit_id)
        return there

    def _add_units(self, units: list[Unit]) -> list[int]:
        names = SpeakerNames(self._connection, self._video_key)
        analysed = [lexical.join_terms(terms.analyse(unit.text, unit.language)) for unit in units]
        rows = [
            {
                "video_key": self._video_key,
                "channel": unit.channel,
                "size": unit.size,
                "start_s": unit.start_s,
                "end_s": unit.end_s,
                "speaker": unit.speaker,
                "speaker_key": speaker_key(names.of(self._video_key, unit.speaker)),
                "language": unit.language,
                "text": unit.text,
                "terms": words,
                "length": lexical.count_terms(words),
            }
            for unit, words in zip(units, analysed, strict=True)
        ]
        ids = _insert_returning(self._connection, schema.UnitRow, schema.UnitRow.unit_id, rows)
        lexical.add(
            self._connection, [{"unit_id": unit_id, **row} for unit_id, row in zip(ids, rows, strict=True)]
        )
        return ids


def _insert_returning(
    connection: Connection, table: type[schema.Base], key: Any, rows: list[dict[str, Any]]
) -> list[int]:
    if not rows:
        return []
    return list(
        connection.execute(insert(table).returning(key, sort_by_parameter_order=True), rows).scalars()
    )


def remove_units(connection: Connection, unit_ids: list[int]) -> None:
    """Delete units, their entries in the word index and their vectors."""
    row = schema.UnitRow
    for start in range(0, len(unit_ids), _BATCH):
        these = row.unit_id.in_(unit_ids[start : start + _BATCH])
        entries = connection.execute(select(row.unit_id, row.channel, row.size, row.terms).where(these))
        lexical.remove(connection, [entry._asdict() for entry in entries])
        connection.execute(delete(row).where(these))
    if unit_ids:
        vectors.drop_empty_sets(connection)


def bump_generation(connection: Connection) -> None:
    """Tell caches, in this and other processes, that units or vectors have changed."""
    connection.execute(update(schema.LibraryState).values(generation=schema.LibraryState.generation + 1))
