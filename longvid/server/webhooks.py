"""Events told to addresses elsewhere, as Standard Webhooks (https://www.standardwebhooks.com) signs them.

An event is kept for each webhook until that has taken it (any 2xx), and told again after 10 s, then twice as long each
time, up to 6 hours. Only public addresses are told: the name is looked up once, every address of it is judged, and the
connection goes to the very address that was judged. Redirects are not followed, and of the answer only the status
counts.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import ipaddress
import logging
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from longvid_storage.errors import AccessError, LongvidError, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection

    from longvid.worklist import Worklist
    from longvid_storage.db.work import Delivery

LOG = logging.getLogger("longvid.server")
FIRST_RETRY_S = 10.0
LAST_RETRY_S = 6 * 3600.0
TIMEOUT_S = 10.0
_AT_ONCE = 4
_LOOK_EACH_S = 1.0
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# Of protocols, and at a cloud of a machine's metadata; Python before 3.11.10 takes most of it for global.
_OF_PROTOCOLS = ipaddress.ip_network("192.0.0.0/24")


def is_public(address: str) -> bool:
    """Whether an address is one of the internet's: none of this machine, its network, or a group of machines."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
        if inner is not None and not is_public(str(inner)):
            return False
        if ip.is_site_local:
            return False
    return ip.is_global and not (
        ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip in _OF_PROTOCOLS
    )


def checked_url(url: str, allowed: Collection[str]) -> SplitResult:
    """The parts of a webhook's address, before anything is looked up.

    Raises:
        UsageError: it is no http(s) address. AccessError: it is none that this server may tell.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = SplitResult("", "", "", "", ""), None
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or port == 0
        or not url.isascii()
        or not url.isprintable()
    ):
        raise UsageError("the url of a webhook begins with https:// (or http://) and names a host")
    if " " in url or parts.username is not None or parts.password is not None or parts.fragment:
        raise UsageError("the url of a webhook has no spaces, no user, no password and no #fragment")
    try:
        public = is_public(parts.hostname)
    except ValueError:
        public = True  # a name: judged when it is looked up
    if not public and parts.hostname not in allowed:
        raise _not_there(parts.hostname)
    return parts


def addresses(host: str, port: int, allowed: Collection[str]) -> list[str]:
    """The addresses of a host that may be told.

    Raises:
        AccessError: one of them is not public, and the host is not among those ``allowed`` all the same.
        OSError: there is no such host.
    """
    found = [
        str(place[0])
        for family, _, _, _, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        if family in (socket.AF_INET, socket.AF_INET6)
    ]
    if host not in allowed and not all(is_public(address) for address in found):
        raise _not_there(host)
    return found


def _not_there(host: str) -> AccessError:
    return AccessError(
        f"{host} is an address of this machine or its network, which webhooks do not reach: webhook_hosts of [server] "
        "names those that may be told all the same"
    )


def signature(secret: str, event_id: str, timestamp: int, body: str) -> str:
    """``v1,`` and the Base64 of the HMAC-SHA256 of ``id.timestamp.body``; ``secret`` is hexadecimal."""
    signed = hmac.new(
        bytes.fromhex(secret), f"{event_id}.{timestamp}.{body}".encode(), hashlib.sha256
    ).digest()
    return f"v1,{base64.b64encode(signed).decode()}"


def told_secret(secret: str) -> str:
    """The secret as libraries of Standard Webhooks take it."""
    return f"whsec_{base64.b64encode(bytes.fromhex(secret)).decode()}"


class _To(http.client.HTTPConnection):
    """A connection to one of the judged addresses, whatever the name means by now."""

    def __init__(self, parts: SplitResult, port: int, places: list[str]) -> None:
        super().__init__(parts.hostname or "", port, timeout=TIMEOUT_S)
        self._places = places
        self._secure = parts.scheme == "https"

    def connect(self) -> None:
        """Connect to the first that answers."""
        error: OSError = OSError("it has no address")
        for address in self._places[:4]:
            try:
                self.sock = socket.create_connection((address, self.port), TIMEOUT_S)
                break
            except OSError as failed:
                error = failed
        else:
            raise error
        if self._secure:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)


def post(url: str, headers: dict[str, str], body: str, allowed: Collection[str]) -> int:
    """Tell an address; its status. Raises ``AccessError`` as ``addresses`` does, or ``OSError``."""
    parts = checked_url(url, allowed)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    connection = _To(parts, port, addresses(host, port, allowed))
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body.encode(), headers)
        return connection.getresponse().status
    except http.client.HTTPException as error:
        raise OSError(f"it answered with what is no HTTP ({type(error).__name__})") from error
    finally:
        connection.close()


class Webhooks:
    """Tells what is due, on threads of its own.

    Args:
        work: of the library.
        allowed: hosts that may be told although they are not public.
    """

    def __init__(self, work: Worklist, allowed: Collection[str]) -> None:
        self._work = work
        self.allowed = frozenset(allowed)
        self._wake = threading.Event()
        self._ending = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to tell."""
        self._thread = threading.Thread(target=self._run, name="longvid-webhooks", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """There is something to tell."""
        self._wake.set()

    def stop(self, wait_s: float) -> None:
        """Tell nothing more; what is due is told after the next start."""
        self._ending = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(wait_s)

    def _run(self) -> None:
        with ThreadPoolExecutor(_AT_ONCE, "longvid-webhook") as threads:
            while not self._ending:
                self._wake.wait(_LOOK_EACH_S)
                self._wake.clear()
                try:
                    # One at a time for each webhook, so that one that hangs delays itself alone.
                    first = {each.hook.hook_id: each for each in reversed(self._work.due())}
                    if list(threads.map(self.tell, first.values())):
                        self._wake.set()
                except LongvidError as error:
                    LOG.error("webhooks cannot be told: %s", error)

    def tell(self, delivery: Delivery) -> bool:
        """Tell one event; whether it was taken."""
        timestamp = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "longvid",
            "webhook-id": delivery.event_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(delivery.hook.secret, delivery.event_id, timestamp, delivery.body),
        }
        try:
            status = post(delivery.hook.url, headers, delivery.body, self.allowed)
            why = f"it answered {status}"
        except (OSError, LongvidError) as error:
            status, why = 0, str(error)
        if 200 <= status < 300:
            self._work.delivered(delivery)
            return True
        in_s = min(LAST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(delivery.attempts, 20))
        LOG.warning("webhook %s was not told, again in %g s: %s", delivery.hook.hook_id, in_s, why)
        self._work.retry(delivery, in_s)
        return False
