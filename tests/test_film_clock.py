"""Subtitles on another clock than the film's: broadcasts' timecodes, midnight, frames that are counted."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from longvid_indexer.probe import probe
from longvid_indexer.subtitles.reading import parse_subtitles, read_subtitles
from longvid_indexer.transcript import make_transcript


def film(path: Path, seconds: int, timecode: str | None = None) -> Path:
    """Grey pictures, one every five seconds, in a container that may name where its timecode begins."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        if timecode is not None:
            container.metadata["timecode"] = timecode
        for at_s in range(0, seconds + 1, 5):
            picture = av.VideoFrame.from_ndarray(np.full((48, 32), 128, np.uint8), format="yuv420p")
            picture.pts, picture.time_base = at_s * 25, Fraction(1, 25)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def srt(*cues: tuple[str, str, str]) -> str:
    return "".join(f"{n}\n{a},000 --> {b},000\n{text}\n\n" for n, (a, b, text) in enumerate(cues, 1))


def heard(path: Path) -> tuple[list[tuple[float, str]], tuple[str, ...], bool]:
    made = make_transcript(path, probe(path, "id"), None)
    return [(u.start_s, u.text) for u in made.utterances], made.notes, "times_guessed" in made.counters


EVENING = srt(
    ("23:59:40", "23:59:43", "The boiler is cold."),
    ("23:59:58", "00:00:02", "The engineer comes."),
    ("00:00:10", "00:00:13", "Good night."),
)
IN_THE_EVENING = [(10.0, "The boiler is cold."), (28.0, "The engineer comes."), (40.0, "Good night.")]


def test_the_films_own_timecode_tells_where_it_begins(tmp_path: Path) -> None:
    path = film(tmp_path / "show.mov", 60, "09:59:30:00")
    path.with_suffix(".srt").write_text(srt(("10:00:00", "10:00:03", "The boiler is cold.")))
    said, notes, guessed = heard(path)
    assert said == [(30.0, "The boiler is cold.")]
    assert not guessed
    assert notes == (
        "show.srt: all cues lie 09:59:30 later than the film (a broadcast's timecode) and were moved by that",
    )


def test_a_clock_that_begins_anew_at_midnight_goes_on(tmp_path: Path) -> None:
    path = film(tmp_path / "night.mov", 60, "23:59:30:00")
    path.with_suffix(".srt").write_text(EVENING)
    assert heard(path)[0] == IN_THE_EVENING
    alone = tmp_path / "alone.srt"
    alone.write_text(EVENING)
    assert [cue.start_s for cue in read_subtitles(alone).cues] == [0.0, 18.0, 30.0]


def test_without_the_films_timecode_a_round_time_is_a_guess_and_said_so(tmp_path: Path) -> None:
    path = film(tmp_path / "night.mp4", 60)
    path.with_suffix(".srt").write_text(EVENING)
    said, notes, guessed = heard(path)
    assert said == IN_THE_EVENING
    assert guessed
    assert "23:59:30" in notes[0]
    assert "every time is a guess" in notes[0]


def test_a_film_longer_than_the_hour_at_which_its_timecode_begins(tmp_path: Path) -> None:
    path = film(tmp_path / "long.mp4", 5400)
    path.with_suffix(".srt").write_text(
        srt(("01:00:05", "01:00:08", "The boiler is cold."), ("02:20:10", "02:20:13", "The engineer comes."))
    )
    assert heard(path)[0] == [(5.0, "The boiler is cold."), (4810.0, "The engineer comes.")]


def test_a_film_in_which_somebody_speaks_after_an_hour_keeps_its_times(tmp_path: Path) -> None:
    path = film(tmp_path / "long.mp4", 5400, "01:00:00:00")
    path.with_suffix(".srt").write_text(srt(("01:10:05", "01:10:08", "The boiler is cold.")))
    said, notes, _ = heard(path)
    assert said == [(4205.0, "The boiler is cold.")]
    assert notes == ()


@pytest.mark.parametrize(("sign", "starts_s"), [(":", 2.536), (";", 2.534)])
def test_scenarists_hours_without_drop_frames_last_3603_seconds(sign: str, starts_s: float) -> None:
    text = "The boiler is cold "
    letters = " ".join(f"{ord(a):02x}{ord(b):02x}" for a, b in zip(text[::2], text[1::2] + " ", strict=True))
    scc = (
        f"Scenarist_SCC V1.0\n\n10:00:02{sign}00\t9420 9420 94ae 94ae 9470 9470 {letters} 942f 942f\n\n"
        f"10:00:05{sign}00\t942c 942c\n"
    )
    (cue,) = parse_subtitles(scc, until_s=60.0).cues
    assert cue.start_s == pytest.approx(starts_s, abs=0.001)


@pytest.mark.parametrize(("drops", "starts_s"), [("nonDrop", 3605.6), ("dropNTSC", 3602.0)])
def test_timed_text_that_counts_pictures_is_slower_than_the_clock(drops: str, starts_s: float) -> None:
    document = (
        '<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" ttp:timeBase="smpte"'
        f' ttp:frameRate="24" ttp:frameRateMultiplier="1000 1001" ttp:dropMode="{drops}"><body><div>'
        '<p begin="01:00:02:00" end="01:00:04:00">The boiler is cold.</p></div></body></tt>'
    )
    (cue,) = parse_subtitles(document).cues
    assert cue.start_s == pytest.approx(starts_s, abs=0.01)
    (moved,) = parse_subtitles(document, until_s=60.0).cues
    assert moved.start_s == pytest.approx(2.0, abs=0.01)


def test_two_digits_behind_a_colon_are_frames() -> None:
    (cue,) = parse_subtitles("1\n00:00:01:12 --> 00:00:03:20\nThe boiler is cold.\n").cues
    assert (cue.start_s, cue.end_s) == (1.48, 3.8)


@pytest.mark.parametrize(
    ("first", "starts_s", "less"),
    [("10:00:05", 5.0, "10:00:00"), ("14:32:10", 0.0, "14:32:10"), ("01:02:03", 3723.0, None)],
)
def test_a_transcript_alone_on_a_timecode_begins_where_a_recording_would(
    tmp_path: Path, first: str, starts_s: float, less: str | None
) -> None:
    path = tmp_path / "talk.srt"
    hour, minute, _ = first.split(":")
    path.write_text(
        srt(
            (first, f"{hour}:{minute}:15", "The boiler is cold."),
            (f"{hour}:50:00", f"{hour}:50:04", "Good night."),
        )
    )
    info = probe(path, "id")
    assert info.duration_s < 3700.0 or less is None
    made = make_transcript(path, info, None)
    assert made.utterances[0].start_s == starts_s
    assert [note for note in made.notes if "less than in the file" in note] == (
        []
        if less is None
        else [
            f"it begins at {first}, which is an editor's or a broadcast's timecode or a time of day:"
            f" every time is {less} less than in the file"
        ]
    )
