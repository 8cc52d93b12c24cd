"""What the videos of a view hold: what is said, shown and heard, the passages made of it, keyframes, and vectors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection as Names
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Select, Text, cast, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute

from longvid_storage.db import schema, speakers, vectors
from longvid_storage.db.dialects import each_id
from longvid_storage.db.rows import SpeakerRow, TranscriptInfo, passage_columns, passage_of
from longvid_storage.db.scope import (
    keyframe_conditions,
    passage_conditions,
    speaking,
    touching,
    video_conditions,
)
from longvid_storage.db.speakers import SpeakerNames
from longvid_storage.errors import NotFoundError
from longvid_storage.types import (
    LEVELS,
    Keyframe,
    Passage,
    Scope,
    ScreenText,
    Segment,
    Slide,
    Sound,
    Utterance,
    Word,
    speaker_key,
)

if TYPE_CHECKING:
    from longvid_storage.picture_store import PictureStore

_FEW = 50


class Home(Protocol):
    """What a view says of the library it reads; search keeps what it has read of one for as long as it is open."""

    @property
    def path(self) -> Path: ...

    @property
    def name(self) -> str: ...

    @property
    def read_only(self) -> bool: ...

    vector_server: Mapping[str, str]
    memory_mb: int | None
    pictures: PictureStore | None


class Contents:
    """The half of ``View`` that reads single videos; ``connection`` is in a transaction."""

    connection: Connection
    scope: Scope
    home: Home

    @cached_property
    def _names(self) -> SpeakerNames:
        return SpeakerNames(self.connection)

    @cached_property
    def _guessed(self) -> frozenset[int]:
        """Keys of videos whose transcript has no times of its own."""
        return frozenset(self.connection.execute(self._times_guessed()).scalars())

    def _times_guessed(self, *conditions: ColumnElement[bool]) -> Select[int]:
        stage = schema.Stage
        guessed = cast(stage.counters, Text).contains("times_guessed")
        return select(stage.video_key).where(stage.stage == "transcript", guessed, *conditions)

    # What a video holds

    def transcript(self, video_id: str) -> TranscriptInfo | None:
        """Where the utterances came from; None before the transcript stage."""
        table = schema.TranscriptRow
        query = select(table.source, table.language, table.speakers_by)
        row = self.connection.execute(query.where(table.video_key == self._key(video_id))).one_or_none()
        return None if row is None else TranscriptInfo(*row)

    def utterances(
        self, video_id: str, *, labels: bool = False, first: int = 0, limit: int | None = None
    ) -> list[Utterance]:
        """The scope's utterances of a video, in time order; words included.

        Their speakers are called as the user called them, or by the ``labels`` that the source has for them. ``first``,
        ``limit``: only so many from that one on, of a scope that has no speaker.
        """
        table = schema.UtteranceRow
        key = self._key(video_id)
        query = (
            select(table.start_s, table.end_s, table.text, table.speaker, table.language, table.words)
            .where(table.video_key == key, *touching(table.start_s, table.end_s, self.scope))
            .order_by(table.start_s, table.seq)
            .offset(first)
            .limit(limit)
        )
        wanted = speaker_key(self.scope.speaker)
        found = []
        for start_s, end_s, text, label, language, words in self.connection.execute(query):
            name = self._names.of(key, label)
            if wanted is None or speaker_key(name) == wanted:
                spoken = tuple(Word(*word) for word in words or ())
                found.append(Utterance(start_s, end_s, text, label if labels else name, language, spoken))
        return found

    def utterance_counts(self) -> Counter[tuple[str, str | None]]:
        """(id of a video, name of a speaker) → how many utterances of the scope they have there."""
        table = schema.UtteranceRow
        query = (
            select(table.video_key, schema.Video.video_id, table.speaker, func.count())
            .join(schema.Video)
            .where(*speaking(self.scope), *touching(table.start_s, table.end_s, self.scope))
            .group_by(table.video_key, schema.Video.video_id, table.speaker)
        )
        wanted = speaker_key(self.scope.speaker)
        counts: Counter[tuple[str, str | None]] = Counter()
        for key, video_id, label, count in self.connection.execute(query):
            name = self._names.of(key, label)
            if wanted is None or speaker_key(name) == wanted:
                counts[video_id, name] += count
        return counts

    def lines(self, video_id: str) -> Iterator[tuple[float, float, str | None, str]]:
        """(start in s, end in s, speaker, text) of every utterance, in time order: ``utterances`` at a lower cost."""
        table = schema.UtteranceRow
        key = self._key(video_id)
        wanted = speaker_key(self.scope.speaker)
        query = (
            select(table.start_s, table.end_s, table.speaker, table.text)
            .where(table.video_key == key, *touching(table.start_s, table.end_s, self.scope))
            .order_by(table.start_s, table.seq)
        )
        for start_s, end_s, label, text in self.connection.execute(query):
            name = self._names.of(key, label)
            if wanted is None or speaker_key(name) == wanted:
                yield start_s, end_s, name, text

    def slides(self, video_id: str) -> list[Slide]:
        """Slides in time order."""
        table = schema.SlideRow
        query = select(table.start_s, table.end_s, table.keyframe_s, table.title)
        return [Slide(*row) for row in self._timed(query, table, video_id)]

    def screen_texts(self, video_id: str) -> list[ScreenText]:
        """The scope's lines on screen as they were written: by time, and top to bottom."""
        t = schema.ScreenTextRow
        query = select(t.start_s, t.end_s, t.text, t.x0, t.y0, t.x1, t.y1, t.confidence)
        return [
            ScreenText(start_s, end_s, text, tuple(box), confidence)
            for start_s, end_s, text, *box, confidence in self._timed(query, t, video_id)
        ]

    def sounds(self, video_id: str) -> list[Sound]:
        """The scope's sounds other than speech, in time order."""
        table = schema.SoundRow
        query = select(table.start_s, table.end_s, table.label, table.score)
        query = query.where(func.coalesce(table.origin, "") != "covered")
        return [Sound(*row) for row in self._timed(query, table, video_id)]

    def told_and_heard(self, video_id: str) -> tuple[list[Sound], list[Sound]] | None:
        """The sounds that subtitles tell, and all that a model heard; None where they were mixed (before 0013)."""
        table = schema.SoundRow
        query = select(table.origin, table.start_s, table.end_s, table.label, table.score)
        rows = [(origin, Sound(*row)) for origin, *row in self._timed(query, table, video_id)]
        if any(origin is None for origin, _ in rows):
            return None
        told = [sound for origin, sound in rows if origin == "told"]
        return told, [sound for origin, sound in rows if origin != "told"]

    def _timed(self, query: Any, table: Any, video_id: str) -> Iterable[Any]:
        """Rows without a speaker: none, where the scope is one speaker's words."""
        if self.scope.speaker is not None:
            return []
        query = query.where(
            table.video_key == self._key(video_id), *touching(table.start_s, table.end_s, self.scope)
        )
        rows: Iterable[Any] = self.connection.execute(query.order_by(table.start_s, table.seq))
        return rows

    def segments(self, video_id: str, level: str | None = None) -> list[Segment]:
        """Segments of one level, or of all from video down to shot, in time order."""
        table = schema.SegmentRow
        columns = (table.level, table.start_s, table.end_s, table.title, table.summary, table.passages)
        query = select(*columns).where(table.video_key == self._key(video_id))
        if level is not None:
            query = query.where(table.level == level)
        rows: Iterable[Any] = self.connection.execute(query.order_by(table.start_s, table.seq))
        found = [
            Segment(level_, start_s, end_s, title, summary, tuple(ids or ()))
            for level_, start_s, end_s, title, summary, ids in rows
        ]
        return sorted(found, key=lambda segment: LEVELS.index(segment.level))

    def speakers(self) -> dict[str, int]:
        """Names of speakers in the scope's videos → how many passages each says, the busiest first."""
        row = schema.PassageRow
        among = replace(self.scope, from_s=None, to_s=None, speaker=None)
        query = (
            select(row.video_key, row.speaker, func.count())
            .where(row.speaker.is_not(None), *passage_conditions(among, ["speech"]))
            .group_by(row.video_key, row.speaker)
        )
        counts: Counter[str] = Counter()
        for key, label, count in self.connection.execute(query):
            counts[str(self._names.of(key, label))] += count
        return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0])))

    def speakers_of(self, video_id: str) -> list[SpeakerRow]:
        """Who speaks in a video and how much, the one who speaks longest first."""
        return speakers.speakers_of(self.connection, self._key(video_id))

    # Passages, keyframes and their vectors

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        """The scope's passages in the order of ``ids``; ids that are gone or outside are left out."""
        wanted = schema.PassageRow.passage_id.in_(each_id(ids))
        found = {passage.id: passage for passage in self._passages(wanted)}
        return [found[each] for each in ids if each in found]

    def passages_of(self, video_id: str, kinds: Names[str] | None = None) -> list[Passage]:
        """The scope's passages of a video, of these kinds, in time order."""
        conditions = [schema.PassageRow.video_key == self._key(video_id)]
        if kinds is not None:
            conditions.append(schema.PassageRow.kind.in_(sorted(kinds)))
        return self._passages(*conditions)

    def edge_of(self, video_id: str, kinds: Names[str], *, last: bool = False) -> Passage | None:
        """The scope's passage of a video, of these kinds, that begins first, or ends ``last``; None for none."""
        row = schema.PassageRow
        conditions = row.video_key == self._key(video_id), row.kind.in_(sorted(kinds))
        found = self._passages(*conditions, first=row.end_s.desc() if last else None, limit=1)
        return found[0] if found else None

    def passages_of_all(self, kinds: Names[str], *, places: int | None = None) -> list[Passage]:
        """The scope's passages of all its videos, of these kinds: of each video in time order.

        ``places``: those at the first so many places (spans) of each speaker in each video.
        """
        row = schema.PassageRow
        wanted = row.kind.in_(sorted(kinds))
        if places is None:
            return self._passages(wanted)
        place = func.dense_rank().over(
            partition_by=(row.video_key, row.speaker), order_by=(row.start_s, row.end_s)
        )
        ranked = select(row.passage_id, place.label("place")).where(wanted, *passage_conditions(self.scope))
        each = ranked.subquery().c
        return self._passages(row.passage_id.in_(select(each.passage_id).where(each.place <= places)))

    def _passages(
        self,
        *conditions: ColumnElement[bool],
        first: ColumnElement[Any] | None = None,
        limit: int | None = None,
    ) -> list[Passage]:
        row = schema.PassageRow
        in_time = row.start_s, row.end_s, row.passage_id
        query = (
            select(row.passage_id, row.video_key, schema.Video.video_id, *passage_columns())
            .join(schema.Video)
            .where(*conditions, *passage_conditions(self.scope))
            .order_by(row.video_key if first is None else first, *in_time)
        )
        rows = self.connection.execute(query.limit(limit)).all()
        keys = {key for _, key, *_ in rows}
        if len(keys) >= _FEW:
            its = self._guessed
        else:  # asked of all videos, indexing one more would cost the more, the more there are
            guessed = self._times_guessed(schema.Stage.video_key.in_(keys))
            its = frozenset(self.connection.execute(guessed).scalars())
        return [
            self.named(key, passage_of(each, video_id, fields), its) for each, key, video_id, *fields in rows
        ]

    def name_of(self, video_key: int, label: str | None) -> str | None:
        """What the user calls the speaker of that label in a video."""
        return self._names.of(video_key, label)

    def named(self, video_key: int, passage: Passage, among: Names[int] | None = None) -> Passage:
        """The passage with its speaker called as the user calls them, marked where its time is a guess.

        ``among``: the videos that have guessed times, if that is known.
        """
        name, p = self.name_of(video_key, passage.speaker), passage
        guessed = p.kind == "speech" and video_key in (self._guessed if among is None else among)
        if name == p.speaker and not guessed:
            return passage
        return Passage(
            p.id, p.video_id, p.kind, p.start_s, p.end_s, p.text, name, p.language, p.boxes, guessed
        )

    def vectors(self, ids: Sequence[int], model_fingerprint: str) -> dict[int, NDArray[np.float16]]:
        """Passage id → its vector of that model, shape ``(dimension,)``; passages without one are left out."""
        table, sets = schema.PassageVector, schema.VectorSet
        query = (
            select(table.owner_id, table.vector, sets.dimension)
            .join(sets, sets.set_key == table.set_key)
            .where(sets.model_fingerprint == model_fingerprint, table.owner_id.in_(each_id(ids)))
        )
        rows = self.connection.execute(query)
        return {owner: vectors.rows_of([blob], dimension)[0] for owner, blob, dimension in rows}

    def passages_without_vectors(self, video_id: str, model_fingerprint: str) -> list[Passage]:
        """Those of a video that have no vector of this model."""
        row = schema.PassageRow
        without = ~_has_vector(schema.PassageVector, row.passage_id, model_fingerprint)
        return self._passages(row.video_key == self._key(video_id), without)

    def keyframes(
        self, video_id: str, *, images: bool = False, without_vector_of: str | None = None
    ) -> list[tuple[int, Keyframe]]:
        """(id, keyframe) of the scope in time order; without ``images`` their ``image`` is empty and not read."""
        table = schema.KeyframeRow
        query = select(table.keyframe_id, *_keyframe_columns(images)).where(
            table.video_key == self._key(video_id), *keyframe_conditions(self.scope)
        )
        if without_vector_of is not None:
            query = query.where(~_has_vector(schema.KeyframeVector, table.keyframe_id, without_vector_of))
        rows = self.connection.execute(query.order_by(table.time_s, table.keyframe_id))
        found = [(keyframe_id, Keyframe(*fields)) for keyframe_id, *fields in rows]
        return self._with_pictures(found) if images else found

    def screen_states(self, video_id: str) -> list[Keyframe]:
        """What changed on screen within the spans of ``keyframes``, in time order, with pictures; whatever the scope's
        times.
        """
        table = schema.KeyframeRow
        query = select(table.keyframe_id, *_keyframe_columns(images=True)).where(
            table.video_key == self._key(video_id), table.kind == "state"
        )
        rows = self.connection.execute(query.order_by(table.time_s, table.keyframe_id))
        found = [(keyframe_id, Keyframe(*fields)) for keyframe_id, *fields in rows]
        return [frame for _, frame in self._with_pictures(found)]

    def keyframes_by_id(self, ids: Sequence[int], *, images: bool = False) -> list[tuple[int, str, Keyframe]]:
        """(id, video id, keyframe) of the scope in the order of ``ids``; ids that are gone are left out."""
        table = schema.KeyframeRow
        query = (
            select(table.keyframe_id, schema.Video.video_id, *_keyframe_columns(images))
            .join(schema.Video)
            .where(table.keyframe_id.in_(each_id(ids)), *keyframe_conditions(self.scope))
        )
        rows = self.connection.execute(query).all()
        frames = {each: Keyframe(*rest) for each, _, *rest in rows}
        if images:
            frames = dict(self._with_pictures(list(frames.items())))
        found = {each: (each, video_id, frames[each]) for each, video_id, *_ in rows}
        return [found[identity] for identity in ids if identity in found]

    def _with_pictures(self, frames: list[tuple[int, Keyframe]]) -> list[tuple[int, Keyframe]]:
        """With those that lie in an object store; ``frames`` are of the scope, and so are no other pictures read."""
        from longvid_storage.db import pictures

        kept = [(each, frame.image) for each, frame in frames]
        images = pictures.images(self.connection, self.home.pictures, kept)
        return [
            (each, replace(frame, image=image)) for (each, frame), image in zip(frames, images, strict=True)
        ]

    def vector_models(self) -> dict[str, list[str]]:
        """Model fingerprint → kinds it wrote vectors for, that the reader may see."""
        models: dict[str, list[str]] = {}
        for each in vectors.sets(self.connection, self.scope.rights):
            models.setdefault(each.model_fingerprint, []).append(each.kind)
        return {model: sorted(kinds) for model, kinds in sorted(models.items())}

    def videos_of_model(self, model_fingerprint: str) -> int:
        """How many of the scope's videos have vectors of that model."""
        sets = select(schema.VectorSet.set_key).where(schema.VectorSet.model_fingerprint == model_fingerprint)
        passage, frame = schema.PassageRow, schema.KeyframeRow
        of_passages = select(passage.video_key).join(schema.PassageVector).where(
            schema.PassageVector.set_key.in_(sets)
        )  # fmt: skip
        of_frames = select(frame.video_key).join(schema.KeyframeVector).where(
            schema.KeyframeVector.set_key.in_(sets)
        )  # fmt: skip
        both = of_passages.union(of_frames).subquery()
        query = select(func.count()).select_from(both).where(*self._admitting(both.c.video_key))
        return int(self.connection.execute(query).scalar_one())

    def _admitting(self, column: Any) -> list[ColumnElement[bool]]:
        return video_conditions(column, self.scope)

    def _find_key(self, video_id: str) -> int | None:
        query = select(schema.Video.video_key).where(schema.Video.video_id == video_id)
        return self.connection.execute(
            query.where(*self._admitting(schema.Video.video_key))
        ).scalar_one_or_none()

    def _key(self, video_id: str) -> int:
        key = self._find_key(video_id)
        if key is None:
            raise NotFoundError(f"the library has no video {video_id}: `longvid ls` lists those it has")
        return key


def _keyframe_columns(images: bool) -> tuple[Any, ...]:
    table = schema.KeyframeRow
    image = table.image if images else literal(b"").label("image")
    return (table.time_s, table.start_s, table.end_s, image, table.width, table.height, table.kind)


def _has_vector(
    table: type[schema.PassageVector] | type[schema.KeyframeVector],
    owner: InstrumentedAttribute[int],
    model_fingerprint: str,
) -> ColumnElement[bool]:
    sets = select(schema.VectorSet.set_key).where(schema.VectorSet.model_fingerprint == model_fingerprint)
    return select(table.vector_id).where(table.owner_id == owner, table.set_key.in_(sets)).exists()
