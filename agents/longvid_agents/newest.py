"""The newest videos of a scope, where a question would have all of them read and they are too many for one."""

from __future__ import annotations

from longvid_agents.days import day_of_video
from longvid_storage.db.view import View

MOST_S = 50 * 3600.0
"""So many seconds of video are read for a question: of a million passages, 1,100 hours, a list took 7 to 46 s."""


def newest(view: View) -> tuple[View, tuple[str, ...]]:
    """The view of the newest videos, ``MOST_S`` of them in all but one at least, and a note that says so; the view as
    it is where it has no more."""
    cards = view.cards()
    if len(cards) < 2 or sum(card.duration_s for card in cards) <= MOST_S:
        return view, ()
    days = {card.video_id: day_of_video(card) or "" for card in cards}
    chosen: list[str] = []
    left_s = MOST_S
    for card in sorted(cards, key=lambda card: days[card.video_id], reverse=True):
        left_s -= card.duration_s
        if chosen and left_s < 0:
            break
        chosen.append(card.video_id)
    which = "newest" if any(days.values()) else "first"
    told = (
        f"{which} of {len(cards)} videos were" if len(chosen) != 1 else f"{which} of {len(cards)} videos was"
    )
    number = f"{len(chosen)} " if len(chosen) != 1 else ""
    note = f"Only the {number}{told} read: name a video, a collection or a day to ask about others."
    scope = view.scope.narrowed(videos=chosen)
    assert scope is not None  # they are the scope's own
    return view.within(scope), (note,)
