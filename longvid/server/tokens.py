"""Signed tokens: of an identity provider (OpenID Connect), and of a host product that says for whom it asks.

An assertion of a host product is a JWT, signed by HS256 with the configured key, for the audience ``longvid``:
``sub`` is who asks, ``collections`` what they may see (a list, or ``"*"`` for everything), ``scopes`` what they may do
(``["read"]`` if missing); between its ``iat`` and ``exp`` lie at most five minutes (RFC 7519).
"""

from __future__ import annotations

import json
import threading
import urllib.request
from typing import TYPE_CHECKING, Any

from longvid.keyring import SCOPES
from longvid.server.caller import Caller
from longvid_storage.errors import AccessError

if TYPE_CHECKING:
    from longvid.server.settings import OidcSettings, ServerSettings

AUDIENCE = "longvid"
LONGEST_S = 300
_LEEWAY_S = 10
_SIGNED_BY_PROVIDERS = [
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
]
_TIMEOUT_S = 10
# What a head of 30,000 brackets, an hour that is infinite, or one that is text, makes of PyJWT, which maps none.
_NOT_AS_WRITTEN = (ValueError, TypeError, ArithmeticError, RecursionError)
# A token that names a key nobody knows makes us ask the provider, but no more often: anybody can write such a token.
_ASK_AGAIN_S = 60


class Tokens:
    """Reads tokens; what a provider's keys are is asked for at the first one, and again for a key that is new."""

    def __init__(self, settings: ServerSettings) -> None:
        self._settings = settings
        self._jwks: Any = None
        self._lock = threading.Lock()

    def caller(self, token: str) -> Caller:
        """Who a token says that it is from.

        Raises:
            AccessError: it is none, is not for here, is over, or nobody who is believed has signed it.
        """
        import jwt

        try:
            symmetric = jwt.get_unverified_header(token).get("alg") == "HS256"
            if symmetric and self._settings.assertion_key is not None:
                return self._asserted(token, self._settings.assertion_key)
            if not symmetric and self._settings.oidc is not None:
                return self._provided(token, self._settings.oidc)
        except (jwt.PyJWTError, OSError, *_NOT_AS_WRITTEN) as error:
            raise AccessError(f"this token is not accepted: {error}", code="unauthorized") from error
        raise AccessError("this is neither a key nor a token that is read here", code="unauthorized")

    def _asserted(self, token: str, key: str) -> Caller:
        import jwt

        claims = jwt.decode(
            token,
            key,
            algorithms=["HS256"],
            audience=AUDIENCE,
            leeway=_LEEWAY_S,
            options={"require": ["exp", "iat", "sub", "aud", "collections"]},  # forgotten is not everything
        )
        if claims["exp"] - claims["iat"] > LONGEST_S:
            raise ValueError(f"an assertion lasts at most {LONGEST_S} seconds")
        seen = claims["collections"]
        scopes = _names(claims.get("scopes", ["read"]), "scopes") & set(SCOPES)
        collections = None if seen == "*" else _names(seen, "collections")
        return Caller(claims["sub"], frozenset(scopes), collections, f"user:{claims['sub']}")

    def _provided(self, token: str, oidc: OidcSettings) -> Caller:
        import jwt

        claims = jwt.decode(
            token,
            self._keys(oidc).get_signing_key_from_jwt(token).key,
            algorithms=_SIGNED_BY_PROVIDERS,
            audience=oidc.audience,
            issuer=oidc.issuer,
            leeway=_LEEWAY_S,
            options={"require": ["exp", "iat", "sub", "aud", "iss"]},
        )
        groups = _names(claims.get(oidc.groups_claim, []), oidc.groups_claim)
        seen: set[str] = set()
        scopes = {"read"}
        for group in groups:
            allowed = oidc.collections.get(group, ())
            seen |= {allowed} if isinstance(allowed, str) else set(allowed)
            more = oidc.scopes.get(group, ())
            scopes |= ({more} if isinstance(more, str) else set(more)) & set(SCOPES)
        name = str(claims.get("email") or claims.get("preferred_username") or claims["sub"])
        collections = None if "*" in seen else frozenset(seen)
        return Caller(name, frozenset(scopes), collections, f"oidc:{claims['sub']}")

    def _keys(self, oidc: OidcSettings) -> Any:
        import jwt

        with self._lock:
            if self._jwks is None:
                place = f"{oidc.issuer.rstrip('/')}/.well-known/openid-configuration"
                with urllib.request.urlopen(place, timeout=_TIMEOUT_S) as reply:
                    found = json.load(reply)
                if found.get("issuer") != oidc.issuer:
                    raise ValueError(f"{place} is of the issuer {found.get('issuer')!r}, not {oidc.issuer!r}")
                self._jwks = jwt.PyJWKClient(
                    found["jwks_uri"], timeout=_TIMEOUT_S, cooldown_duration=_ASK_AGAIN_S
                )
            return self._jwks


def _names(value: Any, claim: str) -> frozenset[str]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise ValueError(f"its {claim} is no list of names")
    return frozenset(listed)
