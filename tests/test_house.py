"""Rules of the house that hold over all four packages, read off the code itself."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("longvid", "indexer/longvid_indexer", "agents/longvid_agents", "storage/longvid_storage")


def modules() -> list[Path]:
    found = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    assert {path.relative_to(ROOT).parts[0] for path in found} == {"longvid", "indexer", "agents", "storage"}
    return found


def test_a_name_of_a_class_means_one_thing_in_the_house() -> None:
    where: defaultdict[str, list[str]] = defaultdict(list)
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                where[node.name].append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert {name: places for name, places in where.items() if len(places) > 1} == {}


def test_every_promise_names_tests_that_exist() -> None:
    """Wherever documents name one; each row of a promise in ``SECURITY.md`` does."""
    tests = sorted((ROOT / "tests").glob("test_*.py"))
    known = {
        path.stem: set(re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.M))
        for path in tests
    }
    every = set(known).union(*known.values())
    promises = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    for document in (ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))):
        for module, name in re.findall(
            r"`(?:tests/)?(?:(test_\w+)::)?(test_\w+)(?:\.py)?`", document.read_text(encoding="utf-8")
        ):
            assert name in (known.get(module, ()) if module else every), f"{document.name}: {module} {name}"
    rows = [
        line for line in promises.splitlines() if line.startswith("| ") and line != "| promise | held by |"
    ]
    assert len(rows) > 15
    assert not [row for row in rows if "`tests/test_" not in row.split(" | ")[-1]]
