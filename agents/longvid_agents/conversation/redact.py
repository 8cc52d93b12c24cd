"""Taking a removed video's words out of the conversations that cite it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from longvid_agents.conversation import checkpoints

if TYPE_CHECKING:
    from langgraph.checkpoint.sqlite import SqliteSaver


def drop_turns(saver: SqliteSaver, video_id: str) -> int:
    """Drop every turn that cites the video, in every session, and overwrite it in the file; returns how many."""
    dropped = 0
    for name in checkpoints.names(saver):
        found = saver.get_tuple(checkpoints.thread(name))  # type: ignore[arg-type]
        if found is None:
            continue
        values = found.checkpoint["channel_values"]
        turns: list[dict[str, Any]] = list(values.get("turns", []))
        kept = [turn for turn in turns if all(cited["video_id"] != video_id for cited in turn["cited"])]
        if len(kept) == len(turns):
            continue
        dropped += len(turns) - len(kept)
        values["turns"] = kept
        kind, stored = saver.serde.dumps_typed(found.checkpoint)
        with saver.cursor() as cursor:
            cursor.execute(
                "UPDATE checkpoints SET type = ?, checkpoint = ? WHERE thread_id = ? AND checkpoint_id = ?",
                (kind, stored, name, found.checkpoint["id"]),
            )
            cursor.execute("DELETE FROM writes WHERE thread_id = ?", (name,))
        checkpoints.prune(saver, name)
    if dropped:
        saver.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return dropped
