"""Python's collector of cycles stays out of loops that make many objects which all stay and hold no cycle."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


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
