"""A question while it is answered: on a thread of its own, told event by event, stopped when nobody listens."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio
from fastapi.responses import Response, StreamingResponse

from longvid import jsonform
from longvid.server.problems import LOG, of_error, problem
from longvid.server.replies import told
from longvid_storage.errors import LongvidError
from longvid_storage.process import processors
from longvid_storage.types import Answer, Claim

if TYPE_CHECKING:
    from fastapi import Request

    from longvid_agents.run import AskEvent

Listener = Callable[["AskEvent"], None]
Work = Callable[[Listener], Answer]
Event = tuple[str, object]


class _NobodyListens(Exception):  # noqa: N818 - it ends a question, and is no error
    """Raised inside the question, at its next step, once its client has gone."""


class InTurn:
    """Computes short answers, as many at once as there are processors; the others wait, first come first served.

    Threads that compute take the interpreter from each other: of 32 clients that searched 25 calls on two cores, each
    waited 2.3 s at the median with all threads at work, 1.1 to 1.2 s with two (``benchmarks/serve.py``).
    """

    def __init__(self, at_once: int | None = None) -> None:
        self.limiter = anyio.CapacityLimiter(at_once or processors())

    async def reply(self, request: Request, work: Callable[[], Response]) -> Response:
        """What ``work`` makes on a thread, unless its client went away while it waited."""
        waits = self.limiter.available_tokens < 1
        async with self.limiter:
            if waits and await request.is_disconnected():
                return Response(status_code=499)
            return await anyio.to_thread.run_sync(work)


class Asking:
    """Runs questions of a server, so many at once; the others wait."""

    def __init__(self, at_once: int) -> None:
        self._limiter = anyio.CapacityLimiter(at_once)

    async def events(self, work: Work) -> AsyncIterator[Event]:
        """``step`` and ``claim`` as they come, then ``nearest`` where nothing was found, and ``answer``; or ``error``.

        Who stops iterating stops the question at its next step.
        """
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[Event] = asyncio.Queue()
        gone = threading.Event()

        def put(event: Event) -> None:
            with suppress(RuntimeError):  # the loop has ended, and with it whoever listened
                loop.call_soon_threadsafe(queue.put_nowait, event)

        def heard(event: AskEvent) -> None:
            if gone.is_set():
                raise _NobodyListens
            put(("claim" if isinstance(event, Claim) else "step", event))

        def run() -> None:
            try:
                if gone.is_set():
                    return
                answer = work(heard)
                if not answer.found:
                    put(("nearest", {"moments": answer.nearest}))
                put(("answer", answer))
            except _NobodyListens:
                return
            except LongvidError as error:
                put(("error", error))
            except Exception as error:  # noqa: BLE001 - told as a fault, with its traceback in the log
                LOG.error("a question failed", exc_info=error)
                put(("error", error))

        async with anyio.create_task_group() as group:
            group.start_soon(
                lambda: anyio.to_thread.run_sync(run, abandon_on_cancel=True, limiter=self._limiter)
            )
            try:
                while True:
                    event = await queue.get()
                    yield event
                    if event[0] in ("answer", "error"):
                        break
            finally:
                gone.set()

    async def reply(self, request: Request, work: Work) -> Response:
        """A stream of events where the client accepts one, else the answer as one object."""
        if "text/event-stream" in request.headers.get("accept", ""):
            headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
            return StreamingResponse(self._stream(work), headers=headers, media_type="text/event-stream")
        return await self._whole(request, work)

    async def _stream(self, work: Work) -> AsyncIterator[str]:
        async for name, value in self.events(work):
            data = jsonform.dumps(value) if name != "error" else bytes(_problem(value).body).decode()
            yield f"event: {name}\ndata: {data}\n\n"

    async def _whole(self, request: Request, work: Work) -> Response:
        result: list[Response] = []

        async def leave(scope: anyio.CancelScope) -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass
            scope.cancel()

        async with anyio.create_task_group() as group:
            group.start_soon(leave, group.cancel_scope)
            async for name, value in self.events(work):
                if name == "answer":
                    result.append(told(value))
                elif name == "error":
                    result.append(_problem(value))
            group.cancel_scope.cancel()
        return result[0] if result else Response(status_code=499)  # nobody is there to read it


def _problem(error: Any) -> Response:
    if isinstance(error, LongvidError):
        return of_error(error)
    return problem(
        500, "something failed that should not have: the log of the server has the details", "fault"
    )
