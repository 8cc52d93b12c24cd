"""Questions about what changed from one day to another: what both say of one subject with different values, in pairs.

Only values are compared (numbers, days, amounts): whether a sentence takes back another one is not decided here.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from longvid_agents.changed import values_of
from longvid_agents.day_words import KIND
from longvid_agents.days import day_of_video
from longvid_agents.kinds import has_sign
from longvid_agents.lists import Listed
from longvid_agents.question import content_terms, make_plan
from longvid_agents.whole import asks_whole
from longvid_storage.db.view import View
from longvid_storage.text.analysis import analyse
from longvid_storage.text.dates import MONTH_NAME
from longvid_storage.text.sentences import asks
from longvid_storage.types import Citation, Claim, Passage, VideoCard

MOST_PAIRS, MOST_SENTENCES = 6, 20_000
_SHARED = 2
"""So many words both have, or one that no more than ``_RARE`` sentences have."""
_RARE = 6
_GREETS = re.compile(
    r"^\W*(?:good (?:morning|afternoon|evening)|hello|hi|welcome|today is|guten|bonjour|buen|bom)\b",
    re.IGNORECASE,
)

_CHANGED = re.compile(
    r"\b(?:chang\w*|differen\w+|new|geändert|anders|neu|changé|cambi\w+|mudou|изменилось|нового|hat|sich|has|have|two"
    rf"|both|(?:{KIND})s?)\b"
    rf"|\b(?:{MONTH_NAME})\b|\b\d{{1,2}}\b|有什么|变化|不同|何が|変わりましたか|変わった",
    re.IGNORECASE,
)

Told = tuple[VideoCard, Passage, frozenset[str], set[str]]


def differing(question: str, view: View, around: View) -> Listed | None:
    """What the newest day says with another value than the one before, in pairs; None when that is not asked.

    Args:
        question: without what it narrows itself to, and that alone: who names a subject is answered about it.
        view: what it narrows itself to; of one day only, the two newest days of ``around`` are compared.
    """
    if not has_sign(question, "changed"):
        return None
    rest = _CHANGED.sub(" ", question)
    if any(map(str.isalnum, rest)) and not asks_whole(make_plan(rest), []):
        return None
    seen = view if len(_by_day(view)) > 1 else around
    days = _by_day(seen)
    if len(days) < 2:
        return None
    *_, before, last = sorted(days)
    old, new = ([told for card in days[day] for told in _with_values(card, seen)] for day in (before, last))
    if not old or not new or len(old) + len(new) > MOST_SENTENCES:
        return None
    claims = [
        Claim(passage.text, (Citation.of(passage, card.title, card.path),))
        for pair in _pairs(new, old)
        for card, passage, _, _ in pair
    ]
    note = f"What {last} says with another value than {before}, with the older one; no other changes were looked for."
    did = f"compared the values of {before} and {last}"
    return Listed(tuple(claims), did, (note,), beyond=seen is not view) if claims else None


def _by_day(view: View) -> dict[str, list[VideoCard]]:
    days: defaultdict[str, list[VideoCard]] = defaultdict(list)
    for card in view.cards():
        if day := day_of_video(card):
            days[day].append(card)
    return days


def _with_values(card: VideoCard, view: View) -> list[Told]:
    told = []
    for passage in view.passages_of(card.video_id, ["speech"]):
        values = values_of(passage.text)
        if values and not asks(passage.text) and not _GREETS.match(passage.text):
            measured = {word for value in values for word in analyse(value, None)}
            words = frozenset(term.text for term in content_terms(passage.text, passage.language)) - measured
            told.append((card, passage, words, values))
    return told


def _pairs(new: Sequence[Told], old: Sequence[Told]) -> list[tuple[Told, Told]]:
    """The pairs that share most, each sentence in one, in the order of the newer ones."""
    counts = Counter(word for _, _, words, _ in (*new, *old) for word in words)
    rows_of = defaultdict[str, list[int]](list)
    for other, (_, _, had, _) in enumerate(old):
        for word in had:
            rows_of[word].append(other)
    found = []
    for row, (_, _, words, values) in enumerate(new):
        shared_with = Counter(other for word in words for other in rows_of.get(word, ()))
        rare = {other for word in words if counts[word] <= _RARE for other in rows_of.get(word, ())}
        for other, number in shared_with.items():
            _, _, had, were = old[other]
            if values != were and (number >= _SHARED or other in rare):
                found.append((sum(1 / counts[word] for word in words & had), -row, -other))
    taken: dict[int, int] = {}
    for _, row, other in sorted(found, reverse=True):
        if -row not in taken and -other not in taken.values() and len(taken) < MOST_PAIRS:
            taken[-row] = -other
    return [(new[row], old[other]) for row, other in sorted(taken.items())]
