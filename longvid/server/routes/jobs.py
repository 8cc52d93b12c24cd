"""Indexing, as jobs that go on by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from longvid import jsonform
from longvid.server.answers import JobTold, ListPage, gives
from longvid.server.forms import Name
from longvid.server.identity import IndexerDep
from longvid.server.jobs import Jobs
from longvid.server.replies import CursorQuery, LimitQuery, told
from longvid_storage.db.work import UNFINISHED

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])
_LOOK_EACH_S = 0.25
_ALIVE_EACH_S = 15.0


class JobForm(BaseModel):
    """What to index."""

    model_config = ConfigDict(extra="forbid")

    paths: Annotated[list[Annotated[str, Field(max_length=4096)]], Field(max_length=1000)] = Field(
        default_factory=list, description="Files and folders below the roots that the server may index."
    )
    uploads: Annotated[list[Name], Field(max_length=1000)] = Field(
        default_factory=list, description="Ids of uploads that are whole."
    )
    collection: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")] | None = (
        None
    )


def _jobs(request: Request) -> Jobs:
    jobs: Jobs = request.app.state.workshop.jobs
    return jobs


@router.post("", status_code=202, responses=gives(JobTold, 202))
def create_job(request: Request, who: IndexerDep, form: JobForm) -> Response:
    """Index files and folders, or uploads; the same asked again while it is not finished is the same job."""
    job = _jobs(request).ask(who, form.paths, form.uploads, form.collection)
    return told(_jobs(request).told(job), 202, {"Location": f"/v1/jobs/{job.job_id}"})


@router.get("", responses=gives(ListPage[JobTold]))
def list_jobs(
    request: Request, who: IndexerDep, cursor: CursorQuery = None, limit: LimitQuery = 50
) -> Response:
    """Your jobs, the newest first."""
    found = request.app.state.library.work.jobs(who.key_id, cursor, limit + 1)
    items = [_jobs(request).told(job) for job in found[:limit]]
    return told({"items": items, "next": items[-1]["id"] if len(found) > limit else None})


@router.get("/{job_id}", responses=gives(JobTold))
def get_job(request: Request, who: IndexerDep, job_id: str) -> Response:
    """A job: its state, stage, fraction, speed (seconds of video a second), notes, and what came of each file."""
    return told(_jobs(request).told(request.app.state.library.work.job(who.key_id, job_id)))


@router.delete("/{job_id}", status_code=202, responses=gives(JobTold, 202))
def cancel_job(request: Request, who: IndexerDep, job_id: str) -> Response:
    """Cancel a job; one that runs ends within a second or so, and the stages that are stored by then stay."""
    return told(_jobs(request).told(_jobs(request).cancel(who, job_id)), 202)


@router.get("/{job_id}/events", response_class=Response)
async def stream_job(request: Request, who: IndexerDep, job_id: str) -> Response:
    """Server-sent events: `progress` whenever something has changed, `end` when the job has ended."""
    work = request.app.state.library.work
    await to_thread.run_sync(work.job, who.key_id, job_id)

    async def events() -> AsyncIterator[str]:
        last, silent_s = "", 0.0
        while True:
            job = await to_thread.run_sync(work.job, who.key_id, job_id)
            now = jsonform.dumps(_jobs(request).told(job))
            if job.state not in UNFINISHED:
                yield f"event: end\ndata: {now}\n\n"
                return
            if now != last or silent_s >= _ALIVE_EACH_S:
                yield f"event: progress\ndata: {now}\n\n" if now != last else ": alive\n\n"
                last, silent_s = now, 0.0
            await asyncio.sleep(_LOOK_EACH_S)
            silent_s += _LOOK_EACH_S

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events(), headers=headers, media_type="text/event-stream")
