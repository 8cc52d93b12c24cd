"""Questions that a list answers, complete and without a model: which videos there are and how long, how often and where
something is said, what was decided, what is said at a time.

Nothing is ranked: mentions are counted as ``mentions`` counts them, and every place is cited.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby

from longvid_agents.asked_of import about_them, speakers_asked
from longvid_agents.cues_elsewhere import Cue, asked_elsewhere
from longvid_agents.days import day_of_video
from longvid_agents.kinds import WHICH_VIDEOS, has_sign, shortest_asked
from longvid_agents.lengths import length_asked
from longvid_agents.question import QuestionPlan, Term, make_plan
from longvid_agents.whole import asks_whole
from longvid_storage.db.view import View
from longvid_storage.errors import UsageError
from longvid_storage.search.lexical import matching
from longvid_storage.search.memory import memory_of
from longvid_storage.search.question import named_speakers
from longvid_storage.text.analysis import analyse, query_terms
from longvid_storage.text.languages import guess_language
from longvid_storage.text.mmr import central
from longvid_storage.text.sentences import asks
from longvid_storage.text.stop_words import STOP_WORDS
from longvid_storage.text.timecode import format_time
from longvid_storage.types import Citation, Claim, Passage, VideoCard

MOST_SAID = 8
"""Sentences told of a stretch or a speaker; a note says how many there are."""
_FEWEST_WORDS, _COMPARED = 5, 1000
"""Shorter sentences are interjections; so many are compared with each other at most."""
_TO_DO = re.compile(r"\bask(?:s|ed|ing)?\b.+\bto\b", re.IGNORECASE)
_REQUESTS = re.compile(
    r"\b(?:please|(?:can|could|would|will) (?:you|someone|somebody)|bitte|por favor|s['’]il (?:te|vous) pla[iî]t)\b",
    re.I,
)
_WHAT_IS_ASKED = re.compile(r"\bask(?:s|ed|ing)?\b|\bquestions?\b", re.IGNORECASE)
MOST_ITEMS = 5
MOST_VIDEOS = 100
_AROUND_S = 20.0
_OWN = ("screen", "sound", "speech")
_COUNT_WORDS = re.compile(
    r"\b(?:how|many|often|times?|number|in|which|what|of|the|my|our|videos?|meetings?|lectures?|talks?|calls?"
    r"|recordings?|files?|is|are|was|were|does|do|did|has|have|been|they|anyone|anybody|somebody|someone|we|it|there"
    r"|mention(?:s|ed)?|sa(?:y|ys|id)|talk(?:s|ed)?|discuss(?:es|ed)?|speaks?|spoken?|cover(?:s|ed)?|contains?"
    r"|about|appears?|comes?|come up|up|word|name|term|phrase|altogether|total)\b",
    re.IGNORECASE,
)
_COUNT_WORDS_ELSEWHERE = re.compile(
    r"\b(?:oft|erwähn\w*|genannt|gesagt|fällt|kommt|wort|begriff|geht|welche\w*|aufnahmen?|besprechung\w*"
    r"|vorlesung\w*|gesprochen|rede"
    r"|combien|fois|mentionn\w*(?:-t)?(?:-on)?|prononc\w*|parl\w*(?:-t)?(?:-on)?|mot|quel\w*|vidéos?|réunions?|cu[aá]nt\w*"
    r"|veces|menciona\w*|nombra\w*"
    r"|dice\w*|dicho|habla\w*|palabra|v[ií]deos?|reuni\w+|quant\w*|volte|viene|menzion\w*|nomina\w*|detto|parola"
    r"|quali|vezes"
    r"|citad\w*|fala\w*|palavra|quais|сколько|раза?|упомина\w*|упомян\w*|говор\w*|сказа\w*|слово|как\w*|видео)\b",
    re.IGNORECASE,
)
# "Did anyone mention Satoshi?", "Is Satoshi mentioned?"
_MENTIONED = re.compile(
    r"^\W*(?:did|does|do|has|have) (?:any(?:one|body)|some(?:one|body)|they|people|we) (?:ever )?"
    r"(?:mention(?:ed)?|br(?:ing|ought) up|(?:talk(?:ed)?|sp(?:eak|oke|oken)) (?:about|of)"
    r"|sa(?:y|id) (?:anything|something) about)\s{1,9}(?P<what>[^?]{1,80}?)\W*$"
    r"|^\W*(?:is|are|was|were) (?:there any mention of )?(?P<that>[^?]{1,80}?) (?:ever )?(?:mentioned|brought up)\W*$",
    re.IGNORECASE,
)
# "List every mention of Satoshi", "all the places where Satoshi is mentioned"
_EVERY = re.compile(
    r"^\W*(?:(?:please )?(?:list|show|find|give|tell)(?: me)? )?(?:all|every|each)(?: of)?(?: the)? "
    r"(?:mentions?|places?|occurrences?|times?|moments?|instances?)(?: of| where| when| in which| that)? "
    r"(?P<what>[^?]{1,80}?)(?: (?:is|are|was|were|gets?|comes?)(?: being)? "
    r"(?:mentioned|said|named|shown|spoken of|up))?\W*$",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[\"“„«「]([^\"“”„«»「」]{1,80})[\"”“»」]")
_SPEAKS = re.compile(
    r"\bhow (?:many times|often) (?:does|do|did|has|have) .*\b(?:speak|talk|spoken|say something)\W*$", re.I
)
_LISTS = re.compile(
    r"^\W*(?:what|which|list|show|give|tell|any|are there|were there|summari[sz]e|was|welche[nrs]?|wozu|qu['’]"
    r"|quel(?:le)?s?"
    r"|quoi|qué|cuáles|cosa|che|quali|o que|quais|wat|welke|что|каки[ех]|какое)\b|什么|什麼|哪些|何|무엇",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"\W*(?:(?:and|but|or|so|then|what about|how about|und|aber|et|mais|y|pero)\b|(?:why|when|where|who"
    r"|really)\W*\Z)",
    re.IGNORECASE,
)
_ASK_IN_FULL = (
    "The question names nothing to look for and seems to go on with another one: ask in full, or in a chat."
)
_CUES: tuple[tuple[Cue, re.Pattern[str]], ...] = (
    ("action", re.compile(r"\b(?:action (?:items?|points?)|to-?dos?|next steps?)\b", re.IGNORECASE)),
    (
        "question",
        re.compile(
            r"\b(?:(?:open|unresolved|unanswered) (?:questions?|issues?|points?)"
            r"|(?:questions?|issues?|points?) (?:are |were |is |was )?(?:still |left |remain(?:s|ed)? )?"
            r"(?:open|unanswered)"
            r"|unresolved)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "decision",
        re.compile(
            r"\b(?:decid(?:e|ed|ing)|decisions?(?: (?:were|was|are|is) (?:made|taken|reached))?)\b",
            re.IGNORECASE,
        ),
    ),
)
_CUES_OF_SOMEBODY: tuple[tuple[Cue, re.Pattern[str]], ...] = (
    (
        "action",
        re.compile(
            r"\b(?:promis(?:e[sd]?|ing)|commit(?:s|ted)? to|commitments?|volunteer(?:ed)? (?:to|for)"
            r"|tak(?:e|es|ing) on|took on|tasks?|homework"
            r"|(?:should|will|must|shall) +do|(?:supposed|going|has|have|had|needs?) to do)\b",
            re.IGNORECASE,
        ),
    ),
    ("decision", re.compile(r"\bagree(?:d|s)? (?:to|on)\b", re.IGNORECASE)),
)
# What is left where a list is asked for by its name alone: "action items for Ada".
_BARE = re.compile(
    r"\W*(?:(?:the|all|any|our|my|of|for|by|from)\b\W*)*(?:(?:on|about|regarding)\b.*)?\Z", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Listed:
    """The claims of a list, what was done for it (for the trail) and what its reader must know."""

    claims: tuple[Claim, ...]
    did: str
    notes: tuple[str, ...] = ()


def held(question: str, view: View) -> Listed | None:
    """The scope's videos and their lengths; None when neither is asked. Each is cited by where it begins or ends."""
    short, of_length = shortest_asked(question), length_asked(question)
    lengths = has_sign(question, "how long") or short is not None or of_length is not None
    if not lengths and not has_sign(question, "the videos"):
        return None
    claims, total_s = [], 0.0
    cards = view.cards()
    of_all = len(cards)
    if short is not None and cards:
        edge_s = (min if short else max)(card.duration_s for card in cards)
        cards = [card for card in cards if card.duration_s == edge_s]
    if of_length is not None:
        cards = [card for card in cards if of_length.fits(card.duration_s)]
    for number, card in enumerate(cards):
        total_s += card.duration_s
        if number < MOST_VIDEOS and (passages := view.passages_of(card.video_id, _OWN)):
            edge = max(passages, key=lambda p: p.end_s) if lengths else passages[0]
            text = f"{card.title} lasts {format_time(card.duration_s)}."
            claims.append(Claim(text, (Citation.of(edge, card.title, card.path),)))
    if not claims and of_length is None:
        return None
    note = f"{len(cards)} video{'s' * (len(cards) != 1)}, {format_time(total_s)} in all."
    if of_length is not None:
        note = f"{len(cards)} of {of_all} videos {'is' if len(cards) == 1 else 'are'} {of_length.told}."
    if short is not None:
        note = f"The {'shortest' if short else 'longest'} of {of_all} videos."
    left = min(len(cards), MOST_VIDEOS) - len(claims)
    more = f" {left} of them hold no words that could be cited." if left else ""
    more += f" The first {MOST_VIDEOS} are listed." if len(cards) > MOST_VIDEOS else ""
    return Listed(tuple(claims), "listed the videos", (note + more,))


def counted(question: str, view: View) -> Listed | None:
    """How often, or in which videos, something is said or shown; None when that is not asked, or it is nowhere."""
    often = has_sign(question, "times")
    at_all = _MENTIONED.match(question) or _EVERY.match(question)
    if not (often or at_all or has_sign(question, "in which videos")):
        return None
    from longvid_storage.search.mentions import mentions

    if often and _SPEAKS.search(question):
        return _spoken(question, view)
    speakers = speakers_asked(question, memory_of(view).facts(view).speakers)
    for speaker in speakers:
        view = view.within(view.scope.narrowed(speaker=speaker) or view.scope)
    asked = next(filter(None, at_all.groups())) if at_all else question
    rest = _what_is_counted(_without(asked, speakers))
    wanted = _QUOTED.findall(question) or ([rest] if rest else [])
    try:
        groups = mentions(view, wanted) if wanted else []
    except UsageError:  # no word to count
        return None
    titled = [] if often else _titled(wanted, view, {group.video_id for group in groups})
    if not groups and not titled:
        return None
    what = ", ".join(f'"{term}"' for term in wanted)
    claims = []
    for group in groups:
        ids = dict.fromkeys(i for place in group.mentions for i in place.passage_ids)
        cited = (Citation.of(p, group.title, group.path) for p in view.passages(list(ids)))
        claims.append(Claim(f"{what}: {times(group.count)} in {group.title}", tuple(cited)))
    claims += titled
    total = sum(group.count for group in groups)
    whose = "".join(f" by {speaker}" for speaker in speakers)
    note = f"{what}: {times(total)}{whose} in {len(groups)} video{'s' * (len(groups) != 1)}, none left out."
    if titled and not groups:
        note = f"{what}: nowhere said or shown, in the title of {len(titled)}."
    elif titled:
        note += f" {len(titled)} more {'have' if len(titled) > 1 else 'has'} it in the title."
    return Listed(tuple(claims), f"counted every mention of {what}", (note,))


def _what_is_counted(question: str) -> str:
    """The question without the words that ask for a count or for videos."""
    language = guess_language(question)
    if language in (None, "en", "zh", "ja", "ko"):
        question = re.sub(WHICH_VIDEOS, " ", question, flags=re.IGNORECASE)
        return " ".join(_COUNT_WORDS.sub(" ", question).strip(" ?？.!").split())
    words = _COUNT_WORDS_ELSEWHERE.sub(" ", question).strip(" ¿?？.!").split()
    stops = STOP_WORDS.get(str(language), frozenset())
    return " ".join(word for word in words if word.casefold() not in stops)


def _titled(wanted: Sequence[str], view: View, known: Collection[str]) -> list[Claim]:
    """The videos that have it in their title alone, each cited by where it begins."""
    runs = [set(analyse(term, None)) for term in wanted]
    claims = []
    for card in view.cards():
        words = set(analyse(card.title, None))
        if card.video_id not in known and any(run and run <= words for run in runs):
            first = next(iter(view.passages_of(card.video_id, _OWN)), None)
            if first is not None:
                claims.append(
                    Claim(f"{card.title} has it in its title", (Citation.of(first, card.title, card.path),))
                )
    return claims


def times(count: int) -> str:
    """ "once", "3 times"."""
    return "once" if count == 1 else f"{count} times"


def _spoken(question: str, view: View) -> Listed | None:
    """How many utterances a named speaker has in each video."""
    named = named_speakers(question, memory_of(view).facts(view).speakers)
    claims, total = [], 0
    for card in view.cards():
        own = [p for p in view.passages_of(card.video_id, ["speech"]) if p.speaker in named]
        utterances = [u for u in view.utterances(card.video_id) if u.speaker in named]
        inside = [u for u in utterances if view.scope.touches(u.start_s, u.end_s)]
        if own and inside:
            total += len(inside)
            text = f"{', '.join(named)} speaks {times(len(inside))} in {card.title}"
            # Two sentences of one utterance are at one place.
            places = {(p.start_s, p.end_s): p for p in own}.values()
            claims.append(Claim(text, tuple(Citation.of(p, card.title, card.path) for p in places)))
    if not claims:
        return None
    return Listed(
        tuple(claims), f"counted what {', '.join(named)} says", (f"{times(total).capitalize()} in all.",)
    )


def minutes(plan: QuestionPlan, view: View) -> Listed | None:
    """Decisions, action items or open questions, of those about the question's subject; None when that is not asked.

    Of a speaker whom the question names: what they decided or asked, and what they take on.
    """
    named = named_speakers(plan.question, memory_of(view).facts(view).speakers)
    question = _without(plan.question, named)
    cue, rest = next(
        (
            (cue, pattern.sub(" ", question))
            for cue, pattern in (*_CUES, *(_CUES_OF_SOMEBODY if named else ()))
            if pattern.search(question)
        ),
        asked_elsewhere(question) or (None, ""),
    )
    if cue is None or not (_LISTS.search(question) or _BARE.match(rest)):
        return None
    from longvid_agents.cues import owner_of
    from longvid_agents.summarise import strongest

    subject = make_plan(rest) if any(map(str.isalnum, rest)) else None
    terms = () if subject is None or asks_whole(subject, []) else subject.terms
    cards = sorted(view.cards(), key=lambda card: (day_of_video(card) or "", card.title))
    asked = {term.text for term in terms}
    titled = [card for card in cards if terms and asked <= set(analyse(card.title, plan.language))]
    if titled:  # "the decisions of the harbour board"
        cards, terms = titled, ()
    of_video = _about(view, terms) if terms else None
    claims = []
    for card in cards:
        if of_video is None:
            about = view.passages_of(card.video_id, ["speech"])
        elif not (about := of_video.get(card.video_id, [])):
            continue
        if named:
            there = sorted({p.speaker for p in view.passages_of(card.video_id, ["speech"]) if p.speaker})
            about = [p for p in about if (owner_of(p, there) if cue == "action" else p.speaker) in named]
        items = strongest(about, cue, MOST_ITEMS, about=of_video is not None)
        claims += [Claim(p.text, (Citation.of(p, card.title, card.path),)) for p in items]
    whose = f" of {', '.join(named)}" if named else ""
    return Listed(tuple(claims), f"listed by cue phrases: {cue}{whose}") if claims else None


def _without(question: str, names: Sequence[str]) -> str:
    """The question without people's names, in full and in part."""
    for name in names:
        for part in [name, *name.split()]:
            question = re.sub(rf"(?<!\w){re.escape(part)}(?:['’]s)?(?!\w)", " ", question)
    return question


def _about(view: View, terms: Sequence[Term]) -> dict[str, list[Passage]]:
    """Of each video what has all of the subject's words in it or, some in it, within a breath of it, in time order.

    The word index names what has them: reading all that is said in 163 meetings took six seconds a question.
    """
    languages = memory_of(view).facts(view).languages
    held = []
    for term in terms:
        words = (analyse(term.word, language) for language in languages)
        forms = {term.text, *(each[0] for each in words if len(each) == 1)}
        held.append(matching(view, [[form] for form in sorted(forms)], ["speech"]))
    has: defaultdict[int, set[str]] = defaultdict(set)
    for key in set.intersection(*map(set, held)):
        for term, found in zip(terms, held, strict=True):
            for passage_id in found[key]:
                has[passage_id].add(term.text)
    passages = sorted(view.passages(list(has)), key=lambda p: (p.video_id, p.start_s))
    wanted, chosen = {term.text for term in terms}, defaultdict[str, list[Passage]](list)
    for video_id, group in groupby(passages, key=lambda p: p.video_id):
        said = list(group)
        for passage in said:
            near = (has[p.id] for p in said if abs(p.start_s - passage.start_s) <= _AROUND_S)
            if set().union(*near) >= wanted:
                chosen[video_id].append(passage)
    return chosen


def nothing_named(plan: QuestionPlan) -> Listed | None:
    """Of a question that only goes on with another one ("And in the other meeting?"): what to do; else None."""
    if not _GOES_ON.match(plan.question) or not asks_whole(plan, []):
        return None
    return Listed((), "it names nothing", (_ASK_IN_FULL,))


def told(plan: QuestionPlan, view: View, *, timed: bool) -> Listed | None:
    """What is said in a stretch that the question names, or by the speaker whom it names, when it asks nothing else.

    Of many sentences those that say most are told, of what somebody asks only questions.
    """
    speakers = memory_of(view).facts(view).speakers
    named = named_speakers(plan.question, speakers)
    if about_them(plan.question, named):
        return None
    asked = speakers_asked(plan.question, speakers)
    rest = _without(plan.question, [*named, *asked, *map(str.lower, asked)]).strip(" ?.!")  # "the host"
    named = asked or named
    if not (timed or named) or (rest and not asks_whole(make_plan(rest), [])):
        return None
    found: list[tuple[VideoCard, Passage]] = []
    for card in view.cards():
        passages = view.passages_of(card.video_id, ["speech"]) or view.passages_of(card.video_id, ["screen"])
        found += [(card, p) for p in passages if not named or p.speaker in named]
    if not found:
        return None
    if _WHAT_IS_ASKED.search(plan.question):
        wanted = _REQUESTS.search if _TO_DO.search(plan.question) else asks
        found = [(card, p) for card, p in found if wanted(p.text)] or found
    chosen = _telling(found)
    claims = tuple(
        Claim(
            f"{p.speaker}: {p.text}" if p.speaker and not named else p.text,
            (Citation.of(p, card.title, card.path),),
        )
        for card, p in chosen
    )
    more = (
        (f"{len(chosen)} of {len(found)} sentences, those that say most.",) if len(found) > MOST_SAID else ()
    )
    return Listed(claims, "told what is said there", more)


def _telling(found: Sequence[tuple[VideoCard, Passage]]) -> list[tuple[VideoCard, Passage]]:
    """Those of many sentences that say most of what all of them do, as they come."""
    if len(found) <= MOST_SAID:
        return list(found)
    long = [each for each in found if len(each[1].text.split()) >= _FEWEST_WORDS] or list(found)
    among = long[:_COMPARED]
    return [among[row] for row in central([query_terms(p.text) for _, p in among], MOST_SAID)]
