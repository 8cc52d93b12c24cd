"""The chain without a language model: the sentences that the structure chose, and where each was said or shown."""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from longvid_indexer.structuring.sentences import Sentence, make_sentences
from longvid_indexer.structuring.words import content_words, stem
from longvid_indexer.summarising.material import EventMaterial
from longvid_storage.db.chain import ChainLevel, ChainLink, Quote, SummarySentence
from longvid_storage.types import ScreenText, Segment, Utterance

ENGINE = "extractive"
LIBRARY_SENTENCES = 12
# What a sentence like one already chosen loses (maximal marginal relevance, Carbonell & Goldstein 1998).
_REDUNDANCY = 0.5
# A sentence's own span is read off the letters of its utterances, so its edges are not exact.
_SLACK_S = 0.5
_CLOSED = ".?!…。？！؟।"


def extractive_chain(
    video_id: str,
    segments: Sequence[Segment],
    events: Sequence[EventMaterial],
    utterances: Sequence[Utterance],
    screen_texts: Sequence[ScreenText],
) -> list[ChainLink]:
    """The links of a video's events and of the whole, made of the summaries in its ``segments``.

    A summary's sentences are found again in the transcript (or on the slides); one that is not is left out.
    """
    if not events:
        return []
    said = sorted(utterances, key=lambda u: (u.start_s, u.end_s))
    sentences = make_sentences(said, None)
    chosen = sorted((s for s in segments if s.level == "event"), key=lambda s: s.start_s)
    links: list[ChainLink] = []
    for event, segment in zip(events, chosen, strict=True):
        inside = [s for s in sentences if _inside(s.start_s, event)]
        found = [
            made
            for sentence in located(segment.summary or "", inside)
            if (made := _spoken(video_id, event.number, sentence, said)) is not None
        ]
        if not found:
            found = _shown(video_id, event, segment.summary or "", screen_texts)
        links.append(_link("event", event.number, event.start_s, event.end_s, found))
    whole = next((s for s in segments if s.level == "video"), None)
    known = {sentence.text: sentence for link in reversed(links) for sentence in link.sentences}
    wanted = [text for text in known if whole is not None and text in (whole.summary or "")]
    folded = sorted((known[text] for text in wanted), key=lambda s: s.quotes[0].start_s)
    if not folded:
        folded = central([s for link in links for s in link.sentences], 4)
    return [*links, _link("video", 0, events[0].start_s, events[-1].end_s, folded)]


def located(summary: str, sentences: Iterable[Sentence]) -> list[Sentence]:
    """The sentences that ``summary`` was put together from, in order."""
    found = []
    at = 0
    for sentence in sorted(sentences, key=lambda s: s.start_s):
        text = _closed(sentence.text)
        if text and summary.startswith(text, at):
            found.append(sentence)
            at += len(text) + 1
    return found


def central(sentences: Sequence[SummarySentence], most: int) -> list[SummarySentence]:
    """The ``most`` sentences that share most words with the others, none much like one already taken, in order.

    Centrality is the cosine to the centroid of tf-idf vectors (Radev et al. 2004).
    """
    bags = [Counter(stem(word) for word in content_words(s.text)) for s in sentences]
    seen = Counter(word for bag in bags for word in bag)
    vectors = [{w: n * math.log1p(len(bags) / seen[w]) for w, n in bag.items()} for bag in bags]
    centre: dict[str, float] = {}
    for vector in vectors:
        for word, weight in vector.items():
            centre[word] = centre.get(word, 0.0) + weight / (_norm(vector) or 1.0)
    worth = [_cosine(vector, centre) for vector in vectors]
    taken: list[int] = []
    while len(taken) < min(most, len(sentences)):
        left = [row for row in range(len(sentences)) if row not in taken]
        taken.append(
            max(
                left,
                key=lambda row: (
                    worth[row]
                    - _REDUNDANCY * max((_cosine(vectors[row], vectors[t]) for t in taken), default=0.0)
                ),
            )
        )
    return [sentences[row] for row in sorted(taken)]


def library_link(seq: int, sentences: Sequence[SummarySentence]) -> ChainLink:
    """The fold of several videos' summaries."""
    return _link("library", seq, 0.0, 0.0, central(sentences, LIBRARY_SENTENCES))


def _link(
    level: ChainLevel, seq: int, start_s: float, end_s: float, sentences: Sequence[SummarySentence]
) -> ChainLink:
    fingerprint = hashlib.sha256(f"{ENGINE}\x1f{level}\x1f{list(sentences)}".encode()).hexdigest()[:32]
    return ChainLink(level, seq, start_s, end_s, tuple(sentences), fingerprint, ENGINE)


def _inside(start_s: float, event: EventMaterial) -> bool:
    return event.start_s - 0.01 <= start_s < event.end_s - 0.01 or (start_s == event.start_s == event.end_s)


def _spoken(
    video_id: str, event: int, sentence: Sentence, said: Sequence[Utterance]
) -> SummarySentence | None:
    """The sentence resting on the utterances of one speaker that have its words; None when there are none."""
    words = set(content_words(sentence.text)) or set(sentence.text.casefold().split())
    near = [
        u for u in said if u.start_s < sentence.end_s + _SLACK_S and u.end_s > sentence.start_s - _SLACK_S
    ]
    shared = [len(words & _words(u.text)) for u in near]
    speakers: Counter[str | None] = Counter()
    for utterance, count in zip(near, shared, strict=True):
        speakers[utterance.speaker] += count
    if not speakers or not speakers.most_common(1)[0][1]:
        return None
    speaker = speakers.most_common(1)[0][0]
    theirs = [(u, count) for u, count in zip(near, shared, strict=True) if u.speaker == speaker]
    rows = [row for row, (_, count) in enumerate(theirs) if count]
    own = [u for u, _ in theirs[rows[0] : rows[-1] + 1]]
    text = " ".join(" ".join(u.text.split()) for u in own)
    quote = Quote(video_id, event, "speech", own[0].start_s, max(u.end_s for u in own), text)
    return SummarySentence(_closed(sentence.text), (quote,))


def _shown(
    video_id: str, event: EventMaterial, summary: str, screen_texts: Sequence[ScreenText]
) -> list[SummarySentence]:
    """Slides' titles, where nothing is said: each resting on the line that shows it."""
    found = []
    for title in summary.split("; "):
        wanted = _letters(title)
        for line in screen_texts:
            shown = _letters(line.text)
            inside = line.start_s < event.end_s and line.end_s > event.start_s
            if inside and wanted and (wanted in shown or (len(shown) > 3 and shown in wanted)):
                quote = Quote(
                    video_id, event.number, "screen", line.start_s, line.end_s, " ".join(line.text.split())
                )
                found.append(SummarySentence(title, (quote,)))
                break
    return found


def _words(text: str) -> set[str]:
    return set(content_words(text)) | set(text.casefold().split())


def _letters(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _closed(text: str) -> str:
    return text if text[-1:] in _CLOSED else text + "."


def _norm(vector: dict[str, float]) -> float:
    return math.sqrt(sum(weight * weight for weight in vector.values()))


def _cosine(a: dict[str, float], b: dict[str, float]) -> float:
    return sum(weight * b.get(word, 0.0) for word, weight in a.items()) / max(_norm(a) * _norm(b), 1e-9)
