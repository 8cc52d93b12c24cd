"""Structure: shots, scenes, events and the video itself, as a tree that reads like a table of contents.

Each level covers ``[0, duration_s)`` without gaps or overlaps; event boundaries are scene boundaries. Shots
are what the picture pass found; scenes and events also come from what is said and shown, so that a lecture
filmed in one shot, or a transcript alone, has them too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.structuring.blocks import make_blocks
from longvid_indexer.structuring.cuts import Source
from longvid_indexer.structuring.describe import Describer, Encode, Span, slide_titles
from longvid_indexer.structuring.events import chapter_edges, find_events
from longvid_indexer.structuring.pictures import PictureSpan
from longvid_indexer.structuring.scenes import find_scenes
from longvid_indexer.structuring.sentences import make_sentences
from longvid_storage.types import Chapter, Level, ScreenText, Segment, Slide, Utterance, VideoInfo

if TYPE_CHECKING:
    from longvid_storage.models.text_encoder import TextEncoder

_SHORTEST_SHOT_S = 1e-3


def build_structure(
    info: VideoInfo,
    utterances: Sequence[Utterance],
    shots: Sequence[Segment],
    slides: Sequence[Slide],
    screen_texts: Sequence[ScreenText],
    encoder: TextEncoder | None = None,
    chapters: Sequence[Chapter] = (),
    *,
    utterance_vectors: NDArray[np.float32] | None = None,
    pictures: Sequence[PictureSpan] = (),
) -> tuple[Segment, ...]:
    """Segments of the levels video, event, scene, shot (in this order, by time within a level).

    ``utterance_vectors`` is (len(utterances), d), L2-normalised, if they are known already; otherwise
    ``encoder`` makes them, and without either the words alone decide. ``chapters`` (or ``info.chapters``)
    win over found events. ``pictures`` tell scenes which shots are of one place. Everything may be empty: a
    level without evidence is one segment. A video of no length has no segments. Raises ``ValueError`` when
    ``utterance_vectors`` does not have one row an utterance.
    """
    if info.duration_s <= 0:
        return ()
    spoken, vectors = _inside(utterances, info.duration_s, utterance_vectors)
    vectors = encode_utterances(spoken, encoder) if vectors is None else vectors
    covering = cover_shots(shots, info.duration_s)
    source = Source(info.duration_s, spoken, covering, slides, screen_texts, vectors)
    chapters = chapters or info.chapters
    forced = chapter_edges(chapters, info.duration_s)
    blocks = make_blocks(source, forced)
    if chapters:
        wanted = [0.0, *forced, info.duration_s]
        event_edges = [int(np.argmin(np.abs(blocks.edges_s - edge))) for edge in wanted]
    else:
        event_edges = find_events(blocks)
    scene_edges = find_scenes(blocks, event_edges, pictures)
    events = _spans([float(blocks.edges_s[i]) for i in event_edges])
    scenes = _spans([float(blocks.edges_s[i]) for i in scene_edges])
    describer = Describer(
        make_sentences(spoken, vectors), slide_titles(slides, screen_texts), _phrase_encoder(encoder, vectors)
    )
    whole = (0.0, info.duration_s)
    video = Segment("video", *whole, title=info.title, summary=describer.summary(whole, "video", events))
    return (
        video,
        *_described("event", events, describer, chapters),
        *_described("scene", scenes, describer, ()),
        *covering,
    )


def encode_utterances(
    utterances: Sequence[Utterance], encoder: TextEncoder | None
) -> NDArray[np.float32] | None:
    """Sentence vectors (n, d) of the utterances, equal texts encoded once; ``None`` without encoder or
    speech.
    """
    if encoder is None or not utterances:
        return None
    texts = list(dict.fromkeys(utterance.text for utterance in utterances))
    row = {text: index for index, text in enumerate(texts)}
    vectors = encoder.encode(texts, kind="passage")
    return np.asarray(vectors[[row[utterance.text] for utterance in utterances]], dtype=np.float32)


def _phrase_encoder(encoder: TextEncoder | None, vectors: NDArray[np.float32] | None) -> Encode | None:
    """The encoder for titles, if it is of the space that the utterances' vectors are in."""
    if encoder is None or vectors is None or vectors.shape[1] != encoder.dimension:
        return None
    return lambda texts: encoder.encode(texts, kind="passage")


def cover_shots(shots: Iterable[Segment], duration_s: float) -> tuple[Segment, ...]:
    """The shots made to cover ``[0, duration_s)``: each lasts until the next begins; no shots means a
    single one.
    """
    starts = sorted(
        {shot.start_s for shot in shots if _SHORTEST_SHOT_S < shot.start_s < duration_s - _SHORTEST_SHOT_S}
    )
    return tuple(Segment("shot", *span) for span in _spans([0.0, *starts, duration_s]))


def _inside(
    utterances: Sequence[Utterance], duration_s: float, vectors: NDArray[np.float32] | None
) -> tuple[list[Utterance], NDArray[np.float32] | None]:
    """Utterances that begin inside the video and say something, in order of time, with their vectors."""
    if vectors is not None and len(vectors) != len(utterances):
        raise ValueError(
            f"utterance_vectors has {len(vectors)} rows for {len(utterances)} utterances; "
            "give one row an utterance"
        )
    order = [i for i, u in enumerate(utterances) if u.start_s < duration_s and u.text.strip()]
    order.sort(key=lambda i: (utterances[i].start_s, utterances[i].end_s))
    return [utterances[i] for i in order], None if vectors is None else vectors[order]


def _spans(edges: Sequence[float]) -> list[Span]:
    return list(pairwise(edges))


def _described(
    level: Level, spans: Sequence[Span], describer: Describer, chapters: Sequence[Chapter]
) -> list[Segment]:
    titles = describer.titles(spans)
    named = {chapter.start_s: chapter.title.strip() for chapter in chapters if chapter.title.strip()}
    made = []
    for span, title in zip(spans, titles, strict=True):
        given = next((text for start, text in named.items() if abs(start - span[0]) < 1.0), None)
        made.append(Segment(level, *span, title=given or title, summary=describer.summary(span, level)))
    return made
