"""Stage ``vectors``: what search compares by meaning."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from longvid_indexer.reached import reached
from longvid_indexer.stages.job import Job, StagePlan, Work, digest, fingerprint_of
from longvid_indexer.vision.pictures import decode_webp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from longvid_storage.db.stage_writer import StageWriter
    from longvid_storage.models.image_encoder import ImageEncoder
    from longvid_storage.models.text_encoder import TextEncoder
    from longvid_storage.types import Keyframe, Passage

_UNPACKED = 64
# Half a second to a second of an ordinary core; texts of like length lie together, so that little is padding.
_CHARACTERS = 8000


def vectors_stage(job: Job, recorded: dict[str, str]) -> StagePlan:
    """Vectors of every passage, each embedded once, and of every keyframe when there is an image model."""
    text, image = job.engines.text_encoder, job.engines.image_encoder
    read = [recorded.get(name) for name in ("transcript", "speakers", "visual", "sounds", "screen_text")]
    fingerprint = digest("vectors", *read, fingerprint_of(text), fingerprint_of(image))

    def make() -> Work:
        counters: dict[str, int | float] = {}
        passages: list[Passage] = []
        frames: list[tuple[int, Keyframe]] = []
        with job.store.view() as view:
            if text is not None:
                passages = view.passages_without_vectors(job.video_id, text.fingerprint)
            if image is not None:
                model = image.fingerprint
                frames = view.keyframes(job.video_id, images=True, without_vector_of=model)
        text_vectors = picture_vectors = None
        if text is not None:
            different = {passage.text: row for row, passage in enumerate(passages)}
            rows = {each: row for row, each in enumerate(different)}
            vectors = _encoded(text, list(different))
            text_vectors = vectors[[rows[passage.text] for passage in passages]]
            counters["texts_encoded"] = len(different)
        if image is not None:
            picture_vectors = encode_keyframes(image, [frame.image for _, frame in frames])
            counters["pictures_encoded"] = len(frames)

        def write(writer: StageWriter) -> None:
            for kind in dict.fromkeys(passage.kind for passage in passages):
                own = [row for row, passage in enumerate(passages) if passage.kind == kind]
                if text is not None and text_vectors is not None:
                    ids = [passages[row].id for row in own]
                    writer.put_vectors(kind, text.fingerprint, ids, text_vectors[own])
            if frames and image is not None and picture_vectors is not None:
                writer.put_vectors("picture", image.fingerprint, [key for key, _ in frames], picture_vectors)

        names = [encoder.name for encoder in (text, image) if encoder is not None]
        return Work(write, fingerprint, " + ".join(names) or "off", counters)

    return frozenset((fingerprint,)), make


def _encoded(encoder: TextEncoder, texts: Sequence[str]) -> NDArray[np.float32]:
    """Vectors of passages, ``(n, dimension)``, in pieces, so that a long transcript can be told and ended between."""
    vectors = np.zeros((len(texts), encoder.dimension), np.float32)
    rows = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    whole = max(1, sum(map(len, texts)))
    before = np.cumsum([0, *(len(texts[row]) for row in rows)])
    for _, piece in groupby(range(len(rows)), key=lambda place: before[place] // _CHARACTERS):
        places = list(piece)
        reached(float(before[places[0]]) / whole)
        own = [rows[place] for place in places]
        vectors[own] = encoder.encode([texts[row] for row in own], kind="passage")
    return vectors


def encode_keyframes(encoder: ImageEncoder, kept: Sequence[bytes]) -> NDArray[np.float32]:
    """Vectors of kept pictures, ``(n, dimension)``; few are unpacked at a time, however long the video."""
    vectors = []
    for start in range(0, max(len(kept), 1), _UNPACKED):
        reached(start / max(len(kept), 1))
        vectors.append(encoder.encode_images([decode_webp(each) for each in kept[start : start + _UNPACKED]]))
    return np.concatenate(vectors)
