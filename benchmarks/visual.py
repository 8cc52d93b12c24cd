"""What the visual pass finds and what it costs: ``python benchmarks/visual.py [--cache DIR] [VIDEO ...]``.

Prints, for every kind of synthetic lecture that the tests know, the F1 of slide boundaries at one second and at a
quarter of one, beside PySceneDetect's detectors on the same frames; then the error rate of the screen reader on
text of several sizes; then CPU per frame of decoding alone and of the whole pass, for each VIDEO given.

``--shots`` prints instead the F1 of the shot detectors, at half a second, on film made by code (``--films`` of panning
shots a row), and the boundaries that each finds in the VIDEOs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from lecture_kinds import KINDS, boundary_f1, matched, mixture, slide_times
from longvid_indexer.frames import FrameReader
from longvid_indexer.probe import probe
from longvid_indexer.screen_readers.rapidocr import RapidOcrReader
from longvid_indexer.screen_text import in_reading_order
from longvid_indexer.vision.dissolves import DissolveDetector
from longvid_indexer.vision.pictures import decode_webp, encode_webp
from longvid_indexer.vision.shots import ShotFinder, make_detectors, shots_of
from longvid_indexer.visual import VisualSettings, visual_pass
from media_factory import font, shots
from media_factory.shots import Join

_PROSE = (
    "Gradient descent follows the slope of the loss downhill; the learning rate sets the size of each step. "
    "Momentum keeps a running mean of past gradients, so that noise averages out (0.9 is usual). Binary search "
    "halves a sorted range: 17 steps are enough for 100,000 entries. Photosynthesis stores light as sugar. "
)


def slides(cache: Path) -> None:
    """F1 of slide boundaries by kind of lecture."""
    print(f"{'kind':18} {'slides ±1 s':>12} {'±0.25 s':>8} {'adaptive ±1 s':>14} {'content ±1 s':>13}")
    for name, kind in KINDS.items():
        path = cache / f"{name.replace(' ', '_').replace(',', '')}.mp4"
        script = kind.make()
        if not path.exists():
            script.write(path, **kind.encoding)
        info = probe(path, "benchmark")
        true = list(script.boundaries_s)
        found = slide_times(visual_pass(path, info).slides)
        cuts = []
        for detector in ("adaptive", "content"):
            seen = visual_pass(path, info, VisualSettings(detector=detector, exact_shots=True))
            cuts.append(boundary_f1([shot.start_s for shot in seen.shots][1:], true))
        print(
            f"{name:18} {boundary_f1(found, true):12.3f} {boundary_f1(found, true, 0.25):8.3f}"
            f" {cuts[0]:14.3f} {cuts[1]:13.3f}"
        )


def mixtures(cache: Path, count: int) -> None:
    """F1 over lectures drawn by lot, all boundaries together."""
    right = found_count = true_count = 0
    for seed in range(count):
        kind = mixture(seed)
        path = cache / f"mixture_{seed}.mp4"
        script = kind.make()
        if not path.exists():
            script.write(path, **kind.encoding)
        found = slide_times(visual_pass(path, probe(path, "benchmark")).slides)
        right += matched(found, list(script.boundaries_s), 1.0)
        found_count, true_count = found_count + len(found), true_count + len(script.boundaries_s)
    f1 = 2 * right / (found_count + true_count)
    print(f"{count} mixtures by lot: F1 {f1:.3f} ({right} right, {found_count} found, {true_count} true)")


DETECTORS = ("default", "adaptive", "content", "transnetv2")


def shot_detectors(cache: Path, videos: Sequence[Path], films: int) -> None:
    """F1 of shot boundaries by kind of join and detector, then what each finds in real film."""
    joins: tuple[tuple[Join, float], ...] = (
        ("cut", 0.0),
        ("fade", 1.0),
        ("dissolve", 0.5),
        ("dissolve", 1.0),
        ("dissolve", 2.0),
    )
    spent = dict.fromkeys(DETECTORS, 0.0)
    frames = 0
    if films:
        print("| joins | " + " | ".join(DETECTORS) + " |\n|---" + "|---" * len(DETECTORS) + "|")
        for join, join_s in joins:
            counts = dict.fromkeys(DETECTORS, (0, 0, 0))
            for seed in range(0, 7 * films, 7):
                path = cache / f"{join}_{join_s}_{seed}.mp4"
                script = shots((4.0, 3.5, 5.0, 4.0), (join,) * 3, join_s=join_s or 1.0, seed=seed)
                script.write(path)
                frames += round(16.5 * 24)
                true = [*script.boundaries_s, *((start + end) / 2 for start, end, _ in script.gradual_s)]
                for detector in DETECTORS:
                    found = _cuts(path, detector, spent)
                    right, many, all_true = counts[detector]
                    counts[detector] = (
                        right + matched(found, true, 0.5),
                        many + len(found),
                        all_true + len(true),
                    )
            scores = " | ".join(f"{2 * right / (many + true):.3f}" for right, many, true in counts.values())
            print(f"| {join}{f' of {join_s} s' if join_s else ''} | {scores} |", flush=True)
        print(
            "| CPU a frame, decoding included | "
            + " | ".join(f"{1000 * s / frames:.1f} ms" for s in spent.values())
            + " |"
        )
    for path in videos:
        for detector in DETECTORS:
            print(
                f"{path.name}, {detector}: " + " ".join(f"{cut:.2f}" for cut in _cuts(path, detector, spent))
            )


def _cuts(path: Path, detector: str, spent: dict[str, float]) -> list[float]:
    """Starts of the shots after the first; adds the CPU of it."""
    info, started = probe(path, "benchmark"), time.process_time()
    finder = ShotFinder(
        make_detectors(detector),
        info.frame_rate or 25.0,
        dissolves=DissolveDetector() if detector == "default" else None,
    )
    for frame in FrameReader(path, info):
        finder.see(frame)
    finder.finish()
    spent[detector] += time.process_time() - started
    return [shot.start_s for shot in shots_of(finder.cuts_s, info.duration_s, 0.2)][1:]


def reading() -> None:
    """Character error rate and CPU of the screen reader by picture and letter size."""
    reader = RapidOcrReader()
    reader.read(np.zeros((64, 64, 3), np.uint8))
    print(f"\n{'picture':>11} {'letters':>8} {'theme':>6} {'CER':>7} {'CPU s':>6}")
    for size in ((640, 360), (1280, 720), (1920, 1080)):
        for share, dark in ((16, False), (28, True), (40, True)):
            image, text = _page(size, size[1] // share, dark)
            started = time.process_time()
            read = in_reading_order(reader.read(decode_webp(encode_webp(image, 80))))
            spent = time.process_time() - started
            made = "\n".join(line.text for line in read)
            theme = "dark" if dark else "white"
            rate = _distance(text, made) / len(text)
            print(f"{size[0]:6} x{size[1]:4} {size[1] // share:6}px {theme:>6} {rate:7.4f} {spent:6.2f}")


def _page(size: tuple[int, int], letters: int, dark: bool) -> tuple[np.ndarray, str]:
    width, height = size
    image = Image.new("RGB", size, "#14171c" if dark else "#ffffff")
    draw = ImageDraw.Draw(image)
    lines = [""]
    for word in (_PROSE * 3).split():
        longer = f"{lines[-1]} {word}".strip()
        if draw.textlength(longer, font=font(letters)) > width * 0.86:
            lines.append(word)
        else:
            lines[-1] = longer
    lines = lines[: min(12, int(height * 0.8 / (letters * 1.5)), len(lines) - 1)]
    for number, line in enumerate(lines):
        place = (width * 0.06, height * 0.08 + number * letters * 1.5)
        draw.text(place, line, font=font(letters), fill="#dfe3ea" if dark else "#222222")
    return np.array(image), "\n".join(lines)


def _distance(a: str, b: str) -> int:
    """Levenshtein distance."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


def cost(path: Path) -> None:
    """CPU a frame, of decoding alone and of the whole pass."""
    info = probe(path, "benchmark")
    started = time.process_time()
    frames = sum(1 for _ in FrameReader(path, info))
    decode = time.process_time() - started
    spent = []
    for exact in (False, True):
        started = time.process_time()
        visual_pass(path, info, VisualSettings(exact_shots=exact))
        spent.append(time.process_time() - started)
    unit = 1000 / max(1, frames)
    print(
        f"{path.name[:32]:32} {info.width}x{info.height} {frames:6} frames: decode {decode * unit:.2f} ms,"
        f" pass {spent[0] * unit:.2f} ms, exact shots {spent[1] * unit:.2f} ms"
    )


def main() -> None:
    """Run the benchmark."""
    import cv2

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("videos", nargs="*", type=Path, help="videos to time")
    parser.add_argument("--cache", type=Path, help="keep the synthetic lectures here")
    parser.add_argument("--mixtures", type=int, default=24, help="lectures drawn by lot")
    parser.add_argument("--shots", action="store_true", help="compare the detectors of shots instead")
    parser.add_argument("--films", type=int, default=4, help="films a row of that comparison")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as made:
        cache = arguments.cache or Path(made)
        cache.mkdir(parents=True, exist_ok=True)
        if arguments.shots:
            shot_detectors(cache, arguments.videos, arguments.films)
            return
        slides(cache)
        mixtures(cache, arguments.mixtures)
    reading()
    if arguments.videos:
        print("\nCPU a frame")
    for path in arguments.videos:
        cost(path)


if __name__ == "__main__":
    main()
