"""The words in which questions name days, in eight languages and more; ``days.py`` makes days of them."""

from __future__ import annotations

import re

from longvid_storage.text.dates import MONTH_NAME

LEAD = r"(?:\b(?:on|of|from|in|at|am|vom|von|dem|du|de|del|le|el|il|em|na|в|на)\s+(?:the\s+)?)?"
KIND = (
    "meeting|call|video|recording|session|lecture|talk|episode|standup|stand-up|sync|film|class|interview|podcast"
    "|course"
)
DAY_NAMES = (
    "monday mon montag lundi lunes lunedì maandag понедельник segunda-feira",
    "tuesday tues tue dienstag mardi martes martedì dinsdag вторник terça-feira",
    "wednesday wed mittwoch mercredi miércoles mercoledì woensdag среду quarta-feira",
    "thursday thurs thur thu donnerstag jeudi jueves giovedì donderdag четверг quinta-feira",
    "friday fri freitag vendredi viernes venerdì vrijdag пятницу sexta-feira",
    "saturday sat samstag samedi sábado sabato zaterdag субботу",
    "sunday sun sonntag dimanche domingo domenica zondag воскресенье",
)
DAY_NUMBERS = {name: number for number, names in enumerate(DAY_NAMES) for name in names.split()}
DAY = "|".join(sorted(DAY_NUMBERS, key=len, reverse=True))
MONTH = f"(?P<month>{MONTH_NAME})"
# What the clock makes of a word: days from today, first and last. "hier" is here, too, in German.
RELATIVE = (
    (
        r"the day before yesterday|vorgestern|avant-hier|anteayer|anteontem|eergisteren|позавчера|前天|おととい",
        -2,
    ),
    (r"yesterday|gestern|(?<=dit )hier|(?<=cid\w )hier|ayer|ieri|ontem|gisteren|вчера|昨天|昨日|어제", -1),
    (r"today|this morning|this afternoon|heute|aujourd'hui|hoy|oggi|hoje|vandaag|сегодня|今天|今日|오늘", 0),
)
CLOCK = tuple((re.compile(rf"(?<!\w){LEAD}(?:{words})(?:'s)?(?!\w)", re.I), at) for words, at in RELATIVE)
COUNT_WORDS = (
    "a one ein einer einem une un una um uma een день",
    "two zwei deux dos due dois duas twee две два",
    "three drei trois tres tre três drie три",
    "four vier quatre cuatro quattro quatro четыре",
    "five fünf cinq cinco cinque vijf пять",
    "six sechs seis sei zes шесть",
)
COUNTS = {word: number for number, words in enumerate(COUNT_WORDS, 1) for word in words.split()}
COUNT = rf"(?P<count>\d{{1,3}}|{'|'.join(COUNTS)})"
# day, week, month or year by the letters that such a word begins with.
UNITS = (
    ("week", ("week", "woche", "semaine", "semana", "settiman", "wek", "недел")),
    ("month", ("month", "monat", "mois", "mes", "mês", "maand", "месяц")),
    ("year", ("year", "jahr", "an", "año", "jaar", "лет", "год")),
    ("day", ("day", "tag", "jour", "día", "giorn", "dia", "dag", "дн", "день")),
)
UNIT = (
    r"(?P<unit>days?|weeks?|months?|years?|tag(?:en)?|wochen?|monat(?:en)?|jahr(?:en)?|jours?|semaines?|mois|ans?|días?|semanas?"
    r"|mes(?:es|i)?|años?|giorn[oi]|settiman[ae]|anni|dias?|mês|anos?|dag(?:en)?|weken|maand(?:en)?|дн\w+|недел\w+|месяц\w*)"
)
AGO = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b{COUNT} {UNIT} (?:ago|fa|geleden|назад)\b",
        r"(?<!\w)(?P<count>)(?P<unit>неделю|месяц|день|год) назад\b",
        rf"\b(?:vor|hace|há|il y a) {COUNT} {UNIT}\b",
    )
)
OVER = re.compile(
    rf"\b(?:over|in|during|within|of|from|for) (?:the )?(?:last|past|previous) {COUNT} {UNIT}\b"
    rf"|\bin den letzten (?P<count2>\d{{1,3}}|{'|'.join(COUNTS)}) (?P<unit2>tagen|wochen|monaten)\b",
    re.IGNORECASE,
)
SPAN = re.compile(
    rf"\b{LEAD}(?P<which>last|this|the last|the past|past|previous|the previous) (?P<unit>week|month|year)\b(?!\s+end)",
    re.IGNORECASE,
)
SPAN_ELSEWHERE = re.compile(
    r"(?<!\w)(?:in der |im |am |la |le |el |l'|a |no |na |в |на )?(?:"
    r"(?P<last>letzten? (?P<u1>woche|monat|jahr)|vorigen? (?P<u2>woche|monat|jahr)"
    r"|(?P<u3>semaine|mois) derni[eè]re?|(?P<u4>semana|mes|mês) pasad[ao]|(?P<u5>semana|mês) passad[ao]"
    r"|(?P<u6>settimana|mese) scors[ao]|vorige (?P<u7>week|maand)|прошл\w+ (?P<u8>недел\w|месяц\w?))"
    r"|(?:dieser? (?P<v1>woche|monat)|cette (?P<v2>semaine)|esta (?P<v3>semana)|questa (?P<v4>settimana)"
    r"|этой (?P<v5>неделе)))(?!\w)",
    re.IGNORECASE,
)
LAST_DAY = re.compile(
    rf"\b{LEAD}(?:last|this past|previous|letzten|letzter|vergangenen|afgelopen|vorige"
    rf"|в прошл\w+) (?P<day>{DAY})(?:'s)?\b"
    rf"|\b(?:le |el |la )?(?P<day2>{DAY}) (?:dernier|pasado|scors[ao]|passad[ao])\b",
    re.IGNORECASE,
)
DAYS_OWN = re.compile(rf"\b{LEAD}(?:the )?(?P<day>{DAY})(?:'s)?(?= (?:\w+ )?(?:{KIND})\b)", re.IGNORECASE)
OF_DAY = re.compile(rf"\b(?:{KIND}) (?P<words>(?:on|of|from) (?P<day>{DAY})\b)", re.IGNORECASE)
ON_DAY = re.compile(rf"\b(?:on|am) (?P<day>{DAY})\b(?!\.? the \d)", re.IGNORECASE)
DAY_BEFORE = rf"(?:(?:{DAY})\.?,? (?:dem |den |the )?)?"
# "the 3rd", "Mon. the 3rd": not "the 3rd floor".
DAY_OF_MONTH = re.compile(
    rf"(?:\b(?:on|of|from|in) )?(?:(?<!\w)(?P<day>{DAY})\.?,? )?(?:the )?(?P<number>[12]?\d|3[01])(?:st|nd"
    rf"|rd|th)(?:'s)?\b"
    rf"(?=\W*\Z|\s*[,;:?!]|\s(?:and|or|about|at|did|was|were|what|who|we|they|that|with|(?:\w+ )?(?:{KIND}))\b)",
    re.IGNORECASE,
)
AM = re.compile(r"\b(?:am|vom) (?:(?P<day>montag|dienstag|mittwoch|donnerstag|freitag|samstag"
                 r"|sonntag),? (?:dem |den )?)?"
                 r"(?P<number>[12]?\d|3[01])\.(?=\s*(?:\Z|[?!,]|[a-zäöü]))", re.IGNORECASE)  # fmt: skip
# How things were by then, not only on that day.
AS_OF = r"as of|as at|stand|à la date d[eu]|a fecha del?|alla data del"
# Before, until, after and since a date; "by 12 March" is when something is due.
OPEN_ENDS = tuple(
    (re.compile(rf"(?<!\w)(?:{words})\s(?:the )?\Z", re.IGNORECASE), begins, shift)
    for words, begins, shift in (
        (AS_OF, False, 0),
        (r"before|prior to|earlier than|vor(?: dem)?|avant(?: le)?|antes del?|prima del?|voor|до", False, -1),
        (r"until|till|up to|bis(?: zum)?|jusqu'au|hasta el|fino al|tot", False, 0),
        (r"after|later than|nach(?: dem)?|après(?: le)?|después del?|dopo il|depois de|na|после", True, 1),
        (r"since|seit(?: dem)?|depuis(?: le)?|desde el?|dal|sinds|начиная с|с", True, 0),
    )
)
BETWEEN = re.compile(
    r"(?<!\w)(?:between|from|zwischen|vom|von|entre|du|del|tra|fra|tussen|с)\s(?:the |dem |le |el |il )?\Z",
    re.I,
)
AND = re.compile(
    r"\s{0,9}(?:and|to|until|till|through|bis(?: zum)?|und(?: dem)?|et(?: le)?|au|y(?: el)?|al|e(?: il)?|en|tot"
    r"|по|и|-|–)\s(?:the )?\s{0,9}\Z",
    re.I,
)
DAY_ALONE = re.compile(
    r"(?<![\d.:])(?P<number>[12]?\d|3[01])(?:st|nd|rd|th|\.)?(?:\s(?:and|to|until|till|through|bis|und|et"
    r"|au|y|al|e|en|tot|и)\s(?:the )?|\s?[-–]\s?)\Z",
    re.IGNORECASE,
)
DAY_BEHIND = re.compile(
    r"\s(?:and|to|until|till|through|[-–])\s(?:the )?([12]?\d|3[01])(?:st|nd|rd|th)?"
    rf"(?![\w:.]|,\d| (?:{MONTH_NAME})\b)",
    re.I,
)
LEAD_OF_DAYS = re.compile(
    r"(?:\b(?:between|from|zwischen|vom|entre|du|del|tra|on|of)\s(?:the )?)?\Z", re.IGNORECASE
)
_BEGIN = "early|beginning|start|anfang|début|principios|comienzos|inicios|inizio|início|começo|begin|начале"
_MID = "mid|middle|mitte|mi|mediados|metà|meados|half|середине"
_LATE = "late|end|ende|fin|finales|fines|fine|fim|final|eind|конце"
PART_OF_MONTH = re.compile(
    rf"(?<!\w)(?:(?P<as_of>{AS_OF}) |(?:in|at|from|during|a|à|au|en|all['’]|no|em|в) )?(?:the |la )?"
    rf"(?P<part>{_BEGIN}|{_MID}|{_LATE}|(?:first|second|third|fourth|last) week|first half|second half)"
    rf"(?: (?:of|in|de|di|del))?[ -]{MONTH}(?: (?:of |de )?(?P<year>(?:19|20)\d{{2}}))?(?!\w)",
    re.IGNORECASE,
)
PARTS = {
    **dict.fromkeys(_BEGIN.split("|"), (1, 10)),
    **dict.fromkeys(_MID.split("|"), (11, 20)),
    **dict.fromkeys(_LATE.split("|"), (21, 31)),
    "first week": (1, 7), "second week": (8, 14), "third week": (15, 21), "fourth week": (22, 28),
    "last week": (25, 31),
    "first half": (1, 15), "second half": (16, 31),
}  # fmt: skip
BEFORE_LAST = re.compile(
    rf"\b(?:(?:on|of|from|in|during) )?the (?:(?P<unit>week|month|year)|(?P<day>{DAY})) before last\b"
    rf"|\b(?:am |in der |im )?vorletzte[nrms]? (?:(?P<unit2>woche|monat|jahr)|(?P<day2>{DAY}))\b",
    re.IGNORECASE,
)
QUARTER = re.compile(
    r"\b(?:in |during |of )?Q([1-4])(?: (?:of )?((?:19|20)\d\d))?\b|\b(?:in |im )?((?:19|20)\d\d)[ -]?Q([1-4])\b"
)
WEEK = re.compile(
    r"\b(?:in |of )?(?:(?:calendar )?week|KW|CW)\s?([1-5]?\d)(?: (?:of )?((?:19|20)\d\d))?(?!\d)",
    re.IGNORECASE,
)
IN_MONTH = re.compile(
    rf"\b(?:(?P<as_of>{AS_OF})|in|of|from|im) {MONTH} (?P<year>(?:19|20)\d{{2}})\b", re.IGNORECASE
)
# A month alone is that of a recording where the question asks what was said or decided then: "in March" may also be
# when something is to happen.
MONTHS_ALONE = re.compile(
    rf"\b(?:(?:(?P<as_of>{AS_OF})|in|during|of|from|between|im|en) (?:the )?"
    rf"|(?=\w+(?:'s)? (?:\w+ ){{0,2}}(?:{KIND})\b)){MONTH}(?:'s)?"
    rf"(?:(?: (?:{KIND}))? (?:and|to|until) (?:the )?(?P<until>{MONTH_NAME})(?: (?:{KIND})s?)?)?(?!\w|\.? \d)",
    re.IGNORECASE,
)
YEAR_ALONE = re.compile(r"\b(?:in|during|from|of|im|en|nel|em|в) ((?:19|20)\d{2})\b(?![-.]\d)")
REPORTED = re.compile(
    rf"\b(?:said|say|sa[iy]s|told|decid\w+|discuss\w*|talk\w*|mention\w*|happened|agreed|changed|promised|presented"
    rf"|summar\w+|action (?:items?|points?)|decisions?|open questions?|(?:{KIND})s?"
    r"|gesagt|beschlossen|entschieden|besprochen|dit|décidé|discuté|dijo|dicho|decidió|decidi\w+|habló|detto|deciso"
    r"|geändert|changé|cambi\w+|изменил\w+|сказал\w*|решил\w*|обсуждал\w*)\b",
    re.IGNORECASE,
)
ORDINAL_WORDS = """
    first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth
    sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third twenty-fourth
    twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth thirty-first
"""
ORDINALS = ORDINAL_WORDS.split()
ORDINAL = "|".join(sorted(ORDINALS, key=len, reverse=True))
ORDINAL_OF = re.compile(rf"\b(?:the )?({ORDINAL}) of ({MONTH_NAME})\b", re.IGNORECASE)
MONTH_THE = re.compile(rf"\b({MONTH_NAME}) the ({ORDINAL}|\d{{1,2}})(?:st|nd|rd|th)?\b", re.IGNORECASE)
