"""Question files: one JSON object a line, ``{"id","video","question","spans","answer"?,"kind"?}``."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Protocol

from longvid.evaluation.retrieval import Span
from longvid_storage.errors import UsageError

if TYPE_CHECKING:
    from longvid.details import VideoSummary

_FIELDS = ("id", "video", "question", "spans", "answer", "kind")


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the video that answers it and the spans of that video where it does.

    ``video`` is ``None`` for a question that the library does not answer. ``spans`` are half-open seconds and
    may be empty (a question that has only a written answer). ``extra`` keeps what else the line says
    (``options``, …). ``line`` is where it stood in its file, from 1.
    """

    id: str
    video: str | None
    question: str
    spans: tuple[Span, ...] = ()
    answer: str | None = None
    kind: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    line: int = 0

    def to_json(self) -> str:
        """The line of a question file that reads back as this question."""
        record: dict[str, Any] = {"id": self.id, "video": self.video, "question": self.question}
        record["spans"] = [list(span) for span in self.spans]
        record |= {k: v for k, v in (("answer", self.answer), ("kind", self.kind)) if v is not None}
        return json.dumps(record | self.extra, ensure_ascii=False)


def read_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield ``(line number, object)`` of a JSON-lines file, empty lines left out.

    Raises:
        UsageError: the file cannot be read, or a line is not a JSON object; the message names the line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as a UTF-8 text file: {error}") from error
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise UsageError(f"{path}, line {number}: not JSON ({error}); give one object a line") from error
        if not isinstance(record, dict):
            raise UsageError(f"{path}, line {number}: a JSON {type(record).__name__}, not an object")
        yield number, record


def read_questions(path: Path) -> list[Question]:
    """Read and check a question file.

    Raises:
        UsageError: with the line number, what is wrong there and what is allowed; also for a file without
            any question and for an ``id`` used twice.
    """
    questions: list[Question] = []
    seen: dict[str, int] = {}
    for number, record in read_lines(path):
        try:
            question = parse_question(record, number)
        except ValueError as error:
            raise UsageError(f"{path}, line {number}: {error}") from error
        if question.id in seen:
            where = f"{path}, line {number}"
            raise UsageError(f'{where}: the id "{question.id}" was already used on line {seen[question.id]}')
        seen[question.id] = number
        questions.append(question)
    if not questions:
        raise UsageError(f'{path} holds no question; a line is {{"id", "video", "question", "spans", …}}')
    return questions


def parse_question(record: Mapping[str, Any], line: int = 0) -> Question:
    """Turn one object into a :class:`Question`; raises ``ValueError`` with one clear clause."""
    spans = parse_spans(record.get("spans"))
    unanswered = "video" in record and record["video"] is None
    if unanswered and spans:
        raise ValueError('"video" is null, for a question without an answer, and yet there are "spans"')
    return Question(
        id=_text(record, "id"),
        video=None if unanswered else _text(record, "video"),
        question=_text(record, "question"),
        spans=spans,
        answer=_optional_text(record, "answer"),
        kind=_optional_text(record, "kind"),
        extra={key: value for key, value in record.items() if key not in _FIELDS},
        line=line,
    )


def parse_spans(value: object) -> tuple[Span, ...]:
    """``[[start_s, end_s], …]`` (or ``None``) as spans; raises ``ValueError`` on anything else."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise ValueError(f'"spans" is {shown(value)}; it must be a list of [start_s, end_s]')
    spans = []
    for pair in value:
        if not (isinstance(pair, list) and len(pair) == 2 and all(is_seconds(time) for time in pair)):
            raise ValueError(f'"spans" holds {shown(pair)}; each must be [start_s, end_s] in seconds')
        if not 0 <= pair[0] <= pair[1]:
            raise ValueError(f'"spans" holds {shown(pair)}; it must satisfy 0 <= start_s <= end_s')
        spans.append((float(pair[0]), float(pair[1])))
    return tuple(spans)


def is_seconds(value: object) -> bool:
    """True for a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _text(record: Mapping[str, Any], key: str) -> str:
    value = record.get(key)
    if key == "id" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value.strip():
        problem = f"is {shown(value)}" if key in record else "is missing"
        raise ValueError(f'"{key}" {problem}; it must be a text that is not empty')
    return value


def _optional_text(record: Mapping[str, Any], key: str) -> str | None:
    value = record.get(key)
    if value is not None and not isinstance(value, str):
        raise ValueError(f'"{key}" is {shown(value)}; it must be a text, null or left out')
    return value or None


def shown(value: object) -> str:
    """A value as JSON, cut to fit into a sentence."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:59] + "…"


class Named(Protocol):
    """A line that names its video, or none."""

    @property
    def video(self) -> str | None: ...
    @property
    def line(self) -> int: ...


def resolve_videos(lines: Iterable[Named], videos: Sequence[VideoSummary], path: Path) -> dict[str, str]:
    """Map every video name in ``lines`` to the id of the video that is called so.

    A name is an id, a title, a file's name without its extension, or the unambiguous beginning of an id; the
    first of these that fits any video counts.

    Raises:
        UsageError: a name fits no video or several; the message names the line.
    """
    found: dict[str, str] = {}
    for line in lines:
        name = line.video
        if name is None or name in found:
            continue
        fits = _called(name, videos)
        if len(fits) != 1:
            many = f"fits {len(fits)} videos of the library; use the id" if fits else "is not in the library"
            raise UsageError(f'{path}, line {line.line}: the video "{name}" {many} (see "longvid ls")')
        found[name] = fits[0]
    return found


def _called(name: str, videos: Sequence[VideoSummary]) -> list[str]:
    tests: tuple[Callable[[VideoSummary], bool], ...] = (
        lambda video: video.video_id == name,
        lambda video: video.title == name,
        lambda video: name in (PurePath(path).stem for path in video.paths),
        lambda video: video.video_id.startswith(name),
    )
    for fits in tests:
        if found := [video.video_id for video in videos if fits(video)]:
            return found
    return []
