"""Words of scripts that write no spaces between them, for texts that people read: titles and chapters.

BudouX (github.com/google/budoux, Apache; small linear models that travel in its package, 300 KB) cuts Chinese and Thai
into words and Japanese into phrases, whose particles are cut off here. Search does without words (see ``analysis``):
pairs of characters find every word, also where a model cuts it in two.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any

UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Characters of these scripts, as ranges in a character class."""
_MODELS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("zh", re.compile("[\u3400-\u9fff\uf900-\ufaff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
)
# After two characters, or one that is no hiragana ("方を", but not "もの").
_PARTICLE = re.compile(
    "(?:(?<=..)(?:から|まで|より|には|では|とは|への|での|です|ます)|(?:(?<=..)|(?<=[\u30a0-\u9fff]))[のをがはにでともへや])\\Z"
)
# Where a verb leads, before something else than a word that begins so (下面, 上海, 开始).
_LEADS = re.compile(
    "(?:下(?![面午周次个半班来去载雨课边一])|上(?![面午周次个海班学课网来去边升一])|出(?![现口去来发租版生国])|掉(?![头])"
    "|完(?![成全美善])|开(?![始会关发花水心车放])|好(?![处的像看吃几多])).{2}"
)
_NO_VERBS = frozenset("在从到把被对向和与的了是我你他她它这那先再又也就都不没很最更等为以因")


@lru_cache(maxsize=50_000)
def segment(run: str) -> tuple[str, ...]:
    """The words of a run of one of these scripts, in order; together they are the run.

    Lao, Burmese and Khmer, for which there is no model, give the run as one.
    """
    language = next((code for code, script in _MODELS if script.search(run)), None)
    if language is None:
        return (run,)
    words: list[str] = _parser(language).parse(run)
    if language == "zh":
        return tuple(_with_whole_verbs(words))
    if language != "ja":
        return tuple(words)
    return tuple(part for word in words for part in _without_particle(word))


def _with_whole_verbs(words: list[str]) -> list[str]:
    """ "拧", "下螺母" as "拧下", "螺母": what says where a verb of one character leads is a part of it."""
    made: list[str] = []
    for word in words:
        before = made[-1] if made else ""
        if len(before) == 1 and before not in _NO_VERBS and _LEADS.match(word):
            made[-1] += word[0]
            word = word[1:]
        made.append(word)
    return made


def _without_particle(phrase: str) -> list[str]:
    found = _PARTICLE.search(phrase)
    return [phrase[: found.start()], found.group()] if found else [phrase]


@cache
def _parser(language: str) -> Any:
    import budoux

    if language == "ja":
        return budoux.load_default_japanese_parser()
    return (
        budoux.load_default_thai_parser()
        if language == "th"
        else budoux.load_default_simplified_chinese_parser()
    )
