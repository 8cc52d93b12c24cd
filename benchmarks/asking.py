"""Learn which English sentences ask from those that end in a mark, which is taken off, and measure it on others.

    python benchmarks/asking.py ../shared/data/meetings [--write]

Every sixth file of ``talks`` and ``qmsum``, and all of ``calls``, are not learned from. Prints, of sentences of three
words and more, the share of questions that is found and the share of what is found that is one: by a mark, which is
gone, by the order of words (``sentences.asks``'s own rule), and by words. ``--write`` learns anew (half a minute).
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path

from sentence_ends import learned_and_held, said

from longvid_storage.text import asking, sentences

SEEN = 4
"""A feature of fewer sentences of talks, or of meetings, is not learned: names and subjects are of one kind alone."""
STRENGTH = 0.2
"""Of the data against the penalty that makes weights 0: with five times as much, three times as many are kept for two
more questions in a hundred."""
Sentence = tuple[str, bool]


def said_in(files: Iterable[Path]) -> Iterator[Sentence]:
    """Each sentence of three words and more as a recogniser writes it, and whether it asks."""
    for turn in said(files):
        for text in sentences.split_sentences(turn, "en"):
            end = text.rstrip("\"”') ")[-1:]
            words = asking.bare_words(text)
            if len(words) >= 3 and end in (".", "?", "!"):
                yield " ".join(words), end == "?"


def learn(kinds: list[list[Sentence]]) -> dict[str, float]:
    """Feature → weight, of those that are not 0."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    told = [[dict(asking.features(text.split())) for text, _ in kind] for kind in kinds]
    seen = [Counter(name for each in kind for name in each) for kind in told]
    common = {name for name in seen[0] if all(counts[name] >= SEEN for counts in seen)}
    columns = DictVectorizer()
    rows = columns.fit_transform(
        [{name: each[name] for name in each if name in common} for each in chain(*told)]
    )
    rows.indices, rows.indptr = rows.indices.astype("int32"), rows.indptr.astype("int32")
    model = LogisticRegression(C=STRENGTH, penalty="l1", solver="liblinear", max_iter=1000, random_state=0)
    model.fit(rows, [asked for _, asked in chain(*kinds)])
    weights = zip(columns.get_feature_names_out(), model.coef_[0].tolist(), strict=True)
    return {asking.BIAS: float(model.intercept_[0])} | {name: weight for name, weight in weights if weight}


def measure(held: list[Sentence], found: Callable[[str], bool]) -> str:
    """Share of the questions that is found, and of what is found that is one."""
    pairs = [(found(text), asked) for text, asked in held]
    right, were = sum(a and b for a, b in pairs), sum(b for _, b in pairs)
    return f"{right / were:.2f} found, {right / max(1, sum(a for a, _ in pairs)):.2f} right"


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
        kinds = [[*said_in(learned[kind])] for kind in ("talks", "qmsum")]
        weights = sorted(learn(kinds).items(), key=lambda item: -abs(item[1]))
        told = "".join(f"{name}\t{weight:.3f}\n" for name, weight in weights)
        Path(asking.__file__).with_suffix(".tsv").write_text(told, "utf-8")
    for kind, files in held.items():
        asked_of = list(said_in(files))
        print(f"{kind}, {len(asked_of)} sentences, {sum(asked for _, asked in asked_of)} of them questions:")
        print(f"  by the order of words: {measure(asked_of, sentences.asks_by_order)}")
        print(f"  by words:              {measure(asked_of, asking.asks_by_words)}")


if __name__ == "__main__":
    main()
