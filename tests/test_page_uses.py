"""The page's smaller promises, in a real browser: what is cited on screen, names, files to take away, long lists."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from selenium import webdriver
from selenium.webdriver.common.keys import Keys

from longvid import Library
from longvid.engines import Engines
from longvid_storage.db.store import Store
from longvid_storage.types import ScreenText, Utterance, VideoInfo
from media_factory import no_video
from page_tools import (
    SPOKEN,
    Page,
    Served,
    add_bare_cards,
    browser,
    fresh_page,
    make_library,
    wait,
)

pytestmark = pytest.mark.slow
BATS = "How do bats find their way in the dark?"
BOX = (0.25, 0.4, 0.75, 0.6)
LINES, CARDS = 1250, 450


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("uses")


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[Served]:
    place = make_library(folder)
    with Library.open(place, engines=Engines(profile="offline")) as library:
        no_video(folder / "radio.m4a", seconds=20)
        (folder / "radio.srt").write_text("1\n00:00:02,000 --> 00:00:06,000\nThis is the radio.\n")
        skipped = ["screen_text", "sounds", "vectors", "summaries"]
        (report,) = library.index([folder / "radio.m4a"], collection="sound", skip=skipped)
        assert report.status == "indexed"
        animals = library.find("animals").video_id
    with Store.open(place) as store:
        with store.stage(animals, "screen_text", "1") as writer:
            writer.replace_screen_texts([ScreenText(30.0, 34.0, "Octopus anatomy", BOX, 0.99)])
        long = VideoInfo("f" * 64, "long talk", LINES * 2.0, False, False, media_type="transcript")
        store.upsert_video(long, "long")
        lines = [
            Utterance(i * 2.0, i * 2.0 + 1.9, f"number {i} of many", f"Speaker {i // 9 % 2}")
            for i in range(LINES)
        ]
        with store.stage("f" * 64, "transcript", "1") as writer:
            writer.replace_utterances(lines, source="made by a test")
        add_bare_cards(store, CARDS)
    server = Served(place)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def driver(folder: Path) -> Iterator[webdriver.Chrome]:
    with browser(folder / "profile") as chrome:
        saved = {"behavior": "allow", "downloadPath": str(folder / "saved")}
        chrome.execute_cdp_cmd("Browser.setDownloadBehavior", saved)
        yield chrome


@pytest.fixture
def page(served: Served, driver: webdriver.Chrome) -> Iterator[Page]:
    yield from fresh_page(driver, served)


def video_of(served: Served, title: str) -> str:
    return served.library.find(title).video_id


def test_what_is_cited_on_screen_has_a_box_around_it(page: Page) -> None:
    page.open("?view=search&find=anatomy")
    wait(lambda: "anatomy" in page.text(".group mark").lower(), "the words on screen are found")
    page.click(".row.hit")
    page.film()
    wait(lambda: page.there(".box"), "there is a box")
    code = """
    const place = (each) => each.getBoundingClientRect().toJSON();
    return [place(deep('.player > .screen')[0]), place(deep('.box')[0])];
    """
    screen, box = page.run(code)
    edges = (
        (box["left"] - screen["left"]) / screen["width"],
        (box["top"] - screen["top"]) / screen["height"],
        (box["left"] + box["width"] - screen["left"]) / screen["width"],
        (box["top"] + box["height"] - screen["top"]) / screen["height"],
    )
    assert all(abs(a - b) < 0.04 for a, b in zip(edges, BOX, strict=True)), edges


def test_a_cited_part_ends_where_it_ends_and_play_goes_on(page: Page) -> None:
    page.ask(BATS)
    page.click(".chip")
    page.film()
    page.run("deep('longvid-player')[0].setSpeed(2)")
    wait(lambda: "ends here" in page.text(".controls"), "it says that the cited part is over")
    stopped = page.film()
    assert stopped["paused"]
    assert SPOKEN[3][1] - 0.5 < stopped["at_s"] < SPOKEN[3][1] + 1.5
    page.run("deep('video')[0].muted = true")
    page.press("k")
    wait(lambda: page.film()["at_s"] > stopped["at_s"] + 0.5, "play goes on behind it")
    page.press("k")


def test_places_of_one_video_name_it_once(page: Page, served: Served) -> None:
    asked = "How often does Maya speak?"
    claims = served.library.ask(asked).claims
    assert max(len(claim.citations) for claim in claims) > 1
    page.ask(asked)
    counted = (
        "deep('.claims li').map((li) => ['.chip', '.chip .of'].map((of) => li.querySelectorAll(of).length))"
    )
    assert page.run(f"return {counted}") == [
        [len(c.citations), len({p.video_id for p in c.citations})] for c in claims
    ]


def test_a_speaker_gets_a_name_and_has_it_everywhere(page: Page, served: Served) -> None:
    monday = video_of(served, "monday")
    page.open(f"?view=search&video={monday}&t=1")
    wait(lambda: "Jonas" in page.text(".line .speaker"), "speakers are shown")
    page.run("deep('.line .speaker').find((each) => each.innerText === 'Jonas').click()")
    typing = "return deep('.transcript input[name=name]')[0]?.matches(':focus')"
    wait(lambda: page.run(typing), "one can type at once")
    page.one(".transcript input[name=name]").clear()
    page.one(".transcript input[name=name]").send_keys("Joanna", Keys.ENTER)
    wait(lambda: "Joanna" in page.text(".line .speaker"), "the transcript has the new name")
    assert "Jonas" not in page.text(".line")
    first, last = page.all(".line p")[0], page.all(".line p")[1]
    drag = webdriver.ActionChains(page.driver).move_to_element_with_offset(
        first, 5 - first.size["width"] // 2, 0
    )
    drag.click_and_hold().move_to_element(last).release().perform()
    wait(lambda: "2 lines" in page.text(".bar.chosen"), "lines whose text is selected are chosen")
    assert {each.name for each in served.library.speakers(monday)} == {"Maya", "Joanna"}
    served.library.rename_speaker(monday, "Joanna", "Jonas")


def saved(folder: Path, before: set[Path]) -> Path:
    """The file that the browser has saved since, whole."""
    place = folder / "saved"

    def there() -> set[Path]:
        return {each for each in place.glob("*") if each.suffix != ".crdownload"} - before

    (found,) = wait(there, "a file is saved")
    return Path(found)


def test_every_button_to_take_away_gives_its_file(page: Page, served: Served, folder: Path) -> None:
    page.ask(BATS)
    begins = {
        "html": b"<!doctype html>", "md": b"PK", "srt": b"1\n00:00:00", "edl": b"TITLE", "otio": b"{",
        "clip": b"\0\0\0",
    }  # fmt: skip
    page.click(".menu summary")
    for number, (name, start) in enumerate(begins.items()):
        before = set((folder / "saved").glob("*"))
        order = ("html", "md", "clip", "srt", "edl", "otio").index(name)
        page.run("deep('.menu button')[arguments[0]].click()", order + 1)  # the first one copies
        made = saved(folder, before)
        assert made.read_bytes().lower().startswith(start.lower()), f"{number} {name}: {made.name}"
    assert b"echo of their own calls" in next((folder / "saved").glob("*.srt")).read_bytes()
    report = next((folder / "saved").glob("*.html")).read_text()
    link = f"{served.url}?video={video_of(served, 'animals')}&amp;t="
    assert link in report, "who reads the report comes back to the second"
    assert "file://" not in report
    page.open(f"?view=search&video={video_of(served, 'animals')}&t=2&tab=take")
    before = set((folder / "saved").glob("*"))
    page.run("deep('.takes button').find((each) => each.innerText === 'WebVTT').click()")
    assert saved(folder, before).read_text().startswith("WEBVTT")


def test_an_upload_that_a_reload_breaks_off_goes_on_where_it_was(
    page: Page, served: Served, tmp_path: Path
) -> None:
    sent = no_video(tmp_path / "broken off.m4a", seconds=5)
    sent.with_suffix(".srt").write_text("1\n00:00:01,000 --> 00:00:03,000\nThis is the radio.\n")
    free = 20_000_000  # a box of MP4 that holds nothing, so that there is something to send
    with sent.open("ab") as file:
        file.write(free.to_bytes(4, "big") + b"free" + bytes(free - 8))
    page.open("?view=library")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 4_000_000}
    page.driver.execute_cdp_cmd("Network.enable", {})
    page.driver.execute_cdp_cmd("Network.emulateNetworkConditions", slow)
    both = f"{sent.with_suffix('.srt')}\n{sent}"
    page.one(".upload input").send_keys(both)
    wait(lambda: page.run("return deep('.job progress')[0]?.value > 8e6"), "a piece is there")
    page.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {**slow, "uploadThroughput": -1})
    page.driver.refresh()
    wait(lambda: "broken off.m4a" in page.text(".jobs .job"), "it says what was not sent whole")
    page.run(
        "window.from = []; const sends = window.fetch; window.fetch = (url, options) => {"
        " if (options?.method === 'PATCH') window.from.push(Number(options.headers['Upload-Offset']));"
        " return sends(url, options) }"
    )
    page.one(".upload input").send_keys(both)
    wait(lambda: "broken off" in page.text(".card h2"), "its card is there", 90)
    assert page.run("return window.from")[0] >= 8_000_000, "what was there is not sent again"
    source = served.library.show("broken off", lines=False).transcript_source
    assert source == "sidecar:broken off.srt", "what was sent whole before is indexed with it"
    served.library.remove("broken off")


def test_a_folder_that_is_dropped_keeps_its_folders(page: Page, served: Served, tmp_path: Path) -> None:
    for name in ("north", "south"):
        (tmp_path / "tides" / name).mkdir(parents=True)
        said = f"WEBVTT\n\n00:01.000 --> 00:04.000\nThe moon pulls at the {name} sea.\n"
        (tmp_path / "tides" / name / "tide.vtt").write_text(said)
    (tmp_path / "tides" / "film.mp4").write_text("no film")
    page.open("?view=ask")
    page.drop(str(tmp_path / "tides"))
    page.one(".filters input[type=search]").send_keys("tide")
    wait(lambda: "tide (south)" in page.text(".card h2"), "the cards are there, in the library")
    assert "tide (north)" in page.text(".card h2")
    assert "text file, not media" in page.text(".jobs .fault")
    assert "was not sent whole" not in page.text(".jobs"), "what was refused is not to be sent again"
    page.click("a[href*='view=ask'], a[href='./']")
    told = f"all {len(served.library.videos())} videos"
    wait(lambda: told in page.text(".scope b"), "those of no collection are counted")
    for name in ("north", "south"):
        served.library.remove(f"tide ({name})" if name == "north" else "tide")


def test_what_is_counted_follows_a_job_that_ends_while_another_view_is_shown(
    page: Page, served: Served, tmp_path: Path
) -> None:
    before = len(served.library.videos())
    (tmp_path / "late.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:04.000\nThis comes late.\n")
    page.open("?view=library")
    wait(lambda: "long talk" in page.text(".card h2") and page.there(".door"), "files can be let go there")
    page.drop(str(tmp_path / "late.vtt"))
    wait(lambda: len(served.library.videos()) == before + 1, "it is in, and the page has not looked yet")
    page.click("a[href*='view=ask'], a[href='./']")
    wait(lambda: f"all {before + 1} videos" in page.text(".scope b"), "it is counted")
    served.library.remove("late")


def test_who_makes_the_first_key_is_not_locked_out(page: Page, served: Served) -> None:
    page.open("?view=admin")
    page.one(".admin [name=name]").send_keys("mine", Keys.ENTER)
    wait(lambda: page.text(".made code").startswith("lv_"), "the key is shown")
    try:
        wait(lambda: "mine" in page.text(".admin td"), "and listed, so the page goes on with it")
        page.driver.refresh()
        wait(lambda: "mine" in page.text(".admin td"), "after a reload, too")
    finally:
        for key in served.library.keys.listed():
            served.library.keys.revoke(key.key_id)
        page.driver.delete_all_cookies()


def test_sound_alone_and_words_alone_have_a_view_of_their_own(page: Page, served: Served) -> None:
    page.open(f"?view=search&video={video_of(served, 'radio')}&t=3")
    wait(lambda: page.there(".player.audio"), "it is a view of sound")
    wait(lambda: "This is the radio" in page.text(".paper blockquote"), "what is said is shown")
    page.press("k")
    wait(lambda: page.run("return deep('video')[0].currentTime > 3.2"), "the sound is heard")
    page.press("k")
    page.open(f"?view=search&video={video_of(served, 'monday')}&t=7")
    wait(lambda: page.there(".player.text"), "it is a view of words")
    assert not page.there("video")
    wait(lambda: "migration plan" in page.text(".paper blockquote"), "the line of that second is shown")
    page.run("deep('.line .time')[2].click()")
    wait(lambda: "budget" in page.text(".paper blockquote"), "a click on a line goes there")


def test_picture_in_picture_and_back(page: Page, served: Served) -> None:
    page.open(f"?view=search&video={video_of(served, 'animals')}&t=2")
    page.film()
    if not page.run("return document.pictureInPictureEnabled"):
        assert not page.there("button[title*='Picture in picture']"), "a button that could do nothing"
        return
    page.click("button[title*='Picture in picture']")
    wait(lambda: page.run("return Boolean(document.pictureInPictureElement)"), "the picture is outside")
    page.click("button[title*='Picture in picture']")
    wait(lambda: page.run("return !document.pictureInPictureElement"), "the picture is back")


def test_the_line_of_a_link_is_in_view_on_a_slow_machine_too(page: Page) -> None:
    page.driver.execute_cdp_cmd("Emulation.setCPUThrottlingRate", {"rate": 6})
    try:
        page.open(f"?view=search&video={'f' * 64}&t=36")
        wait(lambda: "number 18 of" in page.text(".line[aria-current]"), "its line is marked")
        within = """
            const box = (selector) => deep(selector)[0].getBoundingClientRect();
            const [line, list] = [box('.line[aria-current]'), box('.lines')];
            return line.top >= list.top && line.bottom <= list.bottom"""
        wait(lambda: page.run(within), "and in view")
    finally:
        page.driver.execute_cdp_cmd("Emulation.setCPUThrottlingRate", {"rate": 1})


def test_the_scope_opens_where_there_is_room(page: Page) -> None:
    for view in ("", "?view=search"):
        page.open(view)
        page.click(".scope > .quiet")
        wait(lambda: page.there(".scope .sheet"), "the sheet is open")
        top, under = page.run(
            "return [deep('.scope .sheet')[0], deep('.top')[0]].map((each) => each.getBoundingClientRect())"
            ".map((box, i) => (i ? box.bottom : box.top))"
        )
        assert top >= under, "nothing of it lies under the head of the page"


def test_the_last_line_and_the_last_card_are_reached(page: Page, served: Served) -> None:
    page.open(f"?view=search&video={'f' * 64}&t=1")
    wait(lambda: "number 0 of many" in page.text(".line p"), "the first lines are there")
    page.run("deep('.lines')[0].dispatchEvent(new WheelEvent('wheel'))")
    end = "const [list] = deep(arguments[0]); list.scrollTop = list.scrollHeight"
    wait(
        lambda: page.run(end, ".lines") or f"number {LINES - 1} of many" in page.text(".line p"),
        "the last line",
    )
    assert len(page.all(".line")) < LINES / 2, "only what is near the window is in the page"
    assert len(page.all(".lines .block")) < LINES / 20, "and not even the blocks of what is far from it"
    page.one(".transcript input[type=search]").send_keys("NUMBER 207 of")
    wait(lambda: "1 of 1" in page.text(".transcript output"), "it is found in a part that was not loaded")
    page.press(Keys.ENTER)
    wait(lambda: "number 207 of" in page.text(".line.hit p"), "and shown")
    page.run("deep('longvid-player')[0].go(600.5, false)")
    page.run("deep('.transcript .bar .quiet').at(-1).click()")
    wait(lambda: "number 300 of" in page.text(".line[aria-current]"), "it follows into another part")
    page.open("?view=library&collection=many")
    wait(lambda: "talk 0000" in page.text(".card h2"), "the first cards are there")
    assert f"{CARDS} videos" in page.text(".library .told")
    last = f"talk {CARDS - 1:04}"
    wait(lambda: page.run(end, ".cards") or last in page.text(".card h2"), "the last card")
    assert len(page.all(".card")) < CARDS / 2


# What a host does for an app (MCP Apps, 2026-01-26): shows it in a frame without rights, and hears what it asks for.
HOST = """
document.body.replaceChildren();
window.asked = [];
const frame = document.createElement('iframe');
frame.sandbox = 'allow-scripts';
frame.srcdoc = arguments[0];
addEventListener('message', ({data, source}) => source === frame.contentWindow && window.asked.push(data));
window.answer = (message) => frame.contentWindow.postMessage(message, '*');
document.body.append(frame);
"""


def test_the_player_of_moments_works_in_a_host(served: Served, driver: webdriver.Chrome) -> None:
    def call(method: str, params: dict[str, Any]) -> dict[str, Any]:
        headers = {"Accept": "application/json, text/event-stream"}
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        told: dict[str, Any] = httpx.post(f"{served.url}mcp", json=body, headers=headers, timeout=60).json()
        return told["result"]

    (app,) = call("resources/read", {"uri": "ui://longvid/moment"})["contents"]
    assert app["mimeType"] == "text/html;profile=mcp-app"
    found = call("tools/call", {"name": "search", "arguments": {"query": "bats dark echo"}})[
        "structuredContent"
    ]
    hit = found["hits"][0]
    driver.get("about:blank")
    driver.execute_script(HOST, app["text"])
    links: list[str] = []
    heard: list[str] = []

    def host() -> list[str]:
        """Answer what the app has asked for by now; the pages that it wanted opened."""
        for message in driver.execute_script("return window.asked.splice(0)"):
            method, params = message["method"], message.get("params", {})
            heard.append(method)
            result: dict[str, Any] = {}
            if method == "ui/initialize":
                assert {"protocolVersion", "appInfo", "appCapabilities"} <= params.keys()
                result = {
                    "protocolVersion": params["protocolVersion"], "hostInfo": {"name": "test", "version": "1"},
                    "hostCapabilities": {"serverResources": {}, "openLinks": {}}, "hostContext": {},
                }  # fmt: skip
            elif method == "resources/read":
                result = call(method, params)
            elif method == "ui/open-link":
                links.append(params["url"])
            elif method == "ui/notifications/initialized":
                shown = {"method": "ui/notifications/tool-result", "params": {"structuredContent": found}}
                driver.execute_script("window.answer(arguments[0])", {"jsonrpc": "2.0", **shown})
            if "id" in message:
                answer = {"jsonrpc": "2.0", "id": message["id"], "result": result}
                driver.execute_script("window.answer(arguments[0])", answer)
        return links

    def inside(code: str) -> Any:
        host()
        driver.switch_to.frame(0)
        try:
            return driver.execute_script(code)
        finally:
            driver.switch_to.default_content()

    film = (
        "const film = document.querySelector('video');"
        " return film.readyState >= 2 && [film.currentTime, film.duration]"
    )
    at_s, lasts_s = wait(lambda: inside(film), "the clip is there")
    assert abs(at_s - 2) < 0.3, "it opens where the hit begins"
    assert lasts_s > 4
    assert "echo of their own calls" in inside("return document.querySelector('blockquote').textContent")
    assert heard[0] == "ui/initialize"
    assert "ui/notifications/size-changed" in heard
    inside("[...document.querySelectorAll('button')].at(-1).click()")
    wait(host, "the host is asked to open the page")
    assert links == [hit["url"]]
    driver.execute_script(
        "window.answer({jsonrpc: '2.0', id: 99, method: 'ui/resource-teardown', params: {}})"
    )
    goes = "return window.asked.some((each) => each.id === 99 && each.result)"
    wait(lambda: driver.execute_script(goes), "it agrees to go")
