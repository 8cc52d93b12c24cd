"""Which video each file is, and what becomes of paths and videos that it was before (``longvid_indexer.identity``)."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from longvid_indexer.identity import known_video, new_id
from longvid_indexer.info_json import described, read_info
from longvid_indexer.leaving import Leaving, unfinished_names
from longvid_indexer.remote import as_path
from longvid_indexer.stages.job import Job, StageEngines, as_text
from longvid_indexer.subtitles.beside import contents
from longvid_indexer.subtitles.regular import digest_of
from longvid_indexer.subtitles.talks import talk_title
from longvid_indexer.titles import file_title
from longvid_storage.db.rows import PathRow, VideoRow
from longvid_storage.errors import MediaError
from longvid_storage.types import VideoInfo

if TYPE_CHECKING:
    from longvid_indexer.scan import ScannedFile
    from longvid_indexer.subtitles.beside import Sidecars
    from longvid_storage.db.store import Store
    from longvid_storage.db.view import View


class KnownPaths:
    """What the library knows of files: path → video id → row, as it was at the first look.

    Args:
        store: the library.
        view: a snapshot of it.
        asked: the paths to look up in it at once, others when they are asked for; None: all that there are.
    """

    def __init__(self, store: Store, view: View, asked: Iterable[str] | None) -> None:
        self._store = store
        self._all = asked is None
        self.rows: dict[str, dict[str, PathRow]] = {}
        self._read(view, None if asked is None else set(asked))

    def _read(self, view: View, paths: set[str] | None) -> None:
        self.rows.update((path, {}) for path in paths or ())
        for row in view.paths(paths):
            self.rows.setdefault(row.path, {})[row.video_id] = row

    def look_up(self, paths: Iterable[str]) -> None:
        """Ask for all of them at once."""
        new = set(paths) - set(self.rows)
        if new and not self._all:
            with self._store.view() as view:
                self._read(view, new)

    def at(self, path: str) -> dict[str, PathRow]:
        """Video id → what is known of it there."""
        if path not in self.rows:
            self.look_up([path])
        return self.rows.get(path, {})


class Register:
    """Who is who during one run.

    Args:
        store: the library, whose writer lock is held.
        engines: for the jobs.
        collection, audio_track, every_frame: as the run was told.
        known: what the library knows of files.
        sidecars: what lies beside the files.
        leaving: where copies are noted.
    """

    def __init__(
        self,
        store: Store,
        engines: StageEngines,
        collection: str | None,
        audio_track: str | None,
        every_frame: bool,
        known: KnownPaths,
        sidecars: Sidecars,
        leaving: Leaving,
    ) -> None:
        self.store = store
        self.engines = engines
        self.collection = collection
        self.audio_track = audio_track
        self.every_frame = every_frame
        self.known = known
        self.sidecars = sidecars
        self.leaving = leaving
        self.grew = False

    def job(self, found: ScannedFile, known: PathRow | None, rows: dict[str, VideoRow]) -> Job:
        """Who this is (``longvid_indexer.identity``): by its stat when nothing changed, else by its content."""
        store = self.store
        same = known is not None and (known.size, known.mtime_ns) == (found.size, found.mtime_ns)
        media_id = known.media_id if known is not None and same else self.content_id(found.path)
        was = None if known is None else rows.get(known.video_id) or self._row(known.video_id)
        row = was if known is not None and self._still_its(was, known, found, media_id) else None
        collections = was.collections if was is not None else ()
        if self.collection is not None:
            collections = (self.collection,)
        if row is None:
            row = self._find(found, media_id, collections, None if was is None else was.info.video_id)
        info, notes = (row.info, []) if row is not None else self._new(found, media_id, collections)
        job = Job(store, self.engines, found, info, media_id=media_id, every_frame=self.every_frame)
        job.notes += notes
        if row is None:
            subtitles = contents(found.beside.taken)
            for collection in collections or (None,):
                store.upsert_video(info, collection, media_id=media_id, subtitles=subtitles)
            self.grew = True
        elif self.collection is not None and self.collection not in row.collections:
            store.upsert_video(info, self.collection)
            self.grew = True
        new_here = known is None or known.video_id != info.video_id
        edited = known is not None and known.sidecars != found.beside_signature
        if new_here or not same or edited:
            store.set_path(
                found.path,
                info.video_id,
                size=found.size,
                mtime_ns=found.mtime_ns,
                sidecars=found.beside_signature,
            )
        if row is not None:
            job.recorded = dict(row.stages)
            self._other_paths(job, row, new=known is None)
            if edited:
                self._described_anew(job, found)
        self._name_track(job)
        if known is not None and was is not None and new_here:
            self._leave_former(job, known, was)
        if known is None:
            self._retire_unfinished(job, collections)
        self._retire_lone_transcripts(job, found.sidecars, collections)
        if new_here or edited:
            self._retire_renamed_transcripts(job, found.sidecars, collections)
        return job

    def content_id(self, path: Path) -> str:
        """Which media a file holds; raises as ``scan.content_id`` does."""
        from longvid_indexer.scan import content_id

        return content_id(path)

    def probe(self, path: Path, video_id: str) -> VideoInfo:
        """What a file says of itself; raises as ``probe`` does."""
        from longvid_indexer.probe import probe

        return probe(path, video_id)

    def _new(
        self, found: ScannedFile, media_id: str, collections: Sequence[str]
    ) -> tuple[VideoInfo, list[str]]:
        """What is known of a new video, with the id that it gets, and notes on that."""
        with self.store.view() as view:
            video_id = new_id(media_id, collections, contents(found.beside.taken), view.has_video)
        return self._described(found, video_id)

    def _described(self, found: ScannedFile, video_id: str) -> tuple[VideoInfo, list[str]]:
        """What probing and yt-dlp's notes beside it tell of a video, and notes on that."""
        info = self.probe(found.path, video_id)
        named_after_file = found.title_is_shared or info.title == file_title(found.path)
        info = replace(info, title=_title(found, info)) if named_after_file else info
        if found.beside.site is None:
            return info, []
        try:
            return described(info, read_info(found.beside.site))
        except MediaError as error:
            return info, [error.message]

    def _described_anew(self, job: Job, found: ScannedFile) -> None:
        """yt-dlp's notes of a known video came or changed: title, day and chapters follow, and what is made of them."""
        if found.beside.site is None:
            return
        told, notes = self._described(found, job.video_id)
        job.notes += notes
        was = job.info
        job.info = replace(was, title=told.title, recorded_on=told.recorded_on, chapters=told.chapters)
        if job.info == was:
            return
        self.store.upsert_video(job.info)
        record = job.recorded.get("transcript")
        if record is not None and (record.result.engine or "").startswith(("sidecar:", "file")):
            job.undone.add("transcript")  # which of several is the spoken language
        job.undone.add("structure")
        job.look_again(job.recorded)

    def _still_its(self, was: VideoRow | None, known: PathRow, found: ScannedFile, media_id: str) -> bool:
        """Whether a known path still holds its video: edited subtitles are read again under the same id.

        Not so where another file of the video still has the subtitles from before, or where a collection indexes a
        video that it shares with others (as libraries before schema 0007 let them): it gets its own then.
        """
        if was is None or was.media_id != media_id:
            return False
        if self.collection is not None and len(was.collections) > 1:
            return False
        if known.sidecars == found.beside_signature:
            return True
        now = contents(found.beside.taken)
        others = (contents(each.beside.taken) for each in self._elsewhere(was, found.path))
        return not now or all(each in ("", now) for each in others)

    def _elsewhere(self, row: VideoRow, path: Path) -> Iterator[ScannedFile]:
        """The other files of a video that still hold it, as they are now."""
        from longvid_indexer.scan import look_at, still_there

        for each in row.paths:
            known = self.known.at(each).get(row.info.video_id)
            if each != str(path) and (known is None or still_there(known)):
                other = look_at(as_path(each), self.sidecars)
                if other.error is None:
                    yield other

    def _find(
        self, found: ScannedFile, media_id: str, collections: Collection[str], but: str | None
    ) -> VideoRow | None:
        """A known video that this file is too: of the same collection, or one at this very path that is in none.

        Also the only one of its media and collection of which no file is left: it was moved, and its subtitles edited.
        """
        with self.store.view() as view:
            same_media = view.videos_of_media(media_id, but)
        signatures = (contents(found.beside.taken), found.sidecar_signature)
        row = known_video(same_media, collections, signatures)
        if row is None and self.collection is not None:
            of_none = (row for row in same_media if not row.collections and row.paths == (str(found.path),))
            row = next(of_none, None)
        if row is None:
            here = [row for row in same_media if set(row.collections) == set(collections)]
            left = [row for row in here if self._is_left(row)]
            row = left[0] if len(left) == 1 else None
        return row

    def _is_left(self, row: VideoRow) -> bool:
        """Whether no file holds the video any more."""
        from longvid_indexer.scan import still_there

        known = [self.known.at(path).get(row.info.video_id) for path in row.paths]
        return bool(known) and not any(each is None or still_there(each) for each in known)

    def _row(self, video_id: str) -> VideoRow | None:
        with self.store.view() as view:
            return view.video(video_id) if view.has_video(video_id) else None

    def _name_track(self, job: Job) -> None:
        """The sound track that is named now, or was before."""
        if not job.info.has_audio:
            return
        from longvid_indexer.listening import AUTO, asked_before, sound_track

        if self.audio_track is None:
            job.audio_track = asked_before(record.result for record in job.recorded.values())
            return
        track = sound_track(job.path, job.info, self.audio_track)
        if track is not None and track.asked:
            job.audio_track = str(track.number)
        elif track is not None and self.audio_track != AUTO:
            # That there is no such track; how it is heard instead is told by who hears it.
            job.notes += track.notes[:1]

    def _other_paths(self, job: Job, row: VideoRow, *, new: bool) -> None:
        """Which of a video's paths is read, and which are forgotten.

        A copy adds a path, not a second opinion about the transcript: the first path with subtitles beside it speaks
        for the video (where several have some, they are the same). A path whose file is gone, or holds another film by
        now, is forgotten; where none is left, the file was renamed, and a title that was its name follows.
        """
        found, candidates, lost = job.found, [job.found], []
        here = self.known.at(str(found.path)).get(job.video_id)
        if here and here.sidecars == found.beside_signature and row.paths == (str(found.path),):
            return
        from longvid_indexer.scan import look_at, still_there

        given = contents(found.beside.taken)
        for path in row.paths:
            if path == str(found.path):
                continue
            known = self.known.at(path).get(job.video_id)
            if known is not None and not still_there(known):
                lost.append(Path(path))
                self.store.forget_path(path, job.video_id)
                continue
            other = look_at(as_path(path), self.sidecars)
            edited = given and contents(other.beside.taken) not in ("", given)  # and not read yet
            if other.error is None and not edited:
                candidates.append(other)
        if new and len(candidates) > 1:
            self.leaving.add(found.path, "copy")
        if len(candidates) == 1 and row.info.title in {
            as_text(name) for path in lost for name in _titles(path)
        }:
            job.info = replace(row.info, title=_title(found, row.info))
            job.renamed = True
            job.notes.append(f"it was {as_text(lost[0].name)} before")
            self.store.upsert_video(job.info)
            record = job.recorded.get("transcript")
            if record is not None and (record.result.engine or "").startswith("sidecar:"):
                job.undone.add("transcript")  # read again, under its new name
                job.look_again(job.recorded)
        job.found = min(candidates, key=lambda each: (not each.sidecars, str(each.path)))
        subtitles = contents(job.found.beside.taken)
        if subtitles != row.subtitles:
            self.store.upsert_video(job.info, subtitles=subtitles)

    def _leave_former(self, job: Job, known: PathRow, was: VideoRow) -> None:
        """A path is another video now: its content or subtitles changed, or a collection shared it and has its own."""
        if self.collection is not None and len(was.collections) > 1:
            self.store.part(was.info.video_id, job.video_id, self.collection)
            return
        self.store.forget_path(known.path, known.video_id)
        self._retire(known.video_id, job, "its content changed: what the library knew of the older version")

    def _retire(self, video_id: str, job: Job, what: str) -> None:
        """A path holds new content: what it held before is removed unless it lies somewhere else too."""
        from longvid_indexer.scan import still_there

        row = self._row(video_id)
        if row is None:
            return
        known = (self.known.at(path).get(video_id) for path in row.paths)
        if not any(each is None or still_there(each) for each in known):
            self.store.remove_video(video_id)
            job.notes.append(f"{what} was removed")

    def _retire_unfinished(self, job: Job, collections: Collection[str]) -> None:
        """A download was indexed before it was done and is whole now: one video, not two."""
        names = unfinished_names(job.path)
        self.known.look_up(names)
        for name in names:
            if not os.path.lexists(name):
                for video_id in self._former(name, job, collections):
                    self._retire(video_id, job, "what the library knew of its unfinished download")

    def _retire_lone_transcripts(
        self, job: Job, sidecars: tuple[Path, ...], collections: Collection[str]
    ) -> None:
        """Subtitles that were indexed before their film came are part of the film now, not a video beside it."""
        for sidecar in sidecars:
            for video_id in self._former(str(sidecar), job, collections):
                self.store.forget_path(sidecar, video_id)
                self._retire(video_id, job, f"what was known of {as_text(sidecar.name)} alone")

    def _retire_renamed_transcripts(
        self, job: Job, sidecars: tuple[Path, ...], collections: Collection[str]
    ) -> None:
        """The same of subtitles that had another name when they were indexed alone, and lie nowhere else."""
        for sidecar in sidecars:
            try:
                media_id = digest_of(sidecar).hex()
            except MediaError:
                continue  # whoever reads it tells
            with self.store.view() as view:
                rows = view.videos_of_media(media_id, job.video_id)
            for row in rows:
                if set(row.collections) == set(collections):
                    self._retire(row.info.video_id, job, f"what was known of {as_text(sidecar.name)} alone")

    def _former(self, path: str, job: Job, collections: Collection[str]) -> list[str]:
        """Other videos known at a path, of the job's own collection; those of others are theirs."""
        rows = ((each, self._row(each)) for each in self.known.at(path) if each != job.video_id)
        return [each for each, row in rows if row is not None and set(row.collections) == set(collections)]


def _title(found: ScannedFile, info: VideoInfo) -> str:
    """What a video is called by the name of its file."""
    if info.media_type == "transcript":
        return as_text(talk_title(found.path, several=bool(found.beside.taken)))
    return as_text(file_title(found.path))


def _titles(path: Path) -> tuple[str, ...]:
    """All that a video may have been called by the name of its file."""
    return file_title(path), path.stem, *(talk_title(path, several=several) for several in (True, False))
