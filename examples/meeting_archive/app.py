"""A small meeting archive that embeds longvid: ``python examples/meeting_archive/app.py``.

Two companies share one library. Users log in to the product, not to longvid, and find what they were part of.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import uvicorn
from fastapi import Cookie, FastAPI, Form, HTTPException, Response
from fastapi.responses import HTMLResponse, RedirectResponse

sys.path.insert(0, str(Path(__file__).parent))

import pages
from archive import Archive, User

from longvid import Library, NotFoundError

COOKIE = "archive_session"
Session = Annotated[str, Cookie(alias=COOKIE)]
MOMENTS = 5


def make_app(archive: Archive) -> FastAPI:
    """The product over an archive."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    sessions: dict[str, User] = {}

    def known(session: str) -> User:
        user = sessions.get(session)
        if user is None:
            raise HTTPException(303, headers={"Location": "/login"})
        return user

    @app.get("/login")
    def login_form() -> HTMLResponse:
        return HTMLResponse(pages.login())

    @app.post("/login")
    def log_in(
        tenant: Annotated[str, Form()], login: Annotated[str, Form()], password: Annotated[str, Form()]
    ) -> Response:
        user = archive.log_in(tenant, login, password)
        if user is None:
            return HTMLResponse(pages.login("That is not right."), 401)
        session = secrets.token_urlsafe(32)
        sessions[session] = user
        reply = RedirectResponse("/", 303)
        reply.set_cookie(COOKIE, session, httponly=True, samesite="strict")
        return reply

    @app.post("/logout")
    def log_out(session: Session = "") -> RedirectResponse:
        sessions.pop(session, None)
        return RedirectResponse("/login", 303)

    @app.get("/")
    def home(q: str = "", session: Session = "") -> HTMLResponse:
        user = known(session)
        library = archive.library_of(user)
        titles = [(video.video_id, video.title) for video in library.videos()]
        found = pages.answered(library.ask(q), library.search(q, k=MOMENTS)) if q.strip() else ""
        return HTMLResponse(pages.home(user, titles, q, found))

    @app.get("/meetings/{video_id}")
    def meeting(video_id: str, t: float = 0.0, session: Session = "") -> HTMLResponse:
        user = known(session)
        library = archive.library_of(user)
        try:
            title, said = library.find(video_id).title, library.utterances(video_id)
        except NotFoundError as error:
            raise HTTPException(404, "There is no such meeting.") from error
        return HTMLResponse(pages.meeting(user, title, said, t))

    return app


def main() -> None:
    """Read the meetings into a library, and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8770)
    parser.add_argument("--library", type=Path, help="kept there; without it, gone at the end")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="meeting-archive-") as folder,
        Library.open(given.library or Path(folder) / "library", create=True) as library,
    ):
        app = make_app(Archive(library))
        print(f"http://127.0.0.1:{given.port}", flush=True)
        uvicorn.run(app, host="127.0.0.1", port=given.port, log_level="warning")


if __name__ == "__main__":
    main()
