"""Which code page bytes are in, when they are not Unicode: the one in which they read most like some language.

Every pair of code page and language is a small model of letters: how often each letter beyond ASCII occurs in the
language, capitals at beginnings of words only, scripts unmixed, and for Latin and Cyrillic the function words. What a
pair says of the bytes is a log likelihood, so that code pages of one and of two bytes a character compare fairly.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from longvid_storage.text.languages import guess_language
from longvid_storage.text.stop_words import STOP_WORDS

# Letters beyond ASCII of a language, commonest first.
_LETTERS = {
    "ru": "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё",
    "uk": "оанівтиерслкмдупяьзгбчхйжшїюєцщґф",
    "bg": "аоиетнрсвлкдпмзгяъубчцжщхюйшфь",
    "sr": "аоиентрсјвкудпмлзбгчжшћцхђњљџф",
    "el": "αοιετσνηυρπκμλςωγδίάόέήύώχφθβξζψϊϋΐΰ",
    "he": "יולהאתרמבשנקדםחפטעגסכזץןךףצ",
    "ar": "اليمنوترتبةعدسفهكقحجشصطخذضزثأإىءظغؤئآ",
    "fa": "اینردهومتبشکگسلزقفعخجآحپچصطذضظغثژئ",
    "th": "านรอกเงมยลวดทตสะปบคหแจพชขใไโผถซธณฉฟภศษฐฒญฮฬ่้ิีัุูืํ็์ำ",
    "fr": "éàèêçôûîâùïœëüæ",
    "de": "üäöß",
    "es": "óáíéñú¿¡ü",
    "pt": "ãáéçíóêõúàâô",
    "it": "èàéìòù",
    "sv": "äåöé",
    "da": "åøæé",
    "fi": "äöå",
    "nl": "ëéïóèü",
    "en": "éïèçñöüà",
    "is": "áðíéóþæúöý",
    "pl": "łęąóżśćńź",
    "cs": "íáéěřčžýšůúňďťó",
    "sk": "áíéčýžšľúťôňäďóĺŕ",
    "hu": "áéöóüőíúű",
    "ro": "ăîşţâșț",
    "hr": "čšžćđ",
    "tr": "ışğüöçİâî",
    "lt": "ėųįšžąūčę",
    "lv": "āīēšņūļžčķģ",
    "et": "äõüöšž",
    "vi": "đăâêôơư\u0300\u0301\u0309\u0303\u0323áàéíóúêã",
}  # fmt: skip
# The commonest characters of languages that have thousands.
_CHARACTERS = {
    "zh": (
        "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种"
        "事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第"
        "公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合"
        "回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活今讨维"
    ),
    "zh-hant": (
        "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種"
        "事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因只從想實日軍者意無力它與長把機十民第"
        "公此已工使情明性知全三又關點正業外將兩高間由問很最重並物手應戰向頭文體政美相見被利什二等產或新己制身果加西斯月話合"
        "回特代內信表化老給世位次度門任常先海通教兒原東聲提立及比員解水名真論處走義各入幾口認條平系氣題活今討維"
    ),
    "ja": (
        "のいるとしにはをたでがなっれすかまこあもりそうくらんきてさだけどよつちせみえめおわやじばひげねぶへほぎずご"
        "ンースルトリアイラクシドレタジフロプッマグコサムテバメカオニパウブデキナボセミソチツハ"
        "一日人年大出本中生国会上事時行者私今自分何前思見言手方話後間場合気度水間学校長"
    ),
    "ko": (
        "이다는에의을가고하지를기은사한도로리자나시인어서대아스있그일정해수제부과들전으라보여상장주선관면된것"
        "구조공전만게성동내였무원비계우연우세경미소모방않없러야때같더니까요습합안오늘말우말생각못저거네죠좀볼잘왜"
    ),
}  # fmt: skip
# Of languages that have no list elsewhere, the commonest that tell one from its neighbours.
_FUNCTION_WORDS_TEXT = {
    "lt": "ir yra kad bet tai kaip apie iš nuo su už iki dar jau mes mums jis ji jie kiek ar nes kai kur labai "
          "šią šis taip buvo bus prie po per ne tik",
    "lv": "un ir ka bet tas kā par no ar uz līdz vēl jau mēs mums viņš viņa cik vai jo kad kur ļoti šo šis jā "
          "bija būs pie pēc ne nav vajag var tikai",
    "et": "ja on et aga see kui kuidas ning ei ka oli mis kes oma meie meil siis veel juba väga sel nii või "
          "enne kuni tema nad ma sa ta vaja",
    "fi": "ja on ei se että mutta kuin tämä oli myös kun niin sitten me te he hän minä sinä mitä joka ovat tai "
          "jos vielä nyt",
    "is": "og er að við það ekki sem en til um með var þetta ég þú hann hún þeir svo eða frá eftir fyrir þá nú "
          "mjög",
    "cs": "je na se že to do ale jak pro by jsem jsme jsou tak co když už ještě nebo od po za ve který bude byl "
          "tento na",
    "sk": "je na sa že to do ale ako pre by som sme sú tak čo keď už ešte alebo od po za vo ktorý bude bol "
          "tento",
    "hu": "az és hogy nem van egy is de ez mert csak már még ha vagy mint volt lesz itt ott mi meg azt óta",
    "ro": "şi și este că nu de la cu pe pentru mai din sunt dar ce în un cum când sau această acest avem noi ei "
          "fost va",
    "hr": "je na se da to što su ali kako za od ne ja mi vi oni nam ovo bio bi će ćemo kad samo još ili jer "
          "koji pa",
    "vi": "và là của có không cho được một trong với các này để người tôi đã những khi thì đó",
}  # fmt: skip
_FUNCTION_WORDS = {
    **STOP_WORDS, **{language: frozenset(words.split()) for language, words in _FUNCTION_WORDS_TEXT.items()}
}  # fmt: skip
# Code page → its languages, and how much rarer such files are than those of Windows (natural logarithm).
_WEST = ("fr", "de", "es", "pt", "it", "sv", "da", "fi", "nl", "en", "is", "et")
_PAGES: Mapping[str, tuple[tuple[str, ...], float]] = {
    "cp1252": (_WEST, 0.0), "cp1250": (("pl", "cs", "sk", "hu", "ro", "hr"), 0.0),
    "cp1251": (("ru", "uk", "bg", "sr"), 0.0), "cp1253": (("el",), 0.0), "cp1254": (("tr",), 0.0),
    "cp1255": (("he",), 0.0), "cp1256": (("ar", "fa"), 0.0), "cp1257": (("lt", "lv", "et"), -1.0),
    "cp1258": (("vi",), -2.0), "cp874": (("th",), 0.0), "gb18030": (("zh",), 0.0), "cp950": (("zh-hant",), 0.0),
    "cp932": (("ja",), 0.0), "euc_jp": (("ja",), -2.0), "cp949": (("ko",), 0.0), "koi8-r": (("ru",), -2.0),
    "koi8-u": (("uk",), -3.0), "cp866": (("ru", "uk"), -3.0), "iso8859-2": (("pl", "cs", "sk", "hu", "ro", "hr"), -2.0),
    "iso8859-5": (("ru", "uk", "bg", "sr"), -3.0), "iso8859-7": (("el",), -2.0), "iso8859-6": (("ar",), -3.0),
    "mac_roman": (_WEST, -4.0), "mac_cyrillic": (("ru", "uk"), -4.0), "mac_latin2": (("pl", "cs", "hu"), -4.0),
    "cp850": (_WEST, -5.0), "cp852": (("pl", "cs", "hu"), -5.0), "cp737": (("el",), -4.0), "cp862": (("he",), -3.0),
    "cp857": (("tr",), -4.0), "cp775": (("lt", "lv", "et"), -5.0),
}  # fmt: skip
_SIGNS = "“”‘’–—…«»„‚°·•§€£™©®\xa0×½¿¡"
_WIDE_SIGNS = "。，、！？「」『』（）：；…《》・～“”"
_ODDS_OF_A_SIGN = math.log(0.01)
_ODDS_ELSEWHERE = math.log(1e-6)
_ODDS_BROKEN = math.log(1e-9)
_ODDS_RARE_CHARACTER = math.log(0.4 / 6000)
_ODDS_CAPITAL = math.log(0.12)
_ODDS_CAPITAL_INSIDE = math.log(1e-4)
_ODDS_MIXED = math.log(1e-2)
_ODDS_OF_A_RUN = math.log(0.1)
# What a function word tells for its language, and what the name of a file does.
_WORD_TELLS = 1.5
_NAME_TELLS = 30.0
# A reading this much likelier than the next different one is sure.
_SURE = 6.0
_SAMPLE_BYTES = 6000
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Guess:
    """A code page, the language that told it, and the next best where that reads nearly as well."""

    encoding: str
    language: str
    rival: str | None

    def described(self) -> str:
        """The encoding, and how sure it is."""
        unsure = f" (a guess: as {self.rival} it would read nearly as well)" if self.rival else ""
        return f"{self.encoding}{unsure}"


def guess_code_page(data: bytes, language: str | None = None) -> Guess:
    """The code page of bytes that are no Unicode; ``language`` is what the file is said to be in, if anything."""
    sample = _sample(data)
    scores: list[tuple[float, str, str, str]] = []
    for encoding, (languages, rarity) in _PAGES.items():
        text = sample.decode(encoding, errors="replace")
        for its in languages:
            named = _NAME_TELLS if language is not None and its.partition("-")[0] == language else 0.0
            scores.append((rarity + named + _likelihood(text, its), encoding, its, text))
    scores.sort(key=lambda score: -score[0])
    scores = _confirmed_first(scores)
    best, encoding, its, text = scores[0]
    rival = next(((score, name) for score, name, _, other in scores if other != text), None)
    unsure = rival is not None and best - rival[0] < _SURE
    return Guess(encoding, its, rival[1] if rival is not None and unsure else None)


def _is_mixed(text: str) -> bool:
    """Whether a word has a Latin letter and one of another script: "naοve" with a Greek one is French badly read."""
    return any(
        any(letter.isascii() for letter in word) and any(letter > "\u036f" for letter in word)
        for word in _WORD.findall(text)
    )


def _confirmed_first(scores: list[tuple[float, str, str, str]]) -> list[tuple[float, str, str, str]]:
    """Among readings that are nearly as likely as the best, the first whose words are of its language leads."""
    best, _, _, text = scores[0]
    near = [score for score in scores if best - score[0] < _SURE]
    if all(other == text for _, _, _, other in near):
        return scores
    confirmed = (s for s in near if guess_language(s[3]) == s[2].partition("-")[0] and not _is_mixed(s[3]))
    leads = next(confirmed, scores[0])
    return [leads, *(score for score in scores if score is not leads)]


def _sample(data: bytes) -> bytes:
    """Lines that are not ASCII, from the whole length of the file."""
    lines = [line for line in data.splitlines() if not line.isascii()]
    size = sum(map(len, lines))
    step = max(1, size // _SAMPLE_BYTES)
    return b"\n".join(lines[::step])[:_SAMPLE_BYTES]


def _likelihood(text: str, language: str) -> float:
    if language in _CHARACTERS:
        odds = _odds_of_characters(language)
        return sum(odds.get(c) or _odds_of_another(c, language) for c in text if c > "\x7f")
    total = sum(_odds_in_words(text, _odds_of_letters(language), latin=_is_latin(language)))
    words = _FUNCTION_WORDS.get(language)
    if words:
        # A letter alone is a function word in too many languages.
        total += _WORD_TELLS * sum(len(w) > 1 and w in words for w in map(str.lower, _WORD.findall(text)))
    return total


def _odds_in_words(text: str, odds: Mapping[str, float], *, latin: bool) -> Iterator[float]:
    before, run = "", 0
    for character in text:
        if character <= "\x7f":
            if run > 0 and not latin and character.isalpha():
                yield _ODDS_MIXED
            run = -1 if not latin and character.isalpha() else 0
        else:
            lower = character.lower()
            yield odds.get(character) or odds.get(
                lower, _ODDS_BROKEN if character == "\ufffd" else _ODDS_ELSEWHERE
            )
            if character != lower and not before.isupper():
                yield _ODDS_CAPITAL_INSIDE if before.islower() else _ODDS_CAPITAL
            if run < 0 and character.isalpha():
                yield _ODDS_MIXED
            if latin and run > 0:
                yield _ODDS_OF_A_RUN
            run += 1
        before = character


def _is_latin(language: str) -> bool:
    return _LETTERS[language][0] < "\u0250"


@cache
def _odds_of_letters(language: str) -> Mapping[str, float]:
    letters = _LETTERS[language]
    total = sum(1 / (rank + 3) for rank in range(len(letters)))
    odds = {letter: math.log(0.9 / (rank + 3) / total) for rank, letter in enumerate(letters)}
    return {**dict.fromkeys(_SIGNS, _ODDS_OF_A_SIGN), **odds}


@cache
def _odds_of_characters(language: str) -> Mapping[str, float]:
    characters = dict.fromkeys(_CHARACTERS[language])
    total = sum(1 / (rank + 20) for rank in range(len(characters)))
    odds = {c: math.log(0.6 / (rank + 20) / total) for rank, c in enumerate(characters)}
    return {**dict.fromkeys(_WIDE_SIGNS, _ODDS_OF_A_SIGN), **odds}


def _odds_of_another(character: str, language: str) -> float:
    """Of a character that is not among the commonest."""
    if character == "\ufffd":
        return _ODDS_BROKEN
    kana, hangul = "\u3040" <= character <= "\u30ff", "\uac00" <= character <= "\ud7a3"
    if "\u4e00" <= character <= "\u9fff":
        return _ODDS_RARE_CHARACTER if language != "ko" else _ODDS_RARE_CHARACTER - 4
    return (
        _ODDS_RARE_CHARACTER + 2
        if (kana and language == "ja") or (hangul and language == "ko")
        else _ODDS_ELSEWHERE
    )
