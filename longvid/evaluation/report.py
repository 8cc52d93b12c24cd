"""A report to look at: one HTML file that needs nothing else, and the same figures as JSON beside it."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from longvid.evaluation import plots, table
from longvid.evaluation.bootstrap import Estimate
from longvid.evaluation.retrieval import best_tiou, relevance
from longvid.evaluation.run import Evaluation
from longvid.evaluation.scores import FIGURES, QuestionOutcome, ranked_spans, worst
from longvid_storage.errors import UsageError
from longvid_storage.text.shown import shown
from longvid_storage.text.timecode import format_span
from longvid_storage.types import Answer, Moment

WORST = 20
_SHOWN = 5
_PLOTTED = (
    "video@1",
    "play@1",
    "play@3",
    "hit@1 at 60 s",
    "hit@5 at 60 s",
    "hit@1",
    "hit@5",
    "hit@10",
    "MRR",
    "recall@10",
    "mAP",
    "R1@tIoU0.3",
    "R1@tIoU0.5",
    "R1@tIoU0.7",
    "mAP@tIoUavg",
    "citation precision",
    "ROUGE-L",
    "found",
    "rightly abstained",
)


def write_report(result: Evaluation, folder: Path) -> Path:
    """Write ``index.html``, ``results.json`` (all figures) and ``questions.jsonl`` (a line a question).

    Returns:
        The path of ``index.html``.

    Raises:
        UsageError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        page = folder / "index.html"
        page.write_text(render(result), encoding="utf-8")
        figures = json.dumps(result.to_dict(), ensure_ascii=False, indent=1)
        (folder / "results.json").write_text(figures + "\n", encoding="utf-8")
        lines = (json.dumps(_question_record(outcome), ensure_ascii=False) for outcome in result.outcomes)
        (folder / "questions.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"the report cannot be written to {folder}: {error}; name another --out") from error
    return page


def _question_record(outcome: QuestionOutcome) -> dict[str, object]:
    moments = [{"video_id": m.video_id, "start_s": m.start_s, "end_s": m.end_s} for m in outcome.moments]
    record: dict[str, object] = {"id": outcome.question.id, "video_id": outcome.video_id}
    record |= {"scores": dict(outcome.scores), "search_s": outcome.search_s, "moments": moments}
    if outcome.answer is not None:
        record |= {"answer": outcome.answer.answer, "found": outcome.answer.found, "ask_s": outcome.ask_s}
    return record


def render(result: Evaluation) -> str:
    """The whole page as text."""
    title = f"longvid eval · {Path(result.questions_file).name}"
    body = "".join([_header(result), _figures(result), _distributions(result), _cost(result), _worst(result)])
    style = Path(__file__).with_name("report.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head><body><main>{body}</main></body></html>\n"
    )


def _header(result: Evaluation) -> str:
    tiles = [
        (key, table.number(key, found.value), f"{found.low:.2f} – {found.high:.2f}")
        for key in ("play@1", "play@3", "hit@1 at 60 s", "MRR", "R1@tIoU0.5", "citation precision")
        if (found := result.overall.get(key))
    ]
    tiles.append(
        ("search, p50", f"{result.cost.search_ms_p50:.0f} ms", f"p95 {result.cost.search_ms_p95:.0f} ms")
    )
    cells = "".join(
        f'<div class="tile"><span>{escape(name)}</span><b>{escape(value)}</b>'
        f"<small>{escape(note)}</small></div>"
        for name, value, note in tiles
    )
    where = f" · library {escape(result.library)}" if result.library else ""
    return (
        f"<header><h1>{escape(Path(result.questions_file).name)}</h1>"
        f"<p>{escape(table.headline(result))}{where}</p></header><div class='tiles'>{cells}</div>"
    )


def _figures(result: Evaluation) -> str:
    groups = [("all", result.overall)]
    if len(result.kinds) > 1:
        groups += list(result.kinds.items())
    plotted = groups[: plots.GROUPS]
    rows = [(key, [s.get(key) for _, s in plotted]) for key in _PLOTTED if key in result.overall]
    legend = "".join(
        f'<span><i class="dot g{index}"></i>{escape(name)}</span>' for index, (name, _) in enumerate(plotted)
    )
    plot = plots.whiskers(rows, "every figure with its 95% bootstrap interval")
    answers = result.to_dict()["answers"]
    said = f"<p>{answers['found']} answered, {answers['abstained']} abstained.</p>" if answers else ""
    summary = "<summary>All figures as a table</summary>"
    numbers = f"<details>{summary}<div class='wide'>{_table(groups)}</div></details>"
    named = f"<p class='legend'>{legend}</p>" if len(plotted) > 1 else ""
    return f"<section><h2>Figures</h2>{named}<div class='plot'>{plot}</div>{said}{numbers}</section>"


def _table(groups: Sequence[tuple[str, Mapping[str, Estimate]]]) -> str:
    """A row a figure, a column a group; the first group has every figure that any has."""
    head = "".join(f"<th>{escape(name)}</th>" for name, _ in groups)
    rows = []
    for figure in (figure for figure in FIGURES if figure.key in groups[0][1]):
        found = [scores.get(figure.key) for _, scores in groups]
        cells = "".join(f"<td>{escape(table.interval(figure.key, e)) if e else '–'}</td>" for e in found)
        name = f"<th>{escape(table.label(figure))}<small>{escape(figure.meaning)}</small></th>"
        rows.append(f"<tr>{name}{cells}</tr>")
    counts = "".join(f"<td>{max((e.n for e in scores.values()), default=0)}</td>" for _, scores in groups)
    body = f"{''.join(rows)}<tr><th>questions</th>{counts}</tr>"
    return f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table>"


def _distributions(result: Evaluation) -> str:
    judged = [outcome for outcome in result.outcomes if outcome.question.spans]
    charts = []
    if judged:
        ranks = [round(1 / o.scores["MRR"]) if o.scores["MRR"] else 0 for o in judged]
        counted = [(str(rank), ranks.count(rank)) for rank in range(1, 11)] + [("none", ranks.count(0))]
        charts.append(
            ("Rank of the first hit", plots.bars(counted, "rank of the first hit", last_is_miss=True))
        )
        fits = [o.scores["mean tIoU"] for o in judged]
        tenths = [min(9, int(fit * 10)) for fit in fits if fit > 0]
        spread = [(f"{tenth / 10:g}", tenths.count(tenth)) for tenth in range(10)] + [
            ("none", fits.count(0.0))
        ]
        tiou_bars = plots.bars(spread, "tIoU of the first moment", last_is_miss=True)
        charts.append(("tIoU of the first moment, from …", tiou_bars))
        edges = (5, 10, 20, 30, 60, 120, 300, 600)
        errors = [o.scores["start error"] for o in judged if "start error" in o.scores]
        charts.append(
            ("Start error of the first moment, up to … s", _histogram(errors, edges, "start error"))
        )
    milliseconds = [outcome.search_s * 1000 for outcome in result.outcomes]
    edges = (5, 10, 20, 40, 60, 100, 200, 500)
    charts.append(("Search time, up to … ms", _histogram(milliseconds, edges, "search time in milliseconds")))
    figures = "".join(
        f"<figure><figcaption>{escape(name)}</figcaption>{svg}</figure>" for name, svg in charts
    )
    return f"<section><h2>How it spreads</h2><div class='charts'>{figures}</div></section>"


def _histogram(values: Sequence[float], edges: Sequence[float], title: str) -> str:
    """Counts up to each edge (beyond the one before), and beyond the last."""
    bounds = pairwise([float("-inf"), *edges, float("inf")])
    labels = [*(f"{edge:g}" for edge in edges), "more"]
    counts = [sum(low < value <= high for value in values) for low, high in bounds]
    return plots.bars(list(zip(labels, counts, strict=True)), title)


def _cost(result: Evaluation) -> str:
    return f"<section><h2>Cost</h2><ul>{_items(table.cost_lines(result.cost))}</ul></section>"


def _items(lines: Iterable[str]) -> str:
    return "".join(f"<li>{escape(line)}</li>" for line in lines)


def _worst(result: Evaluation) -> str:
    shown = worst(result.outcomes, WORST)
    if not shown:
        return ""
    cards = "".join(_card(result, outcome) for outcome in shown)
    return (
        "<section><h2>The worst questions</h2><p>Found latest or never, then least overlap. Above, where the "
        "answer is; below, what was returned (1 is first).</p>"
        f"{cards}</section>"
    )


def _card(result: Evaluation, outcome: QuestionOutcome) -> str:
    question, video = outcome.question, result.videos[outcome.video_id or ""]
    ranked = ranked_spans(outcome.moments, outcome.video_id)
    hits = relevance(ranked, question.spans)
    drawn = [(i, span, hits[i - 1]) for i, span in enumerate(ranked, start=1) if span is not None]
    gold = ", ".join(format_span(*span) for span in question.spans)
    kind = f'<span class="tag">{escape(question.kind)}</span>' if question.kind else ""
    written = f'<p class="written">{escape(_short(question.answer, 400))}</p>' if question.answer else ""
    rank = f"first hit at rank {hits.index(True) + 1}" if True in hits else f"no hit among {len(hits)}"
    returned = "".join(
        _moment(moment, hit, moment.video_id == outcome.video_id, best_tiou(span, question.spans))
        for moment, hit, span in list(zip(outcome.moments, hits, ranked, strict=True))[:_SHOWN]
    )
    nothing = "<p>Nothing was returned.</p>"
    return (
        f'<article><h3>{escape(question.question)}</h3><p class="meta">{kind}{escape(question.id)} · '
        f"{escape(video.title)} · {escape(rank)}</p>"
        f"{plots.timeline(video.duration_s, question.spans, drawn)}"
        f'<div class="sides"><div><h4>Gold: {escape(gold)}</h4>{written}{_answer(outcome.answer)}</div>'
        f"<div><h4>Returned</h4>{f'<ol>{returned}</ol>' if returned else nothing}</div></div></article>"
    )


def _moment(moment: Moment, hit: bool, right_video: bool, tiou: float) -> str:
    text = moment.evidence[0].text if moment.evidence else ""
    who = f"{moment.evidence[0].speaker}: " if moment.evidence and moment.evidence[0].speaker else ""
    where = "" if right_video else f" in {moment.title}"
    fit = f"tIoU {tiou:.2f}" if hit else "another video" if not right_video else "no overlap"
    return (
        f'<li class="{"good" if hit else "bad"}"><b>{escape(format_span(moment.start_s, moment.end_s))}</b>'
        f"{escape(where)} <small>{escape(fit)}</small><p>{escape(_short(who + text, 220))}</p></li>"
    )


def _answer(answer: Answer | None) -> str:
    if answer is None:
        return ""
    cited = [
        f"{c.title} @ {format_span(c.start_s, c.end_s)}" for claim in answer.claims for c in claim.citations
    ]
    marks = f"<ul>{_items(cited[:_SHOWN])}</ul>" if cited else ""
    return f"<h4>Answered</h4><p>{escape(_short(answer.answer, 400))}</p>{marks}"


def _short(text: str | None, length: int) -> str:
    whole = " ".join((text or "").split())
    return whole if len(whole) <= length else whole[: length - 1].rstrip() + "…"


def escape(text: str) -> str:
    """Text of questions and files for a page."""
    return html.escape(shown(text))
