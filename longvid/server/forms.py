"""The bodies of requests; a key that is none of theirs is refused, so that no filter is dropped unseen."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from longvid.server.replies import MOST

Text = Annotated[str, Field(max_length=4000)]
Name = Annotated[str, Field(max_length=500)]
Names = Annotated[list[Name], Field(max_length=1000)]


class FilterForm(BaseModel):
    """Where to look."""

    model_config = ConfigDict(extra="forbid")

    video: Name | Names | None = Field(None, description="Ids, prefixes of ids, or titles.")
    collection: Name | None = None
    speaker: Name | None = Field(None, description="Only what they say.")
    from_s: float | None = Field(None, ge=0, allow_inf_nan=False, description="Not before this second.")
    to_s: float | None = Field(None, ge=0, allow_inf_nan=False, description="Before this second.")

    def filters(self) -> dict[str, Any]:
        """The keyword arguments of ``Library.search`` and its like."""
        return {name: getattr(self, name) for name in FilterForm.model_fields}


class SearchForm(FilterForm):
    """What to look for."""

    query: Text = Field(examples=["gradient descent"])
    k: int = Field(10, ge=1, le=100, description="How many moments.")


class MentionsForm(FilterForm):
    """Words and phrases, of which any counts."""

    terms: list[Text] = Field(min_length=1, max_length=50, examples=[["learning rate", "step size"]])
    limit: int = Field(100, ge=1, le=MOST, description="How many videos, at most.", examples=[20])
    cursor: str | None = Field(None, max_length=2000, description="The `next` of the page before.")


class VerifyForm(FilterForm):
    """A text to be checked."""

    text: str = Field(max_length=100_000, examples=["The budget is forty thousand euros."])


class TurnForm(FilterForm):
    """A question, and what it may cost."""

    question: Text = Field(examples=["When does the speaker define the learning rate?"])
    extractive: bool = Field(False, description="Quote, although there is a language model.")
    budget_tokens: int | None = Field(None, ge=1)
    budget_seconds: float | None = Field(None, gt=0, allow_inf_nan=False)


class AskForm(TurnForm):
    """A question; with ``session`` it is one of a conversation."""

    session: Name | None = Field(None, description="The conversation it belongs to; begun if there is none.")


class ChatForm(FilterForm):
    """A new conversation, and what it may look at."""

    name: Annotated[str, Field(min_length=1, max_length=80)] | None = Field(None, examples=["monday"])


class NameForm(BaseModel):
    """What something is to be called."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=80)] = Field(examples=["kick-off"])


class RenameForm(BaseModel):
    """A speaker's name as it is, and as it is to be."""

    model_config = ConfigDict(extra="forbid")

    old: Name = Field(examples=["Speaker 1"])
    new: Name = Field(examples=["Maya"])


class ExportForm(BaseModel):
    """An answer that ``ask`` gave, and what to make of it."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["html", "md", "srt", "edl", "otio", "clip"] = Field(examples=["srt"])
    answer: dict[str, Any] = Field(description="What /v1/ask answered.")
    pad_s: float = Field(0.0, ge=0, le=60, description="Each span is made longer by so much at both ends.")


class KeyForm(BaseModel):
    """What a new key allows; ``collections`` null: everything."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=80)] = Field(examples=["archive backend"])
    scopes: list[Literal["read", "index", "admin"]] = Field(["read"], min_length=1)
    collections: Names | None = Field(None, examples=[["monday"]])
    days: float | None = Field(None, gt=0, le=36_500, description="Until it expires.")
    per_minute: int | None = Field(None, ge=1, description="Requests.")
    tokens_a_day: int | None = Field(None, ge=1, description="Of the language model.")
