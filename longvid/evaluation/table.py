"""What ``longvid eval`` prints in a terminal: plain text tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from longvid.evaluation.scores import FIGURES, MAIN, Figure

if TYPE_CHECKING:
    from longvid.evaluation.bootstrap import Estimate
    from longvid.evaluation.run import Cost, Evaluation
    from longvid.evaluation.structure import LevelResult, LevelScore

_PLACES = {"share": 3, "points": 2, "seconds": 1}
_UNITS = {figure.key: figure.unit for figure in FIGURES}


def number(key: str, value: float) -> str:
    """A share with three places, points with two, seconds with one."""
    unit = _UNITS.get(key, "share")
    return f"{value:.{_PLACES[unit]}f}{' s' if unit == 'seconds' else ''}"


def interval(key: str, estimate: Estimate) -> str:
    """``0.563 [0.509, 0.616]``."""
    places = _PLACES[_UNITS.get(key, "share")]
    return f"{number(key, estimate.value)} [{estimate.low:.{places}f}, {estimate.high:.{places}f}]"


def label(figure: Figure) -> str:
    """A figure's name with how it is averaged where that is not the mean."""
    return f"median {figure.key}" if figure.average == "median" else figure.key


def headline(result: Evaluation) -> str:
    """What was asked of what."""
    scope = "each within its video" if result.within else "over the whole library"
    videos = len({outcome.video_id for outcome in result.outcomes} - {None})
    return f"{len(result.outcomes)} questions on {videos} videos, {scope}"


def evaluation(result: Evaluation) -> str:
    """The figures with their intervals, the main ones by kind, and the cost."""
    rows = [
        (label(f), interval(f.key, result.overall[f.key]), str(result.overall[f.key].n), f.meaning)
        for f in FIGURES
        if f.key in result.overall
    ]
    blocks = [headline(result), columns([("", "value [95% interval]", "n", ""), *rows], "<<><")]
    if len(result.kinds) > 1:
        blocks.append(_side_by_side("kind", result.kinds))
    if result.baselines:
        blocks.append(_side_by_side("beside", {"longvid": result.overall, **result.baselines}))
    if result.asked:
        counts = result.to_dict()["answers"]
        blocks.append("answers: {asked} asked, {found} found, {abstained} abstained".format(**counts))
    if result.judge:
        blocks.append(f"judge: {result.judge}{result.unjudged_note}")
    return "\n\n".join([*blocks, "\n".join(cost_lines(result.cost))])


def _side_by_side(head: str, groups: Mapping[str, Mapping[str, Estimate]]) -> str:
    rows: list[tuple[str, ...]] = [(head, *MAIN)]
    for name, scores in groups.items():
        rows.append((name, *(number(key, scores[key].value) if key in scores else "-" for key in MAIN)))
    return columns(rows, "<" + ">" * len(MAIN))


def cost_lines(cost: Cost) -> list[str]:
    """The cost in words, a line a matter."""
    lines = [
        f"search: p50 {cost.search_ms_p50:.0f} ms, p95 {cost.search_ms_p95:.0f} ms "
        f"(the first, which loads what is needed: {cost.search_ms_first:.0f} ms)"
    ]
    if cost.ask_ms_p50 is not None and cost.ask_ms_p95 is not None:
        lines.append(f"ask: p50 {cost.ask_ms_p50:.0f} ms, p95 {cost.ask_ms_p95:.0f} ms")
    return [
        *lines,
        f"indexing: {cost.index_s_per_hour:.1f} s per hour of video ({cost.video_hours:.1f} h indexed), "
        f"{cost.frames_decoded} frames decoded, {cost.ocr_calls} OCR calls",
        f"peak memory of this process: {cost.peak_memory_mb:.0f} MiB",
    ]


def structure(results: dict[str, LevelResult]) -> str:
    """One row a level, and under it the same for segments of equal length."""
    head = ("level", "boundaries", "precision", "recall", "F1 [95% interval]", "Pk", "WindowDiff")
    rows: list[tuple[str, ...]] = [head]
    notes = []
    for level, result in results.items():
        counts = f"{result.predicted} for {result.gold}"
        rows.append((level, counts, *_level_cells(result.library)))
        rows.append(("  equal length", "as many", *_level_cells(result.equal_length)))
        notes.append(f"{level}: {result.videos} videos, a boundary within {result.tolerance_s:g} s counts")
    return "\n".join([columns(rows, "<<>><<<"), "", *notes])


def _level_cells(score: LevelScore) -> tuple[str, ...]:
    shares = [f"{e.value:.3f}" if e else "-" for e in (score.precision, score.recall)]
    return (*shares, *(interval("", e) if e else "-" for e in (score.f1, score.pk, score.window_diff)))


def columns(rows: Sequence[Sequence[str]], align: str) -> str:
    """Rows padded to columns two spaces apart; ``align`` holds ``<`` or ``>`` for each."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            f"{cell:{side}{width}}" for cell, side, width in zip(row, align, widths, strict=True)
        ).rstrip()
        for row in rows
    )
