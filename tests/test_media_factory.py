"""The synthetic media is what it says it is: read back with PyAV, because other tests trust its times."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

import media_factory as mf


def _pictures(path: Path) -> list[tuple[float, np.ndarray]]:
    with av.open(str(path)) as container:
        return [(float(f.time), f.to_ndarray(format="rgb24")) for f in container.decode(video=0)]


def _sound(path: Path) -> tuple[np.ndarray, float]:
    """Mono samples at 16 kHz and the time of the first."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=16_000)
    with av.open(str(path)) as container:
        frames = list(container.decode(audio=0))
    blocks = [b.to_ndarray().ravel() for f in [*frames, None] for b in resampler.resample(f)]
    return np.concatenate(blocks), float(frames[0].time)


def _changes(pictures: list[tuple[float, np.ndarray]], over: float) -> list[float]:
    """Times at which the mean absolute difference to the frame before exceeds ``over`` grey levels."""
    grey = [(t, p.mean(axis=2)) for t, p in pictures]
    return [t for (_, a), (t, b) in pairwise(grey) if np.abs(a - b).mean() > over]


def test_lecture_changes_exactly_at_its_boundaries_after_encoding(tmp_path: Path) -> None:
    script = mf.lecture(seconds=(4.0, 3.0, 5.0), pages=mf.sample_slides(3))
    path = script.write(tmp_path / "a.mp4")
    pictures = _pictures(path)
    assert len(pictures) == 60
    assert [t for t, _ in pictures] == pytest.approx([i / 5 for i in range(60)], abs=1e-3)
    assert _changes(pictures, over=1.0) == pytest.approx([4.0, 7.0]) == list(script.boundaries_s)


def test_builds_grow_and_are_not_boundaries() -> None:
    script = mf.lecture(
        [mf.Page("Title", ("one", "two"), "dark", builds=True), mf.Page("Next", ("x",), "dark")]
    )
    assert script.boundaries_s == (6.0,)
    assert script.builds_s == (2.0, 4.0)
    frames = list(script.frames())
    ink = [int((np.abs(f.astype(int) - f[-1, -1]).sum(axis=2) > 60).sum()) for f in frames]
    assert ink[0] < ink[10] < ink[20]
    kept = np.abs(frames[0].astype(int) - frames[0][-1, -1]).sum(axis=2) > 60
    assert (frames[29][kept] == frames[0][kept]).all(), "a build must leave what was there"


@pytest.mark.parametrize(
    "overlay",
    [
        mf.Presenter(),
        mf.Presenter(walks=True),
        mf.Webcam(),
        mf.Mouse(),
        mf.Blink(),
        mf.VideoClip(),
        mf.Noise(),
    ],
    ids=lambda o: type(o).__name__,
)
def test_overlays_move_within_a_slide_and_repeat_exactly(overlay: mf.lectures.Overlay) -> None:
    script = mf.lecture(mf.sample_slides(1), seconds=3, overlays=[overlay], size=(320, 180))
    first, again = list(script.frames()), list(script.frames())
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert any((a != b).any() for a, b in pairwise(first))


def test_fades_between_slides_are_gradual() -> None:
    frames = list(mf.lecture(mf.sample_slides(2), seconds=2, rate=10, fade_s=0.5).frames())
    start, end = frames[19].astype(int), frames[-1].astype(int)
    distance = [np.abs(f - start).mean() for f in frames[20:26]]
    assert 0 < distance[0] < distance[2] < np.abs(end - start).mean()
    assert (frames[26] == frames[-1]).all()


def test_shots_cut_hard_where_they_say_and_dissolve_where_they_say(tmp_path: Path) -> None:
    script = mf.shots((2.0, 3.0, 2.5, 2.5), ("cut", "dissolve", "fade"), join_s=1.0)
    pictures = _pictures(script.write(tmp_path / "film.mkv", crf=20))
    assert len(pictures) == 240
    assert _changes(pictures, over=25) == pytest.approx([2.0], abs=0.01)
    assert script.boundaries_s == (2.0,)
    assert script.gradual_s == ((4.5, 5.5, "dissolve"), (7.0, 8.0, "fade"))
    darkest = min(pictures, key=lambda item: item[1].mean())
    assert darkest[0] == pytest.approx(7.5, abs=0.1)
    assert darkest[1].mean() < 25
    moving = np.abs(pictures[10][1].astype(int) - pictures[20][1].astype(int)).mean()
    assert moving > 1, "shots must move"


@pytest.mark.parametrize(("suffix", "codec"), [(".mp4", "mov_text"), (".mkv", "srt"), (".webm", "webvtt")])
def test_subtitles_title_and_chapters_are_readable(tmp_path: Path, suffix: str, codec: str) -> None:
    cues = [(0.5, 2.0, "Hello, world"), (2.5, 4.0, "Two\nlines")]
    chapters = [(0.0, 3.0, "First"), (3.0, 6.0, "Second")]
    path = mf.lecture(mf.sample_slides(1)).write(
        tmp_path / f"s{suffix}",
        codec="libvpx" if suffix == ".webm" else "libx264",
        subtitles=cues,
        title="A title",
        chapters=chapters,
    )
    with av.open(str(path)) as container:
        assert container.metadata["title"] == "A title"
        got = [
            (float(c["start"] * c["time_base"]), float(c["end"] * c["time_base"]), c["metadata"]["title"])
            for c in container.chapters()
        ]
        stream = container.streams.subtitles[0]
        assert stream.codec_context.name == codec
        assert stream.language == "eng"
        read = [
            (float(p.pts * p.time_base), float(p.duration * p.time_base), s.dialogue.decode())
            for p in container.demux(stream)
            if p.size
            for s in stream.decode(p)
        ]
    assert got == chapters
    times = [time for start, length, _ in read for time in (start, start + length)]
    assert times == pytest.approx([0.5, 2.0, 2.5, 4.0])
    assert read[0][2] == "Hello, world"
    assert read[1][2].split() == ["Two", "lines"]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_start_offset_moves_every_stream(tmp_path: Path, suffix: str) -> None:
    tone = np.ones(6 * 16_000, np.float32) * 0.1
    path = mf.lecture(mf.sample_slides(1)).write(tmp_path / f"o{suffix}", audio=tone, start_offset_s=5.0)
    times = [t for t, _ in _pictures(path)]
    muxer = times[0] - 5.0  # an MPEG transport stream starts at 1.4 s by itself
    assert 0 <= muxer < 2
    assert times[-1] - times[0] == pytest.approx(5.8, abs=0.01)
    assert _sound(path)[1] == pytest.approx(times[0], abs=0.1)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_rotated_video_is_stored_turned_and_says_how_to_turn_it_back(tmp_path: Path, rotation: int) -> None:
    script = mf.lecture(mf.sample_slides(1), seconds=1, size=(320, 180))
    upright = next(script.frames())
    path = script.write(tmp_path / "r.mp4", rotation=rotation)
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    stored = frame.to_ndarray(format="rgb24")
    assert stored.shape == ((320, 180, 3) if rotation % 180 else (180, 320, 3))
    # PyAV gives the angle by which a player turns the picture, counterclockwise.
    turned = np.rot90(stored, round(frame.rotation / 90) % 4)
    assert np.abs(turned.astype(int) - upright).mean() < 3
    assert round(-frame.rotation) % 360 == rotation


def test_fixed_gop_has_key_frames_at_equal_distances(tmp_path: Path) -> None:
    path = mf.lecture(mf.sample_slides(3), seconds=5).write(tmp_path / "g.mp4", gop=20, scene_cuts=False)
    with av.open(str(path)) as container:
        keys = [i for i, f in enumerate(container.decode(video=0)) if f.key_frame]
    assert keys == [0, 20, 40, 60]


def test_bitrate_makes_a_smaller_and_rougher_picture(tmp_path: Path) -> None:
    script = mf.shots((2.0,))
    good = script.write(tmp_path / "good.mp4", crf=15)
    poor = script.write(tmp_path / "poor.mp4", bitrate=20_000)
    assert poor.stat().st_size * 3 < good.stat().st_size
    true = list(script.frames())
    errors = [
        np.mean([np.abs(p.astype(int) - t).mean() for (_, p), t in zip(_pictures(path), true, strict=True)])
        for path in (good, poor)
    ]
    assert errors[1] > errors[0] * 1.5


def test_variable_rate_keeps_each_time(tmp_path: Path) -> None:
    path, times = mf.variable_rate(tmp_path / "v.mp4")
    pictures = _pictures(path)
    assert [t for t, _ in pictures] == pytest.approx(times, abs=1e-3)
    assert _changes(pictures, over=1.0) == pytest.approx([4.0, 8.0], abs=1e-3)


def test_truncated_files(tmp_path: Path) -> None:
    front = mf.truncated(tmp_path / "front.mp4")
    times = []
    with av.open(str(front)) as container:
        assert container.duration / av.time_base == pytest.approx(24, abs=0.2)
        try:
            for frame in container.decode(video=0):
                times.append(float(frame.time))
        except av.FFmpegError:
            pass
    assert 6 < times[-1] < 22
    with pytest.raises(av.InvalidDataError):
        av.open(str(mf.truncated(tmp_path / "back.mp4", header_first=False)))


def test_files_without_a_stream_or_without_media(tmp_path: Path) -> None:
    with av.open(str(mf.no_video(tmp_path / "sound.mp4"))) as container:
        assert [s.type for s in container.streams] == ["audio"]
        assert container.duration / av.time_base == pytest.approx(3, abs=0.15)
    with av.open(str(mf.no_audio(tmp_path / "silent.mp4"))) as container:
        assert [s.type for s in container.streams] == ["video"]
    for broken in (mf.zero_bytes(tmp_path / "zero.mp4"), mf.fake_mp4(tmp_path / "text.mp4")):
        with pytest.raises(av.FFmpegError):
            av.open(str(broken))


def test_picture_of_text_has_ink(tmp_path: Path) -> None:
    path = mf.picture_of_text(tmp_path / "p.png", ("Hello", "screen"))
    (_, picture), *_ = _pictures(path)
    assert picture.shape == (360, 640, 3)
    assert 0.002 < (picture.mean(axis=2) < 100).mean() < 0.2


def test_speech_sounds_at_its_true_times_wherever_it_is_placed(tmp_path: Path) -> None:
    clip = mf.speech_clip()
    assert clip.rate == 16_000
    assert clip.duration_s == pytest.approx(10.66, abs=0.05)
    assert mf.SPEECH.stat().st_size < 60_000
    track, said = mf.place(clip, (3.0, 20.0), 33.0, noise=0.001)
    assert len(said) == 2 * len(clip.sentences)
    assert said[3].start_s == pytest.approx(20 + clip.sentences[0].start_s)
    path = mf.lecture(seconds=(16.0, 17.0), pages=mf.sample_slides(2), rate=2).write(
        tmp_path / "a.mp4", audio=track
    )
    sound, start_s = _sound(path)
    frame = 800  # 50 ms
    level = np.sqrt((sound[: len(sound) // frame * frame].reshape(-1, frame) ** 2).mean(axis=1))
    times = start_s + np.arange(len(level)) * frame / 16_000
    spoken = np.zeros(len(level), bool)
    for sentence in said:
        spoken |= (times > sentence.start_s - 0.15) & (times < sentence.end_s + 0.15)
    assert (level[~spoken] < 0.02).all(), "sound outside the sentences"
    for sentence in said:
        inside = (times >= sentence.start_s) & (times + 0.05 <= sentence.end_s)
        assert level[inside].mean() > 0.03
        assert level[np.abs(times - sentence.start_s) < 0.1].max() > 0.01
        assert level[np.abs(times - sentence.end_s) < 0.15].max() > 0.01


def test_wrong_use_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="as many lengths"):
        mf.lecture(mf.sample_slides(2), seconds=(1.0,))
    with pytest.raises(ValueError, match="joins"):
        mf.shots((1.0, 1.0), ())
    with pytest.raises(ValueError, match="ends after"):
        mf.place(mf.speech_clip(), (5.0,), 6.0)
    with pytest.raises(ValueError, match="rotation 45"):
        mf.lecture().write(tmp_path / "x.mp4", rotation=45)
