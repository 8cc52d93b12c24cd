"""How a recording begins or ends: "How does the lecture end?", in nine languages."""

from __future__ import annotations

import re

from longvid_agents.day_words import KIND
from longvid_agents.moments_asked import Stretch, edge_s
from longvid_agents.videos_asked import words_of
from longvid_storage.text.stop_words import STOP_WORDS
from longvid_storage.types import VideoCard

_WHAT = r"(?P<what>.{0,80})"
_FR = r"(?P<first>commence|débute|ouvre)|finit|termine|achève|conclut"
# ``first`` is there where the beginning is asked for, ``what`` is what begins or ends.
_BEGINS = tuple(
    re.compile(rf"\A\W*(?:and |und |et |y |e )?(?:{words})\W*\Z", re.IGNORECASE)
    for words in (
        r"how (?:does|did|do) (?P<what>.{0,80}?)\b(?:(?P<first>begin|start|open)|end|finish|close|conclude)",
        r"how (?P<what>.{0,80}?)\b(?:(?P<first>begins|starts|opens)|ends|finishes|closes|concludes)",
        r"what(?:['’]s| is| was| does| did) (?:the )?(?:very )?"
        rf"(?:(?P<first>beginning|start|opening)|end(?:ing)?|conclusion|close)(?: like)?(?: (?:of|in) {_WHAT})?",
        rf"wie (?:(?P<first>beginnt|begann|startet)|endete?|schließt|schloss) {_WHAT}",
        r"wie (?:fängt|fing|hört|hörte|geht|ging) (?P<what>.{0,80}?)\b(?:(?P<first>an|los)|auf|aus|zu ende)",
        r"was (?:ist|war) (?:der|das) (?:(?P<first>anfang|beginn)|ende|schluss)"
        rf"(?: (?:von|vom|der|des|in|im) {_WHAT})?",
        rf"comment (?:se |s['’])?(?:{_FR}){_WHAT}",
        rf"comment (?P<what>.{{0,80}}?)(?:\bse |\bs['’])?\b(?:{_FR})(?:-t-(?:il|elle))?",
        r"quel(?:le)? est (?:la |le )?(?:(?P<first>début|commencement)|fin|conclusion)"
        rf"(?: d[eu'’] ?{_WHAT})?",
        r"cómo (?:(?P<first>empieza|empezó|comienza|comenzó|inicia|inició)"
        rf"|(?:se )?(?:termina|terminó|acaba|acabó|finaliza|concluye|concluyó)){_WHAT}",
        rf"cuál (?:es|fue) el (?:(?P<first>principio|inicio|comienzo)|final|fin)(?: del? {_WHAT})?",
        r"com[eo] (?:(?P<first>inizia|comincia|começ[ao]u?|inicia)|finisce|termina|terminou|acab[ao]u?"
        rf"|si conclude){_WHAT}",
        rf"hoe (?:(?P<first>begint|begon|start)|eindigt?|eindigde|stopt) {_WHAT}",
        rf"как (?:(?P<first>начинается|начал(?:ся|ась|ось))|заканчивается|закончи\w+|кончается){_WHAT}",
    )
)
# What a recording may be called there, with the small words around it.
_CALLED = (
    "it this sitzung besprechung vorlesung aufnahme réunion séance conférence cours reunión sesión clase"
)
_CALLED_TOO = "riunione lezione reunião aula"
_OF_RECORDINGS = frozenset(
    [*KIND.split("|"), *_CALLED.split(), *_CALLED_TOO.split()]
    + [word for words in STOP_WORDS.values() for word in words]
)


def what_begins_or_ends(text: str) -> set[str]:
    """The words for what begins or ends where it is asked how it does; none in any other question."""
    match = _match(text)
    return words_of(match["what"] or "") if match else set()


def edge_of(text: str, video: VideoCard) -> Stretch | None:
    """Where ``video`` begins or ends, if it is asked how it does, by words of its title or as "the meeting"; else None,
    as of "How does photosynthesis end?"."""
    match = _match(text)
    if match is None or not words_of(match["what"] or "") <= words_of(video.title) | _OF_RECORDINGS:
        return None
    length_s = edge_s(video.duration_s)
    return (None, length_s) if match["first"] else (max(0.0, video.duration_s - length_s), None)


def _match(text: str) -> re.Match[str] | None:
    return next((match for pattern in _BEGINS if (match := pattern.match(text))), None)
