"""``longvid doctor``: what would run here for each role, why, and what to type to get better."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from longvid.engines import Choice, Engines
from longvid.paths import default_library
from longvid_storage.errors import LongvidError

_ROLES = {"speech": "speech", "screen": "screen text", "image": "pictures", "text": "text"}


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found; ``library_error`` is None when the library opens or does not exist yet."""

    longvid: str
    python: str
    library: str
    library_videos: int | None
    library_error: str | None
    vector_index: str
    language_model: str
    roles: dict[str, dict[str, str | None]]


def examine(library: Path | None = None) -> Examination:
    """Look around; loads no model."""
    path = library or default_library()
    videos, error = _library(path)
    return Examination(
        longvid=metadata.version("longvid"),
        python=platform.python_version(),
        library=str(path),
        library_videos=videos,
        library_error=error,
        vector_index="faiss"
        if util.find_spec("faiss")
        else "exact (numpy); for speed: pip install 'longvid[cpu]'",
        language_model="none: answers quote the best evidence (extractive)",
        roles={_ROLES[role]: _role(choice) for role, choice in Engines().choices.items()},
    )


def _library(path: Path) -> tuple[int | None, str | None]:
    from longvid.library import Library

    if not path.exists():
        return None, None
    try:
        with Library.open(path) as lib:
            return len(lib.videos()), None
    except LongvidError as error:
        return None, error.message


def _role(choice: Choice) -> dict[str, str | None]:
    return {
        "runs": choice.record.name if choice.record else "off",
        "why": choice.why,
        "better": choice.better,
    }


def render(found: Examination) -> str:
    """For people."""
    state = found.library_error or (
        "none there yet" if found.library_videos is None else f"{found.library_videos} videos"
    )
    lines = [
        f"longvid {found.longvid} on Python {found.python}",
        f"library       {found.library} ({state})",
        f"vector index  {found.vector_index}",
        f"answers       {found.language_model}",
    ]
    for name, role in found.roles.items():
        lines.append(f"{name:13} {role['runs']} ({role['why']})")
        if role["better"]:
            lines.append(f"{'':13} better: {role['better']}")
    return "\n".join(lines)
