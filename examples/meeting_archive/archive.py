"""The product's own half: tenants, users with passwords, and who was in which meeting.

longvid knows nothing of users. Each meeting is a collection of its own, and a user gets the library narrowed to the
collections of the meetings they organized or are named in: what they may not see is not counted, named or used.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from longvid import Library

HERE = Path(__file__).parent
DEMO_PASSWORD = "demo"


@dataclass(frozen=True)
class User:
    """Somebody of a tenant; ``person`` is their name as it stands in transcripts."""

    tenant: str
    login: str
    person: str


@dataclass(frozen=True)
class Meeting:
    """A recording: its tenant, its collection in longvid, and the people who may see it."""

    tenant: str
    collection: str
    people: frozenset[str]


class Archive:
    """All tenants' meetings in one library, and each user's part of it.

    Args:
        library: longvid's; the meetings are read into it.
        place: ``people.json``, and ``meetings/TENANT/*`` (transcripts or films).
    """

    def __init__(self, library: Library, place: Path = HERE) -> None:
        self.library = library
        self._salt = secrets.token_bytes(16)
        self._users: dict[tuple[str, str], tuple[User, bytes]] = {}
        self.meetings: list[Meeting] = []
        for tenant, told in json.loads((place / "people.json").read_text("utf-8")).items():
            for login, person in told["users"].items():
                self.add_user(User(tenant, login, person), DEMO_PASSWORD)
            for path in sorted((place / "meetings" / tenant).iterdir()):
                self._add_meeting(tenant, path, told["organizers"].get(path.stem))

    def add_user(self, user: User, password: str) -> None:
        """Let somebody log in."""
        self._users[user.tenant, user.login] = user, self._hashed(password)

    def log_in(self, tenant: str, login: str, password: str) -> User | None:
        """The user, or None; takes as long for somebody who does not exist."""
        user, known = self._users.get((tenant, login), (None, b""))
        right = hmac.compare_digest(self._hashed(password), known or bytes(64))
        return user if right else None

    def library_of(self, user: User) -> Library:
        """The library as they may see it; what is asked of it stays inside their meetings."""
        theirs = (m.collection for m in self.meetings if m.tenant == user.tenant and user.person in m.people)
        return self.library.within(frozenset(theirs))

    def _add_meeting(self, tenant: str, path: Path, organizer: str | None) -> None:
        collection = f"{tenant}/{path.stem}"
        self.library.index([path], collection=collection)
        inside = self.library.within(frozenset([collection]))
        people = {row.name for video in inside.videos() for row in inside.speakers(video.video_id)}
        if organizer is not None:
            people.add(self._users[tenant, organizer][0].person)
        self.meetings.append(Meeting(tenant, collection, frozenset(people)))

    def _hashed(self, password: str) -> bytes:
        return hashlib.scrypt(password.encode(), salt=self._salt, n=2**12, r=8, p=1)
