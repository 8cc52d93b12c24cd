"""Console blocks of the documentation: run what they show, compare or rewrite what they say it prints.

``.venv/bin/python tests/docs_tools.py`` rewrites README.md, docs/cli.md and the README's picture with what the
commands print today.
"""

from __future__ import annotations

import html
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCUMENTS = (ROOT / "README.md", ROOT / "docs" / "cli.md", ROOT / "docs" / "chat.md")
PICTURE = ROOT / "docs" / "answer.svg"
PICTURED = (
    'longvid ask "Which enzyme attaches carbon dioxide to a sugar?"',
    'longvid ask "Who will send the migration plan?"',
    'longvid ask "What is the boiling point of tungsten?"',
)
_LINES = 4
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)

_COMMAND = re.compile(r"^\$ ([^\n]*<<'END'\n.*?^END$|[^\n]*)", re.MULTILINE | re.DOTALL)


def run(line: str, library: Path) -> str:
    """What ``$ longvid …`` prints on stdout, in the project's root, with its own library.

    What follows ``<<'END'`` up to a line ``END`` is its input.
    """
    command, _, typed = line.partition(" <<'END'\n")
    program, *arguments = shlex.split(command)
    assert program == "longvid", line
    done = subprocess.run(
        [sys.executable, "-m", "longvid.cli", *arguments],
        cwd=ROOT,
        env={**os.environ, "LONGVID_LIBRARY": str(library), "COLUMNS": "100", "TERMINAL_WIDTH": "100"},
        capture_output=True,
        input=typed.removesuffix("END"),
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, f"{line}: {done.stderr}"
    # A reader has another home than this checkout.
    return done.stdout.replace(f"{ROOT}/", "").replace(str(library), "~/.local/share/longvid/library")


def replay(text: str, library: Path) -> str:
    """The document with every console block as it prints today."""

    def block(match: re.Match[str]) -> str:
        commands = [found.group(1) for found in _COMMAND.finditer(match.group(1))]
        return "```console\n" + "".join(f"$ {line}\n{run(line, library)}" for line in commands) + "```"

    return _BLOCK.sub(block, text)


def picture(library: Path) -> str:
    """A terminal, drawn: questions and the first lines of what longvid says today, citations in colour."""
    rows: list[str] = []
    for command in PICTURED:
        rows += [f"$ {command}", *run(command, library).splitlines()[:_LINES]]
        while rows and not rows[-1].strip():
            rows.pop()
        rows.append("")
    height = 40 + 22 * len(rows)
    drawn = []
    for number, row in enumerate(rows):
        text = html.escape(row, quote=False)
        text = re.sub(r"\[[^\]]* @ [^\]]*\]", r'<tspan fill="#7ee787">\g<0></tspan>', text)
        colour = "#79c0ff" if row.startswith("$") else "#e6edf3"
        drawn.append(
            f'<text x="24" y="{44 + 22 * number}" fill="{colour}" xml:space="preserve">{text}</text>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="960" height="{height}" viewBox="0 0 960 {height}">\n'
        f'<rect width="960" height="{height}" rx="10" fill="#0d1117"/>\n'
        '<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="15">\n'
        + "\n".join(drawn)
        + "\n</g>\n</svg>\n"
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "library"
        run("longvid index examples/lectures", library)
        for document in DOCUMENTS:
            document.write_text(replay(document.read_text("utf-8"), library), "utf-8")
        PICTURE.write_text(picture(library), "utf-8")


if __name__ == "__main__":
    main()
