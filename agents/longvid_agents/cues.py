"""Cue phrases: sentences in which a decision is taken, somebody takes on a task, or a question stays open.

Phrases of spoken English, after the decision and action-item detectors of meeting research (Purver et al. 2007,
"Detecting and summarizing action items in multi-party dialogue"; Fernández et al. 2008, "Modelling and detecting
decisions in multi-party dialogue"). They are rules: they miss what is agreed with a nod. Those of ten other languages
are in ``cues_elsewhere``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from longvid_agents.cues_elsewhere import Cue, by_who_speaks, strength_elsewhere
from longvid_storage.text.sentences import asks, breaks_off
from longvid_storage.types import Passage

_SETTLE = "go with|use|keep|drop|postpone|move|ship|target|include|remove"
_DO = (
    "send|write|open|post|share|fix|check|prepare|ping|reach|follow|update|create|make|add|take|look|draft|review|set"
    "|schedule|put|merge|release|push|do"
)
_PROMISE = (
    f"{_DO}|talk|ask|circle|bring|work|sync|coordinate|organi[sz]e|get|try|book|order|call|tell|invite|move (?!on)"
    "|replace|clean|install|migrate|rewrite|delete|print|pay|collect|document|submit|deliver|phone|ring|e?mail|notify"
    "|remind|arrange|repair|paint|bake|build|drive|upload|publish|translate"
)
_OUGHT = f"{_DO}|implement|test|finish|bring|investigate|figure"
_WEEKDAY = "monday|tuesday|wednesday|thursday|friday"

# "Tom will order the valve"; what "it", "this" or "the market" will do is no task, so that one word stands for whom.
_SOMEBODY_WILL = (
    r"^\W*(?:(?:and|so|then|okay|ok|next|tomorrow|monday)\W+)?"
    r"(?!(?:i|you|we|they|it|this|that|these|those|there|here|he|she|what|which|who|how|when|where|why|everything"
    r"|nothing|something|someone|nobody|everybody|one|two|all|some|most|many|people|things|time|and|or|but|if)\b)"
    rf"(?P<who>[^\W\d_]{{2,}}) will (?:also |then |now )?(?:{_PROMISE}|buy|clean|contact|deliver|arrange|collect|repair"
    r"|replace|test|finish)\b"
)


def _rules(*rules: tuple[float, str]) -> tuple[tuple[float, re.Pattern[str]], ...]:
    return tuple((weight, re.compile(pattern, re.IGNORECASE)) for weight, pattern in rules)


_RULES: dict[Cue, tuple[tuple[float, re.Pattern[str]], ...]] = {
    "decision": _rules(
        (3.0, r"^\W*(?:decisions?|decided|agreed|resolved|resolution|conclusion)\s?[:–—-]\s"),
        (3.0, r"\bwe(?:'ve| have)? (?:all )?(?:decided|agreed|settled|concluded)\b"),
        (3.0, r"\b(?:decision|conclusion|consensus) (?:is|was|here|would be)\b"),
        (3.0, r"\blet'?s (?:all )?(?:decide|agree|settle)\b|\bthat(?:'s| is) (?:decided|agreed|settled)\b"),
        (
            2.0,
            r"^(?:okay|ok|so|then|and|right|good|fine|alright|\W)*\b(?:then|okay,?|ok,?|fine,?|alright,?)"
            rf" we(?:'ll| will)? (?:{_SETTLE})\b",
        ),
        (2.0, r"\blet'?s try (?:it|this|that)\b"),
        (
            2.5,
            r"\b(?:let'?s|we'?ll|we (?:will|should)) (?:just )?(?:go|stick|proceed|move (?:on|ahead)) (?:with|for)\b",
        ),
        (2.5, rf"\bwe(?:'re| are) (?:going|gonna) (?:to )?(?:{_SETTLE})\b"),
        (
            2.0,
            r"\b(?:no objections?|rough consensus|everyone (?:agrees|is fine)|sounds like we|so we agree)\b",
        ),
        (2.0, r"\b(?:agreed|decided|approved|postponed?|rejected|chosen) (?:to|on|that|until|by)\b"),
        (
            1.5,
            rf"\b(?:let'?s|we(?:'ll| will| should| shall)) (?:just )?(?:{_SETTLE}|make|take|leave|do|have|aim|say)\b",
        ),
        (1.0, r"\b(?:the plan is|we plan to|we(?:'re| are) planning|we want to|final(?:ly|ise|ize))\b"),
    ),
    "action": _rules(
        (3.0, r"^\W*(?:actions?|tasks?|to-?dos?)\s?[:–—-]\s"),
        (3.0, r"\baction (?:item|point)s?\b|\bto-?do\b"),
        (
            2.5,
            rf"\bI(?:'ll| will|'m going to|'m gonna| can| am going to) (?:\w+ly |also |just |then )?(?:{_PROMISE})\b",
        ),
        (
            2.5,
            rf"\b(?:can|could|would|will) (?:you|someone|somebody|anyone) (?:please |maybe |also )?(?:{_DO})\b",
        ),
        (2.0, rf"\bplease (?:{_DO}|comment|respond|let)\b"),
        (
            2.0,
            rf"\b(?:you|they|s?he|teams?|clients) (?:will|should|needs? to|ha(?:ve|s) to|must) (?:\w+ )?(?:{_OUGHT})\b",
        ),
        (2.0, _SOMEBODY_WILL),
        (1.5, rf"\bwe (?:need|have|still need|should|ought) (?:to )?(?:\w+ )?(?:{_OUGHT})\b"),
        (
            1.0,
            rf"\b(?:by|until|before|for) (?:tomorrow|tonight|{_WEEKDAY}|next (?:week|call|meeting|time))\b",
        ),
        (1.0, r"\b(?:follow up|reach out|take a look|get back to|next steps?|deadline)\b"),
    ),
    "question": _rules(
        (3.0, r"\bopen (?:question|issue|point)s?\b|\bremains? (?:open|unclear|to be seen)\b"),
        (
            2.5,
            r"\b(?:still|not yet) (?:unclear|undecided|unknown|open|decided|to be (?:decided|determined))\b",
        ),
        (
            2.0,
            r"\b(?:we|I) (?:still )?(?:don'?t|do not) (?:yet )?know (?:if|whether|how|what|why|when|which)\b",
        ),
        (2.0, r"\b(?:need|have) to (?:figure out|decide|find out|discuss further|think about)\b"),
        (1.5, r"\b(?:the|one|another|main|big|my) question (?:is|here|would be|remains)\b|\bTBD\b"),
        (
            1.0,
            r"\b(?:not (?:so |really |quite )?sure|unclear|unsure) (?:if|whether|how|what|why|when|which)\b",
        ),
    ),
}
# Whatever a rule finds has one of these in it (in small letters); most sentences have none, and cost no search.
_SIGNS: dict[Cue, tuple[str, ...]] = {
    "decision": (
        *(
            "decid",
            "decision",
            "resol",
            "agree",
            "settl",
            "conclu",
            "consensus",
            "objection",
            "everyone",
            "sounds like",
            "approv",
        ),
        *(
            "postpone",
            "reject",
            "chosen",
            "plan",
            "final",
            "then we",
            *(f"{word}{comma} we" for word in ("okay", "ok", "fine", "alright") for comma in ("", ",")),
            "let's",
            "lets",
            "we'll",
            "well",
            "we will",
        ),
        *("we should", "we shall", "we're", "we are", "we want"),
    ),
    "action": (
        *(
            "action",
            "todo",
            "to-do",
            "task",
            "i'll",
            "i will",
            "i'm ",
            "i can",
            "i am ",
            "can ",
            "could ",
            "would ",
            "will ",
        ),
        *(
            "please",
            "should",
            "need",
            "have",
            "has to",
            "must",
            "ought",
            "tomorrow",
            "tonight",
            *_WEEKDAY.split("|"),
        ),
        *("next", "follow up", "reach out", "take a look", "get back", "deadline"),
    ),
    "question": (
        *(
            "open",
            "remain",
            "still",
            "not yet",
            "know",
            "to figure",
            "to decide",
            "to find",
            "to discuss",
            "to think",
        ),
        *("question", "tbd", "sure", "unclear"),
    ),
}
_IDLE = re.compile(
    r"\b(?:share (?:my|the|your) screen|can you (?:hear|see)|mute|thank(?:s| you)|good morning|welcome|"
    r"(?:I'll|let me|can I) (?:just )?(?:start|begin)|next slide)\b",
    re.IGNORECASE,
)
_TRAILS_OFF = re.compile(r"(?:…|\.{3})\W*$")
# A name or a number: "Grafana", "DevNet 3".
_NAMED = re.compile(r"(?<=\s)(?:[A-Z]\w+|\w*\d\w*)")
_A_NAME, _MOST_NAMED = 0.1, 5
# An item says what is decided or done: shorter ones point at something said before, longer ones ramble.
FEWEST_WORDS, _MOST_WORDS = 7, 60
FEWEST_ABOUT = 4
"""Words of an item where the sentences around it tell its subject."""
# Who says who does what by when needs fewer: "I will send them tonight."
_FEWEST_OF_TASK, _A_WORD_LESS = 5, 0.75
_TASK = re.compile(
    rf"{_SOMEBODY_WILL}|^\W*I(?:'ll| will) (?:{_PROMISE})\b.*\b(?:today|tonight|tomorrow|now|by|{_WEEKDAY}|week)\b",
    re.IGNORECASE,
)


def strength(sentence: Passage, cue: Cue, language: str | None = "en", fewest: int = FEWEST_WORDS) -> float:
    """How strongly ``sentence`` reads as that kind of item: the sum of the weights of its phrases, 0 for none.

    ``language``: what is spoken around it; where that is not known to be English, cues of other languages are read too.
    ``fewest``: of shorter ones none is an item, but for a task that says who does what.
    """
    if language != "en" and not (cue == "decision" and asks(sentence.text)):
        return max(strength_elsewhere(sentence.text, cue), strength(sentence, cue, fewest=fewest))
    small = sentence.text.lower()
    if not any(sign in small for sign in _SIGNS[cue]):
        return 0.0
    words = len(sentence.text.split())
    if cue == "action" and _FEWEST_OF_TASK <= words < fewest and _TASK.search(sentence.text):
        fewest = _FEWEST_OF_TASK
    if not fewest <= words <= _MOST_WORDS:
        return 0.0
    found = sum(weight for weight, pattern in _RULES[cue] if pattern.search(sentence.text))
    # "Should we use it?" decides nothing; "Can you send it?" is a task, and a question that may stay open.
    if not found or (cue == "decision" and asks(sentence.text)):
        return 0.0
    if _IDLE.search(sentence.text) or breaks_off(sentence.text):
        return 0.0
    if cue != "action":
        return found
    # A task that names something can be done; what is not said to its end cannot. Of the actions in the minutes of the
    # two halves of 25 calls .63 and .48 are found so, .50 and .45 without (benchmarks/summary.py).
    named = min(len(_NAMED.findall(sentence.text)), _MOST_NAMED)
    short = _A_WORD_LESS * max(0, FEWEST_WORDS - words)
    return max(0.0, found + _A_NAME * named - short - bool(_TRAILS_OFF.search(sentence.text)))


def doer_of(sentence: Passage) -> str | None:
    """Who does it, where the sentence says so in as many words: "Tom will order it", "I'll send it tonight"."""
    task = _TASK.search(sentence.text)
    return None if task is None else (task["who"] or sentence.speaker or "I").casefold()


def owner_of(sentence: Passage, speakers: Sequence[str]) -> str | None:
    """Who takes the task: the speaker who says "I'll …", else the one person the sentence names, else None."""
    text = sentence.text
    if re.search(r"\bI(?:'ll| will|'m going to|'m gonna| can| am going to)\b", text) or by_who_speaks(text):
        return sentence.speaker
    named = [name for name in speakers if name != sentence.speaker and _names(sentence.text, name)]
    return named[0] if len(named) == 1 else None


def _names(text: str, speaker: str) -> bool:
    first = speaker.split()[0] if speaker.split() else ""
    return _has_word(text, speaker) or (len(first) > 2 and first[0].isupper() and _has_word(text, first))


def _has_word(text: str, name: str) -> bool:
    return name != "" and name in text and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
