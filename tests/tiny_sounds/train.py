"""Teaches the tiny checkpoints beside this file: ``python tests/tiny_sounds/train.py`` makes them again, in a minute.

They have the true architecture and file format of the models that longvid is used with, and are small enough to be
kept here: so the code that loads and runs those models is tested on what really hears.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from tiny_sounds.factory import RATE, VOICES, voice  # noqa: E402


def teach_voices(folder: Path, *, steps: int = 110) -> Path:
    """A small WavLM x-vector model that tells ``VOICES`` apart."""
    import torch
    from transformers import Wav2Vec2FeatureExtractor, WavLMConfig, WavLMForXVector

    names = list(VOICES)
    pool = [[voice(name, 8.0, seed=seed) for seed in range(6)] for name in names]
    extractor = Wav2Vec2FeatureExtractor(sampling_rate=RATE, do_normalize=True, return_attention_mask=False)
    random = np.random.default_rng(0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = WavLMForXVector(
            WavLMConfig(
                hidden_size=32,
                num_hidden_layers=1,
                num_attention_heads=2,
                intermediate_size=64,
                conv_dim=(32, 32, 32),
                conv_kernel=(10, 8, 4),
                conv_stride=(5, 8, 4),
                num_feat_extract_layers=3,
                num_conv_pos_embeddings=16,
                num_conv_pos_embedding_groups=2,
                tdnn_dim=(32, 32, 64),
                tdnn_kernel=(5, 3, 1),
                tdnn_dilation=(1, 2, 1),
                xvector_output_dim=32,
                num_labels=len(names),
                num_buckets=32,
                max_bucket_distance=80,
                mask_time_prob=0.0,
                layerdrop=0.0,
            )
        ).train()
        optimiser = torch.optim.AdamW(model.parameters(), lr=1.5e-3)
        for _ in range(steps):
            pieces, owners = [], []
            for number, own in enumerate(pool):
                for _ in range(3):
                    said = own[random.integers(len(own))]
                    at = random.integers(0, len(said) - 12_000)
                    pieces.append(said[at : at + 12_000])
                    owners.append(number)
            values = extractor(pieces, sampling_rate=RATE, return_tensors="pt").input_values
            unit = torch.nn.functional.normalize(model(values).embeddings, dim=1)
            owner = torch.tensor(owners)
            same = (owner[:, None] == owner[None]).float()
            loss = ((unit @ unit.T - same) ** 2).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    model.eval().save_pretrained(folder)
    extractor.save_pretrained(folder)
    return folder


if __name__ == "__main__":
    teach_voices(HERE / "voices")
