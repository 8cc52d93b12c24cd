"""Structure: shots, scenes, events and the video itself, as a tree that reads like a table of contents.

Each level covers ``[0, duration_s)`` without gaps or overlaps; event boundaries are scene boundaries. Shots
are what the picture pass found; scenes and events also come from what is said and shown, so that a lecture
filmed in one shot, or a transcript alone, has them too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.structuring.blocks import make_blocks
from longvid_indexer.structuring.cuts import StructureEvidence
from longvid_indexer.structuring.describe import Describer, Encode, Span, slide_titles
from longvid_indexer.structuring.events import chapter_edges, find_events
from longvid_indexer.structuring.keyphrases import PhraseIndex
from longvid_indexer.structuring.pictures import PictureSpan
from longvid_indexer.structuring.scenes import find_scenes
from longvid_indexer.structuring.spoken import spoken
from longvid_storage.types import Chapter, Level, Passage, ScreenText, Segment, Slide, VideoInfo

if TYPE_CHECKING:
    from longvid_storage.models.text_encoder import TextEncoder

_SHORTEST_SHOT_S = 1e-3


def build_structure(
    info: VideoInfo,
    passages: Sequence[Passage],
    shots: Sequence[Segment],
    slides: Sequence[Slide],
    screen_texts: Sequence[ScreenText],
    encoder: TextEncoder | None = None,
    chapters: Sequence[Chapter] = (),
    *,
    vectors: Mapping[int, NDArray[np.float16]] | None = None,
    pictures: Sequence[PictureSpan] = (),
) -> tuple[Segment, ...]:
    """Segments of the levels video, event, scene, shot (in this order, by time within a level).

    ``passages`` are those of speech; ``vectors`` theirs by id, shape (d,), L2-normalised: where any is missing, the
    words alone decide. ``encoder`` weighs phrases for titles, if its space is theirs. ``chapters`` (or
    ``info.chapters``) win over found events. ``pictures`` tell scenes which shots are of one place. Everything may be
    empty: a level without evidence is one segment. A video of no length has no segments.
    """
    if info.duration_s <= 0:
        return ()
    said = sorted(
        (p for p in passages if p.start_s < info.duration_s), key=lambda p: (p.start_s, p.end_s, p.id)
    )
    known = vectors or {}
    rows = None
    if said and all(passage.id in known for passage in said):
        rows = np.stack([known[passage.id] for passage in said]).astype(np.float32)
    covering = cover_shots(shots, info.duration_s)
    source = StructureEvidence(info.duration_s, said, covering, slides, screen_texts, rows)
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
        spoken(said, known if rows is not None else {}),
        slide_titles(slides, screen_texts),
        _phrase_encoder(encoder, rows),
    )
    whole = (0.0, info.duration_s)
    phrases, scenes_in = describer.phrases(scenes), np.diff(np.searchsorted(scene_edges, event_edges))
    video = Segment("video", *whole, info.title, *describer.summary(whole, "video", events))
    return (
        video,
        *_described("event", events, describer, phrases.joined(scenes_in), chapters),
        *_described("scene", scenes, describer, phrases, ()),
        *covering,
    )


def _phrase_encoder(encoder: TextEncoder | None, vectors: NDArray[np.float32] | None) -> Encode | None:
    """The encoder for titles, if it is of the space that the passages' vectors are in."""
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


def _spans(edges: Sequence[float]) -> list[Span]:
    return list(pairwise(edges))


def _described(
    level: Level,
    spans: Sequence[Span],
    describer: Describer,
    phrases: PhraseIndex,
    chapters: Sequence[Chapter],
) -> list[Segment]:
    titles = describer.titles(spans, phrases)
    named = {chapter.start_s: chapter.title.strip() for chapter in chapters if chapter.title.strip()}
    made = []
    for span, title in zip(spans, titles, strict=True):
        given = next((text for start, text in named.items() if abs(start - span[0]) < 1.0), None)
        made.append(Segment(level, *span, given or title, *describer.summary(span, level)))
    return made
