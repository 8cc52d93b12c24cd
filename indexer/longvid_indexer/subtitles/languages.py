"""Language codes as they stand in file names and containers, brought to the two letters of ISO 639-1."""

from __future__ import annotations

import re
import unicodedata

_TWO_TEXT = (
    "aa ab af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de "
    "dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia "
    "id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo "
    "lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl "
    "ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk "
    "tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu "
)
_TWO = frozenset(_TWO_TEXT.split())
# ISO 639-2, both its bibliographic and its terminological codes.
_THREE_TEXT = (
    "afr=af alb=sq sqi=sq amh=am ara=ar arm=hy hye=hy aze=az baq=eu eus=eu bel=be ben=bn bos=bs bul=bg "
    "bur=my mya=my cat=ca chi=zh zho=zh cmn=zh yue=zh cze=cs ces=cs dan=da dut=nl nld=nl eng=en epo=eo "
    "est=et fin=fi fre=fr fra=fr geo=ka kat=ka ger=de deu=de gle=ga glg=gl gre=el ell=el guj=gu heb=he "
    "hin=hi hrv=hr hun=hu ice=is isl=is ind=id ita=it jpn=ja kan=kn kaz=kk khm=km kor=ko lao=lo lat=la "
    "lav=lv lit=lt mac=mk mkd=mk mal=ml mar=mr may=ms msa=ms mon=mn nep=ne nob=nb nor=no nno=nn pan=pa "
    "per=fa fas=fa pol=pl por=pt rum=ro ron=ro rus=ru sin=si slo=sk slk=sk slv=sl spa=es srp=sr swa=sw "
    "swe=sv tam=ta tel=te tgl=tl fil=tl tha=th tur=tr ukr=uk urd=ur uzb=uz vie=vi wel=cy cym=cy zul=zu "
)
_THREE = dict(pair.split("=") for pair in _THREE_TEXT.split())
# Languages that have three letters only: those in which captions are made or into which they are translated.
_ONLY_THREE_TEXT = (
    "ace ach alz arc arz ast awa ban bbc bci bew bho bik brx bts btx bua ceb ckb cnh chr crh din doi dov dyu "
    "frp fur gaa gom grc gsw haw hil hmn hrx hsb iba ilo kha kmr kok kri lij lmo ltg lua luo lus mai mak "
    "min mni mnw mwr nap nds new nso nus pag pam pap sah sat scn sco sgs shn szl tet tpi tum tzm vec war yua "
)
_ONLY_THREE = frozenset(_ONLY_THREE_TEXT.split())
# Codes that were replaced, and those that film and download sites use instead.
_OLD_TEXT = (
    "iw=he in=id ji=yi jw=jv mo=ro sh=sr chs=zh cht=zh zhs=zh zht=zh tc=zh big5=zh gb=zh cn=zh jp=ja cz=cs gr=el "
    "ua=uk vn=vi dk=da pb=pt pob=pt ptb=pt scc=sr scr=hr esp=es spl=es"
)
_OLD = dict(pair.split("=") for pair in _OLD_TEXT.split())
_NAMES = {
    "english": "en", "german": "de", "deutsch": "de", "french": "fr", "francais": "fr", "spanish": "es",
    "espanol": "es", "italian": "it", "portuguese": "pt", "dutch": "nl", "russian": "ru", "chinese": "zh",
    "japanese": "ja", "korean": "ko", "arabic": "ar", "hindi": "hi", "polish": "pl", "turkish": "tr",
    "swedish": "sv", "ukrainian": "uk", "czech": "cs", "greek": "el", "romanian": "ro", "hungarian": "hu",
    "danish": "da", "finnish": "fi", "norwegian": "no", "hebrew": "he", "thai": "th", "vietnamese": "vi",
    "indonesian": "id", "malay": "ms", "tamil": "ta", "urdu": "ur", "bengali": "bn", "persian": "fa",
    "catalan": "ca", "bulgarian": "bg", "croatian": "hr", "serbian": "sr", "slovak": "sk", "slovenian": "sl",
    "lithuanian": "lt", "latvian": "lv", "estonian": "et", "welsh": "cy", "telugu": "te", "cantonese": "zh",
    "mandarin": "zh", "filipino": "tl", "tagalog": "tl", "swahili": "sw", "afrikaans": "af", "icelandic": "is",
    "irish": "ga", "marathi": "mr", "gujarati": "gu", "punjabi": "pa", "kannada": "kn", "malayalam": "ml",
    "farsi": "fa", "macedonian": "mk", "albanian": "sq", "georgian": "ka", "armenian": "hy", "khmer": "km",
    "basque": "eu", "galician": "gl", "castellano": "es", "italiano": "it", "portugues": "pt", "nederlands": "nl",
    "polski": "pl", "svenska": "sv", "norsk": "no", "dansk": "da", "suomi": "fi", "magyar": "hu", "cestina": "cs",
    "turkce": "tr", "romana": "ro", "русскии": "ru", "украінська": "uk", "中文": "zh", "简体": "zh", "繁體": "zh",
    "简体中文": "zh", "繁體中文": "zh", "日本語": "ja", "한국어": "ko",
    "简中": "zh", "繁中": "zh", "英文": "en", "英语": "en", "英語": "en", "日文": "ja", "日语": "ja", "韩语": "ko",
    "영어": "en", "englisch": "en", "franzosisch": "fr", "spanisch": "es", "italienisch": "it", "russisch": "ru",
    "anglais": "en", "allemand": "de", "espagnol": "es", "ingles": "en", "aleman": "de", "frances": "fr",
    "inglese": "en", "tedesco": "de", "francese": "fr", "spagnolo": "es", "английскии": "en", "немецкии": "de",
    "العربية": "ar", "עברית": "he", "ελληνικα": "el",
}  # fmt: skip
_TAG = re.compile(r"([A-Za-z]{2,3})(?:[-_](?:[A-Za-z]{4}|[A-Za-z]{2}|\d{3}|orig))*\Z")


def normalise_language(code: str | None) -> str | None:
    """``"en-US"``, ``"eng"``, ``"English"`` → ``"en"``; None for what names no language (``"und"``, ``"raw"``).

    A language without two letters keeps its three (``"ceb"``). Withdrawn codes become today's (``"iw"`` → ``"he"``).
    """
    text = (code or "").strip()
    name = _without_accents(text.casefold())
    if name in _NAMES or name in _OLD:
        return _NAMES.get(name) or _OLD[name]
    match = _TAG.match(text)
    if match is None:
        return None
    primary = match.group(1).lower()
    if primary in _OLD:
        return _OLD[primary]
    return primary if primary in _TWO or primary in _ONLY_THREE else _THREE.get(primary)


def _without_accents(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize("NFC", "".join(c for c in apart if not unicodedata.combining(c)))
