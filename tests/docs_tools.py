"""Console blocks of the documentation: run what they show, compare or rewrite what they say it prints.

``.venv/bin/python tests/docs_tools.py`` rewrites README.md and docs/cli.md with what the commands print today.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCUMENTS = (ROOT / "README.md", ROOT / "docs" / "cli.md")
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run(line: str, library: Path) -> str:
    """What ``$ longvid …`` prints on stdout, in the project's root, with its own library."""
    program, *arguments = shlex.split(line)
    assert program == "longvid", line
    done = subprocess.run(
        [sys.executable, "-m", "longvid.cli", *arguments],
        cwd=ROOT,
        env={**os.environ, "LONGVID_LIBRARY": str(library), "COLUMNS": "100", "TERMINAL_WIDTH": "100"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, f"{line}: {done.stderr}"
    # A reader has another home than this checkout.
    return done.stdout.replace(f"{ROOT}/", "").replace(str(library), "~/.local/share/longvid/library")


def replay(text: str, library: Path) -> str:
    """The document with every console block as it prints today."""

    def block(match: re.Match[str]) -> str:
        commands = [line[2:] for line in match.group(1).splitlines() if line.startswith("$ ")]
        return "```console\n" + "".join(f"$ {line}\n{run(line, library)}" for line in commands) + "```"

    return _BLOCK.sub(block, text)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "library"
        run("longvid index examples/lectures", library)
        for document in DOCUMENTS:
            document.write_text(replay(document.read_text("utf-8"), library), "utf-8")


if __name__ == "__main__":
    main()
