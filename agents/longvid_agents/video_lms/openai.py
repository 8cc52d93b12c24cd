"""A video-LLM behind an OpenAI-compatible chat API: vLLM, SGLang, llama.cpp, Ollama, or a hosted one.

Frames are sent as JPEG data between their times. What a server cannot do is found out by asking: an optional
parameter that it refuses is left out from then on, pictures that it refuses end ``sees``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from longvid_agents.material import PromptMaterial, lay_out
from longvid_agents.packing import packing_named, spread
from longvid_agents.video_lm import Counter, Reply, Request
from longvid_agents.video_lms.openai_counter import ServedCounter
from longvid_agents.video_lms.openai_parts import messages
from longvid_storage.errors import ModelError
from longvid_storage.models.endpoint import Deadline, Endpoint, RefusedError
from longvid_storage.text.shown import read_json

OTHERWISE = " (or --extractive)"
# Parameters that a server may refuse, and the words by which it does.
_OPTIONAL = {
    "response_format": re.compile(r"response_format|json_schema|structured|guided|grammar", re.IGNORECASE),
    "stream_options": re.compile(r"stream_options", re.IGNORECASE),
    "temperature": re.compile(r"temperature", re.IGNORECASE),
    "max_tokens": re.compile(r"max_tokens|max_completion_tokens", re.IGNORECASE),
}
_SIGHT = re.compile(
    r"image|vision|visual|multi-?modal|mmproj|content must be a string|expected a string", re.I
)
_HEARING = re.compile(r"audio|sound|multi-?modal|input_audio", re.IGNORECASE)
_TOO_LONG = re.compile(
    r"context.?length|maximum context|context window|context size|too long|too many tokens|max_model_len"
    r"|prompt is longer|exceeds? the (available )?context",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    r"(?:maximum|max|context)[^.]{0,40}?(?:length|window|size|len)[^\d.]{0,20}(\d{3,7})", re.IGNORECASE
)


class OpenAIVideoLM:
    """Answers with a served model.

    Args:
        model: its name at the server.
        weights, device: not used; where a served model runs is the server's affair.
        base_url: the server's address with its ``/v1``; None: ``OPENAI_BASE_URL``, else api.openai.com.
        api_key: None: ``OPENAI_API_KEY``; a local server needs none.
        timeout_s: the longest wait for the next bytes of a reply.
        context_tokens: its context; None: what the server's list of models says, else not known.
        sees: False for a model of words alone; True until the server refuses a picture.
        hears: True for a model that takes sound.
        packing: the strategy by which frames are packed (see ``packing``), in place of what a request says.
        attempts: how often a request is sent in all while the server is busy or silent.
    """

    def __init__(
        self,
        model: str,
        *,
        weights: str | Path | None = None,
        device: str | None = None,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout_s: float = 120.0,
        context_tokens: int | None = None,
        sees: bool = True,
        hears: bool = False,
        packing: str | None = None,
        attempts: int = 3,
    ) -> None:
        self.name = model
        self.sees = sees
        self.hears = hears
        self._endpoint = Endpoint(
            f"the language model {model}",
            base_url=base_url,
            api_key=api_key,
            timeout_s=timeout_s,
            attempts=attempts,
            otherwise=OTHERWISE,
        )
        self._context_tokens = context_tokens
        self._packing = packing_named(packing)
        self._refused: set[str] = set()

    @property
    def fingerprint(self) -> str:
        """Of address, name and packing; a server that changes the model behind a name does not tell."""
        packing = f"\0{self._packing}" if self._packing else ""
        return hashlib.sha256(f"openai\0{self._endpoint.url}\0{self.name}{packing}".encode()).hexdigest()[:16]

    @cached_property
    def counter(self) -> Counter:
        """Counts by the server's tokenizer and by the usage it reports."""
        return self._counter

    @cached_property
    def _counter(self) -> ServedCounter:
        return ServedCounter(self._endpoint, self.name, self._usage_of)

    def reply(self, request: Request) -> Reply:
        """The whole reply at once.

        Raises:
            ModelError: by ``code``: ``"down"``, ``"slow"``, ``"rate_limited"``, ``"server_error"``, ``"refused_key"``,
                ``"no_model"``, ``"nonsense"``, ``"no_vision"`` (ask again without frames), ``"no_hearing"``,
                ``"too_long"``, ``"refused"``, ``"out_of_time"``.
        """
        reply: Reply = self._yielding(request, _deadline(request), self._reply)
        return reply

    def stream(self, request: Request) -> Iterator[str | Reply]:
        """Pieces of text as they come; the last item is the whole ``Reply``. Raises as ``reply``, also midway.

        A stream that breaks off is an error (code ``"cut"``): what came until then is no reply. One that falls silent
        is waited for as long as there was time when it began.
        """
        deadline = _deadline(request)
        chunks, material = self._yielding(request, deadline, self._open)
        yield from self._pieces(chunks, request, material, deadline)

    # --- one attempt --------------------------------------------------------------------------------

    def _reply(
        self, body: dict[str, Any], request: Request, material: PromptMaterial, deadline: Deadline | None
    ) -> Reply:
        choice, usage = self._asked(body, deadline)
        message = choice.get("message")
        message = message if isinstance(message, dict) else {}
        if message.get("refusal"):
            raise self._endpoint.error(f"declines: {message['refusal']}; ask in other words", "refused")
        text = message.get("content")
        return self._done(
            text if isinstance(text, str) else "", choice.get("finish_reason"), usage, request, material
        )

    def _open(
        self, body: dict[str, Any], request: Request, material: PromptMaterial, deadline: Deadline | None
    ) -> tuple[Any, PromptMaterial]:
        if "stream_options" not in self._refused:
            body = {**body, "stream_options": {"include_usage": True}}
        return self._endpoint.call(
            lambda client: client.chat.completions.create(**body, stream=True), deadline
        ), material

    def _pieces(
        self, chunks: Any, request: Request, material: PromptMaterial, deadline: Deadline | None
    ) -> Iterator[str | Reply]:
        openai = self._endpoint.sdk
        written: list[str] = []
        finish: Any = None
        usage: Mapping[str, Any] = {}
        try:
            for chunk in chunks:
                if deadline is not None and deadline.over:
                    raise self._endpoint.late(deadline)
                said = chunk.model_dump() if hasattr(chunk, "model_dump") else {}
                usage = said.get("usage") or usage
                for choice in (said.get("choices") or [])[:1]:
                    finish = choice.get("finish_reason") or finish
                    if piece := (choice.get("delta") or {}).get("content"):
                        written.append(piece)
                        yield piece
        except (openai.APIError, ValueError) as error:
            if not written or isinstance(error, openai.APITimeoutError):
                raise self._endpoint.mapped(error, deadline) from error
            raise self._broken(written) from error
        finally:
            chunks.close()
        if finish is None and written:
            raise self._broken(written)
        yield self._done("".join(written), finish, usage, request, material)

    def _broken(self, written: list[str]) -> ModelError:
        return self._endpoint.error(
            f"broke off after {sum(map(len, written))} characters of its reply: ask again", "cut"
        )

    def _done(
        self, text: str, finish: Any, usage: Mapping[str, Any], request: Request, material: PromptMaterial
    ) -> Reply:
        """The reply, and what the counter learns from its cost."""
        if finish == "content_filter":
            raise self._endpoint.error("withheld its reply (content filter): ask in other words", "refused")
        if not text.strip():
            if finish == "length":
                raise self._endpoint.error(
                    f"wrote nothing within {request.max_tokens} tokens: a model that thinks first needs more "
                    "(max_tokens)",
                    "nonsense",
                )
            raise self._endpoint.nonsense("an empty reply")
        read, wrote = (_count(usage, key) for key in ("prompt_tokens", "completion_tokens"))
        if not material.plan.parts and not request.sounds:
            self._counter.learn([request.system, *material.texts], read)
        return Reply(text, read, wrote, material.plan.numbers, cut=finish == "length")

    def _asked(
        self, body: Mapping[str, Any], deadline: Deadline | None = None
    ) -> tuple[dict[str, Any], Mapping[str, Any]]:
        """(first choice, usage) of the server's answer."""
        raw: str = self._endpoint.call(
            lambda client: client.chat.completions.with_raw_response.create(**body).http_response.text,
            deadline,
        )
        try:
            body = read_json(raw)
        except ValueError as error:
            raise self._endpoint.nonsense(f"not JSON ({' '.join(raw[:60].split())!r})") from error
        choices = body.get("choices") if isinstance(body, dict) else None
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
            raise self._endpoint.nonsense("JSON without choices")
        usage = body.get("usage")
        return choices[0], usage if isinstance(usage, dict) else {}

    # --- what to send, and what to give up ------------------------------------------------------------

    def _yielding(self, request: Request, deadline: Deadline | None, send: Callable[..., Any]) -> Any:
        """Send; where the server refuses something that can be done without, send again without it."""
        if request.frames and not self.sees:
            raise self._blind()
        if request.sounds and not self.hears:
            request = replace(request, sounds=())
        request = replace(request, packing=self._packing or request.packing)
        shrunk = False
        while True:
            body: dict[str, Any] = {}
            material = None
            try:
                material = lay_out(
                    request,
                    self._counter,
                    context_tokens=self._context(request),
                    overhead=self._counter.overhead,
                )
                body = self._body(request, material)
                return send(body, request, material, deadline)
            except RefusedError as refusal:
                if _TOO_LONG.search(refusal.reason):
                    if shrunk or material is None or not material.plan.frames:
                        raise self._too_long(refusal) from refusal
                    request, shrunk = self._shrunk(request, material, refusal), True
                    continue
                self._give_up(refusal, body, sees=bool(request.frames), hears=bool(request.sounds))

    def _body(self, request: Request, material: PromptMaterial) -> dict[str, Any]:
        body: dict[str, Any] = {"model": self.name, "messages": messages(request, material)}
        if "temperature" not in self._refused:
            body["temperature"] = 0
        newer = "max_tokens" in self._refused
        body["max_completion_tokens" if newer else "max_tokens"] = request.max_tokens
        if request.schema is not None and "response_format" not in self._refused:
            form = {"name": "reply", "schema": dict(request.schema), "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        return body

    def _give_up(self, refusal: RefusedError, body: Mapping[str, Any], *, sees: bool, hears: bool) -> None:
        """Do without what the server refused, from now on; raise when it can't be done without.

        ``sees``, ``hears``: whether pictures and sound were sent.
        """
        if refusal.status not in (401, 403, 404):
            for name, words in _OPTIONAL.items():
                sent = name in body or name == "stream_options"
                if sent and name not in self._refused and words.search(refusal.reason):
                    self._refused.add(name)
                    return
            if hears and _HEARING.search(refusal.reason) and "image" not in refusal.reason.lower():
                self.hears = False
                raise self._endpoint.error(
                    f"takes no sound ({refusal.reason}): use a model that hears, or ask without sound",
                    "no_hearing",
                ) from refusal
            if sees and _SIGHT.search(refusal.reason):
                self.sees = False
                raise self._blind(refusal.reason) from refusal
        raise refusal

    def _blind(self, reason: str = "") -> ModelError:
        said = f" ({reason})" if reason else ""
        return self._endpoint.error(
            f"has no vision{said}: serve a model that sees, or ask about what is said and written",
            "no_vision",
        )

    def _shrunk(self, request: Request, material: PromptMaterial, refusal: RefusedError) -> Request:
        """Fewer or smaller frames: within the context that the server names, else half of what they took."""
        limit = _LIMIT.search(refusal.reason)
        if limit:
            tokens = int(limit[1]) - request.max_tokens
            if request.budget_tokens is None or tokens < request.budget_tokens:
                return replace(request, budget_tokens=max(0, tokens))
        shown = material.plan.numbers
        kept = {shown[i] for i in spread(len(shown), len(shown) // 2)}
        return replace(request, frames=tuple(frame for frame in request.frames if frame.number in kept))

    def _too_long(self, refusal: RefusedError) -> ModelError:
        return self._endpoint.error(
            f"cannot read that much ({refusal.reason}): ask about less (--video, --from, --to), or serve it with a "
            "longer context",
            "too_long",
        )

    def _context(self, request: Request) -> int | None:
        """Its context, asked for only when there are frames to fit into it."""
        if self._context_tokens is not None or not request.frames:
            return self._context_tokens
        return self._listed_context

    @cached_property
    def _listed_context(self) -> int | None:
        for model in self._endpoint.models():
            if model.get("id") == self.name:
                for key in ("max_model_len", "context_length", "context_window"):
                    if isinstance(model.get(key), int):
                        return int(model[key])
        return None

    def _usage_of(self, content: list[dict[str, Any]]) -> int:
        """Input tokens of a chat with this content.

        Raises:
            ModelError: the server does not report usage (code ``"no_usage"``), has no vision or hearing, …
        """
        chat = [{"role": "system", "content": "."}, {"role": "user", "content": content}]
        kinds = {part["type"] for part in content}
        while True:
            limit = "max_completion_tokens" if "max_tokens" in self._refused else "max_tokens"
            try:
                _, usage = self._asked({"model": self.name, "messages": chat, limit: 1})
                break
            except RefusedError as refusal:
                self._give_up(refusal, {limit: 1}, sees="image_url" in kinds, hears="input_audio" in kinds)
        if tokens := _count(usage, "prompt_tokens"):
            return tokens
        raise self._endpoint.error(
            "reports no usage, so that a budget of tokens cannot be kept: ask without a budget, or use a server "
            "that reports it",
            "no_usage",
        )


def _deadline(request: Request) -> Deadline | None:
    return None if request.timeout_s is None else Deadline(request.timeout_s)


def _count(usage: Mapping[str, Any], key: str) -> int:
    value = usage.get(key)
    return value if isinstance(value, int) and value > 0 else 0
