"""Questions that a list answers, complete and without a model: which videos there are and how long. What other lists
share is here; ``counts``, ``cue_lists`` and ``said_there`` have theirs.

Nothing is ranked, and every place is cited.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from longvid_agents.days import day_of_video
from longvid_agents.kinds import called_kind, has_sign, shortest_asked
from longvid_agents.lengths import length_asked
from longvid_agents.question import QuestionPlan
from longvid_agents.whole import asks_whole
from longvid_storage.db.view import View
from longvid_storage.files import is_gone
from longvid_storage.text.timecode import format_time
from longvid_storage.types import Citation, Claim, Passage

MOST_LISTED = 100
MOST_PLACES = 10_000
"""Places of a list, where it has more than one a claim; who needs every one lists the mentions."""
OWN = ("screen", "sound", "speech")
"""Kinds of passages that are of the video itself."""
_GOES_ON = re.compile(
    r"\W*(?:(?:and|but|or|so|then|what about|how about|und|aber|et|mais|y|pero)\b|(?:why|when|where|who"
    r"|really)\W*\Z)",
    re.IGNORECASE,
)
_ASK_IN_FULL = (
    "The question names nothing to look for and seems to go on with another one: ask in full, or in a chat."
)


@dataclass(frozen=True, slots=True)
class Listed:
    """The claims of a list, what was done for it (for the trail) and what its reader must know.

    ``beyond``: more was looked at than what the question narrows itself to; the notes say what.
    """

    claims: tuple[Claim, ...]
    did: str
    notes: tuple[str, ...] = ()
    beyond: bool = False


def held(question: str, view: View) -> Listed | None:
    """The scope's videos and their lengths; None when neither is asked. Each is cited by where it begins or ends."""
    short, of_length = shortest_asked(question), length_asked(question)
    lengths = has_sign(question, "how long") or short is not None or of_length is not None
    if not lengths and not has_sign(question, "the videos"):
        return None
    claims, total_s = [], 0.0
    cards = view.cards()
    of_all = len(cards)
    kind = None if lengths else called_kind(question)
    so_called = [card for card in cards if kind and kind in card.title.casefold()]
    cards = so_called or cards
    if short is not None and cards:
        edge_s = (min if short else max)(card.duration_s for card in cards)
        cards = [card for card in cards if card.duration_s == edge_s]
    if of_length is not None:
        cards = [card for card in cards if of_length.fits(card.duration_s)]
    for number, card in enumerate(cards):
        total_s += card.duration_s
        if number < MOST_LISTED and (edge := view.edge_of(card.video_id, OWN, last=lengths)):
            text = f"{card.title} lasts {format_time(card.duration_s)}."
            claims.append(Claim(text, (Citation.of(edge, card.title, card.path),)))
    if not claims and of_length is None:
        return None
    note = f"{len(cards)} video{'s' * (len(cards) != 1)}, {format_time(total_s)} in all."
    if so_called and len(so_called) < of_all:
        note = f'{note[:-1]}; those of {of_all} whose title has "{kind}".'
    if of_length is not None:
        note = f"{len(cards)} of {of_all} videos {'is' if len(cards) == 1 else 'are'} {of_length.told}."
    if short is not None:
        note = f"The {'shortest' if short else 'longest'} of {of_all} videos."
    left = min(len(cards), MOST_LISTED) - len(claims)
    more = f" {left} of them hold no words that could be cited." if left else ""
    more += f" The first {MOST_LISTED} are listed." if len(cards) > MOST_LISTED else ""
    return Listed(tuple(claims), "listed the videos", (note + more,))


def places_cited(counts: Sequence[int], of_each: str) -> tuple[int, str]:
    """How many places of each claim are cited, where they have so many, and the sentence that tells it, empty where all
    are. ``of_each``: what a claim is of."""
    if sum(counts) <= MOST_PLACES:
        return max(counts, default=0), ""
    most = max(1, MOST_PLACES // len(counts))
    first = f"first {most} places" if most > 1 else "first place"
    return most, f"Of each {of_each} the {first} {'are' if most > 1 else 'is'} cited."


def cited(passages: Iterable[Passage], title: str, path: str) -> tuple[Citation, ...]:
    """Passages of one video, whose file is looked for once: there may be thousands, and the file far away."""
    gone = is_gone(path)
    return tuple(Citation.of(each, title, path, gone=gone) for each in passages)


def dated(question: str, view: View) -> Listed | None:
    """The day of the scope's only video, by its name or its file; None when it isn't asked for, or not known."""
    cards = view.cards()
    day = day_of_video(cards[0]) if len(cards) == 1 and has_sign(question, "what day") else None
    first = view.edge_of(cards[0].video_id, OWN) if day else None
    if day is None or first is None:
        return None
    (card,) = cards
    claim = Claim(f"{card.title} is of {day}.", (Citation.of(first, card.title, card.path),))
    return Listed((claim,), "told its day", ("The day is that of its name or its file.",))


def without(question: str, names: Sequence[str]) -> str:
    """The question without people's names, in full and in part."""
    for name in names:
        for part in [name, *name.split()]:
            question = re.sub(rf"(?<!\w){re.escape(part)}(?:['’]s)?(?!\w)", " ", question)
    return question


def nothing_named(plan: QuestionPlan) -> Listed | None:
    """Of a question that only goes on with another one ("And in the other meeting?"): what to do; else None."""
    if not _GOES_ON.match(plan.question) or not asks_whole(plan, []):
        return None
    return Listed((), "it names nothing", (_ASK_IN_FULL,))
