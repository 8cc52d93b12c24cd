"""Telemetry written as subtitles: what a drone or dashcam measured, which is no speech.

Every cue is mostly numbers, in it a position, a date, a speed or named values, and the few words around them are the
same from cue to cue. A table of sums that is read aloud repeats words too, but states no position, date or unit; a
chat log states the time, but its words change.
"""

from __future__ import annotations

import re
from collections import Counter

from longvid_indexer.subtitles.cue import Subtitles

TELEMETRY = "holds telemetry (positions, times, measured values), not speech: it is no transcript"
"""What is said of such a file, after its name."""
_FEWEST_CUES = 3
# Shares: of numbers among the words of a cue; of cues that look measured; of words that come again in half of all cues.
_NUMBERS, _CUES, _AGAIN = 0.5, 0.8, 0.7
_TOKEN = re.compile(r"[^\W_]+")
_DIGIT = re.compile(r"\d")
_UNIT = re.compile(
    r"\d\s?(?:km/h|kph|mph|m/s|knots|hpa|bpm|rpm|k?w|mv|ft|k?m|°?[cf]|%|mah)(?!\w)", re.IGNORECASE
)
_MEASURED = re.compile(
    r"\d\.\d{3,}"  # a coordinate
    r"|\b\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\b|\b\d{1,2}:\d{2}:\d{2}\b"  # a date, the time of day
    r"|\b(?:km/h|kph|mph|m/s|knots|hpa|bpm|rpm)\b"
    r"|\b\w{1,20} ?[:=] ?[-+]?\d[^=:\n]{0,20}[\s,;\]]\W{0,3}\w{1,20} ?[:=] ?[-+]?\d"  # two named values in a row
    r"|(?:\b[a-z]{1,12} [-+]?\d[\d.:]{0,9}\w{0,3}\b\W{0,3}){3}"  # three without a sign between
    r"|\bgps\b|\bframe\W{0,3}\d",
    re.IGNORECASE,
)


def is_telemetry(read: Subtitles) -> bool:
    """Whether the cues hold measured values instead of speech."""
    texts = ["\n".join(line.text for line in cue.lines) for cue in read.cues]
    texts = [text for text in texts if text.strip()]
    if len(texts) < _FEWEST_CUES:
        return False
    if sum(map(_looks_measured, texts)) < _CUES * len(texts):
        return False
    words = [[t.lower() for t in _TOKEN.findall(text) if not _DIGIT.search(t)] for text in texts]
    cues_with = Counter(word for each in words for word in set(each))
    said = sum(map(len, words))
    again = sum(1 for each in words for word in each if 2 * cues_with[word] >= len(texts))
    return again >= _AGAIN * said


def _looks_measured(text: str) -> bool:
    tokens = _TOKEN.findall(text)
    numbers = sum(bool(_DIGIT.search(token)) for token in tokens)
    units = len(_UNIT.findall(text))
    return numbers >= 2 and numbers + units >= _NUMBERS * len(tokens) and _MEASURED.search(text) is not None
