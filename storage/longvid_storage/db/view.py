"""One view reads: a snapshot of the library within a scope. What it can't see is not counted, named or used."""

from __future__ import annotations

from collections.abc import Collection as Names
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import Connection, func, select

from longvid_storage.db import card_details, catalog, chain, revisions, schema
from longvid_storage.db.apart import told_apart
from longvid_storage.db.chain import ChainLink
from longvid_storage.db.contents import Contents, Home
from longvid_storage.db.dialects import each_text
from longvid_storage.db.rows import PathRow, VideoRow
from longvid_storage.db.scope import collection_conditions, speaking
from longvid_storage.errors import NotFoundError
from longvid_storage.types import Scope, VideoCard

if TYPE_CHECKING:
    from longvid_storage.db import listing
    from longvid_storage.models.image_encoder import ImageEncoder
    from longvid_storage.models.text_encoder import TextEncoder


class Encoders(Protocol):
    """The models that put a question beside what is stored; None where there is none. Loaded when first used."""

    @property
    def text_encoder(self) -> TextEncoder | None: ...

    @property
    def image_encoder(self) -> ImageEncoder | None: ...


class NoEncoders:
    """Words alone decide."""

    text_encoder = None
    image_encoder = None


class View(Contents):
    """The only way in which anything reads; one transaction, used by one thread at a time.

    What is here tells of the videos of the scope; ``Contents``, what each of them holds.

    Args:
        connection: in a transaction.
        scope: what may be seen.
        home: the library.
        encoders: what search compares meaning with.
    """

    def __init__(
        self, connection: Connection, scope: Scope, home: Home, encoders: Encoders | None = None
    ) -> None:
        self.connection = connection
        self.scope = scope
        self.home = home
        self.encoders: Encoders = encoders or NoEncoders()
        self._wider: View | None = None

    def within(self, scope: Scope) -> View:
        """The same snapshot within another scope, which must be a narrower one (``Scope.narrowed``); rights stay."""
        scope = replace(scope, rights=self.scope.rights)
        if scope == self.scope:
            return self
        narrower = View(self.connection, scope, self.home, self.encoders)
        if (
            scope.collection == self.scope.collection
        ):  # what tells titles apart is the collection's own affair
            narrower._wider = self
        return narrower

    @cached_property
    def time(self) -> revisions.LibraryTime:
        """How far the library has come."""
        return revisions.library_time(self.connection)

    @property
    def generation(self) -> int:
        """Grows whenever passages or vectors change."""
        return self.time.generation

    def apart(self, keys: Iterable[int] | None = None) -> dict[int, str]:
        """Key → what is said beside the title of each video (of these ``keys``) whose title another one has too."""
        if self._wider is not None:
            return self._wider.apart(keys)  # a question that narrows itself doesn't rename what it finds
        return told_apart(self.connection, self._admitting(schema.Video.video_key), keys)

    # Videos

    def videos(self, *, stages: bool = True, ids: Names[str] | None = None) -> list[VideoRow]:
        """Every video of the scope, by title, of these ``ids`` only; ``stages``: with the records of their stages, most
        of the cost."""
        admitted = self._admitting(schema.Video.video_key)
        if ids is None:
            return catalog.videos(
                self.connection, *admitted, scope=self.scope, apart=lambda keys: self.apart(), stages=stages
            )
        admitted.append(schema.Video.video_id.in_(each_text(ids)))
        return catalog.videos(self.connection, *admitted, scope=self.scope, apart=self.apart, stages=stages)

    def listed(self, ids: Names[str] | None = None) -> listing.ListedColumns:
        """The scope's videos as a list of all shows them, by title; of these ``ids`` only."""
        from longvid_storage.db import listing

        admitted = self._admitting(schema.Video.video_key)
        if ids is None:
            every = self._wider is None
            return listing.listed(self.connection, admitted, self.scope, lambda keys: self.apart(), every)
        admitted.append(schema.Video.video_id.in_(each_text(ids)))
        return listing.listed(self.connection, admitted, self.scope, self.apart)

    def page(self, wanted: listing.ListQuery) -> tuple[listing.PageOfIds, int]:
        """A page of the scope's videos, with a speaker of those in which they speak; and how many are on all pages."""
        from longvid_storage.db import listing

        return listing.page(self.connection, speaking(self.scope), self.apart, wanted)

    def count(self) -> int:
        """How many videos the scope has."""
        query = select(func.count()).select_from(schema.Video)
        return int(
            self.connection.execute(query.where(*self._admitting(schema.Video.video_key))).scalar_one()
        )

    def video(self, video_id: str) -> VideoRow:
        """One video by its full id. Raises ``NotFoundError``: the scope has none of that id."""
        key = self._key(video_id)
        chosen = schema.Video.video_key == key
        return catalog.videos(self.connection, chosen, scope=self.scope, apart=self.apart)[0]

    def has_video(self, video_id: str) -> bool:
        """Whether the scope has a video of exactly this id."""
        return self._find_key(video_id) is not None

    def video_ids(self, limit: int | None = None) -> list[str]:
        """Ids of the scope's videos, ascending, at most ``limit``."""
        query = select(schema.Video.video_id).where(*self._admitting(schema.Video.video_key))
        return list(self.connection.execute(query.order_by(schema.Video.video_id).limit(limit)).scalars())

    def resolve(self, name: str) -> str:
        """The id of the one video that ``name`` means: an id, a title (also with what tells it apart), a path or file
        name, or a prefix of an id.

        Raises:
            NotFoundError: none, or several; the message names some of the scope's that might be meant.
        """
        from longvid_storage.db import resolving

        return resolving.resolve_video(
            self.connection, name, self._admitting(schema.Video.video_key), self.apart
        )

    def collections(self) -> list[str]:
        """Names of the collections that the scope has a video of, sorted."""
        table, member = schema.Collection, schema.VideoCollection
        query = select(table.name).join(member).where(*self._admitting(member.video_key))
        query = query.where(*collection_conditions(self.scope)).distinct()
        return sorted(self.connection.execute(query).scalars())

    def collection_totals(self) -> list[tuple[str, int, float]]:
        """(name, number of videos, their seconds) of each collection that the scope has a video of, by name."""
        from longvid_storage.db import listing

        return listing.collection_totals(self.connection, self._admitting(schema.Video.video_key), self.scope)

    def require_collection(self, name: str) -> None:
        """Raise ``NotFoundError`` unless there is a collection of that name."""
        table, member = schema.Collection, schema.VideoCollection
        query = (
            select(member.video_key).join(table).where(table.name == name, *collection_conditions(self.scope))
        )
        if self.connection.execute(query.where(*self._admitting(member.video_key)).limit(1)).first() is None:
            names = self.collections()
            there = f"there are {', '.join(names)}" if names else "there is none"
            raise NotFoundError(f"the library has no collection {name!r}: {there}")

    def videos_of_media(self, media_id: str, but: str | None = None) -> list[VideoRow]:
        """The scope's videos whose media has that hash, by title and id, without the one whose id is ``but``."""
        wanted = [schema.Video.media_id == media_id, *self._admitting(schema.Video.video_key)]
        if but is not None:
            wanted.append(schema.Video.video_id != but)
        return catalog.videos(self.connection, *wanted, scope=self.scope)

    def videos_by_id(self, ids: Iterable[str]) -> dict[str, VideoRow]:
        """Those of the scope's videos with these ids, by id, without what tells their titles from others'."""
        wanted = schema.Video.video_id.in_(each_text(ids))
        admitted = self._admitting(schema.Video.video_key)
        rows = catalog.videos(self.connection, wanted, *admitted, scope=self.scope)
        return {row.info.video_id: row for row in rows}

    def paths(self, among: Names[str] | None = None) -> list[PathRow]:
        """What is known of the files of the scope's videos, by path, of the paths ``among`` only; one for each video
        that lies there.
        """
        return catalog.paths(self.connection, self._admitting(schema.Path.video_key), among)

    def cards(self, *, details: bool = False, ids: Names[str] | None = None) -> list[VideoCard]:
        """The scope's videos by title, with a speaker those in which they speak; of these ``ids`` only.

        ``details``: with dates, and those who say something that the scope admits. The number of statements does not
        grow with the number of videos.
        """
        if details:
            return self._read_cards(details, ids)
        if ids is None:
            return list(self._cards)
        if not self._knows_cards:
            return self._read_cards(details, ids)
        wanted = set(ids)
        return [card for card in self._cards if card.video_id in wanted]

    @cached_property
    def _cards(self) -> list[VideoCard]:
        wider = self._wider
        if wider is None or not wider._knows_cards or wider.scope.speaker not in (None, self.scope.speaker):
            return self._read_cards(details=False, ids=None)
        if self.scope.speaker == wider.scope.speaker:
            own = self.scope.video_ids
        else:
            own = frozenset(
                self.connection.execute(select(schema.Video.video_id).where(*speaking(self.scope))).scalars()
            )
        return [card for card in wider._cards if own is None or card.video_id in own]

    @property
    def _knows_cards(self) -> bool:
        """Whether the cards have been read, of this scope or of the one that it is a part of."""
        return "_cards" in vars(self) or (self._wider is not None and self._wider._knows_cards)

    def _read_cards(self, details: bool, ids: Names[str] | None) -> list[VideoCard]:
        with_details = (self.scope, self._names) if details else None
        if ids is not None:
            return card_details.named_cards(
                self.connection, self.scope, self._widest.scope, ids, self.apart, with_details
            )
        alone = self._wider is None and self.scope.speaker is None
        return card_details.cards(self.connection, self.scope, lambda keys: self.apart(), with_details, alone)

    @property
    def _widest(self) -> View:
        """The one in which titles are told apart."""
        return self if self._wider is None else self._wider._widest

    # Summaries

    def chain(self, video_id: str) -> list[ChainLink]:
        """The chain of summaries of a video: its events', its parts', its own; empty before that stage."""
        return chain.read(self.connection, self._key(video_id))

    def video_summaries(self) -> list[tuple[str, ChainLink]]:
        """(video id, summary of the whole video) of the scope's that have one, in the order they came in."""
        return chain.video_summaries(self.connection, self._admitting(schema.ChainLinkRow.video_key))

    def library_chain(self) -> list[ChainLink]:
        """What a model wrote of the scope's collection, or of the whole library, last, after its parts."""
        if self.scope != Scope(collection=self.scope.collection, rights=self.scope.rights):
            return []
        if self.scope.rights is not None and self.scope.collection not in self.scope.rights:
            return []  # that of the whole library is made of what the reader may not see, too
        return chain.read_library(self.connection, self.scope.collection)
