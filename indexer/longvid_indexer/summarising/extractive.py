"""The chain without a language model: the passages that the structure chose to sum up the video with."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from longvid_indexer.structuring.spoken import closed, readable
from longvid_indexer.structuring.words import content_words, stem
from longvid_indexer.summarising.material import EventMaterial
from longvid_storage.db.chain import ChainLevel, ChainLink, SummarySentence
from longvid_storage.text.mmr import central
from longvid_storage.types import Passage, Segment

ENGINE = "extractive"
_VIDEO_SENTENCES = 4


def extractive_chain(
    segments: Sequence[Segment], events: Sequence[EventMaterial], passages: Sequence[Passage]
) -> list[ChainLink]:
    """The links of a video's events and of the whole: the passages that their segments name, as sentences."""
    if not events:
        return []
    known = {passage.id: passage for passage in passages}
    chosen = sorted((s for s in segments if s.level == "event"), key=lambda s: s.start_s)
    links: list[ChainLink] = []
    for event, segment in zip(events, chosen, strict=True):
        found = _spoken(segment, known) or _shown(segment, passages)
        links.append(_link("event", event.number, event.start_s, event.end_s, found))
    whole = next((s for s in segments if s.level == "video"), None)
    folded = _spoken(whole, known) if whole is not None else []
    if not folded:
        folded = _central([sentence for link in links for sentence in link.sentences], _VIDEO_SENTENCES)
    return [*links, _link("video", 0, events[0].start_s, events[-1].end_s, folded)]


def _central(sentences: Sequence[SummarySentence], most: int) -> list[SummarySentence]:
    rows = central([[stem(word) for word in content_words(s.text)] for s in sentences], most)
    return [sentences[row] for row in rows]


def _link(
    level: ChainLevel, seq: int, start_s: float, end_s: float, sentences: Sequence[SummarySentence]
) -> ChainLink:
    fingerprint = hashlib.sha256(f"{ENGINE}\x1f{level}\x1f{list(sentences)}".encode()).hexdigest()[:32]
    return ChainLink(level, seq, start_s, end_s, tuple(sentences), fingerprint, ENGINE)


def _spoken(segment: Segment, known: dict[int, Passage]) -> list[SummarySentence]:
    named = [known[each] for each in segment.passages if each in known]
    return [SummarySentence(closed(readable(passage.text)), (passage.id,)) for passage in named]


def _shown(segment: Segment, passages: Sequence[Passage]) -> list[SummarySentence]:
    """Slides' titles, where nothing is said: each resting on a line of its slide that shows it."""
    found = []
    for title in (segment.summary or "").split("; "):
        wanted = _letters(title)
        for line in passages:
            shown = _letters(line.text)
            inside = line.kind == "screen" and line.start_s < segment.end_s and line.end_s > segment.start_s
            if inside and wanted and (wanted in shown or (len(shown) > 3 and shown in wanted)):
                found.append(SummarySentence(title, (line.id,)))
                break
    return found


def _letters(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
