"""An answer that ``longvid ask --json`` printed, read back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from longvid.paths import read_text
from longvid_storage.db.view import View
from longvid_storage.errors import NotFoundError, UsageError
from longvid_storage.models.replies import what_is_wrong
from longvid_storage.types import Answer, Citation, Moment, Passage

Place = TypeVar("Place", Citation, Moment)

# Thirty years: more than any recording, and less than what a timecode cannot be made of.
_LATEST_S = 1e9
_LARGEST = 2**63


def read_answer(path: Path) -> Answer:
    """The answer in a file; keys that it has beyond the contract's are passed over.

    One that an older longvid wrote names no passages: their ids are 0.

    Raises:
        UsageError: there is no such file, or it holds no answer.
    """
    try:
        text = read_text(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise UsageError(
            f"{path} cannot be read ({reason}): give a file written by longvid ask --json"
        ) from error
    try:
        # Not by pydantic's own reader of JSON: a file name may hold bytes that are no text.
        return _answer(json.loads(text))
    except ValidationError as error:
        raise _no_answer(path, what_is_wrong(error)) from None
    except (ValueError, RecursionError) as error:
        raise _no_answer(
            path, f"it is not JSON: {error}" if isinstance(error, json.JSONDecodeError) else str(error)
        ) from None


def answer_of(said: Any) -> Answer:
    """The answer that an object of ``ask --json`` is.

    Raises:
        UsageError: it is none.
    """
    try:
        return _answer(said)
    except ValidationError as error:
        raise UsageError(f"this is no answer ({what_is_wrong(error)}): send one that ask gave") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"this is no answer ({error}): send one that ask gave") from None


def known_answer(view: View, answer: Answer) -> Answer:
    """The answer with the titles and paths that the view has for its videos; see ``Library.known_answer``."""
    places = list(_places(answer))
    cards = {card.video_id: card for card in view.cards(ids={each.video_id for each in places})}
    for each in places:
        if each.video_id not in cards:
            raise NotFoundError(
                f"the answer cites {each.video_id:.12}, and there is no such video: ask again"
            )

    def here(place: Place) -> Place:
        card = cards[place.video_id]
        return replace(place, title=card.title, path=card.path, gone=card.gone)

    claims = tuple(replace(each, citations=tuple(map(here, each.citations))) for each in answer.claims)
    return replace(answer, claims=claims, nearest=tuple(map(here, answer.nearest)))


def _answer(said: Any) -> Answer:
    """Raises ``ValueError`` (of pydantic too) or ``RecursionError`` where it is none."""
    _name_evidence(said)
    answer = _adapter().validate_python(said)
    _check_numbers(asdict(answer))
    for place in _places(answer):
        _check(place)
    return answer


def _name_evidence(said: Any) -> None:
    """Give evidence that was written before passages had ids the id 0 and the video of its moment."""
    for moment in _objects(said.get("nearest") if isinstance(said, dict) else None):
        for evidence in _objects(moment.get("evidence")):
            evidence.setdefault("id", 0)
            evidence.setdefault("video_id", moment.get("video_id"))


def _objects(listed: Any) -> list[dict[str, Any]]:
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


@cache
def _adapter() -> TypeAdapter[Answer]:
    return TypeAdapter(Answer)


def _no_answer(path: Path, why: str) -> UsageError:
    return UsageError(f"{path} holds no answer ({why}): write one with longvid ask '…' --json > {path}")


def _check_numbers(said: Any) -> None:
    """No infinity, written as one or as 400 digits: JSON can't say it again, nor a clock show it."""
    if isinstance(said, (dict, list, tuple)):
        for each in said.values() if isinstance(said, dict) else said:
            _check_numbers(each)
    elif isinstance(said, (int, float)) and not -_LARGEST < said < _LARGEST:
        raise ValueError(f"{said!r:.20} is no number")


def _places(answer: Answer) -> Iterator[Citation | Moment | Passage]:
    for claim in answer.claims:
        yield from claim.citations
    for moment in answer.nearest:
        yield moment
        yield from moment.evidence


def _check(place: Citation | Moment | Passage) -> None:
    if not 0 <= place.start_s <= place.end_s <= _LATEST_S:
        raise ValueError(f"a span from {place.start_s:g} to {place.end_s:g} s")
    if not isinstance(place, Passage) and "\0" in place.path:
        raise ValueError(f"a path {place.path!r}")
