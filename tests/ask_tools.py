"""Small libraries in memory that questions are asked of, and what must hold of every answer."""

from __future__ import annotations

from longvid_agents.verify import quote_in_span
from longvid_storage.types import Answer, Citation, Keyframe, Scope, ScreenText, Segment, Utterance
from memory_tools import MemoryTools, MemoryVideo

BOX = (0.0, 0.0, 1.0, 0.1)


def lecture() -> MemoryVideo:
    """Seven sentences on information theory, a slide and its picture."""
    lines = [
        "Welcome to this lecture on information theory.",
        "Entropy is the average surprise of a source,",
        "measured in bits.",
        "A fair coin has an entropy of one bit.",
        "Huffman codes come close to the entropy of a source.",
        "Next week we turn to noisy channels.",
    ]
    cues = [Utterance(10.0 * i, 10.0 * i + 9, line, "Prof. Ito") for i, line in enumerate(lines)]
    slide = ScreenText(40, 60, "Kraft inequality bounds the lengths of a prefix code", BOX)
    frame = Keyframe(45, 40, 60, b"webp", 64, 36, "slide")
    segment = Segment("event", 0, 60, "Entropy", "Entropy is the average surprise of a source.")
    return MemoryVideo(
        "lec", "Information theory", cues, [slide], [frame], collection="course", segments=[segment]
    )


def meeting() -> MemoryVideo:
    """A weekly meeting of two."""
    said = [
        ("Ana", "Who writes the report on the budget?"),
        ("Ben", "I will write the budget report"),
        ("Ana", "Great."),
        ("Ben", "and send it before Friday."),
        ("Ana", "Then the workshop moves to Lisbon in March."),
        ("Ben", "The hotel in Lisbon is already booked for everyone."),
    ]
    cues = [Utterance(1.5 * i, 1.5 * i + 1.5, text, who) for i, (who, text) in enumerate(said)]
    return MemoryVideo("meet", "Weekly meeting", cues, collection="office")


def library() -> MemoryTools:
    """Both."""
    return MemoryTools([lecture(), meeting()])


def citations(answer: Answer) -> list[Citation]:
    """All of an answer, in order."""
    return [citation for claim in answer.claims for citation in claim.citations]


def check_answer(answer: Answer, tools: MemoryTools, filters: Scope | None = None) -> None:
    """Every claim is cited; every citation is true and lies inside evidence that this run really retrieved."""
    assert answer.found == bool(answer.claims)
    seen = {step for step in tools.calls if step[0] in ("utterance", "screen", "picture", "summary", "sound")}
    for claim in answer.claims:
        assert claim.text.strip()
        assert claim.citations
        for citation in claim.citations:
            check_citation(citation, tools, seen, filters or Scope())


def check_citation(
    citation: Citation, tools: MemoryTools, seen: set[tuple[str, object]], filters: Scope
) -> None:
    """One citation; what was seen in a picture cannot be read again, so only its span is checked."""
    if citation.kind in ("speech", "screen", "sound"):
        assert quote_in_span(citation, tools)
    pieces = [
        piece
        for _, (video_id, piece) in seen  # type: ignore[misc]
        if video_id == citation.video_id
        and citation.start_s <= piece.start_s
        and piece.end_s <= citation.end_s
    ]
    assert pieces, f"{citation} was never retrieved"
    assert min(p.start_s for p in pieces) == citation.start_s
    assert max(p.end_s for p in pieces) == citation.end_s
    assert filters.video_ids is None or citation.video_id in filters.video_ids
    collection = tools.videos[citation.video_id].collection
    assert filters.collection is None or collection == filters.collection
    assert filters.from_s is None or citation.end_s >= filters.from_s
    assert filters.to_s is None or citation.start_s < filters.to_s
    if filters.speaker:
        assert citation.kind == "speech"
