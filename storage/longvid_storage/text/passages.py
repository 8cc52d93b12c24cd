"""The one builder of passages: a sentence said, a line on screen, a sound, each with the span of what it is made of.

====================  ===========================================================================================
speech                a sentence of one speaker, put together from neighbouring cues or cut out of one; of a sentence
                      that is too long to be read at a glance, a part that ends at a clause, else between words
screen                a line on screen, or several of one slide that run on in each other
sound                 what is heard, in words, for as long as it is heard
translation           a sentence of subtitles in another language than the transcript's, made as those of speech
====================  ===========================================================================================

Spans are exactly those of the words (where their times are known) or of the cues: nothing is read off letters.
Longer texts are sums of passages, made when a question is asked (``longvid_storage.search.timeline``).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

from longvid_storage.text import cue_ends, sentence_ends
from longvid_storage.text.languages import guess_language
from longvid_storage.text.sentences import ends_sentence, split_sentences
from longvid_storage.text.sound_words import describe_sound
from longvid_storage.types import Channel, Passage, ScreenText, Sound, Utterance

PAUSE_S = 2.0
"""A speaker who stops for longer has finished, whatever the punctuation says."""
MOST_WORDS = 60
"""Words of a passage; the longest sentences that people read in one go are about as long."""
MOST_LETTERS = 600
"""Letters of a passage, for texts without spaces, and for a cue of a megabyte that is one word."""
# A recogniser that writes no full stops: there pauses end a sentence, and fewer words, so that a quote is not a blob.
UNPUNCTUATED_PAUSE_S, UNPUNCTUATED_WORDS = 0.35, 25
# Where the words tell the ends (English), a short pause only makes one likelier; so many words are read at once.
LEARNED_PAUSE_S, LEARNED_WORDS = 1.0, 2000
# Less than one sentence end in so many words, and nobody has set any.
_PUNCTUATED = 60
_SAMPLE = 20_000

_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
# Languages of which two captions of a sentence are joined without a space; elsewhere it parts clauses (Thai) or words.
_NO_SPACES = ("zh", "ja")
_TOKEN = re.compile(r"\S+\s*")
_CLAUSE_END = tuple(",;:–—，、；：،")

# "bo: rebooting now": an entry of a chat or a log.
_ENTRY = re.compile(r"[\w.-]{1,24}:\s")
# Lines whose heights differ by no more are of one size.
_SAME_SIZE = 0.25

Atom = tuple[int, float, float]
"""Where a cue or word begins in a text (letters), and its span in seconds."""
Timed = tuple[Passage, tuple[Atom, ...]]
"""A passage and the cues or words it is made of; none where it is one."""


def speech_passages(
    video_id: str,
    utterances: Iterable[Utterance],
    kind: Channel = "speech",
    model: Callable[[], sentence_ends.Scores | None] = lambda: None,
) -> list[Timed]:
    """Passages of what is said (``utterances`` in any order), by time; interleaved speakers are kept apart.

    Args:
        video_id, utterances, kind: whose they are, what is said, and whether it is a translation.
        model: gives what tells where sentences of English begin, and is asked only where nobody punctuated; None, and
            pauses and length tell.
    """
    cues = sorted((u for u in utterances if u.text.strip()), key=lambda cue: (cue.start_s, cue.end_s))
    sample = " ".join(cue.text for cue in cues[:_SAMPLE])
    language = guess_language(sample)
    pause_s, most, told_in, begins = PAUSE_S, MOST_WORDS, "", None
    if not _punctuated(cues):
        told_in = (next((cue.language for cue in cues if cue.language), language) or "")[:2]
        pause_s, most = UNPUNCTUATED_PAUSE_S, UNPUNCTUATED_WORDS
        begins = model() if told_in == sentence_ends.LANGUAGE else None
        if begins is not None:
            pause_s, most = LEARNED_PAUSE_S, LEARNED_WORDS
        elif cue_ends.known(told_in):
            most = MOST_WORDS
    passages = [
        timed
        for run in _runs(cues, pause_s, most, language)
        for timed in _passages_of(
            video_id, run, min(most, MOST_WORDS), run[0].language or language, kind, told_in, begins
        )
    ]
    return sorted(passages, key=lambda timed: (timed[0].start_s, timed[0].end_s))


def screen_passages(video_id: str, lines: Iterable[ScreenText]) -> list[Timed]:
    """Passages of what is on screen, by time and top to bottom; a line goes on where the next is in lower case and its
    first word had no room left in it: entries of a chat, a terminal or code are short, or begin with a name."""
    slides: dict[tuple[float, float], list[ScreenText]] = {}
    for line in lines:
        if line.text.strip():
            slides.setdefault((line.start_s, line.end_s), []).append(line)
    passages: list[Timed] = []
    for (start_s, end_s), shown in sorted(slides.items()):
        language = guess_language(" ".join(line.text for line in shown))
        runs: list[list[ScreenText]] = []
        for line in shown:
            before = runs[-1][-1] if runs else None
            if before is not None and _goes_on(before, line, shown, language):
                runs[-1].append(line)
            else:
                runs.append([line])
        for run in runs:
            boxes = tuple(line.box for line in run)
            passages += [
                (Passage(0, video_id, "screen", start_s, end_s, part, None, language, boxes), ())
                for part in _readable(squeeze(" ".join(line.text for line in run)), MOST_WORDS)
            ]
    return passages


def _goes_on(before: ScreenText, line: ScreenText, shown: Sequence[ScreenText], language: str | None) -> bool:
    text = line.text.lstrip()
    if not text[0].islower() or ends_sentence(before.text, language) or _ENTRY.match(text):
        return False
    left, top, right, bottom = before.box
    letter = (right - left) / max(1, len(before.text))
    near = 2 * letter  # the same left edge, or the same middle
    column = [
        to
        for from_, above, to, below in (other.box for other in shown)
        if abs((below - above) - (bottom - top)) <= _SAME_SIZE * (bottom - top)
        and (abs(from_ - left) <= near or abs(from_ + to - left - right) <= 2 * near)
    ]
    return right + (len(text.split()[0]) + 1) * letter >= max(column, default=right) - near


def sound_passages(video_id: str, sounds: Iterable[Sound]) -> list[Timed]:
    """Passages of what is heard besides speech, described in (English) words that people would look for."""
    return [
        (Passage(0, video_id, "sound", sound.start_s, sound.end_s, text, None, "en"), ())
        for sound in sounds
        if (text := describe_sound(sound.label))
    ]


def squeeze(text: str) -> str:
    """``text`` with every run of white space as one space."""
    return " ".join(text.split())


def words_in(text: str) -> int:
    """Words as a measure of length; in scripts without spaces, pairs of letters."""
    return len(text.split()) + len(_UNSPACED.findall(text)) // 2


def _runs(
    cues: Sequence[Utterance], pause_s: float, most: int, language: str | None
) -> Iterator[list[Utterance]]:
    """Cues of one speaker that make up whole sentences together."""
    open_runs: dict[str | None, list[Utterance]] = {}
    for cue in cues:
        run = open_runs.get(cue.speaker, [])
        if run and (
            cue.start_s - run[-1].end_s > pause_s
            or cue.language != run[-1].language
            or sum(words_in(each.text) for each in run) >= most
        ):
            yield run
            run = []
        run.append(cue)
        if ends_sentence(cue.text, cue.language or language):
            yield run
            run = []
        open_runs[cue.speaker] = run
    yield from (run for run in open_runs.values() if run)


def _passages_of(
    video_id: str,
    cues: Sequence[Utterance],
    most: int,
    language: str | None,
    kind: Channel,
    told_in: str,
    begins: sentence_ends.Scores | None,
) -> Iterator[Timed]:
    """``told_in``: the language of a text without punctuation, else empty; ``begins``: what tells there."""
    atoms: list[Atom] = []
    texts: list[str] = []
    length = 0
    one_word = not told_in and (language or "")[:2] in _NO_SPACES
    for cue in cues:
        text = squeeze(cue.text)
        if texts and not (
            one_word and _UNSPACED.match(texts[-1], len(texts[-1]) - 1) and _UNSPACED.match(text)
        ):
            texts.append(" ")
            length += 1
        atoms += [(length + at, start_s, end_s) for at, start_s, end_s in _atoms(cue, text)]
        texts.append(text)
        length += len(text)
    joined = "".join(texts)
    starts = [begin for begin, _, _ in atoms]
    cursor = 0
    sentences = split_sentences(joined, language)
    if begins is not None:
        sentences = list(_told_by_words(sentences, joined, atoms, begins))
    elif cue_ends.known(told_in):
        sentences = [part for sentence in sentences for part in cue_ends.cut(sentence, told_in)]
    for sentence in sentences:
        for part in _readable(sentence, most):
            begin = joined.index(part, cursor)
            cursor = begin + len(part)
            used = atoms[bisect_right(starts, begin) - 1 : bisect_right(starts, cursor - 1)]
            start_s, end_s = min(atom[1] for atom in used), max(atom[2] for atom in used)
            passage = Passage(0, video_id, kind, start_s, end_s, part, cues[0].speaker, language)
            times = (
                tuple((max(0, at - begin), from_s, to_s) for at, from_s, to_s in used)
                if len(used) > 1
                else ()
            )
            yield passage, times


def _told_by_words(
    sentences: Sequence[str], joined: str, atoms: Sequence[Atom], begins: sentence_ends.Scores
) -> Iterator[str]:
    """Sentences in which nobody set an end, cut where the words and pauses tell one."""
    paused = {
        at for (_, _, until_s), (at, from_s, _) in pairwise(atoms) if from_s - until_s > UNPUNCTUATED_PAUSE_S
    }
    cursor = 0
    for sentence in sentences:
        words = sentence.split(" ")
        cursor = joined.index(sentence, cursor)
        pauses = []
        for word in words:
            pauses.append(cursor in paused)
            cursor += len(word) + 1
        cursor -= 1
        for begin, end in sentence_ends.parts(words, pauses, begins):
            yield " ".join(words[begin:end])


def _atoms(cue: Utterance, text: str) -> list[Atom]:
    """The cue's words, where all are found in its text in order; else the cue as one."""
    atoms: list[Atom] = []
    at = 0
    for word in cue.words:
        found = text.find(squeeze(word.text), at)
        if found < 0 or (found > at + 1):
            return [(0, cue.start_s, cue.end_s)]
        atoms.append((found, word.start_s, word.end_s))
        at = found + len(squeeze(word.text))
    if not atoms or len(text) > at + 1:
        return [(0, cue.start_s, cue.end_s)]
    return [(0, *atoms[0][1:]), *atoms[1:]]


def _readable(sentence: str, most: int) -> Iterator[str]:
    """The sentence, or parts of at most ``most`` words and ``MOST_LETTERS``, cut after a clause where one ends in
    the second half of a part, else between words, else between letters."""
    if len(sentence) <= MOST_LETTERS and words_in(sentence) <= max(most, MOST_WORDS):
        yield sentence
        return
    part: list[str] = []
    weight, letters, clause = 0.0, 0, 0
    for token in _TOKEN.findall(sentence):
        for piece in _bounded(token):
            cost = 1 + len(_UNSPACED.findall(piece)) / 2
            if part and (weight + cost > most or letters + len(piece) > MOST_LETTERS):
                cut = clause if clause > len(part) // 2 else len(part)
                yield "".join(part[:cut]).strip()
                part = part[cut:]
                weight = sum(1 + len(_UNSPACED.findall(each)) / 2 for each in part)
                letters, clause = sum(map(len, part)), 0
            part.append(piece)
            weight += cost
            letters += len(piece)
            if piece.rstrip().endswith(_CLAUSE_END):
                clause = len(part)
    if part:
        yield "".join(part).strip()


def _bounded(token: str) -> list[str]:
    """A token, cut where it is longer than a readable run of letters (a script without spaces; no word at all)."""
    step = MOST_WORDS if _UNSPACED.search(token) else MOST_LETTERS
    return [token] if len(token) <= step else [token[at : at + step] for at in range(0, len(token), step)]


def _punctuated(cues: Sequence[Utterance]) -> bool:
    some = cues[:: max(1, len(cues) // 2000)]
    words = sum(words_in(cue.text) for cue in some)
    ends = sum(len(split_sentences(cue.text[:_SAMPLE], cue.language)) - 1 for cue in some)
    ends += sum(ends_sentence(cue.text, cue.language) for cue in some)
    return ends * _PUNCTUATED >= words
