"""Learn where sentences end in English without punctuation from punctuated transcripts, and measure it on others.

    python benchmarks/sentence_ends.py ../shared/data/meetings [--write]

Every sixth file of ``talks`` and ``qmsum``, and all of ``calls``, are not learned from. Prints, of ends inside what one
person says, the share found, the share of those set that are right, and their F1; ``--write`` writes the weights
into the package. Wants scikit-learn.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import chain, groupby
from pathlib import Path

import numpy as np

from longvid_indexer.said import to_utterances
from longvid_indexer.subtitles.reading import read_subtitles
from longvid_storage.text import sentence_ends
from longvid_storage.text.sentences import split_sentences

COMMON, SEEN, SMALLEST = 1200, 20, 0.2
# Words that join others, however rare they are.
CLOSED = (
    "under over behind between against toward towards above below near without within during along across among beyond"
    " beside beneath upon onto off inside outside until unless since though although whereas our their his her its"
)
Turn = tuple[list[str], list[int]]


def turns(files: list[Path]) -> Iterator[Turn]:
    """The words of each person's turns, and where their sentences begin."""
    for path in files:
        said = to_utterances(read_subtitles(path), None)
        for _, turn in groupby(said, key=lambda each: each.speaker):
            sentences = split_sentences(" ".join(each.text for each in turn), sentence_ends.LANGUAGE)
            words = [
                [bare for word in one.split() if (bare := word.strip('.,;:!?…"“”()[]–—-'))]
                for one in sentences
            ]
            lengths = [len(each) for each in words if each]
            yield list(chain.from_iterable(words)), [sum(lengths[:at]) for at in range(1, len(lengths))]


def learn(learned: list[Turn]) -> str:
    """The weights, as they are kept."""
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    counted = Counter(word.lower().replace("’", "'") for words, _ in learned for word in words)
    common = frozenset(word for word, _ in counted.most_common(COMMON) if "," not in word) | {*CLOSED.split()}
    seen: Counter[tuple[str, str]] = Counter()
    rows, ends = [], []
    for words, begins in learned:
        known = [sentence_ends.kind(word, common) for word in words]
        at_ends = set(begins)
        for at in range(1, len(known)):
            rows.append(sentence_ends.runs(known, at))
            ends.append(at in at_ends)
            seen.update(rows[-1])
    ids = {run: at for at, run in enumerate(sorted(run for run, times in seen.items() if times >= SEEN))}
    columns = [[ids[run] for run in row if run in ids] for row in rows]
    starts = np.cumsum([0, *map(len, columns)])
    flat = np.fromiter(chain.from_iterable(columns), np.int32)
    table = csr_matrix((np.ones(len(flat), np.float32), flat, starts), shape=(len(columns), len(ids)))
    model = LogisticRegression(C=0.5, solver="liblinear", l1_ratio=1, max_iter=40).fit(table, ends)
    kept: dict[tuple[str, int], list[str]] = defaultdict(list)
    for (run, told), weight in zip(ids, model.coef_[0], strict=True):
        if abs(weight) >= SMALLEST:
            kept[run, round(10 * weight)].append(told)
    lines = [f"{run} {tenths}\t{','.join(told)}" for (run, tenths), told in sorted(kept.items())]
    return "\n".join([f"{model.intercept_[0]:.2f}", ",".join(sorted(common)), *lines])


def measure(held: list[Turn]) -> str:
    """Share of ends found, share of those set that are right, and F1."""
    found = were = right = 0
    for words, begins in held:
        set_ = {begin for begin, _ in sentence_ends.parts(words, [False] * len(words))} - {0}
        right, found, were = right + len(set_ & set(begins)), found + len(set_), were + len(begins)
    return f"found {right / were:.3f}, right {right / found:.3f}, F1 {2 * right / (found + were):.3f} of {were} ends"


def main() -> None:
    """Learn, if asked to, and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="a folder with talks, qmsum and calls in it")
    parser.add_argument("--write", action="store_true", help="learn anew, and keep the weights")
    given = parser.parse_args()
    kinds = {kind: sorted((given.data / kind).glob("*.vtt")) for kind in ("talks", "qmsum", "calls")}
    held = {kind: files if kind == "calls" else files[::6] for kind, files in kinds.items()}
    if given.write:
        learned = [path for kind, files in kinds.items() for path in files if path not in held[kind]]
        place = Path(sentence_ends.__file__).with_suffix(".txt")
        source = "# Learned from talks of bitcointranscripts (MIT) and meetings of AMI (CC BY 4.0)."
        place.write_text(f"{source}\n{learn(list(turns(learned)))}\n", encoding="utf-8")
    for kind, files in held.items():
        print(f"{kind:6} {measure(list(turns(files)))}")


if __name__ == "__main__":
    main()
