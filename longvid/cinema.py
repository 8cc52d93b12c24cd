"""The part of ``Library`` that shows: films, pictures of them, storyboards; and what an answer cites, to take along."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Generator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from longvid.shelf import Shelf
from longvid_storage.errors import MediaError, NotFoundError, UsageError
from longvid_storage.types import Answer, VideoInfo

if TYPE_CHECKING:
    from longvid.media import LibraryMedia
    from longvid.storyboard import Storyboard
    from longvid.worklist import Worklist
    from longvid_indexer.clipping.cut import Clip
    from longvid_indexer.streaming import Playback

_LOG = logging.getLogger("longvid")
WIDEST = 1920
"""Pixels of the width of a picture that is asked for, at most."""
# A kept picture stands for a time this long after it appeared, where a small one is asked for.
_NEAR_S = 0.5
_SMALL = 320


@dataclass(frozen=True, slots=True)
class Film:
    """The file of a video, as it is now, and how a browser gets to play it; ``tag`` changes when the file does."""

    path: Path
    info: VideoInfo
    how: Playback
    size: int
    tag: str

    def open(self) -> BinaryIO:
        """The file, to be read.

        Raises:
            MediaError: it is gone, or another by now (code ``"gone"``).
        """
        from longvid_indexer.opening import open_regular
        from longvid_indexer.remote import stat_open

        file = open_regular(self.path)
        if _tag(self.path, stat_open(file)) != self.tag:
            file.close()
            raise MediaError(f'the file of "{self.info.title}" has changed: index it anew', code="gone")
        return file

    def link(self, seconds: int, media_type: str) -> str | None:
        """An address at which an object store itself gives the file, for so many seconds, to whoever has that address.

        None: the file lies in no store that signs links, or what would sign it is not there.
        """
        from longvid_indexer.remote import RemotePath

        if not isinstance(self.path, RemotePath):
            return None
        try:
            return self.path.link(seconds, media_type)
        except OSError as error:
            _LOG.warning("no signed link to %s: %s", self.path, error.strerror or error)
            return None

    def stream(self, from_s: float) -> Generator[bytes]:
        """Fragmented MP4 from ``from_s`` on, on the library's clock; see ``longvid_indexer.streaming.stream``."""
        from longvid_indexer.streaming import stream

        _check_time(self.info, from_s)
        return stream(self.path, self.info, from_s)


class Cinema(Shelf):
    """What can be seen of a library's videos, and taken along of an answer; films are read where they lie."""

    @property
    def read_only(self) -> bool:
        """Whether nothing may be written to it."""
        return self._store.read_only

    def beside(self, what: str) -> Path:
        """A folder beside the library's own: ``talks.longvid`` has ``talks.longvid.uploads``.

        Of a library in PostgreSQL, which has here only what can be made again, it is in the user's data directory.
        """
        import platformdirs

        place = self._store.path
        folder = Path(platformdirs.user_data_dir("longvid")) if self._store.shared else place.parent
        return folder / f"{place.name}.{what}"

    @property
    def work(self) -> Worklist:
        """What a server has to do for this library."""
        from longvid.worklist import Worklist

        return Worklist(self._store)

    @cached_property
    def _media(self) -> LibraryMedia:
        """One for all questions, so that no picture is decoded twice."""
        from longvid.media import LibraryMedia

        return LibraryMedia()

    def film(self, video: str) -> Film:
        """The file of a video.

        Raises:
            NotFoundError: no such video, or it is a transcript without a film.
            MediaError: the file is gone, or holds something else by now (code ``"gone"``).
        """
        from longvid.whereabouts import media_path
        from longvid_indexer.opening import stat_regular
        from longvid_indexer.streaming import playback

        with self._store.view() as view:
            row = view.video(view.resolve(video))
            if row.info.media_type == "transcript":
                raise NotFoundError(f'"{row.info.title}" is a transcript: there is no film to play')
            path = media_path(view, row)
        status = stat_regular(path)
        return Film(path, row.info, playback(path, row.info), status.st_size, _tag(path, status))

    def frame(self, video: str, time_s: float, width: int | None = None) -> bytes:
        """The picture that is shown at ``time_s``, at most ``width`` pixels wide and never enlarged; a WebP.

        A small one (up to 320) may be a kept picture that appeared up to half a second before.

        Raises:
            NotFoundError: no such video. UsageError: a time outside of it, or a width that is none.
            MediaError: it has no pictures, or its file is gone or changed (code ``"gone"``).
        """
        from longvid.storyboard import thumbnail

        with self._store.view() as view:
            info = view.video(view.resolve(video)).info
            _check_time(info, time_s)
            if width is not None and not 16 <= width <= WIDEST:
                raise UsageError(f"a picture {width} pixels wide is not made: ask for 16 to {WIDEST}")
            if width is not None and width <= _SMALL:
                kept = thumbnail(view, info.video_id, time_s, width, _NEAR_S)
                if kept is not None:
                    return kept
            return self._media.picture(view, info.video_id, time_s, width)

    def storyboard(self, video: str) -> Storyboard:
        """The video in small pictures. Raises ``NotFoundError``: no such video."""
        from longvid.storyboard import storyboard

        with self._store.view() as view:
            return storyboard(view, view.resolve(video))

    def storyboard_sheet(self, video: str, number: int) -> bytes:
        """One sheet of it (from 0), a WebP. Raises ``NotFoundError``: no such video or sheet."""
        from longvid.storyboard import sheet, storyboard

        with self._store.view() as view:
            return sheet(view, storyboard(view, view.resolve(video)), number)

    def slide_picture(self, video: str, number: int) -> bytes:
        """The picture of a slide (from 0), a WebP. Raises ``NotFoundError``: no such video or slide."""
        from longvid.storyboard import slide_picture

        with self._store.view() as view:
            return slide_picture(view, view.resolve(video), number)

    # Of an answer

    def save_report(self, answer: Answer, path: str | Path, *, page: str | None = None) -> list[Path]:
        """Write an answer as a page with its quotes, links and cited frames (``.html`` or ``.md``); what was written.

        Around screen text that is cited a box is drawn. The frames of Markdown go into a folder beside it. Links open
        the files, or with the address of a server's ``page`` that.

        Raises:
            UsageError: another suffix, or the place cannot be written.
        """
        from longvid.exports.report_files import save_report

        with self._store.view() as view:
            return save_report(answer, view, Path(path), page)

    def export(self, answer: Answer, *, file_format: str, pad_s: float = 0.0, page: str | None = None) -> str:
        """The cited spans, one behind the other, as ``edl`` (CMX 3600), ``otio`` (OpenTimelineIO) or ``srt``.

        Spans of transcripts without a film are left out, unless there is nothing else and it is for subtitles.

        Args:
            answer: of ``ask``, or read back by ``longvid.exports.saved.read_answer``.
            file_format: one of the three. ``pad_s``: each span is made longer by so much at both ends.
            page: the address of a server, which gives the films; else they are named by where they lie.

        Raises:
            UsageError: another format, an answer without citations, only transcripts for an editor.
            MissingExtraError: the extra ``export`` is not installed.
        """
        from longvid.exports.spans import cited_spans
        from longvid.exports.timeline import export

        with self._store.view() as view:
            infos = {row.info.video_id: row.info for row in view.videos(stages=False)}
        return export(cited_spans(answer, pad_s=pad_s), file_format, infos, answer.question, page)

    def known_answer(self, answer: Answer) -> Answer:
        """The answer as this library can vouch for it: of each citation the title and path are those it has.

        For answers that somebody else brings: no file is opened that they name.

        Raises:
            NotFoundError: it cites a video that is not here.
        """
        from longvid.exports.saved import known_answer

        with self._store.view() as view:
            return known_answer(view, answer)

    def clip(
        self,
        answer: Answer,
        path: str | Path,
        *,
        pad_s: float = 0.0,
        reencode: bool = False,
        force: bool = False,
    ) -> Clip:
        """Cut the cited spans of an answer into one film at ``path`` (``.mp4``, ``.mov``, ``.mkv``; ``.m4a``).

        A span that begins at a keyframe is copied where its pictures can follow the others', the rest is made anew;
        the result says which. ``pad_s``: each span is made longer by so much at both ends. ``reencode``: copy
        nothing. ``force``: write over a file that is there.

        Raises:
            UsageError: an answer without citations, another suffix, or the file is there.
            MediaError: a film is gone, or there are only transcripts.
        """
        from longvid.exports.film import cut_cited

        with self._store.view() as view:
            return cut_cited(view, answer, Path(path), pad_s=pad_s, reencode=reencode, force=force)


def _check_time(info: VideoInfo, time_s: float) -> None:
    if not 0 <= time_s < info.duration_s:
        raise UsageError(
            f'"{info.title}" lasts {info.duration_s:.3f} s, and {time_s:g} is not in it: ask for a time in it'
        )


def _tag(path: Path, status: os.stat_result) -> str:
    of = f"{path}\0{status.st_ino}\0{status.st_size}\0{status.st_mtime_ns}"
    return hashlib.sha256(of.encode("utf-8", "surrogateescape")).hexdigest()[:32]
