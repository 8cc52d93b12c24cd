"""The page's files: what is vendored is what npm published, nothing comes from elsewhere, every text is in one file."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from longvid_indexer.stages.job import STAGES
from serve_tools import library_of, serving

PAGE = Path(__file__).parent.parent / "longvid" / "page"

# The files of lit-html 3.3.3 and @lit/reactive-element 2.1.2 as npm has them; docs/page.md says how to renew them.
VENDORED = {
    "lit-html/LICENSE": "2b66f9390afde29edfe4314daff93f01fb182e1178053e228120178987e5db75",
    "lit-html/directive-helpers.js": "f7fb1154b8f72ed2cc08b05eaeed71c99270e9ad2d48620ed24688a1af4c2b62",
    "lit-html/directive.js": "3344c4f41c69cd0701d3937e8f9ef90bd845614bf6456d0b8314b7c51d415b9d",
    "lit-html/directives/live.js": "b305f9066319d838db797abd5a4d871537277e25f35332702bfce4452c020ecf",
    "lit-html/directives/repeat.js": "083140026ecd8665fedd15b17769f9d516252a9f1502f1e91e6967686ee82626",
    "lit-html/lit-html.js": "b878e7f95dec8a9b6e9b217faca6b6a11bad82ebc44c0caa77419ed83edd81f2",
    "reactive-element/LICENSE": "45d31799d0db956cc3eb5469346abbd9b7025babc5ff29fab10d7095da992ef1",
    "reactive-element/css-tag.js": "902f8d23ab8fb24afe05596988c22941f080ab58d263e419877006e58ea6c366",
    "reactive-element/reactive-element.js": "76e9815ec67d16684bff1444224bf62532d6318dbd8f25e7c1e9546158b1335f",
}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_what_is_vendored_is_what_npm_published() -> None:
    vendor = PAGE / "vendor"
    found = {str(path.relative_to(vendor)): digest(path) for path in vendor.rglob("*") if path.is_file()}
    assert found == VENDORED
    for package in {name.split("/")[0] for name in found}:
        licence = (vendor / package / "LICENSE").read_text()
        assert "BSD 3-Clause" in licence, f"{package} may not be passed on under this licence"


def own_files() -> dict[str, str]:
    return {
        path.name: path.read_text()
        for path in sorted(PAGE.iterdir())
        if path.suffix in {".js", ".css", ".html"}
    }


def test_nothing_comes_from_elsewhere_and_no_text_becomes_markup() -> None:
    for name, text in own_files().items():
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text), f"{name} names an address"
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|unsafe-?HTML|\beval\(|new Function", text
        ), name
        assert not re.search(
            r"""\sstyle=["$]|\son[a-z]+=["']|<style|<script(?! type="module" src)""", text
        ), f"{name} has what the content security policy forbids"


def test_every_text_is_in_the_file_of_texts_and_every_one_there_is_used() -> None:
    files = own_files()
    texts = files.pop("texts.js")
    there = set(re.findall(r"(?:^|[{,]\s*)'?([\w./?<,\[-]+)'?: (?='|\{(?:zero|one|other):)", texts, re.M))
    there -= {"lang", "dir", "zero", "one", "other"}
    code = "\n".join(files.values())
    asked = set(re.findall(r"\bt\('([^']+)'", code))
    begun = set(re.findall(r"\bt\(`([^`$]+)\$\{", code))
    chosen = set(re.findall(r"'([\w.]+)'", " ".join(re.findall(r"\bt\((?!['`])[^)]*\)", code))))
    assert asked <= there, f"texts.js lacks {sorted(asked - there)}"
    unused = {name for name in there - asked - chosen if not any(name.startswith(start) for start in begun)}
    assert not unused, f"nobody shows {sorted(unused)}"


def imported(name: str, known: set[str]) -> set[str]:
    """The modules that one loads at once, and those that they do."""
    text = (PAGE / name).read_text()
    for found in re.findall(r"""(?:^|[;}])(?:import|export)\b[^'";(]*?['"](\.[^'"]+)['"]""", text, re.M):
        module = os.path.normpath(Path(name).parent / found)
        if module not in known:
            known.add(module)
            imported(module, known)
    return known


def test_every_module_of_the_first_view_is_asked_for_at_once() -> None:
    named = re.findall(r'modulepreload" href="([^"]+)"', (PAGE / "index.html").read_text())
    assert sorted(named) == sorted(imported("app.js", set()))


def test_the_stages_of_a_job_are_those_of_the_indexer() -> None:
    (named,) = re.findall(r"STAGES = \[(.*)\]", own_files()["jobs.js"])
    assert tuple(re.findall(r"'(\w+)'", named)) == tuple(STAGES)


def test_the_page_comes_small_and_once() -> None:
    with serving(library_of([])) as client:
        whole = client.get("/transcript.js", headers={"Accept-Encoding": "identity"})
        zipped = client.get("/transcript.js", headers={"Accept-Encoding": "gzip"})
        assert whole.content == zipped.content == (PAGE / "transcript.js").read_bytes()
        assert whole.headers["content-type"].startswith("text/javascript")
        assert zipped.headers["content-encoding"] == "gzip"
        assert int(zipped.headers["content-length"]) < len(whole.content) / 2
        again = client.get("/transcript.js", headers={"If-None-Match": whole.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert client.get("/").text == client.get("/index.html").text
        assert client.get("/vendor/none.js").json()["status"] == 404
        assert client.post("/app.js").status_code == 405
