"""Are shots, slides, scenes and events cut where people would cut them?

A gold line is one of::

    {"video", "level": "shot|slide|scene|event", "boundaries": [s, …]}   the times where a new one begins
    {"video", "topics": [{"title", "spans": [[start_s, end_s], …]}, …]}  topics of a meeting: level event
    {"video", "spans": [[start_s, end_s], …]}                            sections, as in a question file

``level`` may stand on any of them. Spans become boundaries as :func:`segmentation.span_boundaries` says.
Lines of one video and level are put together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longvid.evaluation.bootstrap import Estimate, estimate, ratio_estimate
from longvid.evaluation.questions import is_seconds, parse_spans, read_lines, resolve_videos, shown
from longvid.evaluation.retrieval import Span
from longvid.evaluation.segmentation import BoundaryScore, boundary_f1, pk, span_boundaries, window_diff
from longvid_storage.errors import UsageError

if TYPE_CHECKING:
    from longvid.details import VideoDetails
    from longvid.library import Library

TOLERANCE_S = {"shot": 0.25, "slide": 1.0, "scene": 5.0, "event": 15.0}
"""How far off a boundary may be, by level, unless the caller says otherwise."""


@dataclass(slots=True)
class Gold:
    """Where one video is cut at one level; ``line`` is where that was first said."""

    video: str
    level: str
    line: int
    spans: list[Span] = field(default_factory=list)
    times_s: list[float] = field(default_factory=list)

    def boundaries_s(self, duration_s: float) -> list[float]:
        """The times given, and those that the spans imply, inside the video; in order, each once."""
        return sorted(
            {*(t for t in self.times_s if 0 < t < duration_s), *span_boundaries(self.spans, duration_s)}
        )


def read_gold(path: Path) -> list[Gold]:
    """Read a gold file, one entry a video and level, in the order of the file.

    Raises:
        UsageError: with the line number, what is wrong there and what is allowed.
    """
    found: dict[tuple[str, str], Gold] = {}
    for number, record in read_lines(path):
        try:
            video, level = str(record["video"]), record.get("level", "event")
            if level not in TOLERANCE_S:
                raise ValueError(f'the level is "{level}"; it must be one of {", ".join(TOLERANCE_S)}')
            gold = found.setdefault((video, level), Gold(video, level, number))
            if "boundaries" in record:
                gold.times_s += _times(record["boundaries"])
            else:
                gold.spans += _spans(record)
        except (KeyError, TypeError, ValueError) as error:
            problem = f"no {error}" if isinstance(error, KeyError) else error
            wanted = '{"video", "level", "boundaries"}, {"video", "topics"} or {"video", "spans"}'
            raise UsageError(f"{path}, line {number}: {problem}; a line is {wanted}") from error
    if not found:
        raise UsageError(f"{path} holds no gold line")
    return list(found.values())


def _times(value: object) -> list[float]:
    if not isinstance(value, list) or not all(is_seconds(time) and time >= 0 for time in value):
        raise ValueError(f'"boundaries" is {shown(value)}; it must be a list of seconds')
    return [float(time) for time in value]


def _spans(record: dict[str, Any]) -> list[Span]:
    lists = [topic["spans"] for topic in record["topics"]] if "topics" in record else [record["spans"]]
    return [span for spans in lists for span in parse_spans(spans)]


def boundaries_s(video: VideoDetails, level: str) -> list[float]:
    """Where the library begins a new shot, slide, scene or event, without the start of the video itself."""
    events = video.events
    starts = {
        "slide": lambda: [slide.start_s for slide in video.slides],
        "event": lambda: [event.segment.start_s for event in events],
        "scene": lambda: [scene.segment.start_s for event in events for scene in event.scenes],
        "shot": lambda: [shot.start_s for event in events for scene in event.scenes for shot in scene.shots],
    }[level]()
    return sorted({start_s for start_s in starts if 0 < start_s < video.duration_s})


@dataclass(frozen=True, slots=True)
class LevelScore:
    """One level over all its videos: F1 from summed counts, Pk and WindowDiff averaged over videos.

    Pk and WindowDiff (on 1 s cells) are there for events only.
    """

    precision: Estimate | None
    recall: Estimate | None
    f1: Estimate | None
    pk: Estimate | None
    window_diff: Estimate | None


@dataclass(frozen=True, slots=True)
class LevelResult:
    """Scores of a level, beside those of segments of equal length, as many as the library has."""

    videos: int
    tolerance_s: float
    gold: int
    predicted: int
    library: LevelScore
    equal_length: LevelScore


def evaluate_structure(
    library: Library, gold: Sequence[Gold], path: Path, tolerance_s: float | None = None
) -> dict[str, LevelResult]:
    """Score every level that ``gold`` speaks of; ``tolerance_s`` replaces :data:`TOLERANCE_S`.

    Raises:
        UsageError: a line names a video that the library does not have, or the tolerance is negative.
    """
    if tolerance_s is not None and tolerance_s < 0:
        raise UsageError(f"--tolerance is {tolerance_s}; it must be 0 or more seconds")
    ids = resolve_videos(gold, library.videos(), path)
    shown = {video_id: library.show(video_id) for video_id in dict.fromkeys(ids.values())}
    results = {}
    for level in (level for level in TOLERANCE_S if any(entry.level == level for entry in gold)):
        entries = [_entry(shown[ids[e.video]], e) for e in gold if e.level == level]
        allowed_s = TOLERANCE_S[level] if tolerance_s is None else tolerance_s
        predicted = [boundaries_s(video, level) for video, _ in entries]
        even = [
            equal_length(video.duration_s, len(p)) for (video, _), p in zip(entries, predicted, strict=True)
        ]
        results[level] = LevelResult(
            videos=len(entries),
            tolerance_s=allowed_s,
            gold=sum(len(wanted) for _, wanted in entries),
            predicted=sum(map(len, predicted)),
            library=_score(entries, predicted, allowed_s, level == "event"),
            equal_length=_score(entries, even, allowed_s, level == "event"),
        )
    return results


def _entry(video: VideoDetails, gold: Gold) -> tuple[VideoDetails, list[float]]:
    return video, gold.boundaries_s(video.duration_s)


def equal_length(duration_s: float, boundaries: int) -> list[float]:
    """``boundaries`` times that cut a video into equal parts: what a method that saw nothing would say."""
    return [duration_s * i / (boundaries + 1) for i in range(1, boundaries + 1)]


def _score(
    entries: Sequence[tuple[VideoDetails, list[float]]],
    predicted: Sequence[list[float]],
    tolerance_s: float,
    topics: bool,
) -> LevelScore:
    triples = [
        (ours, wanted, video.duration_s) for (video, wanted), ours in zip(entries, predicted, strict=True)
    ]
    counts = [boundary_f1(ours, wanted, tolerance_s, length) for ours, wanted, length in triples]

    def share(parts: Callable[[BoundaryScore], tuple[float, float]]) -> Estimate | None:
        return ratio_estimate([parts(count) for count in counts])

    def mean(metric: Callable[..., float]) -> Estimate | None:
        return estimate([metric(*triple) for triple in triples if triple[2] > 0]) if topics else None

    return LevelScore(
        precision=share(lambda c: (c.matched, c.predicted)),
        recall=share(lambda c: (c.matched, c.gold)),
        f1=share(lambda c: (2 * c.matched, c.predicted + c.gold)),
        pk=mean(pk),
        window_diff=mean(window_diff),
    )


def to_dict(results: dict[str, LevelResult], path: Path, library: str) -> dict[str, Any]:
    """The JSON of ``longvid eval structure --json``."""
    levels = {level: asdict(result) for level, result in results.items()}
    return {"gold_file": str(path), "library": library, "levels": levels}
