"""Windows over what is said, and a vector of the voice in each: what every diariser begins with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.mixing import SAMPLE_RATE
from longvid_indexer.windows import AudioWindow

Samples = NDArray[np.float32]

SHORTEST_S = 0.5
"""A voice is not recognised from less."""
_STEP_S = (
    0.25  # windows are cut to a multiple of this, so that many of one length make a batch without padding
)


def plan_windows(
    spans: Iterable[tuple[float, float]], window_s: float, hop_s: float
) -> Iterator[tuple[float, float]]:
    """Windows of at most ``window_s``, one every ``hop_s``, that cover each span and nothing else, by start."""
    planned = []
    for start_s, end_s in spans:
        more = max(0, int(np.ceil((end_s - start_s - window_s) / hop_s - 1e-9)))
        # The last one ends with the span.
        starts = [min(start_s + hop_s * number, max(start_s, end_s - window_s)) for number in range(more + 1)]
        planned += [(at_s, min(at_s + window_s, end_s)) for at_s in starts]
    return iter(sorted(planned))


def embed_windows(
    windows: Iterable[AudioWindow], vectors_of: Callable[[Sequence[Samples]], Sequence[Samples]], batch: int
) -> tuple[list[tuple[float, float]], NDArray[np.float32]]:
    """Spans and vectors of all windows that are long enough, by start.

    ``vectors_of``: samples of one length, at most ``batch`` at once, to arrays whose rows are their vectors.
    """
    spans: list[tuple[float, float]] = []
    vectors: list[Samples] = []
    waiting: dict[int, list[AudioWindow]] = {}
    step = round(_STEP_S * SAMPLE_RATE)

    def flush(size: int, same: list[AudioWindow]) -> None:
        spans.extend((each.start_s, each.end_s) for each in same)
        vectors.extend(vectors_of([each.samples[:size] for each in same]))
        same.clear()

    for window in windows:
        size = len(window.samples) // step * step
        if size < round(SHORTEST_S * SAMPLE_RATE):
            continue
        same = waiting.setdefault(size, [])
        same.append(window)
        if len(same) == batch:
            flush(size, same)
    for size, same in waiting.items():
        if same:
            flush(size, same)
    if not spans:
        return [], np.zeros((0, 1), np.float32)
    order = sorted(range(len(spans)), key=spans.__getitem__)
    return [spans[each] for each in order], np.concatenate(vectors)[order]
