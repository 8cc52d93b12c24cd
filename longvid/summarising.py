"""What a library gives a summary to work with: its chain of summaries, its files' dates, its model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from longvid_storage.db.chain import ChainLink
from longvid_storage.types import Citation, Scope

if TYPE_CHECKING:
    from longvid.details import VideoSummary
    from longvid_agents.digest import Digest
    from longvid_agents.summarise import Length, Line, Summary
    from longvid_agents.tools import Tools
    from longvid_agents.video_lm import VideoLM
    from longvid_storage.db.store import Store


def video_summary(
    store: Store, tools: Tools, known: VideoSummary, lm: VideoLM | None, length: Length
) -> Summary:
    """The summary of one video: written by ``lm``, or extractive without one."""
    from longvid_agents.summarise import MOST, summarise

    base = summarise(
        tools,
        known.video_id,
        known.title,
        known.path,
        known.duration_s,
        store.segments(known.video_id),
        length=length,
    )
    if lm is None:
        return base
    from longvid_agents.minutes import written_summary

    central, most = MOST[length]
    whole = [link for link in tools.chain(known.video_id) if link.level == "video" and link.engine == lm.name]
    return written_summary(base, tools, lm, central=central, most=most, chain=chain_lines(tools, whole))


def chain_lines(tools: Tools, links: Sequence[ChainLink]) -> list[Line]:
    """The sentences of summaries of the chain as cited lines; those whose places are gone are left out."""
    from longvid_agents.summarise import Line
    from longvid_agents.verify import supported
    from longvid_storage.types import Claim

    cards = {card.video_id: card for card in tools.cards(filters=Scope())}
    lines = []
    for sentence in (sentence for link in links for sentence in link.sentences):
        citations = [
            Citation(q.video_id, card.title, card.path, q.start_s, q.end_s, q.kind, q.text)
            for q in sentence.quotes
            if (card := cards.get(q.video_id)) is not None
        ]
        if citations and supported(Claim(sentence.text, tuple(citations)), tools):
            lines.append(Line(sentence.text, citations[0], also=tuple(citations[1:])))
    return lines


def collection_digest(store: Store, tools: Tools, collection: str, summaries: Sequence[Summary]) -> Digest:
    """The merged page of a collection; each video's date is the one in its title or file name, else its file's."""
    from longvid.dates import date_of
    from longvid_agents.digest import make_digest

    links = [link for link in store.library_chain(collection) if link.level == "library"]
    dates = {each.video_id: date_of(store, store.video(each.video_id)) for each in summaries}
    return make_digest(collection, summaries, dates, chain_lines(tools, links))
