"""Coverage-guided fuzzing of what reads files that others wrote, with atheris (libFuzzer); not a part of the tests.

    python benchmarks/fuzz.py subtitles --seconds 300       # any bytes as subtitles or a transcript
    python benchmarks/fuzz.py mended --runs 200000          # valid files of every format, with pieces of others put in
    python benchmarks/fuzz.py json --seconds 300            # as a JSON transcript
    python benchmarks/fuzz.py config --seconds 60           # as longvid.toml
    python benchmarks/fuzz.py answers --seconds 600         # as a saved answer, shown and exported
    python benchmarks/fuzz.py containers --seconds 600      # films with parts changed, in their form (``fuzz_forms``)
    python benchmarks/fuzz.py models --seconds 600          # a model's configuration and weights (safetensors) likewise
    python benchmarks/fuzz.py checkpoints --seconds 600     # as the pickled part of a checkpoint

Only errors of longvid's own tree may come out, what is read lies within two days and holds no letter more often than
the file does, and time is in proportion to the file. A crash leaves its input in the current directory
(``crash-...``); its kind belongs into ``tests/test_transcript_services.py`` or ``tests/test_engines.py``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import shutil
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from functools import cache, partial
from io import BytesIO
from pathlib import Path
from typing import Any

import atheris
import numpy as np
from fuzz_forms import changed_film, changed_model, split_model

_READERS = ["longvid_indexer.subtitles", "longvid_indexer.probe", "longvid_indexer.media", "longvid.config",
            "longvid.exports", "longvid_storage.models"]  # fmt: skip

with atheris.instrument_imports(include=_READERS):
    from longvid.config import load_config
    from longvid.exports.saved import read_answer
    from longvid_indexer.probe import probe
    from longvid_indexer.said import to_utterances
    from longvid_indexer.sound_taggers.audioset import AudioSetTagger
    from longvid_indexer.subtitles.beside import NOTHING_BESIDE
    from longvid_indexer.subtitles.cue import LONGEST_S, Subtitles
    from longvid_indexer.subtitles.encodings import decode_text
    from longvid_indexer.subtitles.json_transcripts import parse_json
    from longvid_indexer.subtitles.reading import parse_subtitles
    from longvid_indexer.transcribers.whisper import load_checkpoint
    from longvid_indexer.transcript import make_transcript

# The inputs are those of the tests, which are no package.
sys.path.append(str(Path(__file__).parents[1] / "tests"))
from longvid import jsonform  # noqa: E402
from longvid_storage.errors import LongvidError  # noqa: E402
from media_factory.writer import write_video  # noqa: E402
from test_fuzz import broken, check_answer, check_film, repacked, saved, spoilt, tiny_whisper  # noqa: E402
from tiny_sounds import TAGGER  # noqa: E402

SEEDS: dict[str, list[str]] = {
    "subtitles": [
        "WEBVTT\n\n00:01.000 --> 00:03.000\n<v Jane>The pump <00:02.000>leaks.</v>\n",
        "1\n00:00:01,000 --> 00:00:03,000\n>> JANE: The pump leaks.\n\n2\n00:00:03,000 --> 00:00:05,000\n[Music]\n",
        "[Events]\nDialogue: 0,0:00:01.00,0:00:03.00,Default,Jane,0,0,0,,{\\an8}The pump\\Nleaks.\n",
        "Jane Miller  0:03\nThe pump leaks.\n\nTom  0:07\nYes.\n",
        "<tt><body><div><p begin='1s' end='3s'>The pump</p></div></body></tt>",
        "{0}{60}The pump|leaks.\n", "[00:01.00]The pump\n", "start\tend\ttext\n0\t2500\tThe pump\n",
        "<SAMI><SYNC Start=0><P Class=EN>The pump<SYNC Start=2500></SAMI>",
        "Scenarist_SCC V1.0\n\n00:00:01;00\t9420 9420 54e8 e520 942f 942f\n",
    ],
    "json": [
        '{"segments": [{"start": 0, "end": 2.5, "text": "The", "words": [{"word": "The", "start": 0, "end": 1}]}]}',
        '{"results": {"items": [{"start_time": "0.1", "alternatives": [{"content": "A"}], "speaker_label": "s0"}]}}',
        '{"recognizedPhrases": [{"offset": "PT1.5S", "duration": "PT2S", "speaker": 1, "nBest": [{"display": "A"}]}]}',
        '{"events": [{"tStartMs": 0, "dDurationMs": 900, "segs": [{"utf8": "the", "tOffsetMs": 5}]}]}',
    ],
    "config": ['profile = "offline"\n[models]\nspeech = "whisper:tiny"\n[server]\nport = 1\n[vectors]\nmilvus = "x"\n'],
}  # fmt: skip


def _spoken(read: Subtitles) -> None:
    for utterance in to_utterances(read, None):
        if not (0 <= utterance.start_s < utterance.end_s <= 2 * LONGEST_S and utterance.text.strip()):
            raise AssertionError(f"an utterance that cannot be: {utterance}")


def subtitles(data: bytes) -> None:
    """Any bytes."""
    _spoken(parse_subtitles(decode_text(data)[0]))


def mended(data: bytes) -> None:
    """A seed of subtitles or JSON whose pieces ``data`` replaces, moves, doubles and drops."""
    given = atheris.FuzzedDataProvider(data)
    seeds = [*SEEDS["subtitles"], *SEEDS["json"]]
    text = seeds[given.ConsumeIntInRange(0, len(seeds) - 1)] * given.ConsumeIntInRange(1, 3)
    while given.remaining_bytes():
        at = given.ConsumeIntInRange(0, len(text))
        length = given.ConsumeIntInRange(0, 12)
        other = seeds[given.ConsumeIntInRange(0, len(seeds) - 1)]
        begin = given.ConsumeIntInRange(0, len(other))
        piece = [given.ConsumeUnicodeNoSurrogates(4), other[begin : begin + length], ""]
        text = text[:at] + piece[given.ConsumeIntInRange(0, 2)] + text[at + length :]
    began_s = time.process_time()
    read = parse_subtitles(text)
    _spoken(read)
    if time.process_time() - began_s > SLOWEST_S + len(text) * A_LETTER_S:
        raise AssertionError(f"{len(text)} letters took {time.process_time() - began_s:.2f} s")
    # Escapes and codes are other letters than they are read as; one line of lyrics has several times.
    if not any(mark in text.replace("\0", "") for mark in ("&", "\\", "Scenarist", "[00:")):
        said = Counter(c for u in to_utterances(read, None) for c in u.text if c.isalnum())
        if more := said - Counter(text):
            raise AssertionError(f"read more often than it is there: {more}")


def transcript(data: bytes) -> None:
    """Text as JSON."""
    _spoken(parse_json(data.decode("utf-8", "replace")))


def config(data: bytes) -> None:
    """A configuration."""
    with tempfile.NamedTemporaryFile(suffix=".toml") as file:
        Path(file.name).write_bytes(data)
        with contextlib.suppress(LongvidError):
            load_config(file.name)


def answers(data: bytes) -> None:
    """A saved answer."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        Path(file.name).write_bytes(data)
        with contextlib.suppress(LongvidError):
            check_answer(read_answer(Path(file.name)))


def containers(data: bytes) -> None:
    """A film: what it says of itself, and its subtitles."""
    suffix = {b"\x1aE\xdf\xa3": ".mkv", b"RIFF": ".wav"}.get(data[:4], ".mp4")
    with tempfile.NamedTemporaryFile(suffix=suffix) as file:
        Path(file.name).write_bytes(data)
        OUTCOMES["read"] += 1
        with contextlib.suppress(LongvidError):
            info = probe(Path(file.name), "v" * 64)
            check_film(info)
            OUTCOMES["past the head"] += 1
            make_transcript(Path(file.name), info, None, NOTHING_BESIDE)


def models(data: bytes) -> None:
    """A sound model."""
    config, weights = split_model(data)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(shutil.copytree(TAGGER, Path(folder) / "model"))
        (place / "config.json").write_bytes(config)
        (place / "model.safetensors").write_bytes(weights)
        OUTCOMES["read"] += 1
        with contextlib.suppress(LongvidError):
            AudioSetTagger(place, device="cpu").tag([np.zeros(1600, np.float32)])
            OUTCOMES["past the head"] += 1


def checkpoints(data: bytes) -> None:
    """The pickled part of a checkpoint whose archive is whole."""
    with tempfile.NamedTemporaryFile(suffix=".pt") as file:
        Path(file.name).write_bytes(repacked(_checkpoint(), lambda _: data))
        with contextlib.suppress(LongvidError):
            load_checkpoint(Path(file.name), "cpu")


@cache
def _checkpoint() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return tiny_whisper(Path(folder) / "tiny.pt")


def _pickled() -> bytes:
    with zipfile.ZipFile(BytesIO(_checkpoint())) as archive:
        return next(archive.read(name) for name in archive.namelist() if name.endswith("data.pkl"))


def _films() -> list[bytes]:
    pictures = [np.full((48, 64, 3), shade, np.uint8) for shade in (0, 90, 180, 250)]
    tone = np.sin(np.arange(8000, dtype=np.float32) / 9)
    cues, opening = [(0.1, 0.4, "The pump leaks."), (0.5, 0.7, "It is old.")], [(0.0, 0.5, "Opening")]
    films = []
    with tempfile.TemporaryDirectory() as folder:
        for name in ("a.mkv", "a.mp4", "a.mov"):
            path = Path(folder) / name
            how: dict[str, Any] = {"subtitles": cues, "title": "A talk", "chapters": opening}
            films.append(write_video(path, pictures, codec="mpeg4", audio=tone, **how).read_bytes())
        films.append(write_video(Path(folder) / "a.wav", None, audio=tone).read_bytes())
    return films


def _model() -> bytes:
    config = json.dumps(json.loads((TAGGER / "config.json").read_text()))
    return config.encode() + b"\n" + (TAGGER / "model.safetensors").read_bytes()


def _mutated_film(data: bytes, most: int, seed: int) -> bytes:
    made = changed_film(data, random.Random(seed), lambda part: atheris.Mutate(part, len(part) + 16))
    return made if len(made) <= most else data


def _mutated_model(data: bytes, most: int, seed: int) -> bytes:
    chosen = random.Random(seed)
    change = partial(broken, chosen=chosen)
    return changed_model(data, chosen, change, partial(spoilt, chosen=chosen))[:most]


OUTCOMES = Counter[str]()
MUTATORS: dict[str, Callable[[bytes, int, int], bytes]] = {
    "containers": _mutated_film,
    "models": _mutated_model,
}
MADE: dict[str, Callable[[], list[bytes]]] = {
    "answers": lambda: [jsonform.dumps(saved()).encode()],
    "containers": _films,
    "models": lambda: [_model()],
    "checkpoints": lambda: [_pickled()],
}
TARGETS: dict[str, Callable[[bytes], None]] = {
    "subtitles": subtitles, "mended": mended, "json": transcript, "config": config,
    "answers": answers, "containers": containers, "checkpoints": checkpoints, "models": models,
}  # fmt: skip
SLOWEST_S, A_LETTER_S = 0.5, 1e-3


def main() -> None:
    """Fuzz one target for so many seconds or runs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--runs", type=int, default=-1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as corpus:
        seeds = [seed.encode() for seed in SEEDS.get(options.target, ["\0" * 40])]
        seeds = MADE.get(options.target, lambda: seeds)()
        for number, seed in enumerate(seeds):
            (Path(corpus) / str(number)).write_bytes(seed)
        arguments = [
            sys.argv[0],
            corpus,
            f"-max_total_time={options.seconds}",
            f"-runs={options.runs}",
            f"-max_len={max(4000, *(2 * len(seed) for seed in seeds))}",
            "-timeout=300",  # wall seconds: of a busy machine too
        ]
        more = {"custom_mutator": MUTATORS[options.target]} if options.target in MUTATORS else {}
        atheris.Setup(arguments, TARGETS[options.target], **more)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
