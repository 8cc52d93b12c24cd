"""The page in Debian's Chromium: a small real library behind the real server, and what a person does with it."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
from selenium import webdriver
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from longvid import Library
from longvid.engines import Engines
from longvid.server.app import create_app
from longvid.server.settings import ServerSettings
from longvid_storage.db.store import Store
from longvid_storage.types import VideoInfo
from media_factory import write_video
from openai_server import coded
from serve_tools import free_port

RATE = 10
"""Frames a second of ``film``: the picture of frame n carries n in its pixels."""

SPOKEN = (
    (2.0, 5.0, "Good morning, this is a film about animals and their ways."),
    (8.4, 12.0, "The blue whale is the heaviest animal that ever lived."),
    (15.0, 19.0, "A swift can stay in the air for ten months."),
    (21.7, 26.0, "Bats find their way in the dark by the echo of their own calls."),
    (30.3, 34.0, "An octopus has three hearts and blue blood."),
)
MEETING = """WEBVTT

00:00:01.000 --> 00:00:05.000
<v Maya>We decided to move the launch to the seventeenth of March.

00:00:06.000 --> 00:00:10.000
<v Jonas>I will send the migration plan to everyone by Friday.

00:00:11.000 --> 00:00:15.000
<v Maya>The budget for the new database is nine thousand euros.
"""
HOSTILE = """WEBVTT

00:00:01.000 --> 00:00:05.000
<v Mallory>The budget report says &lt;img src=x onerror="window.pwned=1"&gt; in its title.

00:00:06.000 --> 00:00:10.000
<v Mallory>&lt;script&gt;window.pwned=2&lt;/script&gt; javascript:window.pwned=3 ${window.pwned=4} {{constructor}}

00:00:11.000 --> 00:00:15.000
<v Mallory>‮ reversed budget &lt;/textarea&gt;&lt;svg onload=window.pwned=5&gt;

00:00:16.000 --> 00:00:20.000
התקציב, the budget report of which nobody tells.
"""
HOSTILE_TITLE = "<img src=x onerror=window.pwned=9>"


def film(path: Path, seconds: int = 40) -> Path:
    """A film whose every frame says its number, with subtitles beside it."""
    frames = (coded(n) for n in range(seconds * RATE))
    hum = 0.05 * np.sin(np.arange(seconds * 16_000) / 25).astype(np.float32)
    write_video(path, frames, RATE, gop=50, audio=hum, crf=20)
    lines = [
        f"{i}\n{clock(a)} --> {clock(b)}\n{text}\n" for i, (a, b, text) in enumerate(SPOKEN, 1) if b < seconds
    ]
    path.with_suffix(".srt").write_text("\n".join(lines))
    return path


_MADE: list[Path] = []


def clock(at_s: float) -> str:
    return f"00:00:{int(at_s):02},{round(at_s % 1 * 1000):03}"


def make_library(folder: Path) -> Path:
    """Three collections: films, meetings, and one whose words are an attack; made once, and copied from then on."""
    place = folder / "library"
    if _MADE:
        shutil.copytree(_MADE[0], place)
        return place
    for name in ("films", "meetings", "hostile"):
        (folder / name).mkdir(parents=True)
    film(folder / "films" / "animals.mp4")
    (folder / "meetings" / "monday.vtt").write_text(MEETING)
    (folder / "hostile" / f"{HOSTILE_TITLE}.vtt").write_text(HOSTILE)
    with Library.open(place, create=True, engines=Engines(profile="offline")) as library:
        for name in ("films", "meetings", "hostile"):
            reports = library.index([folder / name], collection=name, skip=["screen_text", "sounds"])
            assert [report.status for report in reports] == ["indexed"], reports
    _MADE.append(shutil.copytree(place, folder / "as made"))
    return place


class Served:
    """A library behind the server; ``restart`` lets it go and comes back at the same address."""

    def __init__(self, place: Path, **settings: Any) -> None:
        self.port = free_port()
        self.url = f"http://localhost:{self.port}/"
        self.place, self._settings = place, settings
        self.start()

    def start(self) -> None:
        self.library = Library.open(self.place, engines=Engines(profile="offline"))
        app = create_app(self.library, ServerSettings(port=self.port, **self._settings))
        config = uvicorn.Config(
            app, host="127.0.0.1", port=self.port, log_level="error", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        wait(lambda: self._server.started, "the server starts")

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(20)
        self.library.close()

    def restart(self) -> None:
        self.stop()
        self.start()


def wait(true: Callable[[], Any], what: str, most_s: float = 30.0) -> Any:
    """What ``true`` returns, once it is."""
    until = time.monotonic() + most_s
    while time.monotonic() < until:
        found = true()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"it did not come to pass that {what}")


# Elements of all shadow trees that fit, in the order of the page.
_DEEP = """
const found = [];
const walk = (node) => { for (const each of node.querySelectorAll('*')) {
  if (each.matches(arguments[0])) found.push(each);
  if (each.shadowRoot) walk(each.shadowRoot);
} };
walk(document);
"""
# The number in the film's picture, read as ``openai_server.code_of`` reads it.
_CODE = """
const canvas = document.createElement('canvas');
[canvas.width, canvas.height] = [320, 180];
const pen = canvas.getContext('2d', {willReadFrequently: true});
pen.drawImage(film, 0, 0, 320, 180);
let code = 0;
for (let i = 0; i < 16; i++) {
  const x = (2 * (i % 4) + 1) / 8 * 320, y = (2 * Math.floor(i / 4) + 1) / 8 * 180;
  if (pen.getImageData(x, y, 1, 1).data[0] > 127) code += 2 ** i;
}
"""


class Page:
    """A browser on the page."""

    def __init__(self, driver: webdriver.Chrome, url: str) -> None:
        self.driver, self.url = driver, url

    def open(self, address: str = "") -> None:
        self.driver.get(
            "about:blank"
        )  # an address that differs only in its query would keep the page's state
        self.driver.get(self.url + address)
        wait(lambda: self.all("main"), "the page is there")

    def all(self, selector: str) -> list[WebElement]:
        return list(self.driver.execute_script(_DEEP + "return found", selector))

    def one(self, selector: str) -> WebElement:
        return wait(lambda: self.all(selector), f"there is {selector}")[0]

    def there(self, selector: str) -> bool:
        return bool(self.all(selector))

    def run(self, code: str, *arguments: Any) -> Any:
        """JavaScript in which ``deep(selector)`` is a list of elements."""
        deep = f"const deep = (...wanted) => (function () {{{_DEEP} return found}})(...wanted);"
        return self.driver.execute_script(deep + code, *arguments)

    def text(self, selector: str) -> str:
        code = "return deep(arguments[0]).map((each) => each.innerText).join(' ')"
        return str(self.run(code, selector))

    def click(self, selector: str) -> None:
        element = self.one(selector)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def press(self, *keys: str) -> None:
        """Keys to whatever has the focus."""
        webdriver.ActionChains(self.driver).send_keys(*keys).perform()

    def ask(self, question: str) -> None:
        self.one("textarea").send_keys(question, Keys.ENTER)
        wait(lambda: self.there(".turn .foot"), "the question is answered")

    def address(self) -> str:
        return str(self.driver.current_url.removeprefix(self.url))

    def drop(self, *paths: str) -> None:
        """Files and folders, let go in the middle of the page."""
        data = {"items": [], "files": list(paths), "dragOperationsMask": 1}
        for what in ("dragEnter", "dragOver", "drop"):
            told = {"type": what, "x": 600, "y": 400, "data": data}
            self.driver.execute_cdp_cmd("Input.dispatchDragEvent", told)

    def film(self) -> dict[str, Any]:
        """Where the film is, and which picture it shows (the frame's number)."""
        # A film has a picture before the page has heard of it and gone where it was asked to go.
        code = "const [film] = deep('video'); if (!film || film.seeking || film.readyState < 2) return null;"
        code += "if (film.getRootNode().host?.wanted) return null;"
        tell = "return {at_s: film.currentTime, code, paused: film.paused}"
        return wait(lambda: self.run(code + _CODE + tell), "the film is where it was asked to be")

    def faults(self) -> list[str]:
        """What the browser's console says of errors that are no answers of the server."""
        log = self.driver.get_log("browser")
        return [each["message"] for each in log if "Failed to load resource" not in each["message"]]


@contextmanager
def browser(profile: Path, width: int = 1280, height: int = 800) -> Iterator[webdriver.Chrome]:
    """Chromium without a window, with nothing of its own on the network."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for argument in (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--disable-dev-shm-usage", f"--window-size={width},{height}", f"--user-data-dir={profile}",
    ):  # fmt: skip
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    try:
        driver.set_script_timeout(60)
        size(driver, width, height)
        yield driver
    finally:
        driver.quit()


def size(driver: webdriver.Chrome, width: int, height: int = 800) -> None:
    """So large is the page; a headless window itself can't be as narrow as a phone."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def scheme(driver: webdriver.Chrome, name: str) -> None:
    """``light`` or ``dark``, as the system would say."""
    features = [{"name": "prefers-color-scheme", "value": name}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def fresh_page(driver: webdriver.Chrome, served: Served) -> Iterator[Page]:
    """The page as somebody opens it who was never here; nothing in it may have failed at the end."""
    size(driver, 1280)
    page = Page(driver, served.url)
    page.open()
    driver.execute_script("localStorage.clear(); sessionStorage.clear()")
    yield page
    assert not page.faults()


def add_bare_cards(store: Store, count: int) -> None:
    """So many videos that are nothing but their card, in the collection "many"."""
    for i in range(count):
        about = VideoInfo(f"{i:064x}", f"talk {i:04}", 60.0 + i, False, False, media_type="transcript")
        store.upsert_video(about, "many")
