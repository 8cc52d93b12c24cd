"""What a model may reply, read strictly: an object of the expected form, or a sentence on what is wrong with it."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOST_CLAIMS = 24
MOST_CLAIM_LETTERS = 1200
MOST_EVIDENCE = 16
MOST_QUESTIONS = 4
MOST_CALLS = 5

_THOUGHT = re.compile(r"^\s*<think>.*?</think>", re.DOTALL)
_FENCED = re.compile(r"^\s*```(?:json)?\s*(.*?)\s*```\s*$", re.DOTALL)
_CITED = re.compile(r"\s*[\[(（【]e\d+(?:\s*[,;、–-]\s*e\d+)*[\])）】]", re.IGNORECASE)
_EVIDENCE_ID = re.compile(r"e[1-9]\d{0,5}\Z")


class UnreadableError(ValueError):
    """The reply is not what was asked for; the message says why, for the model to try again."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A claim as the model wrote it: ``text``, and the ``evidence`` it names, invented ids and all."""

    text: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drafts:
    """An answer as written; ``complete`` is False when the model says that part of the question stays open."""

    claims: tuple[Draft, ...]
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Reflection:
    """Is it enough, else the ``calls`` wanted next as they were written, and which evidence is of no use."""

    enough: bool
    calls: tuple[Mapping[str, Any], ...] = ()
    rule_out: tuple[str, ...] = ()


def read_object(text: str) -> dict[str, Any]:
    """The JSON object a reply consists of; a fence around it or a thought before it does not count.

    Raises:
        UnreadableError: it is anything else.
    """
    bare = _THOUGHT.sub("", text, count=1).strip()
    fenced = _FENCED.match(bare)
    try:
        found = json.loads(fenced.group(1) if fenced else bare)
    except (ValueError, RecursionError) as error:
        reason = "it is empty" if not bare else f"it is not JSON ({error})"
        raise UnreadableError(reason) from None
    if not isinstance(found, dict):
        raise UnreadableError(f"it is a JSON {type(found).__name__}, not an object")
    return found


def read_drafts(text: str) -> Drafts:
    """``{"claims": [{"text", "evidence"}], "complete"}``. Raises ``UnreadableError``."""
    found = read_object(text)
    _only(found, {"claims", "complete"})
    claims = tuple(read_draft(each) for each in _list(found, "claims", MOST_CLAIMS))
    return Drafts(claims, _flag(found, "complete", True))


def read_draft(found: Any) -> Draft:
    """One claim of an answer. Raises ``UnreadableError``."""
    if not isinstance(found, dict):
        raise UnreadableError('a claim is not an object with "text" and "evidence"')
    _only(found, {"text", "evidence"})
    text = found.get("text")
    if not isinstance(text, str) or not _plain(text):
        raise UnreadableError('a claim has no "text"')
    if len(text) > MOST_CLAIM_LETTERS:
        raise UnreadableError(f"a claim has {len(text)} letters, more than {MOST_CLAIM_LETTERS}")
    return Draft(_plain(text), _ids(found, "evidence", MOST_EVIDENCE))


def read_reflection(text: str) -> Reflection:
    """``{"enough", "calls", "rule_out"}``; the calls are judged later. Raises ``UnreadableError``."""
    found = read_object(text)
    _only(found, {"enough", "calls", "rule_out"})
    calls = tuple(each for each in _list(found, "calls", 50) if isinstance(each, dict))
    return Reflection(_flag(found, "enough", False), calls, _ids(found, "rule_out", 1000))


def read_verdicts(text: str, count: int) -> tuple[bool, ...]:
    """``{"verdicts": [{"claim", "supported"}]}``: one for each of ``count`` claims; one not judged is not supported.

    Raises:
        UnreadableError: a claim is named that was not asked about, or twice with different verdicts.
    """
    found = read_object(text)
    _only(found, {"verdicts"})
    said: dict[int, bool] = {}
    for each in _list(found, "verdicts", 4 * MOST_CLAIMS):
        number = each.get("claim") if isinstance(each, dict) else None
        if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= count:
            raise UnreadableError(f"a verdict is of claim {number!r}; the claims are 1 to {count}")
        verdict = _flag(each, "supported", None)
        if said.setdefault(number, verdict) != verdict:
            raise UnreadableError(f"claim {number} has two verdicts")
    return tuple(said.get(number, False) for number in range(1, count + 1))


def read_seen(text: str, count: int) -> tuple[tuple[int, str], ...]:
    """``{"seen": [{"frame", "text"}]}``: frame numbers from 1 to ``count``. Raises ``UnreadableError``."""
    found = read_object(text)
    _only(found, {"seen"})
    seen = []
    for each in _list(found, "seen", 4 * count):
        number = each.get("frame") if isinstance(each, dict) else None
        if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= count:
            raise UnreadableError(f"frame {number!r} was not shown; the frames are 1 to {count}")
        words = each.get("text")
        if not isinstance(words, str) or not _plain(words):
            raise UnreadableError(f'frame {number} has no "text"')
        seen.append((number, _plain(words[:MOST_CLAIM_LETTERS])))
    return tuple(seen)


def read_plan(text: str, kinds: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """``{"kind", "questions"}``. Raises ``UnreadableError``."""
    found = read_object(text)
    _only(found, {"kind", "questions"})
    kind = found.get("kind")
    if kind not in kinds:
        raise UnreadableError(f"kind is {kind!r}; it is one of {', '.join(kinds)}")
    questions = [each for each in _list(found, "questions", 50) if isinstance(each, str) and each.strip()]
    return str(kind), tuple(" ".join(each[:300].split()) for each in questions[:MOST_QUESTIONS])


def _plain(text: str) -> str:
    """Words alone on one line: no ids (they are added), no control or direction signs."""
    line = " ".join(_CITED.sub("", text).split())
    return "".join(sign for sign in line if unicodedata.category(sign) not in {"Cc", "Cf", "Cs", "Co", "Cn"})


def _only(found: Mapping[str, Any], allowed: set[str]) -> None:
    others = sorted(str(key) for key in found if key not in allowed)
    if others:
        raise UnreadableError(
            f"it has the unknown key {others[0]!r}; allowed are {', '.join(sorted(allowed))}"
        )


def _list(found: Mapping[str, Any], key: str, most: int) -> list[Any]:
    value = found.get(key, [])
    if not isinstance(value, list):
        raise UnreadableError(f'"{key}" is not a list')
    if len(value) > most:
        raise UnreadableError(f'"{key}" has {len(value)} entries, more than {most}')
    return value


def _flag(found: Mapping[str, Any], key: str, default: bool | None) -> bool:
    value = found.get(key, default)
    if not isinstance(value, bool):
        raise UnreadableError(f'"{key}" is {value!r}, not true or false')
    return value


def _ids(found: Mapping[str, Any], key: str, most: int) -> tuple[str, ...]:
    named = dict.fromkeys(each for each in _list(found, key, most) if isinstance(each, str))
    return tuple(each for each in named if _EVIDENCE_ID.match(each))
