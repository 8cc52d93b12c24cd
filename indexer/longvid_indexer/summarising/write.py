"""Summaries by a language model: requests that fit its window, replies that are checked before they count."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from types import MappingProxyType

from longvid_indexer.structuring.words import content_words
from longvid_indexer.summariser import Summariser, WriteRequest
from longvid_indexer.summarising import prompts
from longvid_indexer.summarising.material import SummaryItem, items_of
from longvid_indexer.summarising.replies import LONGEST_SO_FAR, EventReply, FoldReply, SentenceReply
from longvid_storage.db.chain import ChainLink, SummarySentence
from longvid_storage.errors import ModelError
from longvid_storage.models.replies import UnreadableError, read_reply, schema_of, whole_part
from longvid_storage.text.passages import squeeze
from longvid_storage.types import EvidenceText, Passage

# Tokens a reply may take; the material gets what the window leaves.
REPLY_TOKENS = 600
# Sentences of an event's summary; of a fold.
EVENT_SENTENCES, FOLD_SENTENCES = 4, 6
# Passages a sentence keeps: the best of each piece it names first.
MOST_PASSAGES = 4

_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")


@dataclass
class Tally:
    """What a chain has cost so far: links ``written`` anew and ``kept``, replies ``refused`` because they could not be
    used, sentences ``dropped`` because they rest on nothing.
    """

    model_calls: int = 0
    tokens_read: int = 0
    tokens_written: int = 0
    written: int = 0
    kept: int = 0
    refused: int = 0
    dropped: int = 0

    def counters(self) -> dict[str, int | float]:
        """For the stage's record."""
        return {name: value for name, value in vars(self).items() if value}


class UnusableReplyError(Exception):
    """The model did not reply as asked, twice; the message says how."""


@dataclass(frozen=True, slots=True)
class Summarised:
    """Sentences that passed the checks, and what the model says is known so far."""

    sentences: tuple[SummarySentence, ...]
    so_far: str = ""


@dataclass
class Writer:
    """Asks one model for summaries of one video (or library) called ``title``, made of ``passages`` (by id)."""

    model: Summariser
    title: str
    passages: Mapping[int, Passage]
    what: str = "parts of the recording"
    tally: Tally = field(default_factory=Tally)

    def event(self, items: Sequence[SummaryItem], so_far: str) -> Summarised:
        """Summarise an event knowing ``so_far``; one that does not fit the window is read in parts, then folded.

        Raises:
            UnusableReplyError: the model replied with something else, twice. ModelError: it cannot answer.
        """
        told = self._event_prompt()
        sentences: list[SummarySentence] = []
        parts = self._parts(items, told, EventReply, so_far)
        for part in parts:
            made = self._ask(told, EventReply, part, EVENT_SENTENCES, so_far)
            sentences += made.sentences
            so_far = made.so_far or so_far
        if len(parts) > 1 and len(sentences) > EVENT_SENTENCES:
            sentences = list(self.fold(sentences, EVENT_SENTENCES))
        return Summarised(tuple(sentences), so_far)

    def fold(
        self,
        sentences: Sequence[SummarySentence],
        most: int = FOLD_SENTENCES,
        *,
        known: Mapping[str, ChainLink] = MappingProxyType({}),
        parts: list[ChainLink] | None = None,
    ) -> tuple[SummarySentence, ...]:
        """Fold sentences into at most ``most``; what does not fit the window is folded part by part first.

        ``known`` parts (by fingerprint) are not written again; the parts used are appended to ``parts``.
        Raises as ``event`` does.
        """
        told = self._fold_prompt(most)
        left = list(sentences)
        while True:
            groups = self._parts(items_of(left, self.passages), told, FoldReply, "")
            if len(groups) <= 1:
                return self._ask(told, FoldReply, groups[0], most, "").sentences if groups else ()
            folded = [self._part(told, group, most, known) for group in groups]
            if parts is not None:
                parts += folded
            shorter = [sentence for link in folded for sentence in link.sentences]
            if len(shorter) >= len(left):
                raise UnusableReplyError("folding made the summaries no shorter")
            left = shorter

    def _part(
        self, told: str, group: Sequence[SummaryItem], most: int, known: Mapping[str, ChainLink]
    ) -> ChainLink:
        fingerprint = self.fingerprint(told, group, "")
        if fingerprint in known:
            self.tally.kept += 1
            return known[fingerprint]
        made = self._ask(told, FoldReply, group, most, "").sentences
        self.tally.written += 1
        start_s, end_s = min(item.start_s for item in group), max(item.end_s for item in group)
        return ChainLink("part", 0, start_s, end_s, made, fingerprint, self.model.name)

    def fingerprint(self, told: str, items: Sequence[SummaryItem], so_far: str) -> str:
        """Of all that goes into a summary: the wording, the model, its window, the material, what came before."""
        digest = hashlib.sha256()
        for part in (prompts.VERSION, self.model.fingerprint, self.model.window, told, so_far):
            digest.update(f"{part}\x1f".encode())
        for item in items:
            digest.update(f"{item}\x1e".encode())
        return digest.hexdigest()[:32]

    def event_fingerprint(self, items: Sequence[SummaryItem], so_far: str) -> str:
        """That of an event's summary."""
        return self.fingerprint(self._event_prompt(), items, so_far)

    def fold_fingerprint(self, sentences: Sequence[SummarySentence]) -> str:
        """That of the fold of these sentences."""
        return self.fingerprint(self._fold_prompt(FOLD_SENTENCES), items_of(sentences, self.passages), "")

    def _event_prompt(self) -> str:
        return prompts.EVENT.format(title=squeeze(self.title), most=EVENT_SENTENCES)

    def _fold_prompt(self, most: int) -> str:
        return prompts.FOLD.format(title=squeeze(self.title), most=most, what=self.what)

    def _parts(
        self, items: Sequence[SummaryItem], prompt: str, form: type[FoldReply], so_far: str
    ) -> list[list[SummaryItem]]:
        """Consecutive items in parts whose requests fit the window, by the model's own count."""
        room = self.model.window - REPLY_TOKENS

        def size(part: Sequence[SummaryItem]) -> int:
            # What is known so far grows from part to part, up to its own bound.
            known = so_far if len(so_far) >= LONGEST_SO_FAR // 2 else "word " * (LONGEST_SO_FAR // 5)
            return self.model.count(_request(prompt, form, part, known if form is EventReply else ""))

        empty = size(())
        if empty + 100 > room:
            raise ModelError(
                f"the window of {self.model.name} is {self.model.window} tokens, too few to summarise anything: "
                f"it needs {empty + 100 + REPLY_TOKENS} at least; use a model with a longer one"
            )
        waiting = list(items)[::-1]
        parts: list[list[SummaryItem]] = []
        part: list[SummaryItem] = []
        used = empty
        while waiting:
            item = waiting.pop()
            cost = size((item,)) - empty
            if empty + cost > room:
                waiting += reversed(item.halves())
                continue
            if part and used + cost > room:
                parts.append(part)
                part, used = [], empty
            part.append(item)
            used += cost
        parts += [part] if part else []
        fitted: list[list[SummaryItem]] = []
        for each in parts:
            fitted += _shrunk(each, lambda these: size(these) <= room)
        return fitted

    def _ask(
        self, prompt: str, form: type[FoldReply], items: Sequence[SummaryItem], most: int, so_far: str
    ) -> Summarised:
        told = prompt
        error = ""
        for _ in range(2):
            request = _request(told, form, items, so_far)
            reply = self.model.write(request)
            self.tally.model_calls += 1
            self.tally.tokens_read += reply.input_tokens
            self.tally.tokens_written += reply.output_tokens
            try:
                text = whole_part(reply.text) if reply.cut else reply.text
                return self._checked(read_reply(text, form), items, most)
            except UnreadableError as unusable:
                self.tally.refused += 1
                error = str(unusable)
                told = prompt + prompts.AGAIN.format(error=error)
        raise UnusableReplyError(error)

    def _checked(self, reply: FoldReply, items: Sequence[SummaryItem], most: int) -> Summarised:
        """The reply's sentences that rest on material; raises ``UnreadableError`` when there is none."""
        known = {f"e{number}": item for number, item in enumerate(items, 1)}
        found = [_sentence(row, known) for row in reply.sentences]
        kept = [sentence for sentence in found if sentence is not None]
        self.tally.dropped += len(found) - len(kept)
        if found and not kept:
            raise UnreadableError(
                "no sentence names ids of the pieces it rests on, and says only what they say"
            )
        return Summarised(tuple(kept[:most]), reply.known)


def tokens_to_read(model: Summariser, items: Sequence[SummaryItem]) -> int:
    """Tokens of the items, by the model's own count; what is said around them in each request comes on top."""
    return model.count(_request("", EventReply, items, ""))


def _request(prompt: str, form: type[FoldReply], items: Sequence[SummaryItem], so_far: str) -> WriteRequest:
    known = (EvidenceText("before", "", 0.0, 0.0, "summary", so_far),) if so_far else ()
    material = tuple(
        EvidenceText(f"e{number}", "", item.start_s, item.end_s, item.kind, item.text, item.speaker)
        for number, item in enumerate(items, 1)
    )
    return WriteRequest(prompts.SYSTEM, prompt, known + material, schema_of(form), REPLY_TOKENS)


def _shrunk(part: list[SummaryItem], fits: Callable[[list[SummaryItem]], bool]) -> list[list[SummaryItem]]:
    """The part, or halves of it until each fits (counts of pieces need not add up to that of the whole)."""
    if len(part) <= 1 or fits(part):
        return [part]
    middle = len(part) // 2
    return _shrunk(part[:middle], fits) + _shrunk(part[middle:], fits)


def _sentence(row: SentenceReply, known: Mapping[str, SummaryItem]) -> SummarySentence | None:
    """The sentence with what it rests on; None when it names nothing known, or a number its evidence has not."""
    items = [known[name] for name in dict.fromkeys(row.evidence) if name in known]
    if not row.text or not items:
        return None
    said = " ".join([p.text for item in items for p in item.passages] + [item.text for item in items])
    if not set(_NUMBER.findall(row.text)) <= set(_NUMBER.findall(said)):
        return None
    return SummarySentence(row.text, _best_passages(row.text, items))


def _best_passages(text: str, items: Sequence[SummaryItem]) -> tuple[int, ...]:
    """Ids of at most ``MOST_PASSAGES``: of every piece the one that shares most words with the sentence, then the
    second, in order of video and time."""
    words = set(content_words(text))

    def unlike(passage: Passage) -> int:
        return -len(words & set(content_words(passage.text)))

    ranked = [sorted(item.passages, key=unlike) for item in items]
    rounds = [passage for each in zip_longest(*ranked) for passage in each if passage is not None]
    chosen = list(dict.fromkeys(rounds))[:MOST_PASSAGES]
    return tuple(p.id for p in sorted(chosen, key=lambda p: (p.video_id, p.start_s, p.end_s)))
