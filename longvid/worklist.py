"""What a server has to do for a library: jobs, uploads and webhooks, kept so that nothing is lost when it ends."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from longvid_storage.db import work
from longvid_storage.db.work import Delivery, JobState, StoredJob, StoredUpload, StoredWebhook
from longvid_storage.errors import AccessError, NotFoundError

if TYPE_CHECKING:
    from longvid_storage.db.store import Store

KEPT_S = 30 * 86_400.0
"""How long a job that ended can still be asked for."""


class Worklist:
    """The work of one library. An owner sees their own alone; what others have is as if it were not there."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # Jobs

    def ask(self, owner: str, asked: Mapping[str, Any]) -> StoredJob:
        """A job for what is ``asked``; the same of the same owner, while it is not finished, is that one."""
        request = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
        now_s = time.time()
        with self._store.conversing() as connection:
            work.forget_jobs(connection, now_s - KEPT_S)
            return work.add_job(connection, _new_id("job"), owner, request, asked, now_s)

    def jobs(self, owner: str, before: str | None = None, limit: int = 50) -> list[StoredJob]:
        """The jobs of an owner, the newest first, from behind the one called ``before`` on."""
        with self._store.view() as view:
            return work.jobs(view.connection, owner, before, limit)

    def job(self, owner: str | None, job_id: str) -> StoredJob:
        """One job; ``owner`` None: whoever asked for it.

        Raises:
            NotFoundError: the owner has none of that id.
        """
        with self._store.view() as view:
            found = work.job(view.connection, job_id)
        if found is None or owner not in (None, found.owner):
            raise NotFoundError(f"there is no job {job_id!r}: GET /v1/jobs lists yours")
        return found

    @contextmanager
    def next_job(self) -> Iterator[StoredJob | None]:
        """The job that waits longest, which runs from now on and is this process's while the block lasts."""
        with self._store.view() as view:
            waiting = work.ids_of(view.connection, "queued")
        for job_id in waiting:
            with self._store.claim(job_id) as ours:
                if ours and self._change(job_id, ("queued",), state="running"):
                    yield self.job(None, job_id)
                    return
        yield None

    def note(self, job_id: str, progress: Mapping[str, Any]) -> bool:
        """Keep how far a running job is; False: it runs no more, somebody cancelled it."""
        return self._change(job_id, ("running",), progress=dict(progress))

    def _change(self, job_id: str, among: Sequence[JobState], **values: Any) -> bool:
        with self._store.conversing() as connection:
            return work.set_job(connection, job_id, among, **values)

    def end(
        self, job: StoredJob, state: JobState, progress: Mapping[str, Any], told: Mapping[str, Any]
    ) -> bool:
        """A job has come to its end; its owner's webhooks are told, in the same transaction. False: it had before."""
        now_s = time.time()
        with self._store.conversing() as connection:
            values = {"state": state, "progress": dict(progress), "ended_s": now_s}
            ended = work.set_job(connection, job.job_id, work.UNFINISHED, **values)
            if ended:
                event = {"type": f"job.{state}", "timestamp": round(now_s, 3), "data": dict(told)}
                work.add_event(connection, job.owner, _new_id("evt"), json.dumps(event), now_s)
            return ended

    def working_off(self) -> AbstractContextManager[bool]:
        """Do jobs during the block; False where another process alone may."""
        return self._store.working_off()

    def take_up(self) -> None:
        """What was running in a process that ended waits again; what another one runs is left to it.

        Of a library in a directory, within ``working_off`` alone: then nobody else runs any.
        """
        with self._store.view() as view:
            running = work.ids_of(view.connection, "running")
        for job_id in running:
            with self._store.claim(job_id) as ours:
                if ours:
                    self.put_back(job_id)

    @property
    def shared(self) -> bool:
        """Whether other processes may do jobs of it too, which are told from those that ended."""
        return self._store.shared

    def put_back(self, job_id: str) -> None:
        """A running job waits again, for the next start."""
        self._change(job_id, ("running",), state="queued")

    # Uploads

    def begin_upload(self, owner: str, name: str, length: int, quota: int) -> StoredUpload:
        """Enter an upload.

        Raises:
            AccessError: it does not fit into what the owner may still store (code ``"too_large"``).
        """
        upload = StoredUpload(_new_id("up"), owner, name, length, None, time.time())
        with self._store.conversing() as connection:
            left = work.add_upload(connection, upload, quota=quota)
        if left is not None:
            raise AccessError(
                f"{name} has {length} bytes and your uploads have room for {left}: delete some of them first",
                code="too_large",
            )
        return upload

    def upload(self, owner: str, upload_id: str) -> StoredUpload:
        """One upload.

        Raises:
            NotFoundError: the owner has none of that id.
        """
        with self._store.view() as view:
            found = work.upload(view.connection, upload_id)
        if found is None or found.owner != owner:
            raise NotFoundError(
                f"there is no upload {upload_id!r}: it was ended, has expired, or is not yours"
            )
        return found

    def finish_upload(self, upload_id: str, path: str) -> None:
        """An upload is whole and checked, and lies there."""
        with self._store.conversing() as connection:
            work.finish_upload(connection, upload_id, path)

    def forget_upload(self, upload_id: str) -> None:
        """An upload is no more."""
        with self._store.conversing() as connection:
            work.delete_upload(connection, upload_id)

    def expired_uploads(self, older_s: float) -> list[StoredUpload]:
        """Unfinished uploads that were begun longer ago than that."""
        with self._store.view() as view:
            return work.expired_uploads(view.connection, time.time() - older_s)

    # Webhooks

    def add_webhook(self, owner: str, url: str) -> StoredWebhook:
        """Enter a webhook, with a secret of its own."""
        hook = StoredWebhook(_new_id("hook"), owner, url, secrets.token_hex(32), time.time())
        with self._store.conversing() as connection:
            work.add_webhook(connection, hook)
        return hook

    def webhooks(self, owner: str) -> list[StoredWebhook]:
        """The webhooks of an owner, the oldest first."""
        with self._store.view() as view:
            return work.webhooks(view.connection, owner)

    def remove_webhook(self, owner: str, hook_id: str) -> None:
        """Delete a webhook, with what it was still to be told.

        Raises:
            NotFoundError: the owner has none of that id.
        """
        with self._store.conversing(erase=True) as connection:
            there = work.delete_webhook(connection, owner, hook_id)
        if not there:
            raise NotFoundError(f"there is no webhook {hook_id!r}: GET /v1/webhooks lists yours")

    def due(self) -> list[Delivery]:
        """What should be told by now."""
        with self._store.view() as view:
            return work.due(view.connection, time.time())

    def delivered(self, delivery: Delivery) -> None:
        """It was taken."""
        with self._store.conversing() as connection:
            work.delivered(connection, delivery.key)

    def retry(self, delivery: Delivery, in_s: float) -> None:
        """It was not taken: tell it again then."""
        with self._store.conversing() as connection:
            work.retry(connection, delivery.key, time.time() + in_s)


def _new_id(kind: str) -> str:
    return f"{kind}_{secrets.token_urlsafe(18)}"
