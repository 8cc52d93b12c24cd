"""The rerank role: reads question and passage together, which tells more than comparing their vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from longvid_storage.models.model_record import ModelRecord
from longvid_storage.types import Moment


class Reranker(Protocol):
    """Scores passages for a question (a cross-encoder; Nogueira & Cho 2019, arXiv 1901.04085)."""

    @property
    def name(self) -> str:
        """What the user calls it."""
        ...

    @property
    def fingerprint(self) -> str:
        """Changes whenever its scores would; cheap to read, loads nothing heavy."""
        ...

    def score(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """How well each passage answers ``query``, shape ``(len(passages),)``; only their order means something.

        A pair longer than the model's limit is cut there. Raises ``ModelError`` when the model cannot be run.
        """
        ...


RERANKERS: tuple[ModelRecord, ...] = (
    ModelRecord(
        name="cross-encoder/ms-marco-MiniLM-L6-v2",
        role="rerank",
        dimension=None,
        licence="Apache-2.0",
        download_mb=91,
        source="huggingface.co/cross-encoder/ms-marco-MiniLM-L6-v2",
        implementation="longvid_storage.models.rerankers.transformers:TransformersReranker",
        package="transformers",
        extra="models",
        weights=("hub:models--cross-encoder--ms-marco-MiniLM-L6-v2/snapshots/*",),
        options={"model": "cross-encoder/ms-marco-MiniLM-L6-v2"},
    ),
)
"""The models of the rerank role; none runs unless the caller asks for it."""


def rerank(reranker: Reranker, query: str, moments: Sequence[Moment]) -> list[Moment]:
    """The moments by what ``reranker`` makes of their quotes, best first; spans stay as they are.

    ``score`` becomes the reranker's. A moment without words (a picture) keeps its place, behind the one before it.
    """
    worded = [i for i, moment in enumerate(moments) if _words(moment)]
    if len(worded) < 2:
        return list(moments)
    scores = reranker.score(query, [_words(moments[i]) for i in worded])
    best = [worded[int(row)] for row in np.argsort(-scores, kind="stable")]
    found = dict(zip(worded, scores.tolist(), strict=True))
    ordered = list(moments)
    for place, row in zip(worded, best, strict=True):
        ordered[place] = replace(moments[row], score=float(found[row]))
    return ordered


def _words(moment: Moment) -> str:
    return " ".join(piece.text for piece in moment.evidence if piece.kind != "picture")


ADAPTERS: dict[str, str] = {
    "transformers": "longvid_storage.models.rerankers.transformers:TransformersReranker"
}
"""Short name → what runs models of that kind: ``ADAPTER:MODEL`` names one that is not in the table."""
