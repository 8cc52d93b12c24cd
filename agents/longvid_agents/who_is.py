"""Who somebody is: for "who is the director?" "Helena Brandt is our director", "the director, Helena Brandt".

A sentence that only speaks of the director has the question's words too, and often more of them; what it says of the
director is no answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from longvid_storage.text.dates import MONTH_NAME, WEEKDAY_NAME
from longvid_storage.text.stop_words import STOP_WORDS

_OF = r"of|for|in|at|on|from|des|der|vom|von|im|du|de|del|della|di|dell['’]|do|da|d['’]"
_ASKED = re.compile(
    r"^\W*(?:who(?:['’]s| is| are| was| were)|wer (?:ist|war)|qui (?:est|était)|qui[ée]n (?:es|fue|era)|chi (?:è|era))"
    r"(?: (?:(?:the|an?|our|your|their|his|her|my|der|die|das|unsere?|le|la|el|il|lo|nuestr[oa]|notre|nostr[oa])"
    r" |l['’])"
    rf"|(?= [\w-]+ (?:{_OF}) ))\s?(?P<role>(?:(?!(?:{_OF})\b)[\w'’-]{{1,40}}+ ){{0,3}}?(?!(?:{_OF})\b)[\w-]{{3,40}}+)"
    rf"(?:\s(?:(?:{_OF})\b\s?(?P<of>.*)|(?:now|here|there|today|tonight|jetzt|hier|heute)))?\W*$",
    re.IGNORECASE,
)
_NAME = (
    rf"(?!(?i:{WEEKDAY_NAME}|{MONTH_NAME})\b(?! [A-Z]))[^\W\d_a-zß-ÿ][\w'’.-]*[^\W_]"
    r"(?: (?:(?:van|von|de|da|di|el|al|bin) )?[^\W\d_a-zß-ÿ][\w'’.-]*[^\W_]){0,3}"
)
_IS = (
    r"(?i:is|was|['’]s|becomes?|became|has been|will be|ist|war|wird|wurde|heißt|est|était|s['’]appelle|es|fue|era"
    r"|se llama|è|si chiama)"
)
_CALLED = r"(?i:called|named|now|still|again|my name is|jetzt|weiterhin|maintenant|ahora|adesso)"
# What stands between a name and the role in "Tomas is friends with the director", "I asked Tomas, and the director …".
_OTHER_THAN = (
    r"and|but|or|so|said|says|when|where|while|who|which|if|not|no|with|by|for|to|of|from|at|on|than|like|und|oder|mit"
    r"|von|für|bei|wo|et|avec|pour|chez|y|con|para|e|per|nicht|pas"
)


class WhoIs:
    """A question of the form "who is the ROLE (of X)?"; ``None`` of :meth:`read` for any other."""

    def __init__(self, role: str, of: str) -> None:
        head = rf"(?i:{re.escape(role)})"
        there = rf"(?: (?i:{_OF}) (?:(?!(?i:is|was|ist|est|es|è)\b)[\w'’-]{{1,40}} ?){{1,5}}?)?"
        self._of = {word for word in _words(of) if word not in STOP_WORDS["en"]}
        self._other = re.compile(rf"\b{head} (?i:of|des|vom|du|del|della) (?P<of>[\w'’ -]{{1,60}})")
        self._described = re.compile(
            rf"\b{head}{there} {_IS}\b|{_IS} (?:(?!(?:{_OTHER_THAN})\b)[\w'’-]{{1,40}}+ ){{0,4}}?{head}\b(?! [\w-]+ )"
        )
        self._said = (
            re.compile(
                rf"(?P<name>{_NAME})(?:,| {_IS}|['’]s| as)(?: (?!(?:{_OTHER_THAN})\b)[\w'’-]{{1,40}}+){{0,4}}? {head}\b"
            ),
            re.compile(
                rf"\b{head}{there}(?: (?!(?i:is|was)\b)[\w-]{{1,40}}+){{0,2}}?(?:,|:| –| {_IS}|['’]s)"
                rf"(?: {_CALLED})? (?P<name>{_NAME})"
            ),
            re.compile(rf"\b{head} (?P<name>{_NAME})"),
        )

    @classmethod
    def read(cls, question: str) -> WhoIs | None:
        asked = _ASKED.match(question)
        return cls(asked["role"].split()[-1], asked["of"] or "") if asked is not None else None

    def said_in(self, text: str) -> bool:
        """Whether a person is named as the one: not as that of something else than the question names."""
        return bool(self.names_in(text))

    def described_in(self, text: str) -> bool:
        """Whether it is told of the one, without a name perhaps: "the pilot is my neighbour"."""
        return self._described.search(text) is not None

    def names_in(self, text: str) -> set[str]:
        """The names, in small letters, of those whom the text says to be the one."""
        other = self._other.search(text)
        if other is not None and self._of and not self._of & set(_words(other["of"])):
            return set()
        names = (match["name"] for said in self._said for match in said.finditer(text))
        return {name.casefold() for name in names if self._is_name(name)}

    def _is_name(self, name: str) -> bool:
        first = name.split()[0].lower()
        return not any(first in STOP_WORDS[code] for code in ("en", "de", "fr", "es", "it"))


def identified(question: str, texts: Sequence[str]) -> list[bool]:
    """Whether each text says who the one asked for is; nowhere where the question asks otherwise."""
    asked = WhoIs.read(question)
    return [asked is not None and asked.said_in(text) for text in texts]


def _words(text: str) -> list[str]:
    return [word.removesuffix("s") for word in re.findall(r"\w+", text.casefold()) if len(word) > 2]
