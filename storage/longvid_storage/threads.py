"""How many threads one process may compute with: for libraries that would else take every core."""

from __future__ import annotations

import os
from collections.abc import MutableMapping


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
