"""The half of ``Library`` that tells what is held and lets it go; nothing here loads a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from longvid.arguments import Names, checked_scope, unknown_speaker
from longvid_storage.types import Slide, Sound, StageResult, Utterance

if TYPE_CHECKING:
    from longvid.details import CollectionSummary, ShelfPage, VideoDetails, VideoLines, VideoSummary
    from longvid.lines import LineMap
    from longvid_storage.db.checking import CheckReport
    from longvid_storage.db.listing import ListQuery
    from longvid_storage.db.rows import SpeakerRow, TranscriptInfo
    from longvid_storage.db.store import Store


class Shelf:
    """The videos of a library: listed, shown, their speakers renamed, removed.

    Args:
        store: the library's; ``close``, or the end of a ``with`` block, closes it.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def name(self) -> str:
        """Where it lies, as ``--library`` takes it; of PostgreSQL without the password."""
        return self._store.name

    @property
    def path(self) -> Path:
        """Its directory; of a library in PostgreSQL, what this machine keeps of it."""
        return self._store.path

    def bytes_held(self) -> int:
        """What it takes: of the disk, and of the database of a library in PostgreSQL."""
        return self._store.bytes_held()

    def close(self) -> None:
        """Let go of the files; the library is complete on disk at any time."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def videos(self, *, collection: str | None = None) -> list[VideoSummary]:
        """Every video, by title."""
        from longvid.details import summaries

        with self._store.view(checked_scope(self._store, None, collection, None, None, None)) as view:
            return summaries(view)

    def lines(self, *, collection: str | None = None) -> VideoLines:
        """What ``longvid ls`` prints of every video, by title."""
        from longvid.details import lines

        with self._store.view(checked_scope(self._store, None, collection, None, None, None)) as view:
            return lines(view)

    def count(self) -> int:
        """How many videos it holds."""
        with self._store.view() as view:
            return view.count()

    def collections(self) -> list[CollectionSummary]:
        """Every collection that holds a video, by name."""
        from longvid.details import CollectionSummary

        with self._store.view() as view:
            return [CollectionSummary(*each) for each in view.collection_totals()]

    def page(
        self, wanted: ListQuery | None = None, *, collection: str | None = None, speaker: str | None = None
    ) -> ShelfPage:
        """A page of the videos of this collection in which this speaker speaks; without ``wanted`` the first by title.

        Raises:
            TypeError: ``wanted.after`` is no key of its order.
        """
        from longvid.details import ShelfPage, summaries
        from longvid_storage.db.listing import ListQuery

        with self._store.view(checked_scope(self._store, None, collection, None, None, speaker)) as view:
            found, total = view.page(wanted or ListQuery())
            listed = {each.video_id: each for each in summaries(view, found.ids)}
            cards = {each.video_id: each for each in view.cards(details=True, ids=found.ids)}
        items = tuple((listed[each], cards[each]) for each in found.ids)
        return ShelfPage(items, list(found.last[0]) if found.more else None, total)

    def gone(self, below: Sequence[str | Path] | None = None) -> list[VideoSummary]:
        """The videos of which no file is left, by title: all of them, or those that lay below these folders.

        Raises:
            UsageError: one of ``below`` is no folder, or an empty one: a disk that is not there looks like that.
        """
        from longvid.details import summary_of
        from longvid.whereabouts import gone

        with self._store.view() as view:
            return [summary_of(row) for row in gone(view, below)]

    def media_path(self, video: str) -> Path:
        """The file that holds a video, as it was when it was indexed.

        Raises:
            NotFoundError: no such video. MediaError: its file is gone, or holds something else by now.
        """
        from longvid.whereabouts import media_path

        with self._store.view() as view:
            return media_path(view, view.video(view.resolve(video)))

    def find(self, video: str) -> VideoSummary:
        """The video of that id, unambiguous prefix of an id, or title.

        Raises:
            NotFoundError: none, or several.
        """
        from longvid.details import summary_of

        with self._store.view() as view:
            return summary_of(view.video(view.resolve(video)))

    def stage_results(self, video: str) -> tuple[StageResult, ...]:
        """How each stage of indexing a video went: engine, seconds, exact counters."""
        with self._store.view() as view:
            row = view.video(view.resolve(video))
        return tuple(record.result for record in row.stages.values())

    def show(self, video: str, *, lines: bool = True) -> VideoDetails:
        """Everything known about one video: the tree of events, scenes and shots, utterances, screen text.

        ``lines``: with its utterances, of which long videos have very many.
        """
        from longvid.details import details_of

        with self._store.view() as view:
            return details_of(view, view.resolve(video), lines=lines)

    def utterances(
        self, video: str, *, from_s: float | None = None, to_s: float | None = None
    ) -> list[Utterance]:
        """What is said in a video, or in ``[from_s, to_s)`` of it, in time order; words included.

        Raises:
            NotFoundError: no such video. UsageError: ``from_s`` is not before ``to_s``.
        """
        scope = checked_scope(self._store, video, None, from_s, to_s, None)
        with self._store.view(scope) as view:
            return view.utterances(view.video_ids()[0])

    def utterances_from(self, video: str, first: int, limit: int) -> list[Utterance]:
        """``utterances`` in parts: at most ``limit`` of them, from number ``first`` (from 0) on.

        Raises:
            NotFoundError: no such video.
        """
        with self._store.view() as view:
            return view.utterances(view.resolve(video), first=first, limit=limit)

    def line_map(self, video: str, *, each: int = 200, words: str = "") -> LineMap:
        """Where a video's utterances are, without what is said: see ``LineMap``. Raises ``NotFoundError``: no video."""
        from longvid.lines import line_map

        with self._store.view() as view:
            return line_map(view, view.resolve(video), each, words)

    def slides(self, video: str) -> list[Slide]:
        """What stands still on screen, in time order. Raises ``NotFoundError``: no such video."""
        with self._store.view() as view:
            return view.slides(view.resolve(video))

    def sounds(self, video: str) -> list[Sound]:
        """What is heard beside speech, in time order. Raises ``NotFoundError``: no such video."""
        with self._store.view() as view:
            return view.sounds(view.resolve(video))

    def speakers(self, video: str) -> list[SpeakerRow]:
        """Who speaks in a video, with talk time, the one who speaks longest first.

        Raises:
            NotFoundError: no such video.
        """
        with self._store.view() as view:
            return view.speakers_of(view.resolve(video))

    def transcript_info(self, video: str) -> TranscriptInfo | None:
        """Which source a video's transcript came from, and what told its speakers apart; None before it has one.

        Raises:
            NotFoundError: no such video.
        """
        with self._store.view() as view:
            return view.transcript(view.resolve(video))

    def unknown_speaker(
        self, speaker: str | None, *, video: Names = None, collection: str | None = None
    ) -> list[str]:
        """A line for the user when nobody called ``speaker`` speaks in these videos, with those who do; else nothing.

        Raises:
            NotFoundError: no such video or collection.
        """
        return unknown_speaker(
            self._store, checked_scope(self._store, video, collection, None, None, speaker)
        )

    def rename_speaker(self, video: str, old: str, new: str) -> list[SpeakerRow]:
        """Call a speaker of a video ``new`` from now on, in search, answers and summaries; returns ``speakers``.

        ``old`` is a name of ``speakers``, or a label of one. The name outlives a new transcript in which the label
        occurs; renaming to the label undoes it; a name that another speaker has makes the two one.

        Raises:
            NotFoundError: no such video, or nobody called ``old`` speaks in it. UsageError: ``new`` is no name.
        """
        with self._store.view() as view:
            video_id = view.resolve(video)
        self._store.rename_speaker(video_id, old, new)
        return self.speakers(video)

    def chapters(self, video: str, *, file_format: str = "youtube", level: str = "event") -> str:
        """The video's events (or scenes) as a chapter file: ``youtube``, ``vtt``, ``json`` or ``ffmetadata``.

        Raises:
            NotFoundError: no such video. UsageError: an unknown format or level, or too few chapters for YouTube.
        """
        from longvid.chapters import chapter_level, export_chapters

        chosen = chapter_level(level)
        with self._store.view() as view:
            return export_chapters(view.segments(view.resolve(video)), file_format, chosen)

    def at_once(self) -> AbstractContextManager[None]:
        """For a ``with`` block whose changes shall wait for nobody, as a server's.

        Raises:
            BusyError: the library is being indexed, by this process or another.
        """
        return self._store.writer_lock(wait=False)

    def remove(self, video: str) -> None:
        """Forget a video: no row, vector, thumbnail or turn of a conversation stays. Its file is not touched."""
        with self._store.writer_lock():
            with self._store.view() as view:
                video_id = view.resolve(video)
            self._store.remove_video(video_id)

    def check(self, repair: bool = False) -> CheckReport:
        """Verify the library whole; ``repair`` makes anew what is derived, and deletes damaged rows.

        The stages whose rows were deleted run again at the next ``index(reprocess=True)``.

        Raises:
            ReadOnlyError: ``repair``, and the library may not be written.
        """
        return self._store.check(repair)

    def backup(self, path: str | Path, *, force: bool = False) -> list[str]:
        """Write a consistent copy of the library to a new directory, a library itself, also while it is being used.

        A line for the user where pictures lie in an object store, and so are not in the copy; else none.

        ``force``: in place of a library that is there, once the copy is complete.

        Raises:
            UsageError: something is there. StorageFullError: the disk is full.
        """
        return self._store.backup(Path(path), force=force)

    def copy_to(
        self, place: str | Path, on_table: Callable[[str, int], None] = lambda name, rows: None
    ) -> int:
        """Bring everything to another library, in a directory or in PostgreSQL, and compare every row; their number.

        Cut short, it goes on where it stopped when it is called again. ``on_table`` is told of each table's rows.

        Raises:
            UsageError: the other library holds videos that this one does not. LibraryError: a row is not the same.
        """
        from longvid.paths import open_store
        from longvid_storage.db.copying import copy

        with open_store(place, create=True, pictures=self._store.home.pictures) as target:
            return copy(self._store, target, on_table)
