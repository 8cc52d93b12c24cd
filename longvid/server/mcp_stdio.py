"""The tools over stdin and stdout: for one agent, which started this process and owns it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import anyio

from longvid.server.caller import LOCAL
from longvid.server.jobs import HowFar, JobEnds, carry_out, job_facts
from longvid.server.mcp import McpCaller, make_server
from longvid_storage.db.work import UNFINISHED, StoredJob
from longvid_storage.errors import NotFoundError

if TYPE_CHECKING:
    from longvid.library import Library
    from longvid_indexer.report import IndexEvent


def serve_stdio(library: Library, base: str, *, index: bool) -> None:
    """Answer on stdin and stdout until stdin ends; ``index``: files may be read into the library.

    What is being read then ends at its next step; what was read is kept.
    """
    from mcp.server.stdio import stdio_server

    jobs = StdioJobs(library)
    caller = McpCaller(LOCAL, library, base, jobs.index if index else None, cancel=jobs.cancel)
    server = make_server(lambda ctx: caller)

    async def serve() -> None:
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    try:
        anyio.run(serve)
    finally:
        jobs.end()


class StdioJobs:
    """Files that the agent has read into the library, one job after the other, beside its questions.

    They are nobody else's, and no server of the same library, whose roots are others, does them: they live as long as
    this process.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._jobs: dict[str, tuple[StoredJob, HowFar]] = {}
        self._cancelled: set[str] = set()
        self._ending = False
        self._thread = ThreadPoolExecutor(1, "longvid-jobs")

    def index(self, paths: Sequence[str], collection: str | None, job_id: str | None) -> dict[str, Any]:
        """Begin a job, or tell of one. Raises ``NotFoundError``: there is none of that id."""
        if job_id is None:
            asked = {"paths": list(paths), "collection": collection, "names": list(paths)}
            job_id = uuid.uuid4().hex
            job = StoredJob(job_id, "", "queued", asked, {}, time.time(), None)
            self._jobs[job_id] = job, HowFar()
            self._thread.submit(self._do, job_id)
        job, progress = self._known(job_id)
        return job_facts(job, progress.told, cancelling=job_id in self._cancelled)

    def cancel(self, job_id: str) -> None:
        """End a job at its next step. Raises ``NotFoundError``: there is none of that id."""
        job, _ = self._known(job_id)
        if job.state in UNFINISHED:
            self._cancelled.add(job_id)

    def end(self) -> None:
        """Cancel what is not done, and wait until it has ended."""
        self._ending = True
        self._thread.shutdown()

    def _known(self, job_id: str) -> tuple[StoredJob, HowFar]:
        if job_id not in self._jobs:
            raise NotFoundError(f"there is no job {job_id!r}: index gives the id of each that it begins")
        return self._jobs[job_id]

    def _do(self, job_id: str) -> None:
        job, progress = self._jobs[job_id]

        def begun() -> None:
            if self._ending or job_id in self._cancelled:
                raise JobEnds

        def heard(event: IndexEvent) -> None:
            begun()
            progress(event)

        self._jobs[job_id] = replace(job, state="running"), progress
        state = carry_out(self._library, job, progress, begun, heard)
        self._jobs[job_id] = replace(job, state=state, ended_s=time.time()), progress
