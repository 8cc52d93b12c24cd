"""Learn where sentences end in English without punctuation from punctuated transcripts, and measure it on others.

    python benchmarks/sentence_ends.py ../shared/data/meetings [--write]

Every sixth file of ``talks`` and ``qmsum``, and all of ``calls``, are not learned from; nor are the texts of
``benchmarks/facts``, which are of no such kind at all. Prints, of ends inside what one person says, the share found,
the share of those set that are right, and their F1: for every 25th word, which is what is left where nothing tells,
and for the model. No pauses are in these texts. ``--write`` learns anew and writes the weights into the package: ten
minutes of one core, with torch and the word vectors of all-MiniLM-L6-v2 (``longvid[offline,models]``).
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.said import to_utterances
from longvid_indexer.subtitles.reading import read_subtitles
from longvid_storage.models.carried import MINILM
from longvid_storage.text import sentence_ends
from longvid_storage.text.sentences import split_sentences

WORDS, SEEN, ENDINGS = 6000, 4, 800
LEARNED, OF_ENDING, CARRIED = 40, 12, 32
"""Numbers that stand for a word: learned here, of its last letters, and of the encoder's word vectors."""
WIDTH, SPAN, APART = 96, 5, (1, 1, 2)
"""Of each layer: numbers a word, words it sees, and how far these are apart."""
EPOCHS, AT_ONCE, WINDOW, RATE, DROPPED, FORGOTTEN = 12, 24, 100, 4e-3, 0.2, 0.2
FACTS = Path(__file__).parent / "facts"
Turn = tuple[list[str], list[int]]


def learned_and_held(data: Path) -> tuple[dict[str, list[Path]], dict[str, list[Path]]]:
    """The files of each kind that are learned from, and those that are not."""
    kinds = {kind: sorted((data / kind).glob("*.vtt")) for kind in ("talks", "qmsum", "calls")}
    held = {kind: files if kind == "calls" else files[::6] for kind, files in kinds.items()}
    return {kind: [each for each in files if each not in held[kind]] for kind, files in kinds.items()}, held


def said(files: Iterable[Path]) -> Iterator[str]:
    """What each person says in one go."""
    for path in files:
        for _, turn in groupby(to_utterances(read_subtitles(path), None), key=lambda each: each.speaker):
            yield " ".join(each.text for each in turn)


def turns(files: Iterable[Path]) -> Iterator[Turn]:
    """The words of each person's turns, and where their sentences begin."""
    return map(_turn, said(files))


def written(files: Iterable[Path]) -> Iterator[Turn]:
    """The same of texts whose lines may begin with a name and a colon."""
    for path in files:
        lines = path.read_text("utf-8").splitlines()
        yield _turn(" ".join(re.sub(r"^\S+: ", "", line) for line in lines))


def _turn(text: str) -> Turn:
    sentences = split_sentences(text, sentence_ends.LANGUAGE)
    words = [[bare for word in one.split() if (bare := word.strip('.,;:!?…"“”()[]–—-'))] for one in sentences]
    lengths = [len(each) for each in words if each]
    return list(chain.from_iterable(words)), [sum(lengths[:at]) for at in range(1, len(lengths))]


def carried() -> tuple[list[str], NDArray[np.float32]]:
    """The encoder's pieces of words that are letters only, and their vectors in fewer numbers (principal axes)."""
    from safetensors.numpy import load_file

    table = load_file(str(MINILM.path / "model.safetensors"))["embeddings.word_embeddings.weight"]
    vocabulary = json.loads((MINILM.path / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]
    pieces = {piece: at for piece, at in vocabulary.items() if re.fullmatch(r"(##)?[a-z]+", piece)}
    vectors = table[list(pieces.values())].astype(np.float32)
    vectors -= vectors.mean(0)
    _, axes = np.linalg.eigh(vectors.T @ vectors)
    short = vectors @ axes[:, ::-1][:, :CARRIED]
    return list(pieces), (short / short.std()).astype(np.float32)


def learn(learned: list[Turn]) -> dict[str, NDArray[Any]]:
    """The arrays, as they are kept."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    torch.set_num_threads(1)
    said = [[sentence_ends.plain(word) for word in words] for words, _ in learned]
    counted = Counter(chain.from_iterable(said))
    words = [word for word, count in counted.most_common(WORDS) if count >= SEEN]
    endings: Counter[str] = Counter()
    for word, count in counted.items():
        endings[word[-3:]] += count
    kept = [ending for ending, _ in endings.most_common(ENDINGS)]
    pieces, vectors = carried()
    names = sentence_ends.Names(words, kept, pieces)
    begins = [np.zeros(len(each), np.float32) for each in said]
    for (_, ends), marks in zip(learned, begins, strict=True):
        marks[[0, *ends][: len(marks)]] = 1
    target = torch.from_numpy(np.concatenate(begins))
    everything = list(chain.from_iterable(said))
    ids = torch.tensor([names.ids(word) for word in everything])
    known = {word: sentence_ends.carried_vector(names, vectors, word) for word in counted}
    fixed = torch.from_numpy(np.stack([known[word] for word in everything]))

    class Ends(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words = nn.Embedding(len(words) + 1, LEARNED)
            self.endings = nn.Embedding(len(kept) + 1, OF_ENDING)
            self.enter = nn.Linear(LEARNED + OF_ENDING + CARRIED, WIDTH)
            self.layers = nn.ModuleList(
                nn.Conv1d(WIDTH, WIDTH, SPAN, padding=SPAN // 2 * apart, dilation=apart) for apart in APART
            )
            self.leave, self.drop = nn.Linear(WIDTH, 1), nn.Dropout(DROPPED)

        def forward(self, ids: Any, fixed: Any) -> Any:
            told = torch.cat([self.words(ids[..., 0]), self.endings(ids[..., 1]), fixed], -1)
            held = self.enter(self.drop(told)).transpose(1, 2)
            for layer in self.layers:
                held = held + self.drop(torch.relu(layer(held)))
            return self.leave(held.transpose(1, 2))[..., 0]

    model = Ends()
    optimiser = torch.optim.AdamW(model.parameters(), RATE, weight_decay=1e-2)
    steps = EPOCHS * len(everything) // (AT_ONCE * WINDOW)
    for step in range(steps):
        part = step / steps
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1, part / 0.1) * (1 - part) + 1e-5
        at = torch.randint(0, len(everything) - WINDOW, (AT_ONCE, 1)) + torch.arange(WINDOW)
        here = ids[at].clone()
        here[..., 0] *= torch.rand(AT_ONCE, WINDOW) >= FORGOTTEN  # a word that is not known tells by the rest
        loss = nn.functional.binary_cross_entropy_with_logits(
            model(here, fixed[at])[:, 1:], target[at][:, 1:]
        )
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        if step % 300 == 299:
            print(f"step {step + 1} of {steps}: loss {loss.item():.3f}", flush=True)
    state = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    arrays: dict[str, NDArray[Any]] = {}
    for name, rows in (("words", words), ("endings", kept), ("pieces", pieces)):
        arrays[f"{name}.names"] = np.frombuffer("\n".join(rows).encode(), np.uint8)
    for name, table in (
        ("words", state["words.weight"]),
        ("endings", state["endings.weight"]),
        ("pieces", vectors),
    ):
        scale = np.abs(table).max(0) / 127
        arrays[name], arrays[f"{name}.scale"] = (
            np.round(table / scale).astype(np.int8),
            scale.astype(np.float32),
        )
    arrays["enter"], arrays["enter.bias"] = state["enter.weight"].T, state["enter.bias"]
    for number in range(len(APART)):  # (words, in, out)
        arrays[f"layer{number}"] = state[f"layers.{number}.weight"].transpose(2, 1, 0)
        arrays[f"layer{number}.bias"] = state[f"layers.{number}.bias"]
    arrays["apart"] = np.array(APART, np.int8)
    arrays["leave"], arrays["leave.bias"] = state["leave.weight"][0], state["leave.bias"]
    return {
        name: value.astype(np.float16) if value.dtype == np.float32 and value.ndim > 1 else value
        for name, value in arrays.items()
    }


def measure(held: list[Turn], parts: Any) -> str:
    """Share of ends found, share of those set that are right, and F1."""
    found = were = right = 0
    for words, begins in held:
        set_ = {begin for begin, _ in parts(words, [False] * len(words))} - {0}
        right, found, were = right + len(set_ & set(begins)), found + len(set_), were + len(begins)
    return f"found {right / were:.3f}, right {right / found:.3f}, F1 {2 * right / (found + were):.3f} of {were} ends"


def every_25(words: list[str], _: list[bool]) -> list[tuple[int, int]]:
    """What is left where nothing tells."""
    return [(at, min(at + 25, len(words))) for at in range(0, len(words), 25)]


def main() -> None:
    """Learn, if asked to, and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="a folder with talks, qmsum and calls in it")
    parser.add_argument("--write", action="store_true", help="learn anew, and keep the weights")
    given = parser.parse_args()
    learned, held = learned_and_held(given.data)
    if given.write:
        arrays = learn(list(turns(chain(*learned.values()))))
        np.savez_compressed(Path(sentence_ends.__file__).with_suffix(".npz"), **arrays)
    sets = {kind: list(turns(files)) for kind, files in held.items()}
    for kind, items in (sets | {"facts": list(written(sorted(FACTS.glob("*.txt"))))}).items():
        print(f"{kind:6} every 25 words: {measure(items, every_25)}")
        print(f"{kind:6} the model:      {measure(items, sentence_ends.parts)}")


if __name__ == "__main__":
    main()
