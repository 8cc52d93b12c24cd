"""Transcripts as JSON: Whisper and its kin, transformers, hosted recognisers, podcasts, YouTube's json3.

All of them hold a list of stretches with a start, an end and a text, under a few names; some have words with times, and
speakers. Other JSON has no such list and gives no cue.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from longvid_indexer.subtitles.building import TimedWord, add_spoken, seconds
from longvid_indexer.subtitles.cue import Subtitles
from longvid_indexer.subtitles.languages import normalise_language

# Parsed JSON takes many times its bytes; a day with every word's times is about half of this.
LARGEST_CHARACTERS = 32 * 2**20
_LISTS = (
    "segments",
    "chunks",
    "transcription",
    "utterances",
    "monologues",
    "cues",
    "captions",
    "subtitles",
    "words",
)
_INSIDE = ("results", "result", "transcript", "data", "output")
_TEXTS = ("text", "body", "content", "transcript", "sentence", "punctuated_word", "word", "value", "utf8")
_STARTS = ("start", "startTime", "start_time", "begin", "from", "ts")
_ENDS = ("end", "endTime", "end_time", "to", "end_ts")
_SPEAKERS = ("speaker", "speaker_label", "speaker_id", "speakerId", "speaker_name", "speakerName")
# Where only words have times, a stretch ends at the end of a sentence, at a pause, or when it is this long.
_PAUSE_S = 1.0
_LONGEST_STRETCH_S = 15.0


def parse_json(text: str) -> Subtitles:
    """The cues of a JSON transcript; none when it is no JSON, too large, or something else."""
    read = Subtitles()
    if len(text) > LARGEST_CHARACTERS:
        read.problems[f"JSON of more than {LARGEST_CHARACTERS} characters is not read"] += 1
        return read
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        read.problems["JSON that cannot be parsed"] += 1
        return read
    if isinstance(document, dict):
        none: dict[str, Any] = {}
        inner = next((document[key] for key in _INSIDE if isinstance(document.get(key), dict)), none)
        told = [document.get("language"), document.get("language_code"), inner.get("language")]
        read.language = next((normalise_language(code) for code in told if isinstance(code, str)), None)
    if isinstance(document, dict) and isinstance(document.get("events"), list):
        _youtube(read, document["events"])
    else:
        # AssemblyAI counts milliseconds.
        scale = 0.001 if isinstance(document, dict) and "audio_duration" in document else 1.0
        for stretch in _stretches(document, scale):
            _add(read, stretch, scale)
    read.cues.sort(key=lambda cue: (cue.start_s, cue.end_s))
    return read


def _stretches(document: Any, scale: float) -> list[Mapping[str, Any]]:
    """The list of stretches, wherever it is kept."""
    if isinstance(document, list):
        return [item for item in document if isinstance(item, dict)]
    if not isinstance(document, dict):
        return []
    for key in _LISTS:
        items = document.get(key)
        if isinstance(items, list) and any(isinstance(item, dict) for item in items):
            found: list[Mapping[str, Any]] = [item for item in items if isinstance(item, dict)]
            return list(_sentences(found, scale)) if key == "words" else found
    for key in _INSIDE:
        inner = document.get(key)
        if isinstance(inner, dict) and (deeper := _stretches(_best_guess(inner), scale)):
            return deeper
        if isinstance(inner, list) and any(isinstance(item, dict) for item in inner):
            return [item for item in inner if isinstance(item, dict)]
    return []


def _best_guess(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """Deepgram keeps its words with the first guess for the first channel, unless it was asked for utterances."""
    channels = result.get("channels")
    if "utterances" not in result and isinstance(channels, list) and channels:
        guesses = channels[0].get("alternatives") if isinstance(channels[0], dict) else None
        result = guesses[0] if isinstance(guesses, list) and guesses and isinstance(guesses[0], dict) else {}
    # One level only, however deep the document is.
    return {key: value for key, value in result.items() if key not in _INSIDE}


def _sentences(words: Sequence[Mapping[str, Any]], scale: float) -> Iterator[Mapping[str, Any]]:
    """Stretches out of a plain list of words."""
    run: list[Mapping[str, Any]] = []
    for word in words:
        if run and _parts(run, word, scale):
            yield {"words": run}
            run = []
        run.append(word)
    if run:
        yield {"words": run}


def _parts(run: Sequence[Mapping[str, Any]], word: Mapping[str, Any], scale: float) -> bool:
    first_s, last_s, next_s = (
        _time(run[0], _STARTS, scale),
        _time(run[-1], _ENDS, scale),
        _time(word, _STARTS, scale),
    )
    if _speaker(word) != _speaker(run[-1]) or (_text(run[-1]) or "").rstrip().endswith(
        (".", "?", "!", "。", "？")
    ):
        return True
    if next_s is None:
        return False
    return (last_s is not None and next_s - last_s > _PAUSE_S) or (
        first_s is not None and next_s - first_s > _LONGEST_STRETCH_S
    )


def _add(read: Subtitles, stretch: Mapping[str, Any], scale: float) -> None:
    words = [word for word in _list(stretch, "words", "elements", "tokens") if isinstance(word, dict)]
    timed: list[TimedWord] = [
        (_text(word) or "", _time(word, _STARTS, scale), _time(word, _ENDS, scale)) for word in words
    ]
    text = _text(stretch)
    if text is None:
        # WhisperX's words stand without the space before them, Rev's and ElevenLabs' spaces are elements.
        spaced = any(word.isspace() or word.startswith(" ") for word, _, _ in timed)
        text = ("" if spaced else " ").join(word for word, _, _ in timed)
    starts = [begin for _, begin, _ in timed if begin is not None]
    ends = [end for _, _, end in timed if end is not None]
    start_s, end_s = _span(stretch, scale)
    start_s = start_s if start_s is not None or not starts else min(starts)
    end_s = end_s if end_s is not None or not ends else max(ends)
    if start_s is None and not text.strip():
        return
    said_by = _speaker(stretch)
    if said_by is None and words:
        voices = Counter(filter(None, map(_speaker, words)))
        said_by = voices.most_common(1)[0][0] if voices else None
    add_spoken(read, start_s, end_s, text, said_by, timed)


def _span(stretch: Mapping[str, Any], scale: float) -> tuple[float | None, float | None]:
    """Start and end, as two numbers, as a pair (transformers) or under a name of their own (whisper.cpp)."""
    offsets, pair = stretch.get("offsets"), stretch.get("timestamp")
    if isinstance(offsets, dict):
        return _time(offsets, ("from",), 0.001), _time(offsets, ("to",), 0.001)
    if isinstance(pair, list) and len(pair) == 2:
        return seconds(pair[0]), seconds(pair[1])
    return _time(stretch, _STARTS, scale), _time(stretch, _ENDS, scale)


def _time(item: Mapping[str, Any], keys: Sequence[str], scale: float) -> float | None:
    for key in keys:
        for name, times in ((key, scale), (f"{key}_ms", 0.001), (f"{key}Ms", 0.001)):
            value = seconds(item.get(name))
            if value is not None:
                return value if isinstance(item[name], str) else value * times
    return None


def _text(item: Mapping[str, Any]) -> str | None:
    return next((item[key] for key in _TEXTS if isinstance(item.get(key), str)), None)


def _speaker(item: Mapping[str, Any]) -> str | None:
    for key in _SPEAKERS:
        value = item.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()
        if isinstance(value, int) and not isinstance(value, bool):
            return f"Speaker {value}"
    return None


def _list(item: Mapping[str, Any], *keys: str) -> Sequence[Any]:
    return next((item[key] for key in keys if isinstance(item.get(key), list)), ())


def _youtube(read: Subtitles, events: Sequence[Any]) -> None:
    """YouTube's json3: a time and pieces of text an event; automatic captions have an offset a word."""
    lines = [event for event in events if isinstance(event, dict) and _said(event).strip()]
    for number, event in enumerate(lines):
        start_s = _time(event, ("tStartMs",), 0.001)
        length_s = _time(event, ("dDurationMs",), 0.001)
        pieces = [piece for piece in _list(event, "segs") if isinstance(piece, dict)]
        end_s = start_s + length_s if start_s is not None and length_s is not None else None
        words: list[TimedWord] = []
        if start_s is not None and any("tOffsetMs" in piece for piece in pieces):
            # A line stays on screen while the next one is spoken.
            next_s = _time(lines[number + 1], ("tStartMs",), 0.001) if number + 1 < len(lines) else None
            if next_s is not None and end_s is not None and start_s < next_s < end_s:
                end_s = next_s
            begins = [start_s + (_time(piece, ("tOffsetMs",), 0.001) or 0.0) for piece in pieces]
            words = [
                (_text(piece) or "", begin, after)
                for piece, begin, after in zip(pieces, begins, [*begins[1:], None], strict=True)
            ]
        add_spoken(read, start_s, end_s, _said(event), None, words)


def _said(event: Mapping[str, Any]) -> str:
    return "".join(_text(piece) or "" for piece in _list(event, "segs") if isinstance(piece, dict))
