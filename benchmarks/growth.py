"""What a library costs as it grows: indexing one more meeting, searching, memory; and one very long transcript.

    OMP_NUM_THREADS=1 python benchmarks/growth.py                       # 10, 100 and 1,000 meetings: about ten minutes
    python benchmarks/growth.py --meetings 10 100 --cues 50000
    python benchmarks/growth.py --light                                 # without a model: what the library itself costs

Processor seconds of one process each, so that a machine that others use gives the same numbers; memory is the most that
the process held. Meetings are made by code: 40 cues of two speakers, about three minutes. Needs the ``offline`` extra.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from soak import LightEngines

from longvid import Library
from longvid_indexer.report import StageFinished, StageStarted

_THINGS_TEXT = """
    pump valve filter budget plant river tunnel report vendor machine model bridge cable mayor engine crane ferry
    harbour winter storm letter office kitchen gate price contract winch anchor sluice
"""
_THINGS = _THINGS_TEXT.split()
_DONE = ("is", "was", "has", "needs", "gives", "finds", "keeps", "moves", "costs", "holds")
_QUESTIONS = (
    "the crane of the harbour",
    "what does the ferry cost?",
    "who decided about the sluice?",
    "winter storm",
)
_CUE_S = 4.5
_LIGHT = "LONGVID_GROWTH_LIGHT"
_ONE_BY_ONE = 4


def main() -> None:
    """Print the tables of ``docs/performance.md`` on growth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--meetings", type=int, nargs="*", default=[10, 100, 1000])
    parser.add_argument("--cues", type=int, default=50_000, help="of the long transcript; 0 leaves it out")
    parser.add_argument("--light", action="store_true", help="a text encoder that hashes trigrams")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        kind, library, path = options.child
        print(json.dumps(_CHILDREN[kind](Path(library), Path(path))))
        return
    if options.light:
        os.environ[_LIGHT] = "1"
    with tempfile.TemporaryDirectory() as folder:
        if options.meetings:
            growing(Path(folder), sorted(options.meetings))
        if options.cues:
            long_transcript(Path(folder), options.cues)


def growing(folder: Path, counts: list[int]) -> None:
    """One library that grows from count to count; each number by a process of its own."""
    print(
        "| meetings | one more, CPU s | of it in a batch | first search | warm search, ms | first ask | memory, MB |"
    )
    print("|---|---|---|---|---|---|---|")
    made = 0
    for count in counts:
        batch = folder / f"until {count}"
        for number in range(made, count - _ONE_BY_ONE):
            _meeting(batch / f"2025 sync {number:05d}.vtt", number)
        inside = _run("index", folder, batch)["seconds"] / max(1, count - _ONE_BY_ONE - made)
        few = folder / f"few {count}"
        for number in range(count - _ONE_BY_ONE, count):
            _meeting(few / f"2025 sync {number:05d}.vtt", number)
        single = list(_run("one by one", folder, few).values())
        made = count
        used = _run("use", folder, folder)
        print(
            f"| {count:,} | {statistics.median(single):.2f} ({min(single):.2f} to {max(single):.2f}) | {inside:.2f}"
            f" | {used['first search']:.2f} | {1000 * used['warm search']:.0f} | {used['first ask']:.2f}"
            f" | {used['memory']:.0f} |",
            flush=True,
        )


def long_transcript(folder: Path, cues: int) -> None:
    """One transcript of so many cues, alone in its library."""
    place = folder / "long"
    path = _meeting(place / "in" / "long talk.vtt", 1, cues, 36_000.0 / cues)
    print(f"\n{cues:,} cues in ten hours")
    for name, value in (_run("stages", place, path) | _run("long", place, place)).items():
        print(f"  {name}: {value:.2f}")


def _meeting(path: Path, seed: int, cues: int = 40, cue_s: float = _CUE_S) -> Path:
    chosen = random.Random(seed)

    def sentence() -> str:
        words = " ".join(chosen.choices(_THINGS, k=chosen.randint(2, 5)))
        start = chosen.choices(
            ("The", "We decided to keep the", "I will order the", "Who has the"), (20, 1, 1, 1)
        )[0]
        return f"{start} {chosen.choice(_THINGS)} {chosen.choice(_DONE)} the {words}."

    lines = ["WEBVTT", ""]
    for number in range(cues):
        speaker = "Ada" if number // 3 % 2 else "Ben"
        start_s = number * cue_s
        lines += [f"{_clock(start_s)} --> {_clock(start_s + 0.9 * cue_s)}", f"<v {speaker}>{sentence()}", ""]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def _clock(seconds: float) -> str:
    return f"{seconds // 3600:02.0f}:{seconds % 3600 // 60:02.0f}:{seconds % 60:06.3f}"


def _run(kind: str, folder: Path, path: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--child", kind, str(folder / "library"), str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _opened(library: Path) -> Library:
    engines = LightEngines({"speech": "off"}) if _LIGHT in os.environ else None
    return Library.open(library, create=True, engines=engines)


def _index(library: Path, path: Path) -> dict[str, float]:
    with _opened(library) as lib:
        lib.index(path)
    return {"seconds": time.process_time()}


def _stages(library: Path, path: Path) -> dict[str, float]:
    """What each stage costs."""
    begun: dict[str, float] = {}
    took: dict[str, float] = {}

    def note(event: object) -> None:
        if isinstance(event, StageStarted):
            begun[event.stage] = time.process_time()
        elif isinstance(event, StageFinished):
            took[f"{event.result.stage}, CPU s"] = time.process_time() - begun[event.result.stage]

    with _opened(library) as lib:
        lib.index(path, on_event=note)
    return {name: seconds for name, seconds in took.items() if seconds > 0.05}


def _one_by_one(library: Path, path: Path) -> dict[str, float]:
    """What each file costs a process that has already indexed one."""
    first, *others = sorted(path.iterdir())
    with _opened(library) as lib:
        lib.index(first)
        return {other.name: _cpu_s(partial(lib.index, other)) for other in others}


def _use(library: Path, path: Path) -> dict[str, float]:
    with _opened(library) as lib:
        used = {"first search": _cpu_s(lambda: lib.search(_QUESTIONS[0]))}
        warm = [_cpu_s(partial(lib.search, query)) for query in _QUESTIONS * 3]
        used["warm search"] = statistics.median(warm)
        used["first ask"] = _cpu_s(lambda: lib.ask(_QUESTIONS[1]))
    return {**used, "memory": _memory_mb()}


def _long(library: Path, path: Path) -> dict[str, float]:
    with _opened(library) as lib:
        (video,) = lib.videos()
        return {
            "mentions of 'the', the first in a process, CPU s": _cpu_s(lambda: lib.mentions(["the"])),
            "mentions of 'the', warm, CPU s": _cpu_s(lambda: lib.mentions(["the"])),
            "summary, CPU s": _cpu_s(lambda: lib.summary(video.video_id)),
            "first search, CPU s": _cpu_s(lambda: lib.search(_QUESTIONS[0])),
            "warm search, CPU s": _cpu_s(lambda: lib.search(_QUESTIONS[1])),
            "memory, MB": _memory_mb(),
        }


def _cpu_s(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


_CHILDREN = {"index": _index, "stages": _stages, "one by one": _one_by_one, "use": _use, "long": _long}

if __name__ == "__main__":
    main()
