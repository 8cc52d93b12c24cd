"""The cited spans of an answer as one film, from the files of a library that are at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from longvid.exports.spans import cited_spans
from longvid.exports.timeline import playable
from longvid.whereabouts import holds, media_path
from longvid_indexer.clipping.cut import Clip, cut
from longvid_indexer.listening import asked_before
from longvid_indexer.remote import as_path
from longvid_storage.db.rows import VideoRow
from longvid_storage.db.view import View
from longvid_storage.errors import MediaError
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
    made = cut([_at_hand(view, span, rows) for span in films], path, reencode=reencode, force=force)
    left_out = tuple(f"{s.title} is a transcript without a film" for s in spans if s not in films)
    return replace(made, left_out=left_out)


def _at_hand(view: View, span: MediaSpan, rows: Mapping[str, VideoRow]) -> MediaSpan:
    """The span in a file that holds its film, which may have moved, with the sound track that a user named for it.

    Of a video that the library does not have, only an id that is the hash of its media proves what a file holds.

    Raises:
        MediaError: there is no such file.
    """
    row = rows.get(span.video_id)
    if row is not None:
        track = asked_before(record.result for record in row.stages.values())
        return replace(span, path=str(media_path(view, row)), audio_track=track)
    if span.video_id and as_path(span.path).exists() and not holds(as_path(span.path), span.video_id):
        raise MediaError(
            f"{span.path} holds another film than the answer cites, or one that this library does not know: ask again",
            code="gone",
        )
    return span
