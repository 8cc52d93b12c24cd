"""What a server has to do, in the database: jobs, uploads and what webhooks are still to be told.

Plain functions over a connection. What a job asks for, how far it is and what came of it are the caller's: here they
are plain data. Nothing here names a video, so that removing one leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, delete, func, insert, select, update

from longvid_storage.db.schema import DeliveryRow, JobRow, UploadRow, WebhookRow

JobState = Literal["queued", "running", "done", "failed", "cancelled"]
UNFINISHED: tuple[JobState, ...] = ("queued", "running")
_MOST_DUE = 20


@dataclass(frozen=True, slots=True)
class StoredJob:
    """Work that ``owner`` asked for: ``asked`` is what, ``progress`` how far it is and what came of it."""

    job_id: str
    owner: str
    state: JobState
    asked: dict[str, Any]
    progress: dict[str, Any]
    created_s: float
    ended_s: float | None


@dataclass(frozen=True, slots=True)
class StoredUpload:
    """A file of ``length`` bytes that ``owner`` sends; ``path`` is where it lies once it is whole and checked."""

    upload_id: str
    owner: str
    name: str
    length: int
    path: str | None
    created_s: float


@dataclass(frozen=True, slots=True)
class StoredWebhook:
    """An address that is told what becomes of the jobs of ``owner``; ``secret`` signs what it is told."""

    hook_id: str
    owner: str
    url: str
    secret: str
    created_s: float


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event that one webhook has not taken yet."""

    key: int
    hook: StoredWebhook
    event_id: str
    body: str
    attempts: int


# Jobs


def add_job(
    connection: Connection, job_id: str, owner: str, request: str, asked: Mapping[str, Any], now_s: float
) -> StoredJob:
    """Enter a job; where the same ``request`` of the same owner is not finished yet, that one."""
    same = (JobRow.owner == owner, JobRow.request == request, JobRow.state.in_(UNFINISHED))
    if found := _jobs(connection, *same):
        return found[0]
    values = {"job_id": job_id, "owner": owner, "request": request, "state": "queued", "asked": dict(asked)}
    connection.execute(insert(JobRow).values(**values, progress={}, created_s=now_s))
    return _jobs(connection, JobRow.job_id == job_id)[0]


def jobs(
    connection: Connection, owner: str | None, before: str | None = None, limit: int = 100
) -> list[StoredJob]:
    """Jobs of an owner (None: of all), the newest first; ``before``: only those older than that one."""
    conditions = [] if owner is None else [JobRow.owner == owner]
    if before is not None:
        key = select(JobRow.job_key).where(JobRow.job_id == before).scalar_subquery()
        conditions.append(JobRow.job_key < key)
    return _jobs(connection, *conditions, limit=limit)


def job(connection: Connection, job_id: str) -> StoredJob | None:
    """One job; None where there is none of that id."""
    return next(iter(_jobs(connection, JobRow.job_id == job_id)), None)


def ids_of(connection: Connection, state: JobState) -> list[str]:
    """The jobs in a state, the oldest first."""
    found = select(JobRow.job_id).where(JobRow.state == state).order_by(JobRow.job_key)
    return list(connection.execute(found).scalars())


def set_job(connection: Connection, job_id: str, among: Sequence[JobState], **values: Any) -> bool:
    """Change a job, if it is in one of these states; whether it was."""
    changed = update(JobRow).where(JobRow.job_id == job_id, JobRow.state.in_(among)).values(**values)
    return connection.execute(changed).rowcount > 0


def forget_jobs(connection: Connection, before_s: float) -> None:
    """Delete jobs that ended before then."""
    connection.execute(delete(JobRow).where(JobRow.ended_s < before_s))


def _jobs(connection: Connection, *conditions: Any, limit: int | None = None) -> list[StoredJob]:
    t = JobRow
    query = select(t.job_id, t.owner, t.state, t.asked, t.progress, t.created_s, t.ended_s)
    rows = connection.execute(query.where(*conditions).order_by(t.job_key.desc()).limit(limit))
    return [StoredJob(*row) for row in rows]


# Uploads


def add_upload(connection: Connection, upload: StoredUpload, *, quota: int) -> int | None:
    """Enter an upload; None, or the bytes that its owner has left where it does not fit into the ``quota``."""
    held = select(func.coalesce(func.sum(UploadRow.length), 0)).where(UploadRow.owner == upload.owner)
    left = quota - int(connection.execute(held).scalar_one())
    if upload.length > left:
        return max(0, left)
    values = {name: getattr(upload, name) for name in StoredUpload.__slots__}
    connection.execute(insert(UploadRow).values(**values))
    return None


def upload(connection: Connection, upload_id: str) -> StoredUpload | None:
    """One upload; None where there is none of that id."""
    return next(iter(_uploads(connection, UploadRow.upload_id == upload_id)), None)


def finish_upload(connection: Connection, upload_id: str, path: str) -> None:
    """Note where an upload lies that is whole and checked."""
    connection.execute(update(UploadRow).where(UploadRow.upload_id == upload_id).values(path=path))


def delete_upload(connection: Connection, upload_id: str) -> None:
    """Forget an upload."""
    connection.execute(delete(UploadRow).where(UploadRow.upload_id == upload_id))


def expired_uploads(connection: Connection, before_s: float) -> list[StoredUpload]:
    """Those begun before then that are not whole."""
    return _uploads(connection, UploadRow.created_s < before_s, UploadRow.path.is_(None))


def _uploads(connection: Connection, *conditions: Any) -> list[StoredUpload]:
    columns = [getattr(UploadRow, name) for name in StoredUpload.__slots__]
    return [StoredUpload(*row) for row in connection.execute(select(*columns).where(*conditions))]


# Webhooks


def add_webhook(connection: Connection, hook: StoredWebhook) -> None:
    """Enter a webhook."""
    connection.execute(
        insert(WebhookRow).values(**{name: getattr(hook, name) for name in StoredWebhook.__slots__})
    )


def webhooks(connection: Connection, owner: str) -> list[StoredWebhook]:
    """The webhooks of an owner, the oldest first."""
    query = select(*_hook_columns()).where(WebhookRow.owner == owner).order_by(WebhookRow.hook_key)
    return [StoredWebhook(*row) for row in connection.execute(query)]


def delete_webhook(connection: Connection, owner: str, hook_id: str) -> bool:
    """Delete a webhook with what it was still to be told; False when the owner has none of that id."""
    its = (WebhookRow.owner == owner, WebhookRow.hook_id == hook_id)
    return connection.execute(delete(WebhookRow).where(*its)).rowcount > 0


def add_event(connection: Connection, owner: str, event_id: str, body: str, now_s: float) -> int:
    """Keep an event for every webhook of an owner until each has taken it; how many there are."""
    keys = list(connection.execute(select(WebhookRow.hook_key).where(WebhookRow.owner == owner)).scalars())
    for key in keys:
        values = {"hook_key": key, "event_id": event_id, "body": body, "attempts": 0, "next_s": now_s}
        connection.execute(insert(DeliveryRow).values(**values))
    return len(keys)


def due(connection: Connection, now_s: float) -> list[Delivery]:
    """At most ``_MOST_DUE`` events that should be told by now, those that wait longest first."""
    query = (
        select(
            DeliveryRow.delivery_key,
            DeliveryRow.event_id,
            DeliveryRow.body,
            DeliveryRow.attempts,
            *_hook_columns(),
        )
        .join(WebhookRow)
        .where(DeliveryRow.next_s <= now_s)
        .order_by(DeliveryRow.next_s, DeliveryRow.delivery_key)
        .limit(_MOST_DUE)
    )
    return [
        Delivery(key, StoredWebhook(*hook), event_id, body, attempts)
        for key, event_id, body, attempts, *hook in connection.execute(query)
    ]


def delivered(connection: Connection, key: int) -> None:
    """Forget an event that its webhook has taken."""
    connection.execute(delete(DeliveryRow).where(DeliveryRow.delivery_key == key))


def retry(connection: Connection, key: int, next_s: float) -> None:
    """Note that an event was not taken, and is to be told again then."""
    changed = update(DeliveryRow).where(DeliveryRow.delivery_key == key)
    connection.execute(changed.values(attempts=DeliveryRow.attempts + 1, next_s=next_s))


def _hook_columns() -> list[Any]:
    return [getattr(WebhookRow, name) for name in StoredWebhook.__slots__]
