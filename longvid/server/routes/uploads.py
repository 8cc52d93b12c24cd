"""Files that clients send, resumably: tus 1.0."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from email.utils import formatdate
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Header, Request
from fastapi.responses import Response
from starlette.requests import ClientDisconnect

from longvid.server.identity import IndexerDep
from longvid.server.problems import of_error
from longvid.server.uploads import EXTENSIONS, QUIET_S, VERSION, Uploads, metadata
from longvid_storage.db.work import StoredUpload
from longvid_storage.errors import AccessError, LongvidError, UsageError

router = APIRouter(prefix="/v1/uploads", tags=["uploads"])
_HEADERS = {"Tus-Resumable": VERSION, "Cache-Control": "no-store"}

TusHeader = Annotated[str | None, Header(alias="Tus-Resumable", description="1.0.0")]


def _uploads(request: Request, version: str | None) -> Uploads:
    if version != VERSION:
        raise AccessError(
            f"this server speaks tus {VERSION}: send Tus-Resumable: {VERSION}, as clients of tus do",
            code="tus_version",
        )
    uploads: Uploads = request.app.state.workshop.uploads
    return uploads


def _number(text: str | None, name: str) -> int:
    if text is None or not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise UsageError(f"{name} is {text!r:.40}: it is a number of bytes")
    return int(text)


@router.options("", include_in_schema=False)
def tus_options(request: Request) -> Response:
    """What this server knows of tus."""
    largest = request.app.state.workshop.uploads.largest
    told = {"Tus-Version": VERSION, "Tus-Extension": EXTENSIONS, "Tus-Max-Size": str(largest)}
    return Response(None, 204, _HEADERS | told)


@router.post("", status_code=201, response_class=Response)
def create_upload(
    request: Request,
    who: IndexerDep,
    tus: TusHeader = None,
    length: Annotated[str | None, Header(alias="Upload-Length")] = None,
    told: Annotated[str, Header(alias="Upload-Metadata", max_length=4096)] = "",
) -> Response:
    """Begin an upload of `Upload-Length` bytes; `Upload-Metadata` has its `filename`. `Location` says where to.

    Of a folder that is sent whole, `relativePath` is the file's path within it: subtitles stay beside their film."""
    uploads = _uploads(request, tus)
    about = metadata(told)
    name = about.get("filename", "upload")
    folder, _, last = about.get("relativePath", "").rpartition("/")
    upload = uploads.begin(who.key_id, _number(length, "Upload-Length"), name, folder if last == name else "")
    return Response(
        None, 201, _HEADERS | {"Location": f"/v1/uploads/{upload.upload_id}"} | _expires(uploads, upload)
    )


def _expires(uploads: Uploads, upload: StoredUpload) -> dict[str, str]:
    return {"Upload-Expires": formatdate(uploads.expires_s(upload), usegmt=True)}


@router.head("/{upload_id}", response_class=Response)
def head_upload(request: Request, who: IndexerDep, upload_id: str, tus: TusHeader = None) -> Response:
    """How much of it is here: `Upload-Offset` of `Upload-Length`."""
    uploads = _uploads(request, tus)
    upload = request.app.state.library.work.upload(who.key_id, upload_id)
    told = {"Upload-Offset": str(uploads.offset(upload)), "Upload-Length": str(upload.length)}
    return Response(None, 200, _HEADERS | told | ({} if upload.path else _expires(uploads, upload)))


@router.patch("/{upload_id}", status_code=204, response_class=Response)
async def send_upload(
    request: Request,
    who: IndexerDep,
    upload_id: str,
    tus: TusHeader = None,
    offset: Annotated[str | None, Header(alias="Upload-Offset")] = None,
    kind: Annotated[str | None, Header(alias="Content-Type")] = None,
) -> Response:
    """Send bytes from `Upload-Offset` on. With the last of them the file is looked at: 422 if it is none to index."""
    uploads = _uploads(request, tus)
    if kind != "application/offset+octet-stream":
        raise AccessError(
            "the bytes of an upload are sent as application/offset+octet-stream", code="content_type"
        )
    upload = await to_thread.run_sync(request.app.state.library.work.upload, who.key_id, upload_id)
    try:
        at = await uploads.append(upload, _number(offset, "Upload-Offset"), _body(request))
    except LongvidError as error:
        refusal = of_error(error)
        refusal.headers.update(_HEADERS)
        refusal.headers["Connection"] = "close"  # the rest of the body is not read
        return refusal
    except ClientDisconnect:
        return Response(None, 408, _HEADERS)
    return Response(None, 204, _HEADERS | {"Upload-Offset": str(at)})


async def _body(request: Request) -> AsyncIterator[bytes]:
    """The body, as long as it keeps coming."""
    pieces = request.stream()
    while True:
        try:
            async with asyncio.timeout(QUIET_S):
                piece = await anext(pieces, None)
        except TimeoutError:
            raise AccessError(
                f"nothing came for {QUIET_S:g} seconds: go on where HEAD says", code="timeout"
            ) from None
        if piece is None:
            return
        yield piece


@router.delete("/{upload_id}", status_code=204, response_class=Response)
def end_upload(request: Request, who: IndexerDep, upload_id: str, tus: TusHeader = None) -> Response:
    """Delete it, whole or not. A video that was indexed from it stays known, and can no longer be played."""
    uploads = _uploads(request, tus)
    uploads.remove(request.app.state.library.work.upload(who.key_id, upload_id))
    return Response(None, 204, _HEADERS)
