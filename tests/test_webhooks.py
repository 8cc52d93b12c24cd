"""Webhooks: signed, told until they are taken, and never to this machine's network unless that is allowed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from longvid.library import Library
from longvid.server import webhooks
from longvid.server.webhooks import Webhooks, addresses, checked_url, is_public, post
from longvid_storage.errors import AccessError, UsageError
from serve_tools import bearer, serving
from served_films import engines
from test_jobs import ended


class Receiver(BaseHTTPRequestHandler):
    """Takes what it is told, or answers as it was told to."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.told.append((dict(self.headers), body))
        answers: list[int] = self.server.answers
        status = answers.pop(0) if answers else 204
        self.send_response(status)
        if status == 302:
            self.send_header("Location", self.path + "elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def receiver() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.told, server.answers = [], []
    server.url = f"http://127.0.0.1:{server.server_port}/hook?of=me"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "talks.longvid", create=True, engines=engines()) as library:
        yield library


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1",
        "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "192.0.0.192", "198.18.0.1", "::1", "::", "fe80::1",
        "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
        "64:ff9b::a00:1", "2002:7f00:1::1", "2002:a00:1::", "2001:db8::1", "fec0::1",
    ],
)  # fmt: skip
def test_addresses_of_this_machine_and_its_network_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:4700:4700::1111", "64:ff9b::808:808"])
def test_addresses_of_the_internet_are(address: str) -> None:
    assert is_public(address)


def test_a_url_is_judged_before_anything_is_looked_up() -> None:
    assert checked_url("https://example.com:8443/hook?x=1", ()).port == 8443
    for bad in (
        "ftp://example.com/", "file:///etc/passwd", "example.com", "https://", "https://user:pw@example.com/", "",
        "https://example.com/#x", "https://example.com/a b", "https://example.com:0/", "https://example.com:99999/",
        "https://exa\r\nmple.com/", "https://examplé.com/", "gopher://127.0.0.1/",
    ):  # fmt: skip
        with pytest.raises(UsageError, match="url of a webhook"):
            checked_url(bad, ())
    for inside in (
        "http://127.0.0.1/",
        "http://[::1]:8765/",
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1",
    ):
        with pytest.raises(AccessError, match="webhook_hosts"):
            checked_url(inside, ())
    assert checked_url("http://10.0.0.1/hook", {"10.0.0.1"}).hostname == "10.0.0.1"


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0"])
def test_a_name_or_a_spelling_of_this_machine_is_looked_through(host: str) -> None:
    checked_url(f"http://{host}/", ())
    with pytest.raises(AccessError, match="do not reach"):
        addresses(host, 80, ())
    with pytest.raises(AccessError):
        post(f"http://{host}/", {}, "{}", ())


def test_the_address_that_was_judged_is_the_one_that_is_told(
    receiver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that means a public address when it is judged and this machine a moment later (DNS rebinding)."""
    asked: list[str] = []
    real = webhooks.socket.getaddrinfo

    def rebinding(host: str, *rest: Any, **more: Any) -> Any:
        asked.append(host)
        place = "203.0.113.7" if host == "rebind.example" and asked.count(host) > 1 else "127.0.0.1"
        return real(place if host == "rebind.example" else host, *rest, **more)

    monkeypatch.setattr(webhooks.socket, "getaddrinfo", rebinding)
    url = f"http://rebind.example:{receiver.server_port}/hook"
    assert post(url, {}, "{}", {"rebind.example"}) == 204
    assert asked.count("rebind.example") == 1
    assert receiver.told[0][0]["Host"] == f"rebind.example:{receiver.server_port}"


def test_an_event_is_signed_and_told_until_it_is_taken(
    library: Library, receiver: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "FIRST_RETRY_S", 0.05)
    receiver.answers += [500, 302, 404]
    with serving(library, webhook_hosts=("127.0.0.1",), roots={"*": (str(tmp_path),)}) as client:
        made = client.post("/v1/webhooks", json={"url": receiver.url})
        assert made.status_code == 201
        secret = made.json()["secret"]
        listed = client.get("/v1/webhooks").json()["items"]
        assert listed == [{key: value for key, value in made.json().items() if key != "secret"}]
        job = client.post("/v1/jobs", json={"paths": [str(tmp_path / "none.mp4")]}).json()
        assert ended(client, job)["state"] == "failed"
        for _ in range(300):
            if len(receiver.told) >= 4 and not library.work.due():
                break
            time.sleep(0.05)
        time.sleep(0.3)
        assert len(receiver.told) == 4, "told again until it was taken, and no redirect was followed"
        ids = {headers["webhook-id"] for headers, _ in receiver.told}
        assert len(ids) == 1
        for headers, body in receiver.told:
            signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body.decode()}".encode()
            key = base64.b64decode(secret.removeprefix("whsec_"))
            expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
            assert headers["webhook-signature"] == f"v1,{expected}"
            assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
        event = json.loads(receiver.told[0][1])
        assert (event["type"], event["data"]["id"], event["data"]["state"]) == (
            "job.failed",
            job["id"],
            "failed",
        )
        assert client.delete(f"/v1/webhooks/{made.json()['id']}").status_code == 204
        assert client.delete(f"/v1/webhooks/{made.json()['id']}").status_code == 404


def test_what_nobody_took_is_kept_for_the_next_start(library: Library) -> None:
    hook = library.work.add_webhook("me", "http://127.0.0.1:9/")
    library.work.add_webhook("somebody else", "http://127.0.0.1:9/")
    job = library.work.ask("me", {"paths": []})
    assert library.work.end(job, "done", {}, {"id": job.job_id})
    assert not library.work.end(job, "done", {}, {"id": job.job_id}), "an end is told once"
    (delivery,) = library.work.due()
    assert delivery.hook == hook
    assert not Webhooks(library.work, ["127.0.0.1"]).tell(delivery)
    assert library.work.due() == []
    with library._store.conversing() as connection:
        (row,) = connection.exec_driver_sql("SELECT attempts, next_s FROM deliveries").all()
    assert row[0] == 1
    assert row[1] > time.time() + 5


def test_webhooks_are_their_owners_and_few(library: Library) -> None:
    keys = [library.keys.add(name, scopes=["index"])[1] for name in ("one", "two")]
    reader = library.keys.add("reader")[1]
    with serving(library, webhook_hosts=("127.0.0.1",)) as client:
        body = {"url": "http://127.0.0.1:9/"}
        made = [client.post("/v1/webhooks", json=body, headers=bearer(keys[0])) for _ in range(21)]
        assert [each.status_code for each in made] == [201] * 20 + [400]
        theirs = bearer(keys[1])
        assert client.get("/v1/webhooks", headers=theirs).json()["items"] == []
        assert client.delete(f"/v1/webhooks/{made[0].json()['id']}", headers=theirs).status_code == 404
        assert client.post("/v1/webhooks", json=body, headers=bearer(reader)).status_code == 403
        inside = client.post("/v1/webhooks", json={"url": "http://localhost:1/"}, headers=theirs)
        assert (inside.status_code, "do not reach" in inside.json()["detail"]) == (403, True)
