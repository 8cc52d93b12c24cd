"""Coverage-guided fuzzing of what reads files that others wrote, with atheris (libFuzzer); not a part of the tests.

    python benchmarks/fuzz.py subtitles --seconds 300       # any bytes as subtitles or a transcript
    python benchmarks/fuzz.py mended --runs 200000          # valid files of every format, with pieces of others put in
    python benchmarks/fuzz.py json --seconds 300            # as a JSON transcript
    python benchmarks/fuzz.py config --seconds 60           # as longvid.toml

Only errors of longvid's own tree may come out, what is read lies within two days and holds no letter more often than
the file does, and time is in proportion to the file. A crash leaves its input in the current directory
(``crash-...``); its kind belongs into ``tests/test_transcript_services.py`` or ``tests/test_engines.py``.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["longvid_indexer.subtitles", "longvid.config"]):
    from longvid.config import load_config
    from longvid_indexer.said import to_utterances
    from longvid_indexer.subtitles.cue import LONGEST_S, Subtitles
    from longvid_indexer.subtitles.encodings import decode_text
    from longvid_indexer.subtitles.json_transcripts import parse_json
    from longvid_indexer.subtitles.reading import parse_subtitles
from longvid_storage.errors import LongvidError

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


TARGETS: dict[str, Callable[[bytes], None]] = {
    "subtitles": subtitles, "mended": mended, "json": transcript, "config": config,
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
        for number, seed in enumerate(SEEDS.get(options.target, ["\0" * 40])):
            (Path(corpus) / str(number)).write_text(seed, encoding="utf-8")
        arguments = [
            sys.argv[0],
            corpus,
            f"-max_total_time={options.seconds}",
            f"-runs={options.runs}",
            "-max_len=4000",
            "-timeout=300",  # wall seconds: of a busy machine too
        ]
        atheris.Setup(arguments, TARGETS[options.target])
        atheris.Fuzz()


if __name__ == "__main__":
    main()
