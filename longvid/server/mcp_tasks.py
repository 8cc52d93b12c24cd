"""A job as a task: the extension ``io.modelcontextprotocol/tasks`` of protocol 2026-07-28 (SEP-2663).

The ``mcp`` package carries its messages and has no runtime for it; the server's worklist is one already: jobs are kept,
go on after a restart, and belong to who asked. Who declares the extension with a call gets a task instead of a job.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import mcp_types as wire
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext
    from mcp.server.lowlevel.server import Server

TASKS = "io.modelcontextprotocol/tasks"
_LOOK_EACH_MS = 2000
_ENDED = {"done": "completed", "failed": "completed", "cancelled": "cancelled"}

Told = Callable[["ServerRequestContext[Any, Any]", str], Awaitable[wire.CallToolResult]]
"""What the tool tells of the job of an id, to who sends a request; an error where they have none."""
Cancel = Callable[["ServerRequestContext[Any, Any]", str], Awaitable[None]]


class JobParams(wire.RequestParams):
    """Which task is meant."""

    task_id: str


class MadeTask(wire.Result):
    """What a call gives that goes on as a task; ``status`` and times as the extension names them."""

    result_type: Literal["task"] = "task"
    task_id: str
    status: str
    status_message: str | None = None
    created_at: str
    last_updated_at: str
    ttl_ms: int | None = None
    poll_interval_ms: int = _LOOK_EACH_MS


def declared(ctx: ServerRequestContext[Any, Any]) -> bool:
    """Whether who sends a request takes tasks; older protocols cannot carry them."""
    capabilities = ctx.session.client_capabilities
    extensions = (capabilities.extensions if capabilities else None) or {}
    return ctx.protocol_version in MODERN_PROTOCOL_VERSIONS and TASKS in extensions


def begun(told: wire.CallToolResult) -> MadeTask | None:
    """The task that a call began; None where it gave a job that has ended, or none."""
    job = (told.structured_content or {}).get("job")
    if told.is_error or not job or job["state"] in _ENDED:
        return None
    return MadeTask(**_facts(job))


def install(server: Server[Any], told: Told, cancel: Cancel) -> None:
    """Answer ``tasks/get``, ``tasks/update`` (nothing is ever asked back) and ``tasks/cancel``."""

    async def known(ctx: ServerRequestContext[Any, Any], params: JobParams) -> wire.CallToolResult:
        if not declared(ctx):
            needed: dict[str, Any] = {"requiredCapabilities": {"extensions": {TASKS: {}}}}
            raise MCPError(wire.MISSING_REQUIRED_CLIENT_CAPABILITY, f"declare the extension {TASKS}", needed)
        found = await told(ctx, params.task_id)
        if found.is_error:
            raise MCPError(wire.INVALID_PARAMS, f"there is no task {params.task_id!r}")
        return found

    async def get(ctx: ServerRequestContext[Any, Any], params: JobParams) -> dict[str, Any]:
        found = await known(ctx, params)
        job = (found.structured_content or {})["job"]
        task = MadeTask(**_facts(job)).model_dump(by_alias=True, mode="json", exclude={"result_type", "meta"})
        if task["status"] == "completed":
            ended = found.model_copy(update={"is_error": job["state"] == "failed"})
            task["result"] = ended.model_dump(by_alias=True, mode="json", exclude_none=True)
        return task

    async def update(ctx: ServerRequestContext[Any, Any], params: JobParams) -> dict[str, Any]:
        await known(ctx, params)
        return {}

    async def stop(ctx: ServerRequestContext[Any, Any], params: JobParams) -> dict[str, Any]:
        await known(ctx, params)
        await cancel(ctx, params.task_id)
        return {}

    server.extensions[TASKS] = {}
    for method, handler in (("tasks/get", get), ("tasks/update", update), ("tasks/cancel", stop)):
        server.add_request_handler(method, JobParams, handler)


def _facts(job: Mapping[str, Any]) -> dict[str, Any]:
    stage, title = job.get("stage"), job.get("title")
    return {
        "task_id": job["id"],
        "status": _ENDED.get(job["state"], "working"),
        "status_message": f"{stage}: {title}" if title else stage or job["state"],
        "created_at": _iso(job["created_s"]),
        "last_updated_at": _iso(job["ended_s"] or time.time()),
    }


def _iso(at_s: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_s))
