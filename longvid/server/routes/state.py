"""What runs here for each role, what would be better, and what the library takes on disk."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from longvid.library import Library
from longvid.server.identity import AdminDep
from longvid.server.replies import told
from longvid_storage.errors import AccessError

router = APIRouter(prefix="/v1", tags=["admin"])


@router.get("/doctor")
def get_doctor(request: Request, who: AdminDep) -> Response:
    """The models of each role as `longvid doctor --json` tells them, and the library's videos and bytes on disk."""
    from longvid.doctor import roles_of
    from longvid.models.registry import third_party

    if who.collections is not None:
        raise AccessError("models and storage are of the whole server: they need a key for all collections")
    library: Library = request.app.state.library
    state = {
        "roles": roles_of(library.engines),
        "problems": third_party().problems,
        "videos": library.count(),
        "storage_bytes": library.bytes_held(),
    }
    return told(state)
