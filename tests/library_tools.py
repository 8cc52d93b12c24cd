"""Small real libraries for tests: media made by code, indexed by the real pipeline."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import media_factory as mf

# Bookkeeping of time and of how often something was written, which an interrupted run may differ in.
_TIMES = {"stages": ("seconds",), "library": ("generation",)}

MEETING = """WEBVTT

00:00:01.000 --> 00:00:04.000
<v Maya>Good morning, let us talk about the data migration.

00:00:05.000 --> 00:00:09.000
<v Jonas>I will send the migration plan to everyone by Friday.

00:00:10.000 --> 00:00:14.000
<v Maya>The budget for the new database is nine thousand euros.
"""


def make_media(folder: Path) -> None:
    """A silent lecture of three slides, a lecture with subtitles inside it, and a meeting transcript."""
    folder.mkdir(parents=True, exist_ok=True)
    mf.lecture(mf.sample_slides(3, "white"), seconds=4.0, rate=5, size=(640, 360)).write(
        folder / "a slides.mp4"
    )
    mf.lecture(mf.sample_slides(2, "dark"), seconds=4.0, rate=5, size=(640, 360)).write(
        folder / "b subtitled.mkv",
        subtitles=[
            (0.5, 3.0, "Osmosis moves water through a membrane."),
            (4.5, 7.0, "Diffusion needs no membrane."),
        ],
    )
    (folder / "c meeting.vtt").write_text(MEETING)


def dump(library: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table of a library, less the bookkeeping of time."""
    with sqlite3.connect(f"file:{library / 'library.db'}?mode=ro", uri=True) as connection:
        names = [
            name
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
            )
            if not name.startswith("sqlite_")
        ]
        tables = {}
        for name in names:
            cursor = connection.execute(f'SELECT * FROM "{name}"')
            kept = [i for i, column in enumerate(cursor.description) if column[0] not in _TIMES.get(name, ())]
            tables[name] = sorted((tuple(row[i] for i in kept) for row in cursor), key=repr)
    connection.close()
    return tables
