"""Where sentences end: the one segmentation of the house.

A full stop ends a sentence unless it belongs to what stands before it: an abbreviation, an initial, an ordinal or a
list number. Whether it does is told by the word before, by lists for its language, and by the word after: a capital
function word ("He lives in the U.S. She …") begins a sentence, a name or a noun ("U.S. Government") need not (the
orthographic heuristic of Kiss & Strunk 2006, "Unsupervised multilingual sentence boundary detection").

Compared with pySBD 0.3.4 (rules for 22 languages; quadratic, 3.5 s for 80,000 letters) on two tables of texts in 13
languages. The one in ``tests/sentence_cases.py``, by which this module was made: pySBD cuts 83 of 122 right, this
module all. One that it was not made by, half of it pySBD's own "golden rules": pySBD 50 of 70, this module 54, and 63
after whole kinds of faults were mended. nltk's punkt does not travel in its package.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from longvid_storage.text.asking import asks_by_words
from longvid_storage.text.dates import MONTH_NUMBERS
from longvid_storage.text.stop_words import STOP_WORDS

_UNSPACED_ENDS = "。！？｡။።។៕"  # of scripts that put no space behind them, or not always
_PAIRED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
# Possessive and begun only where a run begins: a million dots are read once.
_ENDS = f".!?…।॥؟۔։፧፨\u037e{_UNSPACED_ENDS}"
_ASKS = re.compile(r"[?？؟][\"'”’)\s]*$")
# Transcripts forget the mark: "Like how much does, you know, a remote control cost." Only with the verb before who does
# it; "what we do", "when it does" tell.
_ASKS_BY_ORDER = re.compile(
    r"\W*(?:(?:so|and|but|like|well|okay|ok|um|uh|then|now|yeah|right|or|also|I mean|you know)\b\W*){0,4}"
    r"(?:how (?:much|many|long|often|far|big|old|fast|soon)\b(?:\W+\w+){0,2}?|how|why|what|where|when)\W+"
    r"(?:do|does|did)(?:n['’]t)?\W+(?:you|we|they|he|she|it|I|the|an?|this|that|these|those|my|your|our|people|any)\b",
    re.IGNORECASE,
)
_MARKED = re.compile(r"[^\w\s\"'”’)][\"'”’)\s]*+$")
# Without marks, more words that begin as a question often have its answer in them. Of 93 questions about six such
# talks, by which this was chosen, 68 are answered rightly (62 where no words tell a question).
_MOST_ASKED = 8
# "What I will do is, I will…", "It is really like the..."
_BREAKS_OFF = re.compile(
    r"(?:\b(?<!so )(?:the|an?|of|to|in|on|at|for|from|with|by|as|than|into|my|your|our|their|his|its|is|are|was|were"
    r"|and|or|but|because|that|which|if|will|can|could|should)|['’]ll)\W{0,3}(?:\.{3}|…|[-–—])[\"'”’)\s]*+$",
    re.IGNORECASE,
)
_CLOSERS = "\"'”’“«»)\\]}」』）】》"
# Possessive, and begun only where a run begins: a million dots are read once. ". . ." is an ellipsis too.
_END = re.compile(rf"(?<![{_ENDS}])([{_ENDS}]++(?:\s\.(?=[\s{_CLOSERS}]|\Z))*+)((?:[{_CLOSERS}]|\s»)*+)")
_END_GREEK = re.compile(_END.pattern.replace(_ENDS, f";{_ENDS}"))  # a question ends so
_NEXT = re.compile(r"[\s\"'“‘«»„‚(\[{¿¡「『（【—–-]*([^\W\d_]+|\d|)(\.?)")
_PREFIX = re.compile("[\"'“‘’«»„‚([{¿¡–—/]")
_WINDOW = 48  # letters looked at on either side; no abbreviation is longer
_ORDINAL_DIGITS = 2  # "im 19. Jahrhundert" is one, "endete 1945." is none
_DOTTED = re.compile(r"(?:[^\W\d_]{1,3}\.-?){1,4}[^\W\d_]{1,3}")
_CONSONANTS = re.compile("[bcdfghjklmnpqrstvwxz]{2,5}", re.IGNORECASE)
_ROMAN = re.compile("[IVX]{2,6}")

_ORDINALS = frozenset(
    ["bs", "cs", "da", "de", "et", "fi", "hr", "hu", "is", "nb", "nn", "no", "pl", "sk", "sl", "sr", "tr"]
)
"""Languages that write ordinals as a number and a full stop ("14. Juli")."""

# Never end a sentence: something always follows.
_OPEN = {
    "": "mr mrs ms dr prof e.g i.e cf vs ca approx fig figs eq n°",
    "en": "incl excl drs mx rev hon gen col capt cpt lt sgt sen gov mt dept vol vols pp eds viz ibid messrs",
    "de": """bzw z.b d.h u.a vgl evtl ggf inkl zzgl abzgl nr abb bd hr fr str bspw sog fa tel hl geb abschn gest allg
        med phil rer nat jur habil
        insb u.u z.t m.e aufl dipl ing st lt""",
    "fr": "m mm mme mlle mgr env p.ex c.-à-d c-à-d chap av bd st ste réf tél éd",
    "es": "sr sra srta sres dña dra pág págs p.ej núm aprox ud uds ee ej art av avda tel cap vol lic ing gral",
    "it": "sig sig.ra sigg dott dott.ssa prof.ssa avv ing pag pagg es p.es ad.es cap vol tel ecc.mo art",
    "pt": "sr sra srta dra profa pág págs p.ex núm aprox av ex art cap vol tel eng exmo",
    "nl": "dhr mevr mw bijv blz nr afb d.w.z o.a m.b.t t.a.v i.p.v drs ir mr ing",
    "sv": "t.ex bl.a dvs nr kl jfr s.k",
    "da": "f.eks bl.a dvs nr kl jf hr",
    "pl": "godz hab wg art ust pkt lek np tj tzn str rys ul al nr zob por mgr inż gen św ok tzw m.in ks płk",
    "ru": "т.е см рис стр ул пр им др проф гр напр т.н акад янв февр апр авг сент окт нояб дек табл илл гл",
    "cs": "např tj tzv ing mgr str č obr resp",
    "sk": "napr tj tzv ing mgr str č obr resp",
    "uk": "т.е див рис стор вул ім проф напр табл акад гр",
    "ro": "dl dna nr str pag fig cap prof ing",
    "hu": "pl kb ún ill db sz",
    "fi": "esim mm ns ks klo",
    "nb": "f.eks bl.a dvs nr jf",
    "el": "κ κα κος πχ π.χ δηλ σελ κεφ βλ",
    "id": "dr ir hlm no",
    "tr": "bkz örn sn doç av prof",
    "hi": "डॉ श्री प्रो सु श्रीमती",
}
# End one where a capital follows.
_CLOSING = {
    "": "etc",
    "de": "usw usf o.ä",
    "uk": "млн млрд тис грн",
    "ro": "etc",
    "tr": "vb",
    "it": "ecc",
    "nl": "enz",
    "pl": "itd itp tys mln mld mies",
    "cs": "atd apod",
    "sv": "osv",
    "da": "osv",
    "ru": "млн млрд тыс руб",
}
# End one where a capital function word follows: before a name they may stand inside.
_INSIDE = {
    "es": "ee uu",
    "de": "jh mio mrd tsd",
    "": "inc ltd co corp jr sr bros plc al st rep jan feb apr jun jul aug sept sep oct okt nov dec dez ave blvd",
}
# After a number, cut short: they end a sentence where a capital follows; in German one of a noun does not tell.
_UNITS_TEXT = "min mins sec secs sek std stdn hr hrs hod godz tim kg km cm mm ml mg eur usd chf"
_UNITS = frozenset(_UNITS_TEXT.split())
# Words of the language too: abbreviations only before a number.
_NUMBERED = {"": "no nos art vol sec ch min max mind abs mar p s § kap n par bl tab tabl tbl eq sect fol"}


def split_sentences(text: str, language: str | None = None) -> list[str]:
    """Cut a text after each sentence: the pieces in order, without the white space between them.

    Every character that is no white space is in exactly one piece; no piece is empty. Linear in the text.

    Args:
        text: anything; one line, as utterances are.
        language: its tag ("de", "pt-BR"); None is read as English, whose abbreviations most languages share.
    """
    pieces, start = [], 0
    for match in _ends_of(language).finditer(text):
        if _is_end(text, start, match, language):
            pieces.append(text[start : match.end()].strip())
            start = match.end()
    pieces.append(text[start:].strip())
    return [piece for piece in pieces if piece]


@lru_cache(maxsize=200_000)
def asks(text: str) -> bool:
    """Whether a text ends as a question does, begins as one in English ("so when do we"), or, where no mark ends it,
    has the words of one ("how many customers noticed")."""
    if _ASKS.search(text) or asks_by_order(text):
        return True
    unmarked = _MARKED.search(text) is None
    return unmarked and text.count(" ") < _MOST_ASKED and asks_by_words(text)


def asks_by_order(text: str) -> bool:
    """Whether a text begins as a question does in English, with the verb before who does it, whatever mark ends it."""
    return _ASKS_BY_ORDER.match(text) is not None


def breaks_off(text: str) -> bool:
    """Whether English ends, with a mark that says so, at a word behind which something must follow ("like the…")."""
    return _BREAKS_OFF.search(text) is not None


def ends_sentence(text: str, language: str | None = None) -> bool:
    """Whether a text's last words end a sentence; False where only the next word could tell ("on the 14.", "Dr.")."""
    text = text.rstrip()
    tail = text[-2 * _WINDOW :]
    last = next((match for match in _ends_of(language).finditer(tail) if match.end() == len(tail)), None)
    if last is None:
        return False
    return last.group(1) != "." or not _may_go_on(*_token(tail, 0, last.start()), _code(language))


def _is_end(text: str, start: int, match: re.Match[str], language: str | None) -> bool:
    marks, closers = match.groups()
    end = match.end()
    following = text[end : end + 1]
    if following and not following.isspace():
        if any(mark in _UNSPACED_ENDS for mark in marks):
            return not ("」" in closers and following in "とっ")  # 「…。」と言った: a quotation in a sentence
        return (
            marks[-1] in "!?"
            and _is_paired(text[match.start() - 1 : match.start()])
            and _is_paired(following)
        )
    after = _NEXT.match(text, end, end + _WINDOW)
    word, initial = (after.group(1), after.group(2)) if after else ("", "")
    if word[:1].islower() and (closers or marks.replace(" ", "") in ("...", "…")):
        return False  # 'He asked "why?" and left', "Well... maybe"
    if marks != ".":
        return True
    begins = word[:1].isupper() and word.casefold() in _function_words(_code(language))
    begins = begins and not (initial and len(word) == 1)  # "А. С. Пушкин": "с" is a word too
    return not _goes_on(*_token(text, start, match.start()), word, begins, _code(language))


def _token(text: str, start: int, end: int) -> tuple[str, str]:
    """The word before ``end``, and the one before that where white space alone divides them ("z." of "z. B.")."""
    before = text[max(start, end - _WINDOW) : end].split()
    token = _PREFIX.split(before[-1])[-1] if before and not text[end - 1].isspace() else ""
    return token, before[-2] if len(before) > 1 else ""


def _goes_on(token: str, previous: str, word: str, begins: bool, code: str | None) -> bool:
    """Whether a sentence goes on after "token." with ``word``; ``begins``: which is a capital function word."""
    folded = token.casefold()
    if folded in _listed("open", code):
        return True
    if token.isdecimal():
        if (
            len(token) <= _ORDINAL_DIGITS
            and len(word) > 3
            and not begins
            and word.casefold() in MONTH_NUMBERS
        ):
            return True  # "14. Juli", also in a text of another language
        ordinal = code in _ORDINALS and len(token) <= _ORDINAL_DIGITS and not begins and not word.isdecimal()
        counted = (
            previous[:1].isupper() and previous.isalpha() and previous.casefold() not in _function_words(code)
        )
        return not previous or (
            ordinal and not (counted and word[:1].isupper())
        )  # "Raum 5. Kommt" is no ordinal
    if folded in _listed("numbered", code) and word.isdecimal():
        return True
    if folded in _UNITS and previous[-1:].isdigit():
        return word[:1].islower() or (code == "de" and not begins and word.isalpha())
    if folded in _listed("closing", code):
        return not word[:1].isupper()
    if _is_initial(token):
        return not begins or (len(previous) == 2 and previous[0].islower() and previous[1] == ".")
    roman = code in _ORDINALS and _ROMAN.fullmatch(token)
    if folded in _listed("inside", code) or roman or _DOTTED.fullmatch(token):
        return not begins
    # Without a vowel, and not in capitals as "SQL" is: an abbreviation that no list has.
    return bool(_CONSONANTS.fullmatch(token)) and not token.isupper() and not word[:1].isupper()


def _may_go_on(token: str, previous: str, code: str | None) -> bool:
    """Whether a sentence may go on after "token.", where the next word isn't known."""
    if token.isdecimal():
        return code in _ORDINALS and len(token) <= _ORDINAL_DIGITS and bool(previous)
    return _is_initial(token) or token.casefold() in _listed("open", code) or bool(_DOTTED.fullmatch(token))


def _is_initial(token: str) -> bool:
    return len(token) == 1 and token.isalpha() and not _is_paired(token)


def _ends_of(language: str | None) -> re.Pattern[str]:
    return _END_GREEK if _code(language) == "el" else _END


def _code(language: str | None) -> str | None:
    return language.split("-")[0].lower() if language else None


def _is_paired(character: str) -> bool:
    return bool(re.match(f"[{_PAIRED}]", character))


@cache
def _listed(kind: str, code: str | None) -> frozenset[str]:
    lists = {"open": _OPEN, "closing": _CLOSING, "inside": _INSIDE, "numbered": _NUMBERED}[kind]
    chosen = (lists[""], lists.get(code or "en", ""))
    return frozenset(word for words in chosen for word in words.split())


@cache
def _function_words(code: str | None) -> frozenset[str]:
    return STOP_WORDS.get(code or "en", STOP_WORDS["en"])
