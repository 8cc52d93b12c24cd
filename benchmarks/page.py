"""What the page costs in Chromium over loopback: ready to ask, bytes, long tasks in long lists; and its pictures.

    python benchmarks/page.py                      # the figures of docs/page.md: the middle, best and worst of three
    python benchmarks/page.py --pictures docs      # the pictures of README and docs, of the demo's library

Needs Debian's chromium and chromium-driver, and selenium.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from longvid_storage.db.store import Store
from longvid_storage.types import Utterance, VideoInfo

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from page_tools import Page, Served, add_bare_cards, browser, scheme, size, wait

ROOT = Path(__file__).parent.parent

LINES, CARDS, ROUNDS = 50_000, 5_000, 3
WORDS = [
    "the",
    "plan",
    "for",
    "the",
    "new",
    "database",
    "is",
    "to",
    "move",
    "every",
    "row",
    "in",
    "one",
    "night",
]


def fill(place: Path) -> None:
    """Ten hours of transcript in one video, and thousands of others that are nothing but their card."""
    with Store.open(place, create=True) as store:
        store.upsert_video(
            VideoInfo("f" * 64, "ten hours", 36_000.0, False, False, media_type="transcript"), "long"
        )
        store.set_path("/nowhere/ten hours.vtt", "f" * 64, size=1, mtime_ns=1)
        step_s = 36_000 / LINES
        lines = [
            Utterance(
                i * step_s,
                (i + 0.9) * step_s,
                f"{i} {' '.join(WORDS[i % 7 : i % 7 + 4 + i % 9])}",
                f"Speaker {i // 9 % 5}",
            )
            for i in range(LINES)
        ]
        with store.stage("f" * 64, "transcript", "1") as writer:
            writer.replace_utterances(lines, source="made by the benchmark")
        add_bare_cards(store, CARDS)


# Long tasks are told by the browser itself, and buffered from the navigation on.
WATCH = """
window.tasks = [];
new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map((each) => Math.round(each.duration))))
  .observe({type: 'longtask', buffered: true});
"""
SCROLL = """
const [selector, done] = arguments;
const inside = (root) => [...root.querySelectorAll('*')].map((each) => each.shadowRoot && find(each.shadowRoot));
const find = (root) => root.querySelector(selector) ?? inside(root).find(Boolean);
const list = find(document);
let frames = 0;
const step = () => {
  list.scrollTop += frames++ % 40 === 39 ? list.scrollHeight / 12 : 900;
  if (list.scrollTop + list.clientHeight < list.scrollHeight - 2) requestAnimationFrame(step);
  else setTimeout(() => done(frames), 1500);
};
step();
"""
FOLLOW = """
const [done] = arguments;
let at_s = 0;
const step = () => {
  at_s += 137;
  const detail = {video_id: 'f'.repeat(64), at_s};
  document.dispatchEvent(new CustomEvent('longvid-time', {detail}));
  if (at_s < 34_800) requestAnimationFrame(step); else done();
};
step();
"""
# One can ask once there is a box to write into, and what is asked is told beside it.
LOOK = """
const find = (root, wanted) => root.querySelector(wanted)
  ?? [...root.querySelectorAll('*')].map((each) => each.shadowRoot && find(each.shadowRoot, wanted)).find(Boolean);
const look = () => {
  const told = find(document, '.scope b')?.textContent ?? '';
  if (find(document, 'textarea') && told.includes('video')) window.ready = performance.now();
  else requestAnimationFrame(look);
};
look();
"""
READY = """
const shown = performance.getEntriesByType('navigation')[0];
const picture = (each) => /\\/(frame|media|storyboard)/.test(each.name);
const all = [shown, ...performance.getEntriesByType('resource')].filter((each) => !picture(each));
return [window.ready, all.reduce((sum, each) => sum + each.transferSize, 0), all.length];
"""


def figures(place: Path, profile: Path) -> None:
    """Print the figures, each of so many rounds; the library is made at ``place`` if there is none."""
    if not place.exists():
        fill(place)
    served = Served(place)
    try:
        with browser(profile) as driver:
            page = Page(driver, served.url)
            looking = driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": LOOK})
            ready = [opened(page) for _ in range(ROUNDS)]
            driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", looking)
            print(f"ready to ask: {told([each[0] for each in ready])}, {ROUNDS} navigations without a cache")
            print(f"transferred: {ready[-1][1] / 1000:.0f} kB in {ready[-1][2]} answers, without pictures")
            long, cards = f"?view=search&video={'f' * 64}", "?view=library&collection=many"
            longest: dict[str, list[float]] = {}
            for _ in range(ROUNDS):
                one = scrolled(page, long, ".lines", f"{LINES - 1} ") | {
                    "longest task while following, ms": follow(page)
                }
                for what, ms in one.items():
                    longest.setdefault(f"{LINES} lines, {what}", []).append(ms)
                for what, ms in scrolled(page, cards, ".cards", f"talk {CARDS - 1}").items():
                    longest.setdefault(f"{CARDS} cards, {what}", []).append(ms)
            for what, each in longest.items():
                print(f"{what}: {told(each)}", flush=True)
    finally:
        served.stop()


def told(values: list[float]) -> str:
    return f"{statistics.median(values):.0f} ({min(values):.0f} to {max(values):.0f})"


def opened(page: Page) -> list[float]:
    """Milliseconds from navigation until one can ask, bytes transferred, answers."""
    page.driver.execute_cdp_cmd("Network.clearBrowserCache", {})
    page.driver.get("about:blank")
    page.driver.get(page.url)
    wait(lambda: page.run("return window.ready"), "one can ask")
    return list(page.run(READY))


def scrolled(page: Page, address: str, selector: str, last: str) -> dict[str, float]:
    """Load a list, scroll it to its very end, where ``last`` must stand: the longest tasks in ms (0: none over 50)."""
    page.open(address)
    page.run(WATCH)
    wait(lambda: page.run("return deep('.line, .card').length"), "the list is there", 60)
    loading = settled(page)
    page.run("window.tasks = []")
    page.driver.set_script_timeout(180)
    page.driver.execute_async_script(SCROLL, selector)
    wait(
        lambda: last in page.run("return deep('.line, .card').at(-1)?.innerText ?? ''"),
        f"{last!r} is at the end",
    )
    tasks = page.run("return window.tasks")
    drawn = page.run("return deep('.line, .card').length")
    return {
        "longest task while loading, ms": max(loading, default=0),
        "longest task while scrolling to the last, ms": max(tasks, default=0),
        "in the page at the end": drawn,
    }


def settled(page: Page) -> list[int]:
    """Wait until the list grows no more; the long tasks until then, in ms."""
    before = -1
    while (height := page.run("return deep('.lines, .cards')[0].scrollHeight")) != before:
        before = height
        page.driver.execute_async_script("setTimeout(arguments[0], 1500)")
    return list(page.run("return window.tasks"))


def follow(page: Page) -> float:
    """The longest task in ms while ten hours are followed in 254 leaps, one a frame."""
    page.run("window.tasks = []")
    page.driver.execute_async_script(FOLLOW)
    wait(lambda: page.text(".line[aria-current] .time"), "the line of the last second is marked")
    page.driver.execute_async_script("setTimeout(arguments[0], 500)")
    return max(page.run("return window.tasks"), default=0)


def pictures(folder: Path, into: Path) -> None:
    """Three pictures of the demo's library: an answer beside the player, search, the library in the dark."""
    from longvid import Library
    from longvid.paths import example_lectures

    with Library.open(folder / "library", create=True) as library:
        library.index([example_lectures()], collection="lectures")
    served = Served(folder / "library")
    try:
        with browser(folder / "profile") as driver:
            page = Page(driver, served.url)
            size(driver, 1280, 800)
            page.open()
            page.ask("What happens if the learning rate is too large?")
            page.click(".chip")
            page.film()
            page.run("deep('video')[0].pause()")
            take(page, into / "page-answer.webp")
            page.open("?view=search&find=migration")
            wait(lambda: page.there(".group mark"), "something is found")
            page.click(".row.hit")
            wait(lambda: page.there(".line.cited"), "the line is marked")
            take(page, into / "page-search.webp")
            scheme(driver, "dark")
            page.open("?view=library")
            wait(
                lambda: page.run("return deep('.card img').filter((i) => i.naturalWidth).length >= 4"),
                "pictures are there",
            )
            take(page, into / "page-library.webp")
    finally:
        served.stop()


def take(page: Page, path: Path) -> None:
    """A picture of the window, small enough for a repository."""
    import io

    from PIL import Image

    page.driver.execute_async_script("setTimeout(arguments[0], 700)")
    with Image.open(io.BytesIO(page.driver.get_screenshot_as_png())) as picture:
        picture.convert("RGB").save(path, quality=80, method=6)
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    asked.add_argument(
        "--pictures", type=Path, help="write the pictures into this folder, and print no figures"
    )
    asked.add_argument("--library", type=Path, help="where the library of the figures is, or is made")
    wanted = asked.parse_args()
    with tempfile.TemporaryDirectory() as made:
        if wanted.pictures:
            pictures(Path(made), wanted.pictures)
        else:
            figures(wanted.library or Path(made) / "library", Path(made) / "profile")
