"""An answer as a page for people: its claims, and for each the quote, the frame it is of, and a link to the place."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field

from longvid.exports.spans import href
from longvid.links import page_link
from longvid_storage.db.view import View
from longvid_storage.kept_pictures import picture_of
from longvid_storage.types import Answer, Box, Citation, Keyframe, Moment, Passage, Scope

WIDEST = 960
PARTIAL = "This answer is partial: a budget ran out, or the model failed, before all was read that it needs."
_QUALITY = 82
_RED = (222, 47, 47)


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
class ReportSource:
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
    claims: tuple[tuple[str, tuple[ReportSource, ...]], ...]
    nearest: tuple[ReportSource, ...]
    engine: tuple[tuple[str, str], ...]
    partial: bool = False
    trail: tuple[str, ...] = ()


def build_report(answer: Answer, view: View, page: str | None = None) -> Report:
    """The report of an answer; a video that the library no longer holds has no frames in it.

    ``page``: the address of a server's page, which links open; without, they open the files.
    """
    claims = tuple(
        (claim.text, tuple(_cited(citation, view, page) for citation in claim.citations))
        for claim in answer.claims
    )
    return Report(
        question=answer.question,
        found=answer.found,
        answer=answer.answer,
        claims=claims,
        nearest=tuple(_near(moment, view, page) for moment in answer.nearest),
        engine=tuple(
            (role.replace("_", " "), str(name)) for role, name in answer.engine.items() if name != "off"
        ),
        partial=answer.partial,
        trail=tuple(f"{_STEPS.get(step.node, '')}{step.did}" for step in answer.trail),
    )


def _link(place: Citation | Moment, page: str | None) -> str:
    return href(place) if page is None else page_link(page, place.video_id, place.play_s)


def _cited(citation: Citation, view: View, page: str | None) -> ReportSource:
    boxes = _boxes(citation, view) if citation.kind == "screen" else []
    thumbnail = _thumbnail(citation.video_id, citation.start_s, citation.end_s, boxes, view)
    return ReportSource(
        citation.title,
        citation.start_s,
        citation.end_s,
        _link(citation, page),
        citation.kind,
        citation.quote,
        thumbnail,
    )


def _boxes(citation: Citation, view: View) -> list[Box]:
    """Where the cited line is on screen. It is known by its place and words: a saved answer may be of another library,
    or older than the ids of passages."""
    if not view.has_video(citation.video_id):
        return []
    shown = view.passages_of(citation.video_id, ["screen"])
    return [box for passage in shown for box in passage.boxes if _place(passage) == _place(citation)]


def _place(shown: Passage | Citation) -> tuple[float, float, str]:
    return shown.start_s, shown.end_s, shown.text if isinstance(shown, Passage) else shown.quote


def _near(moment: Moment, view: View, page: str | None) -> ReportSource:
    best = moment.evidence[0] if moment.evidence else None
    thumbnail = _thumbnail(moment.video_id, moment.start_s, moment.end_s, [], view)
    kind, quote = (best.kind, best.text) if best else ("picture", "")
    link = _link(moment, page)
    return ReportSource(moment.title, moment.start_s, moment.end_s, link, kind, quote, thumbnail)


def _thumbnail(
    video_id: str, start_s: float, end_s: float, boxes: Sequence[Box], view: View
) -> Thumbnail | None:
    """The keyframe that is shown for most of the span, a slide before a shot, with ``boxes`` in it."""
    end_s = max(end_s, start_s + 0.001)
    if not view.has_video(video_id):
        return None
    inside = view.within(Scope(from_s=start_s, to_s=end_s))
    frames = [frame for _, frame in inside.keyframes(video_id, images=True)]
    if not frames:
        return None

    def fits(frame: Keyframe) -> tuple[float, bool]:
        return min(frame.end_s, end_s) - max(frame.start_s, start_s), frame.kind == "slide"

    return draw(max(frames, key=fits), tuple(dict.fromkeys(boxes)))


def draw(frame: Keyframe, boxes: Sequence[Box]) -> Thumbnail:
    """The keyframe at most ``WIDEST`` pixels wide, with a red frame just outside each box."""
    from PIL import Image, ImageDraw

    image = picture_of(frame.image)
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
