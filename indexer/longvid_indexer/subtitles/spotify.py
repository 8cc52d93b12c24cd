"""Spotify's transcripts of podcasts, as its player fetches them: sections with a title (who speaks) or a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from longvid_indexer.subtitles.building import add_spoken, seconds, until_next
from longvid_indexer.subtitles.cue import Subtitles


def add_sections(read: Subtitles, sections: Sequence[Any]) -> None:
    """Add the sentences of ``document["section"]``; nothing where it is something else."""
    found: list[tuple[float, str, str | None]] = []
    speaker = None
    for section in sections:
        if not isinstance(section, dict):
            continue
        title, text = section.get("title"), section.get("text")
        if isinstance(title, dict) and isinstance(title.get("title"), str):
            speaker = title["title"]
        sentence = text.get("sentence") if isinstance(text, dict) else None
        if not isinstance(sentence, dict) or not isinstance(sentence.get("text"), str):
            continue
        at = seconds(sentence.get("startMs", section.get("startMs")))
        if at is not None:
            found.append((at / 1000, sentence["text"], speaker))
    found.sort(key=lambda each: each[0])
    ends = until_next([at_s for at_s, _, _ in found], [said for _, said, _ in found])
    for (at_s, said, who), end_s in zip(found, ends, strict=True):
        add_spoken(read, at_s, end_s, said, who)
