"""Scenes: neighbouring shots and slides that belong together, typically 20 seconds to 3 minutes long."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from longvid_indexer.structuring.blocks import Blocks, centred
from longvid_indexer.structuring.cuts import Floats
from longvid_indexer.structuring.events import earliest_start
from longvid_indexer.structuring.partition import Scatter, best_partition
from longvid_indexer.structuring.pictures import PictureSpan, picture_sums

TYPICAL_SCENE_S = 90.0
MIN_SCENE_S = 15.0
MAX_SCENE_S = 240.0
_STRONGEST = 2.5
_SCENE_PENALTY = 1.7
_LENGTH_COST = 0.6
_PICTURE_SHARE = 1.0


def find_scenes(blocks: Blocks, event_edges: list[int], pictures: Sequence[PictureSpan] = ()) -> list[int]:
    """Edges of the scenes, as indices into ``blocks.edges_s``; every event edge is one of them.

    The same optimum as for events inside each event, but cuts where the picture or the speaker changes
    weigh more, and lengths are drawn to about 90 s (squared log-ratio, the cost of a log-normal prior). What the
    pictures look like (``pictures``, if there are any) counts beside what is said: shots that alternate stay
    together, a lasting change of place parts.
    """
    scatter = Scatter(blocks.vectors, blocks.weights)
    sums, seconds = picture_sums(blocks.edges_s, pictures)
    seen = Scatter(centred(sums, seconds), seconds)
    bonus = np.minimum(blocks.strength, _STRONGEST)
    scenes = [0]
    for start, end in pairwise(event_edges):
        edges_s = blocks.edges_s[start : end + 1]

        def gain(low: int, j: int, start: int = start, edges_s: Floats = edges_s) -> Floats:
            lengths = edges_s[j] - edges_s[low:j]
            inner = np.where(np.arange(low, j) > 0, bonus[start + low : start + j] - _SCENE_PENALTY, 0.0)
            prior = _LENGTH_COST * np.log(np.maximum(lengths, 1e-3) / TYPICAL_SCENE_S) ** 2
            said = scatter.gain(start + low, start + j)
            shown = _PICTURE_SHARE * seen.gain(start + low, start + j)
            values = said + shown + inner - prior
            return np.where(lengths >= MIN_SCENE_S, values, -np.inf)

        def first(j: int, edges_s: Floats = edges_s) -> int:
            return earliest_start(edges_s, j, MAX_SCENE_S)

        scenes.extend(start + edge for edge in best_partition(end - start, gain, first)[1:])
    return scenes
