"""What longvid sets in the process it runs in: no telemetry, how many threads compute, when the collector rests.

No library that longvid loads may tell its maker anything: that is switched off before any of them is imported.
onnxruntime writes a device id into the user's cache and looks up its maker's host; langsmith sends every step of a
graph, questions included, to a server where its variable says so, set for whatever other program; others count runs.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager

OFF = {
    "ORT_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "LANGCHAIN_TRACING_V2": "false",
    "LANGSMITH_TRACING": "false",
    "LANGSMITH_TRACING_V2": "false",
    "SCARF_NO_ANALYTICS": "true",
    "RAY_USAGE_STATS_ENABLED": "0",
    "VLLM_NO_USAGE_STATS": "1",
    "NO_ALBUMENTATIONS_UPDATE": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
}
"""Variable → the value that means no, as each library's documentation has it."""


def silence(environment: MutableMapping[str, str] = os.environ) -> None:
    """Set them for this process and those it starts, whatever they were: what is said in a video is nobody else's."""
    environment.update(OFF)


def threads_allowed() -> int:
    """What ``OMP_NUM_THREADS`` says, as libraries of linear algebra have it; 0, one a core, where it says nothing."""
    said = os.environ.get("OMP_NUM_THREADS", "")
    return int(said) if said.isdecimal() else 0


def processors() -> int:
    """How many of the machine's processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def sum_alone(environment: MutableMapping[str, str] = os.environ) -> None:
    """Let numpy's linear algebra keep to the thread that asks, unless somebody chose otherwise; before numpy is loaded.

    What a search multiplies is small, and the other threads wait for the next product at full speed: a search of 163
    meetings took 51 ms of processor in 26 ms, alone 29 (two cores).
    """
    environment.setdefault("OPENBLAS_NUM_THREADS", "1")


@contextmanager
def collector_paused() -> Iterator[None]:
    """For a ``with`` block of milliseconds: it would look at all objects of the process again and again, which is
    a third of listing 10,000 videos. What is counted down to nothing is freed as ever."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()
