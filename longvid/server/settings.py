"""What a server is told once: ``[server]`` of the user's ``longvid.toml``, and the command line.

::

    [server]
    allowed_hosts = ["archive.example.com"]     # names it is asked under; those of this machine always count
    origins = ["https://app.example.com"]       # pages elsewhere that may call it (CORS); none unless named
    public_url = "https://archive.example.com"  # what links begin with
    audit = "/var/log/longvid/audit.jsonl"      # who asked what; off unless named
    assertion_key = "…"                         # at least 32 characters; or $LONGVID_ASSERTION_KEY

    uploads = "/srv/uploads"                    # where files that are sent lie; beside the library unless named
    upload_bytes = 2147483648                   # of one file; quota_bytes of all of one key; upload_hours unfinished
    streams_at_once = 4                         # films that are made playable at once
    webhook_hosts = ["intranet.example.com"]    # told although they are of this network

    media_origins = ["https://archive.s3.eu-central-1.amazonaws.com"]   # object stores that browsers are sent to for
    media_link_s = 300                          # films, by links signed for so long; none unless named

    [server.roots]                              # what may be indexed by path, and into which collection
    "*" = ["/srv/media"]                        # by who may see everything, into any
    monday = ["/srv/media/monday"]

    [server.oidc]
    issuer = "https://login.example.com"
    audience = "longvid"
    groups_claim = "groups"
    [server.oidc.collections]                   # group → what it may see; "*" is everything
    staff = ["monday", "board"]
    archivists = "*"
    [server.oidc.scopes]                        # group → more than read
    archivists = ["index"]
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Mapping
from typing import Any

from longvid_storage.errors import UsageError

LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))
PORT = 8765
_LEAST_KEY = 32
_ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
_LINK_S = range(10, 3601)


@dataclasses.dataclass(frozen=True, slots=True)
class OidcSettings:
    """An identity provider, and what the groups of its users may see (``"*"``: everything) and do."""

    issuer: str
    audience: str
    groups_claim: str = "groups"
    collections: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    scopes: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class ServerSettings:
    """How a server listens, whom it believes, and what it allows."""

    host: str = "127.0.0.1"
    port: int = PORT
    allowed_hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    public_url: str | None = None
    audit: str | None = None
    audit_megabytes: int = 64
    assertion_key: str | None = dataclasses.field(default=None, repr=False)
    oidc: OidcSettings | None = None
    body_bytes: int = 1 << 20
    roots: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    uploads: str | None = None
    upload_bytes: int = 2 << 30
    quota_bytes: int = 100 << 30
    upload_hours: float = 24.0
    streams_at_once: int = 4
    webhook_hosts: tuple[str, ...] = ()
    questions_at_once: int = 4
    ray: str | None = None
    media_origins: tuple[str, ...] = ()
    media_link_s: int = 300

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host in LOOPBACK

    @property
    def has_identity(self) -> bool:
        """Whether somebody else than a key of the library can say who asks."""
        return self.assertion_key is not None or self.oidc is not None


def read_settings(table: Mapping[str, Any], place: object = "", **given: Any) -> ServerSettings:
    """The settings of a ``[server]`` table, and what was ``given`` on the command line, which is stronger.

    Raises:
        UsageError: an unknown setting, one of another kind, or a signing key that can be guessed.
    """
    found = dict(table)
    if "oidc" in found:
        found["oidc"] = OidcSettings(**_checked(OidcSettings, found["oidc"], f"{place} [server.oidc]"))
    if key := os.environ.get("LONGVID_ASSERTION_KEY"):
        found["assertion_key"] = key
    found |= {name: value for name, value in given.items() if value is not None}
    settings = ServerSettings(**_checked(ServerSettings, found, f"{place} [server]"))
    if settings.assertion_key is not None and len(settings.assertion_key) < _LEAST_KEY:
        raise UsageError(
            f"{place} [server]: assertion_key has {len(settings.assertion_key)} characters, it needs at least "
            f"{_LEAST_KEY} random ones: openssl rand -base64 32"
        )
    for origin in settings.media_origins:
        if not _ORIGIN.fullmatch(origin):
            raise UsageError(
                f"{place} [server]: {origin!r} in media_origins is no origin: name https://HOST, with :PORT where it "
                "has one, in lower case and without a path"
            )
    if settings.media_link_s not in _LINK_S:
        raise UsageError(
            f"{place} [server]: media_link_s is {settings.media_link_s}, and a link holds for {_LINK_S[0]} to "
            f"{_LINK_S[-1]} seconds"
        )
    return settings


def _checked(kind: Any, table: Any, place: str) -> dict[str, Any]:
    """The values of a table for a dataclass, lists as tuples."""
    from pydantic import TypeAdapter, ValidationError

    from longvid_storage.models.replies import what_is_wrong

    fields = {each.name: each for each in dataclasses.fields(kind)}
    unknown = sorted(set(table) - set(fields))
    if unknown:
        raise UsageError(f"{place} has the unknown setting {unknown[0]!r}: there are {', '.join(fields)}")
    try:
        made = TypeAdapter(kind).validate_python(dict(table))
    except ValidationError as error:
        raise UsageError(f"{place}: {what_is_wrong(error)}") from None
    return {name: getattr(made, name) for name in table}
