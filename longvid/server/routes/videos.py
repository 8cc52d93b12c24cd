"""The videos, and one of them."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from longvid import jsonform
from longvid.details import VideoDetails
from longvid.server.answers import ListedVideos, gives
from longvid.server.identity import IndexerDep
from longvid.server.replies import (
    CursorQuery,
    FirstQuery,
    LimitQuery,
    cached,
    cursor_of,
    no_cursor,
    read_cursor,
)
from longvid.server.routes.about import LibraryDep
from longvid_storage.db.listing import SORTS, ListQuery
from longvid_storage.errors import UsageError

router = APIRouter(prefix="/v1/videos", tags=["videos"])
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@router.get("", responses=gives(ListedVideos))
def list_videos(
    request: Request,
    lib: LibraryDep,
    collection: Annotated[str | None, Query(description="Of this collection.")] = None,
    q: Annotated[str, Query(max_length=500, description="Words that are all in the title.")] = "",
    speaker: Annotated[str | None, Query(description="In which they speak.")] = None,
    from_: Annotated[str | None, Query(alias="from", description="Not before this day, YYYY-MM-DD.")] = None,
    to: Annotated[str | None, Query(description="Not after this day, YYYY-MM-DD.")] = None,
    sort: Annotated[str, Query(description="title, date, -date, duration or -duration.")] = "title",
    first: FirstQuery = None,
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
) -> Response:
    """The videos: what `longvid ls --json` prints of each, with its date and who speaks in it; `total`: how many."""
    if sort not in SORTS:
        raise UsageError(f"sort is {sort!r}: it is one of {', '.join(SORTS)}")
    for name, day in (("from", from_), ("to", to)):
        if day is not None and not _DATE.fullmatch(day):
            raise UsageError(f"{name} is {day!r}: write a day as YYYY-MM-DD")
    wanted = ListQuery(sort, q, from_, to, read_cursor(cursor), first or 0, limit)
    try:
        found = lib.page(wanted, collection=collection, speaker=speaker)
    except TypeError:
        raise no_cursor() from None
    items = [
        {**jsonform.to_plain(video), "date": card.date, "speakers": card.speakers}
        for video, card in found.items
    ]
    following = None if found.next is None else cursor_of(found.next)
    return cached(request, {"items": items, "next": following, "total": found.total})


@router.get("/{video_id}", responses=gives(VideoDetails))
def get_video(
    request: Request,
    lib: LibraryDep,
    video_id: str,
    lines: Annotated[bool, Query(description="Without, `utterances` is empty: it may be long.")] = True,
) -> Response:
    """Everything that is known of a video: what `longvid show --json` prints."""
    return cached(request, lib.show(video_id, lines=lines))


@router.delete("/{video_id}", status_code=204)
def delete_video(lib: LibraryDep, who: IndexerDep, video_id: str) -> Response:
    """Forget a video: every row, vector, picture and turn of a conversation; its file stays."""
    with lib.at_once():
        lib.remove(video_id)
    return Response(status_code=204)
