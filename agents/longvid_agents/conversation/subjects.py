"""What a question is about: the speakers it names, its subject, the words that carry its content."""

from __future__ import annotations

import re
from collections.abc import Sequence

from longvid_agents.question import FRAME_WORDS, content_terms
from longvid_storage.text.stop_words import STOP_WORDS

_PREPOSITION = re.compile(r"\b(about|of|for|on|with|regarding)\s+", re.I)
_WORD = re.compile(r"\w+(?:['’\-.]\w+)*")


def named_speakers(text: str, speakers: Sequence[str]) -> list[str]:
    """Speakers whose name, or first name where it is one person's, is in ``text``, in the order they appear."""
    firsts = [speaker.split()[0].casefold() for speaker in speakers if speaker.split()]
    found: dict[str, int] = {}
    for speaker in speakers:
        first = speaker.split()[0] if speaker.split() else ""
        names = [speaker] + ([first] if len(first) > 2 and firsts.count(first.casefold()) == 1 else [])
        for name in names:
            match = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.I)
            if match:
                found[speaker] = min(found.get(speaker, len(text)), match.start())
    return sorted(found, key=lambda speaker: found[speaker])


def subject_of(question: str, speakers: Sequence[str]) -> str:
    """What a question is about: what follows its last "about", "of", …, else its last run of content words."""
    text = question.rstrip("?!. ")
    prepositions = list(_PREPOSITION.finditer(text))
    if prepositions:
        tail = text[prepositions[-1].end() :].strip()
        if content_terms(tail) and not named_speakers(tail, speakers):
            return tail
    names = {word.casefold() for speaker in speakers for word in speaker.split()}
    runs: list[tuple[int, int]] = []
    for match in _WORD.finditer(text):
        word = match.group().casefold()
        if word in STOP_WORDS["en"] or word in FRAME_WORDS or word in names:
            continue
        if runs and not text[runs[-1][1] : match.start()].strip():
            runs[-1] = (runs[-1][0], match.end())
        else:
            runs.append((match.start(), match.end()))
    if not runs:
        return ""
    start, end = runs[-1]
    article = re.search(r"\b(?:the|a|an)\s+$", text[:start], re.I)
    return text[article.start() if article else start : end]


def says_something(question: str, speakers: Sequence[str]) -> bool:
    """Whether any word of a question is neither of its frame nor a speaker's name."""
    names = {word.casefold() for speaker in speakers for word in speaker.split()}
    return any(
        term.word.casefold() not in FRAME_WORDS and term.word.casefold().split("'")[0] not in names
        for term in content_terms(question)
    )


def content_phrase(question: str, speakers: Sequence[str]) -> str:
    """What the question asks about: its "about …", else all from the first to the last content word."""
    if _PREPOSITION.search(question):
        return subject_of(question, speakers)
    marks = [
        match
        for match in _WORD.finditer(question)
        if match.group().casefold() not in STOP_WORDS["en"] and match.group().casefold() not in FRAME_WORDS
    ]
    return question[marks[0].start() : marks[-1].end()] if marks else ""
