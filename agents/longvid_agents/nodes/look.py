"""look: watch again. Fresh pictures of the media, where and as dense as the question needs, and their sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from longvid_agents.asking import ask_model, cost
from longvid_agents.calls import Call
from longvid_agents.material import as_data
from longvid_agents.nodes.watch import kept, watch
from longvid_agents.prompts import LOOK, LOOK_HEARING, SYSTEM
from longvid_agents.replies import SEEN, read_seen
from longvid_agents.run import Run
from longvid_agents.state import AskState
from longvid_agents.video_lm import AudioClip, Frame, Request
from longvid_storage.errors import MediaError, ModelError
from longvid_storage.types import Keyframe, Passage, Scope

MOST_FRAMES = 16
# Moments watched when the question is about what is to be seen and nothing was asked for yet.
FIRST_LOOKS = 4
LOOK_TOKENS = 500
# Seconds of sound of one look, from its start on.
MOST_S = 30.0


@dataclass(frozen=True, slots=True)
class ShownPicture:
    """A picture for the model, of which video, what it stands for, and how well it fits the question if known."""

    video_id: str
    title: str
    keyframe: Keyframe
    relevance: float | None = None


def look(run: Run, state: AskState) -> dict[str, Any]:
    """Show pictures to the model; what it reports seeing becomes evidence with the span of its picture."""
    assert run.lm is not None
    wanted = state.looks or first_looks(state)
    trail = [*state.trail]
    decoded = _decoded(run)
    shown: list[ShownPicture] = []
    for number, call in enumerate(wanted):
        pictures, note = _pictures(run, state, call, (MOST_FRAMES - len(shown)) // (len(wanted) - number))
        known = {(each.video_id, each.keyframe.time_s, each.keyframe.image) for each in shown}
        shown += [p for p in pictures if (p.video_id, p.keyframe.time_s, p.keyframe.image) not in known]
        did = call.described(state.memory.label) + (f" ({note})" if note else "")
        trail.append(run.step(state, "look", did, len(pictures)))
    usage = replace(state.usage, frames_decoded=state.usage.frames_decoded + _decoded(run) - decoded)
    state = replace(state, usage=usage, trail=tuple(trail))
    changed: dict[str, Any] = {"looks": (), "done": state.done | set(wanted), "usage": usage}
    if not shown:
        return {**changed, "trail": state.trail}
    seen = {each.video_id for each in shown}
    sounds, note = heard_in(run, [call for call in wanted if call.video_id in seen])
    if note:
        state = replace(state, trail=(*state.trail, run.step(state, "look", note, len(sounds))))
    return {**changed, **_see(run, state, shown, sounds)}


def first_looks(state: AskState) -> tuple[Call, ...]:
    """The best moments, watched as they are."""
    return tuple(
        Call(
            "look",
            video_id=moment.video_id,
            from_s=moment.start_s,
            to_s=max(moment.end_s, moment.start_s + 1),
        )
        for moment in state.moments[:FIRST_LOOKS]
    )


def _pictures(run: Run, state: AskState, call: Call, most: int) -> tuple[list[ShownPicture], str]:
    """Fresh pictures for one look, else those the index kept, inside the caller's filters; and a note."""
    inside = run.view.scope.narrowed(videos=[call.video_id or ""], from_s=call.from_s, to_s=call.to_s)
    view = run.view.within(inside or run.view.scope)
    card = next(iter(view.cards(ids=[call.video_id or ""])), None)
    if inside is None or card is None or most < 1:
        return [], "outside what was allowed" if most else "enough pictures in this round"
    if inside.speaker is not None:
        return [], "pictures have no speaker"
    span = _span(inside, card.duration_s)
    question, note = None if _whole(state) else state.question, ""
    try:
        pictures = watch(view, run.media, call, span, most, question)
    except MediaError as error:
        note = f"{as_data(error.message)}; the pictures of the index are used"
        pictures = kept(view, card.video_id, span, most, question)
    return [ShownPicture(card.video_id, card.title, frame, fits) for frame, fits in pictures], note


def _decoded(run: Run) -> int:
    return 0 if run.media is None else run.media.frames_decoded


def _whole(state: AskState) -> bool:
    """Whether the question is about the whole of something, so that every part of it counts as much (DIG)."""
    return state.route is not None and state.route.kind == "summarise"


def _span(inside: Scope, duration_s: float) -> tuple[float, float]:
    return inside.from_s or 0.0, min(duration_s, duration_s if inside.to_s is None else inside.to_s)


def _see(
    run: Run, state: AskState, shown: Sequence[ShownPicture], sounds: tuple[AudioClip, ...]
) -> dict[str, Any]:
    """Ask the model what it sees; numbers outside those shown make the reply unreadable."""
    assert run.lm is not None
    request = _request(run, state, shown, sounds)
    counted = shown if state.budget.tokens is not None else ()
    try:
        pictures = sum(run.lm.counter.frame(s.keyframe.width, s.keyframe.height) for s in counted)
        short = run.out_of(state, cost(run, state, request) + pictures, searching=True)
        if short:
            return {"trail": (*state.trail, run.step(state, "look", f"{short}: not looked at", 0))}
        outcome = ask_model(run, state, request, lambda text: read_seen(text, len(shown)), searching=True)
    except ModelError as error:
        if error.code != "no_vision":
            raise
        step = run.step(state, "look", f"not seen: {as_data(error.message)}", 0)
        return {"blind": True, "trail": (*state.trail, step)}
    seen = [
        Passage(0, at.video_id, "picture", at.keyframe.start_s, at.keyframe.end_s, text)
        for n, text in outcome.value or ()
        for at in (shown[n - 1],)
    ]
    problem = (
        ""
        if outcome.value is not None
        else f" (its reply could not be read: {as_data(outcome.problem)[:120]})"
    )
    problem = f" ({outcome.problem})" if outcome.late else problem
    step = run.step(
        state, "look", f"saw something in {len(seen)} of {len(shown)} pictures{problem}", len(seen)
    )
    met = state.memory.meeting({each.video_id: _source(state, each) for each in shown})
    looked = tuple(dict.fromkeys([*met.looked, *(f"{s.title} {s.keyframe.time_s:.1f} s" for s in shown)]))
    memory = replace(met.adding(seen), looked=looked)
    return {"memory": memory, "usage": outcome.usage, "trail": (*state.trail, step)}


def _request(
    run: Run, state: AskState, shown: Sequence[ShownPicture], sounds: tuple[AudioClip, ...]
) -> Request:
    """The frames in order; where the index tells how well each fits, a small budget takes the others away first."""
    frames = tuple(
        Frame(
            n,
            s.keyframe.image,
            time_s=s.keyframe.time_s,
            video_id=s.video_id,
            title=as_data(s.title),
            relevance=s.relevance,
        )
        for n, s in enumerate(shown, 1)
    )
    hearing = LOOK_HEARING if sounds else ""
    return Request(
        SYSTEM,
        LOOK.format(count=len(frames), hearing=hearing, question=as_data(state.question)),
        frames=frames,
        sounds=sounds,
        max_tokens=LOOK_TOKENS,
        schema=SEEN,
        budget_tokens=run.left(state),
        packing="interleaved" if any(s.relevance is None for s in shown) else "relevant",
        whole=_whole(state),
    )


def _source(state: AskState, shown: ShownPicture) -> tuple[str, str]:
    known = state.memory.sources.get(shown.video_id)
    path = next((moment.path for moment in state.moments if moment.video_id == shown.video_id), "")
    return known or (shown.title, path)


def heard_in(run: Run, looks: Sequence[Call]) -> tuple[tuple[AudioClip, ...], str]:
    """The sound of ``looks`` inside the caller's filters, and why some of it is missing; none without ears."""
    sounds: list[AudioClip] = []
    notes: list[str] = []
    media = run.media if run.lm is not None and run.lm.hears else None
    for call in looks if media is not None else ():
        inside = run.view.scope.narrowed(videos=[call.video_id or ""], from_s=call.from_s, to_s=call.to_s)
        if inside is None or inside.speaker is not None:
            continue
        for card in run.view.within(inside).cards():
            from_s = inside.from_s or 0.0
            to_s = min(card.duration_s, inside.to_s or card.duration_s, from_s + MOST_S)
            try:
                assert media is not None
                samples = media.audio(run.view, card.video_id, from_s, to_s)
            except MediaError as error:
                notes.append(f"not heard: {as_data(error.message)}")
                continue
            if len(samples):
                sounds.append(AudioClip(samples, from_s, card.video_id))
    return tuple(sounds), "; ".join(dict.fromkeys(notes))
