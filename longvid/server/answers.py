"""What routes answer, as types: the description (OpenAPI) tells them, and a test holds every answer against them.

The objects are those of the library itself, which ``jsonform`` writes; here are only the lists and pairs around them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel

from longvid.chat import ChatInfo
from longvid.details import VideoSummary
from longvid_agents.conversation.turns import Turn
from longvid_agents.text_check import CheckedSentence
from longvid_storage.db.keys import ApiKey
from longvid_storage.search.mentions import VideoMentions
from longvid_storage.types import Moment, Searched, Utterance

Item = TypeVar("Item")


class ListPage(BaseModel, Generic[Item]):
    """A page of a list; `next` is the cursor of the next one, null at the end."""

    items: list[Item]
    next: str | None


@dataclass(frozen=True, slots=True)
class ListedVideo(VideoSummary):
    """A video with its day (YYYY-MM-DD) and who speaks in it."""

    date: str | None = None
    speakers: tuple[str, ...] = ()


class ListedVideos(ListPage[ListedVideo]):
    """A page of videos; `total` is how many there are on all pages."""

    total: int


class SaidPage(ListPage[Utterance]):
    """What is said; `source` is where it came from, `speakers_by` what told the speakers apart."""

    source: str | None
    language: str | None
    speakers_by: str | None


class FoundMoments(BaseModel):
    """Moments, best first."""

    moments: list[Moment]
    notes: list[str]


class FoundMentions(BaseModel):
    """A page of the videos with mentions, each with all of its own; `next` is the cursor of the next page, null at the
    end. All pages hold `count` mentions in `total` videos; of none, `searched` says what was looked through."""

    videos: list[VideoMentions]
    next: str | None
    count: int
    total: int
    notes: list[str]
    searched: Searched | None


class VerifiedText(BaseModel):
    """The sentences of a text, in order."""

    sentences: list[CheckedSentence]


class ToldChat(ListPage[Turn]):
    """A conversation and its turns, oldest first."""

    chat: ChatInfo


class ToldCaller(BaseModel):
    """Who asks; `collections` null: they see everything."""

    name: str
    scopes: list[str]
    collections: list[str] | None


class ToldHealth(BaseModel):
    """The server is there."""

    status: Literal["ok"]
    version: str


class MadeKey(BaseModel):
    """A key that was made; `key` is told this once."""

    key: str
    made: ApiKey


class JobTold(BaseModel):
    """What was asked to be indexed, and how far it is."""

    id: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    cancelling: bool
    collection: str | None
    files_named: list[str]
    created_s: float
    ended_s: float | None
    stage: str | None
    title: str | None
    files: int
    files_done: int
    fraction: float
    speed: float | None
    notes: list[str]
    reports: list[dict[str, Any]]
    error: dict[str, Any] | None = None


def gives(kind: Any, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route."""
    return {status: {"model": kind}}
