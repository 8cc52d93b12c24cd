"""The example product, started by its one command: who was in a meeting finds it, nobody else learns of it."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, str(ROOT / "examples" / "meeting_archive" / "app.py"), "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            _wait(url, process)
            yield url
        finally:
            process.terminate()


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(1200):
        assert process.poll() is None, "the example ended"
        try:
            httpx.get(f"{url}/login")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the example does not answer")


@contextmanager
def logged_in(url: str, tenant: str, login: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, follow_redirects=True, timeout=60) as client:
        page = client.post("/login", data={"tenant": tenant, "login": login, "password": "demo"})
        assert page.status_code == 200
        yield client


def meetings(client: httpx.Client) -> dict[str, str]:
    """Title → address."""
    listed = client.get("/").text.split("<h2>Meetings you attended</h2>")[1]
    return {title: link for link, title in re.findall(r"<a href='([^']+)'>([^<]+)</a>", listed)}


def test_nobody_gets_in_without_a_password(url: str) -> None:
    with httpx.Client(base_url=url) as client:
        assert client.get("/").headers["location"] == "/login"
        for tenant, login, password in (
            ("alder", "maya", "no"),
            ("birch", "maya", "demo"),
            ("", "x", "demo"),
        ):
            form = {"tenant": tenant, "login": login, "password": password}
            assert client.post("/login", data=form).status_code in (401, 422)


@pytest.mark.parametrize(
    ("tenant", "login", "sees"),
    [
        (
            "alder",
            "maya",
            ["2026-03-02 Harbour planning", "2026-03-09 Payroll review", "2026-03-16 Ferry call"],
        ),
        ("alder", "jonas", ["2026-03-02 Harbour planning", "2026-03-16 Ferry call"]),
        ("alder", "otto", ["2026-03-09 Payroll review"]),
        ("birch", "lena", ["2026-03-11 Nurses rota"]),
    ],
)
def test_attendance_decides_what_is_seen(url: str, tenant: str, login: str, sees: list[str]) -> None:
    with logged_in(url, tenant, login) as client:
        assert list(meetings(client)) == sees


def test_an_answer_links_to_the_second_where_it_is_said(url: str) -> None:
    with logged_in(url, "alder", "jonas") as client:
        page = client.get("/", params={"q": "How much may the stage cost?"}).text
        assert "nine thousand euros" in page
        link = re.search(r"<a href='(/meetings/[^']+)'>2026-03-02 Harbour planning @", page)
        assert link is not None
        marked = re.search(r"<mark>(.*?)</mark>", client.get(link[1]).text)
        assert marked is not None
        assert "stage may cost at most nine thousand euros" in marked[1]


def test_what_one_was_no_part_of_cannot_be_found_or_opened(url: str) -> None:
    with logged_in(url, "alder", "maya") as maya:
        payroll = meetings(maya)["2026-03-09 Payroll review"]
        assert "four percent" in maya.get("/", params={"q": "Which raise does the night shift get?"}).text
    for tenant, login in (("alder", "jonas"), ("birch", "ines")):
        with logged_in(url, tenant, login) as client:
            page = client.get("/", params={"q": "Which raise does the night shift get?"}).text
            assert "percent" not in page
            assert "Payroll" not in page
            assert "Otto" not in page
            foreign = client.get(payroll)
            missing = client.get(f"/meetings/{'0' * 64}?t=1")
            assert foreign.status_code == missing.status_code == 404
            assert foreign.text == missing.text


def test_logging_out_ends_it(url: str) -> None:
    with logged_in(url, "birch", "samir") as client:
        assert "Clinic opening" in client.get("/").text
        client.post("/logout")
        assert "Clinic opening" not in client.get("/").text
