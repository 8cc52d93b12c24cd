"""From moments to evidence: what was really said and shown there, read again from the store."""

from __future__ import annotations

from collections.abc import Iterable

from longvid_agents.narrowing import admits
from longvid_agents.sentences import Sentence, screen_sentences, speech_sentences
from longvid_agents.tools import Tools
from longvid_storage.types import Scope, Moment, ScreenText, Utterance

# A moment is tight: what leads up to it and follows from it is read too, so that sentences are whole.
MARGIN_S = 20.0
# A longer moment (a whole event found by its summary) is read only around the pieces that made it a hit.
LONG_MOMENT_S = 240.0
MAX_PIECES = 400


def gather(moments: Iterable[Moment], filters: Scope, tools: Tools) -> tuple[Sentence, ...]:
    """Sentences said or shown in and around ``moments`` that ``filters`` allow, in order, none twice.

    Of sounds, those that made a moment a hit: what else is heard somewhere answers nothing.

    Moments are read best first until ``MAX_PIECES`` utterances and lines are at hand.
    """
    said: dict[str, dict[Utterance, None]] = {}
    shown: dict[str, dict[ScreenText, None]] = {}
    sounds: dict[Sentence, None] = {}
    pieces = 0
    for moment in moments:
        if filters.video_ids is not None and moment.video_id not in filters.video_ids:
            continue
        heard = said.setdefault(moment.video_id, {})
        read = shown.setdefault(moment.video_id, {})
        sounds.update(dict.fromkeys(_sounds(moment, filters)))
        pieces -= len(heard) + len(read)
        for from_s, to_s in _spans(moment):
            utterances = tools.utterances(moment.video_id, from_s, to_s)
            heard.update(dict.fromkeys(u for u in utterances if allowed(filters, u)))
            if filters.speaker is None:
                lines = tools.screen_texts(moment.video_id, from_s, to_s)
                read.update(dict.fromkeys(t for t in lines if admits(filters, t.start_s, t.end_s)))
        pieces += len(heard) + len(read)
        if pieces >= MAX_PIECES:
            break
    sentences: list[Sentence] = []
    for video_id, cues in said.items():
        sentences += speech_sentences(video_id, cues)
        sentences += screen_sentences(video_id, shown[video_id])
    return (*sentences, *sounds)


def _sounds(moment: Moment, filters: Scope) -> list[Sentence]:
    if filters.speaker is not None:
        return []
    return [
        Sentence(moment.video_id, "sound", piece.start_s, piece.end_s, piece.text)
        for piece in moment.evidence
        if piece.kind == "sound" and admits(filters, piece.start_s, piece.end_s)
    ]


def _spans(moment: Moment) -> list[tuple[float, float]]:
    pieces = [(piece.start_s, piece.end_s) for piece in moment.evidence if piece.kind in ("speech", "screen")]
    if moment.end_s - moment.start_s <= LONG_MOMENT_S or not pieces:
        pieces = [(moment.start_s, moment.end_s)]
    return [(max(0.0, start_s - MARGIN_S), end_s + MARGIN_S) for start_s, end_s in pieces]


def allowed(filters: Scope, utterance: Utterance) -> bool:
    """Whether ``filters`` admit what is said there; of which video it is has been seen to."""
    if not admits(filters, utterance.start_s, utterance.end_s):
        return False
    if filters.language and utterance.language and utterance.language != filters.language:
        return False
    return filters.speaker is None or (utterance.speaker or "").casefold() == filters.speaker.casefold()
