"""The part of ``Library`` that talks: conversations, which the library keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from longvid.arguments import Names, checked_scope
from longvid.cinema import Cinema

if TYPE_CHECKING:
    from longvid.chat import Chat, ChatInfo
    from longvid.engines import Engines
    from longvid_agents.conversation.turns import Turn


class Conversations(Cinema):
    """Begin, list, rename and delete conversations; a part of ``Library``, which has the models."""

    engines: Engines

    def chat(
        self,
        session: str | None = None,
        *,
        video: Names = None,
        collection: str | None = None,
        from_s: float | None = None,
        to_s: float | None = None,
        speaker: str | None = None,
        extractive: bool = False,
    ) -> Chat:
        """A conversation: a new one, or the one called ``session`` gone on with; see ``longvid.chat.Chat``.

        A session keeps the filters it was begun with; they can be narrowed later, never widened. ``extractive``:
        quote, and read follow-ups by rules, although there is a language model.

        Raises:
            UsageError: the session was begun with other filters, or ``from_s`` is not before ``to_s``.
            NotFoundError: no such video or collection. ReadOnlyError: the library may not be written.
        """
        from longvid.chat import Chat

        scope = checked_scope(self._store, video, collection, from_s, to_s, speaker)
        return Chat(self._store, session, scope, self.engines, self._media, extractive=extractive)

    def chats(
        self,
        *,
        video: Names = None,
        collection: str | None = None,
        from_s: float | None = None,
        to_s: float | None = None,
        speaker: str | None = None,
    ) -> list[ChatInfo]:
        """The conversations that may look at nothing outside these filters, the one used last first.

        Raises:
            NotFoundError: no such video or collection.
        """
        from longvid.chat import sessions

        return sessions(self._store, checked_scope(self._store, video, collection, from_s, to_s, speaker))

    def chat_turns(self, session: str) -> tuple[ChatInfo, tuple[Turn, ...]]:
        """A conversation and its turns, oldest first, without going on with it.

        Raises:
            NotFoundError: there is none of that name.
        """
        from longvid.chat import turns_of

        return turns_of(self._store, session)

    def rename_chat(self, session: str, name: str) -> None:
        """Call a conversation ``name`` from now on; it is gone on with under that name.

        Raises:
            NotFoundError: there is no ``session``. UsageError: ``name`` is none, or another's.
            ReadOnlyError: the library may not be written.
        """
        from longvid.chat import rename

        rename(self._store, session, name)

    def delete_chat(self, session: str) -> None:
        """Delete a conversation with every word of it.

        Raises:
            NotFoundError: there is none of that name. ReadOnlyError: the library may not be written.
        """
        from longvid.chat import delete

        delete(self._store, session)
