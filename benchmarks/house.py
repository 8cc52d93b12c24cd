"""How large the house is, and how much of it a question passes through.

python benchmarks/house.py                  # lines, modules, classes, names defined twice
python benchmarks/house.py LIBRARY QUESTION # and the modules that answering it loads
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOMS = {
    "longvid": ROOT / "longvid",
    "longvid_indexer": ROOT / "indexer" / "longvid_indexer",
    "longvid_agents": ROOT / "agents" / "longvid_agents",
    "longvid_storage": ROOT / "storage" / "longvid_storage",
}
_ASK = """
import sys
from longvid import Library
answer = Library.open(sys.argv[1]).ask(sys.argv[2], extractive=True)
print(answer.answer, file=sys.stderr)
called = [name for name, module in sys.modules.items() if name.split(".")[0].startswith("longvid")]
print("\\n".join(sorted(called)))
"""


def modules() -> list[Path]:
    """Every module of the four packages, migrations apart."""
    return [path for room in ROOMS.values() for path in sorted(room.rglob("*.py"))]


def classes() -> dict[str, list[str]]:
    """Class name → the modules that define it at their top level; private ones apart."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in modules():
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(str(path.relative_to(ROOT)))
    return dict(found)


def main() -> None:
    """Print the table."""
    paths, names = modules(), classes()
    lines = dict.fromkeys(ROOMS, 0)
    comments = 0
    for path in paths:
        room = next(name for name, folder in ROOMS.items() if folder in path.parents)
        text = path.read_text().splitlines()
        lines[room] += len(text)
        comments += sum(line.lstrip().startswith("#") for line in text)
    total = sum(lines.values())
    print(f"lines      {total:7,}  ({', '.join(f'{room} {count:,}' for room, count in lines.items())})")
    print(f"comments   {comments / total:7.1%}  of the lines")
    print(f"modules    {len(paths):7}")
    print(f"classes    {len(names):7}")
    twice = {name: places for name, places in names.items() if len(places) > 1}
    print(f"twice      {len(twice):7}  {', '.join(sorted(twice))}")
    if len(sys.argv) == 3:
        command = [sys.executable, "-c", _ASK, *sys.argv[1:]]
        shown = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
        print(f"a question passes through {len(shown.stdout.split())} modules of ours")


if __name__ == "__main__":
    main()
