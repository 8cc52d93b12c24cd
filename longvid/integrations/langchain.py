"""``pip install 'longvid[langchain]'``: search as a retriever of LangChain."""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field

from longvid.integrations.documents import BASE, metadata_of, text_of
from longvid.library import Library


class LongvidRetriever(BaseRetriever):
    """Moments of a library as documents, best first.

    >>> LongvidRetriever(library=Library.open("talks.longvid"), k=5).invoke("learning rate")   # doctest: +SKIP

    ``filters`` are keyword arguments of ``Library.search`` (``video``, ``collection``, ``speaker``, ``from_s``,
    ``to_s``); for what a user may see, give ``library.within(their_collections)``. ``base_url`` begins the links.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    library: Library
    k: int = Field(10, ge=1)
    filters: dict[str, Any] = Field(default_factory=dict)
    base_url: str = BASE

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        return [
            Document(page_content=text_of(self.library, moment), metadata=metadata_of(moment, self.base_url))
            for moment in self.library.search(query, k=self.k, **self.filters)
        ]
