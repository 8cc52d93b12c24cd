"""Who speaks in a video, and what the user calls them: plain functions over a connection.

Utterances and passages keep the *label* of their speaker, as the source gave it ("Speaker 1", "MAYA"); the name that a
user gave to a label lies in a table of its own and is put in its place by whatever reads. So a name survives every
new transcript in which its label occurs, and giving it is undone by renaming back. ``passages.speaker_key``, which
filters compare, is always the key of the name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from longvid_storage.db import schema
from longvid_storage.db.rows import SpeakerRow
from longvid_storage.errors import NotFoundError, UsageError
from longvid_storage.types import covered_s, speaker_key

LONGEST_NAME = 200
_LISTED = 8


class SpeakerNames:
    """The names that users gave to speakers, of one video or of all."""

    def __init__(self, connection: Connection, key: int | None = None) -> None:
        table = schema.SpeakerNameRow
        query = select(table.video_key, table.label_key, table.name)
        if key is not None:
            query = query.where(table.video_key == key)
        self._names = {(video, label): name for video, label, name in connection.execute(query)}

    def of(self, key: int, label: str | None) -> str | None:
        """What the user calls the speaker of that label; the label when nothing else is known."""
        if label is None or not self._names:
            return label
        return self._names.get((key, speaker_key(label) or ""), label)


def rename(connection: Connection, key: int, old: str, new: str) -> None:
    """Call the speaker ``old`` of a video ``new`` from now on; a name that another speaker has makes them one.

    ``old`` is a name as it is now, else a label as the source gave it. Renaming to its own label undoes it.

    Raises:
        NotFoundError: nobody of that name speaks in the video.
        UsageError: ``new`` is empty, longer than ``LONGEST_NAME``, or holds a line break or control character.
    """
    name = " ".join(new.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise UsageError(
            f"a speaker cannot be called {new[:60]!r}: a name is 1 to {LONGEST_NAME} printable characters"
        )
    labels, wanted = _labels(connection, key), speaker_key(old)
    names = SpeakerNames(connection, key)
    found = [label for label in labels if speaker_key(names.of(key, label)) == wanted]
    found = found or [label for label in labels if speaker_key(label) == wanted]
    if not found:
        current = list(dict.fromkeys(str(names.of(key, label)) for label in labels))
        there = ", ".join(current[:_LISTED]) + (" …" if len(current) > _LISTED else "")
        raise NotFoundError(
            f"nobody called {old!r} speaks in this video: "
            + (f"there are {there}" if current else "its transcript names no speakers"),
            code="no_speaker",
        )
    table = schema.SpeakerNameRow
    for label_key in {speaker_key(label) or "" for label in found}:
        here = (table.video_key == key, table.label_key == label_key)
        connection.execute(delete(table).where(*here))
        if name not in found or label_key != speaker_key(name):
            connection.execute(insert(table).values(video_key=key, label_key=label_key, name=name))
    row = schema.PassageRow
    connection.execute(
        update(row).where(row.video_key == key, row.speaker.in_(found)).values(speaker_key=speaker_key(name))
    )


def _labels(connection: Connection, key: int) -> list[str]:
    """The labels of a video's speakers, in order of first appearance."""
    table = schema.UtteranceRow
    query = select(table.speaker).where(table.video_key == key, table.speaker.is_not(None))
    found = connection.execute(query.order_by(table.start_s, table.seq)).scalars()
    return list(dict.fromkeys(str(label) for label in found))


def speakers_of(connection: Connection, key: int) -> list[SpeakerRow]:
    """Who speaks in a video, the one who speaks longest first; time spoken twice at once counts once."""
    table = schema.UtteranceRow
    query = select(table.speaker, table.start_s, table.end_s).where(
        table.video_key == key, table.speaker.is_not(None)
    )
    names = SpeakerNames(connection, key)
    spans: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    labels: defaultdict[str, list[str]] = defaultdict(list)
    shown: dict[str, str] = {}
    rows: Iterable[Any] = connection.execute(query.order_by(table.start_s, table.seq))
    for label, start_s, end_s in rows:
        name = str(names.of(key, label))
        same = speaker_key(name) or ""
        shown.setdefault(same, name)
        spans[same].append((start_s, end_s))
        if label not in labels[same]:
            labels[same].append(label)
    found = [
        SpeakerRow(shown[same], tuple(labels[same]), len(own), covered_s(own), own[0][0])
        for same, own in spans.items()
    ]
    return sorted(found, key=lambda row: (-row.talk_s, row.first_s, row.name))
