"""Learn where sentences end in English without punctuation from punctuated texts, and measure it on others.

    python benchmarks/sentence_ends.py ../shared/data/meetings [--write --manuals FOLDER]

Every sixth file of ``talks`` and ``qmsum``, and all of ``calls``, are not learned from; nor are the texts of
``benchmarks/facts``, which are of no such kind at all. Prints, of ends inside what one person says, the share found,
the share of those set that are right, and their F1: for every 25th word, which is what is left where nothing tells,
and for the model. No pauses are in these texts. ``--write`` learns anew, from paragraphs of manuals too
(``FOLDER``: where HTML of manuals lies, as Debian's packages debian-handbook, developers-reference, debian-faq,
debian-reference-en and git-doc have it), and writes corrections to all-MiniLM-L6-v2 into the package: 45 minutes of
one core, with torch and transformers (``longvid[offline,models]``).
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator
from html import unescape
from itertools import chain, groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.said import to_utterances
from longvid_indexer.subtitles.reading import read_subtitles
from longvid_storage.models import sentence_begins
from longvid_storage.models.carried import MINILM
from longvid_storage.text import sentence_ends
from longvid_storage.text.sentences import split_sentences

RANK, HIDDEN, DROPPED = 8, 64, 0.05
"""Of the corrections; numbers between the encoder and the answer; share of tokens that are hidden while learning."""
STEPS, RATE = 3200, 2e-3
OF_TALK, OF_MANUALS = 5, 3
"""Windows that are learned from at once, with starts of turns marked, and as many without (captions of several people
that name none): what people say is more, and splits where writers would not ("… and")."""
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


def manuals(folder: Path) -> Iterator[Turn]:
    """Paragraphs of several sentences in English that have no code and no signs in them, each once."""
    seen = set()
    for path in sorted(folder.rglob("*.html")):
        if re.search(r"/(?!en)[a-z]{2}(-[A-Z]{2})?/|\.(?!en)[a-z]{2}\.html", str(path)):
            continue
        for told in re.findall(
            r'<(?:p|div class="para")(?=[ >])[^>]*>(.*?)</(?:p|div)>',
            path.read_text("utf-8", "replace"),
            re.S,
        ):
            text = " ".join(unescape(re.sub(r"<[^>]+>", "", told)).split())
            if text in seen or len(re.findall(r"<(?:code|pre|tt|kbd)", told)) > 1:
                continue
            seen.add(text)
            words, begins = _turn(text)
            enough = begins and len(words) >= 15 and len(words) / (len(begins) + 1) <= 28
            if enough and text.endswith((".", "?", "!")) and not re.search(r"[{}\[\]<>/\\=|_*@#]", text):
                yield words, begins


class Tokens:
    """Turns one after the other as the encoder reads them, with what stands before a text before each if ``marked``; of
    each token whether a sentence begins there, and whether that is to be learned (the first of a word)."""

    def __init__(self, said: Iterable[Turn], tokenizer: Any, marked: bool) -> None:
        known: dict[str, tuple[int, ...]] = {}
        ids: list[int] = []
        begins: list[float] = []
        asked: list[float] = []
        for words, ends in said:
            places = {*ends} if marked else {0, *ends}
            if marked:
                ids.append(sentence_begins.BEFORE)
                begins.append(0.0)
                asked.append(0.0)
            for at, word in enumerate(words):
                if word not in known:
                    known[word] = sentence_begins.pieces(tokenizer, word)
                rest = [0.0] * (len(known[word]) - 1)
                ids += known[word]
                begins += [float(at in places), *rest]
                asked += [float(at > 0 or not marked), *rest]
        self.ids, self.begins, self.asked = (
            np.array(ids),
            np.array(begins, np.float32),
            np.array(asked, np.float32),
        )


def learn(spoken: list[Turn], written: list[Turn]) -> dict[str, NDArray[Any]]:
    """The arrays, as they are kept."""
    import torch
    from tokenizers import Tokenizer
    from torch import nn
    from transformers import BertModel

    torch.manual_seed(0)
    torch.set_num_threads(1)
    tokenizer = Tokenizer.from_file(str(MINILM.path / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    drawn = [
        (Tokens(said, tokenizer, marked), count)
        for said, count in ((spoken, OF_TALK), (written, OF_MANUALS))
        for marked in (True, False)
    ]

    class Corrected(nn.Module):
        def __init__(self, linear: nn.Linear) -> None:
            super().__init__()
            self.linear = linear
            self.down = nn.Parameter(torch.randn(linear.in_features, RANK) * linear.in_features**-0.5)
            self.up = nn.Parameter(torch.zeros(RANK, linear.out_features))

        def forward(self, given: Any) -> Any:
            return self.linear(given) + (given @ self.down) @ self.up * 2

    def correct(module: nn.Module) -> None:
        for name, child in module.named_children():
            if isinstance(child, nn.Linear):
                setattr(module, name, Corrected(child))
            else:
                correct(child)

    encoder = BertModel.from_pretrained(str(MINILM.path), add_pooling_layer=False)
    encoder.encoder.layer = encoder.encoder.layer[: sentence_begins.LAYERS]
    encoder.requires_grad_(False)
    correct(encoder.encoder)
    width = encoder.config.hidden_size
    head = nn.Sequential(nn.Linear(2 * width, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 1))
    learned = [each for each in chain(encoder.parameters(), head.parameters()) if each.requires_grad]
    window = sentence_begins.WINDOW
    hidden = tokenizer.token_to_id("[MASK]")
    encoder.train()
    optimiser = torch.optim.AdamW(learned, RATE, weight_decay=1e-2)
    for step in range(STEPS):
        part = step / STEPS
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1, part / 0.05) * (1 - part) + 1e-5
        places = [
            (tokens, torch.randint(0, len(tokens.ids) - window, (count, 1)).numpy() + np.arange(window))
            for tokens, count in drawn
        ]
        ids, begins, asked = (
            torch.from_numpy(np.concatenate([getattr(tokens, name)[at] for tokens, at in places]))
            for name in ("ids", "begins", "asked")
        )
        asked[:, :4] = 0
        ids = torch.where(torch.rand(ids.shape) < DROPPED, torch.tensor(hidden), ids)
        with torch.autocast("cpu", torch.bfloat16):
            told = encoder(input_ids=ids).last_hidden_state
            before = nn.functional.pad(told, (0, 0, 1, 0))[:, :-1]
            scores = head(torch.cat([told, before], -1))[..., 0]
        losses = nn.functional.binary_cross_entropy_with_logits(scores.float(), begins, reduction="none")
        loss = (losses * asked).sum() / asked.sum()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(learned, 1.0)
        optimiser.step()
        if step % 100 == 99:
            print(f"step {step + 1} of {STEPS}: loss {loss.item():.3f}", flush=True)
    state = {name: value.detach().numpy() for name, value in encoder.state_dict().items()}
    ends = head.state_dict()
    arrays = {name: value for name, value in state.items() if name.endswith(".down")}
    arrays |= {name: 2 * value for name, value in state.items() if name.endswith(".up")}
    arrays |= {"head.in": ends["0.weight"].numpy().T, "head.in.bias": ends["0.bias"].numpy()}
    arrays |= {"head.out": ends["2.weight"].numpy()[0], "head.out.bias": ends["2.bias"].numpy()}
    return {name: value.astype(np.float16) for name, value in arrays.items()}


def measure(held: list[Turn], parts: Any) -> str:
    """Share of ends found, share of those set that are right, and F1."""
    found = were = right = 0
    for words, begins in held:
        set_ = {begin for begin, _ in parts(words)} - {0}
        right, found, were = right + len(set_ & set(begins)), found + len(set_), were + len(begins)
    return f"found {right / were:.3f}, right {right / found:.3f}, F1 {2 * right / (found + were):.3f} of {were} ends"


def every_25(words: list[str]) -> list[tuple[int, int]]:
    """What is left where nothing tells."""
    return [(at, min(at + 25, len(words))) for at in range(0, len(words), 25)]


def by_model(words: list[str]) -> list[tuple[int, int]]:
    """As they are made where no pause is heard."""
    model = sentence_begins.carried()
    assert model is not None, "pip install 'longvid[offline]'"
    return sentence_ends.parts(words, [False] * len(words), model.scores)


def main() -> None:
    """Learn, if asked to, and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="a folder with talks, qmsum and calls in it")
    parser.add_argument("--write", action="store_true", help="learn anew, and keep the weights")
    parser.add_argument("--manuals", type=Path, help="a folder with manuals in HTML, to learn from as well")
    given = parser.parse_args()
    learned, held = learned_and_held(given.data)
    if given.write:
        if given.manuals is None:
            parser.error("--write needs --manuals FOLDER")
        arrays = learn(list(turns(chain(*learned.values()))), list(manuals(given.manuals)))
        np.savez_compressed(sentence_begins.LEARNED, **arrays)
    sets = {kind: list(turns(files)) for kind, files in held.items()}
    for kind, items in (sets | {"facts": list(written(sorted(FACTS.glob("*.txt"))))}).items():
        print(f"{kind:6} every 25 words: {measure(items, every_25)}")
        print(f"{kind:6} the model:      {measure(items, by_model)}")


if __name__ == "__main__":
    main()
