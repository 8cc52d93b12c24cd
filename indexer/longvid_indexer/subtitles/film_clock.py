"""Cues on another clock than the film's: a broadcast's timecode, which may begin at ten hours or pass midnight."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

from longvid_indexer.subtitles.cue import DAY_S, Cue, CueLine, Subtitles

_HOUR_S = 3600.0
# Cues may outlast the film by the length of a closing caption.
_LATE_S = 10.0
# Where a recorder's timecode begins that nothing names: seconds of a round number, the roundest that fits.
_ROUND_S = (600.0, 60.0, 30.0, 10.0)
_MOST_OF_IT = 0.5
# Nobody is silent so long at the beginning of a recording; a programme begins within minutes of the hour.
_SILENT_S = 4 * 3600.0
_SOON_S = 300.0
_TIMECODE = re.compile(r"(\d{2}):(\d{2}):(\d{2})[:;.,](\d{2,3})\Z")


def timecode_of(container: Any) -> float | None:
    """At which timecode, in seconds, the film says that its first picture is; None where it says nothing."""
    for metadata in (container.metadata, *(stream.metadata for stream in container.streams)):
        match = _TIMECODE.match(metadata.get("timecode", "").strip())
        if match is not None:
            hours, minutes, seconds = (int(match[part]) for part in (1, 2, 3))
            return hours * 3600.0 + minutes * 60.0 + seconds
    return None


def on_the_films_clock(read: Subtitles, until_s: float | None, timecode_s: float | None = None) -> None:
    """Move cues that do not fit into a film as they are, and do on its timecode; ``read.cues`` are in file order.

    Args:
        until_s: the film's length; None for a transcript alone: it is followed over midnight, and where it begins
            later than any recording is silent, its clock is taken off.
        timecode_s: where the film's own timecode begins, if it has one. Without it whole hours are tried, then, for
            cues that fill most of the film, rounder and less round times of day: what is so moved is a guess.
    """
    _over_midnight(read)
    if not read.cues:
        return
    first_s = min(cue.start_s for cue in read.cues)
    if until_s is None:
        _from_zero(read, first_s)
        return
    last_s = max(cue.end_s for cue in read.cues)
    if first_s < until_s and last_s <= until_s + _LATE_S:
        return
    room_s = until_s + _LATE_S
    for offset_s, guessed in _offsets(read, first_s, last_s, until_s, timecode_s):
        if 0.0 < offset_s <= first_s and last_s - offset_s <= room_s:
            read.cues[:] = [_moved(cue, -offset_s) for cue in read.cues]
            read.guessed |= guessed
            read.remarks.append(
                f"all cues lie {_shown(offset_s * _HOUR_S / read.hour_s)} later than the film (a broadcast's timecode)"
                " and were moved by that"
                + (": where the film's own begins is not known, so every time is a guess" if guessed else "")
            )
            return


def _from_zero(read: Subtitles, first_s: float) -> None:
    """Without a film: from the whole hour where the first cue comes soon after it, else from the first cue."""
    if first_s < _SILENT_S:
        return
    since_s = first_s % read.hour_s
    offset_s = first_s - since_s if since_s <= _SOON_S else first_s
    read.cues[:] = [_moved(cue, -offset_s) for cue in read.cues]
    read.remarks.append(
        f"it begins at {_shown(first_s * _HOUR_S / read.hour_s)}, which is an editor's or a broadcast's timecode or a"
        f" time of day: every time is {_shown(offset_s * _HOUR_S / read.hour_s)} less than in the file"
    )


def _offsets(
    read: Subtitles, first_s: float, last_s: float, until_s: float, timecode_s: float | None
) -> Iterator[tuple[float, bool]]:
    """What may be taken off, the likeliest first, and whether it is a guess."""
    if timecode_s is not None:
        yield timecode_s * read.hour_s / _HOUR_S, False
    yield first_s // read.hour_s * read.hour_s, False
    if first_s >= max(read.hour_s, until_s) and last_s - first_s >= _MOST_OF_IT * until_s:
        for unit_s in _ROUND_S:
            yield first_s // unit_s * unit_s, True


def _over_midnight(read: Subtitles) -> None:
    """Where the clock begins anew once, in a file that begins in the evening, cues go on behind those before."""
    starts = [cue.start_s for cue in read.cues]
    falls = [place for place, (a, b) in enumerate(pairwise(starts), 1) if a - b > DAY_S / 2]
    if len(falls) == 1 and min(starts[: falls[0]]) >= DAY_S / 2:
        read.cues[falls[0] :] = [_moved(cue, DAY_S) for cue in read.cues[falls[0] :]]


def _shown(offset_s: float) -> str:
    hours, rest = divmod(round(offset_s), 3600)
    return f"{hours:02d}:{rest // 60:02d}:{rest % 60:02d}"


def _moved(cue: Cue, by_s: float) -> Cue:
    return Cue(cue.start_s + by_s, cue.end_s + by_s, tuple(_line_moved(line, by_s) for line in cue.lines))


def _line_moved(line: CueLine, by_s: float) -> CueLine:
    words = (replace(word, start_s=word.start_s + by_s, end_s=word.end_s + by_s) for word in line.words)
    return replace(line, words=tuple(words))
