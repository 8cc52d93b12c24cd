"""The bodies of requests; a key that is none of theirs is refused, so that no filter is dropped unseen."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

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


class VerifyForm(FilterForm):
    """A text to be checked."""

    text: str = Field(max_length=100_000, examples=["The budget is forty thousand euros."])


class AskForm(FilterForm):
    """A question; with ``session`` it is one of a conversation."""

    question: Text = Field(examples=["When does the speaker define the learning rate?"])
    session: Name | None = Field(None, description="The conversation it belongs to; begun if there is none.")
    extractive: bool = Field(False, description="Quote, although there is a language model.")
    budget_tokens: int | None = Field(None, ge=1)
    budget_seconds: float | None = Field(None, gt=0, allow_inf_nan=False)
