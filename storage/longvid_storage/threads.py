"""How many threads one process may compute with: for libraries that would else take every core."""

from __future__ import annotations

import os


def threads_allowed() -> int:
    """What ``OMP_NUM_THREADS`` says, as libraries of linear algebra have it; 0, one a core, where it says nothing."""
    said = os.environ.get("OMP_NUM_THREADS", "")
    return int(said) if said.isdecimal() else 0
