"""Small libraries that questions are asked of, and what must hold of every answer."""

from __future__ import annotations

from longvid_storage.types import (
    EVERYTHING,
    Answer,
    Citation,
    Keyframe,
    Scope,
    ScreenText,
    Segment,
    Utterance,
)
from small_library import SmallLibrary, SmallVideo

BOX = (0.0, 0.0, 1.0, 0.1)


def lecture() -> SmallVideo:
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
    return SmallVideo(
        "lec", "Information theory", cues, [slide], [frame], collection="course", segments=[segment]
    )


def meeting() -> SmallVideo:
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
    return SmallVideo("meet", "Weekly meeting", cues, collection="office")


def library() -> SmallLibrary:
    """Both."""
    return SmallLibrary([lecture(), meeting()])


def citations(answer: Answer) -> list[Citation]:
    """All of an answer, in order."""
    return [citation for claim in answer.claims for citation in claim.citations]


def check_answer(answer: Answer, held: SmallLibrary, scope: Scope = EVERYTHING) -> None:
    """Every claim is cited; every citation is a passage, word for word, that the caller's scope admits."""
    assert answer.found == bool(answer.claims)
    for claim in answer.claims:
        assert claim.text.strip()
        assert claim.citations
        for citation in claim.citations:
            check_citation(citation, held, scope)


def check_citation(citation: Citation, held: SmallLibrary, scope: Scope) -> None:
    """One citation; what was seen in a picture cannot be read again, so only where it lies is checked."""
    with held.store.view(scope) as view:
        assert view.has_video(citation.video_id)
        if citation.kind == "picture":
            assert scope.touches(citation.start_s, citation.end_s)
            assert scope.speaker is None
            return
        (passage,) = view.passages([citation.passage_id])
    found = (passage.video_id, passage.kind, passage.start_s, passage.end_s, passage.text)
    assert found == (citation.video_id, citation.kind, citation.start_s, citation.end_s, citation.quote)
