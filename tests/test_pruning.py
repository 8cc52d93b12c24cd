"""Pruned visual tokens: which stay, and that the answer is that of masking the others, positions and all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from longvid_agents.video_lms.families import family_of
from longvid_agents.video_lms.pruning import choose, kept_count, left_out, pruning, runs_of
from longvid_storage.errors import ModelError, UsageError
from tiny_llavas import idefics
from tiny_others import gemma3
from tiny_video_lms import FAMILIES
from video_lm_tools import Seen, ask

# transformers makes an array of a list of tensors in GLM's processor.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword")

PRUNED = [kind for kind in FAMILIES if family_of(kind).prunes]
SHARE = 0.5


@pytest.fixture(scope="module", params=PRUNED)
def lm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    place = FAMILIES[request.param](tmp_path_factory.mktemp("pruned") / request.param)
    return Seen(place, device="cpu", visual_tokens=SHARE)


def test_runs_are_unbroken_stretches() -> None:
    assert runs_of([1, 9, 9, 2, 8, 9, 3], {8, 9}) == [(1, 3), (4, 6)]
    assert runs_of([1, 2], {9}) == []


@pytest.mark.parametrize("share", [0.01, 0.25, 0.5, 1.0])
def test_as_many_stay_as_counted(share: float) -> None:
    runs = [(2, 18), (20, 36), (40, 47)]
    features = torch.randn(50, 8, generator=torch.Generator().manual_seed(0))
    keep = choose(features, runs, share)
    visual = sum(int(keep[start:end].sum()) for start, end in runs)
    assert visual == kept_count(runs, share) == 39 - left_out(runs, share)
    assert int(keep.sum()) == 50 - left_out(runs, share)
    assert all(keep[start:end].any() for start, end in runs)


def test_what_stays_is_what_is_new() -> None:
    slide = torch.randn(16, 8, generator=torch.Generator().manual_seed(0))
    changed = slide.clone()
    changed[5] = -changed[5]
    features = torch.cat([slide, slide, changed])
    keep = choose(features, [(0, 16), (16, 32), (32, 48)], SHARE)
    # The first picture whole, two tokens spread over each of the others, the changed place, and what is left over.
    assert keep[:16].all()
    assert keep[32 + 5]
    assert int(keep[16:32].sum()) >= 2
    assert int(keep.sum()) == 24


def oracle(lm: Seen, inputs: dict[str, Any], given: dict[str, Any], keep: Any, steps: int) -> list[int]:
    """Greedy tokens of the whole sequence with the tokens that go masked out of every attention, no cache."""
    inputs = {key: value for key, value in inputs.items() if key != "attention_mask"}
    mask, positions, written = keep.long()[None], given["position_ids"], []
    for _ in range(steps):
        with torch.inference_mode():
            logits = lm._loaded.model(
                **inputs, attention_mask=mask, position_ids=positions, use_cache=False
            ).logits[0, -1]
        written.append(int(logits.argmax()))
        inputs["input_ids"] = torch.cat([inputs["input_ids"], logits.argmax().view(1, 1)], dim=1)
        if "mm_token_type_ids" in inputs:
            more = inputs["mm_token_type_ids"].new_zeros((1, 1))
            inputs["mm_token_type_ids"] = torch.cat([inputs["mm_token_type_ids"], more], dim=1)
        mask = torch.cat([mask, mask.new_ones((1, 1))], dim=1)
        positions = torch.cat([positions, positions[..., -1:] + 1], dim=-1)
    return written


def test_it_is_exactly_masking_with_positions_kept(lm: Seen) -> None:
    lm._loaded.model.generation_config.eos_token_id = 0
    ready = lm._read(lm._possible(ask(3)))
    inputs = {key: lm._cast(value) for key, value in ready.inputs.items()}
    runs = lm._runs(inputs)
    whole: list[dict[str, Any]] = []
    decoder = lm._loaded.model.get_decoder()
    watch = decoder.register_forward_pre_hook(lambda _, args, given: whole.append(given), with_kwargs=True)
    with pruning(decoder, runs, SHARE):
        out = lm._loaded.model.generate(**inputs, max_new_tokens=4, min_new_tokens=4, do_sample=False)
    watch.remove()
    keep = choose(whole[0]["inputs_embeds"][0], runs, SHARE)
    assert int((~keep).sum()) == left_out(runs, SHARE) > 0
    expected = oracle(lm, inputs, whole[0], keep, 4)
    assert out[0, inputs["input_ids"].shape[1] :].tolist() == expected
    unpruned = lm._loaded.model.generate(**inputs, max_new_tokens=4, min_new_tokens=4, do_sample=False)
    assert unpruned.shape == out.shape


def test_the_counts_are_told_and_kept_in_the_budget(lm: Seen) -> None:
    whole = Seen(lm._place_on_disk, device="cpu")
    full, pruned = whole.reply(ask(6)), lm.reply(ask(6))
    assert pruned.frames == full.frames == (1, 2, 3, 4, 5, 6)
    assert full.left_out == 0
    assert pruned.input_tokens + pruned.left_out == full.input_tokens
    assert pruned.left_out > 0
    budget = pruned.input_tokens
    assert lm.reply(ask(6, budget_tokens=budget)).frames == (1, 2, 3, 4, 5, 6)
    assert len(whole.reply(ask(6, budget_tokens=budget)).frames) < 6
    assert lm.reply(ask(0)).left_out == 0
    assert lm.fingerprint != whole.fingerprint


def test_a_share_that_is_none_and_pictures_that_are_no_tokens(tmp_path: Path) -> None:
    for share in (0.0, 1.5, -1):
        with pytest.raises(UsageError, match="visual_tokens is"):
            Seen(tmp_path, visual_tokens=share)
    for build in (idefics, gemma3):
        lm = Seen(build(tmp_path / build.__name__), device="cpu", visual_tokens=0.5)
        with pytest.raises(UsageError, match="whose visual tokens are never left out: it must be 1"):
            lm.reply(ask(1))


def test_a_decoder_of_another_kind_is_refused() -> None:
    decoder = torch.nn.Linear(2, 2)
    with (
        pruning(decoder, [(0, 1)], SHARE),
        pytest.raises(ModelError, match="is not called as pruning expects"),
    ):
        decoder(torch.zeros(1, 2))
