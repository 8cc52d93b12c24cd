"""How often and in which videos something is said or shown, or somebody speaks: counted as ``mentions`` counts, every
place cited.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from longvid_agents.asked_of import speakers_asked
from longvid_agents.kinds import VIDEOS, WHICH_VIDEOS, has_sign
from longvid_agents.lists import OWN, Listed, cited, places_cited, without
from longvid_storage.db.view import View
from longvid_storage.errors import UsageError
from longvid_storage.search.memory import memory_of
from longvid_storage.search.question import named_speakers
from longvid_storage.text.analysis import analyse
from longvid_storage.text.languages import guess_language
from longvid_storage.text.stop_words import STOP_WORDS
from longvid_storage.types import Citation, Claim, Passage

if TYPE_CHECKING:
    from longvid_storage.search.mentions import VideoMentions

_COUNT_WORDS = re.compile(
    r"\b(?:how|many|often|times?|number|in|which|what|of|the|my|our|videos?|meetings?|lectures?|talks?|calls?"
    r"|recordings?|files?|is|are|was|were|does|do|did|has|have|been|they|anyone|anybody|somebody|someone|we|it|there"
    r"|mention(?:s|ed)?|sa(?:y|ys|id)|talk(?:s|ed)?|discuss(?:es|ed)?|speaks?|spoken?|cover(?:s|ed)?|contains?"
    r"|about|appears?|comes?|come up|up|hear[ds]?|word|name|term|phrase|altogether|total)\b",
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
# The same in Chinese, Japanese and Korean, which put no spaces around it.
_SAID_ZH = "(?:提到|提及|说到|說到|讲到|講到|出现|出現|说|說|讲|講)(?:过|過|了)?"
_TIMES_ZH = "(?:多少次|几次|幾次)"
_COUNT_WORDS_UNSPACED = re.compile(
    rf"(?:被|一共|总共|總共){{0,2}}{_SAID_ZH}{_TIMES_ZH}.*\Z|\A\W*(?:一共|总共|總共)?(?:{_TIMES_ZH}(?:被)?)?{_SAID_ZH}|{_TIMES_ZH}\W*\Z"
    r"|(?:という)?(?:言葉|単語|名前)?(?:は|が|を|について)?(?:何回|何度).*\Z"
    r"|(?:이|가|은|는|을|를)?\s?몇 ?번.*\Z",
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
    r"\bhow (?:many times|often) (?:does|do|did|has|have) .*\b(?:speak|talk|spoken|say something)"
    rf"(?: (?:in|at|during)(?: the| this| that| our| my)?(?: \w+){{0,3}} (?:{VIDEOS}))?\W*$"
    r"|^\W*(?:wie oft (?:spricht|redet|sprach|redete)|combien de fois parle|cu[aá]ntas veces habla"
    r"|quante volte parla|quantas vezes fala|сколько раз говорит) \S+(?: \S+)?\W*$",
    re.IGNORECASE,
)


def counted(question: str, view: View) -> Listed | None:
    """How often, or in which videos, something is said or shown; None when that is not asked, or it is nowhere."""
    often = has_sign(question, "times")
    at_all = _MENTIONED.match(question) or _EVERY.match(question)
    if _SPEAKS.search(question):
        return _spoken(question, view)
    if not (often or at_all or has_sign(question, "in which videos")):
        return None
    from longvid_storage.search.mentions import mentions

    speakers = speakers_asked(question, memory_of(view).facts(view).speakers)
    for speaker in speakers:
        view = view.within(view.scope.narrowed(speaker=speaker) or view.scope)
    asked = next(filter(None, at_all.groups())) if at_all else question
    rest = what_is_counted(without(asked, speakers))
    wanted = _QUOTED.findall(question) or ([rest] if rest else [])
    try:
        groups = said_or_heard(mentions(view, wanted)) if wanted else []
    except UsageError:  # no word to count
        return None
    titled = [] if often else _titled(wanted, view, {group.video_id for group in groups})
    if not groups and not titled:
        return None
    what = ", ".join(f'"{term}"' for term in wanted)
    claims = []
    most, first_cited = places_cited([len(group.mentions) for group in groups], "video")
    places = [dict.fromkeys(i for p in group.mentions[:most] for i in p.passage_ids) for group in groups]
    passages = {passage.id: passage for passage in view.passages([i for its in places for i in its])}
    for group, its in zip(groups, places, strict=True):
        found = [passages[i] for i in its if i in passages]
        claims.append(
            Claim(f"{what}: {times(group.count)} in {group.title}", cited(found, group.title, group.path))
        )
    claims += titled
    total = sum(group.count for group in groups)
    whose = "".join(f" by {speaker}" for speaker in speakers)
    note = f"{what}: {times(total)}{whose} in {len(groups)} video{'s' * (len(groups) != 1)}, none left out."
    if titled and not groups:
        note = f"{what}: nowhere said or shown, in the title of {len(titled)}."
    elif titled:
        note += f" {len(titled)} more {'have' if len(titled) > 1 else 'has'} it in the title."
    return Listed(tuple(claims), f"counted every mention of {what}", (f"{note} {first_cited}".rstrip(),))


def said_or_heard(groups: list[VideoMentions], fewest_terms: int = 1) -> list[VideoMentions]:
    """What is said or shown, without the sounds that are called so; these where it is neither said nor shown.

    Only places that have so many of the terms.
    """
    for kinds in (("speech", "screen", "translation"), ("sound",)):
        found = []
        for group in groups:
            places = tuple(p for p in group.mentions if p.kind in kinds and len(p.terms) >= fewest_terms)
            if places:
                found.append(replace(group, mentions=places, count=sum(place.count for place in places)))
        if found:
            return found
    return []


def what_is_counted(question: str, language: str | None = None) -> str:
    """The question without the words that ask for a count or for videos; its language is guessed if not given."""
    language = language or guess_language(question)
    if language in ("zh", "ja", "ko"):
        question = _COUNT_WORDS_UNSPACED.sub(" ", question)
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
            first = view.edge_of(card.video_id, OWN)
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
    scopes = {name: view.scope.narrowed(speaker=name) for name in named}
    views = {name: view.within(theirs) for name, theirs in scopes.items() if theirs is not None}
    counts = Counter[str]()
    for name, own in views.items():
        for (video_id, speaker), count in own.utterance_counts().items():
            counts[video_id] += count if speaker == name else 0
    most, first_cited = places_cited([*counts.values()], "video")
    said = defaultdict[str, list[Passage]](list)
    for name, own in views.items():
        for passage in own.passages_of_all(["speech"], places=most if first_cited else None):
            if passage.speaker == name:
                said[passage.video_id].append(passage)
    claims, total = [], 0
    for card in view.cards() if said else ():
        passages, count = said.get(card.video_id, []), counts[card.video_id]
        if passages and count:
            total += count
            text = f"{', '.join(named)} speaks {times(count)} in {card.title}"
            # Two sentences of one utterance are at one place.
            passages.sort(key=lambda p: (p.start_s, p.end_s, p.id))
            places = list({(p.start_s, p.end_s): p for p in passages}.values())[
                : most if first_cited else None
            ]
            claims.append(Claim(text, cited(places, card.title, card.path)))
    if not claims:
        return None
    note = f"{times(total).capitalize()} in all. {first_cited}".rstrip()
    return Listed(tuple(claims), f"counted what {', '.join(named)} says", (note,))
