"""Search, and every place where something is said or shown."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from longvid.server import audit
from longvid.server.answers import FoundMentions, FoundMoments, VerifiedText, gives
from longvid.server.forms import MentionsForm, SearchForm, VerifyForm
from longvid.server.replies import told
from longvid.server.routes.about import LibraryDep

router = APIRouter(prefix="/v1", tags=["finding"])


@router.post("/search", responses=gives(FoundMoments))
def search(request: Request, lib: LibraryDep, form: SearchForm) -> Response:
    """The best moments, best first; `notes` say what the filters leave out."""
    moments = lib.search(form.query, k=form.k, **form.filters())
    notes = lib.unknown_speaker(form.speaker, video=form.video, collection=form.collection)
    audit.note(request, form.query, [each.video_id for each in moments], **form.filters())
    return told({"moments": moments, "notes": notes})


@router.post("/mentions", responses=gives(FoundMentions))
def mentions(request: Request, lib: LibraryDep, form: MentionsForm) -> Response:
    """Every place where any of the terms is said or shown, by video and in time order; none is left out. Of none,
    `searched` says what was looked through.
    """
    found = lib.mentions(form.terms, **form.filters())
    notes = lib.unknown_speaker(form.speaker, video=form.video, collection=form.collection)
    audit.note(request, " | ".join(form.terms), [each.video_id for each in found], **form.filters())
    searched = None if found else lib.searched(form.terms, **form.filters())
    return told({"videos": found, "notes": notes, "searched": searched})


@router.post("/verify", responses=gives(VerifiedText))
def verify(request: Request, lib: LibraryDep, form: VerifyForm) -> Response:
    """Somebody's text, such as minutes, against the recordings.

    Each sentence is supported, contradicted or unsupported, with the place.
    """
    found = lib.verify(form.text, **form.filters())
    cited = [citation.video_id for each in found for citation in each.citations]
    audit.note(request, form.text[:200], cited, **form.filters())
    return told({"sentences": found})
