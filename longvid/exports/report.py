"""An answer as a page for people: its claims, and for each the quote, the frame it is of, and a link to the place."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from longvid.exports.spans import href
from longvid_agents.verify import normalise
from longvid_storage.errors import NotFoundError
from longvid_storage.types import Answer, Box, Citation, Keyframe, Moment, ScreenText

WIDEST = 960
PARTIAL = "This answer is partial: a budget ran out, or the model failed, before all was read that it needs."
_QUALITY = 82
_RED = (222, 47, 47)


class Pictures(Protocol):
    """What a report asks of a library; ``longvid.tools.LibraryTools`` fulfils it."""

    def keyframes(self, video_id: str, from_s: float, to_s: float) -> Sequence[Keyframe]:
        """Keyframes with their pictures that touch ``[from_s, to_s)``; raises ``NotFoundError``."""
        ...

    def screen_texts(self, video_id: str, from_s: float, to_s: float) -> Sequence[ScreenText]:
        """Screen text that touches ``[from_s, to_s)``."""
        ...


# What a step says of itself is told after its node's name in a terminal; here it stands alone.
_STEPS = {"plan": "the question was read as: "}


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A JPEG of the frame shown at ``time_s``; ``boxes`` are drawn around the cited lines in it."""

    jpeg: bytes = field(repr=False)
    width: int
    height: int
    time_s: float
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """Where something is said or shown: a link to it, its words, its frame."""

    title: str
    start_s: float
    end_s: float
    href: str
    kind: str
    quote: str
    thumbnail: Thumbnail | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """An answer ready to be written; ``nearest`` is empty when it was found, ``trail`` is how it was."""

    question: str
    found: bool
    answer: str
    claims: tuple[tuple[str, tuple[Source, ...]], ...]
    nearest: tuple[Source, ...]
    engine: tuple[tuple[str, str], ...]
    partial: bool = False
    trail: tuple[str, ...] = ()


def build_report(answer: Answer, pictures: Pictures) -> Report:
    """The report of an answer; a video that the library no longer holds has no frames in it."""
    claims = tuple(
        (claim.text, tuple(_cited(citation, pictures) for citation in claim.citations))
        for claim in answer.claims
    )
    return Report(
        question=answer.question,
        found=answer.found,
        answer=answer.answer,
        claims=claims,
        nearest=tuple(_near(moment, pictures) for moment in answer.nearest),
        engine=tuple(
            (role.replace("_", " "), str(name)) for role, name in answer.engine.items() if name != "off"
        ),
        partial=answer.partial,
        trail=tuple(f"{_STEPS.get(step.node, '')}{step.did}" for step in answer.trail),
    )


def _cited(citation: Citation, pictures: Pictures) -> Source:
    lines: list[ScreenText] = []
    if citation.kind == "screen":
        lines = _lines(citation, pictures)
    thumbnail = _thumbnail(citation.video_id, citation.start_s, citation.end_s, lines, pictures)
    return Source(
        citation.title,
        citation.start_s,
        citation.end_s,
        href(citation),
        citation.kind,
        citation.quote,
        thumbnail,
    )


def _near(moment: Moment, pictures: Pictures) -> Source:
    best = moment.evidence[0] if moment.evidence else None
    thumbnail = _thumbnail(moment.video_id, moment.start_s, moment.end_s, [], pictures)
    kind, quote = (best.kind, best.text) if best else ("picture", "")
    return Source(moment.title, moment.start_s, moment.end_s, href(moment), kind, quote, thumbnail)


def _lines(citation: Citation, pictures: Pictures) -> list[ScreenText]:
    """The lines on screen that make up the quote."""
    quote = f" {normalise(citation.quote)} "
    try:
        shown = pictures.screen_texts(
            citation.video_id, citation.start_s, max(citation.end_s, citation.start_s + 0.001)
        )
    except NotFoundError:
        return []
    return [line for line in shown if (words := normalise(line.text)) and f" {words} " in quote]


def _thumbnail(
    video_id: str, start_s: float, end_s: float, lines: Sequence[ScreenText], pictures: Pictures
) -> Thumbnail | None:
    """The keyframe that is shown for most of the span, a slide before a shot, with boxes around ``lines``."""
    end_s = max(end_s, start_s + 0.001)
    try:
        frames = pictures.keyframes(video_id, start_s, end_s)
    except NotFoundError:
        return None
    if not frames:
        return None

    def fits(frame: Keyframe) -> tuple[float, bool]:
        return min(frame.end_s, end_s) - max(frame.start_s, start_s), frame.kind == "slide"

    best = max(frames, key=fits)
    boxes = tuple(
        dict.fromkeys(line.box for line in lines if line.start_s < best.end_s and line.end_s > best.start_s)
    )
    return draw(best, boxes)


def draw(frame: Keyframe, boxes: Sequence[Box]) -> Thumbnail:
    """The keyframe at most ``WIDEST`` pixels wide, with a red frame just outside each box."""
    from PIL import Image, ImageDraw

    with Image.open(io.BytesIO(frame.image)) as opened:
        image = opened.convert("RGB")
    if image.width > WIDEST:
        image = image.resize(
            (WIDEST, max(1, round(image.height * WIDEST / image.width))), Image.Resampling.LANCZOS
        )
    pen = ImageDraw.Draw(image)
    line = max(2, image.width // 240)
    for x0, y0, x1, y1 in boxes:
        left, top = x0 * image.width - 2 * line, y0 * image.height - 2 * line
        right, bottom = x1 * image.width + 2 * line, y1 * image.height + 2 * line
        pen.rectangle(
            (max(0, left), max(0, top), min(image.width - 1, right), min(image.height - 1, bottom)),
            outline=_RED,
            width=line,
        )
    file = io.BytesIO()
    image.save(file, "JPEG", quality=_QUALITY)
    return Thumbnail(file.getvalue(), image.width, image.height, frame.time_s, tuple(boxes))
