"""Clips: real films whose pictures carry their number and whose sound carries its second, cut and decoded again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from longvid import Library, jsonform
from longvid.cli import app
from longvid_indexer.clipping.cut import Clip, cut, read_back
from longvid_indexer.clipping.planning import plan
from longvid_indexer.clipping.sources import look
from longvid_indexer.frames import FrameReader
from longvid_indexer.probe import probe
from longvid_storage.errors import MediaError, UsageError
from longvid_storage.types import Answer, Citation, Claim, MediaSpan
from media_factory import write_video
from openai_server import code_of, coded

RATE = 25
SECONDS = 10
AUDIO_RATE = 16_000


def sound(seconds: float = SECONDS) -> NDArray[np.float32]:
    """Second ``n`` is a tone of ``400 + 100 n`` hertz."""
    at = np.arange(round(seconds * AUDIO_RATE)) / AUDIO_RATE
    return (0.4 * np.sin(2 * np.pi * (400 + 100 * np.floor(at)) * at)).astype(np.float32)


def film(path: Path, first: int = 0, **options: object) -> Path:
    """A film of ten seconds whose frame ``n`` carries ``first + n``; a keyframe every two seconds, B-frames between."""
    size = options.pop("size", (320, 180))
    rate = options.pop("rate", RATE)
    seconds = options.pop("seconds", SECONDS)
    given: dict[str, object] = {"gop": 2 * rate, "scene_cuts": False, "audio": sound(seconds), **options}
    frames = (coded(first + number, *size) for number in range(int(rate * seconds)))
    return write_video(path, frames, rate, **given)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("films")
    made = {
        "a": film(folder / "a.mp4"),
        "b": film(folder / "b.mp4", 1000),
        "late": film(folder / "late.mkv", 2000, start_offset_s=3.0),
        "ts": film(folder / "ts.ts", 3000),
        "small": film(folder / "small.mp4", 4000, size=(160, 160)),
        "turned": film(folder / "turned.mp4", 5000, rotation=90),
        "silent": film(folder / "silent.mp4", 6000, audio=None),
        "slow": film(folder / "slow.mp4", 7000, rate=1, gop=100),
        "mpeg4": film(folder / "mpeg4.mkv", 8000, codec="mpeg4"),
        "sound": write_video(folder / "sound.m4a", None, audio=sound()),
    }
    (folder / "notes.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:09.000\nhello\n")
    made["notes"] = folder / "notes.vtt"
    return made


def shown(path: Path) -> list[tuple[float, int]]:
    """(time, number carried) of every picture that a player of the clip shows."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        pairs = [
            (float(frame.pts * frame.time_base), code_of(frame.to_ndarray(format="rgb24")))
            for frame in container.decode(stream)
        ]
    zero_s = pairs[0][0]
    return [(time_s - zero_s, code) for time_s, code in pairs]


def heard(path: Path, at_s: float) -> int:
    """The second of its film that the clip's sound carries around ``at_s``; -1 for silence."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=AUDIO_RATE)
    with av.open(str(path)) as container:
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    samples = np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames])
    middle = round(at_s * AUDIO_RATE)
    piece = samples[max(0, middle - 1600) : middle + 1600]
    if np.abs(piece).max() < 0.02:
        return -1
    spectrum = np.abs(np.fft.rfft(piece * np.hanning(len(piece))))
    return round((np.argmax(spectrum) * AUDIO_RATE / len(piece) - 400) / 100)


@cache
def truth(path: str) -> list[tuple[float, int]]:
    """(time, number carried) of every picture of a film, on its presentation timeline, as indexing sees it."""
    reader = FrameReader(Path(path), probe(Path(path), "film"))
    return [(frame.time_s, code_of(frame.upright(320)[..., :3])) for frame in reader]


def agrees(clip: Clip, path: Path) -> None:
    """Every picture of every part is the one that its film shows at that time."""
    pictures = shown(path)
    for part in clip.parts:
        own = [(t, code) for t, code in pictures if part.start_s - 1e-3 <= t < part.end_s - 1e-3]
        assert own, part
        film = truth(part.path)
        for time_s, code in own:
            at_s = part.source_start_s + time_s - part.start_s
            expected = [number for t, number in film if t <= at_s + 0.25 / RATE] or [film[0][1]]
            assert code == expected[-1], (part, time_s, code, expected[-1])
    assert clip.duration_s == pytest.approx(sum(p.end_s - p.start_s for p in clip.parts))
    assert clip.duration_s - 2 / RATE - 1e-3 <= pictures[-1][0] < clip.duration_s


def span(films: dict[str, Path], name: str, start_s: float, end_s: float) -> MediaSpan:
    return MediaSpan(str(films[name]), start_s, end_s, name)


@pytest.fixture
def make(films: dict[str, Path], tmp_path: Path) -> Callable[..., tuple[Clip, Path]]:
    def made(*wanted: tuple[str, float, float], name: str = "clip.mp4", **options: bool) -> tuple[Clip, Path]:
        path = tmp_path / name
        clip = cut([span(films, *each) for each in wanted], path, **options)
        assert sorted(each.name for each in tmp_path.iterdir()) == [name], "nothing else is left behind"
        return clip, path

    return made


def methods(clip: Clip) -> list[str]:
    return [part.method for part in clip.parts]


def test_spans_that_begin_at_keyframes_of_like_films_are_copied(
    make: Callable[..., tuple[Clip, Path]], films: dict[str, Path]
) -> None:
    clip, path = make(("a", 2.0, 3.52), ("b", 4.0, 5.0), ("a", 0.0, 1.0))
    assert methods(clip) == ["copied"] * 3
    assert clip.sound == "copied"
    agrees(clip, path)
    assert [heard(path, at_s) for at_s in (0.5, 1.3, 2.0, 3.0)] == [2, 3, 4, 0]
    with av.open(str(path)) as ours, av.open(str(films["a"])) as theirs:
        copied = {bytes(p) for p in ours.demux(video=0) if p.size}
        assert copied <= {bytes(p) for name in ("a", "b") for p in packets(films[name])}
        assert (
            ours.streams.video[0].codec_context.extradata == theirs.streams.video[0].codec_context.extradata
        )


def packets(path: Path) -> list[object]:
    with av.open(str(path)) as container:
        return [packet for packet in container.demux(video=0) if packet.size]


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.mov"])
def test_a_span_between_keyframes_is_made_anew_and_its_neighbours_are_not(
    make: Callable[..., tuple[Clip, Path]], name: str
) -> None:
    clip, path = make(("a", 2.0, 3.0), ("b", 5.32, 6.6), ("a", 4.0, 5.0), name=name)
    assert methods(clip) == ["copied", "re-encoded", "copied"]
    assert clip.parts[1].why == "it does not begin at a keyframe"
    assert clip.sound == "re-encoded"
    agrees(clip, path)
    assert [heard(path, at_s) for at_s in (0.5, 1.4, 2.0, 2.8)] == [2, 5, 6, 4]


def test_everything_anew_when_asked(make: Callable[..., tuple[Clip, Path]]) -> None:
    clip, path = make(("a", 2.0, 3.0), ("b", 4.0, 5.0), reencode=True)
    assert methods(clip) == ["re-encoded"] * 2
    assert [part.why for part in clip.parts] == ["as asked"] * 2
    assert (clip.duration_s, clip.parts[0].end_s) == (2.0, 1.0)
    agrees(clip, path)


def test_a_film_that_starts_late_and_a_transport_stream(make: Callable[..., tuple[Clip, Path]]) -> None:
    clip, path = make(("late", 2.0, 3.0), ("late", 5.1, 6.0), ("ts", 3.3, 4.0))
    assert methods(clip) == ["copied", "re-encoded", "re-encoded"]
    agrees(clip, path)
    assert [heard(path, at_s) for at_s in (0.5, 1.5, 2.2)] == [2, 5, 3]


def test_another_size_is_fitted_and_a_turned_film_comes_out_upright(
    make: Callable[..., tuple[Clip, Path]],
) -> None:
    clip, path = make(("a", 2.0, 2.6), ("turned", 2.0, 2.6))
    assert methods(clip) == ["copied", "re-encoded"]
    assert clip.parts[1].why == "players turn its pictures"
    agrees(clip, path)
    path.unlink()
    small, path = make(("small", 2.0, 2.6), ("a", 4.0, 4.6), name="small.mp4")
    assert methods(small) == ["copied", "re-encoded"]
    with av.open(str(path)) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (160, 160)
        frame = list(container.decode(video=0))[-1].to_ndarray(format="rgb24")
    assert frame[:30].max() < 40, "black above"
    assert code_of(frame[36:124]) == round((4.0 + 0.6) * RATE) - 1


def test_a_slow_film_shows_each_picture_as_long_as_it_lasts(make: Callable[..., tuple[Clip, Path]]) -> None:
    clip, path = make(("slow", 3.5, 5.5))
    codes = [code for _, code in shown(path)]
    assert codes == [7003] * 5 + [7004] * 10 + [7005] * 5, "ten pictures a second at least"
    assert clip.duration_s == 2.0


def test_films_without_sound_and_sound_without_a_film(make: Callable[..., tuple[Clip, Path]]) -> None:
    silent, path = make(("silent", 2.0, 3.0), name="silent.mp4")
    assert silent.sound is None
    agrees(silent, path)
    path.unlink()
    both, path = make(("silent", 2.0, 3.0), ("sound", 4.0, 5.0), ("a", 6.0, 7.0), name="both.mp4")
    assert methods(both) == ["copied", "re-encoded", "copied"]
    assert both.parts[1].why == "it has no pictures"
    assert [heard(path, at_s) for at_s in (0.5, 1.5, 2.5)] == [-1, 4, 6]
    assert [code for t, code in shown(path) if 1.1 < t < 1.9] == [0] * 20, "black"
    path.unlink()
    alone, path = make(("sound", 2.0, 3.0), ("sound", 7.0, 8.0), name="alone.m4a")
    assert [heard(path, at_s) for at_s in (0.5, 1.5)] == [2, 7]
    assert alone.duration_s == 2.0


def test_another_codec_is_copied_alone_and_made_anew_in_company(
    make: Callable[..., tuple[Clip, Path]],
) -> None:
    start_s = 0.0
    alone, path = make(("mpeg4", start_s, 1.0), name="alone.mkv")
    assert methods(alone) == ["copied"]
    agrees(alone, path)
    path.unlink()
    both, path = make(("mpeg4", start_s, 1.0), ("a", 2.0, 3.0), name="both.mkv")
    assert both.parts[0].method == "re-encoded"
    assert "mpeg4" in both.parts[0].why
    agrees(both, path)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "late", "ts", "silent"]), st.integers(0, 240), st.integers(1, 60)
        ),
        min_size=1,
        max_size=3,
    )
)
def test_any_spans_come_out_as_they_are(
    films: dict[str, Path], tmp_path: Path, wanted: list[tuple[str, int, int]]
) -> None:
    spans = [
        span(films, name, start / RATE, min(SECONDS, (start + count) / RATE)) for name, start, count in wanted
    ]
    path = tmp_path / "clip.mp4"
    clip = cut(spans, path, force=True)
    agrees(clip, path)
    for asked, part in zip(spans, clip.parts, strict=True):
        assert part.source_start_s == pytest.approx(asked.start_s, abs=0.021)
        # A copied part may show a few pictures more, which others in it are made from.
        assert asked.duration_s - 0.021 <= part.end_s - part.start_s <= asked.duration_s + 0.25


def test_a_span_is_cut_to_its_film_and_must_touch_it(
    make: Callable[..., tuple[Clip, Path]], films: dict[str, Path], tmp_path: Path
) -> None:
    clip, path = make(("a", 9.5, 100.0))
    agrees(clip, path)
    assert clip.duration_s == pytest.approx(0.5, abs=0.1)
    with pytest.raises(MediaError, match=r"lies behind its end.*give times within it"):
        cut([span(films, "a", 60, 70)], tmp_path / "x.mp4")


def test_a_clip_that_is_not_what_was_planned_is_told(films: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    spans = [span(films, "a", 2.0, 3.0), span(films, "b", 5.3, 6.1)]
    cut(spans, path)
    for other in (
        [spans[0]],
        [spans[0], span(films, "b", 5.3, 6.2)],
        [span(films, "a", 2.0, 2.6), span(films, "b", 5.3, 6.6)],
        [span(films, "silent", 2.0, 3.0), span(films, "silent", 5.3, 6.1)],
        [span(films, "sound", 2.0, 3.84)],
    ):
        with pytest.raises(MediaError, match="did not come out as planned"):
            read_back(plan([look(each) for each in other], ".mp4"), path)
    read_back(plan([look(each) for each in spans], ".mp4"), path)


def test_what_cannot_be_cut_is_one_sentence(films: dict[str, Path], tmp_path: Path) -> None:
    good = span(films, "a", 2.0, 2.2)
    with pytest.raises(MediaError, match="is a transcript without a film"):
        cut([span(films, "notes", 1, 2)], tmp_path / "x.mp4")
    with pytest.raises(MediaError, match="does not exist"):
        cut([MediaSpan(str(tmp_path / "gone.mp4"), 1, 2)], tmp_path / "x.mp4")
    with pytest.raises(UsageError, match="there is nothing to cut"):
        cut([], tmp_path / "x.mp4")
    with pytest.raises(UsageError, match=r"x\.avi is none: name it clip\.mp4"):
        cut([good], tmp_path / "x.avi")
    with pytest.raises(UsageError, match="is for sound alone"):
        cut([good], tmp_path / "x.m4a")
    with pytest.raises(UsageError, match="is not a directory"):
        cut([good], tmp_path / "none" / "x.mp4")
    assert list(tmp_path.iterdir()) == []
    there = tmp_path / "there.mp4"
    there.write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        cut([good], there)
    assert there.read_text() == "mine"
    cut([good], there, force=True)
    assert shown(there)
    with pytest.raises(UsageError, match="one of the films to cut from"):
        cut([good], films["a"], force=True)


# --- an answer's spans, and the command -----------------------------------------------------------------


@pytest.fixture(scope="module")
def library(films: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    place = tmp_path_factory.mktemp("library")
    with Library.open(place / "library", create=True) as opened:
        reports = opened.index([films["a"], films["notes"]], only=["transcript"], skip=None)
        assert all(report.error is None for report in reports), reports
        yield opened


def cited(library: Library, films: dict[str, Path]) -> Answer:
    """Cites the transcript, then two spans of the film that overlap, then one at a keyframe."""
    ids = {Path(video.path).name: video.video_id for video in library.videos()}

    def claim(name: str, start_s: float, end_s: float) -> Claim:
        path = films[name]
        return Claim("c", (Citation(ids[path.name], name, str(path), start_s, end_s, "speech", "q"),))

    claims = (claim("notes", 0, 9), claim("a", 5.0, 5.6), claim("a", 5.4, 6.2), claim("a", 2.0, 2.4))
    return Answer("q", "a", True, claims, (), {})


def test_the_cited_spans_of_an_answer(library: Library, films: dict[str, Path], tmp_path: Path) -> None:
    made = library.clip(cited(library, films), tmp_path / "clip.mp4", pad_s=0.0)
    agrees(made, tmp_path / "clip.mp4")
    assert [(p.title, p.source_start_s, p.method) for p in made.parts] == [
        ("a", 5.0, "re-encoded"),
        ("a", 2.0, "copied"),
    ]
    assert made.parts[0].end_s == pytest.approx(1.2)
    assert made.left_out == ("notes is a transcript without a film",)


def test_a_film_that_has_moved_is_found_where_the_library_knows_it(
    library: Library, films: dict[str, Path], tmp_path: Path
) -> None:
    answer = cited(library, films)
    moved = [replace(c, citations=(replace(c.citations[0], path="/gone/a.mp4"),)) for c in answer.claims[3:]]
    made = library.clip(replace(answer, claims=tuple(moved)), tmp_path / "clip.mp4")
    assert made.parts[0].path == str(films["a"])


def loudest_hz(path: Path) -> float:
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
        rate = container.streams.audio[0].rate
    heard = np.concatenate(frames).astype(np.float64)
    return float(np.argmax(np.abs(np.fft.rfft(heard))) * rate / len(heard))


def test_the_sound_track_that_a_user_named_is_in_the_clip(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = np.arange(SECONDS * AUDIO_RATE) / AUDIO_RATE
    other = (0.4 * np.sin(2 * np.pi * 3000 * at)).astype(np.float32)
    two = film(tmp_path / "two.mp4", more_audio=[other])
    with Library.open(tmp_path / "library", create=True) as lib:
        (report,) = lib.index(two, only=["transcript"], audio_track=2)
        assert report.video_id is not None
        claim = Claim("c", (Citation(report.video_id, "two", str(two), 2.0, 4.0, "speech", "q"),))
        lib.clip(Answer("q", "a", True, (claim,), (), {}), tmp_path / "cited.mp4")
    app(["clip", "two", "2", "4", "-o", str(tmp_path / "given.mp4"), "-L", str(tmp_path / "library")],
        standalone_mode=False)  # fmt: skip
    capsys.readouterr()
    for name in ("cited.mp4", "given.mp4"):
        assert loudest_hz(tmp_path / name) == pytest.approx(3000, abs=20)


def test_the_command(
    library: Library, films: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, saved, out = str(library._store.path), tmp_path / "a.json", tmp_path / "clip.mp4"
    saved.write_text(jsonform.dumps(cited(library, films)))

    def run(*arguments: str) -> tuple[str, str]:
        app(["clip", *arguments, "-L", place], standalone_mode=False)
        captured = capsys.readouterr()
        return captured.out, captured.err

    text, err = run(str(saved), "-o", str(out))
    assert err == "left out: notes is a transcript without a film\n"
    assert text.splitlines()[1].split() == ["0:01–0:02", "copied", "a", "@", "0:02–0:03"]
    assert text.splitlines()[-1] == f"{out}: 0:02, sound re-encoded"
    with pytest.raises(UsageError, match="is there already"):
        run(str(saved), "-o", str(out))
    text, _ = run(
        str(films["b"]), "0:02", "2.5", "a", "4", "4.4", "-o", str(out), "--force", "--json", "--pad", "0"
    )
    made = json.loads(text)
    assert [(Path(p["path"]).name, p["method"]) for p in made["parts"]] == [
        ("b.mp4", "copied"),
        ("a.mp4", "copied"),
    ]
    assert shown(out)[0] == (0.0, 1050)
    padded, _ = run(str(films["b"]), "3", "4", "-o", str(out), "--force", "--json", "--pad", "0.5")
    assert json.loads(padded)["duration_s"] == 2.0
    for wrong in (["a", "1"], ["a", "2", "1"], ["a", "x", "1"], [str(saved), "--pad", "-1"]):
        with pytest.raises(UsageError):
            run(*wrong, "-o", str(tmp_path / "none.mp4"))
