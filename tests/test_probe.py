"""Probing: what a file says of itself, and one sentence for everything that is no media."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from longvid_indexer.opening import MOST_PIXELS, open_media
from longvid_indexer.probe import probe
from longvid_indexer.sniff import sniff_bytes
from longvid_indexer.titles import sensible_title
from longvid_storage.errors import MediaError
from longvid_storage.types import Chapter
from media_factory import fake_mp4, no_audio, no_video, truncated, write_video, zero_bytes

GREY = [np.full((64, 96, 3), 90, np.uint8)] * 10
TONE = np.sin(np.arange(32_000) * 0.2).astype(np.float32) * 0.3


def code_of(path: Path) -> str:
    with pytest.raises(MediaError) as caught:
        probe(path, "id")
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return caught.value.code


def test_a_plain_video(tmp_path: Path) -> None:
    info = probe(write_video(tmp_path / "talk.mp4", GREY, 5, audio=TONE, title="On birds"), "id")
    assert (info.video_id, info.title, info.media_type) == ("id", "On birds", "video")
    assert (info.has_video, info.has_audio, info.width, info.height) == (True, True, 96, 64)
    assert info.duration_s == pytest.approx(2.0, abs=0.1)
    assert info.frame_rate == pytest.approx(5.0)
    assert info.stream_start_s == pytest.approx(0.0, abs=0.03)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_a_first_timestamp_that_is_not_zero(tmp_path: Path, suffix: str) -> None:
    path = write_video(tmp_path / f"late{suffix}", GREY, 5, start_offset_s=10.0)
    info = probe(path, "id")
    assert info.stream_start_s == pytest.approx(10.0, abs=0.03)
    if suffix != ".mkv":
        assert info.duration_s == pytest.approx(2.0, abs=0.3)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_size_is_that_of_the_upright_picture(tmp_path: Path, rotation: int) -> None:
    info = probe(write_video(tmp_path / "turned.mp4", GREY, 5, rotation=rotation), "id")
    assert (info.width, info.height) == (96, 64)


def test_sound_alone_and_pictures_alone(tmp_path: Path) -> None:
    sound = probe(no_video(tmp_path / "sound.mp4"), "id")
    assert (sound.has_video, sound.has_audio, sound.width, sound.media_type) == (False, True, None, "audio")
    pictures = probe(no_audio(tmp_path / "pictures.mp4"), "id")
    assert (pictures.has_video, pictures.has_audio) == (True, False)


@pytest.mark.parametrize(
    "titles",
    [
        ("Chapter 1", "Chapter 02", "00:01:20.000"),
        ("1", "2.", "III"),
        ("Kapitel 1", "Scene 2 - 00:01:20", "第3章"),
        ("00:00:00", "Chapter 2 (00:10)", "Chapter"),
    ],
)
def test_chapters_that_only_count_or_give_a_time_are_none(tmp_path: Path, titles: tuple[str, ...]) -> None:
    marks = [
        (i, i + 1, title) for i, title in enumerate((*titles, "Chapter 4: Tomatoes", "7 habits", "Civics"))
    ]
    path = write_video(tmp_path / "talk.mkv", GREY * 3, 5, chapters=marks)
    assert [c.title for c in probe(path, "id").chapters] == ["Chapter 4: Tomatoes", "7 habits", "Civics"]


def test_chapters_lie_on_the_library_timeline(tmp_path: Path) -> None:
    path = write_video(
        tmp_path / "talk.mkv", GREY, 5, chapters=[(0, 1, "Start"), (1, 2, " The  end ")], start_offset_s=5.0
    )
    assert probe(path, "id").chapters == (
        Chapter(pytest.approx(0.0), pytest.approx(1.0), "Start"),
        Chapter(pytest.approx(1.0), pytest.approx(2.0), "The end"),
    )


def test_a_container_without_a_length_is_measured_by_its_packets(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "live.mkv", GREY, 5, audio=TONE, options={"live": "1"})
    with av.open(str(whole)) as container:
        assert container.duration is None
    assert probe(whole, "id").duration_s == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize("side", [32, 12_000])
def test_cover_art_is_not_video_and_a_huge_one_is_not_decoded(tmp_path: Path, side: int) -> None:
    cover = tmp_path / "cover.png"
    Image.new("1", (side, side)).save(cover)
    path = tmp_path / "song.m4a"
    with av.open(str(path), "w", format="mp4") as out, av.open(str(cover)) as art:
        sound = out.add_stream("aac", rate=16_000, layout="mono")
        picture = out.add_stream_from_template(art.streams.video[0])
        picture.disposition = av.stream.Disposition.attached_pic
        frame = av.AudioFrame.from_ndarray(TONE[None], format="flt", layout="mono")
        frame.sample_rate = 16_000
        packet = next(p for p in art.demux() if p.size)
        packet.stream = picture
        out.mux(packet)
        out.mux(sound.encode(frame))
        out.mux(sound.encode(None))
    info = probe(path, "id")
    assert (info.has_video, info.has_audio, info.media_type) == (False, True, "audio")
    with open_media(path) as container:
        picture = container.streams.video[0]
        assert (picture.codec_context.pix_fmt is None) == (side**2 > MOST_PIXELS)
        with pytest.raises(av.error.FFmpegError) if side**2 > MOST_PIXELS else nullcontext():
            next(container.decode(picture))


def test_a_lone_transcript(tmp_path: Path) -> None:
    path = tmp_path / "standup.vtt"
    path.write_text(
        "WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n\n00:01.500 --> 00:09.250\nlonger\n\n00:03.000 --> 00:04.000\nx"
    )
    info = probe(path, "id")
    assert (info.title, info.duration_s, info.media_type) == ("standup", 9.25, "transcript")
    assert (info.has_video, info.has_audio) == (False, False)


def test_a_truncated_file_keeps_the_length_it_promises(tmp_path: Path) -> None:
    info = probe(truncated(tmp_path / "cut.mp4"), "id")
    assert info.has_video
    assert info.duration_s > 0
    assert code_of(truncated(tmp_path / "headless.mp4", header_first=False)) == "not_media"


def test_each_kind_of_wrong_file_has_its_code(tmp_path: Path) -> None:
    assert code_of(tmp_path / "none.mp4") == "missing"
    assert code_of(tmp_path) == "not_media"
    assert code_of(zero_bytes(tmp_path / "zero.mp4")) == "empty_file"
    assert code_of(fake_mp4(tmp_path / "fake.mp4")) == "not_media"
    noise = tmp_path / "noise.mp4"
    noise.write_bytes(np.random.default_rng(1).bytes(20_000))
    assert code_of(noise) == "not_media"
    picture = tmp_path / "picture.mp4"
    Image.new("RGB", (32, 32)).save(picture, format="png")
    assert code_of(picture) == "image"
    empty = tmp_path / "empty.vtt"
    empty.write_text("WEBVTT\n\nNOTE nothing here\n")
    assert code_of(empty) == "no_cues"


def test_a_file_of_subtitles_only_has_nothing_to_play(tmp_path: Path) -> None:
    path = write_video(tmp_path / "cues.mkv", None, subtitles=[(0, 1, "Hello")])
    assert code_of(path) == "no_streams"


def test_a_playlist_is_refused_and_the_addresses_in_it_are_not_followed(tmp_path: Path) -> None:
    inside = write_video(tmp_path / "inside.mp4", GREY)
    for name, text in {
        "list.mp4": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{inside}\n#EXT-X-ENDLIST\n",
        "join.mp4": f"ffconcat version 1.0\nfile {inside}\n",
    }.items():
        path = tmp_path / name
        path.write_text(text)
        assert code_of(path) == "refers_elsewhere"


@pytest.mark.parametrize(
    ("title", "sensible"),
    [("On  birds", "On birds"), ("Lecture 3: heat/work", "Lecture 3: heat/work"), ("", None), (None, None),
     ("untitled", None), ("Untitled", None), ("talk.mp4", None), ("C:\\videos\\a", None), ("/home/a/b", None),
     ("---", None), ("d41d8cd98f00b204e9800998ecf8427e", None), ("x" * 300, None), ("a\ufffdb", None),
     ("2024", "2024"), ("量子力学", "量子力学")],
)  # fmt: skip
def test_titles_a_person_would_have_written(title: str | None, sensible: str | None) -> None:
    assert sensible_title(title) == sensible


def test_sniffing_by_content(tmp_path: Path) -> None:
    assert sniff_bytes(write_video(tmp_path / "a.mp4", GREY).read_bytes()) == "media"
    assert sniff_bytes(write_video(tmp_path / "a.mkv", GREY).read_bytes()) == "media"
    assert sniff_bytes(write_video(tmp_path / "a.ts", GREY).read_bytes()) == "media"
    assert sniff_bytes(b"") == "empty"
    assert sniff_bytes(b"const x: number = 1;\n") == "text"
    assert sniff_bytes(b"WEBVTT\n") == "subtitles"
    assert sniff_bytes(b"1\n00:00:01,000 --> 00:00:02,000\nhi") == "subtitles"
    assert sniff_bytes(b"\x01\x02\x03\x04") == "unknown"
    assert sniff_bytes("Grüße".encode()) == "text"


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2025-03-04T09:30:00.000000Z", "2025-03-04"),
        ("1970-01-01T00:00:00.000000Z", None),
        ("1904-01-01T00:00:00.000000Z", None),
        ("", None),
    ],
)
def test_the_day_of_a_recording_is_the_one_that_its_file_names(
    tmp_path: Path, written: str, day: str | None
) -> None:
    path = write_video(tmp_path / "film.mkv", [np.zeros((36, 64, 3), np.uint8)] * 5, 5)
    dated = tmp_path / "dated.mkv"
    with av.open(str(path)) as source, av.open(str(dated), "w") as target:
        if written:
            target.metadata["creation_time"] = written
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    assert probe(dated, "id").recorded_on == day
