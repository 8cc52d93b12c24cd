"""Profiles: a model for every role, chosen to fit a kind of machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from longvid_storage.errors import UsageError


@dataclass(frozen=True, slots=True)
class Profile:
    """One profile: ``models`` is role → spec; ``memory_gb`` is what its largest model needs to run."""

    name: str
    meant_for: str
    memory_gb: int
    models: Mapping[str, str]


PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile(
            "offline",
            "any machine, no download",
            2,
            {
                "speech": "pocketsphinx/en-us",
                "speakers": "off",
                "sound": "off",
                "screen": "rapidocr",
                "image": "off",
                "text": "all-MiniLM-L6-v2",
                "rerank": "off",
                "video_lm": "off",
            },
        ),
    )
}


def profile_named(name: str, where: str) -> Profile:
    """The profile of that name; ``where`` names the file that says it, empty for the caller.

    Raises:
        UsageError: there is none.
    """
    if name not in PROFILES:
        inside = f" (in {where})" if where else ""
        raise UsageError(f"there is no profile {name!r}{inside}: the profiles are {', '.join(PROFILES)}")
    return PROFILES[name]
