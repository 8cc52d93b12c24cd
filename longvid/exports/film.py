"""The cited spans of an answer as one film, from the files of a library that are at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from longvid.exports.spans import cited_spans
from longvid.exports.timeline import playable
from longvid_indexer.clipping.cut import Clip, cut
from longvid_storage.db.rows import VideoRow
from longvid_storage.db.view import View
from longvid_storage.types import Answer, MediaSpan


def cut_cited(view: View, answer: Answer, path: Path, *, pad_s: float, reencode: bool, force: bool) -> Clip:
    """Cut what an answer cites into one film; spans of transcripts without a film are left out, and told.

    Raises:
        UsageError: an answer without citations, another suffix, or the file is there.
        MediaError: a film is gone, or there are only transcripts.
    """
    rows = {row.info.video_id: row for row in view.videos()}
    spans = cited_spans(answer, pad_s=pad_s)
    films = playable(spans, {video_id: row.info for video_id, row in rows.items()}) or spans
    made = cut([_at_hand(span, rows) for span in films], path, reencode=reencode, force=force)
    left_out = tuple(f"{s.title} is a transcript without a film" for s in spans if s not in films)
    return replace(made, left_out=left_out)


def _at_hand(span: MediaSpan, rows: Mapping[str, VideoRow]) -> MediaSpan:
    """The span of a file that is there: a film that has moved may be known at another place too."""
    row = rows.get(span.video_id)
    known = (span.path, *(row.paths if row is not None else ()))
    return replace(span, path=next((path for path in known if Path(path).exists()), span.path))
