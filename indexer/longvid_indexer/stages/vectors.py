"""Stage ``vectors``: what search compares by meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from longvid_indexer.stages.job import Job, Plan, Work, digest, fingerprint_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from longvid_storage.db.stage_writer import StageWriter
    from longvid_storage.models.image_encoder import ImageEncoder

_UNPACKED = 64


def vectors_stage(job: Job, recorded: dict[str, str]) -> Plan:
    """Vectors of every unit that search compares by meaning, and of every keyframe when there is an image model."""
    from longvid_storage.db.search_reads import SEARCHED

    text, image = job.engines.text_encoder, job.engines.image_encoder
    channels = [channel for channel, _ in SEARCHED]
    read = [recorded.get(name) for name in ("transcript", "speakers", "visual", "screen_text", "structure")]
    fingerprint = digest("vectors", *read, fingerprint_of(text), fingerprint_of(image))

    def make() -> Work:
        store, video_id = job.store, job.video_id
        counters: dict[str, int | float] = {}
        texts, text_vectors = [], None
        if text is not None:
            texts = store.units_without_vectors(video_id, text.fingerprint, channels=channels)
            text_vectors = text.encode([unit.text for _, unit in texts], kind="passage")
            counters["texts_encoded"] = len(texts)
        frames, picture_vectors = [], None
        if image is not None:
            frames = store.keyframes_without_vectors(video_id, image.fingerprint)
            picture_vectors = encode_keyframes(image, [frame.image for _, frame in frames])
            counters["pictures_encoded"] = len(frames)

        def write(writer: StageWriter) -> None:
            for channel in channels:
                rows = [row for row, (_, unit) in enumerate(texts) if unit.channel == channel]
                if rows and text is not None and text_vectors is not None:
                    writer.put_vectors(
                        channel, text.fingerprint, [texts[r][0] for r in rows], text_vectors[rows]
                    )
            if frames and image is not None and picture_vectors is not None:
                writer.put_vectors("picture", image.fingerprint, [key for key, _ in frames], picture_vectors)

        names = [encoder.name for encoder in (text, image) if encoder is not None]
        return Work(write, fingerprint, " + ".join(names) or "off", counters)

    return frozenset((fingerprint,)), make


def encode_keyframes(encoder: ImageEncoder, kept: Sequence[bytes]) -> NDArray[np.float32]:
    """Vectors of kept pictures, ``(n, dimension)``; few are unpacked at a time, however long the video."""
    starts = range(0, max(len(kept), 1), _UNPACKED)
    return np.concatenate(
        [
            encoder.encode_images([_pixels(each) for each in kept[start : start + _UNPACKED]])
            for start in starts
        ]
    )


def _pixels(image: bytes) -> NDArray[np.uint8]:
    from io import BytesIO

    from PIL import Image

    return np.asarray(Image.open(BytesIO(image)).convert("RGB"))
