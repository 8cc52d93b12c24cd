"""Replies of models: read by their forms, told what is wrong, whole as far as they go; and the schemas of the forms."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longvid_agents import replies
from longvid_agents.replies import (
    ClaimStream,
    Draft,
    Drafts,
    Reflection,
    read_seen,
    read_verdicts,
)
from longvid_indexer.summarising.replies import EventReply, FoldReply
from longvid_storage.models.replies import (
    GrowingReply,
    ReplyModel,
    UnreadableError,
    read_reply,
    schema_of,
    whole_part,
)

FORMS = (
    *(replies.Drafts, replies.Verdicts, replies.Seen, replies.PlanReply, replies.Minutes),
    *(EventReply, FoldReply),
)
ANSWER = '{"complete": true, "claims": [{"text": "Ben {writes} it [e1].", "evidence": ["e1", "e1", "x"]}]}'


def nodes(schema: Any) -> list[dict[str, Any]]:
    inner = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    own = [schema] if isinstance(schema, dict) and "type" in schema else []
    return own + [node for each in inner for node in nodes(each)]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_schemas_are_strict_and_bounded(form: type[ReplyModel]) -> None:
    found = [node for node in nodes(schema_of(form)) if isinstance(node["type"], str)]
    assert any(node["type"] == "object" for node in found)
    for node in found:
        if node["type"] == "object":
            assert node["required"] == list(node["properties"])
            assert node["additionalProperties"] is False
        if node["type"] == "array":
            assert node["maxItems"] > 0
        if node["type"] == "string":
            assert {"maxLength", "pattern", "enum"} & set(node)
    assert "$ref" not in json.dumps(schema_of(form))


@pytest.mark.parametrize(
    "around",
    [
        "{}",
        " \n{}\n",
        "```json\n{}\n```",
        "<think>{{}} [</think>{}",
        "no start {{</think>\n{}",
        "Sure:\n{}\nDone.",
    ],
)
def test_what_stands_around_the_object_does_no_harm(around: str) -> None:
    drafts = read_reply(around.format(ANSWER), Drafts)
    assert drafts == Drafts(complete=True, claims=(Draft(text="Ben {writes} it.", evidence=("e1",)),))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is empty"),
        ("Ben promised it.", "it is not JSON"),
        ("[1, 2]", "it is [1, 2]: input should be an object"),
        ('{"claims": [], "answer": 42}', 'it has the unknown key "answer"'),
        ('{"claims": [{"text": "a", "id": 1}]}', 'it has the unknown key "claims[0].id"'),
        ("{}", '"claims" is missing'),
        ('{"claims": {"text": "a"}}', "\"claims\" is {'text': 'a'}: input should be a valid array"),
        ('{"claims": [{"text": "\\u202e [e1]"}]}', "at least 1 character"),
        ('{"claims": [], "complete": "yes"}', "\"complete\" is 'yes': input should be a valid boolean"),
        (json.dumps({"claims": [{"text": "a"}] * 25}), "at most 24 items"),
        (json.dumps({"claims": [{"text": "a" * 1201}]}), "at most 1200 characters"),
        ('{"claims": [{"text": "\\ud800"}]}', "it is not JSON"),
        ('{"claims": ' + "[" * 5000 + "]" * 5000 + "}", "it is not JSON"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_wrong_is_told_in_a_sentence(text: str, said: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        read_reply(text, Drafts)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


def test_numbers_are_those_that_were_asked_about() -> None:
    assert read_verdicts('{"verdicts": [{"claim": 2, "supported": true}]}', 3) == (False, True, False)
    with pytest.raises(UnreadableError, match="the claims are 1 to 1"):
        read_verdicts('{"verdicts": [{"claim": 2, "supported": true}]}', 1)
    with pytest.raises(UnreadableError, match="two verdicts"):
        read_verdicts('{"verdicts": [{"claim": 1, "supported": true}, {"claim": 1, "supported": false}]}', 1)
    for number in ("true", "0", "-1", "1.5", '"1"'):
        with pytest.raises(UnreadableError, match="claim"):
            read_verdicts(f'{{"verdicts": [{{"claim": {number}, "supported": true}}]}}', 1)
    assert read_seen('{"seen": [{"frame": 1, "text": "a\\nb"}]}', 1) == ((1, "a b"),)
    with pytest.raises(UnreadableError, match="frames are 1 to 1"):
        read_seen('{"seen": [{"frame": 2, "text": "a"}]}', 1)


def test_one_call_alone_is_a_reflection_with_this_call() -> None:
    call = {"tool": "search", "query": "moons"}
    assert read_reply(json.dumps(call), Reflection) == Reflection(calls=(call,))


def test_a_plan_keeps_what_it_can_use() -> None:
    read = read_reply(
        json.dumps({"kind": "who", "questions": ["  a\nb ", "", 3, "c" * 400, "d", "e", "f"]}),
        replies.PlanReply,
    )
    assert read.questions == ("a b", "c" * 300, "d", "e")
    with pytest.raises(UnreadableError, match="'guess'"):
        read_reply('{"kind": "guess"}', replies.PlanReply)


def test_a_summary_of_a_talkative_model_is_cut_short() -> None:
    read = read_reply(
        json.dumps({"sentences": [{"text": "a" * 900, "evidence": "e1"}], "so_far": "b " * 900}), EventReply
    )
    assert (len(read.sentences[0].text), read.sentences[0].evidence, len(read.so_far)) == (600, ("e1",), 1200)


value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


def test_a_number_that_is_cut_in_its_exponent_is_waited_for() -> None:
    growing = GrowingReply()
    assert list(growing.feed('{"a": 1e')) == []
    assert growing.found == {}
    assert list(growing.feed('16, "b": [2E')) == []
    assert growing.found == {"a": 1e16, "b": []}
    assert list(growing.feed("2]}")) == [("b", "2E2")]


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=4), value, max_size=4), st.data())
def test_however_a_reply_grows_only_what_is_whole_is_given(
    whole: dict[str, Any], data: st.DataObject
) -> None:
    text = json.dumps(whole)
    places = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    growing, given_ = GrowingReply(), list[tuple[str, Any]]()
    for start, end in zip([0, *places], [*places, len(text)], strict=True):
        given_ += [(key, json.loads(element)) for key, element in growing.feed(text[start:end])]
        for key, found in growing.found.items():
            if isinstance(found, list):
                assert found == whole[key][: len(found)]
            else:
                assert found == whole[key]
    assert given_ == [
        (key, each) for key, found in whole.items() if isinstance(found, list) for each in found
    ]
    assert growing.found == whole


def test_a_reply_that_was_cut_off_gives_its_whole_claims() -> None:
    two = '{"complete": true, "claims": [{"text": "a", "evidence": ["e1"]}, {"text": "b", "evidence": ["e'
    assert read_reply(whole_part(two), Drafts).claims == (Draft(text="a", evidence=("e1",)),)
    minutes = '```json\n{"overview": [{"text": "a"}], "decisions": [{"text": "b"}, {"text": "c"'
    read = read_reply(whole_part(minutes), replies.Minutes)
    assert ([each.text for each in read.overview], [each.text for each in read.decisions]) == (["a"], ["b"])
    for nothing in ("", "{", '{"complete": true, "claims": [{"text": "a', "prose"):
        with pytest.raises(UnreadableError, match="cut off"):
            whole_part(nothing)


def test_claims_come_as_they_are_written_up_to_one_that_cannot_be_read() -> None:
    stream = ClaimStream()
    assert stream.feed('<think>["claims"]</think> {"complete": true, "claims": [{"text": "a}"') == []
    assert stream.final
    assert [draft.text for draft in stream.feed("}, {")] == ["a}"]
    assert stream.feed('"text": 3}, {"text": "b"}], "claims2": [{"text": "c"}]}') == []
    late = ClaimStream()
    assert [draft.text for draft in late.feed('{"claims": [{"text": "a"}], "complete": true}')] == ["a"]
