"""Stage ``summaries``: the chain of summaries, each event knowing what came before, folded into the video's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from longvid_indexer.report import ErrorInfo
from longvid_indexer.stages.job import Job, StagePlan, Work, digest, fingerprint_of
from longvid_storage.errors import ModelError

if TYPE_CHECKING:
    from longvid_indexer.summariser import Summariser
    from longvid_indexer.summarising.chain import Chain
    from longvid_indexer.summarising.material import EventMaterial
    from longvid_indexer.summarising.write import Writer
    from longvid_storage.db.chain import ChainLink
    from longvid_storage.db.stage_writer import StageWriter

_UNFINISHED = ":unfinished"


def summaries_stage(job: Job, recorded: dict[str, str]) -> StagePlan:
    """By a language model where there is one, else by the sentences that the structure chose.

    Without one, a finished chain that a model once wrote of the same evidence stays.
    """
    from longvid_indexer.summarising import prompts

    model = job.engines.summariser
    read = [recorded.get(name) for name in ("transcript", "speakers", "screen_text", "structure")]
    evidence = digest("summaries", *read)
    fingerprint = f"{evidence}:{digest('summaries', fingerprint_of(model), prompts.VERSION)}"
    if model is None:
        fingerprint = f"{evidence}:extractive"
    kept = recorded.get("summaries", "")
    stays = model is None and kept.startswith(f"{evidence}:") and not kept.endswith(_UNFINISHED)

    def make() -> Work:
        from longvid_indexer.summarising.extractive import extractive_chain
        from longvid_indexer.summarising.material import events_of

        with job.store.view() as view:
            segments = view.segments(job.video_id)
            passages = view.passages_of(job.video_id, ["speech", "screen"])
            known = view.chain(job.video_id)
        events = events_of(segments, passages)
        instead = extractive_chain(segments, events, passages)
        if model is None or not any(event.items for event in events):
            return _work(fingerprint, instead, "extractive")
        from longvid_indexer.summarising.write import Writer  # which loads the forms of replies

        writer = Writer(model, job.info.title, {passage.id: passage for passage in passages})
        return _written(job, writer, events, instead, known, fingerprint)

    return frozenset((fingerprint, kept) if stays else (fingerprint,)), make


def _written(
    job: Job,
    writer: Writer,
    events: Sequence[EventMaterial],
    instead: Sequence[ChainLink],
    known: Sequence[ChainLink],
    fingerprint: str,
) -> Work:
    """The model's chain; where it fails, what it finished with the rest extractive, to be gone on with next time."""
    from longvid_indexer.summarising.chain import Chain, written_chain

    done: dict[tuple[str, int], ChainLink] = {}

    def keep(link: ChainLink, new: bool) -> None:
        done[link.level, link.seq] = link
        if new:
            job.store.keep_link(job.video_id, link)

    try:
        job.tell(_cost(job, writer.model, events))
        chain = written_chain(events, writer, known, instead, keep)
    except ModelError as error:
        job.error = job.error or ErrorInfo.of(error)
        rest = [link for link in instead if (link.level, link.seq) not in done]
        unfinished = f"summaries are unfinished, the next run goes on with them: {error.message}"
        chain = Chain((*done.values(), *rest), (unfinished,))
        fingerprint += _UNFINISHED
    return _work(fingerprint, chain.links, writer.model.name, writer, chain)


def _work(
    fingerprint: str,
    links: Sequence[ChainLink],
    engine: str,
    writer: Writer | None = None,
    chain: Chain | None = None,
) -> Work:
    def write(stage: StageWriter) -> None:
        stage.replace_chain(links)

    counters: dict[str, int | float] = {"links": len(links)}
    return Work(
        write,
        fingerprint,
        engine,
        counters | (writer.tally.counters() if writer else {}),
        chain.notes if chain else (),
    )


def _cost(job: Job, model: Summariser, events: Sequence[EventMaterial]) -> str:
    """One line before the model begins: how much there is to read."""
    from longvid_indexer.summarising.write import tokens_to_read

    full = [event for event in events if event.items]
    tokens = sum(tokens_to_read(model, event.items) for event in full)
    events_ = f"{len(full)} event{'s' * (len(full) != 1)}"
    return (
        f"{job.info.title}: {model.name} summarises {events_}, at least {len(full) + 1} calls "
        f"and about {tokens:,} tokens to read (--skip summaries leaves it out)"
    )
