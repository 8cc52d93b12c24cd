"""How far the stage at work is: told by whatever reads the media, heard by whoever runs the stage.

A context variable, because what reads (frames, sound, pictures to be read) lies far below what runs the stages, and is
used outside of them too, where nobody listens.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

EACH_S = 0.2
"""Told at most once in so many seconds."""
_LISTENER: ContextVar[Callable[[float], None] | None] = ContextVar("listener", default=None)


def reached(part: float) -> None:
    """So much, in [0, 1], of what the stage at work reads has been read. What the listener raises ends the stage."""
    if (tell := _LISTENER.get()) is not None:
        tell(part)


@contextmanager
def heard(tell: Callable[[float], None]) -> Iterator[None]:
    """Listen to what this thread does within the block."""
    told_s = time.monotonic()

    def seldom(part: float) -> None:
        nonlocal told_s
        if time.monotonic() - told_s >= EACH_S:
            told_s = time.monotonic()
            tell(min(max(part, 0.0), 1.0))

    token = _LISTENER.set(seldom)
    try:
        yield
    finally:
        _LISTENER.reset(token)
