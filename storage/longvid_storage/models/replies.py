"""What a model may reply: the one reader of JSON replies, the schemas they are held to, and what is whole of one that
is still being written or was cut off.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

_THOUGHT = re.compile(r"\A(?!\s*[{\[`]).*</think>", re.DOTALL)
_FENCE = re.compile(r"\s*```(?:json)?\s*")
_MEMBER = re.compile(r'[\s,]*("(?:[^"\\]|\\.)*")\s*:\s*', re.DOTALL)
_BETWEEN = re.compile(r"[\s,]*")
# Of a schema, what only documents it; strict servers refuse some of it.
_DROPPED = frozenset(("title", "description", "default", "$defs"))
_decoder = json.JSONDecoder()


class UnreadableError(ValueError):
    """The reply is not what was asked for; the message says why, for the model to try again."""


class ReplyModel(BaseModel):
    """The form of a reply: no other keys, no value of another type."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


Form = TypeVar("Form", bound=BaseModel)


def read_reply(text: str, form: type[Form]) -> Form:
    """The JSON object in a reply; a thought or a sentence before it and a fence around it do not count.

    Raises:
        UnreadableError: there is no object, or it is not of this form.
    """
    bare = _THOUGHT.sub("", text, count=1).strip()
    if not bare:
        raise UnreadableError("it is empty")
    start, end = bare.find("{"), bare.rfind("}")
    found = bare if bare.startswith("[") or not 0 <= start < end else bare[start : end + 1]
    return read_object(found, form)


def read_object(text: str, form: type[Form]) -> Form:
    """The object that ``text`` is, JSON and nothing else. Raises ``UnreadableError``."""
    try:
        return form.model_validate_json(text)
    except ValidationError as error:
        raise UnreadableError(what_is_wrong(error)) from None


def what_is_wrong(error: ValidationError) -> str:
    """The first thing that is wrong, as a clause: the place, the value, what is allowed."""
    first = error.errors(include_url=False)[0]
    said = first["msg"][:1].lower() + first["msg"][1:]
    place = re.sub(r"\.(\d+)", r"[\1]", ".".join(map(str, first["loc"])))
    where = f'"{place}"' if place else "it"
    match first["type"]:
        case "json_invalid":
            return f"it is not JSON ({first['ctx']['error']})"
        case "extra_forbidden":
            return f"it has the unknown key {where}"
        case "missing":
            return f"{where} is missing"
    value = repr(first["input"])
    return f"{where} is {value if len(value) <= 80 else value[:80] + '…'}: {said}"


@cache
def schema_of(form: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of a form as strict servers want it: every key required, no other allowed, no references."""
    whole = form.model_json_schema(mode="serialization")
    found: dict[str, Any] = _strict(whole, whole.get("$defs", {}))
    return found


def _strict(node: Any, known: Mapping[str, Any]) -> Any:
    if isinstance(node, list):
        return [_strict(each, known) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _strict(known[node["$ref"].rpartition("/")[2]], known)
    plain = {
        key: _strict(value, known) for key, value in node.items() if key not in _DROPPED | {"properties"}
    }
    if "properties" in node:
        properties = {key: _strict(value, known) for key, value in node["properties"].items()}
        plain |= {"properties": properties, "required": list(properties), "additionalProperties": False}
    return plain


_DELIMITERS = frozenset(" \t\r\n,]}")


class GrowingReply:
    """A reply that is still being written, or was cut off: what of it is whole.

    ``found`` has the whole values of the object so far; a list has those of its elements that are whole. What it makes
    no sense of it waits for: the reply is read strictly when it has ended.
    """

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}
        self._text = ""
        self._at = -1  # behind what was read; -1 until the object begins
        self._list: str | None = None  # the key of the list it is in

    def feed(self, piece: str) -> Iterator[tuple[str, str]]:
        """(key of the list, JSON text) of each element of a list that ``piece`` completes."""
        self._text += piece
        if self._at < 0:
            self._begin()
        while self._at >= 0:
            if self._list is None:
                if not self._member():
                    return
                continue
            start = self._skip(_BETWEEN)
            if self._text.startswith("]", start):
                self._list, self._at = None, start + 1
                continue
            value, end = self._whole(start)
            if end < 0:
                return
            self._at = end
            self.found[self._list].append(value)
            yield self._list, self._text[start:end]

    def _begin(self) -> None:
        thought = _THOUGHT.match(self._text)
        start = self._skip(_FENCE, thought.end() if thought else 0)
        start = self._skip(_BETWEEN, start)
        if self._text.startswith("{", start):
            self._at = start + 1

    def _member(self) -> bool:
        """Read on by a key and its value, or into the list that is its value; whether that was whole."""
        member = _MEMBER.match(self._text, self._at)
        if member is None or member.end() == len(self._text):
            return False
        key = self._whole(member.start(1))[0]
        if not isinstance(key, str):
            return False
        if self._text[member.end()] == "[":
            self._list, self._at = key, member.end() + 1
            self.found[key] = []
            return True
        value, end = self._whole(member.end())
        if end >= 0:
            self.found[key], self._at = value, end
        return end >= 0

    def _whole(self, start: int) -> tuple[Any, int]:
        """The value that begins at ``start`` and its end; -1 while it is not whole."""
        try:
            value, end = _decoder.raw_decode(self._text, start)
        except (ValueError, RecursionError):
            return None, -1
        # A number may go on, also behind what reads as its end: the 1 of 1e16.
        ended = self._text[end - 1] in '"}]' or self._text[end : end + 1] in _DELIMITERS
        return (value, end) if ended else (None, -1)

    def _skip(self, pattern: re.Pattern[str], start: int | None = None) -> int:
        start = self._at if start is None else start
        match = pattern.match(self._text, start)
        return match.end() if match else start


def whole_part(text: str) -> str:
    """A reply that was cut off, without what is not whole.

    Raises:
        UnreadableError: no element of a list in it is whole.
    """
    growing = GrowingReply()
    if not list(growing.feed(text)):
        raise UnreadableError("it was cut off before anything of it was whole: write less")
    return json.dumps(growing.found)
