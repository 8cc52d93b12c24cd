"""The films themselves, and pictures of them; their times are the library's."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from longvid.cinema import WIDEST, Film
from longvid.server.problems import problem
from longvid.server.replies import tagged
from longvid.server.routes.about import LibraryDep
from longvid.server.streaming import FileReply, StreamReply, byte_range

router = APIRouter(prefix="/v1/videos/{video_id}", tags=["media"])

FromQuery = Annotated[
    float | None,
    Query(ge=0, allow_inf_nan=False, description="A stream that begins there, in seconds."),
]
OriginalQuery = Annotated[bool, Query(description="The file as it is, whether a browser can play it or not.")]
_FILES: dict[int | str, dict[str, Any]] = {
    307: {"description": "Its object store gives it, by a link that holds for minutes."},
    206: {"description": "The range asked for."},
    416: {"description": "It lies behind the end."},
}


@router.get("/media", response_class=Response, responses=_FILES)
async def get_media(
    request: Request,
    lib: LibraryDep,
    video_id: str,
    from_s: FromQuery = None,
    original: OriginalQuery = False,
) -> Response:
    """The film, as browsers play it.

    `Longvid-Media` says how: `file` is the file itself, in byte ranges (from its object store, by a redirect, where
    that is configured); `copied` and `made` are fragmented MP4 (H.264, AAC) without ranges, whose times are the
    library's and which begins exactly at `from_s`; every film does with it.
    """
    film = await to_thread.run_sync(lib.film, video_id)
    if original or (from_s is None and film.how.way == "file"):
        return await _file(request, film)
    reply = StreamReply(
        film.stream(from_s or 0.0), request.app.state.workshop.places, _headers(film, from_s or 0.0)
    )
    await reply.begin()
    return reply


@router.head("/media", include_in_schema=False)
async def head_media(
    request: Request,
    lib: LibraryDep,
    video_id: str,
    from_s: FromQuery = None,
    original: OriginalQuery = False,
) -> Response:
    """What GET would say of it."""
    film = await to_thread.run_sync(lib.film, video_id)
    if original or (from_s is None and film.how.way == "file"):
        return await _file(request, film)
    film.stream(from_s or 0.0).close()
    return Response(None, 200, _headers(film, from_s or 0.0))


def _headers(film: Film, from_s: float) -> dict[str, str]:
    return {
        "Content-Type": film.how.stream_type,
        "Cache-Control": "no-store",
        "Accept-Ranges": "none",
        "Longvid-Media": film.how.stream_way,
        "Longvid-Start-S": f"{from_s:.3f}",
        "Longvid-Duration-S": f"{film.info.duration_s:.3f}",
    }


async def _file(request: Request, film: Film) -> Response:
    tag = f'"{film.tag}"'
    media_type = film.how.media_type if film.how.way == "file" else "application/octet-stream"
    link = await _link(request, film, media_type)
    if link is not None:
        headers = {"Location": link, "Cache-Control": "no-store", "Longvid-Media": "file"}
        return Response(None, 307, headers)
    headers = {
        "Content-Type": media_type,
        "ETag": tag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Vary": "Authorization, Cookie",
        "Longvid-Media": "file",
        "Longvid-Start-S": "0.000",
        "Longvid-Duration-S": f"{film.info.duration_s:.3f}",
    }
    if tag in [each.strip() for each in request.headers.get("if-none-match", "").split(",")]:
        return Response(None, 304, headers)
    known = request.headers.get("if-range")
    try:
        asked = byte_range(request.headers.get("range") if known in (None, tag) else None, film.size)
    except IndexError:
        refusal = problem(416, f"the file has {film.size} bytes: ask for a range within it", "range")
        refusal.headers["Content-Range"] = f"bytes */{film.size}"
        return refusal
    first, end = asked or (0, film.size)
    if asked is not None:
        headers["Content-Range"] = f"bytes {first}-{end - 1}/{film.size}"
    status = 200 if asked is None else 206
    if request.method == "HEAD":
        return Response(None, status, headers | {"Content-Length": str(end - first)})
    return FileReply(await to_thread.run_sync(film.open), first, end, status, headers)


async def _link(request: Request, film: Film, media_type: str) -> str | None:
    """A signed link to the film in its store, for a reader who may be sent there.

    Those are not: HEAD, since a link is signed for GET alone, and pages of others, whose scripts may read a film: a
    store would have to allow them by itself (CORS), and after the redirect a browser names them ``null``.
    """
    settings = request.app.state.settings
    shared = request.headers.get("sec-fetch-mode") == "cors" or "origin" in request.headers
    if not settings.media_origins or request.method != "GET" or shared:
        return None
    link = await to_thread.run_sync(film.link, settings.media_link_s, media_type)
    there = urlsplit(link or "")
    return link if f"{there.scheme}://{there.netloc}" in settings.media_origins else None


@router.get("/frame", response_class=Response)
async def get_frame(
    request: Request,
    lib: LibraryDep,
    video_id: str,
    t: Annotated[float, Query(ge=0, allow_inf_nan=False, description="In seconds.")],
    width: Annotated[int | None, Query(ge=16, le=WIDEST, description="In pixels.")] = None,
) -> Response:
    """The picture that is shown at `t`, a WebP; a small one (up to 320 pixels wide) may be half a second older."""
    picture = await to_thread.run_sync(
        lib.frame, video_id, t, width, limiter=request.app.state.workshop.decoding
    )
    return tagged(request, picture, "image/webp")


@router.get("/storyboard.vtt", response_class=Response)
def get_storyboard(request: Request, lib: LibraryDep, video_id: str) -> Response:
    """WebVTT whose cues name a small picture each: what a player shows over its bar."""
    return tagged(request, lib.storyboard(video_id).cues().encode(), "text/vtt; charset=utf-8")


@router.get("/storyboard/{number}.webp", response_class=Response)
async def get_storyboard_sheet(request: Request, lib: LibraryDep, video_id: str, number: int) -> Response:
    """One sheet of the storyboard's pictures, a WebP."""
    sheet = await to_thread.run_sync(
        lib.storyboard_sheet, video_id, number, limiter=request.app.state.workshop.decoding
    )
    return tagged(request, sheet, "image/webp")


@router.get("/slides/{number}", response_class=Response)
def get_slide(request: Request, lib: LibraryDep, video_id: str, number: int) -> Response:
    """The picture of a slide (from 0, in the order of `slides`), a WebP."""
    return tagged(request, lib.slide_picture(video_id, number), "image/webp")
