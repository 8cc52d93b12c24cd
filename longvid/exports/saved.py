"""An answer that ``longvid ask --json`` printed, read back."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any, get_args

from longvid_storage.errors import UsageError
from longvid_storage.types import Answer, Channel, Citation, Claim, Evidence, Moment, TrailStep, Usage


def read_answer(path: Path) -> Answer:
    """The answer in a file; keys that it has beyond the contract's are passed over.

    Raises:
        UsageError: there is no such file, or it holds no answer.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise UsageError(
            f"{path} cannot be read ({reason}): give a file written by longvid ask --json"
        ) from error
    try:
        return _answer(json.loads(text))
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path} holds no answer ({type(error).__name__}: {error}): write one with longvid ask '…' --json > {path}"
        ) from error


def _answer(said: dict[str, Any]) -> Answer:
    claims = tuple(
        Claim(_text(claim["text"]), tuple(_citation(each) for each in claim["citations"]))
        for claim in said["claims"]
    )
    return Answer(
        question=_text(said["question"]),
        answer=_text(said["answer"]),
        found=bool(said["found"]),
        claims=claims,
        nearest=tuple(_moment(each) for each in said["nearest"]),
        engine=dict(said.get("engine", {})),
        partial=bool(said.get("partial", False)),
        trail=tuple(TrailStep(**_known(TrailStep, each)) for each in said.get("trail", [])),
        usage=Usage(**_known(Usage, said.get("usage", {}))),
    )


def _known(kind: type[TrailStep] | type[Usage], said: dict[str, Any]) -> dict[str, Any]:
    """What ``said`` has of the fields of ``kind``."""
    return {each.name: said[each.name] for each in dataclasses.fields(kind) if each.name in said}


def _citation(said: dict[str, Any]) -> Citation:
    return Citation(*_names(said), *_span(said), _kind(said["kind"]), _text(said["quote"]))


def _moment(said: dict[str, Any]) -> Moment:
    evidence = tuple(
        Evidence(_kind(each["kind"]), *_span(each), _text(each["text"]), each.get("speaker"))
        for each in said["evidence"]
    )
    return Moment(*_names(said), *_span(said), float(said["score"]), _text(said["level"]), evidence)


def _names(said: dict[str, Any]) -> tuple[str, str, str]:
    return _text(said["video_id"]), _text(said["title"]), _text(said["path"])


def _span(said: dict[str, Any]) -> tuple[float, float]:
    start_s, end_s = float(said["start_s"]), float(said["end_s"])
    if not 0 <= start_s <= end_s < math.inf:
        raise ValueError(f"a span from {start_s} to {end_s}")
    return start_s, end_s


def _kind(said: Any) -> Channel:
    kinds: dict[str, Channel] = {kind: kind for kind in get_args(Channel)}
    return kinds[said]


def _text(said: Any) -> str:
    if not isinstance(said, str):
        raise TypeError(f"{said!r} is no text")
    return said
