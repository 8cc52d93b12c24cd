"""look: a model that sees is shown fresh pictures of the right place, and what it sees becomes evidence."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from ask_tools import check_answer, citations, library
from longvid_agents.video_lm import Request
from longvid_storage.errors import ModelError
from longvid_storage.types import Answer, Keyframe, Scope
from scripted_lm import ScriptedLM, claims
from small_library import SmallLibrary, relevance

COLOUR = "Which colour is the tree of the prefix code on the slide?"
NOTHING = {"complete": True, "claims": []}
ENOUGH = {"enough": True, "calls": [], "rule_out": []}
SEES = {"seen": [{"frame": 1, "text": "The tree of the prefix code is drawn in red."}]}


def claiming(text: str, words: str) -> Callable[[Request], dict[str, Any]]:
    return lambda request: claims((text, [next(e.id for e in request.evidence if words in e.text)]))


def looks(answer: Answer) -> list[str]:
    return [step.did for step in answer.trail if step.node == "look"]


def look_at(**arguments: Any) -> dict[str, Any]:
    return {"enough": False, "calls": [{"tool": "look", **arguments}], "rule_out": []}


def test_a_visual_question_is_answered_from_fresh_pictures() -> None:
    tools, lm = (
        library(),
        ScriptedLM(SEES, claiming("The tree of the prefix code is red.", "drawn in red"), sees=True),
    )
    answer = tools.ask(COLOUR, lm=lm)
    assert answer.found
    frames = lm.requests[0].frames
    assert all(frame.image.startswith(f"{frame.video_id}@".encode()) for frame in frames)
    assert [frame.number for frame in frames] == list(range(1, len(frames) + 1))
    assert answer.usage.frames_decoded == tools.media.frames_decoded > 0
    citation = citations(answer)[0]
    assert citation.kind == "picture"
    assert citation.quote == "The tree of the prefix code is drawn in red."
    assert citation.start_s <= frames[0].time_s < citation.end_s
    assert any(e.kind == "picture" for e in lm.requests[1].evidence)
    check_answer(answer, tools)


def test_zoom_in_time_and_space_reaches_the_decoder() -> None:
    tools = library()
    lm = ScriptedLM(
        {"seen": []},
        NOTHING,
        look_at(video="v1", **{"from": 44, "to": 46}, rate=4, box=[0, 0.5, 0.5, 1]),
        {"seen": [{"frame": 3, "text": "Small print says that the lengths obey a bound."}]},
        claiming("The small print says that the lengths obey a bound.", "Small print"),
        sees=True,
    )
    answer = tools.ask(COLOUR, lm=lm)
    asked = [call for name, call in tools.media.calls if name == "frames"]
    assert asked[-1] == ("lec", 44.0, 46.0, 4.0, (0.0, 0.5, 0.5, 1.0))
    assert [(c.start_s, c.end_s) for c in citations(answer)] == [(44.5, 44.75)]
    assert looks(answer)[-2:] == [
        "look in v1 0:44–0:46 box 0.00 0.50 0.50 1.00",
        "saw something in 1 of 8 pictures",
    ]
    check_answer(answer, tools)


def test_media_that_is_gone_leaves_the_pictures_of_the_index_and_says_so() -> None:
    tools = library()
    tools.videos["lec"].media = False
    lm = ScriptedLM(SEES, claiming("The tree of the prefix code is red.", "drawn in red"), sees=True)
    answer = tools.ask(COLOUR, scope=Scope(collection="course"), lm=lm)
    assert [frame.image for frame in lm.requests[0].frames] == [b"webp"]
    assert "is gone; the pictures of the index are used" in looks(answer)[0]
    assert [(c.start_s, c.end_s) for c in citations(answer)] == [(40, 60)]
    assert answer.usage.frames_decoded == 0
    check_answer(answer, tools)


def test_a_model_without_eyes_is_not_asked_to_look_and_answers_from_words() -> None:
    lm = ScriptedLM(claiming("Kraft inequality bounds the lengths of a prefix code.", "Kraft"))
    answer = library().ask("What is on the slide about the prefix code?", lm=lm)
    assert answer.found
    assert looks(answer) == []
    assert all(not request.frames for request in lm.requests)


def test_vision_that_turns_out_missing_is_said_and_gone_on_without() -> None:
    lm = ScriptedLM(
        ModelError("the model takes no pictures", code="no_vision"),
        NOTHING,
        look_at(video="v1", **{"from": 44, "to": 46}),
        sees=True,
    )
    answer = library().ask(COLOUR, lm=lm)
    assert "not seen: the model takes no pictures" in looks(answer)
    assert any("there is no tool 'look'" in step.did for step in answer.trail)
    assert '"tool": "look"' not in lm.requests[2].prompt
    assert not answer.found


def test_any_other_failure_while_looking_is_told() -> None:
    with pytest.raises(ModelError, match="out of memory"):
        library().ask(COLOUR, lm=ScriptedLM(ModelError("out of memory: use a smaller model"), sees=True))


@pytest.mark.parametrize(
    "reply",
    [
        "I see a slide.",
        '{"seen": [{"frame": 99, "text": "A tree."}]}',
        '{"seen": [{"frame": true, "text": "x"}]}',
        "",
    ],
)
def test_a_picture_that_was_not_shown_cannot_be_reported(reply: str) -> None:
    lm = ScriptedLM(reply, reply, NOTHING, ENOUGH, sees=True)
    answer = library().ask(COLOUR, lm=lm)
    assert any("could not be read" in step for step in looks(answer))
    assert not any(piece.kind == "picture" for piece in lm.requests[2].evidence)


def test_what_a_picture_is_said_to_show_supports_no_more_than_that() -> None:
    tools = library()
    lm = ScriptedLM(
        SEES, claiming("Mr. Huffman drew 12 trees.", "drawn in red"), NOTHING, NOTHING, ENOUGH, sees=True
    )
    answer = tools.ask(COLOUR, lm=lm)
    assert "12 trees" not in answer.answer
    assert answer.claims == tools.ask(COLOUR).claims, "as without a model"


@pytest.mark.parametrize("filters", [Scope(speaker="Ana"), Scope(video_ids=frozenset({"meet"}))])
def test_looking_stays_inside_the_filters(filters: Scope) -> None:
    tools = library()
    lm = ScriptedLM(otherwise=lambda request: look_at(video="v1", **{"from": 0, "to": 60}) if "enough" in request.prompt
                    else {"seen": []} if request.frames else NOTHING, sees=True)  # fmt: skip
    tools.ask(COLOUR, scope=filters, lm=lm)
    allowed = {"meet"} if filters.speaker is None else set()
    assert {call[0] for name, call in tools.media.calls} <= allowed
    assert {frame.video_id for request in lm.requests for frame in request.frames} <= allowed


def test_no_more_than_sixteen_pictures_are_shown_at_once() -> None:
    tools = filmed()
    tools.videos["lec"].media = False
    lm = ScriptedLM({"seen": []}, NOTHING, ENOUGH, sees=True)
    tools.ask(COLOUR, lm=lm)
    assert 0 < len(lm.requests[0].frames) <= 16


def test_a_model_that_hears_gets_the_sound_of_the_same_places() -> None:
    tools = library()
    lm = ScriptedLM(SEES, claiming("The tree is red.", "drawn in red"), sees=True, hears=True)
    answer = tools.ask(COLOUR, lm=lm, scope=Scope(from_s=35.0))
    request = lm.requests[0]
    assert request.sounds
    assert "You also hear the sound" in request.prompt
    for sound in request.sounds:
        assert sound.start_s >= 35
        assert sound.samples[0] == sound.start_s
        assert 0 < len(sound.samples) <= 30 * 16_000
        assert any(sound.video_id == frame.video_id for frame in request.frames)
    assert not lm.requests[1].sounds
    check_answer(answer, tools)


def test_a_model_without_ears_gets_no_sound() -> None:
    tools, lm = library(), ScriptedLM(SEES, NOTHING, ENOUGH, sees=True)
    tools.ask(COLOUR, lm=lm)
    assert not lm.requests[0].sounds
    assert "hear" not in lm.requests[0].prompt
    assert not [call for name, call in tools.media.calls if name == "audio"]


def test_sound_that_is_gone_is_told() -> None:
    tools = library()
    tools.videos["lec"].media = False
    lm = ScriptedLM(SEES, claiming("The tree is red.", "drawn in red"), sees=True, hears=True)
    answer = tools.ask(COLOUR, lm=lm)
    assert "lec" not in {sound.video_id for sound in lm.requests[0].sounds}
    assert any("not heard: the file of" in step and "is gone" in step for step in looks(answer))


def filmed(fits: Callable[[str, float], float] | None = None) -> SmallLibrary:
    """The library with a keyframe a second of the lecture, which fit any question as ``fits`` says."""
    tools = library()
    video = tools.videos["lec"]
    video.keyframes = [Keyframe(t + 0.5, t, t + 1, b"%d" % t, 64, 36, "shot") for t in range(60)]
    tools.add(video)
    if fits is not None:
        relevance(tools, fits)
    return tools


def at_40(video_id: str, time_s: float) -> float:
    """The index's pictures fit the question from 40 to 44 s, and nowhere else."""
    return 0.3 if 40 <= time_s < 44 else 0.1


def watching_all(question: str, fits: Callable[[str, float], float] | None, **span: Any) -> Request:
    """The second look's request: all of the lecture, once the first look has found nothing."""
    tools = filmed(fits)
    seen = {"seen": []}
    call = look_at(video="v1", **{"from": 0, "to": 60}, **span)
    lm = ScriptedLM(seen, NOTHING, call, seen, NOTHING, ENOUGH, sees=True)
    tools.ask(question, lm=lm)
    return [request for request in lm.requests if request.frames][1]


def test_pictures_are_dense_where_the_index_says_that_they_fit_and_some_are_seen_everywhere() -> None:
    request = watching_all(COLOUR, at_40)
    inside = [frame for frame in request.frames if 40 <= frame.time_s < 44]
    assert len(inside) >= 8
    assert 14 <= len(request.frames) <= 16
    assert {int(frame.time_s // 15) for frame in request.frames} == {0, 1, 2, 3}
    fits = [at_40("", frame.time_s) for frame in request.frames]
    assert [frame.relevance for frame in request.frames] == pytest.approx(fits, abs=0.001)
    assert request.packing == "relevant"
    assert not request.whole


def test_without_picture_vectors_pictures_are_even_and_packed_as_ever() -> None:
    request = watching_all(COLOUR, None)
    times = [frame.time_s for frame in request.frames]
    assert times == [60 / 16 * number for number in range(16)]
    assert {frame.relevance for frame in request.frames} == {None}
    assert request.packing == "interleaved"


def test_pictures_that_all_fit_the_same_are_even_and_few_asked_for_are_all_shown() -> None:
    times = [frame.time_s for frame in watching_all(COLOUR, lambda *_: 0.2).frames]
    assert len(times) == 16
    assert max(b - a for a, b in pairwise(times)) < 60 / 16 + 1
    few = watching_all(COLOUR, at_40, rate=0.2)
    assert [frame.time_s for frame in few.frames] == [5.0 * number for number in range(12)]
    assert few.packing == "relevant"


def test_what_is_seen_where_pictures_are_sparse_is_cited_for_its_own_time_only() -> None:
    tools = filmed(at_40)
    sees = {"seen": [{"frame": 1, "text": "The tree of the prefix code is drawn in red."}]}
    lm = ScriptedLM(
        {"seen": []}, NOTHING, look_at(video="v1", **{"from": 0, "to": 60}), sees,
        claiming("The tree of the prefix code is red.", "drawn in red"), sees=True,
    )  # fmt: skip
    answer = tools.ask(COLOUR, lm=lm)
    (citation,) = citations(answer)
    assert citation.end_s - citation.start_s < 1
    shown = [request for request in lm.requests if request.frames][-1].frames
    assert citation.start_s == shown[0].time_s
    assert citation.end_s <= shown[1].time_s
    check_answer(answer, tools)


def test_a_question_about_the_whole_sees_all_of_it_evenly() -> None:
    tools = filmed(at_40)
    lm = ScriptedLM(
        look_at(video="v1", **{"from": 0, "to": 60}),
        {"seen": []},
        NOTHING,
        ENOUGH,
        otherwise=ENOUGH,
        sees=True,
    )
    tools.ask("Summarise the lecture on information theory.", lm=lm)
    request = next(request for request in lm.requests if request.frames)
    assert [frame.time_s for frame in request.frames] == [60 / 16 * number for number in range(16)]
    assert request.whole
    assert request.packing == "interleaved"
    assert {frame.relevance for frame in request.frames} == {None}


def test_pictures_of_the_index_stand_in_for_media_that_is_gone_by_how_well_they_fit() -> None:
    tools = filmed(at_40)
    tools.videos["lec"].media = tools.videos["meet"].media = False
    lm = ScriptedLM({"seen": []}, NOTHING, ENOUGH, sees=True)
    tools.ask(COLOUR, lm=lm)
    request = lm.requests[0]
    assert {40, 41, 42, 43} & {int(frame.time_s) for frame in request.frames}
    fits = [at_40("", frame.time_s) for frame in request.frames]
    assert [frame.relevance for frame in request.frames] == pytest.approx(fits, abs=0.001)
    assert request.packing == "relevant"
