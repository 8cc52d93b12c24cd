"""What agents read by address: what is said (WebVTT), chapters, pictures, a clip; and the player of moments."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from longvid.links import Address, read_address, video_uri
from longvid.server.mcp_tools import MOMENT_APP, WIDTH
from longvid.webvtt import to_vtt
from longvid_storage.db.listing import ListQuery
from longvid_storage.errors import NotFoundError, UsageError
from longvid_storage.text.shown import shown
from longvid_storage.types import Answer, Citation, Claim

if TYPE_CHECKING:
    from longvid.library import Library

APP_TYPE = "text/html;profile=mcp-app"
APP = Path(__file__).with_name("moment.html")
LONGEST_CLIP_S = 60.0
PAGE = 50
"""Videos a page of the list."""


@dataclass(frozen=True, slots=True)
class McpResource:
    """One entry of the list: its address, name and media type."""

    uri: str
    name: str
    media_type: str


TEMPLATES = (
    McpResource(
        "longvid://video/{id}/transcript", "What is said, as WebVTT; #t=FROM,TO for a part", "text/vtt"
    ),
    McpResource("longvid://video/{id}/chapters", "Events, as WebVTT", "text/vtt"),
    McpResource("longvid://video/{id}/frame/{seconds}", "The picture at a second", "image/webp"),
    McpResource("longvid://video/{id}/clip#t={from},{to}", "A film of a span of at most 60 s", "video/mp4"),
)


def listed(library: Library, cursor: str | None) -> tuple[list[McpResource], str | None]:
    """A page of the videos' transcripts, by title, the player before them; and the cursor of the next page.

    Raises:
        UsageError: a cursor that no page gave.
    """
    if cursor is not None and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10):
        raise UsageError(f"the cursor is {cursor!r}: give the one of the page before")
    start = int(cursor or 0)
    videos = library.page(ListQuery(first=start, limit=PAGE))
    found = [
        McpResource(video_uri(each.video_id, "transcript"), shown(each.title), "text/vtt")
        for each, _ in videos.items
    ]
    if not start:
        found.insert(0, McpResource(MOMENT_APP, "Player of a moment", APP_TYPE))
    return found, None if videos.next is None else str(start + PAGE)


def read(library: Library, uri: str) -> tuple[str, str | bytes]:
    """The media type and the content of an address.

    Raises:
        NotFoundError: there is nothing of that address. MediaError: its file is gone, or has no pictures.
    """
    if uri == MOMENT_APP:
        return APP_TYPE, APP.read_text(encoding="utf-8")
    address = read_address(uri)
    if address is None:
        raise _nothing(uri)
    video = library.find(address.video)
    if address.part in ("", "transcript"):
        said = library.utterances(video.video_id, from_s=address.start_s, to_s=address.end_s)
        return "text/vtt", to_vtt(said)
    if address.part == "chapters":
        return "text/vtt", library.chapters(video.video_id, file_format="vtt")
    if address.part == "frame" and address.at_s is not None:
        return "image/webp", library.frame(video.video_id, address.at_s, WIDTH)
    if address.part == "clip" and address.start_s is not None:
        return _clip(library, video.video_id, video.title, video.path, address)
    raise _nothing(uri)


def _nothing(uri: str) -> NotFoundError:
    kinds = ", ".join(each.uri for each in TEMPLATES)
    return NotFoundError(f"there is nothing at {uri!r}: addresses are {kinds}")


def _clip(library: Library, video_id: str, title: str, path: str, address: Address) -> tuple[str, bytes]:
    start_s = address.start_s or 0.0
    end_s = min(address.end_s or start_s + LONGEST_CLIP_S, start_s + LONGEST_CLIP_S)
    span = Citation(video_id, title, path, start_s, max(end_s, start_s), "speech", "")
    answer = Answer("", "", True, (Claim("", (span,)),), (), {})
    with tempfile.TemporaryDirectory(prefix="longvid-clip-") as folder:
        target = Path(folder) / "clip.mp4"
        library.clip(answer, target)
        return "video/mp4", target.read_bytes()
