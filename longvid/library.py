"""The one facade: the CLI, and anything that embeds longvid, call ``Library`` and nothing below it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Self

from longvid.arguments import Names, check_query, check_question, check_written, checked_length, checked_scope
from longvid.conversations import Conversations
from longvid.engines import Engines
from longvid.paths import default_library
from longvid_storage.types import Answer, Moment, Scope, Searched

if TYPE_CHECKING:
    from longvid.chat import Exchange
    from longvid.keyring import Keyring
    from longvid.models.naming import ModelSpec
    from longvid_agents.conversation.turns import Turn
    from longvid_agents.digest import Digest
    from longvid_agents.run import AskEvent
    from longvid_agents.state import Context
    from longvid_agents.summarise import Summary
    from longvid_agents.text_check import CheckedSentence
    from longvid_indexer.report import IndexEvent, IndexReport
    from longvid_storage.db.store import Store
    from longvid_storage.db.view import View
    from longvid_storage.models.reranker import Reranker
    from longvid_storage.search.mentions import MentionsPage, VideoMentions


class Library(Conversations):
    """One directory of knowledge about many videos.

    >>> with Library.open("talks.longvid", create=True) as lib:      # doctest: +SKIP
    ...     lib.index(["lectures/"])
    ...     answer = lib.ask("when does the speaker define the learning rate?")
    ...     answer.claims[0].citations[0].start_s

    Every method raises a ``LongvidError`` whose message is one sentence that says what to do next.

    Filters mean the same in every method, and all that are given hold at once. ``video``: one or several of an id, a
    prefix of one, a title, a path or a file's name. ``collection``: a name. ``from_s``, ``to_s``: seconds of a video's
    own time, half-open; what shares a moment with ``[from_s, to_s)`` is admitted, and spans of moments end there.
    ``speaker``: what they say and nothing that is shown or heard; case and outer spaces do not count, and a name that
    nobody has finds nothing.
    """

    def __init__(self, store: Store, engines: Engines | None = None) -> None:
        super().__init__(store)
        self.engines = engines or Engines()
        self.engines.follow(self._vector_models)
        store.home.vector_server = self.engines.config.vectors
        store.home.memory_mb = self.engines.config.memory_mb
        store.home.pictures = self.engines.config.pictures

    @classmethod
    def open(
        cls,
        path: str | Path | None = None,
        *,
        create: bool = False,
        engines: Engines | None = None,
        models: Mapping[str, ModelSpec] | None = None,
        device: str | None = None,
        profile: str | None = None,
    ) -> Self:
        """Open the library at ``path`` (default: ``$LONGVID_LIBRARY``, else the user's data directory).

        ``models`` (``{"text": "transformers:BAAI/bge-m3"}``), ``device`` and ``profile`` say which models to use, as
        ``Engines`` takes them; what they leave open, ``longvid.toml`` and ``auto`` decide. Or give ``engines``.

        Raises:
            LibraryError: there is none and ``create`` is False, it is something else, or of a newer schema.
            UsageError: an unknown role, model or profile, or a broken ``longvid.toml``.
        """
        from longvid.paths import open_store

        if engines is None:
            engines = Engines(models, device, profile=profile)
        return cls(open_store(path if path is not None else default_library(), create=create), engines)

    def within(self, collections: Iterable[str] | None, *, owner: str = "") -> Self:
        """The same library for somebody who may see these collections and no more; None: all of it.

        Everything that it lists, counts, finds, answers and complains of is as in a library that holds these
        collections alone. ``owner``: whose conversations it has. It shares files and models: close the whole.
        """
        media = self._media  # made before the copy: what is decoded is shared
        narrowed = copy(self)
        narrowed.__dict__ |= {"_media": media, "_store": self._store.within(collections, owner)}
        return narrowed

    @property
    def keys(self) -> Keyring:
        """Who may ask a server for this library."""
        from longvid.keyring import Keyring

        return Keyring(self._store)

    def index(
        self,
        paths: Iterable[str | Path] | str | Path | None = None,
        *,
        collection: str | None = None,
        only: Collection[str] | None = None,
        skip: Collection[str] | None = None,
        reprocess: bool = False,
        everything: bool = False,
        audio_track: str | int | None = None,
        every_frame: bool = False,
        ray: str | None = None,
        on_event: Callable[[IndexEvent], None] | None = None,
    ) -> list[IndexReport]:
        """Read files and folders into the library; what is known and unchanged costs a stat.

        Args:
            paths: folders (searched recursively) and files: video, audio, subtitles alone.
            collection: put the videos in this collection. It has its own: a file that is in another one too, or the
                same recording there with other subtitles, is another video, and what follows from the media alone is
                copied, not made again. With ``reprocess``: only the videos of this collection.
            only: run only these stages. skip: leave these out.
            reprocess: without ``paths``, bring every known video whose file is still there up to date: exactly the
                stages run whose model, settings or code changed since.
            everything: take unfinished downloads, hidden files and what systems leave in folders too.
            audio_track: the sound track to hear, by its number in the file (from 1) or its language; remembered for
                these videos until another one, or ``"auto"`` (the one that holds speech), is given.
            every_frame: look at every frame of the pictures; else those between two keyframes of the file are left out
                where a slide stays as it is, if the file allows it.
            ray: index on a Ray cluster: ``"local"`` (one made here for this run, with every core), ``"auto"`` (the one
                that runs here, or ``$RAY_ADDRESS``) or its ``HOST:PORT``. Its machines must see the files under the
                same paths and reach the library, which is in PostgreSQL unless the cluster is local. The library is
                the same in the end.
            on_event: called with every progress event; the last ones, ``LeftOut``, say what was passed over and why.

        Returns:
            One report a video, in the order they were done; a broken file, or a path at which there is none, is a
            report with an error.

        Raises:
            LibraryError: the library cannot be written (read-only, disk full).
            UsageError: an unknown stage, neither paths nor ``reprocess``, a new collection whose name cannot be told
                from others, or no cluster that can do it.
            MissingExtraError: ``ray`` is given and not installed.
        """
        from longvid.indexing import index

        return index(
            self._store,
            self.engines,
            paths,
            collection=collection,
            only=only,
            skip=skip,
            reprocess=reprocess,
            everything=everything,
            audio_track=audio_track,
            every_frame=every_frame,
            on_event=on_event,
            ray=ray,
        )

    def stale_vectors(self) -> list[str]:
        """A sentence for each model whose vectors some videos still have, though search uses another one now."""
        return self.engines.stale(self._store)

    def search(
        self,
        query: str,
        *,
        k: int = 10,
        video: Names = None,
        collection: str | None = None,
        from_s: float | None = None,
        to_s: float | None = None,
        speaker: str | None = None,
        reranker: Reranker | None = None,
    ) -> list[Moment]:
        """At most ``k`` moments for ``query``, best first, in what the filters admit; none for a query without a letter
        or digit. Moments of one video do not overlap; their scores compare within this query alone.

        ``reranker`` (anything that fulfils the ``Reranker`` protocol; by default the one that ``Engines`` names)
        puts the best moments in its own order.

        Raises:
            UsageError: an empty query or one of more than 10,000 letters, ``k`` below 1, or ``from_s`` not before
                ``to_s``.
            NotFoundError: no such video or collection.
        """
        from longvid_storage.search.moments import search

        query = check_query(query, k)
        scope = checked_scope(self._store, video, collection, from_s, to_s, speaker)
        with self._store.view(scope, self.engines) as view:
            return search(
                view, query, k, reranker=reranker if reranker is not None else self.engines.reranker
            )

    def ask(
        self,
        question: str,
        *,
        video: Names = None,
        collection: str | None = None,
        from_s: float | None = None,
        to_s: float | None = None,
        speaker: str | None = None,
        extractive: bool = False,
        budget_tokens: int | None = None,
        budget_seconds: float | None = None,
        rounds: int | None = None,
        context: Context | None = None,
        before: Sequence[Exchange] = (),
        on_event: Callable[[AskEvent], None] | None = None,
    ) -> Answer:
        """An answer in which every claim cites evidence, or ``found=False`` with the nearest moments.

        The language model that ``Engines`` names writes it; without one the best evidence is quoted.

        Args:
            extractive: quote, although there is a language model.
            budget_tokens, budget_seconds: what it may cost; when that runs out, the answer is what there is by then.
                Seconds are those of the clock.
            rounds: how often a model may search on after the first search, at most; default 5.
            context: the conversation before, as the agent knows it. before: the same as somebody else keeps it; what
                the question refers to is found in there.
            on_event: called with each ``TrailStep`` when it is done (and with one that no trail keeps when a model
                begins to read), and with each ``Claim`` once it is verified, while the rest is still being written.

        Raises:
            UsageError: an empty question or one of more than 10,000 letters, ``from_s`` not before ``to_s``, or a
                budget that allows nothing.
            NotFoundError: no such video or collection.
            ModelError: the language model failed before it gave any claim.
        """
        from longvid_agents.budget import ROUNDS, Budget
        from longvid_agents.graph import ask
        from longvid_agents.state import Context

        question = check_question(question)
        budget = Budget(budget_tokens, budget_seconds, ROUNDS if rounds is None else rounds)
        scope = checked_scope(self._store, video, collection, from_s, to_s, speaker)
        lm, names = None if extractive else self.engines.video_lm, self.engines.names()
        examples = () if lm is None else self.engines.examples

        def opened() -> AbstractContextManager[View]:
            return self._store.view(scope, self.engines)

        def answered(question: str, view: View, turns: Sequence[Turn]) -> Answer:
            return ask(
                question,
                view,
                lm=lm,
                media=self._media,
                engines=names,
                context=Context(tuple(turns)) if turns else context,
                budget=budget,
                on_event=on_event,
                examples=examples,
            )

        if before:
            from longvid.chat import continued

            return continued(opened, answered, question, before, lm, names)
        with opened() as view:
            return answered(question, view, ())

    def _vector_models(self) -> dict[str, list[str]]:
        with self._store.view() as view:
            return view.vector_models()

    def mentions(
        self,
        terms: str | Sequence[str],
        *,
        video: Names = None,
        collection: str | None = None,
        from_s: float | None = None,
        to_s: float | None = None,
        speaker: str | None = None,
    ) -> list[VideoMentions]:
        """Every place where any of ``terms`` is said or shown, or a sound is called so, by video and in time order;
        none is left out.

        A term is one or more words in a row, compared as search compares words (case and inflection folded); in
        double quotes it is compared word for word.

        Raises:
            UsageError: no term, or one without a letter or digit. NotFoundError: no such video or collection.
        """
        return list(
            self.each_mentioned(
                terms, video=video, collection=collection, from_s=from_s, to_s=to_s, speaker=speaker
            )
        )

    def each_mentioned(
        self,
        terms: str | Sequence[str],
        *,
        video: Names = None,
        collection: str | None = None,
        from_s: float | None = None,
        to_s: float | None = None,
        speaker: str | None = None,
    ) -> Iterator[VideoMentions]:
        """``mentions``, each video as soon as it is read: what was told may go."""
        from longvid_storage.search.mentions import each_mentioned

        scope = checked_scope(self._store, video, collection, from_s, to_s, speaker)
        with self._store.view(scope) as view:
            yield from each_mentioned(view, [terms] if isinstance(terms, str) else terms)

    def mentions_page(
        self,
        terms: str | Sequence[str],
        *,
        after: tuple[str, str] | None = None,
        limit: int = 100,
        video: Names = None,
        collection: str | None = None,
        from_s: float | None = None,
        to_s: float | None = None,
        speaker: str | None = None,
    ) -> MentionsPage:
        """At most ``limit`` videos of ``mentions``, each whole; ``count`` and ``total`` are those of all pages.

        ``after``: the ``next`` of the page before.
        """
        from longvid_storage.search.mentions import mentions_page

        scope = checked_scope(self._store, video, collection, from_s, to_s, speaker)
        with self._store.view(scope) as view:
            return mentions_page(view, [terms] if isinstance(terms, str) else terms, after, limit)

    def searched(
        self,
        words: str | Sequence[str] = (),
        *,
        video: Names = None,
        collection: str | None = None,
        from_s: float | None = None,
        to_s: float | None = None,
        speaker: str | None = None,
    ) -> Searched:
        """What a search for ``words`` within these filters looks through, and what of it can't be: the worth of a "no".

        An ``Answer`` that found nothing has it as ``searched``; ask for it where ``mentions`` found nothing.

        Raises:
            NotFoundError: no such video or collection. UsageError: ``from_s`` is not before ``to_s``.
        """
        from longvid_storage.search.searched import searched

        scope = checked_scope(self._store, video, collection, from_s, to_s, speaker)
        with self._store.view(scope, self.engines) as view:
            return searched(view, [words] if isinstance(words, str) else words)

    def verify(
        self,
        text: str,
        *,
        video: Names = None,
        collection: str | None = None,
        from_s: float | None = None,
        to_s: float | None = None,
        speaker: str | None = None,
    ) -> list[CheckedSentence]:
        """Somebody's text against the recordings: each sentence supported, contradicted or unsupported, with the place.

        Of Markdown, headings, code and citations are passed over. No language model is asked.

        Raises:
            UsageError: a text without a sentence, or ``from_s`` is not before ``to_s``.
            NotFoundError: no such video or collection.
        """
        from longvid_agents.text_check import check_text

        scope = checked_scope(self._store, video, collection, from_s, to_s, speaker)
        with self._store.view(scope, self.engines) as view:
            return check_text(check_written(text), view)

    def summary(self, video: str, *, length: str = "short", extractive: bool = False) -> Summary:
        """Overview, chapters, decisions, action items and open questions of a video, each line with its citation.

        A language model writes it where ``Engines`` names one and ``extractive`` is False.

        Raises:
            NotFoundError: no such video. UsageError: ``length`` is neither ``"short"`` nor ``"long"``.
            ModelError: the language model cannot answer.
        """
        from longvid_agents.minutes import summary_of_video

        lm = None if extractive else self.engines.video_lm
        with self._store.view() as view:
            return summary_of_video(view, view.resolve(video), checked_length(length), lm)

    def collection_summary(
        self, collection: str, *, length: str = "short", extractive: bool = False
    ) -> list[Summary]:
        """One summary for each video of a collection, by title. Raises as ``summary`` does."""
        from longvid_agents.minutes import summary_of_video

        lm, chosen = None if extractive else self.engines.video_lm, checked_length(length)
        ids = [video.video_id for video in self.videos(collection=collection)]
        with self._store.view(Scope(collection=collection)) as view:  # others' titles tell nothing apart here
            return [summary_of_video(view, video_id, chosen, lm) for video_id in ids]

    def collection_digest(
        self, collection: str, *, length: str = "short", extractive: bool = False
    ) -> Digest:
        """The videos of a collection in one page: decisions, tasks and open questions merged by meeting, date, owner.

        Raises as ``summary`` does.
        """
        from longvid_agents.digest import collection_digest

        found = self.collection_summary(collection, length=checked_length(length), extractive=extractive)
        with self._store.view(Scope(collection=collection)) as view:
            return collection_digest(view, collection, found)
