"""Films and transcripts that ``bench.py`` measures on: generated, so that every machine has the same."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

PIECE_S = 60.0
"""So much of a fixture is drawn and encoded; a longer one is that over and over."""


def fixtures(place: Path, minutes: float, kinds: Sequence[str] = ()) -> dict[str, Path]:
    """Lecture with a presenter, edited film, static meeting; each with scene-cut GOPs and with fixed ones of 2 s.

    Encoded by quality, as recorders and platforms do: lecture and meeting come to about 250 kbit/s, film to 1.6 Mbit/s.
    """
    from media_factory import Webcam, lecture, sample_slides, shots
    from media_factory.shots import Join

    rate, size, seconds = 25.0, (1280, 720), min(PIECE_S, minutes * 60)
    count = max(2, round(seconds / 30))
    turns: tuple[Join, ...] = ("cut", "cut", "dissolve", "cut", "fade")
    joins = [turns[i % 5] for i in range(round(seconds / 4) - 1)]
    moving = {"rate": rate, "size": size, "overlays": (Webcam(),)}
    scripts = {
        "lecture": lecture(sample_slides(count), seconds=seconds / count, **moving),
        "film": shots([4.0] * (len(joins) + 1), joins, rate=rate, size=size),
        "meeting": lecture(sample_slides(1), seconds=seconds, **moving),
    }
    made = {}
    for name, script in scripts.items():
        if kinds and name not in kinds:
            continue
        for gop, fixed in (("scene", {}), ("fixed", {"gop": 50, "scene_cuts": False})):
            piece = place / f"{name}-{gop}-{seconds:g}s.mp4"
            if not piece.exists():
                script.write(piece.with_name(f"part-{piece.name}"), crf=23, **fixed).rename(piece)
            made[f"{name}, {gop} GOPs"] = looped(piece, round(minutes * 60 / seconds))
    return made


def looped(piece: Path, times: int) -> Path:
    """The pictures of a file so many times one after the other, as they are encoded."""
    import av

    path = piece.with_name(f"{times}x-{piece.name}")
    if times == 1 or path.exists():
        return piece if times == 1 else path
    with av.open(str(path.with_name(f"part-{path.name}")), "w") as made:
        to = None
        for turn in range(times):
            with av.open(str(piece)) as source:
                stream = source.streams.video[0]
                to = made.add_stream_from_template(stream) if to is None else to
                for packet in source.demux(stream):
                    if packet.dts is not None and packet.pts is not None and stream.duration:
                        packet.pts, packet.dts = (
                            t + turn * stream.duration for t in (packet.pts, packet.dts)
                        )
                        packet.stream = to
                        made.mux(packet)
    return path.with_name(f"part-{path.name}").rename(path)


def transcript(path: Path, minutes: float) -> Path:
    """A meeting of so many minutes as WebVTT, a turn every four seconds, no two alike."""
    subjects = ("the budget", "our release", "this pump", "the second survey", "a new server", "his report")
    verbs = ("was moved to", "needs more of", "depends on", "will be ready before", "was tested against")
    objects = (
        "next Tuesday",
        "the old contract",
        "three engineers",
        "what the customer said",
        "the winter plan",
    )
    lines = ["WEBVTT\n"]
    for i in range(int(minutes * 15)):
        at = [f"{t // 3600:02d}:{t // 60 % 60:02d}:{t % 60:02d}.000" for t in (4 * i, 4 * i + 4)]
        said = f"{subjects[i % 6]} number {i} {verbs[i % 5]} {objects[i // 3 % 5]}, as {('Ana', 'Bo')[i % 2]} said"
        lines.append(f"{at[0]} --> {at[1]}\n<v Speaker {i % 4}>I think that {said}.\n")
    path.write_text("\n".join(lines))
    return path
