"""The names a claim uses: people, products, identifiers. A name that the evidence does not have is made up."""

from __future__ import annotations

import re
import unicodedata

from longvid_agents.verify import normalise
from longvid_storage.text.analysis import analyse
from longvid_storage.text.sentences import ends_sentence
from longvid_storage.text.stop_words import STOP_WORDS

_TOKEN = re.compile(r"[^\W_]+(?:[.\-'’_/:][^\W_]+)*", re.UNICODE)
_OPENING = re.compile(r"[:;\"“”«»(\[]\s*$")
# Capital letters that name nothing a video must contain.
_CALENDAR = """i monday tuesday wednesday thursday friday saturday sunday january february march april may june july
    august september october november december english ok"""
_COMMON = frozenset(_CALENDAR.split())
# In German every noun has a capital.
_CAPITALISING = frozenset({"de"})


def names_in(text: str, language: str | None = None) -> tuple[list[str], list[str]]:
    """Words that are names for certain, and words that may be: first words of a sentence, German nouns."""
    certain: dict[str, None] = {}
    perhaps: dict[str, None] = {}
    text = unicodedata.normalize("NFKC", text)
    stops = STOP_WORDS["en"] | STOP_WORDS.get(language or "en", frozenset())
    for match in _TOKEN.finditer(text):
        word = match.group()
        bare = word.split("'")[0].split("’")[0]
        mixed = any(map(str.isdigit, word)) and any(map(str.isalpha, word))
        inner = any(map(str.isupper, bare[1:]))
        if bare.casefold() in stops or (bare.casefold() in _COMMON and not inner):
            continue
        if mixed and re.fullmatch(r"\d+(?:st|nd|rd|th|s|x|k|%)?", word.casefold()):
            continue
        if mixed or inner:
            certain[bare] = None
        elif bare[0].isupper():
            before = text[: match.start()]
            first = not before.strip() or ends_sentence(before) or bool(_OPENING.search(before))
            (perhaps if first or language in _CAPITALISING else certain)[bare] = None
    return list(certain), [name for name in perhaps if name not in certain]


def has_name(name: str, evidence: str, language: str | None = None) -> bool:
    """Whether ``evidence`` has the name, in any of its forms; letter case and punctuation inside it do not count."""
    folded, source = normalise(name), f" {normalise(evidence)} "
    if f" {folded} " in source:
        return True
    if any(map(str.isdigit, folded)) and folded.replace(" ", "") in source.replace(" ", ""):
        return True  # GPT-4, GPT 4, GPT4
    stems = set(analyse(evidence, language)) | set(analyse(evidence, None))
    return all(any(term in stems for term in analyse(word, language)) for word in folded.split())
