"""Conversations in the database: plain functions over a connection.

A session is a row of ``chats`` and each finished turn a row of ``turns``. Its ``turn_videos`` name every video whose
words are in the turn, so that removing a video removes the turn in the same transaction. What a scope and a turn
look like inside is the caller's: here they are plain data.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from longvid_storage.db.schema import ChatRow, TurnRow, TurnVideoRow, Video


@dataclass(frozen=True, slots=True)
class StoredChat:
    """A session: ``scope`` is what it may look at, ``turns`` its finished turns, oldest first; both plain data.

    ``used`` grows with every use of any session.
    """

    chat_key: int
    name: str
    scope: dict[str, Any]
    used: int
    turns: tuple[dict[str, Any], ...] = ()


def read(connection: Connection, owner: str, name: str | None = None) -> list[StoredChat]:
    """All sessions of an owner, the one used last first; with a ``name`` that one, or none."""
    chosen = [ChatRow.owner == owner] if name is None else [ChatRow.owner == owner, ChatRow.name == name]
    sessions = select(ChatRow.__table__).where(*chosen).order_by(ChatRow.used.desc())
    turns = select(TurnRow.chat_key, TurnRow.turn).join(ChatRow).where(*chosen)
    turns = turns.order_by(TurnRow.chat_key, TurnRow.seq)
    of: dict[int, list[dict[str, Any]]] = {}
    for row in connection.execute(turns):
        of.setdefault(row.chat_key, []).append(row.turn)
    return [
        StoredChat(row.chat_key, row.name, row.scope, row.used, tuple(of.get(row.chat_key, ())))
        for row in connection.execute(sessions)
    ]


def begin(connection: Connection, owner: str, name: str | None, scope: Mapping[str, Any]) -> StoredChat:
    """Enter a session; the owner has none of that ``name``, None gives the first free ``chat-1``, ``chat-2``, …"""
    if name is None:
        taken = set(connection.execute(select(ChatRow.name).where(ChatRow.owner == owner)).scalars())
        name = next(free for n in range(1, len(taken) + 2) if (free := f"chat-{n}") not in taken)
    used = _next_use(connection)
    values = {"owner": owner, "name": name, "scope": dict(scope), "used": used}
    new = insert(ChatRow).values(values).returning(ChatRow.chat_key)
    return StoredChat(int(connection.execute(new).scalar_one()), name, dict(scope), used)


def resume(connection: Connection, session: StoredChat) -> StoredChat:
    """Note that a session is used again."""
    used = _next_use(connection)
    connection.execute(update(ChatRow).where(ChatRow.chat_key == session.chat_key).values(used=used))
    return replace(session, used=used)


def append(
    connection: Connection,
    chat_key: int,
    scope: Mapping[str, Any],
    turn: Mapping[str, Any],
    video_ids: Collection[str],
) -> bool:
    """Keep a finished turn, which holds words of these videos, and the session's ``scope`` as it is now.

    False, and nothing is kept, when the session or one of the videos was removed while the question was answered.
    """
    keys = list(connection.execute(select(Video.video_key).where(Video.video_id.in_(video_ids))).scalars())
    used = {"scope": dict(scope), "used": _next_use(connection)}
    if len(keys) < len(set(video_ids)) or not (
        connection.execute(update(ChatRow).where(ChatRow.chat_key == chat_key).values(used)).rowcount
    ):
        return False
    last = select(func.coalesce(func.max(TurnRow.seq), -1)).where(TurnRow.chat_key == chat_key)
    values = {"chat_key": chat_key, "seq": connection.execute(last).scalar_one() + 1, "turn": dict(turn)}
    turn_key = connection.execute(insert(TurnRow).values(values).returning(TurnRow.turn_key)).scalar_one()
    if keys:
        connection.execute(insert(TurnVideoRow), [{"turn_key": turn_key, "video_key": key} for key in keys])
    return True


def delete_chat(connection: Connection, owner: str, name: str) -> bool:
    """Delete a session and its turns; False when its owner has none of that name."""
    its = (ChatRow.owner == owner, ChatRow.name == name)
    return connection.execute(delete(ChatRow).where(*its)).rowcount > 0


def rename_chat(connection: Connection, owner: str, name: str, new: str) -> bool:
    """Call a session ``new``, which none of its owner's is called; False when they have none of that ``name``."""
    its = (ChatRow.owner == owner, ChatRow.name == name)
    return connection.execute(update(ChatRow).where(*its).values(name=new)).rowcount > 0


def drop_if_unused(connection: Connection, session: StoredChat) -> None:
    """Delete a session in which nothing was asked, unless somebody else has opened it meanwhile."""
    turns = select(TurnRow.turn_key).where(TurnRow.chat_key == session.chat_key)
    ours = (ChatRow.chat_key == session.chat_key, ChatRow.used == session.used)
    connection.execute(delete(ChatRow).where(*ours, ~turns.exists()))


def forget_video(connection: Connection, video_key: int) -> None:
    """Delete every turn, in every session, that holds words of this video."""
    its = select(TurnVideoRow.turn_key).where(TurnVideoRow.video_key == video_key)
    connection.execute(delete(TurnRow).where(TurnRow.turn_key.in_(its)))


def _next_use(connection: Connection) -> int:
    return int(connection.execute(select(func.coalesce(func.max(ChatRow.used), 0) + 1)).scalar_one())
