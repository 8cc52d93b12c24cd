"""What goes wrong, as a problem (RFC 9457) whose ``detail`` is the sentence that the command line prints."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from longvid import jsonform
from longvid_storage.errors import (
    AccessError,
    BusyError,
    LibraryError,
    LongvidError,
    MediaError,
    MissingExtraError,
    ModelError,
    ModelMismatchError,
    NotFoundError,
    ReadOnlyError,
    StorageFullError,
    UsageError,
)
from longvid_storage.text.shown import shown

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

LOG = logging.getLogger("longvid.server")
_BY_CODE = {
    "unauthorized": 401,
    "rate_limit": 429,
    "cost_limit": 429,
    "too_large": 413,
    "timeout": 408,
    "wrong_host": 421,
    "gone": 410,
    "locked": 423,
    "conflict": 409,
    "content_type": 415,
    "tus_version": 412,
}
_BY_KIND = (
    (UsageError, 400),
    (AccessError, 403),
    (NotFoundError, 404),
    (BusyError, 503),
    (ReadOnlyError, 403),
    (StorageFullError, 507),
    (LibraryError, 500),
    (MediaError, 422),
    (MissingExtraError, 501),
    (ModelMismatchError, 409),
    (ModelError, 502),
)


def status_of(error: LongvidError) -> int:
    """The status of the answer that tells of this error."""
    kinds = (status for kind, status in _BY_KIND if isinstance(error, kind))
    return _BY_CODE.get(error.code) or next(kinds, 500)


def problem(status: int, detail: str, code: str = "http", headers: dict[str, str] | None = None) -> Response:
    """One problem; ``code`` is the stable word for programs."""
    told = {
        "type": f"urn:longvid:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": shown(detail),
    }
    return Response(jsonform.dumps(told), status, headers, "application/problem+json")


def of_error(error: LongvidError) -> Response:
    """The problem that an error of longvid's is."""
    status = status_of(error)
    headers = {401: {"WWW-Authenticate": "Bearer"}, 429: {"Retry-After": "60"}, 503: {"Retry-After": "5"}}
    return problem(status, error.message, error.code, headers.get(status))


def install(app: FastAPI) -> None:
    """Let every error of a route become a problem."""

    def ours(request: Request, error: Any) -> Response:
        return of_error(error)

    def wrong(request: Request, error: Any) -> Response:
        first = error.errors()[0]
        where = ".".join(str(each) for each in first["loc"][1:]) or str(first["loc"][0])
        return problem(422, f"{where} is not as it must be: {first['msg']}", "usage")

    def http(request: Request, error: Any) -> Response:
        if isinstance(error.__cause__, LongvidError):  # met while FastAPI read the body, which it hides
            return of_error(error.__cause__)
        return problem(error.status_code, str(error.detail), headers=error.headers)

    def fault(request: Request, error: Exception) -> Response:
        LOG.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return problem(
            500, "something failed that should not have: the log of the server has the details", "fault"
        )

    app.add_exception_handler(LongvidError, ours)
    app.add_exception_handler(RequestValidationError, wrong)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, fault)
