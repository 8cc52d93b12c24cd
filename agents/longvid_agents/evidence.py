"""From moments to evidence: what was really said and shown there, read again from the store."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from longvid_agents.prompts import LOOK_PROMPT, LOOK_SYSTEM
from longvid_agents.sentences import Sentence, screen_sentences, speech_sentences, squeeze
from longvid_agents.tools import Tools
from longvid_agents.video_lm import Frame, Request, VideoLM
from longvid_storage.types import Filters, Keyframe, Moment, ScreenText, Utterance

# A moment is tight: what leads up to it and follows from it is read too, so that sentences are whole.
MARGIN_S = 20.0
# A longer moment (a whole event found by its summary) is read only around the pieces that made it a hit.
LONG_MOMENT_S = 240.0
MAX_PIECES = 400
MAX_FRAMES = 6

_NUMBERED = re.compile(r"^\s*(\d{1,3})\s*[:.)]\s*(\S.*)$", re.MULTILINE)


def gather(moments: Iterable[Moment], filters: Filters, tools: Tools) -> tuple[Sentence, ...]:
    """Sentences said or shown in and around ``moments`` that ``filters`` allow, in order, none twice.

    Moments are read best first until ``MAX_PIECES`` utterances and lines are at hand.
    """
    said: dict[str, dict[Utterance, None]] = {}
    shown: dict[str, dict[ScreenText, None]] = {}
    pieces = 0
    for moment in moments:
        if filters.video_ids is not None and moment.video_id not in filters.video_ids:
            continue
        heard = said.setdefault(moment.video_id, {})
        read = shown.setdefault(moment.video_id, {})
        pieces -= len(heard) + len(read)
        for from_s, to_s in _spans(moment):
            utterances = tools.utterances(moment.video_id, from_s, to_s)
            heard.update(dict.fromkeys(u for u in utterances if _allowed(filters, u)))
            if filters.speaker is None:
                lines = tools.screen_texts(moment.video_id, from_s, to_s)
                read.update(dict.fromkeys(t for t in lines if _touches(filters, t.start_s, t.end_s)))
        pieces += len(heard) + len(read)
        if pieces >= MAX_PIECES:
            break
    sentences: list[Sentence] = []
    for video_id, cues in said.items():
        sentences += speech_sentences(video_id, cues)
        sentences += screen_sentences(video_id, shown[video_id])
    return tuple(sentences)


def seen_in(
    moments: Sequence[Moment], question: str, filters: Filters, tools: Tools, lm: VideoLM
) -> tuple[Sentence, ...]:
    """Show the pictures of the best moments to ``lm``; what it sees, each with its keyframe's span.

    The model answers by picture number; a line with no such number is dropped, as is everything else it says.
    """
    shown: list[tuple[str, Keyframe]] = []
    for moment in moments:
        for keyframe in tools.keyframes(moment.video_id, moment.start_s, moment.end_s):
            known = any(v == moment.video_id and k.time_s == keyframe.time_s for v, k in shown)
            if not known and len(shown) < MAX_FRAMES and _touches(filters, keyframe.start_s, keyframe.end_s):
                shown.append((moment.video_id, keyframe))
    if not shown:
        return ()
    frames = tuple(Frame(number, keyframe.image) for number, (_, keyframe) in enumerate(shown, 1))
    prompt = LOOK_PROMPT.format(count=len(frames), question=question)
    reply = lm.reply(Request(system=LOOK_SYSTEM, prompt=prompt, frames=frames))
    seen = []
    for number, text in _NUMBERED.findall(reply.text):
        if 1 <= int(number) <= len(shown):
            video_id, keyframe = shown[int(number) - 1]
            seen.append(Sentence(video_id, "picture", keyframe.start_s, keyframe.end_s, squeeze(text)))
    return tuple(seen)


def _spans(moment: Moment) -> list[tuple[float, float]]:
    pieces = [(piece.start_s, piece.end_s) for piece in moment.evidence if piece.kind in ("speech", "screen")]
    if moment.end_s - moment.start_s <= LONG_MOMENT_S or not pieces:
        pieces = [(moment.start_s, moment.end_s)]
    return [(max(0.0, start_s - MARGIN_S), end_s + MARGIN_S) for start_s, end_s in pieces]


def _allowed(filters: Filters, utterance: Utterance) -> bool:
    if not _touches(filters, utterance.start_s, utterance.end_s):
        return False
    if filters.language and utterance.language and utterance.language != filters.language:
        return False
    return filters.speaker is None or (utterance.speaker or "").casefold() == filters.speaker.casefold()


def _touches(filters: Filters, start_s: float, end_s: float) -> bool:
    from_s = 0.0 if filters.from_s is None else filters.from_s
    to_s = float("inf") if filters.to_s is None else filters.to_s
    return start_s < to_s and (end_s > from_s or start_s >= from_s)
