"""Which times of a span are watched again: those whose pictures fit the question, as far as the index tells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from longvid_agents.calls import Call
from longvid_agents.media import Media
from longvid_agents.packing import inverse_transform, spread
from longvid_storage.db.view import View
from longvid_storage.errors import MediaError
from longvid_storage.search.pictures import similarity_at
from longvid_storage.types import Keyframe

# Places of a span that pictures are chosen from: so many for each picture, at least one a second, at most so many.
PLACES_EACH = 8
MOST_PLACES = 1024
# One picture in so many, at least, is taken evenly: an image model may misjudge, and the rest is seen too.
EVEN_EVERY = 4

Watched = tuple[Keyframe, float | None]
"""A picture, and how well it fits the question (cosine); None when not known."""


def watch(
    view: View, media: Media | None, call: Call, span: tuple[float, float], most: int, question: str | None
) -> list[Watched]:
    """At most ``most`` fresh pictures of ``span`` (half-open, seconds) of the call's video, by time.

    They are dense where the index's picture vectors fit ``question`` (inverse-transform sampling, BOLT, arXiv
    2503.21483), each for the length of one place only. Evenly where the index has no such vectors, or without a
    question, for one about the whole.

    Raises:
        MediaError: as ``Media.frames``; or nothing here decodes media.
    """
    if media is None:
        raise MediaError("there is nothing to decode media with", code="no_media")
    from_s, to_s = span
    video_id = call.video_id or ""
    places = _places(from_s, to_s, call.rate, most)
    fits = None if question is None else relevance(view, video_id, places, question)
    if fits is None:
        frames = media.frames(view, video_id, from_s, to_s, rate=call.rate, box=call.box, most=most)
        return [(frame, None) for frame in frames]
    at = {places[number]: float(fits[number]) for number in _chosen(fits, most)}
    frames = media.frames(view, video_id, from_s, to_s, box=call.box, most=most, times_s=list(at))
    step_s = (to_s - from_s) / len(places)
    # Places may be closer than the pictures of the film.
    distinct = {frame.time_s: frame for frame in reversed(frames)}
    return [
        (replace(frame, end_s=min(frame.end_s, frame.start_s + step_s)), at[frame.start_s])
        for frame in reversed(distinct.values())
    ]


def kept(
    view: View, video_id: str, span: tuple[float, float], most: int, question: str | None
) -> list[Watched]:
    """At most ``most`` pictures that the index kept of ``span``: those that fit best, where that is known."""
    inside = view.scope.narrowed(from_s=span[0], to_s=span[1])
    seen = [] if inside is None else view.within(inside).keyframes(video_id, images=True)
    frames = [frame for _, frame in seen]
    times_s = [frame.time_s for frame in frames]
    fits = None if question is None or not frames else relevance(view, video_id, times_s, question)
    if fits is None:
        return [(frame, None) for frame in frames[:most]]
    return [(frames[number], float(fits[number])) for number in _chosen(fits, most)]


def relevance(view: View, video_id: str, times_s: Sequence[float], question: str) -> Sequence[float] | None:
    """How well the picture at each time (seconds) fits ``question``: cosine of question and nearest keyframe.

    Read from the index, no picture is encoded. None without an image model, or without vectors of it.
    """
    encoder = view.encoders.image_encoder
    if encoder is None or encoder.fingerprint not in view.vector_models():
        return None
    query = encoder.encode_texts([question])[0]
    fits = similarity_at(view, video_id, times_s, query, fingerprint=encoder.fingerprint)
    return None if fits is None else fits.tolist()


def _chosen(fits: Sequence[float], most: int) -> list[int]:
    """Places in order, at most ``most``: by how well they fit among those that stand out, the rest evenly.

    As in search, only what is nearer to the best than to the median stands out: an image model finds every picture
    somewhat like every question.
    """
    count = len(fits)
    if count <= most:
        return list(range(count))
    usual = (max(fits) + median(fits)) / 2
    fitting = min(most - most // EVEN_EVERY, sum(value > usual for value in fits))
    dense = inverse_transform([max(value, usual) for value in fits], fitting) if fitting else []
    return sorted({*spread(count, most - fitting), *dense})


def _places(from_s: float, to_s: float, rate: float | None, most: int) -> Sequence[float]:
    """Times to choose from, in ``[from_s, to_s)``: at ``rate`` where that is asked for, else finer than ``most``."""
    length_s = max(0.0, to_s - from_s)
    wanted = max(PLACES_EACH * most, length_s) if rate is None else length_s * rate
    count = max(1, min(MOST_PLACES, math.ceil(wanted)))
    if rate is not None and count < MOST_PLACES:
        return [from_s + number / rate for number in range(count)]
    return [from_s + length_s * (number + 0.5) / count for number in range(count)]
