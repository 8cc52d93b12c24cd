"""What a video holds: its transcript, slides, chapters, speakers, sounds and summary."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from longvid.lines import LineMap
from longvid.server import audit
from longvid.server.answers import ListPage, SaidPage, gives
from longvid.server.forms import RenameForm
from longvid.server.identity import IndexerDep
from longvid.server.replies import FirstQuery, cached, tagged, told
from longvid.server.routes.about import LibraryDep
from longvid_agents.summarise import Summary
from longvid_storage.db.rows import SpeakerRow
from longvid_storage.errors import UsageError
from longvid_storage.types import Slide, Sound

router = APIRouter(prefix="/v1/videos/{video_id}", tags=["videos"])
Seconds = Annotated[float | None, Query(ge=0, allow_inf_nan=False)]
_CHAPTERS = {
    "vtt": "text/vtt",
    "json": "application/json",
    "youtube": "text/plain",
    "ffmetadata": "text/plain",
}


@router.get("/transcript", responses=gives(SaidPage))
def get_transcript(
    request: Request,
    lib: LibraryDep,
    video_id: str,
    from_s: Seconds = None,
    to_s: Seconds = None,
    first: FirstQuery = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many, with `first`.")] = 200,
    file_format: Annotated[str, Query(alias="format", description="json or vtt.")] = "json",
) -> Response:
    """What is said, by whom and when, in time order; as WebVTT for a player. With `first`, a part of its lines."""
    from longvid.webvtt import to_vtt

    if file_format not in ("json", "vtt"):
        raise UsageError(f"format is {file_format!r}: it is json or vtt")
    if first is not None and (from_s, to_s) != (None, None):
        raise UsageError("a part of a transcript is told by its time, or by first and limit: not by both")
    if first is None:
        items = lib.utterances(video_id, from_s=from_s, to_s=to_s)
    else:
        items = lib.utterances_from(video_id, first, limit)
    if file_format == "vtt":
        return tagged(request, to_vtt(items).encode(), "text/vtt")
    info = lib.transcript_info(video_id)
    source, language, by = (info.source, info.language, info.speakers_by) if info else (None, None, None)
    return cached(
        request,
        {"items": items, "next": None, "source": source, "language": language, "speakers_by": by},
    )


@router.get("/lines", responses=gives(LineMap))
def get_line_map(
    request: Request,
    lib: LibraryDep,
    video_id: str,
    each: Annotated[int, Query(ge=1, le=1000)] = 200,
    q: Annotated[str, Query(max_length=500, description="Words, as they are written in a line.")] = "",
) -> Response:
    """Where a transcript's lines are: how many, when every `each`-th begins, who speaks when, and which hold `q`."""
    return cached(request, lib.line_map(video_id, each=each, words=q))


@router.get("/slides", responses=gives(ListPage[Slide]))
def list_slides(request: Request, lib: LibraryDep, video_id: str) -> Response:
    """What stands still on screen, in time order."""
    return cached(request, {"items": lib.slides(video_id), "next": None})


@router.get("/sounds", responses=gives(ListPage[Sound]))
def list_sounds(request: Request, lib: LibraryDep, video_id: str) -> Response:
    """What is heard beside speech, in time order."""
    return cached(request, {"items": lib.sounds(video_id), "next": None})


@router.get("/chapters")
def get_chapters(
    request: Request,
    lib: LibraryDep,
    video_id: str,
    file_format: Annotated[
        str, Query(alias="format", description="json, vtt, youtube or ffmetadata.")
    ] = "json",
    level: Annotated[str, Query(description="event or scene.")] = "event",
) -> Response:
    """The video's chapters as a file for players and other programs."""
    text = lib.chapters(video_id, file_format=file_format, level=level)
    return tagged(request, text.encode(), _CHAPTERS[file_format])


@router.get("/speakers", responses=gives(ListPage[SpeakerRow]))
def list_speakers(request: Request, lib: LibraryDep, video_id: str) -> Response:
    """Who speaks and for how long, the one who speaks longest first."""
    return cached(request, {"items": lib.speakers(video_id), "next": None})


@router.patch("/speakers", responses=gives(ListPage[SpeakerRow]))
def rename_speaker(lib: LibraryDep, who: IndexerDep, video_id: str, form: RenameForm) -> Response:
    """Call a speaker by another name from now on, in search, answers and summaries."""
    with lib.at_once():
        return told({"items": lib.rename_speaker(video_id, form.old, form.new), "next": None})


@router.get("/summary", responses=gives(Summary))
def get_summary(
    request: Request,
    lib: LibraryDep,
    video_id: str,
    length: Annotated[str, Query(description="short or long.")] = "short",
    extractive: bool = False,
) -> Response:
    """Overview, chapters, decisions, tasks and open questions of a video, each line with its citation."""
    found = lib.summary(video_id, length=length, extractive=extractive)
    audit.note(request, videos=[found.video_id])
    return cached(request, found)
