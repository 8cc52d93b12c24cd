"""What is said right after or before a place, and where an answer was said: read, nothing is ranked."""

from __future__ import annotations

from collections.abc import Sequence

from longvid_agents.conversation.turns import Cited
from longvid_storage.db.view import View
from longvid_storage.types import Citation, Claim

MOST = 3
FEWEST_WORDS = 4


def following(view: View, anchor: Cited, *, backwards: bool = False) -> tuple[Claim, ...]:
    """The first passages said in the view after ``anchor`` (or the last before it), in order of time."""
    inside = view.scope.narrowed(
        videos=[anchor.video_id],
        from_s=None if backwards else anchor.end_s,
        to_s=anchor.start_s if backwards else None,
    )
    if inside is None or not view.has_video(anchor.video_id):
        return ()
    said = [
        passage
        for passage in view.within(inside).passages_of(anchor.video_id, ["speech"])
        if len(passage.text.split()) >= FEWEST_WORDS
        and (passage.end_s <= anchor.start_s if backwards else passage.start_s >= anchor.end_s)
    ]
    return tuple(
        Claim(
            f"{passage.speaker}: {passage.text}" if passage.speaker else passage.text,
            (Citation.of(passage, anchor.title, anchor.path),),
        )
        for passage in (said[-MOST:] if backwards else said[:MOST])
    )


def again(anchor: Sequence[Cited]) -> tuple[Claim, ...]:
    """The last answer's citations once more, each with who said it."""
    return tuple(
        Claim(f"{cited.speaker}: {cited.quote}" if cited.speaker else cited.quote, (cited.citation,))
        for cited in anchor
    )
