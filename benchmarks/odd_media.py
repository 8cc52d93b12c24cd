"""Index a folder of odd media and compare what longvid says of each file with what ffprobe said.

    python benchmarks/odd_media.py DATA_DIR [--only visual] [--library DIR] [--json FILE]

DATA_DIR holds media files and ``probe.csv`` (columns file, duration, n_video, n_audio, start, frames_read, rc,
first_error, …). Checked for every file: it is indexed, or failed with one sentence; its duration (tolerance: 0.25 s
or 2 %, whichever is more) and first timestamp (0.05 s); the frames that the one decode gave (1 frame or 2 %);
the processor time it took (limit 60 s). Known boundaries of ``pyscenedetect/testvideo.mp4`` (cuts) and of
``opencast/**/scene-change.mov`` (slide) must be found within 0.2 s (the cuts lie in the
middle of fades through a second of black: no frame is the right one). Files that are not media in the first place, and
subtitles alone, have no row in ``probe.csv`` and are counted only. Prints one line a difference; exit status 1 when
there is one.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from longvid import Library
from longvid_indexer.report import FileFinished, IndexEvent, IndexReport
from longvid_storage.db.view import View

DURATION_S, DURATION_SHARE = 0.25, 0.02
START_S = 0.05
FRAMES, FRAMES_SHARE = 1, 0.02
LIMIT_CPU_S = 60.0
BOUNDARY_S = 0.2
BOUNDARIES = {"testvideo.mp4": ("shot", (6.706, 12.746)), "scene-change.mov": ("slide", (12.0,))}

Row = dict[str, str]


def index(data: Path, library: Library, only: list[str] | None) -> dict[str, tuple[IndexReport, float]]:
    """File (relative to ``data``) → its report and the processor seconds spent on it."""
    done: dict[str, tuple[IndexReport, float]] = {}
    since_s = time.process_time()

    def on_event(event: IndexEvent) -> None:
        nonlocal since_s
        if isinstance(event, FileFinished):
            now_s = time.process_time()
            name = Path(event.report.path).relative_to(data).as_posix()
            done[name] = (event.report, now_s - since_s)
            print(
                f"{event.number:4} {now_s - since_s:6.1f} s  {event.report.status:9} {name}", file=sys.stderr
            )
            since_s = now_s

    library.index(data, only=only, on_event=on_event)
    return done


def differences(row: Row, report: IndexReport | None, cpu_s: float, view: View) -> list[str]:
    """What longvid says otherwise than ``row``, one sentence each."""
    if report is None:
        return ["not seen"]
    found = []
    if cpu_s > LIMIT_CPU_S:
        found.append(f"took {cpu_s:.0f} s of processor time")
    if report.error is not None:
        if "\n" in report.error.message:
            found.append("the error is not one sentence")
        if (_number(row["frames_read"]) or 0) > 0 or (row["rc"] == "0" and _number(row["duration"])):
            found.append(f"failed ({report.error.code}), and ffprobe could read it: {report.error.message}")
        return found
    assert report.duration_s is not None
    assert report.video_id is not None
    duration_s, start_s = _number(row["duration"]), _number(row["start"])
    # Some versions of ffprobe count the length of a late mp4 from zero, as its last timestamp; players do not.
    if duration_s is not None and all(
        abs(report.duration_s - each) > max(DURATION_S, DURATION_SHARE * each)
        for each in (duration_s, duration_s - (start_s or 0))
    ):
        found.append(f"duration {report.duration_s:.3f} s, ffprobe {duration_s:.3f} s")
    started_s = view.video(report.video_id).info.stream_start_s
    if start_s is not None and abs(started_s - start_s) > START_S:
        found.append(f"start {started_s:.3f} s, ffprobe {start_s:.3f} s")
    decoded = report.stages["visual"].counters.get("frames_decoded") if "visual" in report.stages else None
    frames = _number(row["frames_read"])
    if (
        decoded is not None
        and frames is not None
        and abs(decoded - frames) > max(FRAMES, FRAMES_SHARE * frames)
    ):
        found.append(f"{decoded:.0f} frames decoded, ffprobe {frames:.0f}")
    return found


def missed_boundaries(name: str, report: IndexReport, view: View) -> list[str]:
    """Known boundaries that were not found, and what was found instead."""
    level, wanted = BOUNDARIES.get(Path(name).name, ("", ()))
    if not wanted or report.video_id is None:
        return []
    spans = view.slides(report.video_id) if level == "slide" else view.segments(report.video_id, "shot")
    got = [span.start_s for span in spans if span.start_s > 0]
    print(f"{name}: {level} boundaries at {', '.join(f'{at:.3f}' for at in got)} s")
    missed = [at for at in wanted if all(abs(at - each) > BOUNDARY_S for each in got)]
    return [f"{level} boundary at {at} s not found" for at in missed]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def main() -> int:
    """Index, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", help="stages to run, comma-separated (default all)")
    parser.add_argument("--library", type=Path, help="keep the library here (must be new)")
    parser.add_argument("--json", type=Path, help="write the reports to this file")
    arguments = parser.parse_args()
    data = arguments.data.resolve()
    with (data / "probe.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["file"]: row for row in csv.DictReader(file)}
    with tempfile.TemporaryDirectory() as scratch:
        place = arguments.library or Path(scratch) / "library"
        with Library.open(place, create=True) as library:
            started_s, cpu_s = time.monotonic(), time.process_time()
            done = index(data, library, arguments.only.split(",") if arguments.only else None)
            print(f"{len(done)} files in {time.process_time() - cpu_s:.0f} s of processor time, "
                  f"{time.monotonic() - started_s:.0f} s by the clock")  # fmt: skip
            wrong = 0
            with library._store.view() as view:
                for name in sorted(rows.keys() | done.keys()):
                    report, used_s = done.get(name, (None, 0.0))
                    told = differences(rows[name], report, used_s, view) if name in rows else []
                    if report is not None:
                        told += missed_boundaries(name, report, view)
                    wrong += bool(told)
                    for sentence in told:
                        print(f"{name}: {sentence}")
    statuses = Counter(report.status for report, _ in done.values())
    slowest = sorted(((used, name) for name, (_, used) in done.items()), reverse=True)[:5]
    print(f"{len(rows)} files in probe.csv; {dict(statuses)}; {wrong} files differ")
    print("slowest: " + ", ".join(f"{name} {used:.1f} s" for used, name in slowest))
    if arguments.json:
        lines = [{"file": n, "status": r.status, "duration_s": r.duration_s, "cpu_s": round(c, 2)}
                 for n, (r, c) in done.items()]  # fmt: skip
        arguments.json.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
