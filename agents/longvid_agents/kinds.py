"""What kind of question it is: one table of signs, read once, for whoever answers by rules, by lists or by a model.

A question has as many kinds as it has signs; each reader takes the first that matters to it. A wrong kind costs wording
or a round, never an answer.
"""

from __future__ import annotations

import re
from typing import Literal

from longvid_agents.day_words import KIND
from longvid_agents.moments_asked import NUMBER_WORDS

Kind = Literal["summary", "discussion", "define", "count", "when", "who", "list", "explain"]
RouteKind = Literal["locate", "explain", "list", "compare", "who", "count", "summarise", "visual"]

VIDEOS = "|".join(f"{kind}(?:e?s)?" for kind in (*KIND.split("|"), "file"))
"""A pattern of the words for one video and several."""
# Any recording may be called these, whatever its title says.
_OF_ANY = ("meeting", "call", "video", "recording", "session", "talk", "film")
_KINDS_ALONE = [kind for kind in KIND.split("|") if kind not in _OF_ANY]
WHICH_VIDEOS = rf"\b(?:which|what|how many)(?: of (?:the|my|our))? (?:{VIDEOS})\b"
# Only what is said can be counted in the archive: "how often does the watch change" asks for what somebody says of it.
_MENTIONED = (
    r"mention|say|says|said|talk|discuss|speak|spoke|nam(?:e[sd]?|ing)\b|word|phrase|term|appear|occur|comes? up"
    r"|came up|bring|brought|refer|use[sd]?\b|hear|shown|repeat|is there\b|are there\b"
)
# The same in German, French, Spanish, Italian, Portuguese and Russian.
_ELSEWHERE = (
    r"erwähn|genannt|gesagt|fällt das wort|mentionn|prononc|mencion|nombra|dice|dicho|menzion|nomina|detto|citad"
    r"|gesproch|die rede|\bparl[aeé]|\bhabl|\bfala|упомина|упомян|говор|сказа"
)
_TEXT = {
    "visual": r"\b(?:colou?rs?|wear(?:s|ing)?|looks? like|drawn|drawing|picture|photo|gesture|visible"
    r"|on (?:the )?screen|(?:diagram|chart|graph|plot|logo|whiteboard|slide) (?:show|look|say|read)"
    r"|shown (?:on|in) the)\b|(?:什么颜色|长什么样)",
    "on screen": r"\b(?:slides?|(?:on|of) (?:the |a )?(?:screen|board|blackboard)|whiteboard|written (?:on|in|there)"
    r"|(?:is|are|was|were|what['’]s) shown)\b|\bfolien?\b|\bdiapositiv\w+|幻灯片|屏幕上",
    "compare": r"\b(?:compare[ds]?|comparison|differences? between|differ(?:s|ent)? from|versus|vs|in common"
    r"|across (?:the |all )?(?:videos|meetings|lectures|talks|calls)"
    r"|(?:each|which|both) (?:of the )?(?:videos?|meetings?|lectures?|talks?|calls?))\b|比较|区别",
    "summary": r"\b(?:summari[sz]e|summary|overview|recap|gist)\b|^what (?:is|are|was|were)\b.*\babout\W*$"
               r"|\btl;?dr\b|\bkey (?:points|takeaways)\b"
    r"|总结|概括|要約|まとめて|何について|요약|무엇에 관한|讲了什么|关于什么"
    r"|\bzusammenfass\w+|\bfasse\b.*\bzusammen\b|^\W*(?:worum geht|wovon handelt)"
    r"|^\W*résum(?:e|ez|é)\b|^\W*de quoi (?:parle|s'agit|traite)"
    r"|^\W*resum(?:e|ir|a|en)\b|^\W*de qué (?:trata|habla|va)\b|^\W*(?:riassumi|riassunto)\b"
    r"|^\W*di (?:che )?cosa (?:parla|tratta)"
    r"|^\W*de que (?:trata|fala)\b|\bsamenvat\w+|^\W*vat\b.*\bsamen\b|^\W*waar gaat\b.*\bover\b"
    r"|^\W*о ч[её]м\b|\b(?:кратко|резюм\w+|подытож\w*)",
    "discussion": r"\b(?:discuss(?:ed|ion|ions|ing)?|(?:think|thought|say|said|talk(?:ed)?|feel|felt) (?:of|about)"
    r"|opinions?|thoughts|views?|attitude|presentation|think)\b",
    "define": r"\b(?:defin(?:e[sd]?|ing|ition)|what(?:['’]s| is| are) (?:an?|the)?|meaning of"
    r"|what do(?:es)? .{1,60} (?:mean|stand for))\b|^\W*(?:was (?:ist|sind)|qu['’]est-ce qu|qu[ée] (?:es|son)"
    r"|(?:che )?cos['’]è|(?:o )?que (?:é|são)|wat (?:is|zijn)|что такое)\b|什么是|是什么|とは(?:何|なん)",
    "count": r"\bhow (?:many|often)\b|\bnumber of times\b|多少次|几次|几个",
    "amount": r"\bhow much\b",
    "times": rf"\b(?:how (?:many times|often)|number of times)\b.*\b(?:{_MENTIONED})"
    r"|(?:提到|提及|说|說|讲|講|出现|出現).*(?:多少次|几次|幾次)|(?:多少次|几次|幾次).*(?:提到|提及|说|說|讲|講|出现|出現)"
    r"|(?:何回|何度).*(?:言及|登場|話|言わ|出て|触れ)|몇 ?번.*(?:언급|나오|나왔|말)"
    rf"|\b(?:wie oft|combien de fois|cu[aá]ntas veces|quante volte|quantas vezes|сколько раз)\b.*\b(?:{_ELSEWHERE})",
    "who": r"\b(?:who|whom|whose)\b|谁",
    "when": r"\b(?:when|at what (?:time|point)|where in)\b|什么时候|何时",
    "where": r"\b(?:where|which (?:part|moment|minute))\b|哪里",
    "choice": r"^\W*(?:list|name all|which|what are)\b",
    # Not "Why must the list be sorted?".
    "every": r"^\W*(?:(?:please|can you|could you|and) )*list\b|\blist (?:all|every|each)\b"
    r"|\b(?:name all|what are all|all (?:the )?(?:places|times|people|examples|steps)|every)\b|列出",
    "yes or no": r"^\W*(?:does|do|did|is|are|was|were|has|have|had|can|could|will|would|should|may|might)\b|吗",
    "plain": r"^\W*(?:what|why|how|explain|define|describe|does|do|did|is|are|was|were|can|should|which)\b"
    r"|什么|为什么|如何",
    "in which videos": WHICH_VIDEOS
    + r".*\b(?:mention|say|said|talk|discuss|speak|spoke|cover|contain|about|appear|come)"
    r"|\bin welche[mnr]? (?:videos?|aufnahmen?|filme?n?|besprechung(?:en)?|vorlesung(?:en)?|vorträgen?)\b"
    r"|\bdans quel(?:le)?s? (?:vidéos?|réunions?|films?)\b|\ben qué (?:v[ií]deos?|reuni(?:ón|ones))\b"
    r"|\bin quali (?:video|riunioni)\b|\bem (?:que|quais) (?:vídeos?|reuniões)\b|\bв каки?х? видео\b",
    "how long": r"^\W*(?:how (?:long|many (?:minutes|hours|seconds)) (?:is|are|was|were|does|do|did)"
    r"|what(?:['’]s| is| was| are) the (?:(?:total|running|overall) )?(?:length|duration)"
    r"|wie lange? (?:ist|sind|war|waren|dauerte?|geht|ging)|combien de temps (?:dure|a duré)|quelle est la durée"
    r"|cu[aá]nto (?:dura|duró)|quanto (?:dura|è durat[ao]|durou)|hoe lang (?:is|duurt|was)"
    r"|сколько (?:длится|длил\w+|идёт|идет))\b"
    r"(?:\W+(?:the|this|that|it|each|every|all|of|my|our|long|last|lasts?|take|run|recorded|whole|entire"
    r"|das|die|der|dieses?|es|le|la|les|du|de|el|los|il|lo|o|a|het|это|vidéos?|v[ií]deos|видео|aufnahmen?"
    rf"|{VIDEOS}))*\W*$",
    "what day": r"^\W*(?:when|(?:on )?(?:what|which) (?:day|date)|what(?:['’]s| is| was) the date(?: of)?)"
    r" ?(?:was|were|did)?(?:\W+(?:the|it|this|that|held|recorded|filmed|made|on|take|place|happen"
    rf"|{VIDEOS}))*\W*$",
    "changed": r"^\W*(?:and |so )?what(?:['’]s| has| is| did| have)?\b.*\b(?:changed?|different"
    r"|new)\b(?: (?:since|between|from|in|after)\b.*)?\W*$"
    r"|^\W*what\b.*\bdifferences?\b.*\bbetween\b"
    r"|^\W*was\b.*\b(?:geändert|anders|neu)\W*$|^\W*qu['’]est-ce qui\b.*\bchangé\b|^\W*¿?qué\b.*\bcambi(?:ó|ado)\b"
    r"|^\W*(?:che )?cosa\b.*\bcambiat[oa]\b|^\W*o que\b.*\bmudou\b|^\W*что\b.*\b(?:изменилось|нового)\b"
    r"|有什么(?:变化|不同)|何が変わ",
    "extreme": rf"^\W*(?:(?:which|what|show|name|list|find|the|how long)\b(?:\W+(?:one|of|the|my|our|all|me|is|was|are"
    rf"|{VIDEOS}))*\W+)?"
    rf"(?P<most>longest|shortest)(?: one| {VIDEOS})?(?:\W+(?:is|was|in|the|this|library|collection|of|all|them"
    rf"|here|there"
    rf"|we|have|i|do|{VIDEOS}))*\W*$"
    r"|^\W*welche[sr]?\b.*\b(?:längste|kürzeste)\b|^\W*quel(?:le)?\b.*\bplus (?:longue|courte)\b"
    r"|^\W*¿?cuál\b.*\bmás (?:largo|corto|larga|corta)\b",
    "the videos": rf"^\W*(?:how many|which|what|list|show|name)(?: of)?(?: the| my| our| all)* (?:{VIDEOS})"
    r"(?:\W+(?:are|is|was|were|do|does|have|has|i|we|you|there|here|in|the|this|library|collection|it|hold|holds"
    r"|indexed|known|altogether|total))*\W*$"
    r"|^\W*(?:wie viele|welche) (?:videos?|aufnahmen|filme) (?:gibt es|sind da|habe? (?:ich|wir))\b"
    r"|^\W*combien de (?:vidéos?|films?)"
    r" (?:y a-t-il|avons-nous)|^\W*cuántos? v[ií]deos? hay|^\W*quanti video ci sono|^\W*quantos vídeos há"
    r"|^\W*сколько видео\W*$",
}  # fmt: skip
# "In a sentence" is in one; elsewhere such words count nothing.
_COUNTS = {**NUMBER_WORDS, **dict.fromkeys(("a", "single", "einem", "einen", "une", "un", "una", "uno"), 1)}
_LENGTHS = (
    r"sentences?|lines?|bullets?(?: points?)?|(?:key )?points?|words?|paragraphs?|s[aä]tz(?:en|e)?|wort(?:en)?|phrases?"
    r"|mots?|frases?|palabras?"
)
_SENTENCES = ("sent", "line", "bull", "point", "key", "satz", "sätz", "phras", "fras")
# "in two sentences", "in at most 50 words", "a one-sentence summary".
_IN_SO_MANY = re.compile(
    rf",?\s?\b(?:in|with|using|as|into|en)\s(?:(?:just|only|about|at most|under|less than|max(?:imum)?)\s)?"
    rf"(?P<number>\d{{1,3}}|{'|'.join(_COUNTS)}|a few|some)\s(?:(?:short|brief|simple|single)\s)?(?P<unit>{_LENGTHS})\b"
    rf"|\b(?P<first>\d{{1,3}}|{'|'.join(_COUNTS)})[- ](?P<of>{_LENGTHS})(?=\s(?:summary|overview|recap)\b)",
    re.IGNORECASE,
)
_SIGNS = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _TEXT.items()}
# The first sign that a question has decides its kind.
_QUOTED: tuple[tuple[str, Kind], ...] = (
    ("summary", "summary"),
    ("discussion", "discussion"),
    ("define", "define"),
    ("count", "count"),
    ("amount", "count"),
    ("who", "who"),
    ("when", "when"),
    ("choice", "list"),
)
_ROUTED: tuple[tuple[str, RouteKind], ...] = (
    ("visual", "visual"),
    ("compare", "compare"),
    ("summary", "summarise"),
    ("count", "count"),
    ("who", "who"),
    ("when", "locate"),
    ("where", "locate"),
    ("every", "list"),
    ("plain", "explain"),
)


def has_sign(question: str, *names: str) -> bool:
    """Whether the question has any of these signs, by their names in the table."""
    return any(_SIGNS[name].search(question) for name in names)


def shortest_asked(question: str) -> bool | None:
    """Whether the shortest (True) or longest (False) video is asked for; None for neither."""
    if not has_sign(question, "extreme"):
        return None
    return re.search(r"short|kürz|court|cort", question, re.IGNORECASE) is not None


def without_length(question: str) -> tuple[str, int | None]:
    """A request to sum up without the length that it asks for ("in two sentences"), and that in sentences; the
    question as it is, and None, for any other."""
    if not has_sign(question, "summary"):
        return question, None
    found = _IN_SO_MANY.search(question)
    if found is None:
        return question, None
    left = " ".join(f"{question[: found.start()]} {question[found.end() :]}".split())
    number, unit = found["number"] or found["first"], (found["unit"] or found["of"]).casefold()
    counted = _COUNTS.get(number.casefold()) or (int(number) if number.isdecimal() else None)
    return left, counted if counted and unit.startswith(_SENTENCES) else None


def called_kind(question: str) -> str | None:
    """ "lecture" of "How many lectures are there?"; None for words that any recording is called by."""
    found = re.search(rf"\b({'|'.join(_KINDS_ALONE)})(?:e?s)?\b", question, re.IGNORECASE)
    return found[1].casefold() if found else None


def kind_of(question: str) -> Kind:
    """How a quoted answer is chosen; ``"explain"`` when no sign tells."""
    return next((kind for sign, kind in _QUOTED if has_sign(question, sign)), "explain")


def route_kind(question: str) -> RouteKind | None:
    """How a model goes about it; None when no sign tells."""
    return next((kind for sign, kind in _ROUTED if has_sign(question, sign)), None)
