"""How well events follow the topics people marked: Pk and WindowDiff beside two baselines, in one run.

    python benchmarks/segmentation.py ../shared/data/meetings [--encoder none] [--vectors FOLDER] [--quick]

DATA_DIR holds ``qmsum/topics.jsonl`` and ``talks/questions.jsonl`` (any ``*/topics.jsonl`` or ``*/questions.jsonl``
with ``video`` and ``spans``) beside the ``.vtt`` files they speak of. Boundaries of gold are those of
``longvid eval structure``: section starts, and ends followed by more than a minute of nothing.

- **events**: what ``longvid index`` makes of the transcript alone.
- **equal**: as many segments as events has, of equal length.
- **equal (gold count)**: the same, knowing how many there are: a baseline with an oracle.
- **TextTiling**: nltk's, at its own settings (Hearst 1997).
- **TextTiling (same count)**: its deepest valleys, as many as events has cuts.

Lower is better. ± is the standard error over videos of the difference to events.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from longvid.evaluation.segmentation import pk, span_boundaries, window_diff
from longvid_indexer.structure import build_structure
from longvid_indexer.structuring.words import STOP_WORDS
from longvid_indexer.subtitles.reading import read_subtitles
from longvid_storage.models.text_encoder import TextEncoder
from longvid_storage.text.passages import speech_passages
from longvid_storage.types import Passage, Utterance, VideoInfo

_TILE_WORDS = 20  # nltk's own setting

Scores = dict[str, list[tuple[float, float, int]]]


def gold_of(file: Path) -> dict[str, list[tuple[float, float]]]:
    """Spans by video, from topics or from questions."""
    spans: dict[str, list[tuple[float, float]]] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        for part in record.get("topics", [record]):
            spans.setdefault(record["video"], []).extend((s, e) for s, e in part["spans"])
    return spans


def read_transcript(path: Path) -> list[Utterance]:
    """One utterance a caption line, in order of time."""
    cues = read_subtitles(path).cues
    return sorted(
        (Utterance(cue.start_s, cue.end_s, line.text, line.speaker) for cue in cues for line in cue.lines),
        key=lambda u: (u.start_s, u.end_s),
    )


def passages_of(path: Path, said: Sequence[Utterance]) -> list[Passage]:
    """The passages that storing this transcript makes, with ids from 1 on."""
    made = speech_passages(path.stem, said)
    return [replace(passage, id=number) for number, (passage, _) in enumerate(made, 1)]


def vectors_of(
    path: Path, passages: Sequence[Passage], encoder: TextEncoder | None, cache: Path | None
) -> dict[int, NDArray[np.float16]]:
    """Passage id → its vector, kept in ``cache`` between runs; none without an encoder."""
    if encoder is None:
        return {}
    kept = cache / f"{path.stem}.{re.sub('[^0-9A-Za-z]+', '-', encoder.fingerprint)}.npy" if cache else None
    if kept is not None and kept.exists():
        vectors = np.load(kept)
    else:
        texts = [passage.text for passage in passages]
        vectors = encoder.encode(texts, kind="passage").astype(np.float16)
    if len(vectors) != len(passages):
        raise SystemExit(f"{kept} is of other passages than {path.name} has now: delete it")
    if kept is not None and not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.save(kept, vectors)
    return {passage.id: vector for passage, vector in zip(passages, vectors, strict=True)}


def event_boundaries(
    path: Path,
    passages: Sequence[Passage],
    vectors: Mapping[int, NDArray[np.float16]],
    duration_s: float,
) -> list[float]:
    """Starts of the events that indexing this transcript makes, without the first."""
    info = VideoInfo(path.stem, path.stem, duration_s, has_video=False, has_audio=False)
    segments = build_structure(info, passages, (), (), (), vectors=vectors)
    return [s.start_s for s in segments if s.level == "event"][1:]


def equal_boundaries(count: int, duration_s: float) -> list[float]:
    """``count`` cuts that make ``count + 1`` segments of equal length."""
    return [duration_s * i / (count + 1) for i in range(1, count + 1)]


def texttiling(said: Sequence[Utterance], count: int) -> tuple[list[float], list[float]]:
    """nltk's cuts at its own settings, and the ``count`` deepest valleys of the same depth curve."""
    from nltk.tokenize import TextTilingTokenizer

    text = "\n\n".join(u.text for u in said)  # each utterance a paragraph: cuts go to paragraph breaks
    try:
        tokenizer = TextTilingTokenizer(w=_TILE_WORDS, k=10, stopwords=sorted(STOP_WORDS), demo_mode=True)
        _, _, depths, chosen = tokenizer.tokenize(text)
    except ValueError:  # too short for a single comparison
        return [], []
    deepest: list[int] = []
    for gap in sorted(range(len(depths)), key=lambda i: -depths[i]):
        if len(deepest) < count and all(abs(gap - other) > 4 for other in deepest):  # nltk's own distance
            deepest.append(gap)
    own = [gap for gap, cut in enumerate(chosen) if cut]
    return _gap_times(said, own), _gap_times(said, deepest)


def _gap_times(said: Sequence[Utterance], gaps: Sequence[int]) -> list[float]:
    """Gaps between pseudo-sentences of ``_TILE_WORDS`` words as starts of the nearest utterances."""
    first_word = np.cumsum([0, *(len(re.findall(r"\w+", u.text)) for u in said)])[:-1]
    nearest = (int(np.argmin(np.abs(first_word - (gap + 1) * _TILE_WORDS))) for gap in gaps)
    return sorted({said[index].start_s for index in nearest})


def measure(
    folder: Path, gold_file: Path, encoder: TextEncoder | None, cache: Path | None, *, quick: bool = False
) -> Scores:
    """(Pk, WindowDiff, number of segments) of every video and method."""
    scores: Scores = {}
    for video, spans in sorted(gold_of(gold_file).items()):
        path = folder / f"{video}.vtt"
        said = read_transcript(path)
        duration_s = max(u.end_s for u in said)
        gold = span_boundaries(spans, duration_s)
        passages = passages_of(path, said)
        vectors = vectors_of(path, passages, encoder, cache)
        ours = event_boundaries(path, passages, vectors, duration_s)
        found = {
            "events": ours,
            "equal": equal_boundaries(len(ours), duration_s),
            "equal (gold count)": equal_boundaries(len(gold), duration_s),
            "gold": gold,
        }
        if not quick:
            found["TextTiling"], found["TextTiling (same count)"] = texttiling(said, len(ours))
        for name, cuts in found.items():
            scores.setdefault(name, []).append(
                (pk(cuts, gold, duration_s), window_diff(cuts, gold, duration_s), len(set(cuts)) + 1)
            )
        print(f"\r{len(scores['events'])} {video[:60]:60}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return scores


def print_table(name: str, scores: Scores) -> None:
    """One row a method: means over videos, and how much worse than events it is."""
    ours = np.array(scores["events"])
    print(f"\n{name}: {len(ours)} videos, {np.array(scores['gold'])[:, 2].mean():.1f} sections each\n")
    print(
        "| method | segments | Pk | WindowDiff | Pk worse by | WindowDiff worse by |\n|---|---|---|---|---|---|"
    )
    for method in [m for m in scores if m != "gold"]:
        rows = np.array(scores[method])
        line = f"| {method} | {rows[:, 2].mean():.1f} | {rows[:, 0].mean():.3f} | {rows[:, 1].mean():.3f} |"
        for column in (0, 1):
            difference = rows[:, column] - ours[:, column]
            error = difference.std(ddof=1) / np.sqrt(len(difference)) if len(difference) > 1 else 0.0
            line += " |" if method == "events" else f" {difference.mean():+.3f} ± {error:.3f} |"
        print(line)


def make_encoder(name: str) -> TextEncoder | None:
    """The offline encoder, or none."""
    if name == "none":
        return None
    from longvid_storage.models.text_encoders.minilm import MiniLMEncoder

    return MiniLMEncoder()


def main(arguments: Sequence[str] | None = None, out: Callable[[str, Scores], None] = print_table) -> None:
    """Measure every set under DATA_DIR."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--encoder", choices=("minilm", "none"), default="minilm", help="none: words alone")
    parser.add_argument("--vectors", type=Path, help="keep sentence vectors here between runs")
    parser.add_argument(
        "--quick", action="store_true", help="leave out TextTiling, which takes most of the time"
    )
    given = parser.parse_args(arguments)
    files = sorted(given.data_dir.glob("*/topics.jsonl")) + sorted(
        given.data_dir.glob("talks/questions.jsonl")
    )
    if not files:
        parser.error(f"{given.data_dir} has no */topics.jsonl and no talks/questions.jsonl")
    encoder = make_encoder(given.encoder)
    for file in files:
        out(file.parent.name, measure(file.parent, file, encoder, given.vectors, quick=given.quick))


if __name__ == "__main__":
    main()
