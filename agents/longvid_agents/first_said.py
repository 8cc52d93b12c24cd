"""The first or the last place at which somebody speaks or something is said: found by time, and nothing is ranked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from longvid_agents.asked_of import speakers_asked
from longvid_agents.counts import said_or_heard, what_is_counted
from longvid_agents.days import day_of_video
from longvid_agents.kinds import VIDEOS, has_sign
from longvid_agents.lists import MOST_LISTED, Listed, without
from longvid_storage.db.view import View
from longvid_storage.errors import UsageError
from longvid_storage.search.memory import memory_of
from longvid_storage.search.question import named_speakers
from longvid_storage.text.stop_words import ASKING_WORDS, STOP_WORDS
from longvid_storage.types import Citation, Claim, Passage, VideoCard

_SAY = (
    r"(?:sa(?:y|ys|id)|sp(?:eaks?|oke|oken)|talk(?:s|ed)?(?: about)?|mention(?:s|ed)?"
    r"|(?:br(?:ings?|ought)|c(?:omes?|ame)) up|discuss(?:ed|es)?|refer(?:s|red)? to|named?|heard)"
)
_EDGE = r"(?:very )?(?P<edge>first|last|final)"
_ENDS = r"(?=\W*\Z| (?:about|on|of|in|at|during|from|to|regarding)\b)"  # not "last week"
_THING = re.compile(
    rf"\b(?:the |her |his |their |its )?{_EDGE} (?:things?|words|sentences?|remarks?|statement)\b",
    re.IGNORECASE,
)
_SAID_FIRST = re.compile(rf"(?<=\b){_SAY} (?:for the )?{_EDGE}(?: of all| time)?{_ENDS}", re.IGNORECASE)
_FIRST_SAID = re.compile(
    rf"(?<!\bthe )(?<!\bour )(?<!\bmy )(?<!\bin )(?<!['’]s ){_EDGE}(?= (?:{_SAY})\b)", re.IGNORECASE
)
_TIME = re.compile(rf"\b(?:for )?(?:the )?{_EDGE} (?:time|mention|occurrence|reference)\b", re.IGNORECASE)
_WHO = re.compile(
    rf"(?<=\bwho )(?:is|was) (?:the )?{_EDGE}(?: one| person| speaker)?(?: (?:to|who|that) (?={_SAY}\b)|(?=\W*\Z)"
    rf"|(?<=speaker)(?= ))",
    re.IGNORECASE,
)
_WHO_AT_END = re.compile(rf"(?<=\bwho ){_SAY} .{{1,80}}(?<!\bthe) {_EDGE}(?=\W*\Z)", re.IGNORECASE)
_OPENS = re.compile(
    r"^\W*(?:and |so )?(?:wh(?:at|en|ere|o|ich)|at what|tell|show|give|quote|find|name)\b", re.IGNORECASE
)
_SAYING = re.compile(
    rf"\b{_SAY}\b|\b(?:words|sentences?|remarks?|statement|mention|speaker)\b", re.IGNORECASE
)
# Whom it names is spoken of there.
_PASSIVE = re.compile(
    r"^\W*(?:who\b|(?:when|where|at what \w+) (?:is|was|were|has|have)\b.*\b(?:mentioned|named|brought up|discussed"
    r"|referred to|talked about|spoken of|heard)(?= *\W*\Z| (?:in|on|at|during|by)\b))",
    re.IGNORECASE,
)
_ASKING = re.compile(
    r"(?<![\w&])(?:when|who|where|whose|that|ever|things?|us|me|to|he|she|they|at|on|for|from|during|tell|show|give|quote|find|name"
    r"|words|sentences?|remarks?|statement|comes?|came|br(?:ings?|ought)|discuss(?:ed|es)?|refer(?:s|red)?|speaker"
    r"|named|heard|regarding|time|point|minute|very)(?![\w&])"
    rf"|\b(?:{VIDEOS})\b",
    re.IGNORECASE,
)
# Language → its words for first, for last, and for saying.
_ELSEWHERE = {
    "de": (
        r"zuerst|als (?:aller)?erste[rs]?|(?:das|zum|beim) ersten? mal|das erste,? (?:was|das)",
        r"zuletzt|als (?:aller)?letzte[rs]?|(?:das|zum|beim) letzten? mal|das letzte,? (?:was|das)",
        r"gesagt|sagte?|erwähn\w*|genannt|sprach|spricht|gesprochen|geredet|redete?",
    ),
    "fr": (
        r"en premier|(?:pour )?la première fois|la première chose|le premier à",
        r"en dernier|(?:pour )?la dernière fois|la dernière chose|le dernier à",
        r"dit|dire|parl\w+|mentionn\w+|évoqu\w+",
    ),
    "es": (
        r"primero(?=\W*\Z| sobre)|(?:por |la )?primera vez|lo primero(?: que)?",
        r"(?:por |la )?última vez|lo último(?: que)?",
        r"dij\w+|dice\w?|dicho|habl\w+|mencion\w+|nombr\w+",
    ),
    "it": (
        r"per prim[oa]|(?:per )?la prima volta|la prima cosa",
        r"per ultim[oa]|(?:per )?l['’]ultima volta|l['’]ultima cosa",
        r"detto|dice|disse|parl\w+|nomin\w+|menzion\w+",
    ),
    "pt": (
        r"primeiro(?=\W*\Z| sobre)|(?:pel)?a primeira vez|a primeira coisa",
        r"por último|(?:pel)?a última vez|a última coisa",
        r"diss\w+|diz\w*|fal\w+|mencion\w+|citad\w+",
    ),
    "nl": (
        r"als eerste|(?:voor )?het eerst|de eerste keer",
        r"als laatste|(?:voor )?het laatst|de laatste keer",
        r"zei|zegt|gezegd|sprak|spreekt|noemde|genoemd",
    ),
    "ru": (
        r"впервые|первым|первой|в первый раз",
        r"последним|последней|в последний раз",
        r"сказал\w*|говор\w+|упом\w+",
    ),
}
_PATTERNS = {
    language: tuple(re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE) for words in three)
    for language, three in _ELSEWHERE.items()
}
_MOST_WORDS = 5


@dataclass(frozen=True, slots=True)
class Edge:
    """Whether the ``last`` place is asked for, else the first; ``rest`` is the question without the words for it."""

    last: bool
    rest: str
    language: str


def edge_asked(question: str) -> Edge | None:
    """What a question such as "When did Tom first mention bolts?" asks for; None for any other."""
    if has_sign(question, "on screen"):
        return None
    if _OPENS.match(question) and _SAYING.search(question):
        for pattern in (_THING, _SAID_FIRST, _FIRST_SAID, _WHO, _TIME, _WHO_AT_END):
            if match := pattern.search(question):
                rest = f"{question[: match.start('edge')]} {question[match.end('edge') :]}"
                return Edge(match["edge"].casefold() != "first", " ".join(rest.split()), "en")
    for language, (first, last, say) in _PATTERNS.items():
        if say.search(question) and (match := first.search(question) or last.search(question)):
            rest = f"{question[: match.start()]} {question[match.end() :]}"
            return Edge(last.fullmatch(match.group()) is not None, " ".join(rest.split()), language)
    return None


def at_the_edge(edge: Edge, rest: str, view: View) -> Listed | None:
    """The first or last place of what is asked, by the days of the videos; in each of them where they have none.

    ``rest`` is the question without what narrowed it. None where nobody says it.
    """
    speakers = memory_of(view).facts(view).speakers
    asked: Sequence[str] = ()
    if not _PASSIVE.match(rest):
        named = named_speakers(rest, speakers)
        asked = speakers_asked(rest, speakers) or (named if len(named) == 1 else ())
    for speaker in asked:
        view = view.within(view.scope.narrowed(speaker=speaker) or view.scope)
    what = _what(without(rest, asked), edge.language)
    places = list(_mentioned(view, what, last=edge.last) if what else _spoken(view, last=edge.last))
    if not places:
        return None
    chosen, why = _by_day(places, last=edge.last)
    claims = tuple(
        Claim(
            f"{p.speaker}: {p.text}" if p.speaker and not asked else p.text,
            (Citation.of(p, card.title, card.path),),
        )
        for card, passages in chosen
        for p in passages
    )
    where = "last" if edge.last else "first"
    return Listed(claims, f"found the {where} place" + (f' of "{what}"' if what else ""), why)


def _what(rest: str, language: str) -> str:
    """What is to be mentioned; nothing where only that somebody speaks is asked."""
    if language == "en":
        left = what_is_counted(_ASKING.sub(" ", rest), "en")
    else:
        said = _PATTERNS[language][2].sub(" ", rest)
        left = what_is_counted(said, language)
    idle = STOP_WORDS.get(language, frozenset()) | ASKING_WORDS.get(language, frozenset())
    words = left.strip(" ¿?.!,").split()
    telling = [word for word in words if not idle.issuperset(re.split("['’-]", word.casefold()))]
    return " ".join(words if language == "en" and telling else telling)


_Places = tuple[VideoCard, list[Passage]]


def _spoken(view: View, *, last: bool) -> Iterator[_Places]:
    """The first or last sentences of each video that were said as one: up to the second day on which anybody speaks, or
    of so many as are told where a video has no day. The rest is not read."""
    cards = view.cards()
    days = {card.video_id: day_of_video(card) or "" for card in cards}
    dated = all(days.values())
    if dated or len(cards) > MOST_LISTED:  # those without a day first
        cards.sort(key=lambda card: days[card.video_id], reverse=last and dated)
    seen: list[str] = []
    for card in cards:
        passages = view.passages_of(card.video_id, ["speech"])
        if passages:
            edge = (max if last else min)(passages, key=lambda p: (p.start_s, p.id))
            yield card, [p for p in passages if (p.start_s, p.end_s) == (edge.start_s, edge.end_s)]
            seen.append(days[card.video_id])
            enough = seen[-1] != seen[0] if dated else len(seen) > MOST_LISTED
            if enough:
                return


def _mentioned(view: View, what: str, *, last: bool) -> Iterator[_Places]:
    """The first or last mention in each video: of the words as they stand, else of all of them in one passage."""
    from longvid_storage.search.mentions import mentions

    words = what.split()
    try:
        groups = said_or_heard(mentions(view, [what]))
        if not groups and 1 < len(words) <= _MOST_WORDS:
            groups = said_or_heard(mentions(view, words), fewest_terms=len(words))
    except UsageError:  # no word to look for
        return
    cards = {card.video_id: card for card in view.cards()}
    edges = {group.video_id: group.mentions[-1 if last else 0].passage_ids for group in groups}
    found = {p.id: p for p in view.passages([each for ids in edges.values() for each in ids])}
    for video_id, ids in edges.items():
        yield cards[video_id], [found[each] for each in ids if each in found]


def _by_day(places: Sequence[_Places], *, last: bool) -> tuple[list[_Places], tuple[str, ...]]:
    """Those of the oldest or newest day; all, and a note, where a video has no day."""
    days = [day_of_video(card) for card, _ in places]
    if len(places) == 1:
        return list(places), ()
    where = "last" if last else "first"
    known = [day for day in days if day]
    if len(known) < len(places):
        return list(places[:MOST_LISTED]), (
            f"Not all of them have a day, so the {where} place in each is told.",
        )
    day = (max if last else min)(known)
    note = f"The {where} by the days of the videos, of {day}."
    return [place for place, its in zip(places, days, strict=True) if its == day], (note,)
