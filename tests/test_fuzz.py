"""Files that others wrote, each broken 2,000 times: longvid's own errors come out, or what can be shown and stored.

Subtitles and JSON transcripts: ``test_subtitle_cost.py``; ``longvid.toml``: ``test_engines.py``. With coverage as a
guide, for as long as one likes: ``benchmarks/fuzz.py``.
"""

from __future__ import annotations

import json
import math
import random
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from longvid import jsonform, printing
from longvid.exports import timeline
from longvid.exports.saved import read_answer
from longvid.exports.spans import cited_spans
from longvid_indexer.probe import probe
from longvid_indexer.transcribers.whisper import load_checkpoint
from longvid_storage.errors import MediaError, ModelError, UsageError
from longvid_storage.text.dates import date_in
from longvid_storage.types import Answer, Citation, Claim, Moment, Passage, TrailStep, VideoInfo
from media_factory.writer import write_video

INPUTS = 2000
_PIECES = (
    b"\0",
    b"\xff",
    b"\xff\xff\xff\xff",
    b"\x80\0\0\0",
    b"\x7f",
    b"nan",
    b"-1",
    b"\xc3\x28",
    b"{",
    b"[" * 9,
)
_VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1e308, 10**400, -0.0, "", "\ud800", "x\0y", "\x1b[31m", [], {}, [[]], {"a": 1}, "1", 2**63,
    "9" * 500,
)  # fmt: skip


def broken(whole: bytes, chosen: random.Random, edits: int = 4) -> bytes:
    """Some bytes overwritten, put in, taken out, doubled or cut off."""
    data = bytearray(whole)
    for _ in range(chosen.randint(1, edits)):
        at = chosen.randrange(len(data) + 1)
        end = at + chosen.choice((0, 1, 1, 4, 40))
        kind = chosen.randrange(8)
        if kind < 4:
            data[at : at + 1] = bytes([chosen.randrange(256)])
        elif kind == 7 and chosen.random() < 0.2:
            del data[at:]
        else:
            data[at:end] = (chosen.choice(_PIECES), b"", data[at:end] * 2, data[at:end])[kind - 4]
    return bytes(data)


# Saved answers


def saved() -> dict[str, Any]:
    here = Citation("v" * 64, "The talk", "/films/talk.mp4", 1.0, 4.0, "speech", "The pump leaks.", 7)
    said = Passage(7, "v" * 64, "speech", 1.0, 4.0, "The pump leaks.", "Ada")
    moment = Moment("v" * 64, "The talk", "/films/talk.mp4", 1.0, 4.0, 0.5, "event", (said,))
    claims = (Claim("The pump leaks.", (here,)), Claim("It is old.", (here, here)))
    trail = (TrailStep("search", "pump", 3),)
    answer = Answer("What leaks?", "The pump leaks.", True, claims, (moment,), {"text": "x"}, False, trail)
    read: dict[str, Any] = json.loads(jsonform.dumps(answer))
    return read


def spoilt(value: Any, chosen: random.Random) -> Any:
    """A copy in which one leaf or branch, at random, is another value, is missing, or is there twice."""
    if isinstance(value, (dict, list)) and value and chosen.random() < 0.85:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        key = chosen.choice(keys)
        copy = value.copy()
        if chosen.random() < 0.1:
            del copy[key]
        else:
            copy[key] = spoilt(value[key], chosen)
        return copy
    return chosen.choice(_VALUES)


def check_answer(answer: Answer, kinds: Sequence[str] = ("srt", "edl")) -> None:
    """It can be shown, printed as JSON, and exported or refused to be."""
    printing.answer(answer)
    jsonform.dumps(answer)
    with suppress(UsageError):
        for kind in kinds:
            timeline.export(cited_spans(answer), kind, {}, answer.question)


def test_broken_saved_answers_are_refused_or_can_be_shown(tmp_path: Path) -> None:
    whole, path, outcomes = saved(), tmp_path / "answer.json", Counter[str]()
    text = jsonform.dumps(whole).encode()
    for seed in range(INPUTS):
        chosen = random.Random(seed)
        data = broken(text, chosen) if seed % 2 else json.dumps(spoilt(whole, chosen)).encode()
        path.write_bytes(data)
        try:
            answer = read_answer(path)
        except UsageError as error:
            outcomes["refused"] += "\n" not in error.message
            continue
        outcomes["read"] += 1
        check_answer(answer, ("srt", "edl") if seed % 8 < 2 else ())
    assert outcomes["refused"] + outcomes["read"] == INPUTS, "a refusal is one line"
    assert min(outcomes["refused"], outcomes["read"]) > 300, outcomes


# What a container says of itself


def tiny_film(name: str) -> bytes:
    """A second of a film with a title and chapters."""
    pictures = [np.full((48, 64, 3), shade, np.uint8) for shade in (0, 90, 180, 250)]
    chapters = [(0.0, 0.4, "Opening"), (0.4, 0.8, "The pump")]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write_video(path, pictures, codec="mpeg4", chapters=chapters, title="A talk about pumps")
        return path.read_bytes()


def check_film(info: VideoInfo) -> None:
    """What it says of itself can be stored."""
    assert info.title.strip()
    info.title.encode()
    assert 0 < info.duration_s < 1e9, info.duration_s
    assert math.isfinite(info.stream_start_s)
    assert info.frame_rate is None or 0 < info.frame_rate < 1e6, info.frame_rate
    assert info.recorded_on is None or date_in(info.recorded_on) == info.recorded_on
    for chapter in info.chapters:
        assert 0 <= chapter.start_s < chapter.end_s <= info.duration_s
        chapter.title.encode()


def test_broken_containers_are_refused_or_say_what_can_be_stored(tmp_path: Path) -> None:
    films, outcomes = [(name, tiny_film(name)) for name in ("a.mkv", "a.mp4")], Counter[str]()
    for seed in range(INPUTS):
        name, whole = films[seed % len(films)]
        path = tmp_path / f"broken{Path(name).suffix}"
        path.write_bytes(broken(whole, random.Random(seed)))
        try:
            info = probe(path, "v" * 64)
        except MediaError as error:
            outcomes["refused"] += "\n" not in error.message
            continue
        outcomes["read"] += 1
        check_film(info)
    assert outcomes["refused"] + outcomes["read"] == INPUTS, "a refusal is one line"
    assert min(outcomes["refused"], outcomes["read"]) > 100, outcomes


# Weights


def tiny_whisper(path: Path) -> bytes:
    """A checkpoint of Whisper's form, small."""
    import torch
    from whisper.model import ModelDimensions, Whisper

    dims = ModelDimensions(80, 4, 4, 1, 1, 8, 4, 4, 1, 1)
    torch.save({"dims": asdict(dims), "model_state_dict": Whisper(dims).state_dict()}, path)
    return path.read_bytes()


def repacked(whole: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """A checkpoint with other pickled data in a zip file that is whole."""
    target = BytesIO()
    with zipfile.ZipFile(BytesIO(whole)) as source, zipfile.ZipFile(target, "w") as made:
        for name in source.namelist():
            data = source.read(name)
            made.writestr(name, change(data) if name.endswith("data.pkl") else data)
    return target.getvalue()


@pytest.mark.slow
def test_broken_checkpoints_are_refused_in_one_sentence(tmp_path: Path) -> None:
    pytest.importorskip("whisper")
    outcomes = Counter[str]()
    whole = tiny_whisper(tmp_path / "mine.pt")
    for seed in range(INPUTS):
        chosen, path = random.Random(seed), tmp_path / ("mine.pt", "tiny.pt")[seed % 2]
        data = (
            broken(whole, chosen)
            if seed % 4 == 0
            else repacked(whole, partial(broken, chosen=chosen, edits=2))
        )
        path.write_bytes(data)
        try:
            load_checkpoint(path, "cpu")
            outcomes["read"] += 1
        except ModelError as error:
            outcomes["refused"] += "\n" not in error.message
    assert outcomes["refused"] + outcomes["read"] == INPUTS, "a refusal is one line"
    assert outcomes["refused"] > 1000, outcomes
