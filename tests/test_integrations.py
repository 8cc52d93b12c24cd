"""Retrievers of LangChain and LlamaIndex: one document a moment, where it is in its metadata."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agent_server import CLINIC, HARBOUR, two_collections
from longvid import Library
from longvid.links import moment_uri, read_page_link

QUERY = "signed contract architect"


@pytest.fixture(scope="module")
def library() -> Iterator[Library]:
    with two_collections() as library:
        yield library


def test_langchain_gets_a_document_a_moment(library: Library) -> None:
    pytest.importorskip("langchain_core")
    from longvid.integrations.langchain import LongvidRetriever

    moments = library.search(QUERY, k=3)
    documents = LongvidRetriever(library=library, k=3, base_url="https://x.example").invoke(QUERY)
    assert len(documents) == len(moments)
    for document, moment in zip(documents, moments, strict=True):
        told = document.metadata
        assert (told["video_id"], told["start_s"], told["end_s"]) == (
            moment.video_id,
            round(moment.start_s, 3),
            round(moment.end_s, 3),
        )
        assert told["uri"] == moment_uri(moment.video_id, moment.start_s, moment.end_s)
        assert read_page_link(told["url"]) == (moment.video_id, moment.play_s)
    assert "Ben: I will send the signed contract to the architect on Tuesday." in documents[0].page_content
    only = LongvidRetriever(library=library, filters={"collection": "clinic"}).invoke("budget euros")
    assert {document.metadata["video_id"] for document in only} == {CLINIC}
    narrowed = LongvidRetriever(library=library.within(frozenset(["clinic"]))).invoke(QUERY)
    assert HARBOUR not in {document.metadata["video_id"] for document in narrowed}


def test_llamaindex_gets_a_node_a_moment(library: Library) -> None:
    pytest.importorskip("llama_index.core")
    from longvid.integrations.llamaindex import LongvidNodeRetriever

    moments = library.search(QUERY, k=3)
    nodes = LongvidNodeRetriever(library, k=3, base_url="https://x.example").retrieve(QUERY)
    assert [(node.node.metadata["video_id"], node.score) for node in nodes] == [
        (moment.video_id, moment.score) for moment in moments
    ]
    assert "signed contract" in nodes[0].node.get_content()
    assert read_page_link(nodes[0].node.metadata["url"]) == (moments[0].video_id, moments[0].play_s)
    only = LongvidNodeRetriever(library, filters={"collection": "clinic"}).retrieve("budget euros")
    assert {node.node.metadata["video_id"] for node in only} == {CLINIC}
