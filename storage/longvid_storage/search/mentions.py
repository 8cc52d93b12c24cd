"""Every place where a term is said or shown, or a sound is heard that is called so: no ranking, nothing left out.

A term is one or more words that stand next to each other, each in any of its forms ("learning rate" finds "learning
rates"); two words also where they are written as one ("data set", "dataset"), and one with a capital inside as two. In
double quotes it is in exactly these forms (letter case and accents aside). The word index names the places to read;
what is reported was read there, with its own span.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import and_, or_, select

from longvid_storage.db.dialects import each_id
from longvid_storage.db.schema import PassageRow, Video
from longvid_storage.db.scope import passage_conditions
from longvid_storage.db.view import View
from longvid_storage.errors import UsageError
from longvid_storage.search import lexical
from longvid_storage.search.asked_terms import AcrossPassages, AskedTerm, rarest_words
from longvid_storage.search.memory import memory_of
from longvid_storage.text.analysis import analyse
from longvid_storage.types import Channel, check_span

_KINDS = (*lexical.SPOKEN_AND_SHOWN, lexical.TRANSLATION, lexical.SOUND)
_ROWS = 2000
"""So many passages are read at a time, of several short videos or of one."""
MentionsKey = tuple[str, str]
"""What videos are ordered by: title (letter case aside) and id."""
_in_time = attrgetter("start_s", "end_s", "kind")
_AT_ONCE = 500
"""So many rows are made at a time: of more, Python's collector looks through each while they are made (at 700)."""
_MOST_PARTS = 50
"""Of a longer phrase its parts are not looked for one by one."""
_BREATH_S = 3.0
"""A phrase does not go on over a longer silence."""


@dataclass(frozen=True, slots=True)
class Mention:
    """One place: the passage it is in, and how often ``terms`` occur there, summed in ``count``.

    The span is that of the cues or words from the first occurrence on to the last, where their times are known.
    ``language`` is that of a translation.
    """

    kind: Channel
    start_s: float
    end_s: float
    text: str
    speaker: str | None
    terms: tuple[str, ...]
    count: int
    passage_ids: tuple[int, ...] = ()
    language: str | None = None


@dataclass(frozen=True, slots=True)
class VideoMentions:
    """The mentions in one video, in time order; ``count`` is the sum of theirs."""

    video_id: str
    title: str
    path: str
    count: int
    mentions: tuple[Mention, ...]


@dataclass(frozen=True, slots=True)
class MentionsPage:
    """Some of the videos with mentions, whole, in order; ``count`` mentions in ``total`` videos are on all pages.

    ``next`` is the key of the last one, after which the next page begins; None at the end.
    """

    videos: tuple[VideoMentions, ...]
    next: MentionsKey | None
    count: int
    total: int


def mentions(view: View, terms: Sequence[str]) -> list[VideoMentions]:
    """Every mention of any of ``terms`` in the view, by video (by title), in time order.

    One in a translation counts where what is said or shown meanwhile has not the same terms, once among translations.

    Raises:
        UsageError: no term, or one without a letter or digit.
    """
    return list(each_mentioned(view, terms))


def mentions_page(view: View, terms: Sequence[str], after: MentionsKey | None, limit: int) -> MentionsPage:
    """At most ``limit`` of the videos that ``mentions`` gives, those after a key.

    The first page of a question counts the mentions of all; the others read no more than is on them.
    """
    memory, asked = memory_of(view), tuple(terms)
    counted = memory.counted(view, asked)
    shown, count, total, more = list[VideoMentions](), 0, 0, False
    for each in each_mentioned(view, asked, None if counted is None else after):
        more |= len(shown) == limit
        if len(shown) < limit and (after is None or _key_of(each) > after):
            shown.append(each)
        if more and counted is not None:
            break
        count, total = count + each.count, total + 1
    if counted is None:
        counted = memory.count(view, asked, (count, total))
    return MentionsPage(tuple(shown), _key_of(shown[-1]) if more else None, *counted)


def _key_of(video: VideoMentions) -> MentionsKey:
    return video.title.casefold(), video.video_id


def each_mentioned(
    view: View, terms: Sequence[str], after: MentionsKey | None = None
) -> Iterator[VideoMentions]:
    """As ``mentions``, each video as soon as it is read: of the rest, only the ids of its passages are in memory.

    ``after``: those after this key alone.
    """
    facts = memory_of(view).facts(view)
    languages = [*facts.languages, *facts.translated]
    if lexical.SOUND in facts.counts:
        languages.append("en")  # as sounds are named
    wanted = [AskedTerm.of(term, languages) for term in terms]
    if not wanted:
        raise UsageError("there is no term to look for: give one or more words")
    return _by_title(view, wanted, after)


def _by_title(view: View, wanted: Sequence[AskedTerm], after: MentionsKey | None) -> Iterator[VideoMentions]:
    rarest = rarest_words(view, wanted)
    held = lexical.matching(view, [[word] for word in sorted(set(rarest.values()))], _KINDS)
    across = AcrossPassages.of(wanted, rarest)
    ids = select(Video.video_key, Video.video_id).where(Video.video_key.in_(each_id(held)))
    keys = {video_id: key for key, video_id in view.connection.execute(ids)}
    cards = {keys[card.video_id]: card for card in view.cards() if card.video_id in keys}
    places_of = {key: (card.title.casefold(), card.video_id) for key, card in cards.items()}
    ordered = sorted(
        (key for key, at in places_of.items() if after is None or at > after), key=places_of.__getitem__
    )
    for few in _a_few(ordered, held):
        found = _in_videos(view, wanted, {key: held.pop(key) for key in few}, across)
        for key in few:
            if places := tuple(_said_once(found.pop(key))):
                card, count = cards[key], sum(each.count for each in places)
                yield VideoMentions(card.video_id, card.title, card.path, count, places)


def _a_few(keys: Iterable[int], held: Mapping[int, Sequence[int]]) -> Iterator[list[int]]:
    """Videos that hold ``_ROWS`` of the passages together, or one that alone holds more."""
    few, passages = list[int](), 0
    for key in keys:
        if few and passages + len(held[key]) > _ROWS:
            yield few
            few, passages = [], 0
        few.append(key)
        passages += len(held[key])
    if few:
        yield few


class _Line(NamedTuple):
    """A passage as it is looked through: its analysed terms, and where its cues or words begin (letters) with their
    spans. A whole ``Passage`` takes as long to make as all the rest, and "the" is in nearly every one."""

    video_key: int
    id: int
    kind: Channel
    start_s: float
    end_s: float
    text: str
    speaker: str | None
    language: str | None
    terms: list[str]
    times: Sequence[Sequence[float]]


def _in_videos(
    view: View, wanted: Sequence[AskedTerm], held: Mapping[int, Sequence[int]], across: AcrossPassages
) -> dict[int, list[Mention]]:
    """Key of a video → its mentions: those within each of the passages that ``held`` names, and behind them those that
    cross from one passage into the next. All of a video is read only where one may."""
    row = PassageRow
    of_videos: Any = row.video_key.in_(each_id(held))
    named: Any = row.passage_id.in_(each_id(each for ids in held.values() for each in ids))
    found = {key: list[Mention]() for key in held}
    crossing: dict[int, list[Mention]] = {key: [] for key in held}
    cut = set[int]()
    # Of a common word there are as many mentions as passages; what Python's collector looks through is kept small.
    every = tuple(dict.fromkeys(term.asked for term in wanted))
    streams = _Streams(across.phrases)
    for line in _lines(view, of_videos if across.exact else named):
        counts = {}
        for term in wanted:
            if count := term.count(line.terms, line.text):
                counts[term.asked] = count
        if counts:
            asked = every if len(counts) == len(every) else tuple(counts)
            found[line.video_key].append(_mention(line, wanted, counts, asked))
        if across.exact:
            crossing[line.video_key] += streams.crossing(line)
        elif across.phrases and across.has_part(line.terms):
            cut.add(line.video_key)
    for key, its in _crossings(view, cut, across).items():
        crossing[key] = its
    return {key: [*its, *crossing[key]] for key, its in found.items()}


def _crossings(view: View, keys: Set[int], across: AcrossPassages) -> dict[int, list[Mention]]:
    """Key of a video → the mentions there that begin in one passage and end in the next, of the videos that have any.

    Those are next to each other among the passages that end or begin with a part of a phrase, too: only of a video
    where two of these are is all read.
    """
    row = PassageRow
    wanted: Any = row.video_key.in_(each_id(keys))
    if not keys:
        return {}
    if len(across.parts) <= _MOST_PARTS:
        ends, begins = ({part[at] for part in across.parts} for at in (0, 1))
        has_part = [row.terms.endswith(end, autoescape=True) for end in sorted(ends)]
        has_part += [row.terms.startswith(begin, autoescape=True) for begin in sorted(begins)]
        streams = _Streams(across.phrases)
        keys = {
            line.video_key
            for line in _lines(view, and_(wanted, or_(*has_part)))
            if any(streams.crossing(line))
        }
        wanted = row.video_key.in_(each_id(keys))
    found = defaultdict[int, list[Mention]](list)
    streams = _Streams(across.phrases)
    for line in _lines(view, wanted) if keys else ():
        found[line.video_key] += streams.crossing(line)
    return found


def _lines(view: View, among: Any) -> Iterator[_Line]:
    """The passages that the condition ``among`` admits, by video and time."""
    row = PassageRow
    query = (
        select(row.video_key, row.passage_id, row.kind, row.start_s, row.end_s, row.text,
               row.speaker, row.language, row.terms, row.times)
        .where(among, row.kind.in_(_KINDS), *passage_conditions(view.scope))
        .order_by(row.video_key, row.kind, row.start_s, row.passage_id)
    )  # fmt: skip
    found: Any = view.connection.execute(query.execution_options(yield_per=_AT_ONCE))
    name_of = cache(view.name_of)
    for rows in found.partitions():  # a list of rows costs half of as many single ones
        for key, passage_id, kind, start_s, end_s, text, label, language, terms, times in rows:
            check_span(start_s, end_s)
            name = name_of(key, label)
            yield _Line(
                key, passage_id, kind, start_s, end_s, text, name, language, terms.split(), times or ()
            )


class _Streams:
    """All passages of some videos, one after the other in each stream of what is said or shown."""

    def __init__(self, phrases: Sequence[AskedTerm]) -> None:
        self._phrases = phrases
        self._last: dict[tuple[int | str | None, ...], _Line] = {}

    def crossing(self, line: _Line) -> Iterable[Mention]:
        """The mentions that begin in the passage before it and end in ``line``, which comes next."""
        if line.kind == lexical.SOUND:
            return ()
        stream = (line.video_key, line.kind, line.speaker, _other_language(line))
        before, self._last[stream] = self._last.get(stream), line
        if before is None or not _goes_on(before, line):
            return ()
        return _crossing(before, line, self._phrases)


def _said_once(found: Iterable[Mention]) -> list[Mention]:
    """In order of time, without those in a translation of what is said or shown meanwhile in the same terms, or has
    been found in another translation."""
    ordered = sorted(found, key=_in_time)
    kept = [each for each in ordered if each.kind != lexical.TRANSLATION]
    if len(kept) == len(ordered):
        return kept
    waiting, beside = iter(kept), list[Mention]()
    alone, others = list[Mention](), list[Mention]()
    following = next(waiting, None)
    for each in ordered:
        if each.kind != lexical.TRANSLATION:
            continue
        while following is not None and following.start_s < each.end_s:
            beside.append(following)
            following = next(waiting, None)
        beside = [own for own in beside if own.end_s > each.start_s]
        others = [one for one in others if one.end_s > each.start_s]
        if any(_same_elsewhere(each, one) for one in others):
            continue
        if not any(own.start_s < each.end_s and set(each.terms) <= set(own.terms) for own in beside):
            alone.append(each)
            others.append(each)
    return sorted([*kept, *alone], key=_in_time)


def _same_elsewhere(each: Mention, one: Mention) -> bool:
    """Of one language there may be two scripts, whose lines begin together."""
    other = one.language != each.language or one.start_s == each.start_s
    return other and set(each.terms) <= set(one.terms)


def _other_language(line: _Line) -> str | None:
    return line.language if line.kind == lexical.TRANSLATION else None


def _goes_on(one: _Line, other: _Line) -> bool:
    """Whether a phrase may begin in one passage and end in the other."""
    if one.kind == "screen":
        return (one.start_s, one.end_s) == (other.start_s, other.end_s)
    return other.start_s - one.end_s <= _BREATH_S


def _crossing(before: _Line, line: _Line, wanted: Sequence[AskedTerm]) -> Iterator[Mention]:
    """Words that follow each other across two passages: the span is that of both."""
    wanted = [term for term in wanted if term.may_cross(before.terms, line.terms)]
    if not wanted:
        return
    text = f"{before.text} {line.text}"
    counts = {}
    for term in wanted:
        apart = term.count(before.terms, before.text) + term.count(line.terms, line.text)
        counts[term.asked] = term.count([*before.terms, *line.terms], text) - apart
    if any(count > 0 for count in counts.values()):
        found = tuple(asked for asked, count in counts.items() if count > 0)
        total = sum(counts[asked] for asked in found)
        ids, language = (before.id, line.id), _other_language(before)
        yield Mention(
            before.kind, before.start_s, line.end_s, text, before.speaker, found, total, ids, language
        )


def _mention(
    line: _Line, wanted: Sequence[AskedTerm], counts: dict[str, int], asked: tuple[str, ...]
) -> Mention:
    start_s, end_s = line.start_s, line.end_s
    if line.times:
        start_s, end_s = _span(line, [term for term in wanted if term.asked in counts])
    language = _other_language(line)
    total = sum(counts.values())
    return Mention(line.kind, start_s, end_s, line.text, line.speaker, asked, total, (line.id,), language)


def _span(line: _Line, terms: Sequence[AskedTerm]) -> tuple[float, float]:
    """From the first cue (or word) that has a part of what was found to the last."""
    whole = (line.start_s, line.end_s)
    begins = [int(begin) for begin, *_ in line.times]
    edges = [*begins, len(line.text) + 1]
    # How many terms lie before each cue tells in which cues a run of terms lies.
    before = [0]
    for begin, end in pairwise(edges):
        before.append(before[-1] + len(analyse(line.text[begin:end], line.language)))
    if before[-1] != len(line.terms):  # two characters in two cues are a term
        before = [0, *(len(analyse(line.text[:end], line.language)) for end in edges[1:])]
    if before[-1] != len(line.terms):
        return whole
    runs = [run for term in terms for run in term.runs]
    places = [
        place
        for run in runs
        for at in range(len(line.terms) - len(run) + 1)
        if line.terms[at : at + len(run)] == list(run)
        for place in (_cue_of(before, line.terms, at), bisect_right(before, at + len(run) - 1) - 1)
    ]
    if not places:
        return whole
    first, last = line.times[min(places)], line.times[max(places)]
    return float(first[1]), float(last[2])


def _cue_of(before: Sequence[int], terms: Sequence[str], at: int) -> int:
    """The cue in which a term begins; of two characters in two cues, that of the first one."""
    cue = bisect_right(before, at) - 1
    crosses = cue > 0 and at == before[cue] and terms[at][1:] and terms[at][0] == terms[at - 1]
    return cue - 1 if crosses and len(terms[at]) == 2 else cue
