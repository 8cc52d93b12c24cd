"""How well each sentence of the evidence fits the question: the numbers everything else is decided on.

A sentence is judged by what it says itself and by what is said around it, since "yes, on Friday" answers only
together with what came before. Words are compared by IDF-weighted, saturated counts (BM25's term frequency,
Robertson & Zaragoza 2009, without its length), meaning by the cosine of sentence vectors.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_agents.asked_there import follows_question, only_opens
from longvid_agents.expected import asked_for, measures, names_expected, says
from longvid_agents.prices import only_says_price
from longvid_agents.question import QuestionPlan, Term
from longvid_storage.running_sums import running_sums
from longvid_storage.search.compounds import COMPOUNDING, REST, compounds_of, inflected
from longvid_storage.search.wording import FROM, likeness
from longvid_storage.text.analysis import analyse
from longvid_storage.text.sentences import asks
from longvid_storage.types import Moment, Passage

# Words on either side of a sentence that count as said around it: in a breath, in its minute, on its subject.
NEAR, AROUND, SUBJECT = 40, 120, 300
_SATURATION = 1.2
RARE = 5
"""A word in no more passages of the scope than this is rare."""
_COVERED = 0.6
_RARELY = 0.7
# Names and numbers of the question weigh half as much again as its other words.
_SPECIAL = 1.5
# Longer sentences weigh no more than this many words in the mean vector of what is said around one.
_LONG = 30

# Who announces what will be talked about uses the words of the question, and answers nothing.
_ANNOUNCES = re.compile(
    r"\b(?:agenda|we(?:['’]ll| will)|(?:is|are|['’]re|['’]m|am) (?:gonna|going to)|we(?:['’]re| are) here"
    r"|will (?:be )?(?:present|discuss|talk|show|give|tell)\w*|first of all|then we|(?:next|last) meeting"
    r"|minutes|today|presentations?|we (?:have|need) to (?:discuss|decide|evaluate|talk|present))\b",
    re.IGNORECASE,
)

# What refers back in its first words means what it refers to too: "if it is too large" is of what came before.
_REFERS_BACK = re.compile(
    r"^(?:\W*+\w++){0,4}?\W*+\b(?:it|its|this|that|these|those|they|them|their|he|she|him|her|his|such|so|then|each|both)\b",
    re.IGNORECASE,
)
# What follows tells in which circumstance something was said, and is another subject than what is asked.
_CIRCUMSTANCE = re.compile(r"(?<=[^\s,])[ ,]++(?:when|while|during|in terms of|with regard to|as for) (?=\S)")
_NOT_WHAT_IS_ASKED = 0.5
"""What has the question's wording and not the day, number, name … that it asks for."""
_REFERRED_S = 10.0
_REFERRED_WORDS = 0.8

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Scores:
    """One value for each sentence (arrays of shape ``(n,)``), and what the library knows of the
    question's words.

    A sentence that refers back counts together with the one before it, where that fits better.
    ``cosine`` and ``cosine_around`` compare the question with the sentence and with what is said around
    it; ``circumstance_near`` the circumstance it names, if it does ("… when discussing the price"), with
    what is said near: whole stretches share it, and it is not what is asked (all 0 without a text
    encoder); ``words``, ``words_near`` and ``words_subject`` are the IDF share
    of the question's words that occur in, near, and for some minutes around the sentence, saturated;
    ``covered_near`` the same without saturation, ``priced_near`` without what only says that there is a price;
    ``announcing`` the share of sentences around that
    announce; ``named`` is 1 where a speaker the question names speaks, ``named_share`` their share of
    the words around; ``found_early`` falls with the rank of the moment the sentence was found by; ``wording`` how
    nearly it has the question's own wording (0 below ``wording.FROM`` of it); ``expected`` is 1 where a thing of the
    kind asked for is named, ``follows`` how nearly what was asked just before is the question, ``opens`` 1 where
    a subject is only announced although a thing is asked for; ``said`` is True where
    a rare word of the question stands with most of the others, which is evidence whatever it means.
    ``terms`` tells how many a sentence has; ``meaning`` is False without
    a text encoder.
    """

    cosine: Array
    cosine_around: Array
    circumstance_near: Array
    words: Array
    words_near: Array
    words_subject: Array
    covered_near: Array
    priced_near: Array
    announcing: Array
    named: Array
    named_share: Array
    found_early: Array
    wording: Array
    expected: Array
    follows: Array
    opens: Array
    said: NDArray[np.bool_]
    terms: NDArray[np.int64]
    meaning: bool


def score(
    plan: QuestionPlan,
    sentences: Sequence[Passage],
    moments: Sequence[Moment],
    documents: int,
    frequency: Mapping[str, int],
    asked: Array | None,
    vectors: Array | None,
    said_terms: Sequence[list[str]],
) -> Scores:
    """Compare every sentence with the question.

    ``sentences`` of one video stand together in time order; ``documents`` are what the scope ranks words among,
    ``frequency`` tells in how many of them each of the plan's terms occurs; ``asked`` holds the unit vectors of
    ``question_parts``, a row each, ``vectors`` one for each sentence; ``said_terms`` the sentences analysed in the
    question's language.
    """
    speakers = named_speakers(plan.question, sentences)
    terms = _without_price(plan, all_terms := plan.without(speakers), frequency)
    how_many = np.array([len(each) for each in said_terms], np.int64)
    expected = names_expected(plan.question, sentences)
    said_terms, frequency = _as_asked(plan, terms, said_terms, frequency, expected)
    share = weights(terms, documents, frequency)
    lengths = np.array([max(1, len(s.text.split())) for s in sentences], np.float64)
    near, around, subject = (context(sentences, lengths, words) for words in (NEAR, AROUND, SUBJECT))
    counts = term_counts(said_terms, terms)
    counts_near = sums(counts, near)
    named = np.array([s.speaker in speakers for s in sentences], np.float64)
    announces = np.array([_announces(plan.question, s.text) for s in sentences], np.float64)
    cosine = cosine_around = circumstance_near = np.zeros(len(sentences))
    before = referred_to(sentences)
    if asked is not None and vectors is not None:
        cosine = np.maximum(vectors @ asked[0], _cosine_with(before, vectors, asked[0]))
        counted = vectors * np.minimum(lengths, _LONG)[:, None]
        cosine_around = _cosine(sums(counted, around), asked[0])
        if len(asked) > 1:
            circumstance_near = _cosine(sums(counted, near), asked[1])
    words = _words(counts > 0, before) @ share
    return Scores(
        cosine=cosine,
        cosine_around=cosine_around,
        circumstance_near=circumstance_near,
        words=words,
        words_near=saturated(counts_near) @ share,
        words_subject=saturated(sums(counts, subject)) @ share,
        covered_near=(counts_near > 0) @ share,
        priced_near=(counts_near > 0) @ np.where([only_says_price(t.word) for t in terms], 0.0, share),
        announcing=sums(announces, around) / np.maximum(around[:, 1] - around[:, 0], 1),
        named=named,
        named_share=sums(named * lengths, around) / sums(lengths, around),
        found_early=np.array([1 / (1 + _rank(s, moments) / 5) for s in sentences]),
        wording=_wording(plan, said_terms, terms, share, frequency)
        * np.where(_names_none(plan.question, expected), _NOT_WHAT_IS_ASKED, 1.0),
        expected=expected,
        follows=follows_question(plan.question, sentences, np.maximum(cosine, words), expected),
        opens=only_opens(plan.question, sentences, expected),
        said=_said(counts > 0, terms, share, frequency, named > 0)
        & ((expected > 0) | (len(terms) == len(all_terms))),  # a price without the word for it has to be one
        terms=how_many,
        meaning=vectors is not None,
    )


def _without_price(
    plan: QuestionPlan, terms: tuple[Term, ...], frequency: Mapping[str, int]
) -> tuple[Term, ...]:
    """The terms of a question for a price without those that are nowhere said and only say that it is one."""
    if asked_for(plan.question) != "money":
        return terms
    left = tuple(t for t in terms if frequency.get(t.text) or not only_says_price(t.word))
    return left or terms


def _announces(question: str, text: str) -> bool:
    """Whether it announces, by more than what is asked about: who asks for "the next meeting" hears no agenda."""
    if not says(_ANNOUNCES, text):
        return False
    asked = question.casefold() if says(_ANNOUNCES, question) else ""
    return not asked or any(match[0].casefold() not in asked for match in _ANNOUNCES.finditer(text))


def _as_asked(
    plan: QuestionPlan,
    terms: Sequence[Term],
    sentences: Sequence[list[str]],
    frequency: Mapping[str, int],
    expected: Array,
) -> tuple[list[list[str]], Mapping[str, int]]:
    """The sentences' terms, with a compound or another form as the term of the question that it has in it, where that
    is nowhere said; and the frequencies with theirs.

    A part of what is asked for ("Haus" of "Krankenhaus") stands for it only where a thing of its kind is named.
    """
    missing = [term.text for term in terms if not frequency.get(term.text)]
    if plan.language in (None, "en") or not missing:
        return list(sentences), frequency
    known = {term.text for term in terms}
    vocabulary = sorted({word for each in sentences for word in each} - known)
    found = (compounds_of if plan.language in COMPOUNDING else inflected)(missing, vocabulary)
    if not found:
        return list(sentences), frequency
    longer = {
        word: tuple(term for term in of if len(term) - len(word) < REST) or (word,)
        for word, of in found.items()
    }
    kind = asked_for(plan.question)
    told = [
        [term for word in each for term in (longer if kind and not named else found).get(word, (word,))]
        for each, named in zip(sentences, expected > 0, strict=True)
    ]
    counted = {term: sum(term in each for each in told) for terms_of in found.values() for term in terms_of}
    return told, {**frequency, **counted}


def _said(
    present: NDArray[np.bool_],
    terms: Sequence[Term],
    share: Array,
    frequency: Mapping[str, int],
    theirs: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Where a rare word is said with most of the question's weight, or a speaker whom it names says that (``theirs``);
    nowhere when a name of it is not in the scope."""
    found = [frequency.get(term.text, 0) for term in terms]
    if any(term.special and not term.loose and not n for term, n in zip(terms, found, strict=True)):
        return np.zeros(len(present), bool)
    rare = np.array([1 <= n <= RARE for n in found], bool)
    # Of two rare words ("the president of France") one alone, said somewhere, is another subject.
    weight = float(share[rare].sum())
    rarely = present[:, rare] @ share[rare] >= _RARELY * weight if weight else np.zeros(len(present), bool)
    said: NDArray[np.bool_] = (present @ share >= _COVERED) & (rarely | theirs)
    return said


def _wording(
    plan: QuestionPlan,
    sentences: Sequence[Sequence[str]],
    terms: Sequence[Term],
    share: Array,
    frequency: Mapping[str, int],
) -> Array:
    """From 0 (``FROM`` of the question's wording or less) to 1 (all of it)."""
    asked = analyse(plan.question, plan.language)
    said = {t.text: float(s) for t, s in zip(terms, share, strict=True) if frequency.get(t.text) and s > 0}
    likely = [likeness(asked, sentence, said) for sentence in sentences]
    return np.maximum(0.0, np.array(likely) - FROM) / (1 - FROM)


def named_speakers(question: str, sentences: Sequence[Passage]) -> list[str]:
    """Speakers heard in ``sentences`` whom the question names, by full name or by an unmistakable first name.

    A first name is unmistakable when the question capitalises it and nobody says it in lower case.
    """
    speakers = sorted({s.speaker for s in sentences if s.speaker})
    if not speakers:
        return []
    named, by_first = [], []
    folded = question.casefold()
    for speaker in speakers:
        first = speaker.split()[0]
        if first.casefold() not in folded:
            continue  # most are nowhere in it, and a pattern takes longer to make than to find
        whole = rf"(?<!\w){re.escape(speaker)}(?:['’]?s)?(?!\w)"
        given = len(first) > 2 and first[0].isupper()
        if re.search(whole, question, re.IGNORECASE):
            named.append(speaker)
        elif given and re.search(rf"(?<!\w){re.escape(first)}(?:['’]s)?(?!\w)", question):
            by_first.append(speaker)
    if by_first:
        said = {word for s in sentences for word in re.findall(r"\w+", s.text) if word.islower()}
        named += [speaker for speaker in by_first if speaker.split()[0].casefold() not in said]
    return sorted(named)


def weights(terms: Sequence[Term], documents: int, frequency: Mapping[str, int]) -> Array:
    """Each term's share of the question by IDF, shape ``(len(terms),)``; they sum to 1."""
    found = np.array([frequency.get(term.text, 0) for term in terms], np.float64)
    idf = np.log(1 + (max(documents, 1) - found + 0.5).clip(0) / (found + 0.5))
    weight = idf * np.array([_SPECIAL if term.special else 1.0 for term in terms])
    weight *= np.array([0.0 if term.loose and not frequency.get(term.text) else 1.0 for term in terms])
    share: Array = weight / max(weight.sum(), 1e-9)
    return share


def _names_none(question: str, expected: Array) -> NDArray[np.bool_]:
    """Which sentences name nothing of the kind asked for: of what is measured or counted a number of something else."""
    asked = asked_for(question) is not None
    return np.asarray(asked & (expected < 1 if measures(question) else expected <= 0), bool)


def term_counts(sentences: Sequence[Sequence[str]], terms: Sequence[Term]) -> Array:
    """How often each term occurs in each analysed sentence, shape ``(len(sentences), len(terms))``."""
    column = {term.text: i for i, term in enumerate(terms)}
    counts = np.zeros((len(sentences), len(terms)))
    for row, sentence in enumerate(sentences):
        for word in sentence:
            if (i := column.get(word)) is not None:
                counts[row, i] += 1
    return counts


def referred_to(sentences: Sequence[Passage]) -> NDArray[np.intp]:
    """For each sentence the row of what its speaker said just before, if it refers back; else its own row.

    It does not refer to a question that somebody else has answered since.
    """
    before = np.arange(len(sentences))
    last: dict[tuple[str, str | None], int] = {}
    for row, sentence in enumerate(sentences):
        if sentence.kind != "speech":
            continue
        speaker = (sentence.video_id, sentence.speaker)
        previous = last.get(speaker)
        if (
            previous is not None
            and sentence.start_s - sentences[previous].end_s <= _REFERRED_S
            and says(_REFERS_BACK, sentence.text)
            and not (previous < row - 1 and asks(sentences[previous].text))
        ):
            before[row] = previous
        last[speaker] = row
    return before


def _words(present: NDArray[np.bool_], before: NDArray[np.intp]) -> Array:
    """1 where a term is in the sentence, less where it is only in what the sentence refers to."""
    words: Array = np.maximum(present, _REFERRED_WORDS * present[before])
    return words


def question_parts(question: str) -> tuple[str, ...]:
    """The question, and the circumstance it names, if it does: "discussing the price" of "… when discussing …"."""
    return (question, *_CIRCUMSTANCE.split(question, maxsplit=1)[1:])


def _cosine(rows: Array, vector: Array) -> Array:
    """Cosine of a unit vector with each row."""
    cosine: Array = (rows @ vector) / np.maximum(np.linalg.norm(rows, axis=1), 1e-9)
    return cosine


def _cosine_with(before: NDArray[np.intp], vectors: Array, question_vector: Array) -> Array:
    """Cosine of the question with each sentence and the one it refers to, taken together."""
    return _cosine(vectors + vectors[before], question_vector)


def context(sentences: Sequence[Passage], lengths: Array, words: int) -> NDArray[np.intp]:
    """For each sentence the half-open row range of those within ``words`` of its middle, shape ``(n, 2)``.

    Ranges stay within one video and one kind of evidence.
    """
    bounds = np.zeros((len(sentences), 2), np.intp)
    begin = 0
    while begin < len(sentences):
        end = begin
        while end < len(sentences) and _stream(sentences[end]) == _stream(sentences[begin]):
            end += 1
        edges = np.concatenate([[0], np.cumsum(lengths[begin:end])])
        middle = (edges[:-1] + edges[1:]) / 2
        bounds[begin:end, 0] = begin + np.searchsorted(edges[1:], middle - words)
        bounds[begin:end, 1] = begin + np.searchsorted(edges[:-1], middle + words)
        begin = end
    return bounds


def sums(rows: Array, bounds: NDArray[np.intp]) -> Array:
    """Sum of ``rows`` over each range of ``bounds``."""
    totals = running_sums(rows)
    difference: Array = totals[bounds[:, 1]] - totals[bounds[:, 0]]
    return difference


def saturated(counts: Array) -> Array:
    """BM25's term saturation, scaled to ``[0, 1)``: a second mention adds less than the first."""
    return counts / (counts + _SATURATION)


def _stream(sentence: Passage) -> tuple[str, str]:
    return sentence.video_id, sentence.kind


def _rank(sentence: Passage, moments: Sequence[Moment]) -> float:
    ranks = (
        rank
        for rank, moment in enumerate(moments)
        if moment.video_id == sentence.video_id
        and sentence.start_s <= moment.end_s
        and sentence.end_s >= moment.start_s
    )
    return next(ranks, math.inf)
