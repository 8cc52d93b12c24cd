"""The page as a person uses it, in a real browser, on a real server and library."""

from __future__ import annotations

import functools
import http.server
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.keys import Keys

from page_tools import (
    HOSTILE_TITLE,
    RATE,
    SPOKEN,
    Page,
    Served,
    browser,
    film,
    fresh_page,
    make_library,
    scheme,
    size,
    wait,
)
from serve_tools import free_port

pytestmark = pytest.mark.slow
AXE = Path(__file__).parent / "axe" / "axe.min.js"
BATS = "How do bats find their way in the dark?"
BATS_S = SPOKEN[3][0]


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *told: object) -> None:
        """Not in the tests' output."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[Served]:
    server = Served(make_library(folder))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def driver(folder: Path) -> Iterator[webdriver.Chrome]:
    with browser(folder / "profile") as chrome:
        yield chrome


@pytest.fixture
def page(served: Served, driver: webdriver.Chrome) -> Iterator[Page]:
    yield from fresh_page(driver, served)


def video_of(served: Served, title: str) -> str:
    return next(video.video_id for video in served.library.videos() if video.title == title)


def test_a_click_on_a_citation_plays_the_very_second(page: Page, served: Served) -> None:
    page.open()
    page.ask(BATS)
    citation = served.library.ask(BATS).claims[0].citations[0]
    start_s = getattr(citation, "play_s", citation.start_s)
    assert abs(citation.start_s - BATS_S) < 0.3
    page.run(
        "window.seen = []; document.addEventListener('longvid-time', () => {"
        "const [film] = deep('video');"
        "if (film && !film.seeking && film.readyState >= 2 && film.currentTime) window.seen.push(film.currentTime)})"
    )
    page.click(".chip")
    wait(lambda: page.run("return window.seen.length"), "the film plays")
    assert abs(page.run("return window.seen[0]") - start_s) < 0.3
    page.run("deep('video')[0].pause()")
    shown = page.film()
    assert abs(shown["code"] / RATE - shown["at_s"]) <= 1.5 / RATE, "the picture is another second's"
    line = page.one(".line.cited").text
    assert "Bats find their way" in line
    assert re.search(r"video=\w+&t=|t=[\d.,]+&", page.address())


def test_claims_are_shown_before_the_answer_is_whole(page: Page) -> None:
    page.open()
    page.run(
        "window.seen = []; const part = deep('longvid-answer')[0]; const heard = part.heard;"
        "part.heard = async function (turn, event, data) { heard.call(part, turn, event, data);"
        "  await 0; await part.updateComplete;"
        "  window.seen.push([event, deep('.claims li').length, deep('.working').length]) }"
    )
    page.ask(BATS)
    seen = page.run("return window.seen")
    assert [event for event, *_ in seen][-1] == "answer"
    assert "step" in [event for event, *_ in seen]
    assert any(event == "claim" and claims and working for event, claims, working in seen)


def test_what_is_not_in_there_says_where_was_looked_and_what_is_nearest(page: Page) -> None:
    page.open("?collection=meetings")
    page.ask("Who painted the ceiling of the Sistine Chapel?")
    said = page.text(".nothing")
    assert "does not contain" in said
    assert "meetings" in said or "Looked through 1 video" in said
    assert not page.there(".claims")
    page.click(".trail summary")
    assert page.text(".trail li")


def test_a_conversation_goes_on_and_is_kept(page: Page, served: Served) -> None:
    page.open()
    page.ask("Who will send the migration plan?")
    page.one("textarea").send_keys("And by when?", Keys.ENTER)
    wait(lambda: len(page.all(".turn .foot")) == 2, "the second question is answered")
    address = page.address()
    page.open(address)
    wait(lambda: len(page.all(".turn")) == 2, "the conversation is read back")
    page.open()
    page.click(".sessions .row")
    wait(lambda: len(page.all(".turn")) == 2, "the conversation is gone on with")
    page.open()
    page.click(".sessions .pen")
    page.one(".sessions input").clear()
    page.one(".sessions input").send_keys("kick-off", Keys.ENTER)
    wait(lambda: "kick-off" in page.text(".sessions .row"), "the conversation has its new name")
    page.click(".sessions .row")
    wait(lambda: len(page.all(".turn")) == 2, "and is gone on with under it")
    page.open()
    for _ in range(len(served.library.chats())):
        before = len(page.all(".sessions li"))
        page.click(".sessions .trash")
        page.driver.switch_to.alert.accept()
        wait(lambda held=before: len(page.all(".sessions li")) < held, "the conversation is deleted")
    assert not served.library.chats()


def test_the_transcript_follows_until_somebody_scrolls(page: Page, served: Served) -> None:
    size(page.driver, 1280, 560)
    page.open(f"?video={video_of(served, 'animals')}&t=2")
    wait(lambda: page.all(".line[aria-current]"), "the line is marked")

    def marks(second: float, word: str) -> None:
        page.run("deep('longvid-player')[0].go(arguments[0], false)", second)
        wait(lambda: abs(page.film()["at_s"] - second) < 0.2, "the film is there")
        wait(lambda: word in page.text(".line[aria-current]"), f"the line with {word} is marked")

    marks(9.0, "heaviest")
    list_ = page.one(".lines")
    webdriver.ActionChains(page.driver).scroll_from_origin(
        webdriver.common.actions.wheel_input.ScrollOrigin.from_element(list_), 0, -300
    ).perform()
    wait(lambda: page.text(".transcript .bar .quiet") == "Back to now", "it stops following")
    top = page.run("return deep('.lines')[0].scrollTop")
    marks(31.0, "octopus")
    assert page.run("return deep('.lines')[0].scrollTop") == top
    page.click(".transcript .bar .quiet")
    wait(lambda: page.text(".transcript .bar .quiet") == "Following", "it follows again")
    page.run("deep('.line')[1].querySelector('.time').click()")
    wait(lambda: abs(page.film()["at_s"] - SPOKEN[1][0]) < 1.5, "a click on a line goes there")


def test_a_link_opened_fresh_is_the_same_place(page: Page, served: Served) -> None:
    page.open(f"?view=search&find=octopus&video={video_of(served, 'animals')}&t=21.7,26")
    shown = page.film()
    assert abs(shown["at_s"] - 21.7) < 0.05
    assert shown["paused"]
    assert abs(shown["code"] / RATE - 21.7) <= 1.5 / RATE
    wait(lambda: page.text(".group mark"), "the search is there too")
    page.run("deep('longvid-player')[0].go(30.3, false)")
    page.click("a[href*='view=library']")
    wait(lambda: page.there(".card"), "the library is there")
    assert "t=30.3" in page.address(), "where the player is by now"
    page.driver.back()
    wait(lambda: page.there("longvid-search"), "back is back")


def test_filters_say_and_do_the_same(page: Page) -> None:
    page.open("?view=library")
    wait(lambda: len(page.all(".card")) == 3, "every video has a card")
    page.run(
        "const [s] = deep('.filters select'); s.value = 'meetings'; s.dispatchEvent(new Event('change'))"
    )
    wait(lambda: page.text(".card h2") == "monday", "one is left")
    assert "collection=meetings" in page.address()
    page.click("a[href*='view=search']")
    box = page.one(".search input[type=search]")
    box.send_keys("animal")
    wait(lambda: page.text(".search .told").strip(), "something is told")
    assert "animals" not in page.text(".group h2")
    assert "1 video in meetings" in page.text(".scope b")
    box.send_keys(*[Keys.BACKSPACE] * 6)
    box.send_keys("deciding")
    wait(
        lambda: "decided" in [mark.text for mark in page.all(".group mark")],
        "learning finds and marks learned",
    )
    box.send_keys(*[Keys.BACKSPACE] * 8)
    box.send_keys("budgets")
    wait(lambda: "budget" in [mark.text for mark in page.all(".group mark")], "forms of the word are marked")
    page.click(".choice button:nth-child(2)")
    wait(lambda: "1 mention" in page.text(".search .told"), "mentions are counted")


def test_everything_by_keyboard(page: Page) -> None:
    page.open()
    page.press("?")
    wait(lambda: page.there("dialog[open]"), "the sheet is there")
    page.press(Keys.ESCAPE)
    wait(lambda: not page.there("dialog[open]"), "the sheet is gone")
    page.press("/")
    wait(lambda: page.run("return deep('textarea')[0].matches(':focus')"), "the box has the focus")
    page.press(BATS, Keys.ENTER)
    wait(lambda: page.there(".turn .foot"), "the question is answered")
    for _ in range(40):
        page.press(Keys.SHIFT + Keys.TAB) if page.run(
            "return deep('textarea')[0].matches(':focus')"
        ) else None
        if page.run("return deep('.chip')[0].matches(':focus')"):
            break
        page.press(Keys.TAB)
    page.run("deep('.chip')[0].focus()") if not page.run(
        "return deep('.chip')[0].matches(':focus')"
    ) else None
    assert page.there(".card-over"), "what has the focus shows its quote"
    page.press(Keys.ENTER)
    wait(lambda: page.film()["at_s"] > 20, "Enter plays it")
    page.press("k")
    wait(lambda: page.film()["paused"], "k holds it")
    before = page.film()["code"]
    for step in (1, 2, 1):
        page.press("," if step == 1 and page.film()["code"] > before else ".")
        wait(lambda at=before + step: page.film()["code"] == at, "it is the next frame, or the one before")
    page.run("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.press("u")
    wait(lambda: page.text(".told.float"), "the link is copied, without HTTPS too")
    page.press("/")
    pasting = webdriver.ActionChains(page.driver).key_down(Keys.CONTROL).send_keys("v")
    pasting.key_up(Keys.CONTROL).perform()
    link = wait(lambda: page.run("return deep('textarea')[0].value"), "and pasted")
    assert abs(float(link.partition("&t=")[2]) - page.film()["at_s"]) < 0.01, "a link to this very second"
    page.run("deep('textarea')[0].blur()")
    page.press("c")
    wait(lambda: page.there(".captions") and "Bats" in page.text(".captions"), "captions are shown")
    page.press("x")
    wait(lambda: not page.there("video"), "the video is closed")


VIEWS = ("", "?view=search&find=budget", "?view=library", "?view=admin", "?q=Who+sends+the+migration+plan%3F")
TABS = ("transcript", "slides", "summary", "take")


def views(served: Served) -> list[str]:
    animals = video_of(served, "animals")
    return [*VIEWS, *(f"?view=search&video={animals}&t=22&tab={tab}" for tab in TABS)]


def settled(page: Page) -> None:
    wait(
        lambda: not page.there(".spin") and (page.there(".foot") or "q=" not in page.address()),
        "the view is whole",
    )


def fits_a_phone(page: Page, view: str) -> None:
    size(page.driver, 320, 640)
    for direction in ("rtl", "ltr"):
        page.run("document.documentElement.dir = arguments[0]", direction)
        wide = page.run("return document.documentElement.scrollWidth")
        assert wide <= 320, f"{view} is {wide} pixels wide, {direction}"
        hidden = page.run("return deep('.tabs').some((each) => each.scrollWidth > each.clientWidth)")
        assert not hidden, "every tab is seen"
    if "library" in view:
        assert page.run("return deep('.cards')[0].clientHeight") > 320, "most of it are the cards"
    size(page.driver, 1280)


def serious(page: Page) -> dict[str, list[str]]:
    """The serious faults that axe finds in what is shown."""
    result = page.driver.execute_async_script(
        "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then(done)"
    )
    faults = [fault for fault in result["violations"] if fault["impact"] in {"serious", "critical"}]
    return {fault["id"]: [node["html"][:200] for node in fault["nodes"][:3]] for fault in faults}


def test_every_view_fits_a_phone_and_axe_finds_no_serious_fault(page: Page, served: Served) -> None:
    for view in views(served):
        page.open(view)
        settled(page)
        fits_a_phone(page, view)
        page.driver.execute_script(AXE.read_text())
        for colours in ("dark", "light"):
            scheme(page.driver, colours)
            assert not serious(page), f"{view}, {colours}"


def test_what_is_said_and_titles_stay_text(page: Page, served: Served) -> None:
    attack = video_of(served, HOSTILE_TITLE)
    for view in ("?view=library", "?view=search&find=budget+report", "?q=What+does+the+budget+report+say%3F"):
        page.open(f"{view}&video={attack}&t=1")
        settled(page)
        wait(lambda: "<img src=x onerror" in page.text(".line p"), "the words are shown as they are")
        page.press("c")
        assert page.run("return window.pwned ?? 0") == 0
        assert not page.run("return deep('img[src=x], svg[onload]').length")
        assert page.run("return deep('script').length") == 1
        if "search" in view:
            code = "return deep('.line-of').find((e) => e.innerText.includes('התקציב'))"
            direction = page.run(f"{code} && getComputedStyle({code[7:]}).direction")
            assert direction == "rtl", "the word before it says how it was found, and is none of its own"
    assert HOSTILE_TITLE in page.text(".watch h2")


def test_a_key_of_one_collection_sees_that_and_nothing_else(
    page: Page, served: Served, tmp_path: Path
) -> None:
    key, secret = served.library.keys.add("films only", collections=["films"])
    try:
        page.open("?view=library")
        page.one("input[name=key]").send_keys(secret, Keys.ENTER)
        wait(lambda: page.there(".card"), "the library is there")
        assert page.text(".card h2") == "animals"
        assert "meetings" not in page.text(".filters select")
        assert not page.there("longvid-jobs")
        wait(lambda: page.run("return deep('.card img')[0].naturalWidth"), "pictures come by the cookie")
        page.click(".card .picture")
        assert page.film()["code"] == 0
        page.open(f"?video={video_of(served, 'monday')}")
        wait(
            lambda: page.there(".fault") or "no video" in page.text(".watch"), "a foreign video is not there"
        )
        assert "migration" not in page.text(".watch")
    finally:
        served.library.keys.revoke(key.key_id)
        page.driver.delete_all_cookies()


def test_a_file_is_sent_indexed_and_played(page: Page, served: Served, tmp_path: Path) -> None:
    sent = film(tmp_path / "sent film.mp4", seconds=14)
    page.open("?view=library")
    page.one("[name=into]").send_keys("sent")
    page.one(".upload input").send_keys(str(sent))
    wait(lambda: "sent film" in page.text(".card h2"), "its card is there", 90)
    assert "sent" in [each.name for each in served.library.collections()]
    page.run("deep('.card .picture').find((b) => b.ariaLabel.includes('sent film')).click()")
    page.run("deep('longvid-player')[0].go(12.3, false)")
    shown = page.film()
    assert abs(shown["code"] / RATE - shown["at_s"]) <= 1.5 / RATE


def test_the_page_goes_on_after_the_server_was_away(page: Page, served: Served) -> None:
    page.open()
    page.ask(BATS)
    served.restart()
    page.one("textarea").send_keys("What has three hearts?", Keys.ENTER)
    wait(lambda: len(page.all(".turn .foot")) == 2, "the next question is answered")
    assert "octopus" in page.text(".turn:last-of-type .claims")


def test_a_foreign_page_embeds_two_components(
    served: Served, driver: webdriver.Chrome, tmp_path: Path
) -> None:
    port = free_port()
    there = Served(served.place, origins=(f"http://localhost:{port}",))
    key, secret = there.library.keys.add("embed", collections=["films"])
    text = (Path(__file__).parent.parent / "examples" / "embed.html").read_text()
    text = text.replace("http://localhost:8765/", there.url).replace("lv_PUT_YOUR_KEY_HERE", secret)
    (tmp_path / "embed.html").write_text(text.replace('collection="lectures"', 'collection="films"'))
    handler = functools.partial(QuietHandler, directory=tmp_path)
    foreign = http.server.ThreadingHTTPServer(("localhost", port), handler)
    threading.Thread(target=foreign.serve_forever).start()
    try:
        page = Page(driver, f"http://localhost:{port}/")
        driver.get(page.url + "embed.html")
        page.ask(BATS)
        page.click(".chip")
        wait(lambda: page.film()["at_s"] > 20, "the film plays in the foreign page")
        shown = page.film()
        assert abs(shown["code"] / RATE - shown["at_s"]) <= 2 / RATE
    finally:
        foreign.shutdown()
        foreign.server_close()
        there.library.keys.revoke(key.key_id)
        there.stop()
