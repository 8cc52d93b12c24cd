"""Search, and every place where something is said or shown."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from longvid.server import audit
from longvid.server.forms import MentionsForm, SearchForm
from longvid.server.replies import told
from longvid.server.routes.about import LibraryDep

router = APIRouter(prefix="/v1", tags=["finding"])


@router.post("/search")
def search(request: Request, lib: LibraryDep, form: SearchForm) -> Response:
    """The best moments, best first; `notes` say what the filters leave out."""
    moments = lib.search(form.query, k=form.k, **form.filters())
    notes = lib.unknown_speaker(form.speaker, video=form.video, collection=form.collection)
    audit.note(request, form.query, [each.video_id for each in moments], **form.filters())
    return told({"moments": moments, "notes": notes})


@router.post("/mentions")
def mentions(request: Request, lib: LibraryDep, form: MentionsForm) -> Response:
    """Every place where any of the terms is said or shown, by video and in time order; none is left out."""
    found = lib.mentions(form.terms, **form.filters())
    notes = lib.unknown_speaker(form.speaker, video=form.video, collection=form.collection)
    audit.note(request, " | ".join(form.terms), [each.video_id for each in found], **form.filters())
    return told({"videos": found, "notes": notes})
