"""Why a moment is a hit: the passages in it that fit the question best; and all that is said and shown around it."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from longvid_storage.db.dialects import each_id
from longvid_storage.db.schema import PassageRow
from longvid_storage.db.view import View
from longvid_storage.search import lexical
from longvid_storage.search.memory import memory_of
from longvid_storage.search.timeline import Floats, Timeline
from longvid_storage.text.analysis import analyse, phrases
from longvid_storage.types import Moment, Passage, speaker_key

MOST_SPOKEN = 5
MOST_SHOWN = 3
MARGIN_S = 40.0
"""A moment is tight: what leads up to it and follows from it is read too."""
LONG_MOMENT_S = 240.0
"""A longer moment is read only around the passages that made it a hit."""
MOST_PASSAGES = 400
# On no timeline.
_BESIDE = ("sound", "translation")


def find_evidence(
    timeline: Timeline,
    rows: NDArray[np.intp],
    play: int,
    weights: Floats,
    idf: Mapping[str, float],
    named: Collection[str] = (),
) -> tuple[Passage, ...]:
    """The best passages of speech of these rows, best first, then the best lines on screen.

    First is the row ``play`` where a player starts, then those with the question's weightiest words (``weights``, of
    each row of the timeline), then those nearest to it; a line on screen must have
    some of the words, unless nothing else is there to tell why the span was found. Nobody else is quoted when a
    speaker is asked for in the question (``named``).
    """
    said = timeline.speech[rows]
    spoken = rows[said]
    away_s = np.abs(timeline.starts[spoken] - timeline.starts[play])
    spoken = spoken[np.lexsort((spoken, away_s, -weights[spoken], spoken != play))]
    best = spoken.tolist()
    of_named = set(map(speaker_key, named))
    theirs = [row for row in best if timeline.speakers[row] in of_named] if of_named else []
    quoted = [timeline.of_row(row)[0] for row in (theirs or best)[:MOST_SPOKEN]]
    lines = [line for row in rows[~said].tolist() for line in timeline.of_row(row)]
    return (*quoted, *_shown(lines, idf, any_line=not quoted))


def word_weights(timeline: Timeline, idf: Mapping[str, float]) -> Floats:
    """What the question's words that each row has weigh together; 0 where it has none."""
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


def around(view: View, moments: Iterable[Moment]) -> list[Passage]:
    """What is said and shown in and around ``moments`` within the view's scope, by video, speech apart from slides,
    in time order, none twice.

    Of sounds and translations, those that made a moment a hit: what else is heard somewhere answers nothing. Moments
    are read best first until ``MOST_PASSAGES`` are at hand.
    """
    listed = list(moments)
    chosen: dict[str, set[int]] = {}
    others: dict[int, Passage] = {}
    read = 0
    timelines = _timelines(view, [moment.video_id for moment in listed])
    for moment in listed:
        timeline = timelines[moment.video_id]
        rows = chosen.setdefault(moment.video_id, set())
        others.update((p.id, p) for p in moment.evidence if p.kind in _BESIDE and view.scope.admits(p))
        read -= len(rows)
        for from_s, to_s in _spans(moment):
            near = timeline.touching(from_s, to_s).tolist()
            rows.update(row for row in near if view.scope.whole or view.scope.admits(timeline.of_row(row)[0]))
        read += len(rows)
        if read >= MOST_PASSAGES:
            break
    passages: list[Passage] = []
    for video_id, rows in chosen.items():
        own = [passage for row in rows for passage in timelines[video_id].of_row(row)]
        passages += sorted(own, key=_place)
    return [*passages, *others.values()]


def moment_of(view: View, passage: Passage) -> Moment:
    """The passage alone as a moment, within the view's scope."""
    card = view.cards(ids=[passage.video_id])[0]
    start_s = max(passage.start_s, view.scope.from_s or 0.0)
    end_s = max(start_s, min(passage.end_s, math.inf if view.scope.to_s is None else view.scope.to_s))
    return Moment(
        card.video_id, card.title, card.path, start_s, end_s, 0.0, "moment", (passage,), gone=card.gone
    )


def vectors_of(view: View, passages: Sequence[Passage]) -> NDArray[np.float32] | None:
    """The passages' vectors as the index holds them, shape ``(len(passages), dimension)``; zeros where it has none.

    None without a text encoder, and where it has not one of them.
    """
    encoder = view.encoders.text_encoder
    if encoder is None or not passages:
        return None
    vectors = np.zeros((len(passages), encoder.dimension), np.float32)
    timelines = _timelines(view, [p.video_id for p in passages if p.id and p.kind not in _BESIDE])
    others: dict[int, int] = {}
    found = False
    for row, passage in enumerate(passages):
        timeline = timelines.get(passage.video_id)
        place = None if timeline is None else timeline.places.get(passage.id)
        if timeline is not None and place is not None and timeline.passage_vectors is not None:
            vectors[row] = timeline.passage_vectors[place]
            found = True
        elif passage.kind in _BESIDE:
            others[passage.id] = row
    for passage_id, vector in view.vectors(list(others), encoder.fingerprint).items() if others else ():
        vectors[others[passage_id]] = vector
        found = True
    return vectors if found else None


def terms_of(view: View, passages: Sequence[Passage], language: str | None) -> list[list[str]]:
    """What ``analyse`` makes of each passage in ``language``; as the index holds it where that is its own."""
    timelines = _timelines(view, [p.video_id for p in passages if p.id and p.kind not in _BESIDE])
    found = []
    for passage in passages:
        timeline = timelines.get(passage.video_id)
        place = None if timeline is None else timeline.places.get(passage.id)
        if timeline is None or place is None or (passage.language or "en") != (language or "en"):
            found.append(analyse(passage.text, language))
        else:
            found.append(timeline.pieces[place].terms.split())
    return found


def encoded(view: View, texts: Sequence[str]) -> NDArray[np.float32] | None:
    """Texts of a question embedded, each once while the library stays as it is; None without a text encoder."""
    encoder = view.encoders.text_encoder
    return None if encoder is None else memory_of(view).encoded(encoder, texts)


def _timelines(view: View, video_ids: Iterable[str]) -> dict[str, Timeline]:
    ids = list(dict.fromkeys(video_ids))
    encoder = view.encoders.text_encoder
    found = (
        memory_of(view).timelines(view, ids, None if encoder is None else encoder.fingerprint) if ids else []
    )
    return {timeline.video_id: timeline for timeline in found}


def _place(passage: Passage) -> tuple[bool, float, float, int]:
    return passage.kind != "speech", passage.start_s, passage.end_s, passage.id


def _spans(moment: Moment) -> list[tuple[float, float]]:
    pieces = [(piece.start_s, piece.end_s) for piece in moment.evidence if piece.kind in ("speech", "screen")]
    if moment.end_s - moment.start_s <= LONG_MOMENT_S or not pieces:
        pieces = [(moment.start_s, moment.end_s)]
    return [(max(0.0, start_s - MARGIN_S), end_s + MARGIN_S) for start_s, end_s in pieces]


def naming(view: View, name: str, most: int) -> list[tuple[int, str]]:
    """Ids and texts of what is said in the view with ``name`` in it, in any of its languages' forms, ordered by id.

    Where it is said in more than ``most`` passages, every second (third, …) of them.
    """
    runs = phrases(name, [*memory_of(view).facts(view).languages, None])
    found = lexical.matching(view, runs, ("speech",))
    ids = sorted(passage_id for its in found.values() for passage_id in its)
    ids = ids[:: max(1, -(-len(ids) // most))]
    row = PassageRow
    query = select(row.passage_id, row.text).where(row.passage_id.in_(each_id(ids))).order_by(row.passage_id)
    return [(passage_id, text) for passage_id, text in view.connection.execute(query)]
