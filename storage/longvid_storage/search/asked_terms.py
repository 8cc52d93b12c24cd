"""What mentions looks for: terms as they are asked, and which phrases may begin in one passage and end in the next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from longvid_storage.db.view import View
from longvid_storage.db.word_indexes.entries import join_terms
from longvid_storage.errors import UsageError
from longvid_storage.search.memory import memory_of
from longvid_storage.text.analysis import fold, phrases, respaced, turned

_PAIR = 2


@dataclass(frozen=True, slots=True)
class AskedTerm:
    """A term as asked: its runs of analysed words, one a language, and its bare words when it was quoted.

    ``word`` is set where one analysed word is all that it is.
    """

    asked: str
    runs: tuple[tuple[str, ...], ...]
    exact: tuple[str, ...]
    word: str | None

    @classmethod
    def of(cls, asked: str, languages: Iterable[str | None]) -> AskedTerm:
        bare = asked.strip()
        quoted = len(bare) > 2 and bare[0] == bare[-1] == '"'
        known = [*languages, None]
        words = bare.split()
        # One word is another way to write two: "data set" and "dataset".
        others = respaced(words) if not quoted and len(words) <= _PAIR else []
        others += [] if quoted else turned(bare)
        runs = tuple(dict.fromkeys(tuple(run) for each in (bare, *others) for run in phrases(each, known)))
        if not runs:
            raise UsageError(f"the term {asked!r} has no letter or digit: give a word to look for")
        one = not quoted and len(runs) == 1 == len(runs[0])
        return cls(asked, runs, tuple(fold(bare)) if quoted else (), runs[0][0] if one else None)

    @property
    def longest(self) -> int:
        """Words of its longest run: more than one may cross from one passage into the next."""
        return max(map(len, self.runs))

    @property
    def by_runs(self) -> bool:
        """Whether a text that has it has one of its runs, too; of exact forms that is known of plain letters alone."""
        return not self.exact or self.asked.isascii()

    def may_cross(self, before: Sequence[str], after: Sequence[str]) -> bool:
        """Whether it may begin in a text of these analysed terms and end in one of those."""
        return not self.by_runs or any(run[0] in before and run[-1] in after for run in self.runs)

    def count(self, terms: Sequence[str], text: str) -> int:
        """How often it occurs in a text of these analysed terms."""
        if self.word is not None:
            return terms.count(self.word)
        if self.exact:
            may = not (self.by_runs and text.isascii()) or any(_occurrences(terms, run) for run in self.runs)
            return _occurrences(fold(text), self.exact) if may else 0
        return max(_occurrences(terms, run) for run in self.runs)


def _occurrences(terms: Sequence[str], run: Sequence[str]) -> int:
    if len(run) == 1:
        return terms.count(run[0])
    if run[0] not in terms:  # nearly always
        return 0
    width, wanted = len(run), list(run)
    return sum(
        terms[at] == wanted[0] and list(terms[at : at + width]) == wanted
        for at in range(len(terms) - width + 1)
    )


def rarest_words(view: View, wanted: Sequence[AskedTerm]) -> dict[tuple[str, ...], str]:
    """Run of words → the rarest of them: what has the run, or a part of it that has this word, is found by it."""
    runs = [run for term in wanted for run in term.runs]
    words = {word for run in runs if len(run) > 1 for word in run}
    frequency = memory_of(view).facts(view).frequencies(view, words)
    return {run: min(run, key=lambda word: (frequency.get(word, 0), word)) for run in runs}


@dataclass(frozen=True, slots=True)
class AcrossPassages:
    """The phrases among the terms, which may begin in one passage and end in the next.

    One of the two passages has the rarest word: it ends with one of ``ends`` or begins with one of ``begins``; the
    other one has the other of the two ``parts`` (as terms are joined). Of exact forms that are not of plain letters
    (``exact``) that is not known, so all of each video is read.
    """

    phrases: tuple[AskedTerm, ...]
    exact: bool
    ends: frozenset[tuple[str, ...]]
    begins: frozenset[tuple[str, ...]]
    parts: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, wanted: Sequence[AskedTerm], rarest: Mapping[tuple[str, ...], str]) -> AcrossPassages:
        phrases = tuple(term for term in wanted if term.longest > 1)
        cuts = [(run[:at], run[at:], word) for run, word in rarest.items() for at in range(1, len(run))]
        ends = frozenset(end for end, _, word in cuts if word in end)
        begins = frozenset(begin for _, begin, word in cuts if word in begin)
        parts = frozenset((join_terms(end), join_terms(begin)) for end, begin, _ in cuts)
        return cls(phrases, not all(term.by_runs for term in phrases), ends, begins, parts)

    def has_part(self, terms: Sequence[str]) -> bool:
        """Whether a passage of these analysed terms ends or begins with a part of a phrase."""
        return any(tuple(terms[-len(end) :]) == end for end in self.ends) or any(
            tuple(terms[: len(begin)]) == begin for begin in self.begins
        )
