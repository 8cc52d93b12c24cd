"""What tests of clusters share: everything a library holds, whoever numbered it, and engines that misbehave."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections import defaultdict
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import select

from longvid import Library
from longvid.config import Config
from longvid.engines import Engines
from longvid.models.registry import ROLES
from longvid_storage.db.schema import Base
from small_library import Trigrams

# What tells when and where a row was made, not what it says.
_ASIDE = {
    "seconds",
    "generation",
    "revision",
    "video_key",
    "set_key",
    "vector_id",
    "keyframe_id",
    "passage_id",
    "link_key",
}
_IDS = {"passages", "sentences"}
_SIGNED = ("chain_links", "library_links")  # their fingerprints are of the numbers of passages


def for_workers() -> str:
    """The ``PYTHONPATH`` with which the processes of a cluster find what is in this folder."""
    return os.pathsep.join([str(Path(__file__).parent), *sys.path])


def everything(lib: Library) -> dict[str, list[str]]:
    """Table → its rows, with a video's id and the place of a passage in it where numbers of rows would stand."""
    tables = {table.name: table for table in Base.metadata.sorted_tables}
    with lib._store.view() as view:
        rows = {
            name: [dict(r._mapping) for r in view.connection.execute(select(t))] for name, t in tables.items()
        }
    videos = {row["video_key"]: row["video_id"] for row in rows["videos"]}
    sets = {row["set_key"]: (row["model_fingerprint"], row["kind"]) for row in rows["vector_sets"]}
    places = {"passages": _places(rows["passages"], "passage_id", videos)}
    places["keyframes"] = _places(rows["keyframes"], "keyframe_id", videos)
    told: dict[str, list[str]] = {}
    for name, found in rows.items():
        owners = places["keyframes" if name.startswith("keyframe") else "passages"]
        lines = []
        for row in found:
            plain: dict[str, Any] = {key: value for key, value in row.items() if key not in _ASIDE}
            if "video_key" in row:
                plain["video"] = videos[row["video_key"]]
            if "set_key" in row:
                plain["set"] = sets[row["set_key"]]
            if "owner_id" in row:
                plain["owner_id"] = owners[row["owner_id"]]
            if name in _SIGNED:
                del plain["fingerprint"]
            for key in _IDS & set(row):
                plain[key] = _named(row[key], places["passages"])
            lines.append(json.dumps(plain, sort_keys=True, default=lambda value: value.hex()))
        told[name] = sorted(lines)
    return told


def _places(rows: list[dict[str, Any]], key: str, videos: dict[int, str]) -> dict[int, str]:
    counts: defaultdict[tuple[str, str], int] = defaultdict(int)
    found = {}
    for row in sorted(rows, key=lambda row: row[key]):
        of = videos[row["video_key"]], row["kind"]
        counts[of] += 1
        found[row[key]] = f"{of} {counts[of]}"
    return found


def _named(value: Any, places: dict[int, str]) -> Any:
    if isinstance(value, list):
        return [_named(each, places) for each in value]
    return places[value] if isinstance(value, int) and not isinstance(value, bool) else value


SHARED_TEXT = Config(ray={"models": {"text": {"actors": 1, "cpus": 0}}})
"""One actor for the texts of all videos, which takes no processor from the few that there are."""


class Deadly(Trigrams):
    """An encoder that ends its process at text with the word "poison"."""

    def encode(self, texts: Any, *, kind: Any) -> Any:
        """As ``Trigrams`` does it, but for that."""
        if any("poison" in text for text in texts):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().encode(texts, kind=kind)


class DeadlyEngines(Engines):
    """No model but that one."""

    def __init__(self) -> None:
        super().__init__(dict.fromkeys(ROLES, "off"))

    @cached_property
    def text_encoder(self) -> Any:
        """Made in each process."""
        return Deadly()


class Slow(Trigrams):
    """An encoder that takes its time."""

    def __init__(self, each_s: float) -> None:
        super().__init__()
        self.each_s = each_s

    def encode(self, texts: Any, *, kind: Any) -> Any:
        """As ``Trigrams`` does it, later."""
        time.sleep(self.each_s)
        return super().encode(texts, kind=kind)


class SlowEngines(Engines):
    """No model but that one."""

    def __init__(self, each_s: float = 1.0) -> None:
        super().__init__(dict.fromkeys(ROLES, "off"))
        self.each_s = each_s

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "each_s": self.each_s}

    @cached_property
    def text_encoder(self) -> Any:
        """Made in each process."""
        return Slow(self.each_s)


class Loaded(Trigrams):
    """An encoder that writes down in which process it is loaded, at its first texts, and how many come at once."""

    def __init__(self, log: Path) -> None:
        super().__init__()
        self.log, self.loaded = log, False

    @property
    def fingerprint(self) -> str:
        """Of the process it is in, as it may differ between a GPU and none."""
        return f"loaded@{os.getpid()}"

    def encode(self, texts: Any, *, kind: Any) -> Any:
        """As ``Trigrams`` does it."""
        with self.log.open("a") as log:
            log.write("" if self.loaded else f"{os.getpid()}\n")
        self.loaded = True
        return super().encode(texts, kind=kind)


class LoadedEngines(Engines):
    """No model but that one, which videos of a cluster share."""

    def __init__(self, log: Path) -> None:
        super().__init__(dict.fromkeys(ROLES, "off"), config=SHARED_TEXT)
        self.log = log

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "log": self.log}

    @cached_property
    def text_encoder(self) -> Any:
        """Made in each process."""
        return Loaded(self.log)
