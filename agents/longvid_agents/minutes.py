"""A summary by a language model: map over the transcript in parts that fit its window, then put the parts together.

The model names evidence by id; every line is checked against what it cites as the claims of an answer are: by code
first, and by the model only where code is unsure. An owner must be somebody who speaks or is named there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from longvid_agents.asking import ask_model
from longvid_agents.checks.claim import Support, check_claim
from longvid_agents.extractive import overlap
from longvid_agents.material import as_data, evidence_block
from longvid_agents.prompts import MINUTES, SYSTEM, VERIFY
from longvid_agents.replies import MINUTES as FORM
from longvid_agents.replies import VERDICTS, Draft, Minutes, TaskDraft, read_verdicts
from longvid_agents.run import Run
from longvid_agents.state import AskState
from longvid_agents.summarise import MOST, Length, Summary, SummaryLine, overview, summarise
from longvid_agents.verify import normalise, supported
from longvid_agents.video_lm import Request, VideoLM
from longvid_storage.db.view import View
from longvid_storage.models.replies import read_reply
from longvid_storage.types import Citation, Claim, EvidenceText, Passage

PART_TOKENS = 6_000
"""Tokens of transcript in one request, by the model's own counter."""
REPLY_TOKENS = 1_200
PARTS = ("overview", "decisions", "action_items", "open_questions")
MOST_CITED = 3
_SAME = 0.7
_VERDICT_TOKENS, _AROUND_TOKENS = 24, 40


@dataclass(frozen=True, slots=True)
class MinutesRow:
    """A line as the model wrote it, and of which part it is."""

    part: str
    draft: Draft

    @property
    def owner(self) -> str | None:
        """Who takes a task on, as the model says."""
        return self.draft.owner if isinstance(self.draft, TaskDraft) else None


def summary_of_video(view: View, video_id: str, length: Length, lm: VideoLM | None) -> Summary:
    """The summary of one video: written by ``lm``, or extractive without one.

    Raises:
        NotFoundError: no such video. ModelError: the model cannot answer.
    """
    card = next(iter(view.cards(ids=[video_id])))
    base = summarise(view, card, length=length)
    if lm is None:
        return base
    central, most = MOST[length]
    return written_summary(
        base, view, lm, central=central, most=most, chain=overview(view, card, "short", lm.name)
    )


def written_summary(
    base: Summary, view: View, lm: VideoLM, *, central: int, most: int, chain: Sequence[SummaryLine] = ()
) -> Summary:
    """``base`` (an extractive summary) with its lines written by ``lm``.

    Args:
        central, most: lines of the overview, and of each list, at most.
        chain: the video's summary by a model from its chain, taken as the overview where there is one.

    Raises:
        ModelError: the model cannot answer.
    """
    sentences = view.passages_of(base.video_id, ["speech"])
    if not sentences:
        return base
    people = sorted({s.speaker for s in sentences if s.speaker})
    run, state = Run(view, lm), AskState(question="summary")
    lines: dict[str, list[SummaryLine]] = {part: [] for part in PARTS}
    unread = refused = cut = 0
    parts = in_parts(sentences, base.title, lm.counter.text)
    for part in parts:
        evidence = tuple(evidence_texts(part, base.title))
        prompt = MINUTES.format(title=as_data(base.title), most=max(3, most // len(parts) + 2))
        request = Request(SYSTEM, prompt, evidence, max_tokens=REPLY_TOKENS, schema=FORM)
        outcome = ask_model(run, state, request, partial(read_reply, form=Minutes))
        unread += outcome.value is None
        cut += outcome.cut
        rows = () if outcome.value is None else rows_of(outcome.value)
        kept = list(_kept(run, state, rows, part, evidence, base, people))
        refused += len(rows) - len(kept)
        for name, line in kept:
            lines[name].append(line)
    overview = list(chain) or spread(lines["overview"], central)
    lists = {name: distinct(lines[name])[:most] for name in PARTS[1:]}
    how = f"written by {lm.name} from the transcript in {len(parts)} part{'s' * (len(parts) != 1)}"
    how += f" ({unread} could not be read)" if unread else ""
    how += f" ({cut} cut off)" if cut else ""
    how += "; every line was checked against the places it cites"
    how += f", and {refused} that failed {'is' if refused == 1 else 'are'} left out" if refused else ""
    return replace(
        base,
        overview=tuple(overview),
        decisions=tuple(lists["decisions"]),
        action_items=tuple(lists["action_items"]),
        open_questions=tuple(lists["open_questions"]),
        how=how,
    )


def in_parts(sentences: Sequence[Passage], title: str, count: Callable[[str], int]) -> list[list[Passage]]:
    """Consecutive sentences in parts of at most ``PART_TOKENS`` as the model counts them (one sentence at least)."""
    parts: list[list[Passage]] = []
    used = 0
    for sentence in sentences:
        tokens = count(evidence_block(evidence_texts([sentence], title)))
        if not parts or used + tokens > PART_TOKENS:
            parts.append([])
            used = 0
        parts[-1].append(sentence)
        used += tokens
    return parts


def evidence_texts(sentences: Iterable[Passage], title: str) -> list[EvidenceText]:
    """Sentences with the ids ``e1``, ``e2``, …"""
    return [
        EvidenceText(f"e{number}", title, s.start_s, s.end_s, s.kind, s.text, s.speaker)
        for number, s in enumerate(sentences, 1)
    ]


def rows_of(read: Minutes) -> tuple[MinutesRow, ...]:
    """The lines of a reply, part by part."""
    return tuple(MinutesRow(part, draft) for part in PARTS for draft in getattr(read, part))


def _kept(
    run: Run,
    state: AskState,
    rows: Sequence[MinutesRow],
    part: Sequence[Passage],
    evidence: Sequence[EvidenceText],
    base: Summary,
    people: Sequence[str],
) -> list[tuple[str, SummaryLine]]:
    """The rows whose evidence says so, as lines with citations."""
    known = {piece.id: sentence for piece, sentence in zip(evidence, part, strict=True)}
    unsure: list[tuple[MinutesRow, list[str]]] = []
    good: list[tuple[MinutesRow, list[str]]] = []
    for row in rows:
        ids = [name for name in row.draft.evidence if name in known][:MOST_CITED]
        if not ids:
            continue
        sources = [Support(known[name], base.title) for name in ids]
        verdict = check_claim(row.draft.text, sources, people=people).verdict
        if verdict != "refuted":
            (good if verdict == "supported" else unsure).append((row, ids))
    good += _entailed(run, state, unsure, {piece.id: piece for piece in evidence})
    lines = []
    for row, ids in sorted(good, key=lambda each: min(known[name].start_s for name in each[1])):
        claim = Claim(row.draft.text, tuple(_citation(known[name], base) for name in ids))
        if supported([claim], run.view):
            owner = _owner(row.owner, [known[name] for name in ids], people)
            lines.append(
                (row.part, SummaryLine(claim.text, claim.citations[0], None, owner, claim.citations[1:]))
            )
    return lines


def _entailed(
    run: Run,
    state: AskState,
    unsure: Sequence[tuple[MinutesRow, list[str]]],
    evidence: dict[str, EvidenceText],
) -> list[tuple[MinutesRow, list[str]]]:
    """Those that the model, asked once about all, reads in their evidence; none when its verdicts can't be read."""
    if not unsure:
        return []
    numbered = [
        f"{n}. {as_data(row.draft.text)} ({', '.join(ids)})" for n, (row, ids) in enumerate(unsure, 1)
    ]
    cited = tuple(dict.fromkeys(name for _, ids in unsure for name in ids))
    request = Request(
        SYSTEM,
        VERIFY.format(claims="\n".join(numbered)),
        tuple(evidence[name] for name in cited),
        max_tokens=_AROUND_TOKENS + _VERDICT_TOKENS * len(unsure),
        schema=VERDICTS,
    )
    outcome = ask_model(run, state, request, lambda text: read_verdicts(text, len(unsure)))
    return [each for each, yes in zip(unsure, outcome.value or [False] * len(unsure), strict=True) if yes]


def _citation(sentence: Passage, base: Summary) -> Citation:
    return Citation.of(sentence, base.title, base.path)


def _owner(owner: str | None, sentences: Sequence[Passage], people: Sequence[str]) -> str | None:
    """The named person, if somebody of that name speaks there or is spoken of there."""
    if owner is None or not normalise(owner):
        return None
    known = next((name for name in people if normalise(name) == normalise(owner)), None)
    texts = " ".join(f"{s.speaker or ''} {s.text}" for s in sentences)
    first = (known or owner).split()[0]
    there = f" {normalise(first)} " in f" {normalise(texts)} "
    return (known or owner.strip()) if there else None


def distinct(lines: Iterable[SummaryLine]) -> list[SummaryLine]:
    """Without those that say what an earlier one says: parts may overlap in what they find."""
    kept: list[SummaryLine] = []
    for line in lines:
        if all(overlap(line.text, other.text) < _SAME for other in kept):
            kept.append(line)
    return kept


def spread(lines: Sequence[SummaryLine], most: int) -> list[SummaryLine]:
    """At most ``most`` of them, spread evenly over the video."""
    different = distinct(lines)
    if len(different) <= most:
        return different
    return [different[round(n * (len(different) - 1) / max(1, most - 1))] for n in range(most)]
