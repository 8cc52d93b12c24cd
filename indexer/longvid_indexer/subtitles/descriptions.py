"""Lines that describe what is heard (``[Music]``, ``JANE: (laughs)``), told from words said in brackets."""

from __future__ import annotations

import re
from functools import cache

from longvid_storage.text.analysis import analyse
from longvid_storage.text.sound_words import describe_sound, is_event, sound_table

_CLOSING = {"[": "]", "(": ")", "（": "）", "【": "】", "［": "］", "〔": "〕", "*": "*"}
_FILLING = frozenset("♪♫♬#.…-–—,;:! ")
_MUSIC = re.compile("[♪♫♬]")
# A change of speaker, a dash, a name: what may stand before a bracket without being words of the line.
_OPENING = re.compile(
    r"(?:(?:>{2,4}|»|[-–—‐])\s{0,4})?(?:[^\W\d_][^:：\[\](){}<>?!]{0,39}[:：]\s{0,4})?(?=[\[(（【［〔*])"
)
# A description longer than this is one only if it names a sound.
_WORDS_OF_A_DESCRIPTION = 6
_SENTENCE_END = (".", "?", "!", "。", "？", "！")
# Who speaks of himself, of others, or of what is: words of a sentence, not of a description.
_SAID_TEXT = (
    "i i'm i've i'd i'll we we're we've we'll you you're he he's she she's they they're it it's that's is "
    "are was were will would can could should must don't didn't isn't my our your this these those "
    "ich wir ihr sie er es ist sind war je nous vous il elle ils c'est yo nosotros ellos io noi eu ele "
    "ela я мы вы он она они это "
)
_SAID = frozenset(_SAID_TEXT.split())
# Words of descriptions that tell of no sound by themselves.
_VAGUE = (
    "someone somebody people person many audience crowd goes off opens closes loud plays noise other starts"
    " starting passes driving"
)
_ELSEWHERE_TEXT = (
    "Applause: applaus beifall applaudissements aplausos applausi aplauso аплодисменты 拍手 掌声 掌聲 박수 | "
    "Music: musik musique música musica музыка 音楽 音乐 音樂 음악 | "
    "Laughter: gelächter lachen rires rire risas risa risate risos смех 笑い 笑 笑声 笑聲 웃음"
)
_ELSEWHERE = {
    word: name
    for name, _, words in (row.partition(": ") for row in _ELSEWHERE_TEXT.split(" | "))
    for word in words.split()
}


def opening_bracket(text: str) -> int | None:
    """Where the line's first bracket opens, if nothing but a speaker stands before it."""
    opening = _OPENING.match(text)
    return opening.end() if opening is not None else None


def closing_bracket(opening: str) -> str:
    """What closes a bracket."""
    return _CLOSING[opening]


def bracketed(text: str) -> list[str] | None:
    """What stands in the brackets of a line that is nothing but brackets and music signs; None for any other line.

    A speaker before it (``>> JANE: [laughs]``) is no words of the line either.
    """
    at = opening_bracket(text) or 0
    found = []
    while at < len(text):
        closing = _CLOSING.get(text[at])
        if closing is not None:
            end = text.find(closing, at + 1)
            if end < 0:
                return None
            found.append(text[at + 1 : end].strip())
            at = end + 1
        elif text[at] in _FILLING:
            at += 1
        else:
            return None
    return found


def is_sound(text: str) -> bool:
    """Whether a whole line describes sound instead of speech: ``[Music]``, ``(door slams)``, ``♪``."""
    if "](" in text or "://" in text:
        return False
    inside = bracketed(text)
    return inside is not None and not any(map(_is_aside, inside))


def sound_label(text: str) -> str | None:
    """What a description says is heard, under its usual name where it has one; None when it names no known sound."""
    inside = bracketed(text) or []
    said = " ".join(" ".join(inside).split()).strip(" .-–—#…♪♫♬")
    if not said:
        return "Music" if _MUSIC.search(text) else None
    known = _names().get(said.casefold()) or _ELSEWHERE.get(said.casefold())
    if known is None and not _tells_of_sound(said):
        return None
    label = known or said[:1].upper() + said[1:].lower()
    return label if is_event(label) else None


def _is_aside(text: str) -> bool:
    """Whether words in brackets are said, not described: a sentence, ``(I think he knows.)``."""
    words = text.casefold().split()
    if len(words) < 3 or words[0].endswith("ing"):
        return False
    if not _SAID.isdisjoint(word.strip(".,;?!\"'’") for word in words):
        return True
    sentence = text.endswith(_SENTENCE_END) and not text[0].islower()
    return (sentence or len(words) > _WORDS_OF_A_DESCRIPTION) and not _tells_of_sound(text)


def _tells_of_sound(text: str) -> bool:
    return bool(_words().intersection(analyse(text, "en")))


@cache
def _names() -> dict[str, str]:
    return {name.casefold(): name for name in sound_table()}


@cache
def _words() -> frozenset[str]:
    told = {word for name in sound_table() for word in analyse(describe_sound(name), "en")}
    return frozenset(told - set(analyse(_VAGUE, "en")))
