"""Questions about a whole ("What was the meeting about?"), answered from the chain of summaries.

Nothing is searched and no model is called: the chain was made when the video was indexed. What is cited are the
passages that each summary sentence names, never the summary; a sentence whose passages are gone, or that says a
number, time, name or quote they do not, is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from longvid_agents.question import FRAME_WORDS, QuestionPlan
from longvid_storage.db.chain import ChainLink, SummarySentence
from longvid_storage.db.view import View
from longvid_storage.text.analysis import query_terms
from longvid_storage.text.mmr import central
from longvid_storage.text.segmentation import UNSPACED
from longvid_storage.text.stop_words import ASKING_WORDS, STOP_WORDS
from longvid_storage.types import Citation, Claim, VideoCard

if TYPE_CHECKING:
    from longvid_agents.checks.claim import Support


# Words of such a question that name no subject of their own.
_WHOLE_WORDS = """
    whole entire overall complete content contents short brief briefly quick quickly gist overview summary collection
    library recordings recording call calls session episode film week
    standup sync class interview podcast course everything please key takeaways takeaway tl dr tldr main points
    fasse zusammen zusammenfassung worum geht wovon handelt gib eine résume résumez résumé quoi parle agit traite resume
    resumen resumir resuma resumo trata habla riassumi riassunto cosa parla tratta fala vat samen samenvatting gaat over
    чём чем кратко резюме подытожь video videos vídeo vídeos vidéo видео
"""
_WHOLE = frozenset(_WHOLE_WORDS.split())
MOST_CLAIMS = 12
MOST_OF_SOME, _OF_EACH = 6, 2
"""Of several videos that a question narrows itself to, so many are told of, in so many sentences each."""
EXTRACTIVE = "extractive"
_WORD = re.compile(r"\w+")
UNSPACED_RUN = re.compile(f"[{UNSPACED}]")


def whole_claims(plan: QuestionPlan, view: View, *, written: bool = False) -> tuple[Claim, ...]:
    """The summary of the one video the question or the scope names, or of all it admits, as cited claims.

    Empty when the question asks for something in particular, when the scope leaves only a part of a video or one
    speaker's words, or when there is no chain (``written``: none that a model wrote): it is then answered as any
    other.
    """
    if plan.kind != "summary" or not view.scope.whole:
        return ()
    cards = view.cards()
    named = [card for card in cards if len(cards) == 1 or _names(plan.question, card.named or card.title)]
    titles = [f"{card.title} {card.named}" for card in named]
    if len(named) > 1 or not (asks_whole(plan, titles) or _only_names(plan.question, named)):
        return ()
    if len(named) == 1:
        links = [link for link in view.chain(named[0].video_id) if link.level == "video"]
    elif view.scope.video_ids is not None:
        links = _of_each(view, cards)
    else:
        links = library_summary(view) if cards else []
    by_model = bool(links) and links[-1].engine != EXTRACTIVE
    if not links or (written and not by_model):
        return ()
    claims = claims_of(links[-1].sentences[:MOST_CLAIMS], view, cards)
    return tuple(claim for claim, supports in claims if not by_model or _holds(claim, supports))


def library_summary(view: View) -> list[ChainLink]:
    """What the scope's videos are about: as a model folded it, else their summaries' most central sentences."""
    stored = [link for link in view.library_chain() if link.level == "library"]
    if stored:
        return stored
    sentences = [sentence for _, link in view.video_summaries() for sentence in link.sentences]
    rows = central([query_terms(sentence.text) for sentence in sentences], MOST_CLAIMS)
    chosen = tuple(sentences[row] for row in rows)
    return [ChainLink("library", 0, 0.0, 0.0, chosen, "", EXTRACTIVE)] if chosen else []


def _of_each(view: View, cards: Sequence[VideoCard]) -> list[ChainLink]:
    """What the first few of some videos are about, as one summary: the first sentences of each one's own."""
    whole = [
        link for card in cards[:MOST_OF_SOME] for link in view.chain(card.video_id) if link.level == "video"
    ]
    sentences = tuple(sentence for link in whole for sentence in link.sentences[:_OF_EACH])
    return [ChainLink("library", 0, 0.0, 0.0, sentences, "", whole[0].engine)] if sentences else []


def claims_of(
    sentences: Iterable[SummarySentence], view: View, cards: Iterable[VideoCard]
) -> list[tuple[Claim, list[Support]]]:
    """Summary sentences as claims that cite the passages they rest on; those of which one is gone are left out."""
    from longvid_agents.checks.claim import Support

    listed = list(sentences)
    by_id = {card.video_id: card for card in cards}
    known = {passage.id: passage for passage in view.passages([i for s in listed for i in s.passages])}
    made = []
    for sentence in listed:
        passages = [known[each] for each in sentence.passages if each in known]
        if passages and len(passages) == len(sentence.passages):
            supports = [Support(p, by_id[p.video_id].title) for p in passages]
            citations = (Citation.of(p, by_id[p.video_id].title, by_id[p.video_id].path) for p in passages)
            made.append((Claim(sentence.text, tuple(citations)), supports))
    return made


def asks_whole(plan: QuestionPlan, titles: Sequence[str]) -> bool:
    """Whether the question has no subject but the recording itself (and the words of ``titles``)."""
    known = {word for title in titles for word in _WORD.findall(title.casefold())}
    asking = FRAME_WORDS | ASKING_WORDS.get(plan.language or "en", frozenset())
    if plan.language is None:  # a few words may be of any language
        asking = asking.union(*STOP_WORDS.values(), *ASKING_WORDS.values())
    return not [
        term
        for term in plan.terms
        if (word := term.word.casefold()) not in asking
        and word not in _WHOLE
        and not set(_WORD.findall(word)) <= known
    ]


_ONLY_SUMS_UP = re.compile(
    r"(?:は|の|を|、|总结|概括|一下|请|要約して|要約|まとめて|何について|どんな内容|ですか|ください|讲了什么|关于什么|내용|요약|해줘|무엇에|관한|은|는|\W)*\Z"
)


def _only_names(question: str, cards: Sequence[VideoCard]) -> bool:
    """Whether nothing but the title and a request to sum it up is asked, in a script without spaces."""
    return any(_ONLY_SUMS_UP.match(question.replace(card.title, " ")) for card in cards)


def _holds(claim: Claim, supports: Sequence[Support]) -> bool:
    from longvid_agents.checks.claim import check_claim

    return check_claim(claim.text, supports).verdict != "refuted"


def _names(question: str, title: str) -> bool:
    written, folded = _WORD.findall(title), question.casefold()
    if not all(word.casefold() in folded for word in written):
        return False  # a pattern of each of ten thousand titles takes seconds
    words = r"\W+".join(map(re.escape, written))
    if words and UNSPACED_RUN.search(title):
        return title in question
    return bool(words and re.search(rf"(?<!\w){words}(?!(?![{UNSPACED}])\w)", question, re.IGNORECASE))
