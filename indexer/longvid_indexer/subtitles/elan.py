"""ELAN's ``.eaf``: tiers of annotations between time slots, as linguists write down who says what."""

from __future__ import annotations

import re
from typing import Any

from longvid_indexer.subtitles.cue import Subtitles
from longvid_indexer.subtitles.tiers import Tier, add_tiers

_MILLISECONDS = re.compile(r"\d{1,12}\Z")


def is_elan(text: str) -> bool:
    """Whether this is a document of ELAN's."""
    return text.startswith("<") and "<ANNOTATION_DOCUMENT" in text[:4000]


class _Reader:
    """A target for the parser: time slots in order, and the tiers that stand for themselves."""

    def __init__(self) -> None:
        self.slots: dict[str, float | None] = {}
        self.tiers: list[tuple[Tier, list[tuple[str, str, str]]]] = []
        self.between: tuple[str, str] | None = None
        self.text: list[str] | None = None

    def start(self, tag: str, given: dict[str, str]) -> None:
        if tag == "TIME_SLOT":
            value = given.get("TIME_VALUE", "")
            at_s = int(value) / 1000 if _MILLISECONDS.match(value) else None
            self.slots[given.get("TIME_SLOT_ID", "")] = at_s
        elif tag == "TIER" and "PARENT_REF" not in given:  # a child translates or takes apart its parent
            self.tiers.append((Tier(given.get("TIER_ID", ""), given.get("PARTICIPANT") or None), []))
        elif tag == "TIER":
            self.tiers.append((Tier(""), []))
        elif tag == "ALIGNABLE_ANNOTATION":
            self.between = given.get("TIME_SLOT_REF1", ""), given.get("TIME_SLOT_REF2", "")
        elif tag == "ANNOTATION_VALUE" and self.between is not None:
            self.text = []

    def data(self, data: str) -> None:
        if self.text is not None:
            self.text.append(data)

    def end(self, tag: str) -> None:
        if tag == "ANNOTATION_VALUE" and self.text is not None and self.between is not None and self.tiers:
            self.tiers[-1][1].append((*self.between, " ".join("".join(self.text).split())))
            self.text = None
        elif tag == "ALIGNABLE_ANNOTATION":
            self.between = None

    def close(self) -> list[Tier]:
        """The tiers with times; a slot without one lies between those that have one."""
        times = self._times()
        for tier, written in self.tiers:
            spans = [(times.get(begin), times.get(end), text) for begin, end, text in written]
            known = [
                (begin, end, text) for begin, end, text in spans if begin is not None and end is not None
            ]
            tier.intervals = sorted(known)
        return [tier for tier, _ in self.tiers if tier.name]

    def _times(self) -> dict[str, float]:
        ids = list(self.slots)
        told = [(at, time) for at, each in enumerate(ids) if (time := self.slots[each]) is not None]
        found: dict[str, float] = {}
        for (at, begin), (to, end) in zip(
            told, [*told[1:], (len(ids), told[-1][1])] if told else [], strict=True
        ):
            for number in range(at, to):
                found[ids[number]] = begin + (end - begin) * (number - at) / (to - at)
        return found


def parse_elan(text: str) -> Subtitles:
    """The speech of its tiers; of a document that is damaged, what stands before that."""
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import ParseError, XMLParser

    read, reader = Subtitles(), _Reader()
    parser: Any = XMLParser(target=reader, forbid_dtd=False)
    try:
        parser.feed(text.lstrip())
        parser.close()
    except (ParseError, DefusedXmlException):
        read.problems["damaged place in the XML: what stands after it was left out"] += 1
    add_tiers(read, reader.close())
    return read
