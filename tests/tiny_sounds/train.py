"""Teaches the tiny checkpoints beside this file: ``python tests/tiny_sounds/train.py`` makes them again, in a minute.

They have the true architecture and file format of the models that longvid is used with, and are small enough to be
kept here: so the code that loads and runs those models is tested on what really hears.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from scipy.signal import resample_poly

sys.path.insert(0, str(Path(__file__).parents[1]))

from tiny_sounds.factory import RATE, VOICES, Samples, applause, hiss, tone, voice

HERE = Path(__file__).parent


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


LABELS = ("Applause", "Music", "Speech", "Silence")


def scene(label: str, seconds: float, seed: int) -> Samples:
    """A quiet room in which, somewhere, one of ``LABELS`` is heard for a third of the time at least."""
    random = np.random.default_rng(seed)
    room = hiss(seconds, seed, random.uniform(0.0005, 0.005))
    length_s = random.uniform(seconds / 3, seconds)
    made = {
        "Applause": lambda: applause(length_s, seed),
        "Music": lambda: tone(length_s, 180 * 2 ** random.uniform(0, 2)),
        "Speech": lambda: voice(list(VOICES)[seed % len(VOICES)], length_s, seed),
        "Silence": lambda: np.zeros(1, np.float32),
    }[label]()
    at = random.integers(0, len(room) - len(made) + 1)
    room[at : at + len(made)] += made * random.uniform(0.3, 1.5)
    return room


def teach_tagger(folder: Path, *, scenes: int = 120, steps: int = 400) -> Path:
    """A small Audio Spectrogram Transformer with four labels, which do not exclude each other."""
    import torch
    from transformers import ASTConfig, ASTFeatureExtractor, ASTForAudioClassification

    extractor = ASTFeatureExtractor(num_mel_bins=32, max_length=200)
    heard = [(label, scene(label, 2.0, seed)) for seed in range(scenes) for label in LABELS]
    values = torch.cat(
        [extractor(room, sampling_rate=RATE, return_tensors="pt").input_values for _, room in heard]
    )
    truth = torch.tensor([[float(label == each) for each in LABELS] for label, _ in heard])
    random = np.random.default_rng(0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = ASTForAudioClassification(
            ASTConfig(
                hidden_size=48,
                num_hidden_layers=2,
                num_attention_heads=2,
                intermediate_size=96,
                num_mel_bins=32,
                max_length=200,
                frequency_stride=16,
                time_stride=16,
                id2label=dict(enumerate(LABELS)),
                label2id={label: number for number, label in enumerate(LABELS)},
                problem_type="multi_label_classification",
            )
        ).train()
        optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3)
        for _ in range(steps):
            rows = torch.tensor(random.integers(0, len(heard), 24))
            loss = torch.nn.functional.binary_cross_entropy_with_logits(
                model(values[rows]).logits, truth[rows]
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    model.eval().save_pretrained(folder)
    extractor.save_pretrained(folder)
    return folder


def teach_clap(folder: Path, *, scenes: int = 60, steps: int = 250) -> Path:
    """A small CLAP that brings scenes and the sentences about them together."""
    import torch
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel, ClapProcessor

    extractor = ClapFeatureExtractor(feature_size=16, max_length_s=2, truncation="rand_trunc")
    tokenizer = _roberta_tokenizer()
    sentences = [f"This is a sound of {label.lower()}." for label in LABELS]
    heard = [(label, scene(label, 2.0, seed)) for seed in range(scenes) for label in LABELS]
    louder = [(label, resample_poly(room, 3, 1).astype(np.float32)) for label, room in heard]
    values = torch.cat(
        [extractor(room, sampling_rate=48_000, return_tensors="pt").input_features for _, room in louder]
    )
    truth = torch.tensor([LABELS.index(label) for label, _ in heard])
    tokens = tokenizer(sentences, padding=True, return_tensors="pt")
    random = np.random.default_rng(0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = ClapModel(
            ClapConfig(
                text_config={
                    "vocab_size": len(tokenizer),
                    "hidden_size": 32,
                    "num_hidden_layers": 1,
                    "num_attention_heads": 2,
                    "intermediate_size": 64,
                    "max_position_embeddings": 64,
                    "pad_token_id": tokenizer.pad_token_id,
                },
                audio_config={
                    "window_size": 4,
                    "num_mel_bins": 16,
                    "spec_size": 64,
                    "hidden_size": 32,
                    "patch_embeds_hidden_size": 16,
                    "depths": [1, 1],
                    "num_hidden_layers": 2,
                    "num_attention_heads": [2, 2],
                },
                projection_dim=32,
            )
        ).train()
        optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3)
        for _ in range(steps):
            rows = torch.tensor(random.integers(0, len(heard), 16))
            sounds = model.get_audio_features(input_features=values[rows]).pooler_output
            texts = model.get_text_features(**tokens).pooler_output
            loss = torch.nn.functional.cross_entropy(
                sounds @ texts.T * model.logit_scale_a.exp(), truth[rows]
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    model.eval().save_pretrained(folder)
    ClapProcessor(extractor, tokenizer).save_pretrained(folder)
    return folder


def _roberta_tokenizer() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import RobertaTokenizer

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.train_from_iterator(
        [f"This is a sound of {label.lower()}." for label in LABELS] * 3,
        trainers.BpeTrainer(
            vocab_size=340,
            special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    model = json.loads(raw.to_str())["model"]
    return RobertaTokenizer(vocab=model["vocab"], merges=[tuple(pair) for pair in model["merges"]])


if __name__ == "__main__":
    teach_voices(HERE / "voices")
    teach_tagger(HERE / "tagger")
    teach_clap(HERE / "clap")
