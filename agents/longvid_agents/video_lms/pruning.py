"""Leaving out visual tokens before the language model reads them, with the places of the others as they were.

Training-free. Of the share that is kept, a part is spread evenly over every picture and the rest goes to the tokens
that are new: those least like the token at the same place of the picture before (of the first picture, all are new).
So a slide that stays is read once, and what moves is read where it moves.

Spreading evenly is what FEATHER (arXiv 2412.13180) found to keep localisation where pruning by attention loses it;
comparing with the frame before is what VideoLLaMA 3 (arXiv 2501.13106) does with pixels and DyCoke (arXiv 2411.15024)
with tokens. Every token that stays keeps its position, in M-RoPE its time, row and column, so distances in time and on
the picture are what they were: the result is exactly that of masking the others out of all attention.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from longvid_agents.packing import spread
from longvid_storage.errors import ModelError

# The part of the kept tokens that is spread evenly over each picture; ours, a quarter as a floor under every picture.
EVEN = 0.25

Run = tuple[int, int]


def runs_of(ids: Sequence[int], marks: Collection[int]) -> list[Run]:
    """The unbroken stretches of visual tokens, half-open: one for each picture, or tile of one."""
    runs: list[Run] = []
    for place, token in enumerate(ids):
        if token in marks:
            if runs and runs[-1][1] == place:
                runs[-1] = (runs[-1][0], place + 1)
            else:
                runs.append((place, place + 1))
    return runs


def kept_count(runs: Sequence[Run], share: float) -> int:
    """How many visual tokens stay: ``share`` of all, and at least the evenly spread ones of every run."""
    return max(math.ceil(share * _length(runs)), sum(_even(run, share) for run in runs))


def left_out(runs: Sequence[Run], share: float) -> int:
    """How many do not."""
    return _length(runs) - kept_count(runs, share)


def choose(features: Any, runs: Sequence[Run], share: float) -> Any:
    """Which places stay, as a mask over the whole sequence: words all, visual tokens as the module says.

    ``features``: what the language model would read, shape (length, width).
    """
    import torch

    keep = torch.ones(len(features), dtype=torch.bool, device=features.device)
    news = torch.full((len(features),), -1.0, device=features.device)
    before: Run | None = None
    for run in runs:
        seen = features[run[0] : run[1]].float()
        news[run[0] : run[1]] = 2.0
        if before is not None and before[1] - before[0] == len(seen):
            like = torch.cosine_similarity(seen, features[before[0] : before[1]].float(), dim=-1)
            news[run[0] : run[1]] = 1 - like
        news[[run[0] + place for place in spread(len(seen), _even(run, share))]] = 4.0
        keep[run[0] : run[1]] = False
        before = run
    best = torch.argsort(news, descending=True, stable=True)[: kept_count(runs, share)]
    keep[best] = True
    return keep


@contextmanager
def pruning(decoder: Any, runs: Sequence[Run], share: float) -> Iterator[None]:
    """While open, ``decoder`` (the text part of a model that generates) reads only what ``choose`` keeps.

    Raises (when the decoder is called):
        ModelError: it is not called with embeddings, positions and a mask of the usual shapes (code ``"failed"``).
    """
    keeps: list[Any] = []

    def before(
        _: Any, args: tuple[Any, ...], given: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        embeds, mask = given.get("inputs_embeds"), given.get("attention_mask")
        if args or embeds is None or len(embeds) != 1 or getattr(mask, "ndim", 2) != 2:
            raise ModelError(
                f"{type(decoder).__name__} is not called as pruning expects: use visual_tokens=1.0",
                code="failed",
            )
        if not keeps:
            keeps.append(choose(embeds[0], runs, share))
            return args, _cut(given, keeps[0])
        past = given["past_key_values"].get_seq_length()
        return args, {**given, "attention_mask": embeds.new_ones((1, past + embeds.shape[1]), dtype=_long())}

    handle = decoder.register_forward_pre_hook(before, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()


def _cut(given: Mapping[str, Any], keep: Any) -> dict[str, Any]:
    """The decoder's arguments for the places that stay."""
    import torch

    embeds = given["inputs_embeds"][:, keep]
    positions = given.get("position_ids")
    if positions is None:
        positions = torch.arange(len(keep), device=keep.device)[None]
    positions = positions[..., keep]
    if positions.ndim == 3 and len(positions) == 4:
        # The first row counts places in the cache; times, rows and columns follow.
        positions = torch.cat(
            [torch.arange(embeds.shape[1], device=keep.device).expand_as(positions[:1]), positions[1:]]
        )
    cut = {**given, "inputs_embeds": embeds, "position_ids": positions}
    # Never None: a gap between positions would be read as the seam of two packed sequences.
    cut["attention_mask"] = torch.ones((1, embeds.shape[1]), dtype=_long(), device=keep.device)
    if (visual := given.get("visual_pos_masks")) is not None:
        cut["visual_pos_masks"] = visual[:, keep]
        cut["deepstack_visual_embeds"] = [deep[keep[visual[0]]] for deep in given["deepstack_visual_embeds"]]
    return cut


def _even(run: Run, share: float) -> int:
    return max(1, math.floor(EVEN * share * (run[1] - run[0])))


def _length(runs: Sequence[Run]) -> int:
    return sum(end - start for start, end in runs)


def _long() -> Any:
    import torch

    return torch.long
