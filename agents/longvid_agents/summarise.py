"""A summary of one video without a language model: its own most central sentences, and what cue phrases find.

Every line is a sentence of the transcript with its citation, so nothing in it can be made up; nor does it read like
prose, and it says so (``Summary.how``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from longvid_agents.cues import FEWEST_ABOUT, FEWEST_WORDS, doer_of, owner_of, strength
from longvid_agents.cues_elsewhere import Cue
from longvid_agents.whole import claims_of
from longvid_storage.db.chain import ChainLink
from longvid_storage.db.view import View
from longvid_storage.text.languages import guess_language
from longvid_storage.types import Chapter, Citation, Passage, VideoCard

Length = Literal["short", "long"]

HOW = (
    "extractive: sentences of the video itself, those of its summary (overview) and those that cue phrases find "
    "(decisions, action items, open questions)"
)
# (sentences of the overview, lines of each list at most)
MOST: dict[Length, tuple[int, int]] = {"short": (4, 5), "long": (10, 15)}
# Of two items this close in time and of one kind, the stronger stands for both.
_SAME_PLACE_S = 20.0
_TELL_LANGUAGE = 40
"""So many sentences tell which language is spoken."""


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """One sentence of a summary and where it is said; ``owner`` is who takes an action item on, if that is told.

    ``also``: further places that it rests on.
    """

    text: str
    citation: Citation
    speaker: str | None = None
    owner: str | None = None
    also: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """What people ask a meeting for; every line carries its citation, ``how`` says what made it."""

    video_id: str
    title: str
    path: str
    duration_s: float
    overview: tuple[SummaryLine, ...]
    chapters: tuple[Chapter, ...]
    decisions: tuple[SummaryLine, ...]
    action_items: tuple[SummaryLine, ...]
    open_questions: tuple[SummaryLine, ...]
    how: str = HOW


def summarise(view: View, card: VideoCard, *, length: Length = "short") -> Summary:
    """Summarise a video: its chain of summaries for the overview, its events as chapters, and what cue phrases find.

    The overview is the video's own summary, or for ``"long"`` those of its events: what ``show`` and a question about
    the whole tell too. A video in which nothing is said has chapters only.
    """
    said = view.passages_of(card.video_id, ["speech"])
    speakers = sorted({p.speaker for p in said if p.speaker})
    central, most = MOST[length]

    def line(passage: Passage, owner: str | None = None) -> SummaryLine:
        return SummaryLine(passage.text, Citation.of(passage, card.title, card.path), passage.speaker, owner)

    def listed(cue: Cue) -> list[Passage]:
        return strongest(said, cue, most)

    events = view.segments(card.video_id, "event")
    return Summary(
        video_id=card.video_id,
        title=card.title,
        path=card.path,
        duration_s=card.duration_s,
        overview=tuple(overview(view, card, length)[:central]),
        chapters=tuple(Chapter(e.start_s, e.end_s, e.title or "(untitled)") for e in events),
        decisions=tuple(line(p) for p in listed("decision")),
        action_items=tuple(line(p, owner_of(p, speakers)) for p in listed("action")),
        open_questions=tuple(line(p) for p in listed("question")),
    )


def overview(view: View, card: VideoCard, length: Length, engine: str | None = None) -> list[SummaryLine]:
    """The chain of a video as cited lines: of the whole, or of its events; only what ``engine`` wrote, if given."""
    level = "video" if length == "short" else "event"
    links = [
        link for link in view.chain(card.video_id) if link.level == level and engine in (None, link.engine)
    ]
    return lines_of(links, view, [card])


def lines_of(links: Iterable[ChainLink], view: View, cards: Sequence[VideoCard]) -> list[SummaryLine]:
    """Sentences of summaries as cited lines; those whose passages are gone are left out."""
    sentences = [sentence for link in links for sentence in link.sentences]
    return [
        SummaryLine(claim.text, claim.citations[0], also=claim.citations[1:])
        for claim, _ in claims_of(sentences, view, cards)
    ]


def strongest(
    sentences: Sequence[Passage],
    cue: Cue,
    most: int,
    *,
    about: bool = False,
    owners: Collection[str] = (),
    speakers: Sequence[str] = (),
) -> list[Passage]:
    """The ``most`` sentences that read most strongly as ``cue``, in time order, one a place and a doer.

    ``about``: all are said of the subject that is asked about, so that "We decided to take it." says enough.
    ``owners``: tasks of these of all ``speakers`` alone.
    """
    language = guess_language(" ".join(s.text for s in sentences[:_TELL_LANGUAGE]))
    fewest = FEWEST_ABOUT if about else FEWEST_WORDS
    worth = {s.id: strength(s, cue, language, fewest) for s in sentences}
    items = [s for s in sentences if worth[s.id] > 0 and (not owners or owner_of(s, speakers) in owners)]
    doers = {s.id: doer_of(s) for s in items if cue == "action"}
    chosen: list[Passage] = []
    for sentence in sorted(items, key=lambda s: (-worth[s.id], s.start_s)):
        if len(chosen) >= most:
            break
        if all(
            _apart(sentence, other) or _of_others(doers.get(sentence.id), doers.get(other.id))
            for other in chosen
        ):
            chosen.append(sentence)
    return sorted(chosen, key=lambda s: s.start_s)


def _apart(one: Passage, other: Passage) -> bool:
    return one.start_s >= other.end_s + _SAME_PLACE_S or one.end_s + _SAME_PLACE_S <= other.start_s


def _of_others(one: str | None, other: str | None) -> bool:
    """Whether two people do them: "Tom will order it. Jane will write the report." are two tasks."""
    return one is not None and other is not None and one != other
