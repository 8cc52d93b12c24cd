"""Where sentences end in other languages than English that nobody punctuated: words that begin one, verbs that end it.

No model: words with which people begin ("mais", "entonces", "потом", 然后) and, in Japanese, the endings of
polite verbs. A part has no fewer than ``_FEWEST`` words and no more than ``_MOST``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

_FEWEST, _MOST, _LEFT = 5, 25, 3


def _words(told: str) -> frozenset[str]:
    return frozenset(told.split())


_BEGIN = {
    "de": _words("aber also denn jedoch außerdem deshalb deswegen danach anschließend schließlich"
                 " trotzdem jetzt nun heute nächste ich wir"),
    "fr": _words("mais donc alors ensuite puis maintenant aujourd'hui enfin cependant pourtant d'abord je j'ai on"
                 " j'avais c'est ça c'était"),
    "es": _words("pero entonces luego después ahora hoy además así finalmente"),
    "it": _words("ma quindi allora poi dopo adesso ora oggi inoltre però perciò infine"),
    "pt": _words("mas então depois agora hoje além portanto porém finalmente"),
    "nl": _words("maar dus toen daarna nu vandaag bovendien daarom ik we wij"),
    "ru": _words("но потом затем теперь сегодня сначала поэтому однако итак значит мы я"),
}  # fmt: skip
# Before a pronoun these go on: "…, dass wir", "что мы"; so does a verb before its subject ("gehen wir").
_GOES_ON = _words(
    "dass daß wenn weil ob und oder die der das was wie wo als bevor nachdem damit sondern"
    " que qu' quand si où dont et ou mais comme parce ce qui"
    " dat als omdat of en die wat hoe waar"
    " что если когда как чтобы где и а но или которые который"
)
_PRONOUNS = _words("ich wir je j'ai j'avais on c'est ça c'était ik we wij мы я")
_INVERTS = {
    "de": re.compile(r".+(?:en|t|e|st)\Z"),
    "nl": re.compile(r".+(?:en|t)\Z|\b(?:ga|ben|heb|kan|wil|zal)\Z"),
}
_JOINS = _words("und et y e en и a oder ou o")
_UNSPACED = {
    "ja": re.compile(
        r"(?:(?<=です)|(?<=ます)|(?<=でした)|(?<=ました)|(?<=ません)|(?<=ください))"
        r"(?![かがのけねよしと])"
    ),
    "zh": re.compile(
        r"(?=(?:然后|然後|但是|所以|接下来|接下來|另外|首先|其次|最后我|最後我|今天我们|今天我們|现在|現在|下面))"
    ),
}
_FEWEST_LETTERS, _MOST_LETTERS = 6, 50


def known(language: str | None) -> bool:
    """Whether there are cue words for a language (two letters)."""
    return language in _BEGIN or language in _UNSPACED


def cut(text: str, language: str) -> list[str]:
    """``text`` (a run of speech without punctuation) in sentences as far as cues tell, in order, nothing lost."""
    if (pattern := _UNSPACED.get(language)) is not None:
        return list(_letters(text, pattern))
    words = text.split(" ")
    begins = [0, *_begins(words, language), len(words)]
    return [" ".join(words[begin:end]) for begin, end in pairwise(begins)]


def _begins(words: list[str], language: str) -> Iterator[int]:
    begin = 0
    for at in range(len(words)):
        here = at
        if at - begin >= _FEWEST and len(words) - at >= _LEFT and _opens(words, at, language):
            here -= words[at - 1].lower() in _JOINS
        elif at - begin >= _MOST:
            joins = [n for n in range(begin + _FEWEST, at) if words[n].lower() in _JOINS]
            here = joins[-1] if joins else at
        else:
            continue
        yield here
        begin = here


def _opens(words: list[str], at: int, language: str) -> bool:
    word, before = words[at].lower().replace("’", "'"), words[at - 1].lower()
    if word not in _BEGIN[language]:
        return False
    if word not in _PRONOUNS:
        return True
    inverts = _INVERTS.get(language)
    return before not in _GOES_ON and word != before and not (inverts and inverts.match(before))


def _letters(text: str, pattern: re.Pattern[str]) -> Iterator[str]:
    """Where no cue is, a part ends with the caption (a space) in which it has enough letters."""
    begin = 0
    spaces = (match.end() for match in re.finditer(" ", text))
    for at in sorted({*(match.start() for match in pattern.finditer(text)), *spaces}):
        fewest = _MOST_LETTERS if text[at - 1] == " " and not pattern.match(text, at) else _FEWEST_LETTERS
        if at - begin >= fewest and len(text) - at >= _LEFT:
            yield text[begin:at].strip()
            begin = at
    yield text[begin:].strip()
