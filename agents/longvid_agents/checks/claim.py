"""A claim and the evidence it cites, judged by code: refuted, supported, or unsure, which a model may decide.

Quoted words must be there; numbers, times and names of the claim must occur in the evidence. What passes is
supported when its words are mostly those of the evidence, or when its meaning is near enough; the thresholds and how
they were set are in ``docs/answering.md``. Words say nothing across languages: there the code stays unsure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from longvid_agents.checks.names import has_name, names_in
from longvid_agents.checks.negation import speaks_against
from longvid_agents.checks.numbers import named_numbers, numbers_in
from longvid_agents.checks.support import coverage
from longvid_agents.checks.times import days_in, times_in
from longvid_agents.verify import normalise
from longvid_storage.text.languages import guess_language
from longvid_storage.text.stop_words import STOP_WORDS
from longvid_storage.types import Passage

Verdict = Literal["supported", "unsure", "refuted"]
About = Literal["", "quote", "time", "day", "number", "name", "language", "negation", "words"]

_QUOTED = re.compile(r"“([^“”]+)”|„([^„“”]+)[“”]|«([^«»]+)»|「([^「」]+)」|『([^『』]+)』|\"([^\"]+)\"")


@dataclass(frozen=True, slots=True)
class Check:
    """What code says of a claim, and why it is not supported, for the model that wrote it; ``about`` what that is."""

    verdict: Verdict
    reason: str = ""
    about: About = ""


@dataclass(frozen=True, slots=True)
class Support:
    """A piece of cited evidence with the title of its video, which may say who or what it is about."""

    passage: Passage
    title: str

    @property
    def text(self) -> str:
        """All its words."""
        return " ".join(part for part in (self.passage.speaker, self.passage.text, self.title) if part)


def check_claim(
    text: str, sources: Sequence[Support], *, people: Collection[str] = (), counts: bool = False
) -> Check:
    """Judge ``text`` against all its cited ``sources`` together (at least one).

    Args:
        people: who is known to speak in the library: a claim that begins with one of them is about them.
        counts: the question asks how many, so that a number may be that of the cited pieces, speakers or videos.
    """
    language, evidence = guess_language(text), "\n".join(source.text for source in sources)
    foreign = _foreign(text, language, sources)
    checks = (
        _quotes(text, evidence),
        _times(text, language, sources),
        _days(text, evidence),
        _numbers(text, language, sources, counts),
        _names(
            text, language, evidence, foreign, {word for name in people for word in normalise(name).split()}
        ),
    )
    refuted = next((check for check in checks if check.verdict == "refuted"), None)
    if refuted is not None:
        return refuted
    unsure = next((check for check in checks if check.verdict == "unsure"), None)
    if foreign:
        reason = unsure.reason if unsure else "it is in another language than its evidence"
        return Check("unsure", reason, "language")
    if unsure is not None:
        return unsure
    spoken = "\n".join(source.passage.text for source in sources)
    if speaks_against(text, spoken):
        return Check("unsure", "one of claim and evidence says no", "negation")
    covered = coverage(text, evidence) >= COVERED
    return Check("supported") if covered else Check("unsure", "its words are others", "words")


# Share of a claim's content words that its evidence has, from which on code alone calls it supported.
COVERED = 0.7


def _quotes(text: str, evidence: str) -> Check:
    source = f" {normalise(evidence)} "
    for groups in _QUOTED.findall(text):
        quote = next(group for group in groups if group)
        if (
            normalise(quote)
            and f" {normalise(quote)} " not in source
            and normalise(quote) not in _unspaced(source)
        ):
            return Check("refuted", f'its evidence does not have the words "{quote}"', "quote")
    return Check("supported")


def _unspaced(source: str) -> str:
    """For scripts without spaces, where a quote may begin anywhere."""
    return source if any(ord(sign) > 0x2E80 for sign in source) else ""


def _times(text: str, language: str | None, sources: Sequence[Support]) -> Check:
    said = {time for source in sources for time in times_in(source.text, guess_language(source.passage.text))}
    written = times_in(text, language)
    if written - said:
        unit, value = sorted(written - said)[0]
        name = "a clock time" if unit == "clock" else f"{value:g} {unit}s"
        return Check("refuted", f"it writes a time ({name}) that nobody said", "time")
    return Check("supported")


def _days(text: str, evidence: str) -> Check:
    said = days_in(evidence)
    for kind, name, number in sorted(days_in(text) - said):
        if number not in {each[2] for each in said if each[0] == kind}:
            others = any(each[0] == kind for each in said)
            return Check("refuted" if others else "unsure", f"its evidence does not have {name}", "day")
    return Check("supported")


def _numbers(text: str, language: str | None, sources: Sequence[Support], counts: bool) -> Check:
    had: set[float] = set()
    strange = False
    for source in sources:
        spoken = guess_language(source.passage.text)
        strange = strange or spoken not in (None, "en", "zh")
        had |= numbers_in(source.text, spoken)
    if counts:
        pieces = [source.passage for source in sources]
        had |= {float(len(pieces)), float(len({(p.video_id, p.speaker) for p in pieces}))}
        had.add(float(len({piece.video_id for piece in pieces})))
    for readings in named_numbers(text, language):
        if not any(value in had for value in readings):
            reason = f"its evidence does not have the number {readings[0]:g}"
            return Check("unsure" if strange or counts else "refuted", reason, "number")
    return Check("supported")


def _names(text: str, language: str | None, evidence: str, foreign: bool, people: set[str]) -> Check:
    certain, perhaps = names_in(text, language)
    for name in [*certain, *perhaps]:
        if not has_name(name, evidence, language):
            known = name in certain or normalise(name) in people
            what = "name" if known else "word"
            verdict: Verdict = "refuted" if known and not foreign else "unsure"
            return Check(verdict, f"its evidence does not have the {what} {name}", "name")
    return Check("supported")


def _foreign(text: str, language: str | None, sources: Sequence[Support]) -> bool:
    """Whether the claim is in another language than what it cites, as far as scripts and function words tell."""
    evidence = " ".join(source.passage.text for source in sources)
    if _scripts(text) - _scripts(evidence):
        return True
    spoken = guess_language(evidence)
    if language is None or language == spoken:
        return False
    if spoken is not None:
        return True
    words = normalise(evidence).split()
    own, english = (sum(word in STOP_WORDS.get(code, ()) for word in words) for code in (language, "en"))
    return language != "en" and english > own


def _scripts(text: str) -> set[str]:
    """The scripts of its letters, by the first word of their Unicode names: LATIN, CJK, CYRILLIC, …"""
    return {unicodedata.name(sign, "?").split()[0] for sign in text if sign.isalpha()}
