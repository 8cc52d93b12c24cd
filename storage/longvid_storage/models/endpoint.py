"""A model behind an OpenAI-compatible server: one client, patience with busy servers, every error one sentence."""

from __future__ import annotations

import email.utils
import logging
import os
import random
import re
import time
import weakref
from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

from longvid_storage.errors import OUT_OF_TIME, MissingExtraError, ModelError, first_line

Result = TypeVar("Result")

HOSTED = "https://api.openai.com/v1"
CONNECT_S = 10.0
# Statuses after which the same request may succeed.
_BUSY = frozenset((408, 429, 500, 502, 503, 504))
# A 500 that says this is about what was sent, and would come again.
_FINAL = re.compile(r"image|vision|multi-?modal|mmproj|audio|context length|too long", re.IGNORECASE)
_log = logging.getLogger(__name__)


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
        attempts: how often a request is sent in all when the server is busy.
        longest_wait_s: the longest pause between two attempts; a server that asks for more is not waited for.
        otherwise: what a user can do instead, in brackets behind every error (``" (or --extractive)"``).
        sleep: waits; tests give their own.

    Making one is cheap: the client is made at the first call.
    """

    def __init__(
        self,
        what: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout_s: float = 120.0,
        attempts: int = 4,
        longest_wait_s: float = 60.0,
        otherwise: str = "",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.what = what
        self.url = (base_url or os.environ.get("OPENAI_BASE_URL") or HOSTED).rstrip("/")
        self.otherwise = otherwise
        self._key = api_key or os.environ.get("OPENAI_API_KEY")
        self._timeout_s = timeout_s
        self._attempts = attempts
        self._longest_wait_s = longest_wait_s
        self._sleep = sleep

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
        # Local servers ask for no key, and the client insists on having one to send.
        made = openai.OpenAI(base_url=self.url, api_key=self._key or "none", timeout=timeout, max_retries=0)
        # Connections are kept open between calls, and closed when nobody holds this any more.
        weakref.finalize(self, made.close)
        return made

    def call(self, function: Callable[[Any], Result], deadline: Deadline | None = None) -> Result:
        """``function(client)``, sent again with growing pauses (or the server's ``Retry-After``) while it is busy.

        Until the ``deadline`` only: no wait goes past it.

        Raises:
            RefusedError: the server said no (4xx, or a 5xx about what was sent).
            ModelError: it is down (``"down"``), slow (``"slow"``), busy for too long (``"rate_limited"``,
                ``"server_error"``), answered with something else than JSON (``"nonsense"``), or did not answer until
                the deadline (``"out_of_time"``).
        """
        openai = self.sdk
        attempt = 0
        while True:
            attempt += 1
            try:
                return function(self._client_until(deadline))
            except openai.APIStatusError as error:
                pause_s = self._pause(error, attempt)
                if deadline is not None and pause_s >= deadline.left_s:
                    raise self.late(deadline) from error
                _log.info("%s: HTTP %d, sent again in %.1f s", self.what, error.status_code, pause_s)
                self._sleep(pause_s)
            except (openai.APIError, ValueError) as error:
                raise self.mapped(error, deadline) from error

    def _client_until(self, deadline: Deadline | None) -> Any:
        """The client, waiting for bytes no longer than until the deadline."""
        if deadline is None:
            return self.client
        left_s = min(deadline.left_s, self._timeout_s)
        if left_s <= 0:
            raise self.late(deadline)
        return self.client.with_options(timeout=self.sdk.Timeout(left_s, connect=min(CONNECT_S, left_s)))

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

    def _pause(self, error: Any, attempt: int) -> float:
        """Seconds until the next attempt; raises when there is none."""
        reason = _reason(error)
        lasting = error.status_code not in (408, 429) and _FINAL.search(reason)
        if error.status_code not in _BUSY or lasting or "insufficient_quota" in str(error.body):
            raise self._refusal(error) from error
        asked_s = _retry_after(error.response.headers)
        pause_s = 0.5 * 2 ** (attempt - 1) * random.uniform(0.75, 1.0) if asked_s is None else asked_s
        if attempt < self._attempts and pause_s <= self._longest_wait_s:
            return pause_s
        if error.status_code == 429:
            wait = "" if asked_s is None else f"; it asks to wait {asked_s:g} s"
            raise self.error(
                f"is rate-limited after {attempt} {'try' if attempt == 1 else 'tries'}{wait}: try again later",
                "rate_limited",
            ) from error
        raise self.error(
            f"failed {attempt} {'time' if attempt == 1 else 'times'} with HTTP {error.status_code} "
            f"({reason}): look at the server's log",
            "server_error",
        ) from error

    def _refusal(self, error: Any) -> RefusedError:
        status, reason = error.status_code, _reason(error)
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


def _retry_after(headers: Any) -> float | None:
    """Seconds a server asks to wait (``Retry-After`` as seconds or a date, ``retry-after-ms``), None if it does not."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        if re.fullmatch(r"\d+(\.\d+)?", value.strip()):
            return float(value) / unit
        date = email.utils.parsedate_tz(value)
        if date is not None:
            return max(0.0, email.utils.mktime_tz(date) - time.time())
    return None


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
