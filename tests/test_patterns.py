"""Every regular expression of the house, however it is called, costs its text's length: nothing that somebody wrote
into a file makes one go on for seconds.

Each is tried on texts made of what it repeats: its own parts (from ``re``'s own parse of it) and the single signs in
it, thousands of times, behind what leads up to the repetition and before what it cannot end with.
"""

from __future__ import annotations

import ast
import importlib
import re
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import longvid
import longvid_agents
import longvid_indexer
import longvid_storage
from longvid_agents.definitions import definition, names_asked
from longvid_agents.expected import names_expected
from longvid_agents.question import make_plan
from longvid_storage.search.wording import likeness
from longvid_storage.types import Passage

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from re import _constants as sre
    from re import _parser as parser

PACKAGES = (longvid, longvid_agents, longvid_indexer, longvid_storage)
METHODS = ("search", "match", "fullmatch", "sub", "subn", "findall", "finditer", "split")
SIGNS = "a0 -.:,'\"<>([{}])/\\\n\té中"
SIZES = (*range(12, 42, 4), 60, 140, 500, 2_000)
MOST_S = 0.25
"""What none may take; an exponential pattern does within the first few sizes."""
DOUBTED_S, LONG, MOST_TIMES = 0.0005, 8_000, 9
"""What takes longer than that for 2,000 letters is tried on more: linear work takes 4 times as long there, quadratic
work 16 times."""

PASSED = {
    "longvid_storage.models.replies._FENCE": {"match"},
    "longvid_storage.text.cue_ends._INVERTS": {"match"},
    "longvid_agents.cues._RULES": {"search"},
    "longvid_agents.expected.TYPES": {"finditer"},
    "longvid_agents.expected._MEASURES": {"search"},
    "longvid_agents.checks.times._BEFORE": {"finditer"},
    "longvid_agents.checks.times._AFTER": {"finditer"},
}
"""How those are called that are handed to a function, which is not seen here: else whichever costs most."""


def _sample(parts: Any) -> str:
    """A text that the parts match, or nearly."""
    return "".join(map(_one, parts))


def _one(part: tuple[Any, Any]) -> str:
    kind, value = part
    if kind is sre.LITERAL:
        return chr(value)
    if kind is sre.NOT_LITERAL:
        return "a" if value != ord("a") else "b"
    if kind is sre.ANY:
        return "a"
    if kind is sre.IN:
        tried = re.compile(_class_of(value))
        named = [chr(each[1]) for each in value if each[0] is sre.LITERAL]
        named += [chr(each[1][0]) for each in value if each[0] is sre.RANGE]
        return next((sign for sign in (*named, *SIGNS) if tried.fullmatch(sign)), "a")
    if kind is sre.BRANCH:
        return _sample(value[1][0])
    if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
        return _sample(value[2]) * max(1, value[0])
    if kind is sre.SUBPATTERN:
        return _sample(value[3])
    if kind is sre.ATOMIC_GROUP:
        return _sample(value)
    return ""


_CATEGORIES = {
    sre.CATEGORY_DIGIT: r"\d", sre.CATEGORY_NOT_DIGIT: r"\D", sre.CATEGORY_SPACE: r"\s",
    sre.CATEGORY_NOT_SPACE: r"\S", sre.CATEGORY_WORD: r"\w", sre.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip


def _class_of(items: Any) -> str:
    made = ""
    for kind, value in items:
        if kind is sre.NEGATE:
            made += "^"
        elif kind is sre.LITERAL:
            made += re.escape(chr(value))
        elif kind is sre.RANGE:
            made += f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}"
        elif kind is sre.CATEGORY:
            made += _CATEGORIES[value]
    return f"[{made}]"


def _repeats(parts: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """(what leads up to it, what it repeats) of everything in a pattern that may come many times."""
    for part in parts:
        kind, value = part
        if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            inner = value[2]
            if value[1] > 50:
                for alternative in _alternatives(inner):
                    yield before, alternative
            yield from _repeats(inner, before)
        elif kind is sre.SUBPATTERN:
            yield from _repeats(value[3], before)
        elif kind is sre.ATOMIC_GROUP:
            yield from _repeats(value, before)
        elif kind is sre.BRANCH:
            for branch in value[1]:
                yield from _repeats(branch, before)
        elif kind in (sre.ASSERT, sre.ASSERT_NOT):
            yield from _repeats(value[1], before)
        before += _one(part)


def _alternatives(parts: Any) -> Iterator[str]:
    yield _sample(parts)
    for kind, value in parts:
        if kind is sre.SUBPATTERN:
            yield from _alternatives(value[3])
        elif kind is sre.BRANCH:
            for branch in value[1]:
                yield _sample(branch)


def attacks(pattern: re.Pattern[str]) -> Iterator[tuple[str, str, str]]:
    """(beginning, what is repeated, end)."""
    found = dict.fromkeys(_repeats(parser.parse(pattern.pattern, pattern.flags)))
    heads = dict.fromkeys(["", *(before for before, _ in found)])
    inside = {sign for _, repeated in found for sign in repeated} | {
        sign for sign in SIGNS if sign in pattern.pattern
    }
    for before, repeated in found:
        for end in ("\0", before):
            yield before, repeated, end
    for head in [*heads][:2]:
        for sign in sorted(inside)[:10]:
            yield head, sign, "\0"


def modules() -> Iterator[Any]:
    for package in PACKAGES:
        top = Path(str(package.__file__)).parent
        for path in sorted(top.rglob("*.py")):
            if "migrations" not in path.parts and path.name != "__main__.py":
                name = ".".join((package.__name__, *path.relative_to(top).with_suffix("").parts))
                yield name.removesuffix(".__init__"), path


def held(value: object) -> Iterator[re.Pattern[Any]]:
    """The patterns in a value, however deep in tables of tables."""
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, (dict, list, tuple)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from held(each)


def patterns() -> Iterator[tuple[str, re.Pattern[str], frozenset[str]]]:
    """(where, pattern, how it is called) of every one in the house."""
    for name, path in modules():
        source = path.read_text("utf-8")
        if "re." not in source or "import re" not in source:
            continue
        module = importlib.import_module(name)
        for attribute, value in vars(module).items():
            for each in held(value):
                if isinstance(each.pattern, str):
                    used = {how for how in METHODS if re.search(rf"\b{attribute}\.{how}\b", source)}
                    where = f"{name}.{attribute}"
                    yield where, each, frozenset(used or PASSED.get(where, {"search", "fullmatch"}))
        for node in ast.walk(ast.parse(source)):
            if (
                isinstance(node, ast.Call)
                and ast.unparse(node.func) in {f"re.{how}" for how in METHODS}
                and node.args
            ):
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield (
                        f"{name}:{node.lineno}",
                        re.compile(first.value),
                        frozenset({ast.unparse(node.func)[3:]}),
                    )


def call(pattern: re.Pattern[str], how: str, text: str) -> None:
    """As the house calls it, to the end."""
    if how in ("sub", "subn"):
        pattern.sub("", text)
    elif how == "split":
        pattern.split(text)
    elif how in ("findall", "finditer"):
        for _ in pattern.finditer(text):
            pass
    else:
        getattr(pattern, how)(text)


def slow(work: Callable[[str], object], head: str, repeated: str, end: str) -> int | None:
    """The length at which it took too long."""

    def cost(size: int) -> float:
        text = head + repeated * max(1, size // len(repeated)) + end
        began = time.process_time()
        work(text)
        return time.process_time() - began

    once = 0.0
    for size in SIZES:
        if (once := cost(size)) > MOST_S and cost(size) > MOST_S:  # once may be the machine's doing
            return size
    if once > DOUBTED_S and (once := min(cost(SIZES[-1]) for _ in range(2))) > DOUBTED_S:
        return LONG if min(cost(LONG) for _ in range(2)) > MOST_TIMES * once else None
    return None


def found_slow() -> Iterator[str]:
    """Where, how, with what."""
    done = set()
    for where, pattern, ways in patterns():
        for how in sorted(ways):
            if (pattern, how) in done:
                continue
            done.add((pattern, how))
            for attack in attacks(pattern):
                if attack[1] and (length := slow(partial(call, pattern, how), *attack)) is not None:
                    yield f"{where}.{how} on {attack!r:.120}: {length} letters"
                    break


def test_every_pattern_costs_its_length() -> None:
    assert list(found_slow()) == []


@pytest.mark.parametrize(
    ("pattern", "how"), [(r"(a+)+b", "match"), (r"\s+$", "search"), (r"<(?:\.[^.>]*)*[^>]*>", "search")]
)
def test_what_backtracks_is_found(pattern: str, how: str) -> None:
    made = re.compile(pattern)
    assert any(slow(partial(call, made, how), *attack) for attack in attacks(made))


@pytest.mark.parametrize("gap", ["!", " ", ", ", "- "])
def test_what_is_made_for_a_question_costs_a_passages_length(gap: str) -> None:
    """A pattern with the question's words in it, on four words far apart: once the fourth power of the gaps."""
    names = names_asked(make_plan("What is the pump?"))
    wide = gap * (150 // len(gap))
    assert slow(lambda text: definition(text, names), wide.join("abcd"), "e ", "pump") is None


@pytest.mark.parametrize("repeated", ["9", "9 ", "a ", "no ", "9.", "seventy-"])
def test_what_counts_what_a_question_asks_for_costs_a_passages_length(repeated: str) -> None:
    """The kinds of answers were the third power of a passage of digits: 12 s for 2,000 of them."""
    for question in ("How many pumps are there?", "How long does it take?", "How fast is the pump?"):

        def expected(text: str, question: str = question) -> None:
            names_expected(question, [Passage(1, "v", "speech", 0.0, 1.0, text)])

        assert slow(expected, "the pump ", repeated, "!") is None


def test_a_word_said_over_and_over_costs_its_length() -> None:
    """Alignment with a question that repeats it too was the fourth power: 117 s for "三" 400 times."""
    weights = {"no": 1.0, "pump": 1.0}

    def aligned(text: str) -> None:
        likeness(["pump", *text.split()], text.split(), weights)

    assert slow(aligned, "", "no ", "pump") is None
    assert likeness(["no"] * 9 + ["pump"], ["no"] * 9 + ["pump"], weights) == 1.0
