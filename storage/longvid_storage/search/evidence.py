"""Why a moment is a hit: the passages in it that fit the question best; and all that is said and shown around it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longvid_storage.db.view import View
from longvid_storage.search.memory import memory_of
from longvid_storage.search.timeline import Floats, Timeline, admitted
from longvid_storage.text.analysis import analyse
from longvid_storage.types import Moment, Passage, speaker_key

MOST_SPOKEN = 5
MOST_SHOWN = 3
MARGIN_S = 20.0
"""A moment is tight: what leads up to it and follows from it is read too."""
LONG_MOMENT_S = 240.0
"""A longer moment is read only around the passages that made it a hit."""
MOST_PASSAGES = 400


def find_evidence(
    timeline: Timeline,
    start_s: float,
    end_s: float,
    peak_s: float,
    idf: Mapping[str, float],
    named: Collection[str] = (),
) -> tuple[Passage, ...]:
    """The best passages of speech of the span, best first, then the best lines on screen.

    Those with the question's weightiest words come first, then those nearest the peak; a line on screen must have
    some of the words, unless nothing else is there to tell why the span was found. Nobody else is quoted when a
    speaker is asked for in the question (``named``).
    """
    rows = timeline.touching(start_s, end_s)
    weights = _weights(timeline, idf)
    spoken = sorted(
        (-weights[row], abs(timeline.starts[row] - peak_s), int(row)) for row in rows if timeline.speech[row]
    )
    of_named = set(map(speaker_key, named))
    theirs = [each for each in spoken if timeline.speakers[each[-1]] in of_named]
    said = [timeline.of_row(row)[0] for *_, row in (theirs or spoken)[:MOST_SPOKEN]]
    lines = [line for row in rows if not timeline.speech[row] for line in timeline.of_row(int(row))]
    return (*said, *_shown(lines, idf, any_line=not said))


def _weights(timeline: Timeline, idf: Mapping[str, float]) -> Floats:
    """What the question's words that each row has weigh together."""
    weights = np.zeros(len(timeline))
    for term, weight in idf.items():
        if term in timeline.postings:
            weights[timeline.postings[term].rows] += weight
    return weights


def _shown(lines: Sequence[Passage], idf: Mapping[str, float], *, any_line: bool) -> list[Passage]:
    weighed = []
    for line in lines:
        terms = set(analyse(line.text, line.language))
        weighed.append((sum(weight for term, weight in idf.items() if term in terms), line))
    some = [each for each in weighed if each[0] > 0] or (weighed if any_line else [])
    best: dict[str, Passage] = {}
    for _, line in sorted(some, key=lambda each: -each[0]):
        best.setdefault(line.text.casefold(), line)
    return list(best.values())[:MOST_SHOWN]


@dataclass(frozen=True, slots=True)
class Read:
    """Passages and their vectors: ``(len(passages), dimension)`` float32, zero where there is none; None without."""

    passages: tuple[Passage, ...]
    vectors: NDArray[np.float32] | None


def around(view: View, moments: Iterable[Moment]) -> Read:
    """What is said and shown in and around ``moments`` within the view's scope, by video and time, none twice.

    Of sounds, those that made a moment a hit: what else is heard somewhere answers nothing. Moments are read best
    first until ``MOST_PASSAGES`` are at hand.
    """
    chosen: dict[str, set[int]] = {}
    sounds: dict[int, Passage] = {}
    timelines: dict[str, Timeline] = {}
    read = 0
    listed = list(moments)
    ids = list(dict.fromkeys(moment.video_id for moment in listed))
    for timeline in memory_of(view).timelines(view, ids, _fingerprint(view)):
        timelines[timeline.video_id] = admitted(timeline, view.scope)
    for moment in listed:
        timeline = timelines[moment.video_id]
        rows = chosen.setdefault(moment.video_id, set())
        sounds.update((p.id, p) for p in moment.evidence if p.kind == "sound" and view.scope.speaker is None)
        read -= len(rows)
        for from_s, to_s in _spans(moment):
            rows.update(timeline.touching(from_s, to_s).tolist())
        read += len(rows)
        if read >= MOST_PASSAGES:
            break
    return _read(view, timelines, chosen, list(sounds.values()))


def _read(
    view: View, timelines: Mapping[str, Timeline], chosen: Mapping[str, set[int]], sounds: Sequence[Passage]
) -> Read:
    passages: list[Passage] = []
    vectors: list[NDArray[np.float32]] = []
    for video_id, rows in chosen.items():
        timeline = timelines[video_id]
        places = [place for row in rows for place in range(timeline.first[row], timeline.first[row + 1])]
        # Speech apart from slides, each in time order: what is around a sentence is said around it.
        places.sort(key=lambda place: _place(timeline.passages[place]))
        passages += [timeline.passages[place] for place in places]
        if timeline.passage_vectors is not None:
            vectors.append(timeline.passage_vectors[places])
    if sounds:
        found = view.vectors([each.id for each in sounds], _fingerprint(view) or "")
        if vectors:
            blank = np.zeros(vectors[0].shape[1], np.float32)
            vectors.append(np.stack([found.get(each.id, blank).astype(np.float32) for each in sounds]))
        passages += sounds
    together = np.concatenate(vectors) if vectors else None
    # A video without vectors beside others that have them: compare by words, not by a hole.
    return Read(
        tuple(passages), together if together is not None and len(together) == len(passages) else None
    )


def _place(passage: Passage) -> tuple[bool, float, float, int]:
    return passage.kind != "speech", passage.start_s, passage.end_s, passage.id


def _fingerprint(view: View) -> str | None:
    encoder = view.encoders.text_encoder
    return None if encoder is None else encoder.fingerprint


def _spans(moment: Moment) -> list[tuple[float, float]]:
    pieces = [(piece.start_s, piece.end_s) for piece in moment.evidence if piece.kind in ("speech", "screen")]
    if moment.end_s - moment.start_s <= LONG_MOMENT_S or not pieces:
        pieces = [(moment.start_s, moment.end_s)]
    return [(max(0.0, start_s - MARGIN_S), end_s + MARGIN_S) for start_s, end_s in pieces]
