"""Whatever is in the library and whatever the model replies: nothing is cited that this run did not retrieve."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ask_tools import BOX, check_answer
from longvid_agents.budget import Budget
from longvid_agents.run import AskEvent
from longvid_agents.video_lm import Request
from longvid_storage.errors import ModelError
from longvid_storage.types import Claim, Keyframe, Scope, ScreenText, Segment, Utterance
from scripted_lm import ScriptedLM
from small_library import SmallLibrary, SmallVideo

WORDS = [
    "entropy",
    "budget",
    "Lisbon",
    "is",
    "the",
    "report",
    "of",
    "twelve",
    "9,000",
    "12:30",
    "熵",
    "¿qué",
    "🎉",
]
text = st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join)
ended = st.tuples(text, st.sampled_from([".", "", "?", "。"])).map("".join)
span = st.tuples(st.integers(0, 90), st.integers(0, 12)).map(lambda t: (float(t[0]), float(t[0] + t[1])))
speakers = st.sampled_from([None, "Ana", "Ben"])
utterances = st.lists(
    st.builds(lambda s, t, who: Utterance(*s, t, who), span, ended, speakers), min_size=2, max_size=10
)
screens = st.lists(st.builds(lambda s, t: ScreenText(*s, t, BOX), span, ended), max_size=4)
keyframes = st.lists(st.builds(lambda s: Keyframe(s[0], *s, b"k", 64, 36, "shot"), span), max_size=2)
segments = st.lists(st.builds(lambda s, t: Segment("event", *s, "An event", t), span, ended), max_size=2)
videos = st.builds(
    lambda u, t, k, s, media, office: SmallVideo(
        "?", "?", u, t, k, collection="office" if office else None, segments=s, media=media
    ),
    utterances,
    screens,
    keyframes,
    segments,
    st.booleans(),
    st.booleans(),
)
filters = st.builds(
    Scope,
    video_ids=st.sampled_from([None, None, None, None, frozenset({"a"}), frozenset({"b"}), frozenset[str]()]),
    collection=st.sampled_from([None, None, None, "office"]),
    from_s=st.sampled_from([None, None, 0.0, 30.0]),
    to_s=st.sampled_from([None, None, 40.0, 80.0]),
    speaker=st.sampled_from([None, None, None, "Ana"]),
)

ids = st.lists(st.integers(0, 30).map("e{}".format), max_size=4)
labels = st.sampled_from(["v1", "v2", "v3", "a", "b"])
times = st.one_of(st.integers(0, 100), st.sampled_from(["1:10", -1, None, 1e300]))
# True claims copy the text of a piece that is shown, so that some survive; the others are anything.
copied = st.tuples(st.just("copy"), st.integers(0, 40))
claim = st.one_of(
    copied,
    st.fixed_dictionaries({"text": ended, "evidence": ids}),
)
call = st.one_of(
    st.fixed_dictionaries(
        {"tool": st.just("search"), "query": text}, optional={"video": labels, "from": times}
    ),
    st.fixed_dictionaries(
        {"tool": st.just("mentions"), "terms": st.lists(st.sampled_from(WORDS), max_size=3)}
    ),
    st.fixed_dictionaries({"tool": st.sampled_from(["outline", "library"])}, optional={"video": labels}),
    st.fixed_dictionaries(
        {
            "tool": st.sampled_from(["transcript", "screen_text", "sounds", "look", "shell"]),
            "video": labels,
            "from": times,
            "to": times,
        }
    ),
)
true = st.tuples(st.just("answer"), st.lists(copied, min_size=1, max_size=4), st.just(True))
reply = st.one_of(
    true,
    st.tuples(st.just("answer"), st.lists(claim, max_size=4), st.booleans()),
    st.fixed_dictionaries(
        {
            "enough": st.booleans(),
            "calls": st.lists(call, max_size=4),
            "rule_out": st.lists(st.just("e1"), max_size=1),
        }
    ),
    st.fixed_dictionaries(
        {
            "verdicts": st.lists(
                st.fixed_dictionaries({"claim": st.integers(0, 5), "supported": st.booleans()})
            )
        }
    ),
    st.fixed_dictionaries(
        {"seen": st.lists(st.fixed_dictionaries({"frame": st.integers(0, 20), "text": ended}), max_size=3)}
    ),
    ended,
    st.sampled_from(['{"claims": [{"text":', "null", '{"kind": "visual", "questions": ["entropy"]}']),
)


def played(script: Any) -> Any:
    """What a drawn reply says to a request."""

    def play(request: Request) -> str | dict[str, Any]:
        if not (isinstance(script, tuple) and script[0] == "answer"):
            return script if isinstance(script, str) else json.dumps(script)
        claims = []
        for each in script[1]:
            if isinstance(each, dict):
                claims.append(each)
            elif request.evidence:
                shown = request.evidence[each[1] % len(request.evidence)]
                claims.append({"text": shown.text, "evidence": [shown.id]})
        return {"complete": script[2], "claims": claims}

    return play


@settings(max_examples=100, deadline=None)
@given(
    a=videos,
    b=videos,
    question=ended.filter(str.strip),
    filters=filters,
    replies=st.one_of(st.lists(reply, min_size=1, max_size=10), st.lists(true, min_size=1, max_size=3)),
    sees=st.booleans(),
    dies=st.one_of(st.none(), st.none(), st.integers(0, 200)),
    tokens=st.one_of(st.none(), st.none(), st.integers(1, 6_000)),
)
def test_every_citation_lies_in_what_this_run_retrieved(
    a: SmallVideo,
    b: SmallVideo,
    question: str,
    filters: Scope,
    replies: list[Any],
    sees: bool,
    dies: int | None,
    tokens: int | None,
) -> None:
    a.video_id, a.title, b.video_id, b.title = "a", "A", "b", "B"
    tools = SmallLibrary([a, b])
    lm = ScriptedLM(*map(played, replies), sees=sees, otherwise=played(replies[-1]), dies_after=dies)
    heard: list[AskEvent] = []
    try:
        answer = tools.ask(question, filters, lm=lm, budget=Budget(tokens), on_event=heard.append)
    except ModelError:
        if dies is None:
            raise
        return  # a model that dies before its first claim gives no answer to check
    check_answer(answer, tools, filters)
    assert {event for event in heard if isinstance(event, Claim)} == set(answer.claims)
    assert tokens is None or answer.usage.tokens <= tokens
    assert answer.usage.model_calls == len(lm.requests) <= 40
    check_shown(tools, filters, lm)


def check_shown(tools: SmallLibrary, scope: Scope, lm: ScriptedLM) -> None:
    """The model reads and sees nothing that the caller's scope does not admit."""
    with tools.view(scope) as view:
        videos = {card.video_id: card.title for card in view.cards()}
        admitted = {
            (title, p.kind, p.start_s, p.end_s, p.text, p.speaker)
            for video_id, title in videos.items()
            for p in view.passages_of(video_id)
        }
    for request in lm.requests:
        assert {frame.video_id for frame in request.frames} <= set(videos)
        for each in request.evidence:
            title = each.title.split(" ", 1)[1]
            shown = (title, each.kind, each.start_s, each.end_s, each.text, each.speaker)
            made = each.kind in ("picture", "summary") and title in videos.values()
            assert (made and scope.touches(each.start_s, each.end_s)) or shown in admitted
