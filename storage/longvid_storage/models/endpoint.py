"""A model behind an OpenAI-compatible server: one client, every error one sentence, deadlines that hold.

How often, and after which pauses, a busy server is asked again is the client library's own affair.
"""

from __future__ import annotations

import os
import re
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from functools import cached_property
from typing import Any, TypeVar

from longvid_storage.errors import OUT_OF_TIME, MissingExtraError, ModelError, first_line

Result = TypeVar("Result")

HOSTED = "https://api.openai.com/v1"
CONNECT_S = 10.0
# A 5xx that says this is about what was sent, and would come again.
_FINAL = re.compile(r"image|vision|multi-?modal|mmproj|audio|context length|too long", re.IGNORECASE)


# ``late`` of a thread whose call has a deadline: the error once that is over.
_this_thread = threading.local()


class RefusedError(ModelError):
    """The server understood and said no; ``status`` is HTTP's, ``reason`` the server's own words."""

    code = "refused"

    def __init__(self, message: str, *, status: int, reason: str, code: str = "refused") -> None:
        super().__init__(message, code=code)
        self.status = status
        self.reason = reason


class Deadline:
    """A time ``seconds`` from now on, after which an answer is of no use."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end_s = time.monotonic() + seconds

    @property
    def left_s(self) -> float:
        """Seconds until then; below zero afterwards."""
        return self._end_s - time.monotonic()

    @property
    def over(self) -> bool:
        """Whether it has passed."""
        return self.left_s <= 0


class Endpoint:
    """Where a served model answers.

    Args:
        what: the model in a sentence (``"the language model qwen3-vl"``).
        base_url: the server's address with its ``/v1``; None: ``OPENAI_BASE_URL``, else api.openai.com.
        api_key: None: ``OPENAI_API_KEY``; a local server needs none.
        timeout_s: the longest wait for the next bytes of an answer.
        attempts: how often a request is sent in all while the server is busy or silent; the client's own default.
        otherwise: what a user can do instead, in brackets behind every error (``" (or --extractive)"``).

    Making one is cheap: the client is made at the first call.
    """

    def __init__(
        self,
        what: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout_s: float = 120.0,
        attempts: int = 3,
        otherwise: str = "",
    ) -> None:
        self.what = what
        self.url = (base_url or os.environ.get("OPENAI_BASE_URL") or HOSTED).rstrip("/")
        self.otherwise = otherwise
        self._key = api_key or os.environ.get("OPENAI_API_KEY")
        self._timeout_s = timeout_s
        self._attempts = max(1, attempts)

    @property
    def root(self) -> str:
        """The address without ``/v1``, where servers keep what is not OpenAI's (``/tokenize``)."""
        return self.url.removesuffix("/v1")

    @cached_property
    def sdk(self) -> Any:
        """The package ``openai``.

        Raises:
            MissingExtraError: it is not installed.
        """
        try:
            import openai
        except ImportError as error:
            raise MissingExtraError(f"{self.what} needs openai: pip install 'longvid[served]'") from error
        return openai

    @cached_property
    def client(self) -> Any:
        """The ``openai.OpenAI`` client.

        Raises:
            ModelError: no server is named and there is no key for the hosted one (code ``"no_key"``).
        """
        openai = self.sdk
        if self.url == HOSTED and not self._key:
            raise self.error(
                "has no server: set OPENAI_BASE_URL to yours (such as http://127.0.0.1:8000/v1), or "
                "OPENAI_API_KEY for api.openai.com",
                "no_key",
            )
        timeout = openai.Timeout(self._timeout_s, connect=min(CONNECT_S, self._timeout_s))
        made = openai.OpenAI(
            base_url=self.url,
            api_key=self._key or "none",  # local servers ask for none, and the client insists on one to send
            timeout=timeout,
            max_retries=self._attempts - 1,
            http_client=openai.DefaultHttpxClient(
                event_hooks={"request": [_before_sending], "response": [_before_retrying]}
            ),
        )
        # Connections are kept open between calls, and closed when nobody holds this any more.
        weakref.finalize(self, made.close)
        return made

    def call(self, function: Callable[[Any], Result], deadline: Deadline | None = None) -> Result:
        """``function(client)``, at most until the ``deadline``.

        Raises:
            RefusedError: the server said no (4xx, or a 5xx about what was sent).
            ModelError: it is down (``"down"``), slow (``"slow"``), busy for too long (``"rate_limited"``,
                ``"server_error"``), answered with something else than JSON (``"nonsense"``), or did not answer until
                the deadline (``"out_of_time"``).
        """
        openai = self.sdk
        try:
            return function(self.client) if deadline is None else self._until(deadline, function)
        except (openai.APIError, ValueError) as error:
            raise self.mapped(error, deadline) from error

    def _until(self, deadline: Deadline, function: Callable[[Any], Result]) -> Result:
        """``function(client)`` in a thread that is left alone at the deadline, in whatever pause it is then."""
        left_s = min(deadline.left_s, self._timeout_s)
        if left_s <= 0:
            raise self.late(deadline)
        timeout = self.sdk.Timeout(left_s, connect=min(CONNECT_S, left_s))
        client = self.client.with_options(timeout=timeout)
        done: Future[Result] = Future()

        def work() -> None:
            _this_thread.late = lambda: self.late(deadline) if deadline.over else None
            try:
                done.set_result(function(client))
            except BaseException as error:  # noqa: BLE001 - raised where the result is awaited
                done.set_exception(error)

        threading.Thread(target=work, name=self.what, daemon=True).start()
        try:
            return done.result(deadline.left_s)
        except TimeoutError:
            raise self.late(deadline) from None

    def late(self, deadline: Deadline) -> ModelError:
        """The error for an answer that was not there in the time it was given."""
        return self.error(f"did not answer within {deadline.seconds:.3g} s: give it longer", OUT_OF_TIME)

    def mapped(self, error: Exception, deadline: Deadline | None = None) -> ModelError:
        """The one sentence for an error of the client, a broken stream's included."""
        openai = self.sdk
        if isinstance(error, openai.APITimeoutError) and deadline is not None and deadline.over:
            return self.late(deadline)
        if isinstance(error, openai.APIStatusError):
            return self._refusal(error)
        if isinstance(error, openai.APITimeoutError):
            return self.error(
                f"sent nothing for {self._timeout_s:g} s: it may be loading or overloaded; try again, or give it "
                "longer (timeout_s)",
                "slow",
            )
        if isinstance(error, openai.APIConnectionError):
            return self.error(
                f"cannot be reached ({first_line(error.__cause__ or error)}): start the server, or correct its "
                "address (OPENAI_BASE_URL)",
                "down",
            )
        if isinstance(error, openai.APIError):
            reason = _one_line(error.message)
            return RefusedError(self._sentence(f"broke off: {reason}"), status=400, reason=reason)
        return self.nonsense(f"not JSON ({_one_line(str(error))})")

    def nonsense(self, what: str) -> ModelError:
        """The error for an answer that is no answer: ``what`` it was instead."""
        return self.error(
            f"answered with {what}: the address must be an OpenAI-compatible API, usually ending in /v1",
            "nonsense",
        )

    def error(self, what: str, code: str) -> ModelError:
        """``"the language model m at http://… <what> (or …)"``."""
        return ModelError(self._sentence(what), code=code)

    def _sentence(self, what: str) -> str:
        return f"{self.what} at {self.url} {what}{self.otherwise}"

    def _refusal(self, error: Any) -> ModelError:
        status, reason = error.status_code, _reason(error)
        lasting = "insufficient_quota" in str(error.body) or (status >= 500 and _FINAL.search(reason))
        if status == 429 and not lasting:
            asked = error.response.headers.get("retry-after")
            wait = f", and asks to wait {asked} s" if asked and asked.isdecimal() else ""
            return self.error(f"is rate-limited ({reason}{wait}): try again later", "rate_limited")
        if (status >= 500 or status == 408) and not lasting:
            return self.error(
                f"keeps failing with HTTP {status} ({reason}): look at the server's log", "server_error"
            )
        if status in (401, 403):
            return RefusedError(
                self._sentence(
                    f"refused the key (HTTP {status}: {reason}): set OPENAI_API_KEY to one it knows"
                ),
                status=status,
                reason=reason,
                code="refused_key",
            )
        if status == 404:
            return RefusedError(
                self._sentence(f"is not there (HTTP 404: {reason}): {self._there()}"),
                status=status,
                reason=reason,
                code="no_model",
            )
        return RefusedError(
            self._sentence(
                f"refused the request (HTTP {status}: {reason}): change what is asked, or the model"
            ),
            status=status,
            reason=reason,
        )

    def _there(self) -> str:
        names = [str(each.get("id")) for each in self.models()][:5]
        if names:
            return f"give one of its models ({', '.join(names)})"
        return "check the address (it usually ends in /v1) and the model's name"

    def models(self) -> list[dict[str, Any]]:
        """What the server lists as its models; none when it has no such list."""
        openai = self.sdk
        try:
            listed = self.client.get("/models", cast_to=object)
        except (openai.APIError, ValueError):
            return []
        data = listed.get("data") if isinstance(listed, dict) else None
        return [each for each in data if isinstance(each, dict)] if isinstance(data, list) else []


def _before_sending(request: Any) -> None:
    """Nothing is sent again behind the deadline. (No method: the client would keep its endpoint alive.)"""
    late = getattr(_this_thread, "late", lambda: None)()
    if late is not None:
        raise late


def _before_retrying(response: Any) -> None:
    """Tell the client not to ask again where the same request would fail again."""
    if response.status_code == 429 or response.status_code >= 500:
        said = response.read().decode(errors="replace")
        lasting = re.compile("insufficient_quota") if response.status_code == 429 else _FINAL
        if lasting.search(said):
            response.headers["x-should-retry"] = "false"


def _reason(error: Any) -> str:
    """The server's own words, as OpenAI, vLLM and Ollama put them, on one line."""
    body = error.body
    if isinstance(body, dict):
        inner = body.get("error", body)
        said = inner.get("message") or inner.get("detail") if isinstance(inner, dict) else inner
        if said:
            return _one_line(str(said))
    return _one_line(str(body or error.message))


def _one_line(text: str) -> str:
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= 200 else f"{line[:200]}…"
