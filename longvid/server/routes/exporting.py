"""What is made of an answer: reports, cut lists, subtitles, a film."""

from __future__ import annotations

import io
import tempfile
import threading
import zipfile
from collections.abc import Iterable
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response

from longvid.exports.saved import answer_of
from longvid.server.forms import ExportForm
from longvid.server.replies import public_base
from longvid.server.routes.about import LibraryDep
from longvid_storage.errors import BusyError, UsageError
from longvid_storage.types import Answer

router = APIRouter(prefix="/v1", tags=["exports"])
_TYPES = {
    ".html": "text/html",
    ".srt": "application/x-subrip",
    ".edl": "text/plain",
    ".otio": "application/json",
    ".mp4": "video/mp4",
    ".zip": "application/zip",
}
MOST_PLACES = 500
MOST_SHOWN_S = 4 * 3600
_CUTTING = threading.Semaphore(2)


@router.post("/exports")
def export(request: Request, lib: LibraryDep, form: ExportForm) -> Response:
    """The file: `html`, `md` (a zip of the page and its frames), `srt`, `edl`, `otio`, or `clip` (MP4).

    Links of a report open the server's page at the second; cut lists name the server's films, never its files.
    """
    answer = lib.known_answer(_of_length(answer_of(form.answer)))
    base = public_base(request)
    if form.format in ("srt", "edl", "otio"):
        text = lib.export(answer, file_format=form.format, pad_s=form.pad_s, page=base)
        return _file(text.encode(), f".{form.format}")
    with tempfile.TemporaryDirectory(prefix="longvid-export-") as folder:
        if form.format == "clip":
            if not _CUTTING.acquire(blocking=False):
                raise BusyError("two films are being cut already: try again when one is done")
            try:
                place = Path(folder) / "answer.mp4"
                lib.clip(answer, place, pad_s=form.pad_s)
            finally:
                _CUTTING.release()
            return _file(place.read_bytes(), ".mp4")
        written = lib.save_report(answer, Path(folder) / f"answer.{form.format}", page=base)
        if form.format == "html":
            return _file(written[0].read_bytes(), ".html")
        return _file(_zipped(Path(folder), written), ".zip")


def _of_length(answer: Answer) -> Answer:
    """The answer, if no more is to be shown or cut than answers cite: a page has a picture for each place."""
    places = [each for claim in answer.claims for each in claim.citations]
    shown_s = sum(each.end_s - each.start_s for each in places)
    number = len(places) + len(answer.nearest)
    if number > MOST_PLACES or shown_s > MOST_SHOWN_S:
        raise UsageError(
            f"this answer names {number} places, {shown_s / 60:.0f} minutes of film: at most {MOST_PLACES} and "
            f"{MOST_SHOWN_S // 60} are exported at once"
        )
    return answer


def _zipped(folder: Path, places: Iterable[Path]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for place in places:
            archive.write(place, place.relative_to(folder))
    return made.getvalue()


def _file(content: bytes, suffix: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="answer{suffix}"'}
    return Response(content, 200, headers, _TYPES[suffix])
