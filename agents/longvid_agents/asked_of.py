"""Whose words a question asks for: "What did Jonas say about the budget?" is answered by what Jonas says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_SAYING = re.compile(
    r"\b(?:sa(?:y|ys|id)|th(?:ink|inks|ought)|tell|told|mention(?:ed|s)?|report(?:ed|s)?|explain(?:ed|s)?|suggest(?:ed|s)?"
    r"|propose[sd]?|recommend(?:ed|s)?|ask(?:ed|s)?|answer(?:ed|s)?|argue[sd]?|claim(?:ed|s)?|believe[sd]?|warn(?:ed|s)?"
    r"|feel|felt|comment(?:ed|s)?|talk(?:ed|s)?|speak|spoke|describe[sd]?|repl(?:y|ied)|opinions?|views?"
    r"|stance|according to|(?<=['’]s )(?:own )?words|in the words of"
    r"|gesagt|sagte?|meinte?|denkt|dachte|erzählte?|dit|pense|dijo|dice|dicho|piensa|opina|detto|pensa|disse|diz|acha"
    r"|сказал\w*|говорит|говорил\w*|думает|zei|zegt|gezegd"
    r"|laut|zufolge|selon|d['’]après|según|secondo|segundo|volgens|согласно|словам)\b",
    re.IGNORECASE,
)
# Of whom something is said, or to whom.
_AS_SUBJECT = re.compile(
    r"\b(?<!according )(?<!in the words )(?:about|of|with|to|from|for|than|on|über|von|mit|an|sur"
    r"|de|avec|à|sobre|con|su|di|о|об|с)\s+(?:the\s+)?\Z",
    re.IGNORECASE,
)
_JOINED = re.compile(r"(?:\b(?:and|or|und|oder|et|ou|y|e|и|или)|[,&])\s+(?:the\s+)?\Z", re.IGNORECASE)
_TOLD = r"\b(tell|told|ask(?:ed|s)?|answer(?:ed|s)?|promise[sd]?|remind(?:ed|s)?|warn(?:ed|s)?)"
_SHORTEST = 3


def speakers_asked(question: str, speakers: Iterable[str]) -> tuple[str, ...]:
    """The one of ``speakers`` whose words are asked for; none where that is nobody, or could be several.

    Named in full, by a part of the name with its capital, or as "the host". Whom it is about or to does not count.
    """
    if _SAYING.search(question) is None:
        return ()
    places = [
        (at, speaker)
        for speaker in speakers
        for at in _places(question, speaker)
        if _AS_SUBJECT.search(question[:at]) is None
    ]
    first = min((at for at, _ in places), default=None)
    owners = {speaker for at, speaker in places if at == first}
    if len(owners) != 1 or any(_JOINED.search(question[:at]) for at, _ in places if at != first):
        return ()  # "Jonas and Maya"
    return tuple(owners)


def asks_what_is_said(word: str) -> bool:
    """Whether a word of a question asks for what somebody says ("suggest"), not about what."""
    return _SAYING.fullmatch(word) is not None


def without_listeners(question: str, speakers: Iterable[str]) -> str:
    """The question without those to whom something is said ("What did Lena tell Maya about the office?"), and without
    "in Lena's words"."""
    names = {part for speaker in speakers for part in (speaker, *speaker.split()) if len(part) >= _SHORTEST}
    listed = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    if not names:
        return question
    question = re.sub(rf"\bin (?:{listed})['’]s? (?:own )?words\b", " ", question, flags=re.IGNORECASE)
    return re.sub(rf"{_TOLD}\s+(?:{listed})(?!\w)", r"\1", question)


def about_them(question: str, speakers: Iterable[str]) -> bool:
    """Whether the question asks what is said about those whom it names, and not what they say."""
    places = [at for speaker in speakers for at in _places(question, speaker)]
    return bool(places) and all(re.search(r"\b(?:about|über|sobre)\s\Z", question[:at]) for at in places)


def _places(question: str, speaker: str) -> Iterator[int]:
    names = [speaker, *(p for p in speaker.split() if len(p) >= _SHORTEST and p[0].isupper())]
    # Most are nowhere in it, and a pattern takes longer to make than to find.
    if any(name in question for name in names):
        listed = "|".join(map(re.escape, names))
        for found in re.finditer(rf"(?<!\w)(?:{listed})(?!\w)", question):
            yield found.start()
    if speaker.casefold() in question.casefold():
        for found in re.finditer(rf"\bthe ({re.escape(speaker)})\b", question, re.IGNORECASE):
            yield found.start(1)
