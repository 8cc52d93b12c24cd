"""OpenAI's shapes over ``ask``, so that any chat page or SDK works unchanged: ``/v1/models``, ``/v1/chat/completions``,
``/v1/responses``. A model is a collection: ``longvid:monday``; ``longvid`` alone is all that the caller may see.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from itertools import pairwise
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from longvid import jsonform, printing
from longvid.chat import Exchange
from longvid.links import page_link, read_page_link
from longvid.server import openai_responses as responses
from longvid.server.answering import Asking, Work
from longvid.server.caller import Caller
from longvid.server.forms import TurnForm
from longvid.server.identity import CallerDep
from longvid.server.problems import of_error, status_of
from longvid.server.replies import public_base
from longvid.server.routes.about import LibraryDep
from longvid.server.routes.asking import answerer
from longvid_agents.cite import format_citation
from longvid_storage.errors import LongvidError, NotFoundError, UsageError
from longvid_storage.text.shown import shown
from longvid_storage.types import Answer, Citation, Claim

router = APIRouter(prefix="/v1", tags=["openai"])
MODEL = "longvid"
_LINKS = re.compile(r"\]\((https?://[^()\s]{1,2000})\)")

Content = str | list[dict[str, Any]]


class MessageForm(BaseModel):
    """One message; of its parts, those of text are read."""

    model_config = ConfigDict(extra="ignore")

    role: str = Field("user", max_length=40)
    content: Content | None = None

    @property
    def text(self) -> str:
        """Its words."""
        if not isinstance(self.content, list):
            return self.content or ""
        return "\n".join(str(part["text"]) for part in self.content if isinstance(part.get("text"), str))


Messages = Annotated[list[MessageForm], Field(max_length=400)]


class CompletionForm(BaseModel):
    """A chat completion; what steers sampling elsewhere is passed over."""

    model_config = ConfigDict(extra="ignore")

    model: str = Field(max_length=500, examples=["longvid:monday"])
    messages: Messages = Field(examples=[[{"role": "user", "content": "What was decided?"}]])
    stream: bool = False
    stream_options: dict[str, Any] | None = None


class ResponseForm(BaseModel):
    """A response; the conversation before comes along in ``input``."""

    model_config = ConfigDict(extra="ignore")

    model: str = Field(max_length=500, examples=["longvid:monday"])
    input: str | Messages = Field(examples=["What was decided?"])
    stream: bool = False
    previous_response_id: str | None = Field(None, description="None is kept: send the messages before.")


@router.get("/models")
def list_models(lib: LibraryDep) -> Response:
    """One model a collection; where there is none, one of everything."""
    names = [f"{MODEL}:{each.name}" for each in lib.collections()] or [MODEL]
    return _json({"object": "list", "data": [_model(name) for name in names]})


@router.get("/models/{model:path}")
def get_model(lib: LibraryDep, model: str) -> Response:
    """One of them."""
    _collection(lib, model)
    return _json(_model(model))


@router.post("/chat/completions")
async def create_chat_completion(
    request: Request, lib: LibraryDep, who: CallerDep, form: CompletionForm
) -> Response:
    """An answer in Markdown, in which each claim links to the moment that it cites."""
    try:
        work = _work(request, lib, who, form.model, form.messages)
    except LongvidError as error:
        return _refused(error)
    head = {"id": f"chatcmpl-{secrets.token_hex(12)}", "created": int(time.time()), "model": form.model}
    base, asking = public_base(request), request.app.state.asking
    if form.stream:
        counted = bool((form.stream_options or {}).get("include_usage"))
        return _streamed(_chunks(asking, work, head, base, counted))
    answer = await _answered(asking, work)
    if isinstance(answer, Response):
        return answer
    message = {"role": "assistant", "content": _markdown(answer, base), "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return _json({**head, "object": "chat.completion", "choices": [choice], "usage": _usage(answer)})


@router.post("/responses")
async def create_response(request: Request, lib: LibraryDep, who: CallerDep, form: ResponseForm) -> Response:
    """An answer whose citations are annotations with video, times in seconds, quote and link."""
    messages = [MessageForm(role="user", content=form.input)] if isinstance(form.input, str) else form.input
    try:
        if form.previous_response_id is not None:
            raise UsageError(
                "previous_response_id is given, and no response is kept: send the messages before it in input"
            )
        work = _work(request, lib, who, form.model, messages)
    except LongvidError as error:
        return _refused(error)
    draft = responses.ResponseDraft(form.model, public_base(request))
    asking = request.app.state.asking
    if form.stream:
        return _streamed(responses.events(draft, asking.events(work)))
    answer = await _answered(asking, work)
    return answer if isinstance(answer, Response) else _json(draft.finished(answer))


def _work(request: Request, lib: Any, who: Caller, model: str, messages: list[MessageForm]) -> Work:
    """What answers the last message of the user, knowing those before it."""
    said = [each for each in messages if each.role in ("user", "assistant") and each.text.strip()]
    if not said or said[-1].role != "user":
        raise UsageError("the last message is not a question of the user: send one with words")
    try:
        form = TurnForm.model_validate({"question": said[-1].text, "collection": _collection(lib, model)})
    except ValidationError as error:  # longer than a question may be, or half a letter
        raise UsageError(
            f"the last message is no question that is read here: {error.errors()[0]['msg']}"
        ) from None
    return answerer(request, lib, who, form, None, tuple(_exchanges(said[:-1])))


def _exchanges(said: list[MessageForm]) -> Iterator[Exchange]:
    """Questions with the answers behind them, and the places that these linked to."""
    for asked, answered in pairwise(said):
        if (asked.role, answered.role) == ("user", "assistant"):
            places = (read_page_link(url) for url in _LINKS.findall(answered.text))
            yield Exchange(asked.text, answered.text, tuple(each for each in places if each is not None))


def _collection(lib: Any, model: str) -> str | None:
    name, colon, collection = model.partition(":")
    if name == MODEL and not colon:
        return None
    if name == MODEL and collection in {each.name for each in lib.collections()}:
        return collection
    raise NotFoundError(f"there is no model {model!r}: GET /v1/models lists those there are")


async def _answered(asking: Asking, work: Work) -> Answer | Response:
    found: Answer | Response | None = None
    async for name, value in asking.events(
        work
    ):  # to its end, so that it is left in the task that entered it
        if isinstance(value, Answer):
            found = value
        elif name == "error":
            found = _refused(value)
    assert found is not None, "a question ends with an answer or an error"
    return found


async def _chunks(
    asking: Asking, work: Work, head: dict[str, Any], base: str, counted: bool
) -> AsyncIterator[str]:
    """A claim a chunk, once it is verified; then what else the answer says."""

    def chunk(delta: dict[str, Any], end: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": end, "logprobs": None}
        return _data({**head, "object": "chat.completion.chunk", "choices": [choice]})

    yield chunk({"role": "assistant", "content": ""})
    told: list[str] = []
    async for name, value in asking.events(work):
        lines = []
        if name == "error":
            yield _data({"error": _openai_error(value)})
        if isinstance(value, Claim):
            lines = [_claim(value, base)]
        elif isinstance(value, Answer):
            lines = [line for line in _blocks(value, base) if line not in told]
        for line in lines:
            yield chunk({"content": ("\n\n" if told else "") + line})
            told.append(line)
        if isinstance(value, Answer):
            yield chunk({}, "stop")
            if counted:
                yield _data(
                    {**head, "object": "chat.completion.chunk", "choices": [], "usage": _usage(value)}
                )
    yield "data: [DONE]\n\n"


def _markdown(answer: Answer, base: str) -> str:
    return "\n\n".join(_blocks(answer, base))


def _blocks(answer: Answer, base: str) -> list[str]:
    """The claims with their links, and the notes; or that there are none, what was looked through, and the nearest."""
    if answer.found:
        blocks = [_claim(claim, base) for claim in answer.claims]
        blocks += [f"({_plain(note)})" for note in answer.notes]
        return [*blocks, *([_plain(answer.answer.splitlines()[-1])] if answer.partial else [])]
    blocks = [_plain(answer.answer)]
    if answer.searched is not None:
        blocks.append(_plain(printing.searched(answer.searched)))
    if answer.nearest:
        links = [f"- [{_plain(m.title)}]({page_link(base, m.video_id, m.play_s)})" for m in answer.nearest]
        blocks.append("\n".join(["Nearest:", *links]))
    return blocks


def _claim(claim: Claim, base: str) -> str:
    return " ".join([_plain(claim.text), *(_link(citation, base) for citation in claim.citations)])


def _link(citation: Citation, base: str) -> str:
    name = _plain(format_citation(citation)[1:-1])
    return f"[{name}]({page_link(base, citation.video_id, citation.play_s)})"


def _plain(text: str) -> str:
    """Words of videos as Markdown that shows them and does nothing else."""
    return re.sub(r"([\\`*_{}\[\]<>#|!])", r"\\\1", shown(text))


def _usage(answer: Answer) -> dict[str, int]:
    read, wrote = answer.usage.input_tokens, answer.usage.output_tokens
    return {"prompt_tokens": read, "completion_tokens": wrote, "total_tokens": read + wrote}


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "longvid"}


def _json(value: object) -> Response:
    return Response(jsonform.dumps(value), media_type="application/json")


def _data(value: object) -> str:
    return f"data: {jsonform.dumps(value)}\n\n"


def _streamed(lines: AsyncIterator[str]) -> Response:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(lines, headers=headers, media_type="text/event-stream")


def _openai_error(error: object) -> dict[str, Any]:
    if not isinstance(error, LongvidError):
        return {
            "message": "something failed: the server's log has the details",
            "type": "server_error",
            "code": None,
        }
    kind = "invalid_request_error" if status_of(error) < 500 else "server_error"
    return {"message": shown(error.message), "type": kind, "param": None, "code": error.code}


def _refused(error: object) -> Response:
    """The problem that it is, with OpenAI's ``error`` in it, which their clients read."""
    if not isinstance(error, LongvidError):
        return Response(jsonform.dumps({"error": _openai_error(error)}), 500, media_type="application/json")
    made = of_error(error)
    body = {**json.loads(bytes(made.body)), "error": _openai_error(error)}
    headers = {
        name: value for name, value in made.headers.items() if name in ("retry-after", "www-authenticate")
    }
    return Response(jsonform.dumps(body), made.status_code, headers, "application/problem+json")
