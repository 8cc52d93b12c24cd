"""Words of a text, for counting: works for every script, knows what English, German, French and Spanish do
not mean.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from operator import eq

from longvid_storage.text import stop_words
from longvid_storage.text.segmentation import UNSPACED, segment

_TOKEN = re.compile(
    rf"[{UNSPACED}]+|(?:(?![{UNSPACED}])[^\W_])+(?:['’\-.+#](?:(?![{UNSPACED}])[^\W_])+)*[+#]*"
)
_JAPANESE_VERB = re.compile(
    r"(?:ください|ます|ません|ました|ましょう|です|する|した|して|れば|たら|[っけ]た)\Z|\A[ぁ-ゖ]{1,2}\Z"
)
_CHINESE_COUNT = re.compile(
    r"[一二三四五六七八九十百千两几每半]+[个次天年月周点分秒遍种条些位名]?\Z"
)  # 一次, 三天
_UNSPACED_RUN = re.compile(rf"[{UNSPACED}]+")

_ENGLISH = """
a about above after again against ago all almost already also although always am an and another any anybody
anyone anything anyway are around as ask at away back be became because become been before being believe
between bit both but by call came can cannot come coming could couple couldn course did didn different do
does doesn doing don done down during each either else end enough er etc even ever every everybody everyone
everything exactly example fact far feel few find fine first for forth from further gave get gets getting
give given go goes going gone gonna good got gotta great guess guy guys had hadn happen happened has hasn
have haven having he hello her here hers herself hey hi him himself his hmm how however i idea if in indeed
instead into is isn it its itself just keep kind knew know known last least less let lets like likely little
ll long look looking looks lot lots made make makes making many may maybe me mean means meant might mine mm
mmm more most mostly much must my myself need needs neither never new next nice no nobody none nor not
nothing now of off oh ok okay on once one ones only onto or other others our ours ourselves out over own
part people perhaps place please point possible pretty probably put question quite rather re ready really
right s said same saw say saying says second see seem seems seen set several shall she should shouldn show
side since so some somebody somehow someone something sometimes somewhat somewhere soon sorry sort still
stuff such suppose sure t take taken talk talked talking tell than thank thanks that the their theirs them
themselves then there therefore these they thing things think thinking third this those though thought three
through thus time times to today together told too took towards tried true try trying turn two uh uhm um
under understand unless until up upon us use used uses using usually ve very want wanted wants was wasn way
ways we well went were weren what whatever when where whether which while who whoever whole whom whose why
will with within without won wonder word work would wouldn x y yeah year years yep yes yet you your yours
yourself yourselves yup isn't aren't wasn't don't doesn't didn't can't couldn't won't wouldn't it's that's
there's i'm you're we're they're i've you've we've they've i'll you'll we'll they'll i'd you'd we'd they'd
he's she's what's let's here's who's hadn't hasn't haven't shouldn't wouldn't didn't doesn't aren't weren't
mustn't ain't y'all that'll there'll it'll that'd it'd there'd how's when's everyone's someone's gonna two
four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty sixty hundred thousand
percent half hard easy big small old high low short long interesting important nice weird bad better best
worse worst cases case stuff bunch sense kinds sorts lots able later early earlier before after happy glad
wait hear heard happening works worked happens mentioned mention per via versus else
mm-hmm uh-huh cause cos basically actually
obviously literally definitely totally honestly hopefully kinda sorta wanna cool alright 's 're
"""
_OTHERS = """
aber alle allem allen aller alles als also am an auch auf aus bei bin bis bist da dabei dadurch dafür
dagegen daher damit dann daran darauf darum das dass dein dem den denn der des deshalb die dies diese diesem
diesen dieser dieses dir doch dort du durch ein eine einem einen einer eines einfach er es etwas euch für
gegen gibt gut haben hat hatte hier ich ihm ihn ihr ihre im immer in ist ja jede jeder jetzt kann kein keine
können könnte man mehr mein mich mir mit muss müssen nach nicht nichts noch nun nur ob oder ohne schon sehr
sein seine sich sie sind so soll sollte über um und uns unter vom von vor war waren warum was weil weiter
welche wenn wer werden wie wieder will wir wird wo wurde zu zum zur zwischen genau mal halt eben
au aussi avec avoir bien ce cela ces cet cette ceux chez comme dans de des donc du elle elles en encore est
et était être eu fait faire ici il ils je jusque la le les leur leurs lui là ma mais me mes moi mon même ne
non nos notre nous on ont ou où par parce pas peu peut plus pour pourquoi qu quand que quel quelle quels qui
quoi sa sans se ses si son sont sur ta te tes toi ton toujours tous tout toute toutes tout très tu un une
vos votre vous voilà alors al algo antes aquí así aunque cada como con contra cual cuando de del desde donde
dos el ella ellas ellos en entre era eres es esa ese eso esta está estaba estamos están estar este esto
estos fue ha hacer hacia hasta hay la las le les lo los me mi mis mucho muchos muy más nada ni no nos
nosotros o otra otro para pero poco por porque pues que quien qué se ser si sin sobre son su sus sí también
tan tanto te tengo tiene todo todos tu tus un una uno unos usted ustedes va vamos y ya yo bueno entonces
"""
STOP_WORDS = frozenset(_ENGLISH.split()) | frozenset(_OTHERS.split()).union(
    *(stop_words.STOP_WORDS[code] for code in ("zh", "ja", "th"))
)

# Sounds that carry no meaning; taken out of titles and summaries, never out of the transcript.
_FILLER = re.compile(
    r"(?<![\w'-])(?:u+h+|u+m+|uhm|e+r+m?|a+h|hm+|m+-?hm+|mm+|uh-huh|äh+m?|öhm?|euh)(?![\w'-])\s*[,.]*\s*",
    re.IGNORECASE,
)
# A word or up to eight, said again at once: "that's that's", "in the design phase in the design phase we".
_RESTART = re.compile(r"\b(?=\w)((?:[\w'-]{1,40} ){0,7}[\w'-]{1,40})(?:[ ,]+\1\b)+", re.IGNORECASE)
_RUN = re.compile(r"\w+")
_FRAGMENT = re.compile(r"\b((?:\w+ )?\w{1,4})[,-]* (\1\w+)", re.IGNORECASE)
_SPELLED = re.compile(
    r"\b(?:[A-Z]_)+(?:[a-z]\b)?"
)  # letters one by one, as some transcripts write them: T_V_
_SPACE_BEFORE = re.compile(r"\s{1,9}([,.;:!?])")
_MARKS_IN_A_ROW = re.compile(r"([,;])[,;:]+|(:)[,;]+")
_NOISE_MARK = re.compile(r"[\[(<{*][^\])>}*]{0,40}[\])>}*]|[♪♫]+")


@lru_cache(maxsize=100_000)  # each text is asked for by titles, blocks, summaries of three levels
def surface_tokens(text: str) -> tuple[str, ...]:
    """All words in order as written."""
    written: list[str] = _TOKEN.findall(text.replace("’", "'"))
    if text.isascii():
        return tuple(written)
    return tuple(word for token in written for word in (segment(token) if unspaced(token) else (token,)))


def unspaced(word: str) -> bool:
    """Whether a word is of a script that writes no spaces."""
    return not word.isascii() and bool(_UNSPACED_RUN.match(word))


def join_words(words: Sequence[str]) -> str:
    """Words as they are written one after the other: in scripts without spaces, without one."""
    joined = ""
    for word in words:
        gap = joined and not (unspaced(joined[-1]) and unspaced(word))
        joined += f" {word}" if gap else word
    return joined


def tokens(text: str) -> tuple[str, ...]:
    """:func:`surface_tokens` in lower case."""
    if text.isascii():
        return tuple(map(str.lower, surface_tokens(text)))
    return surface_tokens(text.lower())


@lru_cache(maxsize=100_000)
def is_content(token: str) -> bool:
    """True when the word can say what a text is about: no stop word, no bare number, no single letter."""
    if token in STOP_WORDS or token.isdigit() or _JAPANESE_VERB.search(token):
        return False
    if _CHINESE_COUNT.match(token):
        return False
    if token.endswith("'s"):
        token = token[:-2]
    return (len(token) > 2 or not token.isascii()) and token not in STOP_WORDS


def content_words(text: str) -> list[str]:
    """The words of ``text`` that can say what it is about, in order."""
    return [token for token in tokens(text) if is_content(token)]


@lru_cache(maxsize=100_000)
def stem(token: str) -> str:
    """A crude stem by which forms of a word are counted together: no language needed, no dictionary."""
    if not token.isascii():
        return token[:7]
    for ending in ("'s", "ings", "ing", "ies", "ied", "es", "ed", "s"):
        if token.endswith(ending) and len(token) - len(ending) >= 3:
            return token[: -len(ending)][:8]
    return token[:8]


def without_fillers(text: str) -> str:
    """Take out hesitations (``uh``, ``um``), restarts ("the the plan", "l learning") and marks as
    ``[Music]``.
    """
    text = _NOISE_MARK.sub(" ", text)
    if "_" in text:
        text = _SPELLED.sub(lambda match: match[0].replace("_", ""), text)
    text = " ".join(_FILLER.sub("", text).split())
    text = _FRAGMENT.sub(_drop_fragment, text)
    if _repeats(text):
        text, restarts = _RESTART.subn(r"\1", text)
        if restarts:  # a restart within a restart
            text = _RESTART.sub(r"\1", text)
    text = _SPACE_BEFORE.sub(r"\1", text)
    return _MARKS_IN_A_ROW.sub(r"\1\2", text).strip(" ,;:-–—")


def _repeats(text: str) -> bool:
    """False where no word is said twice in a row and no two words again: most texts have no restart to look for."""
    words = _RUN.findall(text.lower())
    pairs = list(pairwise(words))
    return any(map(eq, words, words[1:])) or len(set(pairs)) < len(pairs)


def _drop_fragment(match: re.Match[str]) -> str:
    """The beginning of a word given up and said again (``w want``) goes; a word of its own (``a apple``)
    stays.
    """
    return match[0] if match[1].lower() in STOP_WORDS else match[2]
