"""What tells that a sentence with much of a question is of another thing: its value, its place, its name.

Everything is somewhere and has its price, so that what is like a question and names such a thing need not answer it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from longvid_agents.expected import OF_VALUES, asked_for, asks_whence, counted
from longvid_agents.prices import asked_elsewhere
from longvid_agents.question import QuestionPlan
from longvid_agents.scoring import Array, Scores
from longvid_agents.who_is import WhoIs
from longvid_storage.text.analysis import analyse
from longvid_storage.types import Passage

# What names a thing of the kind asked for right after so like a question is shown, whatever it means.
ASKED_THERE = 0.4
# A value that is asked for is named this close to what is quoted.
NEARBY_S = 20.0
_UNLIKE, _UNLIKE_AND_FAR = 0.2, 0.5
# Everything is somewhere and has its price, and any name is somebody's.
_ANYTHING_HAS, _UNLIKE_A_PLACE = ("place", "person", "money"), 0.4
# What names the thing asked for has this share of the question, and of what another sentence has of it.
_SHARED = 0.4
# "How much", "how far" may be answered in words, and "how old" by a number alone.
_BY_NUMBER = re.compile(r"\bhow (?:many|heavy|tall|deep|wide|thick)\b", re.IGNORECASE)


def what_is_asked_first(
    plan: QuestionPlan, scores: Scores, order: Array, together: NDArray[np.bool_]
) -> Array:
    """The order; before a sentence that has the question's words but not the day, the price or the name that is asked
    for, the best one of its minute that names one and has words of the question too."""
    first = int(order[0])
    asked = asked_for(plan.question)
    valued = asked in (*OF_VALUES, "person") or asks_whence(plan.question)
    if plan.broad or scores.expected[first] > 0 or not valued:
        return order
    shared = scores.words >= max(_SHARED * scores.words[first], _SHARED)
    if asks_whence(plan.question):  # "…, and they come from a quarry": like it, in other words
        shared |= scores.cosine >= _SHARED
    named = (scores.expected >= 1) & shared & together[first]
    ahead = named[order]
    best = order[ahead][:1]
    return np.concatenate([best, order[order != best[0]]]) if len(best) else order


def names_value(plan: QuestionPlan, sentences: Sequence[Passage], scores: Scores, row: int) -> bool:
    """Whether a day, a number or the like that is asked for is named where would be quoted, or soon before or after."""
    if asked_elsewhere(plan.question):
        return bool(scores.expected[row] > 0)
    kind = asked_for(plan.question) if plan.language in (None, "en") and not plan.broad else None
    if kind not in OF_VALUES or (kind == "amount" and not _BY_NUMBER.search(plan.question)):
        return True
    place = sentences[row]
    if kind == "time" and place.kind == "sound":
        return True  # "When does the audience applaud?": where it is heard
    near = np.array(
        [s.video_id == place.video_id and abs(s.start_s - place.start_s) <= NEARBY_S for s in sentences], bool
    )
    named = scores.expected[near].max()
    if kind == "amount" and named < 1 and scores.follows[row] < ASKED_THERE:
        # A number of something else is none of eggs where nobody speaks of eggs.
        things = {term for word in counted(plan.question)[:1] for term in analyse(word, plan.language)}
        return bool(named > 0) and any(things.intersection(analyse(s.text, plan.language)) for s in sentences)
    return bool(named > 0)


def beside_it(plan: QuestionPlan, scores: Scores) -> NDArray[np.bool_]:
    """Which sentences are quoted for no fact: those that have neither a word nor the meaning of the question, and
    follow no asking of it: somebody asked the same there, and nobody answered; or another thing's place is told."""
    kind = asked_for(plan.question)
    # Any day is like a question for a day: it has to be near a word of the question, or much like it.
    far = (scores.words_near == 0) & (kind in OF_VALUES)
    unlike = np.where(far, _UNLIKE_AND_FAR, _UNLIKE_A_PLACE if kind in _ANYTHING_HAS else _UNLIKE)
    alone: NDArray[np.bool_] = (scores.words == 0) & (scores.cosine < unlike) & (scores.follows == 0)
    if kind == "money" and scores.priced_near.any():  # what costs something else has only the word for it
        alone |= (scores.priced_near == 0) & (scores.cosine < _UNLIKE_AND_FAR) & (scores.follows == 0)
    return alone if scores.meaning and not plan.broad else np.zeros(len(alone), bool)


def without_beside(plan: QuestionPlan, scores: Scores, fit: Array, beside: NDArray[np.bool_]) -> Array | None:
    """The fit without them, where a place or a person is asked for and a sentence has words and the meaning of the
    question, though it may name none; else None."""
    others = np.isfinite(fit) & (scores.words > 0) & (scores.cosine >= _UNLIKE_A_PLACE)
    if asked_for(plan.question) not in ("place", "person") or not others.any():
        return None
    return np.where(beside, -np.inf, fit)


def tells_who(plan: QuestionPlan, sentences: Sequence[Passage], scores: Scores) -> NDArray[np.bool_]:
    """Which sentences name somebody, or say something of who is asked for; all where that is not asked: the pilot house
    is no pilot."""
    asked = WhoIs.read(plan.question)
    if asked is None:
        return np.ones(len(sentences), bool)
    told: NDArray[np.bool_] = np.array([asked.described_in(each.text) for each in sentences], bool)
    return np.asarray((scores.expected > 0) | told, bool)
