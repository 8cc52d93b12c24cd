"""No module needs, in the end, itself; imports inside functions and for types count too."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOMS = ("longvid", "indexer/longvid_indexer", "agents/longvid_agents", "storage/longvid_storage")


def modules() -> dict[str, Path]:
    found = {}
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            parts = path.relative_to((ROOT / room).parent).with_suffix("").parts
            found[".".join(parts).removesuffix(".__init__")] = path
    return found


def test_there_is_no_circle_of_imports() -> None:
    known = modules()
    needs: dict[str, set[str]] = {}
    for name, path in known.items():
        needs[name] = set()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                inner = {f"{node.module}.{each.name}" for each in node.names}
                needs[name] |= (inner & set(known)) or ({node.module} & set(known))
            elif isinstance(node, ast.Import):
                needs[name] |= {each.name for each in node.names} & set(known)
    assert sum(map(len, needs.values())) > 500
    TopologicalSorter({name: needs[name] - {name} for name in needs}).prepare()  # CycleError names the circle
