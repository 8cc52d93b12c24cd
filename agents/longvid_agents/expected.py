"""What kind of thing a question asks for, and which sentences name one: a day for "when", an amount for "how many".

Answer types are the oldest sign of question answering (Li & Roth 2002, "Learning question classifiers"); here they are
read by patterns and are one sign among the others of ``scoring``: a sentence without one may still answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_agents import prices
from longvid_agents.who_is import identified
from longvid_storage.text.analysis import analyse
from longvid_storage.text.dates import MONTH_NAME, WEEKDAY_NAME
from longvid_storage.text.stop_words import STOP_WORDS
from longvid_storage.types import Passage

Array = NDArray[Any]

_UNITS = (
    r"(?:milli|micro|nano)?sec(?:ond)?s?|min(?:ute)?s?|hours?|days?|nights?|weeks?|weekends?|months?|quarters?|years?"
    r"|decades?|centur(?:y|ies)|sekunden?|minuten?|stunden?|tagen?|wochen?|monaten?|jahren?|secondes?|heures?|jours?"
    r"|semaines?|mois|ans?|années?|segundos?|minutos?|horas?|d[ií]as?|semanas?|meses|años?|anos?"
)
# "At seven", "by half past nine in the evening"; not "at one point".
_CLOCK = (
    r"(?:at|by|around|about|until|since|before|after|from) (?:(?:half|quarter|ten|twenty|five) (?:past|to) )?"
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
    r"(?:[ -](?:fifteen|twenty|thirty|forty|forty[ -]five|a\.?m|p\.?m))?"
    r"(?=\W*\Z|[,.;:!?]| (?:in the|on|and|or|tomorrow|today|tonight|sharp|every|each|to|until|till|instead)\b)"
)
# Nothing here repeats without end: of a passage of 600 digits each would be tried as a beginning, and as an end.
_NUMBER = (
    r"\d[\d.,:]{0,30}+|(?:half|several|a few|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w{1,9}teen"
    r"|(?:twen|thir|for|fif|six|seven|eigh|nine)ty(?:[- ]\w{1,20})?|hundreds?|thousands?|millions?|billions?|dozens?"
    r"|twice|once|none|one|zero|halb\w{0,9}|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|\w{1,19}zig|hundert"
    r"|tausend|deux|trois|quatre|cinq|sept|huit|neuf|dix|douze|vingt|trente|cent|mille"
    r"|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|doce|veinte|treinta|cien|mil)\b"
)
# "One of the key things", "this one", "no one" and "one could say" count nothing.
_ONE_OF_THEM = (
    r"(?:(?<=\bthat )|(?<=\bthis )|(?<=\bthe )|(?<=\bno )|(?<=\bevery )|(?<=\beach )|(?<=\bany )|(?<=\bwhich )"
    r"|(?<=\banother )|(?<=\bother ))one\b"
    r"|\bone (?:of|or|another|way|thing|day|could|can|would|should|might|has|is|was|that|who|which)\b"
)
_COINS = (
    r"dollars?|euros?|pounds?|bucks?|quid|cents?|pence|francs?|yen|yuan|rupees?|pesos?|crowns?|kron(?:a|e|er|or)|z[łl]oty"
    r"|dólares?|libras?|livres?|centimes?|rubles?|roubles?|franken|rappen|franchi|francos|sterline|reais|kronen|coronas"
)
_WEEKDAY = rf"(?:{WEEKDAY_NAME})s?"
TYPES = {
    "time": re.compile(
        rf"(?!\bfirst of all\b)\b(?:{_WEEKDAY}|{MONTH_NAME}|q[1-4]|\d{{1,2}}(?:st|nd|rd|th)|(?:1[0-9]|20)\d\ds?"
        r"|(?:\w+th|first|second|third) (?:of|quarter|week|half)|tomorrow|yesterday|tonight|midnight|noon"
        r"|morgen|gestern|heute|demain|hier|mañana|ayer"
        r"|(?:morgen|mittag|abend|nacht|vormittag|nachmittag)s|täglich|(?:le|du) (?:matin|soir)"
        r"|por la (?:mañana|tarde|noche)"
        r"|(?:di|la) (?:mattina|sera|notte)|(?:de|à) (?:manhã|tarde|noite)|утром|вечером|днём|ночью"
        r"|(?:next|last|this|coming) (?:week|month|year|quarter|spring|summer|autumn|fall|winter|time)"
        r"|(?:in|at|by|around|since|until) \d[\d:.]*|(?:\d+|an?|half an) (?:years?|months?|weeks?|days?|hours?) ago"
        rf"|{_CLOCK}"
        rf"|(?:in|within|after) (?:about |around |like )?(?:(?:{_NUMBER})|an?|half an) (?:{_UNITS})"
        rf"|(?:{_NUMBER}) (?:{_UNITS}) (?:ago|from now|later)|o['’]clock"
        r"|(?:this|\w+day|next|last|every|in the) (?:morning|afternoon|evening|night)"
        r"|(?:in|during|each|every) (?:the )?(?:spring|summer|autumn|fall|winter)|frühjahr|frühling|sommer|herbst"
        r"|winter|printemps|en été|automne|hiver|primavera|verano|otoño|invierno"
        r"|nächste[nrs]? (?:woche|monat|jahr)|semaine prochaine|próxima semana)\b"
        r"|\d\s?(?:a\.?m|p\.?m|uhr)\b|(?<!\d)\d{1,2}\.\s(?:\d{1,2}\.|[A-ZÄÖÜ])|[年月日]",
        re.IGNORECASE,
    ),
    "duration": re.compile(
        rf"(?:{_NUMBER})[\s-]{{0,9}}(?:\w{{1,40}} )?(?:{_UNITS})\b|\b(?:overnight|all (?:day|night)|forever|an hour"
        r"|a (?:day|week|month|year|minute|second)|(?:eine?|une?|una?) (?:stunde|tag|woche|heure|hora))\b"
        r"|[两三四五六七八九十\d](?:个)?(?:小时|分钟|天|周|年)",
        re.IGNORECASE,
    ),
    "amount": re.compile(rf"(?<![\w-])(?!{_ONE_OF_THEM})(?:{_NUMBER})|[一二两三四五六七八九十百千万亿]", re.IGNORECASE),
    "money": re.compile(
        r"[$€£¥]\s?\d|\d[\d.,]{0,30}+\s?(?:[$€£¥]|[km]?\s?(?:dollars?|euros?|pounds?|bucks?|cents?|franc\w*|yen|usd|eur)\b)"
        rf"|\b(?:{_NUMBER}|an?)(?: (?:hundred|thousand|million|billion|and a half))?[ -](?:{_COINS})\b"
        rf"|\b{prices.NUMBER_WORDS}[ -](?:{_COINS})\b|\b(?:{prices.FREE})\b"
        # "A kilo is four fifty", "four fifty a kilo"
        rf"|\b(?:an?|one|each|every) \w{{1,20}} (?:is|costs?|for|at) (?:{_NUMBER})(?: (?:{_NUMBER}))?(?=\W|\Z)(?! \w)"
        rf"|\b(?:is|are|costs?|for|at) (?:{_NUMBER})(?: (?:{_NUMBER}))? (?:an?|per|each|every) \w"
        r"|\b(?:free|hundred|thousand|million)\b|(?<!\bin )(?<!\bsince )(?<!\buntil )\b\d[\d.,]{1,29}\d"
        r"|\b(?!(?:1[5-9]|20)\d\d\b)\d[\d.,]{1,29}\d",
        re.IGNORECASE,
    ),
    "version": re.compile(r"\b(?:version|release)\s+\d|\bv?\d+(?:\.\d+)+", re.IGNORECASE),
    # Two words behind it at least: "what those letters stand for" tells nothing.
    "expansion": re.compile(r"\b(?:stands?|short|abbreviation|acronym) (?:for|of)\W+\w+\W+\w", re.IGNORECASE),
    "reason": re.compile(
        r"\b(?:because|since (?:it|we|they|s?he|I|you|this|that|there)|reasons?|due to|so that|in order to"
        r"|caus(?:e[sd]?|ing)|therefore|that['’]s why|that is why|which is why|results? (?:from|in)|turns? out"
        r"|problem (?:is|was)|it['’]s the|weil|denn|damit|grund|deshalb|wegen|parce que|car|afin|porque|para que|debido"
        r"|потому|чтобы|из-за)\b|因为|所以|为了",
        re.IGNORECASE,
    ),
    "person": re.compile(
        rf"(?<=[\w,;] )(?<!\b[Ii]n )(?<!\b[Aa]t )(?!(?i:{_WEEKDAY}|{MONTH_NAME})\b)[A-Z][a-zà-ÿ]+\b(?! \d)"
        r"|\b[A-Z][a-zà-ÿ]+ [A-Z][a-zà-ÿ]+\b|\b(?:Mrs?|Ms|Dr|Prof)\.? [A-Z][\w’'-]+"
        r"|\b(?i:my|his|her|our|their|your) (?:mother|father|mum|mom|dad|parents|sister|brother|son|daughter|wife"
        r"|husband|cousin|aunt|uncle|neighbou?r|boss|colleague|friend|partner)s?\b"
    ),
    "name": re.compile(
        r"\b(?:called|named|names? (?:is|was|are|were)|name['’]s)\b|(?<=[\w,;] )[A-Z][a-zà-ÿ]+\b(?! \d)"
    ),
    "place": re.compile(
        r"\b(?:in|at|on|inside|under|near|to|from|between|around|behind|across|into|onto|beside|above|below"
        r"|opposite|outside|towards?|im|am|beim|ins|ans|zum|zur|aufs|vom|an(?= d(?:er|em|en|ie|as)\b)|unter"
        r"|neben|dans|sous|chez|près|en|bajo|sobre|cerca|auf"
        r"|bei|hinter|vor|über|aux?|à|sur|devant|derrière|junto a|detrás de|nell?[ao]?"
        r"|sull?[ao]?|presso|op|bij|naast|achter|voor)"
        r" (?:the |an? |my |our |de[rmn] |die |das |einem |le |la |les |el |los |il |het |de )?\w",
        re.IGNORECASE,
    ),
}  # fmt: skip
PLACES = TYPES["place"]
_LENGTHS = r"(?:kilo|centi|milli|micro|nano)?met(?:re|er)s?|km|cm|mm|m\b|feet|foot|ft|miles?|inch(?:es)?|yards?|light"
# "How long is the screen?" may ask for metres.
_HOW_LONG_IS = re.compile(
    r"\bhow long (?:is|are|was|were) (?:the|an?|your|our|this|that|his|her|their|its)\b(?!.*\b\w+ing\b)",
    re.IGNORECASE,
)
_LENGTH = re.compile(rf"(?:{_NUMBER}|\d)[\s-]{{0,9}}(?:{_LENGTHS})\b", re.IGNORECASE)
# "Where do they come from?"
_WHERE_FROM = re.compile(r"\bwhere\b.*\bfrom\W*$", re.IGNORECASE)
_FROM = re.compile(r"\bfrom (?:the |an? |my |our )?\w", re.IGNORECASE)
# How much of what: a number with such a unit is likelier meant than a number.
_MEASURES = tuple(
    (
        re.compile(of, re.IGNORECASE),
        re.compile(rf"(?:{_NUMBER}|\d)[\s-]{{0,9}}(?:\w{{1,40}} ){{0,2}}?(?:{unit})", re.IGNORECASE),
    )
    for of, unit in (
        (
            r"\b(?:fast|quick(?:ly)?|speed|velocity|schnell)\b",
            r"[\w ]{1,60} (?:per|an?|pro) \w|mph|km/?h|m/s|knots|times|percent|%",
        ),
        (r"\b(?:hot|cold|warm|temperature|heiß|kalt)\b", r"degrees?|°|celsius|fahrenheit|kelvin|grad"),
        (r"\b(?:old|age|alt)\b", rf"{_UNITS}"),
        (
            r"\b(?:high|tall|deep|wide|far|thick|distance|height|length|depth|size|hoch|weit)\b",
            _LENGTHS,
        ),
        (
            r"\b(?:heavy|weighs?|weight|schwer)\b",
            r"(?:kilo|milli)?gram(?:me)?s?|kilos?|kg|g\b|tons?|tonnes?|pounds?|lbs?|ounces?",
        ),
        (
            r"\b(?:percent(?:age)?|share|fraction|proportion)\b",
            r"percent|per cent|%|prozent|half|third|quarter",
        ),
        (r"\b(?:often|frequen\w+|oft)\b", r"times?|mal|a (?:day|week|month|year)"),
    )
)
# What is paid again and again: an amount for each month or year is likelier meant.
_DUES = re.compile(
    r"\b(?:membership|subscription|salary|wages?|dues|allowance|retainer|gehalt|abo(?:nnement)?|sueldo|salaire)\b"
    r"|mitglied",
    re.IGNORECASE,
)
_EACH_TIME = re.compile(
    rf"\b(?:per|an?|each|every|pro|par|por|im|al|jede[nrs]?|chaque|cada) (?:{_UNITS})\b|/\s?(?:{_UNITS})\b"
    r"|\b(?:month|year|week|dai|hour|annual)ly\b|\bannual\b|\bmonatlich|\bjährlich|\bmensuel|\bmensual",
    re.IGNORECASE,
)
# How many of what: a number of these is likelier meant than a number.
_COUNTED = re.compile(
    r"\bhow (?:many|much)(?: (?:of|the|different|more|other|new|\d+)\b)* (\w{3,})(?: (\w{3,}))?",
    re.IGNORECASE,
)
# Two letters begin words that follow each other in many a sentence.
_ACRONYM = re.compile(r"\b[A-Z]{3,7}s?\b")
HALF = 0.5
# Who asks when something is said asks for the place in the video, which has no form of its own.
_OF_THE_VIDEO = (
    r"\b(?:say|said|talk\w*|mention\w*|defin\w+|explain\w*|discuss\w*|show\w*|introduc\w+|speak\w*|spoke|present(?:s|ed)?"
    r"|describ\w+|cover\w*|address\w*|ask\w*|bring|brought|recommend\w*|tells?|told"
    r"|in the (?:video|talk|lecture|film))\b"
)
_ASKED: tuple[tuple[str, str], ...] = (
    ("expansion", r"\b(?:stands?|short) for\b|\b(?:abbreviation|acronym)\b"),
    ("version", r"\b(?:which|what) (?:version|release)\b"),
    (
        "money",
        r"\bhow (?:much|expensive)\b.*\b(?:cost|price|pay|paid|worth|spen[dt]|charge|salary|budget|earn)\b"
        r"|\bhow (?:much|expensive) (?:is|are)\b"
        r"|\bwhat\b.*\b(?:costs?|price)\b"
        r"|\bwhat(?:['’]s| is| are| was| were) the (?:\w+ ){0,3}(?:fees?|fares?|rent|salary|deposit|tuition)\b"
        r"(?=\W*$| (?:of|for|per|in|to|at|each|now|today|a)\b)"
        rf"|{prices.ASKS}",
    ),
    (
        "duration",
        r"\bhow long\b|\b(?:how many|how much) (?:minutes|hours|days|weeks|months|years|seconds|time)\b"
        r"|\bwie lange\b|\bcombien de temps\b|\bcuánto (?:tiempo|dura)\b|как долго|多长时间|多久",
    ),
    (
        "amount",
        r"\bhow (?:many|much|old|fast|high|hot|cold|big|large|small|far|tall|deep|heavy|wide|thick|strong|often"
        r"|quickly)\b"
        r"|\b(?:percentage|share|proportion|fraction|number|amount|value|temperature|speed|ratio|rate) of\b"
        r"|\bwie (?:viele?|alt|schnell|hoch|gro(?:ß|ss)"
        r"|weit|teuer|oft|heiß)\b|\bcombien\b|\bcu[áa]nt[oa]s?\b|сколько|多少|几",
    ),
    (
        "time",
        r"^(?:\w+ )?when\b|\b(?:what|which) (?:day|date|year|month|time)\b|\b(?:by|since|until) when\b"
        r"|^what(?:['’]s| is| are| was| were) the (?:\w+ ){0,2}"
        r"(?:deadline|(?:due|launch|release|start|end|closing) date)s?\b"
        r"|\bwann\b|\bquand\b"
        r"|\bcu[áa]ndo\b|когда|什么时候|何时",
    ),
    (
        "reason",
        r"\bwhy\b|\bwhat (?:caused?|causes|made|makes)\b|\bhow come\b|\bwarum\b|\bwieso\b|\bpourquoi\b"
        r"|\bpor qu[ée]\b|почему|为什么",
    ),
    (
        "name",
        r"^\W*what(?:['’]s| is| are| was| were)\b.*\b(?:called|named)\W*$"
        r"|^\W*what(?:['’]s| is| was) (?:the|his|her|their|your|its|our) (?:\w+ ){0,2}names?\b",
    ),
    ("person", r"\bwho(?:m|se)?\b|\bwer\b|\bwem\b|\bqui\b|\bqui[ée]n(?:es)?\b|кто|谁"),
    (
        "place",
        r"^(?:\w+ )?where\b|\bwhich (?:city|country|town|place|room)\b|\bwo(?:hin|her)?\b|\boù\b|\bd[óo]nde\b"
        r"|где|куда|哪里|哪儿",
    ),
)  # fmt: skip
_ASKED_FOR = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _ASKED)
OF_VALUES = ("time", "duration", "amount", "money", "version", "name")
"""What has a form that can be told: without one a sentence names none."""
_LOCATES = re.compile(_OF_THE_VIDEO, re.IGNORECASE)

# Less sure signs of a reason, and of a time.
_LESS_SURE = {
    "reason": re.compile(r"\b(?:so|too|otherwise|would)\b", re.IGNORECASE),
    "time": re.compile(r"\b(?:once|when|as soon as|after|before|until) \w|\bsoon\b", re.IGNORECASE),
}
_DOES_WITHIN = 6
"""So many words after "I" tell what one does."""
_WORD = re.compile(r"[^\W\d_]+")
# "Later the brewery in our town sponsored them": a subject of so many words before the verb.
_WHO_DOES = re.compile(
    r"^\W*who (?:will |would |has |had |is going to )?(?P<verb>[a-z]{3,})\b(?! by\b)", re.IGNORECASE
)
_DETERMINERS, _SUBJECT = frozenset(("the", "a", "an", "our", "my", "his", "her", "their", "your")), 6
_FIRST_PERSON = re.compile(r"\bI(?:['’](?:ll|ve|m|d))?\b|\bmy(?:self)?\b")
# Who is something says so of themselves: "I'm the Project Manager".
_WHO_IS = re.compile(
    r"^\W*who(?:['’]s| is| are| was| were) (?:the|an?|y?our)\b(?!.*\b\w+ing\b)", re.IGNORECASE
)
_I_AM = re.compile(r"\bI(?:['’]m| am| was)\b|\bmy (?:role|job|name|part) (?:is|was)\b")


def asked_for(question: str) -> str | None:
    """The kind of thing that answers, a key of the table of types; None where the question has no such sign."""
    kind = next((kind for kind, pattern in _ASKED_FOR if pattern.search(question)), None)
    if kind in ("time", "place") and _LOCATES.search(question):
        return None
    return kind


def names_expected(question: str, sentences: Sequence[Passage]) -> Array:
    """Whether each sentence names what is asked for, and the question doesn't, in ``[0, 1]``, shape ``(n,)``.

    One half for a number where one of something else is asked for, and for who says "I" of something else.
    """
    kind = asked_for(question)
    if kind is None:
        return np.zeros(len(sentences))
    pattern, known = _FROM if _WHERE_FROM.search(question) else TYPES[kind], set(analyse(question, None))
    long = kind == "duration" and _HOW_LONG_IS.search(question) is not None
    unit = _unit(question) if kind == "amount" else None
    if kind == "money" and _DUES.search(question):
        each_time = (p.text for p in sentences if _EACH_TIME.search(p.text))
        unit = _EACH_TIME if any(map(pattern.search, each_time)) else None
    does_it = _doing(question) if kind == "person" else None
    own = _I_AM if _WHO_IS.search(question) else _FIRST_PERSON
    short = [each.rstrip("s").lower() for each in _ACRONYM.findall(question)] if kind == "expansion" else []

    def named(passage: Passage) -> float:
        if kind == "person" and passage.speaker and (first := own.search(passage.text)):
            does = analyse(" ".join(passage.text[first.end() :].split()[:_DOES_WITHIN]), None)
            return 1.0 if known & set(does) else HALF
        initials = "".join(word[0] for word in _WORD.findall(passage.text)).lower() if short else ""
        if any(each in initials for each in short):
            return 1.0
        if does_it is not None and does_it(passage.text):
            return 1.0
        if long and _LENGTH.search(passage.text):
            return 1.0
        found = (match.group() for match in pattern.finditer(passage.text))
        if not any(kind == "reason" or not set(analyse(text, None)) <= known for text in found):
            return HALF if kind in _LESS_SURE and _LESS_SURE[kind].search(passage.text) else 0.0
        return 1.0 if unit is None or unit.search(passage.text) else HALF

    return _only_the_identified(question, sentences, [named(passage) for passage in sentences])


def _doing(question: str) -> Callable[[str], bool] | None:
    """Tells whether a text names who does what is asked: "the brewery sponsored them" of "who sponsored the boxes?"."""
    asked = _WHO_DOES.match(question)
    verb = set(analyse(asked["verb"], None)) - STOP_WORDS["en"] if asked else set()
    if not verb:
        return None

    def says_so(text: str) -> bool:
        if verb.isdisjoint(analyse(text, None)):
            return False
        words = _WORD.findall(text.lower())
        return any(
            set(analyse(word, None)) == verb
            and _DETERMINERS.intersection(words[max(0, at - _SUBJECT) : at - 1])
            for at, word in enumerate(words)
        )

    return says_so


def _only_the_identified(question: str, sentences: Sequence[Passage], named: list[float]) -> Array:
    """Where it is said who the director is, no other sentence of that video names what "who is the director?" asks."""
    identifies = identified(question, [passage.text for passage in sentences])
    videos = {
        passage.video_id
        for passage, identifies_one in zip(sentences, identifies, strict=True)
        if identifies_one
    }
    return np.array(
        [
            float(identifies_one) if passage.video_id in videos else worth
            for passage, identifies_one, worth in zip(sentences, identifies, named, strict=True)
        ],
        np.float64,
    )


@lru_cache(maxsize=200_000)
def says(pattern: re.Pattern[str], text: str) -> bool:
    """Whether the pattern is in the text; remembered, since one question after another reads the same sentences."""
    return pattern.search(text) is not None


def asks_whence(question: str) -> bool:
    """Whether it asks where something is from."""
    return _WHERE_FROM.search(question) is not None


def counted(question: str) -> list[str]:
    """The words of what is counted: "eggs" of "how many eggs does it lay?"; none where nothing is."""
    found = _COUNTED.search(question)
    return [word for word in found.groups() if word] if found is not None else []


def measures(question: str) -> bool:
    """Whether it asks for a number of something: kilos, doses."""
    return asked_for(question) == "amount" and _unit(question) is not None


def _unit(question: str) -> re.Pattern[str] | None:
    """A number of what the question measures or counts."""
    measured = next((unit for of, unit in _MEASURES if of.search(question)), None)
    things = counted(question)
    if measured is not None or not things:
        return measured
    of = "|".join(re.escape(re.sub(r"(?:ie)?s$", "", word)) for word in things)
    return re.compile(rf"(?:{_NUMBER}|\d)[\s-]{{0,9}}(?:\w{{1,40}}[\s-]{{1,9}})?(?:{of})", re.IGNORECASE)
