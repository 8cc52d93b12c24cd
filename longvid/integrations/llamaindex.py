"""``pip install 'longvid[llamaindex]'``: search as a retriever of LlamaIndex."""

from __future__ import annotations

from typing import Any

from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from longvid.integrations.documents import BASE, metadata_of, text_of
from longvid.library import Library


class LongvidNodeRetriever(BaseRetriever):  # type: ignore[misc]  # its package has no types that are read here
    """Moments of a library as text nodes with scores, best first.

    >>> LongvidNodeRetriever(Library.open("talks.longvid"), k=5).retrieve("learning rate")     # doctest: +SKIP

    Args:
        library: for what a user may see, ``library.within(their_collections)``.
        k: how many moments.
        filters: keyword arguments of ``Library.search``.
        base_url: what links begin with.
    """

    def __init__(
        self,
        library: Library,
        *,
        k: int = 10,
        filters: dict[str, Any] | None = None,
        base_url: str = BASE,
    ) -> None:
        super().__init__()
        self._library = library
        self._k = k
        self._filters = filters or {}
        self._base_url = base_url

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = self._library.search(query_bundle.query_str, k=self._k, **self._filters)
        return [
            NodeWithScore(node=self._node(metadata_of(moment, self._base_url), text), score=moment.score)
            for moment in found
            if (text := text_of(self._library, moment))
        ]

    def _node(self, metadata: dict[str, Any], text: str) -> TextNode:
        # Models read the words; where they are is for whoever shows the answer.
        return TextNode(
            id_=metadata["uri"],
            text=text,
            metadata=metadata,
            excluded_embed_metadata_keys=list(metadata),
            excluded_llm_metadata_keys=[each for each in metadata if each not in ("title", "url")],
        )
