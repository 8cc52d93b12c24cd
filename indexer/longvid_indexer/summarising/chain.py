"""The chain of summaries by a language model: events in order, each knowing what came before, then the fold.

After the chain-of-events memory of long-video agents and of hierarchical summarisation of books (Wu et al. 2021,
arXiv 2109.10862): a link is written again only when its evidence, what came before it, the model or the wording of
the task changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from longvid_indexer.summarising.material import EventMaterial
from longvid_indexer.summarising.write import Summarised, UnusableReplyError, Writer
from longvid_storage.db.chain import ChainLink, SummarySentence

Keep = Callable[[ChainLink, bool], None]
"""Takes a link, and whether the model wrote it just now (it may also be one of an earlier run)."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The links of one video (events, parts, the whole), and what there is to say about making them."""

    links: tuple[ChainLink, ...]
    notes: tuple[str, ...] = ()


def written_chain(
    events: Sequence[EventMaterial],
    writer: Writer,
    known: Iterable[ChainLink],
    instead: Sequence[ChainLink],
    keep: Keep = lambda link, new: None,
) -> Chain:
    """Summarise ``events`` in order, then the whole.

    Args:
        known: links of an earlier run; those whose fingerprint still holds are kept.
        instead: the extractive links, taken where the model's replies cannot be used (and noted).
        keep: called with every link as soon as it is there.

    Raises:
        ModelError: the model cannot answer at all.
    """
    held = {link.fingerprint: link for link in known}
    extractive = {(link.level, link.seq): link for link in instead}
    links: list[ChainLink] = []
    notes: list[str] = []
    so_far = ""
    for event in events:
        if not event.items:
            continue
        try:
            link = _event_link(event, so_far, writer, held, keep)
        except UnusableReplyError as error:
            link = replace(extractive["event", event.number], so_far=so_far)
            notes.append(f"event {event.number + 1} is summarised by its own sentences: {error}")
        so_far = link.so_far or so_far
        links.append(link)
    if not links:
        return Chain(tuple(instead))
    try:
        links += _whole(links, writer, held, keep)
    except UnusableReplyError as error:
        links.append(extractive["video", 0])
        notes.append(f"the whole is summarised by its own sentences: {error}")
    return Chain(tuple(links), tuple(notes))


def _event_link(
    event: EventMaterial,
    so_far: str,
    writer: Writer,
    held: Mapping[str, ChainLink],
    keep: Keep,
) -> ChainLink:
    fingerprint = writer.event_fingerprint(event.items, so_far)
    if fingerprint in held:
        writer.tally.kept += 1
        keep(held[fingerprint], False)
        return held[fingerprint]
    made: Summarised = writer.event(event.items, so_far)
    link = ChainLink(
        "event",
        event.number,
        event.start_s,
        event.end_s,
        made.sentences,
        fingerprint,
        writer.model.name,
        made.so_far,
    )
    writer.tally.written += 1
    keep(link, True)
    return link


def _whole(
    links: Sequence[ChainLink],
    writer: Writer,
    held: Mapping[str, ChainLink],
    keep: Keep,
) -> list[ChainLink]:
    """The parts (when all sentences do not fit one request) and the link of the whole video."""
    sentences = [sentence for link in links for sentence in link.sentences]
    fingerprint = writer.fold_fingerprint(sentences)
    span = (links[0].start_s, links[-1].end_s)
    if fingerprint in held and held[fingerprint].level == "video":
        writer.tally.kept += 1
        parts = [link for link in held.values() if link.level == "part"]
        return [*parts, replace(held[fingerprint], start_s=span[0], end_s=span[1])]
    parts = []
    folded = writer.fold(sentences, known=held, parts=parts)
    numbered = [replace(part, seq=seq) for seq, part in enumerate(parts)]
    whole = ChainLink("video", 0, *span, folded, fingerprint, writer.model.name)
    writer.tally.written += 1
    for link in (*numbered, whole):
        keep(link, True)
    return [*numbered, whole]


def folded_library(
    summaries: Sequence[Sequence[SummarySentence]], writer: Writer, known: Iterable[ChainLink]
) -> list[ChainLink]:
    """The fold of several videos' summaries: its parts, and last the whole.

    Raises:
        UnusableReplyError: the model replied with something else, twice. ModelError: it cannot answer.
    """
    held = {link.fingerprint: link for link in known}
    sentences = [sentence for summary in summaries for sentence in summary]
    fingerprint = writer.fold_fingerprint(sentences)
    if fingerprint in held:
        writer.tally.kept += 1
        return [link for link in held.values() if link.level == "part"] + [held[fingerprint]]
    parts: list[ChainLink] = []
    folded = writer.fold(sentences, known=held, parts=parts)
    writer.tally.written += 1
    whole = ChainLink("library", 0, 0.0, 0.0, folded, fingerprint, writer.model.name)
    return [*(replace(part, seq=seq) for seq, part in enumerate(parts)), whole]
