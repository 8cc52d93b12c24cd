"""The decoder of pocketsphinx in a process of its own: ``python -P -m longvid_indexer.transcribers.sphinx_process``.

It keeps Python's lock while it hears, six seconds of processor for twenty of speech; in the process of a server that
would be six seconds in which nobody is answered. On stdin: settings as a line of JSON, then stretches of sound, each
its number of bytes (8, the lowest first) and so many bytes of mono 16-bit samples. On stdout a line of JSON for each:
``[[word, first frame, last frame, probability], …]``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any, BinaryIO

LENGTH_BYTES = 8


def main() -> None:
    """Hear what comes in until nothing more does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asked is interrupted, and closes our input
    told = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever the library prints is no answer
    heard = sys.stdin.buffer
    decoder: Any = None
    settings = json.loads(heard.readline())
    try:
        from pocketsphinx import Decoder

        decoder = Decoder(**settings)
    except (ImportError, RuntimeError) as error:
        told.write(json.dumps({"error": type(error).__name__, "message": str(error)}).encode() + b"\n")
        told.flush()
        return
    told.write(b"{}\n")
    told.flush()
    while sound := _sound(heard):
        told.write(json.dumps(_words(decoder, sound)).encode() + b"\n")
        told.flush()


def _sound(heard: BinaryIO) -> bytes:
    length = int.from_bytes(heard.read(LENGTH_BYTES), "little")
    return heard.read(length)


def _words(decoder: Any, sound: bytes) -> list[tuple[str, int, int, float]]:
    # Else what was heard before changes what is heard now, and a second run makes another transcript.
    decoder.reinit_feat()
    decoder.start_utt()
    decoder.process_raw(sound, no_search=False, full_utt=True)
    decoder.end_utt()
    return [(each.word, each.start_frame, each.end_frame, each.prob) for each in decoder.seg() or ()]


if __name__ == "__main__":
    main()
