"""Files that go wrong in one known way each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from media_factory.lectures import lecture, sample_slides
from media_factory.slides import Size, slide
from media_factory.writer import write_video


def zero_bytes(path: Path) -> Path:
    """An empty file."""
    path.write_bytes(b"")
    return path


def fake_mp4(path: Path) -> Path:
    """Plain text under a media file's name."""
    path.write_text("This is not a video, whatever its name says.\n" * 50, encoding="utf-8")
    return path


def truncated(path: Path, *, keep: float = 0.6, header_first: bool = True) -> Path:
    """A 24 s lecture with sound, cut after the share ``keep`` of its bytes.

    With ``header_first`` the index of the mp4 is at its front, so the first part still plays, while the
    header claims the full length; without, the index was at the end and is lost: nothing can be decoded.
    """
    noise = np.random.default_rng(7).normal(0, 0.05, 24 * 16_000).astype(np.float32)
    options = {"movflags": "faststart"} if header_first else {}
    lecture().write(path, audio=noise, gop=10, options=options)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)])
    return path


def no_video(path: Path, *, seconds: float = 3.0) -> Path:
    """Sound only: a soft 220 Hz tone."""
    time = np.arange(int(seconds * 16_000), dtype=np.float32) / 16_000
    return write_video(path, None, audio=0.2 * np.sin(2 * np.pi * 220 * time).astype(np.float32))


def no_audio(path: Path) -> Path:
    """A 12 s lecture of two slides without a sound track."""
    return lecture(sample_slides(2)).write(path)


def variable_rate(path: Path) -> tuple[Path, tuple[float, ...]]:
    """A lecture whose frames come at uneven times; returns the path and those times in seconds.

    Slides change at 4 s and 8 s; frames are dense around 2 s and up to 1.5 s apart elsewhere.
    """
    times = (0.0, 0.5, 1.9, 1.95, 2.0, 2.04, 2.2, 3.5, 4.0, 4.1, 5.6, 7.0, 8.0, 8.5, 9.9, 11.0, 11.5)
    pictures = [slide(page.title, page.bullets) for page in sample_slides(3)]
    shown = [pictures[0 if t < 4 else 1 if t < 8 else 2] for t in times]
    return write_video(path, shown, 5, times_s=times), times


def picture_of_text(path: Path, lines: tuple[str, ...] = ("Hello screen",), size: Size = (640, 360)) -> Path:
    """A still picture with text; the first line is the title."""
    Image.fromarray(slide(lines[0], list(lines[1:]), size=size)).save(path)
    return path
