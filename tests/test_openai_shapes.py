"""OpenAI's shapes, driven by the official client against a server that really runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai import OpenAI

from agent_server import CLINIC, HARBOUR, running, two_collections
from longvid import Library
from longvid.links import read_page_link

QUESTION = "When does Ben send the signed contract to the architect?"
NOBODY = "Who feeds the zebras in the winter garden?"
MODEL = "longvid:harbour"


@pytest.fixture(scope="module")
def library() -> Iterator[Library]:
    with two_collections() as library:
        yield library


@pytest.fixture(scope="module")
def url(library: Library) -> Iterator[str]:
    with running(library) as url:
        yield url


@pytest.fixture
def client(url: str) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
        yield client


def asked(*messages: str) -> list[Any]:
    return [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(messages)]


def test_a_model_is_a_collection(client: OpenAI) -> None:
    models = client.models.list().data
    assert [model.id for model in models] == ["longvid:clinic", "longvid:harbour"]
    assert client.models.retrieve(MODEL).owned_by == "longvid"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("longvid:secret")


def test_a_completion_links_each_claim_to_its_moment(client: OpenAI, url: str) -> None:
    reply = client.chat.completions.create(model=MODEL, messages=asked(QUESTION), temperature=0.2)
    text = reply.choices[0].message.content or ""
    assert reply.model == MODEL
    assert reply.choices[0].finish_reason == "stop"
    assert "I will send the signed contract to the architect on Tuesday." in text
    assert r"[Harbour \[meeting\] @ 0:20–0:26](" in text
    link = text.split("](")[1].rstrip(")")
    assert link.startswith(f"{url}/?")
    assert read_page_link(link) == (HARBOUR, 20.0)


def test_a_streamed_completion_says_the_same(client: OpenAI) -> None:
    whole = client.chat.completions.create(model=MODEL, messages=asked(QUESTION))
    chunks = list(
        client.chat.completions.create(
            model=MODEL, messages=asked(QUESTION), stream=True, stream_options={"include_usage": True}
        )
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage is not None
    assert len({chunk.id for chunk in chunks}) == 1


def test_a_model_sees_its_collection_only(client: OpenAI) -> None:
    question = asked("When does the new clinic open?")
    here = client.chat.completions.create(model="longvid:clinic", messages=question)
    assert CLINIC in (here.choices[0].message.content or "")
    there = client.chat.completions.create(model=MODEL, messages=question)
    assert "linic opens" not in (there.choices[0].message.content or "")
    whole = client.chat.completions.create(model="longvid", messages=question)
    assert CLINIC in (whole.choices[0].message.content or "")


def test_a_follow_up_knows_what_was_linked_before(client: OpenAI) -> None:
    first = client.chat.completions.create(model=MODEL, messages=asked(QUESTION)).choices[0].message.content
    reply = client.chat.completions.create(
        model=MODEL, messages=asked(QUESTION, first or "", "and what was said after that?")
    )
    assert "old crane" in (reply.choices[0].message.content or "")


def test_what_is_not_there_says_what_was_looked_through(client: OpenAI) -> None:
    reply = client.chat.completions.create(model=MODEL, messages=asked(NOBODY))
    text = reply.choices[0].message.content or ""
    assert text.startswith("The library does not contain an answer.")
    assert "Looked through 1 video (" in text
    response = client.responses.create(model=MODEL, input=NOBODY)
    assert "Looked through 1 video (" in response.output_text
    assert response.output[0].content[0].annotations == []


def test_a_response_annotates_its_citations(client: OpenAI, url: str) -> None:
    response = client.responses.create(model=MODEL, input=QUESTION)
    assert response.status == "completed"
    (part,) = response.output[0].content
    annotation: Any = part.annotations[0]
    assert annotation.type == "url_citation"
    assert (
        response.output_text[annotation.start_index : annotation.end_index]
        == "[Harbour [meeting] @ 0:20–0:26]"
    )
    assert read_page_link(annotation.url) == (HARBOUR, 20.0)
    assert (annotation.video_id, annotation.start_s, annotation.end_s) == (HARBOUR, 20.0, 26.0)
    assert annotation.quote == "I will send the signed contract to the architect on Tuesday."


def test_a_streamed_response_has_its_events_in_order(client: OpenAI) -> None:
    whole = client.responses.create(model=MODEL, input=asked(QUESTION))
    events = list(client.responses.create(model=MODEL, input=asked(QUESTION), stream=True))
    kinds = [event.type for event in events]
    assert kinds[:4] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
    ]
    assert kinds[-1] == "response.completed"
    assert "response.output_text.annotation.added" in kinds
    assert [event.sequence_number for event in events] == list(range(len(events)))
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    last: Any = events[-1]
    assert text == last.response.output_text == whole.output_text
    assert last.response.output[0].content[0].annotations == whole.output[0].content[0].annotations
    with client.responses.stream(model=MODEL, input=QUESTION) as stream:
        assert stream.get_final_response().output_text == text


@pytest.mark.parametrize(
    ("model", "messages", "status"),
    [
        ("longvid:secret", asked(QUESTION), 404),
        ("gpt-4o", asked(QUESTION), 404),
        (MODEL, asked("  "), 400),
        (MODEL, asked(QUESTION, "an answer"), 400),
        (MODEL, asked("word " * 1000), 400),
    ],
)
def test_what_is_wrong_is_an_error_of_the_client(
    client: OpenAI, model: str, messages: list[Any], status: int
) -> None:
    for stream in (False, True):
        with pytest.raises(openai.APIStatusError) as error:
            client.chat.completions.create(model=model, messages=messages, stream=stream)
        assert error.value.status_code == status
        assert isinstance(error.value.body, dict)
        assert error.value.body["message"]
    with pytest.raises(openai.BadRequestError, match="no response is kept"):
        client.responses.create(model=MODEL, input=QUESTION, previous_response_id="resp_1")


def test_words_of_a_video_make_no_markdown() -> None:
    from longvid.server.openai_shapes import _claim
    from longvid_storage.types import Citation, Claim

    evil = "a](http://evil.example) ![x](http://evil.example/p.png) <script> `code` **b**"
    text = _claim(Claim(evil, (Citation("v", evil, "", 0.0, 1.0, "speech", evil),)), "http://here")
    unescaped = text.replace("\\[", "").replace("\\]", "")
    assert unescaped.count("](") == 1
    assert "](http://here/?video=v&t=0)" in text
    assert "<script>" not in text.replace("\\<", "")


def test_rights_hold_in_openais_shapes(library: Library) -> None:
    _, secret = library.keys.add("clinic only", scopes=["read"], collections=["clinic"])
    with running(library) as url, OpenAI(base_url=f"{url}/v1", api_key=secret, max_retries=0) as client:
        assert [model.id for model in client.models.list().data] == ["longvid:clinic"]
        with pytest.raises(openai.NotFoundError):
            client.chat.completions.create(model=MODEL, messages=asked(QUESTION))
        reply = client.chat.completions.create(model="longvid", messages=asked(QUESTION))
        assert "arbour" not in (reply.choices[0].message.content or "")
        with (
            OpenAI(base_url=f"{url}/v1", api_key="lv_wrong", max_retries=0) as stranger,
            pytest.raises(openai.AuthenticationError),
        ):
            stranger.models.list()
    for each in library.keys.listed():
        library.keys.revoke(each.key_id)
