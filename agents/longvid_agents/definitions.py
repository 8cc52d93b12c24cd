"""Sentences that say what a thing is: how they read, and where in everything that names it they stand.

Who asks what a thing is gets little from the places where most is said of it: it is explained once, and used a hundred
times. So every sentence that names it is read for the signs of a definition: a copula behind it ("X is a …", "X means
…"), a naming before it ("this is called X"), an apposition ("X, which is …") (Hildebrandt, Katz & Lin 2004, "Answering
definition questions using multiple knowledge sources"). Words are read one by one, not by a pattern, since a sentence
may be as long as it likes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from longvid_agents.expected import asked_for
from longvid_agents.question import QuestionPlan
from longvid_storage.db.view import View
from longvid_storage.search.evidence import moment_of, naming
from longvid_storage.text.analysis import WRITTEN_WORD
from longvid_storage.types import Moment

DEFINES = 0.5
"""From this strength on a sentence reads like a definition."""
_CLEARLY = 0.7
# Of what names the thing so many sentences are read, evenly spaced, and so many that define it are kept.
_READ, _KEPT = 2_000, 4
# "It's called a Merkle tree" says what it is only together with what came before.
_SHORT = 8
# A longer name is a description, and found by search.
_MOST_WORDS = 4

_TOKEN = re.compile(r"[^\W_][\w.&+#]*|[,;:=?!…()–—.]")
_SHORT_IS = re.compile(r"['’]s (?=(?:an?|the|basically|essentially|just|simply|like|when|where|how)\b)")
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff]")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_COPULA = _words(
    "is are was were means mean denotes measures describes represents signifies refers stands ist sind war bedeutet"
    " heißt bezeichnet meint est sont signifie désigne es son significa è sono é são betekent zijn это означает значит"
)
_ARTICLES = _words(
    "a an the one some any something anything someone when where how der die das den dem ein eine einen einer le la les"
    " un une l el los las una il lo i gli uno o os as um uma de het een"
)
_ADVERBS = _words(
    "basically essentially simply just really actually like also usually typically often kind sort of then in fact"
    " course nothing more than again quite well still now already roughly generally technically effectively pretty much"
    " einfach eigentlich quasi nichts anderes als im grunde tout simplement en fait simplemente básicamente"
    " semplicemente basicamente gewoon просто"
)
_CALLED = _words(
    "called call calls named term termed define defined defines definition known genannt nennt nennen heißt appelle"
    " appelé appelée appelés appelées nommé llama llaman llamado llamada denomina chiama chiamato chiamata chamado"
    " chamada chama heet genoemd noemen называется называют называем"
)
# What may stand between that and the name, and right behind the name: else it is a part of a longer one.
_BETWEEN = _ARTICLES | _words("as this that it these those them so of what")
_BEHIND = _COPULA | _words("which that and or because where when so but in by from for if like as")
# "X is another great example" says nothing of what X is.
_JUDGES = _words(
    "great good bad nice important interesting hard easy difficult big huge example thing things question point topic"
    " next first last coming going done ready fine true false better worse best worst new old here there not never no"
    " so too very little bit lot such another only possible impossible necessary available gonna why because"
    " that okay"
)
_VAGUE = _words("thing things example question point topic problem deal issue reason mess pain")
_GOES_ON = _words("of that which where when for")
# Behind one of these another thing is what is spoken of: "the output of a hash function is …".
_PREPOSITIONS = _words(
    "of on in for with to from at by about than like into over under between through via per and or no my your our"
    " their his her its each every von vom mit für bei aus zu zum zur auf du des d en sur pour avec del con para por di"
    " da do dos na van met voor и или в на с для"
)
# A thing that stands without an article is what is spoken of behind one of these; behind another word it is a part of
# a longer name ("wrapped segwit is …").
_LEADS = _words(
    "so well and but now yeah yes okay ok right basically essentially actually first then because that say said think"
    " know mean see again where what which who is if when while as since also um uh like i'd guess means believe"
    " remember recall explain understand"
)


@lru_cache(maxsize=256)
def names_asked(plan: QuestionPlan) -> tuple[tuple[str, ...], ...]:
    """The things whose definition is asked for: runs of adjacent words in lower case, in order; none where none is."""
    if plan.kind != "define":
        return ()
    wanted = {term.word.casefold() for term in plan.terms} - {"stand", "mean"}
    runs: list[list[str]] = [[]]
    between: list[str] = []
    end = 0
    for match in WRITTEN_WORD.finditer(plan.question):
        word = match.group().casefold()
        if plan.question[end : match.start()].strip() or len(between) > 1 or between[:1] not in ([], ["of"]):
            runs.append([])
        end = match.end()
        if word in wanted:
            runs[-1] += [*(between if runs[-1] else ()), *word.split("-")]
            between = []
        else:
            between.append(word)
    return tuple(tuple(run) for run in runs if 0 < len(run) <= _MOST_WORDS)


def definition(text: str, names: Sequence[Sequence[str]]) -> float:
    """How much ``text`` reads like the definition of any of ``names``, in ``[0, 1]``; linear in the text."""
    if any(_CJK.search(word) for name in names for word in name):
        return max((_unspaced(text, "".join(name)) for name in names), default=0.0)
    tokens = _TOKEN.findall(_SHORT_IS.sub(" is ", text.casefold()))
    tokens = [token.rstrip(".") or token for token in tokens]
    best = 0.0
    for name in names:
        size = len(name)
        for at in range(len(tokens) - size + 1):
            if tokens[at].startswith(name[0]) and all(map(_same, tokens[at : at + size], name)):
                best = max(best, _strength(tokens[:at], tokens[at + size :]))
    return best


def _same(said: str, wanted: str) -> bool:
    return said == wanted or said in (f"{wanted}s", f"{wanted}es") or wanted in (f"{said}s", f"{said}es")


def _strength(before: list[str], after: list[str]) -> float:
    """Of one place: the tokens before and behind the name."""
    bare = before[:-1] if before and before[-1] in _ARTICLES else before
    naming_word = next((token for token in reversed(before) if token not in _BETWEEN), "")
    if naming_word in _CALLED and (not after or not after[0].isalnum() or after[0] in _BEHIND):
        return 0.9 if len(before) + len(after) >= _SHORT else DEFINES
    lead = next((token for token in reversed(bare) if token != ","), "")
    if not any(token.isalnum() for token in before) and after[:1] and after[0] in ":=–—" and len(after) > 2:
        return 0.8
    if lead in _PREPOSITIONS or (bare is before and bare and _modifies(bare[-1])):
        return 0.0
    late = min(len(bare), 12) / 100
    if after[:1] == [","]:
        closing = after.index(",", 1) if "," in after[1:12] else 0
        if after[1:2] == ["which"] and after[2:3] and after[2] in _COPULA:
            return max(0.0, 0.9 * _what(after[3:]) - late)
        after = after[closing + 1 :] if closing else after
    elif after[:1] and after[0] in _PREPOSITIONS:  # "the entropy of a source measures …"
        after = after[next((at for at, token in enumerate(after[:6]) if token in _COPULA), 0) :]
    if after[:1] and after[0] in _COPULA:
        return max(0.0, _what(after[1:]) - late)
    return 0.0


def _modifies(token: str) -> bool:
    return token not in _LEADS and any(map(str.isalpha, token))


def _what(after: list[str]) -> float:
    """What stands behind the copula: 1 for "a …", less for other words, 0 for what only judges or breaks off."""
    at = next((at for at, token in enumerate(after) if token not in _ADVERBS), len(after))
    told = after[at:]
    if told and told[0] in _ARTICLES:
        vague = next((i for i, token in enumerate(told[1:4], 1) if token in _VAGUE), 0)
        breaks_off = vague and _GOES_ON.isdisjoint(told[vague + 1 : vague + 2])
        if breaks_off or not _JUDGES.isdisjoint(told[1:2]):
            return 0.0
        return 1.0 if len(told) >= 4 and not told[1].endswith("est") else DEFINES
    if not told or told[0] in _JUDGES or not told[0][0].isalnum():
        return 0.0
    return 0.6 if len(told) >= 4 else DEFINES if len(told) >= 2 else 0.0


def _unspaced(text: str, name: str) -> float:
    """Of a script without spaces: what stands right behind or before the name."""
    found = re.search(rf"{re.escape(name)}(?:就是|是指|指的是|是一|とは|というのは|意味着)(?=.{{4}})", text)
    called = re.search(
        rf"(?:叫做?|称为|称之为|所谓的?){re.escape(name)}|{re.escape(name)}と(?:呼|言|いう)", text
    )
    return 0.9 if found or called else 0.0


def defined(view: View, plan: QuestionPlan) -> list[Moment]:
    """Where in the view sentences define what is asked for, best first; none where nothing is asked to be defined.

    Of two things that a question names the first one that is defined counts.
    """
    if asked_for(plan.question) not in (None, "expansion"):
        return []
    for name in names_asked(plan)[:2]:
        read = naming(view, " ".join(name), _READ)
        strengths = sorted(((definition(text, [name]), -key) for key, text in read), reverse=True)
        kept = [-key for strength, key in strengths[:_KEPT] if strength >= _CLEARLY]
        if kept:
            passages = {passage.id: passage for passage in view.passages(kept)}
            return [moment_of(view, passages[key]) for key in kept if key in passages]
    return []
