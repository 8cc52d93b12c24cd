"""Who speaks in the videos that are asked about: all who are heard there by name, each cited by a first sentence."""

from __future__ import annotations

import re
from collections import defaultdict

from longvid_agents.kinds import VIDEOS
from longvid_agents.lists import Listed
from longvid_storage.db.view import View
from longvid_storage.text.timecode import format_time
from longvid_storage.types import Citation, Claim, Passage

MOST_VIDEOS = 20
"""Of more videos the sentences are not read for it."""

_SPEAKS = (
    "speak(?:s|ing)?|spoke|talk(?:s|ed|ing)?|tak(?:es|ing) part|took part|participat(?:e|es|ed|ing)"
    "|attend(?:s|ed|ing)?|present|there|heard"
)
_PEOPLE = "speakers|participants|attendees|people|persons"
_ASKED = re.compile(
    rf"^\W*(?:who (?:all )?(?:(?:is|are|was|were) )?(?:{_SPEAKS})"
    rf"|(?:who are|list|name|show(?: me)?|which are)(?: all)?(?: the)? (?:{_PEOPLE})(?: there)?"
    rf"|how many (?:{_PEOPLE}) (?:(?:are|were) )?(?:{_SPEAKS})"
    r"|wer (?:spricht|redet|nimmt teil)|qui parle|quién(?:es)? hablan?)"
    rf"(?: (?:(?:in|at|on|during|of|to|from) )?(?:the|this|that|our|a)? ?(?:{VIDEOS}))?\W*$",
    re.IGNORECASE,
)
_ONLY_HEARD = "Those who are heard by name; who was there and silent is not known."


def who_speaks(question: str, view: View) -> Listed | None:
    """Everybody who speaks in the scope, who speaks longest first; None where that is not asked, or nobody is named."""
    if _ASKED.match(question) is None:
        return None
    cards = view.cards()
    if len(cards) > MOST_VIDEOS:
        return None
    claims = []
    for card in cards:
        said: defaultdict[str, list[Passage]] = defaultdict(list)
        for passage in view.passages_of(card.video_id, ["speech"]):
            if passage.speaker:
                said[passage.speaker].append(passage)
        spoken_s = {name: sum(p.end_s - p.start_s for p in passages) for name, passages in said.items()}
        where = f" in {card.title}" if len(cards) > 1 else ""
        for name in sorted(said, key=lambda name: -spoken_s[name]):
            text = f"{name} speaks for {format_time(spoken_s[name])}{where}."
            claims.append(Claim(text, (Citation.of(said[name][0], card.title, card.path),)))
    return Listed(tuple(claims), "listed who speaks", (_ONLY_HEARD,)) if claims else None
