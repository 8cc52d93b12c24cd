"""The rows of ``bench.py``: what longvid does, each beside the work that it is measured against."""

from __future__ import annotations

import gc
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench_fixtures import ROOT, fixtures, looped, transcript


@dataclass(frozen=True)
class BenchRow:
    """One line of the table: ``value`` of this run beside its ``goal``; ``counters`` say what was done for it."""

    number: str
    what: str
    goal: str
    value: str
    counters: str = ""


def cpu_s(work: Callable[[], object]) -> float:
    """Processor seconds of this process and of the children it waits for."""
    gc.collect()
    before = _used()
    work()
    return _used() - before


def _used() -> float:
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, who))


TIMES = 3


def ratio(
    ours: Callable[[], object], theirs: Callable[[], object], times: int | None = None
) -> tuple[float, str]:
    """The median of ours ÷ theirs over pairs that ran one after the other, and its spread in words."""
    pairs = [(cpu_s(theirs), cpu_s(ours)) for _ in range(times or TIMES)]
    found = sorted(mine / max(base, 1e-9) for base, mine in pairs)
    base, mine = (statistics.median(column) for column in zip(*pairs, strict=True))
    return statistics.median(found), f"{mine:.2f} ÷ {base:.2f} CPU·s, {found[0]:.2f}–{found[-1]:.2f}"


def run(*command: str) -> Callable[[], object]:
    """A command of this Python, in a process of its own."""
    return lambda: subprocess.run([sys.executable, *command], check=True, capture_output=True)


def longvid(*words: str) -> Callable[[], object]:
    """A command of longvid, cold."""
    return run("-c", "from longvid.cli import main; main()", *words)


def bare(path: Path) -> int:
    """Decode and drop; how many pictures there are."""
    import av

    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "NONE"
        return sum(1 for _ in container.decode(video=0))


def visual(place: Path, minutes: float) -> Iterator[BenchRow]:
    """Rows 1 and 3."""
    from longvid_indexer.probe import probe
    from longvid_indexer.visual import VisualResult, visual_pass

    told, frames, decoded, decodes = [], 0, 0, set()
    for name, path in fixtures(place, minutes).items():
        info, seen = probe(path, "bench"), list[VisualResult]()
        value, spread = ratio(
            lambda p=path, i=info, s=seen: s.append(visual_pass(p, i)), lambda p=path: bare(p)
        )
        told.append((value, name))
        yield BenchRow(
            "1", f"visual pass ÷ bare decode, one thread; {name}", "≤ 1.20", f"{value:.2f}", spread
        )
        frames += bare(path)
        decoded += int(seen[0].counters["frames_decoded"])
        decodes.add(seen[0].counters["decodes"])
    low, high = min(told), max(told)
    yield BenchRow(
        "1", "visual pass ÷ bare decode, one thread", "≤ 1.20",
        f"{low[0]:.2f}–{high[0]:.2f}", f"{low[1]} to {high[1]}; {minutes:g} min, 1280x720 at 25/s",
    )  # fmt: skip
    yield BenchRow(
        "3", "frames decoded ÷ frames; decodes", "≤ 1.01; 1", f"{decoded / frames:.3f}; {max(decodes):g}",
        f"{decoded} of {frames}",
    )  # fmt: skip


def leaping(place: Path, minutes: float) -> Iterator[BenchRow]:
    """Row 2."""
    from lecture_kinds import boundary_f1
    from longvid_indexer.probe import probe
    from longvid_indexer.visual import VisualResult, visual_pass

    for name, path in fixtures(place, minutes).items():
        info, seen = probe(path, "bench"), list[VisualResult]()
        value, spread = ratio(
            lambda p=path, i=info, s=seen: s.append(visual_pass(p, i, every_frame=False)),
            lambda p=path: bare(p),
        )
        every, leapt = visual_pass(path, info), seen[0]
        f1 = min(
            boundary_f1([each.start_s for each in a], [each.start_s for each in b], 0.05)
            for a, b in ((leapt.shots, every.shots), (leapt.slides, every.slides))
        )
        share = leapt.counters["frames_decoded"] / every.counters["frames_decoded"]
        yield BenchRow(
            "2", f"the same, frames left out; {name}", "≤ 0.35; film ≤ row 1", f"{value:.2f}",
            f"{share:.3f} of {minutes:g} min decoded; {len(every.shots)} shots, {len(every.slides)} slides, F1 of "
            f"those of every frame {f1:.2f}; {spread}",
        )  # fmt: skip


def whole_pictures() -> Callable[[object], object]:
    """What reading a picture is without longvid: found on all of it, lines read in sixes."""
    from rapidocr import RapidOCR

    engine = RapidOCR(
        params={
            "Global.log_level": "error",
            "Global.use_cls": False,
            "Det.limit_type": "max",
            "Det.limit_side_len": 1280,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
    return lambda picture: engine(picture)


def screen(place: Path, minutes: float) -> Iterator[BenchRow]:
    """Row 4: what is on the example lectures, and an editor that is scrolled."""
    from longvid_indexer.probe import probe
    from longvid_indexer.screen_readers.rapidocr import RapidOcrReader
    from longvid_indexer.screen_text import ScreenTextResult, read_screen
    from longvid_indexer.vision.pictures import decode_webp
    from longvid_indexer.visual import visual_pass
    from media_factory import slide, write_video
    from test_screen_states import RATE, scrolled

    reader = RapidOcrReader(threads=1)
    reader.read(slide("warm", ("up",)))
    plain = whole_pictures()
    cost, before, slides, lines, distinct = 0.0, list[float](), 0, 0, 0
    paths = sorted(p for p in (ROOT / "examples" / "lectures").iterdir() if p.suffix in (".mp4", ".mkv"))
    for path in paths:
        seen, read = visual_pass(path, probe(path, "bench")), list[ScreenTextResult]()
        cost += cpu_s(lambda s=seen, r=read: r.append(read_screen(s.keyframes, reader, s.states)))
        slides += len(seen.slides)
        pictures = [decode_webp(keyframe.image) for keyframe in seen.keyframes[::4]]
        before += [cpu_s(lambda p=each: plain(p)) for each in pictures]
        lines += int(read[0].counters["lines_read"])
        distinct += len({line.text for line in read[0].lines})
    each, then = cost / slides, sum(before) / len(before)
    yield BenchRow(
        "4",
        "screen text a slide; ÷ whole pictures given to the engine; lines recognised ÷ distinct lines",
        "≤ 0.5 CPU·s",
        f"{each:.2f} CPU·s; {each / then:.2f}; {lines / distinct:.2f}",
        f"{slides} slides, {lines} lines recognised; {then:.2f} CPU·s a whole picture in the same run",
    )
    frames = scrolled(1.4, 0.2)
    path = write_video(place / "scroll.mp4", frames, RATE, crf=20)
    seen, read = visual_pass(path, probe(path, "bench")), []
    cost = cpu_s(lambda: read.append(read_screen(seen.keyframes, reader, seen.states)))
    counted = read[0].counters
    yield BenchRow(
        "4", f"screen text of {len(frames) / RATE:.0f} s of scrolled editor", "–", f"{cost:.1f} CPU·s",
        f"{counted['ocr_calls']:g} readings, {counted['lines_read']:g} lines recognised, "
        f"{counted['lines_reused']:g} known",
    )  # fmt: skip


def asking(place: Path, minutes: float) -> Iterator[BenchRow]:
    """Rows 5 and 6, over an hour of meeting."""
    from longvid import Library

    folder = place / "hour"
    folder.mkdir(exist_ok=True)
    library = str(Path(tempfile.mkdtemp(dir=place)) / "hour.longvid")
    with Library.open(library, create=True) as lib:
        said = transcript(folder / "meeting.vtt", 60)
        spent = cpu_s(lambda: lib.index(said))
        questions = [f"what depends on number {i}?" for i in range(12)]
        lib.ask(questions[0], extractive=True)
        warm = [cpu_s(lambda q=q: lib.ask(q, extractive=True)) for q in questions]
    value, told = ratio(
        longvid("ask", "what was moved to next Tuesday?", "-L", library), run("-c", "import torch")
    )
    yield BenchRow("5", "cold `ask` ÷ `import torch`", "≤ 1.0", f"{value:.2f}", told)
    yield BenchRow(
        "6", "warm `ask`, extractive, one hour of meeting, p50", "≤ 60 ms (163 meetings)",
        f"{1000 * statistics.median(warm):.0f} ms", f"{len(warm)} questions",
    )  # fmt: skip
    yield BenchRow(
        "8", "indexing a transcript, an hour of it, all stages", "≤ 5 CPU·s", f"{spent:.1f} CPU·s", ""
    )


def meetings(place: Path, folder: Path) -> BenchRow:
    """Row 8 over real meetings: every sixteenth transcript below the folder, after the models were loaded."""
    from longvid import Library

    with Library.open(Path(tempfile.mkdtemp(dir=place)) / "real.longvid", create=True) as lib:
        lib.index(transcript(place / "first.vtt", 1))
        files = sorted(folder.rglob("*.vtt"))[::16]
        spent = cpu_s(lambda: [lib.index(each) for each in files])
        hours = sum(each.duration_s for each in lib.videos()) / 3600
        said = [lib.stage_results(each.video_id) for each in lib.videos()]
    vectors = [result for results in said for result in results if result.stage == "vectors"]
    texts = sum(result.counters["texts_encoded"] for result in vectors)
    counters = f"{len(files)} meetings, {hours:.1f} h, {texts / hours:.0f} texts an hour"
    share = sum(result.seconds for result in vectors) / sum(r.seconds for results in said for r in results)
    return BenchRow(
        "8", "the same of real meetings", "≤ 5 CPU·s", f"{spent / hours:.1f} CPU·s",
        f"{counters}; {share:.0%} of the stages' own time are vectors",
    )  # fmt: skip


def unchanged(place: Path, minutes: float) -> Iterator[BenchRow]:
    """Row 10."""
    from longvid import Library

    folder = place / "thousand"
    folder.mkdir(exist_ok=True)
    for number in range(1000):
        (folder / f"{number:04}.vtt").write_text(
            f"WEBVTT\n\n00:00.000 --> 00:02.000\nThis is talk number {number}.\n"
        )
    with Library.open(Path(tempfile.mkdtemp(dir=place)) / "thousand.longvid", create=True) as lib:
        lib.index(folder, only=["transcript"])
        reports = lib.index(folder, only=["transcript"])
        value, told = ratio(
            lambda: lib.index(folder, only=["transcript"]),
            lambda: subprocess.run(
                ["find", str(folder), "-printf", "%s %T@ %p\n"], check=True, capture_output=True
            ),
        )
    same = sum(report.status == "unchanged" for report in reports)
    yield BenchRow(
        "10",
        "second `index` of 1,000 files ÷ find + stat",
        "≤ 20",
        f"{value:.0f}",
        f"{same} unchanged; {told}",
    )


def exact_seek(path: Path, time_s: float) -> bytes:
    """The picture shown at a time as a plain reader gets it: opened, sought, decoded until it is there, encoded."""
    import av
    from av.video.reformatter import VideoReformatter

    from longvid_indexer.frames import DecodedFrame
    from longvid_indexer.vision.pictures import encode_jpeg

    shown = None
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        container.seek(round(time_s / stream.time_base), stream=stream)
        for frame in container.decode(stream):
            if frame.time > time_s + 1e-6:
                break
            shown = frame
        # A picture is made as it is for a question: what is compared is how it is found.
        picture = DecodedFrame(shown, time_s, 0).upright(1024, VideoReformatter())
    return encode_jpeg(picture, 90)


def seeking(place: Path, minutes: float) -> Iterator[BenchRow]:
    """Row 12: pictures for a question, out of two places of a lecture; the same bytes as from 16 plain seeks."""
    from longvid_indexer.probe import probe
    from longvid_indexer.rewatch import Rewatcher

    for name, path in fixtures(place, minutes, ["lecture"]).items():
        info = probe(path, "bench")
        times_s = [at + 0.2 * i for at in (info.duration_s / 3, info.duration_s / 2) for i in range(8)]

        def together(path: Path = path, info: Any = info, times_s: Any = times_s) -> Any:
            return Rewatcher().pictures(path, info, times_s, form="jpeg")

        def apart(path: Path = path, info: Any = info, times_s: Any = times_s) -> None:
            for time_s in times_s:
                Rewatcher().pictures(path, info, [time_s], form="jpeg")

        def plain(path: Path = path, times_s: Any = times_s) -> list[bytes]:
            return [exact_seek(path, time_s) for time_s in times_s]

        same = sum(a.image == b for a, b in zip(together(), plain(), strict=True))
        value, told = ratio(together, plain)
        own, own_told = ratio(together, apart)
        again = Rewatcher()
        again.pictures(path, info, times_s, form="jpeg")
        yield BenchRow(
            "12", f"16 evidence frames ÷ 16 exact seeks for the same pictures; {name}", "≤ 0.20",
            f"{value:.2f}",
            f"{again.groups_decoded} groups, {again.frames_decoded} frames, {same} of 16 the same to the byte; {told}; "
            f"÷ longvid's own seeks one by one {own:.2f} ({own_told})",
        )  # fmt: skip


def memory(place: Path, minutes: float) -> Iterator[BenchRow]:
    """Row 9: the visual pass of a lecture, each length in a process of its own."""
    from media_factory import Webcam, lecture, sample_slides

    piece = place / "memory.mp4"
    if not piece.exists():
        lecture(sample_slides(2), seconds=30.0, rate=1, size=(1280, 720), overlays=(Webcam(),)).write(
            piece, crf=23
        )
    told = []
    for times in (10, 120):
        path = looped(piece, times)
        seen = subprocess.run(
            [
                sys.executable,
                "-c",
                "import sys; from pathlib import Path\n"
                "from longvid_indexer.probe import probe; from longvid_indexer.visual import visual_pass\n"
                "path = Path(sys.argv[1]); seen = visual_pass(path, probe(path, 'bench'))\n"
                # Not ru_maxrss, which begins with the memory of the process that started this one.
                "peak = Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0]\n"
                "print(peak, "
                "sum(len(k.image) for k in (*seen.keyframes, *seen.states)))",
                str(path),
            ],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        told.append([int(number) / 1024 for number in seen.stdout.split()])
    (short, pictures), (long, more) = told[0], told[1]
    yield BenchRow(
        "9", "peak memory of the visual pass, 2 h ÷ 10 min", "≤ 1.10", f"{long / short:.2f}",
        f"{long:.0f} ÷ {short:.0f} MiB, of which pictures that are kept {more / 1024:.1f} and {pictures / 1024:.1f}; "
        "1280x720 at 1/s",
    )  # fmt: skip


def speech(place: Path, minutes: float) -> Iterator[BenchRow]:
    """Row 11: a sentence in every twelve seconds, heard by pocketsphinx, which costs the least of the recognisers."""
    import numpy as np

    from longvid_indexer.audio import read_audio
    from longvid_indexer.probe import probe
    from longvid_indexer.recognition import recognise, transcribe_all
    from longvid_indexer.transcribers.pocketsphinx import PocketsphinxTranscriber
    from longvid_indexer.voice import PAUSE_S, voiced_stretches
    from longvid_indexer.voice_gate import make_gate
    from media_factory import speech_clip, write_video

    clip = speech_clip()
    piece = np.concatenate([clip.samples, np.zeros(2 * clip.rate, np.float32)])
    path = write_video(place / "speech.mp4", None, audio=np.tile(piece, 5), audio_rate=clip.rate)
    info = probe(path, "bench")
    stretches = list(voiced_stretches(read_audio(path, info), make_gate("auto"), PAUSE_S))
    voiced_s = sum(each.end_s - each.start_s for each in stretches)
    value, told = ratio(
        # Each with a decoder of its own, whose process has ended, and is counted, when the call has.
        lambda: recognise(path, info, PocketsphinxTranscriber()),
        lambda: list(transcribe_all(PocketsphinxTranscriber(), stretches)),
    )
    yield BenchRow(
        "11", "speech stage ÷ recogniser alone on the same voiced sound", "≤ 1.1", f"{value:.2f}",
        f"pocketsphinx, {voiced_s:.0f} s voiced of {info.duration_s:.0f} s; {told}",
    )  # fmt: skip


def embedding(place: Path, minutes: float) -> Iterator[BenchRow]:
    """Row 13, with the tiny model of the tests."""
    import numpy as np
    import open_clip
    import torch
    from PIL import Image

    from longvid_storage.models.image_encoders.open_clip import OpenClipEncoder

    torch.set_num_threads(1)
    model = ROOT / "tests" / "tiny_clip" / "model"
    encoder = OpenClipEncoder(model, device="cpu")
    random = np.random.default_rng(0)
    frames = [random.integers(0, 255, (360, 640, 3), dtype=np.uint8) for _ in range(64)]
    encoder.encode_images(frames[:2])
    theirs, _, prepare = open_clip.create_model_and_transforms(f"local-dir:{model}")
    theirs.eval()

    def one_by_one() -> list[Any]:
        with torch.inference_mode():
            each = [theirs.encode_image(prepare(Image.fromarray(frame)).unsqueeze(0)) for frame in frames]
            return [torch.nn.functional.normalize(one, dim=-1)[0].numpy() for one in each]

    agree = float((encoder.encode_images(frames) * np.stack(one_by_one())).sum(1).min())
    value, told = ratio(lambda: encoder.encode_images(frames), one_by_one)
    yield BenchRow(
        "13", "image embedding ÷ open_clip's fp32 one by one, tiny model", "≤ 0.33", f"{value:.2f}",
        f"64 pictures of 640x360; {told}; cosines from {agree:.6f}",
    )  # fmt: skip


MEASURED = {
    "1": visual,
    "2": leaping,
    "4": screen,
    "5": asking,
    "9": memory,
    "10": unchanged,
    "11": speech,
    "12": seeking,
    "13": embedding,
}
NOT_RUN = (
    BenchRow(
        "7",
        "search over 1,000,000 passages",
        "≤ 10 ms",
        "not run",
        "`benchmarks/scale.py --passages 1000000 --alone` measures it",
    ),
    BenchRow(
        "GPU", "decode to tensors, FAISS over 10 million, time to first token", "–", "not run", "no GPU here"
    ),
)
