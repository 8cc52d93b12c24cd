"""An OpenAI-compatible server for tests: a real HTTP server that reads what it is sent, and plays what it is told.

::

    with OpenAIServer() as server:
        server.play("a reply", Status(429, retry_after=2), "the next")
        lm = OpenAIVideoLM(server.model, base_url=server.url)

It speaks ``/v1/chat/completions`` (also streamed), ``/v1/audio/transcriptions``, ``/v1/models`` and ``/tokenize``.
Pictures and sound are decoded, so that a test sees what a model would. With nothing left to play it says what it
was shown: the times it reads and the numbers that the frames of ``coded`` films carry in their pixels.
"""

from __future__ import annotations

import base64
import email
import email.policy
import io
import json
import math
import re
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

MODEL = "tiny-vlm"
PATCH = 28
TEMPLATE = 4
BITS = 16

Segment = tuple[float, float, str]


# --- frames that carry their number -----------------------------------------------------------------


def coded(number: int, width: int = 320, height: int = 180) -> NDArray[np.uint8]:
    """A picture that carries ``number`` (16 bits) as a 4 x 4 board of black and white fields."""
    bits = np.array([(number >> bit) & 1 for bit in range(BITS)], np.uint8).reshape(4, 4) * 255
    rows = np.arange(height) * 4 // height
    columns = np.arange(width) * 4 // width
    return np.repeat(bits[rows][:, columns, None], 3, axis=2)


def code_of(picture: NDArray[np.uint8]) -> int:
    """The number that a ``coded`` picture carries, after any lossy compression and change of size."""
    height, width = picture.shape[:2]
    middles = [(2 * i + 1) / 8 for i in range(4)]
    fields = [picture[int(y * height), int(x * width)].mean() > 127 for y in middles for x in middles]
    return sum(1 << bit for bit, white in enumerate(fields) if white)


# --- what it can be told to do -----------------------------------------------------------------------


@dataclass(frozen=True)
class Status:
    """Refuse with this HTTP status."""

    status: int
    message: str = "no"
    retry_after: str | float | None = None
    code: str | None = None


@dataclass(frozen=True)
class Hang:
    """Say nothing for so long."""

    seconds: float = 30.0


@dataclass(frozen=True)
class Raw:
    """Answer with this body, whatever it is."""

    body: bytes
    content_type: str = "application/json"


@dataclass(frozen=True)
class Cut:
    """Begin a reply and break the connection after ``pieces`` words, or fall silent first for so many ``seconds``.

    ``clean``: end it as if that were all.
    """

    text: str = "a reply that never comes to its end"
    pieces: int = 3
    clean: bool = False
    seconds: float = 0.0


@dataclass(frozen=True)
class Says:
    """A reply with its ``finish_reason``."""

    text: str | None
    finish: str = "stop"
    refusal: str | None = None


Act = str | Says | Status | Hang | Raw | Cut


@dataclass
class Received:
    """One chat request, decoded: parts in order, each a str, a picture (h, w, 3) or sound (n,) at 16 kHz."""

    body: dict[str, Any]
    headers: dict[str, str]
    system: str = ""
    parts: list[Any] = field(default_factory=list)
    tokens: int = 0

    @property
    def texts(self) -> list[str]:
        return [part for part in self.parts if isinstance(part, str)]

    @property
    def pictures(self) -> list[NDArray[np.uint8]]:
        return [part for part in self.parts if isinstance(part, np.ndarray) and part.ndim == 3]

    @property
    def sounds(self) -> list[NDArray[np.float32]]:
        return [part for part in self.parts if isinstance(part, np.ndarray) and part.ndim == 1]

    @property
    def timed(self) -> list[tuple[str, int]]:
        """(the text before it, the number it carries) of every picture."""
        pairs, text = [], ""
        for part in self.parts:
            if isinstance(part, str):
                text = part
            elif part.ndim == 3:
                pairs.append((text, code_of(part)))
        return pairs


class OpenAIServer:
    """See the module. ``requests`` are the chats it took, without those that only ask for a count (``probes``)."""

    def __init__(
        self,
        model: str = MODEL,
        *,
        vision: bool = True,
        hearing: bool = True,
        tokenizer: bool = True,
        usage: bool = True,
        context: int | None = 32_768,
        key: str | None = None,
        refuses: tuple[str, ...] = (),
    ) -> None:
        self.model = model
        self.vision = vision
        self.hearing = hearing
        self.tokenizer = tokenizer
        self.usage = usage
        self.context = context
        self.key = key
        self.refuses = refuses
        self.requests: list[Received] = []
        self.probes: list[Received] = []
        self.transcriptions: list[dict[str, Any]] = []
        self.speech: Callable[[NDArray[np.float32]], list[Segment]] = loud_stretches
        self.acts: deque[Act] = deque()
        self.closing = threading.Event()

    def play(self, *acts: Act) -> None:
        """What to do at the next requests that are no probes, in order."""
        self.acts.extend(acts)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> OpenAIServer:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._http.block_on_close = False
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def count(self, text: str) -> int:
        """Tokens of text: a word or a sign each."""
        return len(re.findall(r"\w+|[^\w\s]", text))

    def cost(self, received: Received) -> int:
        """Tokens of a whole chat, as it reports them."""
        total = 3 * TEMPLATE + self.count(received.system) + sum(map(self.count, received.texts))
        for picture in received.pictures:
            total += math.ceil(picture.shape[1] / PATCH) * math.ceil(picture.shape[0] / PATCH) + 2
        return total + sum(math.ceil(25 * len(sound) / 16_000) for sound in received.sounds)

    def next_act(self, received: Received) -> Act:
        """What to answer: a wrong request is refused as servers do, then comes what is to be played."""
        if self.key is not None and received.headers.get("authorization") != f"Bearer {self.key}":
            return Status(401, "Incorrect API key provided")
        if received.body.get("model") != self.model:
            return Status(404, f"The model `{received.body.get('model')}` does not exist.")
        for name in self.refuses:
            if name in received.body:
                return Status(400, f"Unsupported parameter: '{name}' is not supported with this model.")
        if received.pictures and not self.vision:
            return Status(400, f"{self.model} is not a multimodal model, image_url is not supported")
        if received.sounds and not self.hearing:
            return Status(400, "At most 0 audio(s) may be provided in one request (input_audio).")
        wanted = received.body.get("max_tokens") or received.body.get("max_completion_tokens") or 0
        if self.context is not None and received.tokens + wanted > self.context:
            return Status(
                400,
                f"This model's maximum context length is {self.context} tokens. However, you requested "
                f"{received.tokens + wanted} tokens. Please reduce the length of the messages.",
            )
        if wanted == 1:
            return "x"
        return self.acts.popleft() if self.acts else self.describe(received)

    def describe(self, received: Received) -> str:
        """What it was shown, in words."""
        seen = "; ".join(f"{text} shows {code}" for text, code in received.timed)
        return f"I was shown {len(received.pictures)} pictures. {seen}".strip()


def loud_stretches(samples: NDArray[np.float32], rate: int = 16_000) -> list[Segment]:
    """Speech as a level meter hears it: one segment for each stretch that is not silent, cut at 0.3 s of silence."""
    window = rate // 50
    levels = [float(np.abs(samples[i : i + window]).max()) > 0.01 for i in range(0, len(samples), window)]
    segments: list[Segment] = []
    for i, loud in enumerate(levels):
        if not loud:
            continue
        start_s, end_s = i / 50, min((i + 1) / 50, len(samples) / rate)
        if segments and start_s - segments[-1][1] < 0.3:
            segments[-1] = (segments[-1][0], end_s, segments[-1][2])
        else:
            segments.append((start_s, end_s, f"sound number {len(segments) + 1}"))
    return segments


def _handler(server: OpenAIServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            if self.path.rstrip("/") == "/v1/models":
                card: dict[str, Any] = {"id": server.model, "object": "model"}
                if server.context is not None:
                    card["max_model_len"] = server.context
                self.send_json(200, {"object": "list", "data": [card]})
            else:
                self.send_json(404, {"error": {"message": "Not Found"}})

        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/v1/chat/completions":
                self.chat(json.loads(data))
            elif self.path == "/v1/audio/transcriptions":
                self.transcribe(data)
            elif self.path == "/tokenize" and server.tokenizer:
                tokens = server.count(json.loads(data)["prompt"])
                self.send_json(
                    200, {"count": tokens, "max_model_len": server.context, "tokens": list(range(tokens))}
                )
            else:
                self.send_json(404, {"detail": "Not Found"})

        # --- chat ---------------------------------------------------------------------------------

        def chat(self, body: dict[str, Any]) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            received = Received(body, headers)
            for message in body["messages"]:
                content = message["content"]
                parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
                if message["role"] == "system":
                    received.system += "".join(part["text"] for part in parts)
                else:
                    received.parts += [_decoded(part) for part in parts]
            received.tokens = server.cost(received)
            probe = 1 in (body.get("max_tokens"), body.get("max_completion_tokens"))
            (server.probes if probe else server.requests).append(received)
            act = server.next_act(received)
            if isinstance(act, Hang):
                server.closing.wait(act.seconds)
                self.close_connection = True
            elif isinstance(act, Raw):
                self.send_bytes(200, act.body, act.content_type)
            elif isinstance(act, Status):
                self.refuse(act)
            elif body.get("stream"):
                self.stream(act, received)
            else:
                self.whole(act, received)

        def usage(self, received: Received, text: str) -> dict[str, int]:
            wrote = server.count(text)
            return {
                "prompt_tokens": received.tokens,
                "completion_tokens": wrote,
                "total_tokens": received.tokens + wrote,
            }

        def whole(self, act: str | Says | Cut, received: Received) -> None:
            says = act if isinstance(act, Says) else Says(act if isinstance(act, str) else act.text)
            message = {"role": "assistant", "content": says.text, "refusal": says.refusal}
            body: dict[str, Any] = {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 0,
                "model": server.model,
                "choices": [{"index": 0, "message": message, "finish_reason": says.finish}],
            }
            if server.usage:
                body["usage"] = self.usage(received, says.text or "")
            data = json.dumps(body).encode()
            if isinstance(act, Cut):
                self.send_bytes(200, data, "application/json", sent=len(data) // 2)
            else:
                self.send_bytes(200, data, "application/json")

        def stream(self, act: str | Says | Cut, received: Received) -> None:
            says = act if isinstance(act, Says) else Says(act if isinstance(act, str) else act.text)
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            pieces = re.findall(r"\S+\s*|\s+", says.text or "")
            for number, piece in enumerate(pieces):
                if isinstance(act, Cut) and number == act.pieces:
                    server.closing.wait(act.seconds)
                    self.end_stream(act.clean)
                    return
                self.event({"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]})
            self.event({"choices": [{"index": 0, "delta": {}, "finish_reason": says.finish}]})
            options = received.body.get("stream_options") or {}
            if server.usage and options.get("include_usage"):
                self.event({"choices": [], "usage": self.usage(received, says.text or "")})
            self.chunk(b"data: [DONE]\n\n")
            self.end_stream(clean=True)

        def event(self, fields: dict[str, Any]) -> None:
            base = {
                "id": "chatcmpl-1",
                "object": "chat.completion.chunk",
                "created": 0,
                "model": server.model,
            }
            self.chunk(b"data: " + json.dumps({**base, **fields}).encode() + b"\n\n")

        def chunk(self, data: bytes) -> None:
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()

        def end_stream(self, clean: bool) -> None:
            if clean:
                self.wfile.write(b"0\r\n\r\n")
            self.close_connection = True

        # --- speech -------------------------------------------------------------------------------

        def transcribe(self, data: bytes) -> None:
            fields = _form(self.headers["Content-Type"], data)
            server.transcriptions.append(fields)
            if server.acts and not isinstance(server.acts[0], str | Says | Cut):
                act = server.acts.popleft()
                if isinstance(act, Status):
                    self.refuse(act)
                elif isinstance(act, Raw):
                    self.send_bytes(200, act.body, act.content_type)
                else:
                    server.closing.wait(act.seconds)
                    self.close_connection = True
                return
            if fields.get("model") != server.model:
                self.refuse(Status(404, f"The model `{fields.get('model')}` does not exist."))
                return
            samples = _sound(fields["file"])
            fields["samples"] = samples
            segments = server.speech(samples)
            text = " ".join(said for _, _, said in segments)
            if fields.get("response_format", "json") != "verbose_json":
                self.send_json(200, {"text": text})
                return
            body: dict[str, Any] = {
                "task": "transcribe",
                "language": fields.get("language") or "english",
                "duration": len(samples) / 16_000,
                "text": text,
            }
            wanted = fields.get("timestamp_granularities[]", ["segment"])
            if "segment" in wanted:
                body["segments"] = [
                    {
                        "id": i,
                        "start": a,
                        "end": b,
                        "text": f" {said}",
                        "avg_logprob": -0.2,
                        "no_speech_prob": 0.01,
                    }
                    for i, (a, b, said) in enumerate(segments)
                ]
            if "word" in wanted:
                body["words"] = [word for segment in segments for word in _words(*segment)]
            self.send_json(200, body)

        # --- the wire -----------------------------------------------------------------------------

        def refuse(self, act: Status) -> None:
            error = {"message": act.message, "type": "error", "code": act.code}
            headers = {} if act.retry_after is None else {"Retry-After": str(act.retry_after)}
            self.send_json(act.status, {"error": error}, headers)

        def send_json(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
            self.send_bytes(status, json.dumps(body).encode(), "application/json", headers=headers)

        def send_bytes(
            self,
            status: int,
            data: bytes,
            content_type: str,
            *,
            sent: int | None = None,
            headers: dict[str, str] | None = None,
        ) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(data)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data[:sent])
            if sent is not None:
                self.close_connection = True

    return Handler


def _decoded(part: dict[str, Any]) -> Any:
    """A content part as a model takes it; raises on what is no text, image or sound."""
    if part["type"] == "text":
        return str(part["text"])
    if part["type"] == "image_url":
        head, _, data = part["image_url"]["url"].partition(",")
        assert re.fullmatch(r"data:image/(jpeg|png|webp);base64", head), head
        with Image.open(io.BytesIO(base64.b64decode(data, validate=True))) as image:
            return np.asarray(image.convert("RGB"))
    assert part["type"] == "input_audio", part["type"]
    assert part["input_audio"]["format"] == "wav"
    return _sound(base64.b64decode(part["input_audio"]["data"], validate=True))


def _sound(data: bytes) -> NDArray[np.float32]:
    """Any audio file as 16 kHz mono, shape (n,)."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=16_000)
    with av.open(io.BytesIO(data)) as container:
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames] or [np.zeros(0, np.float32)])


def _form(content_type: str, data: bytes) -> dict[str, Any]:
    """A multipart form: str fields, bytes for files, lists for names that end in ``[]``."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    fields: dict[str, Any] = {}
    for part in email.message_from_bytes(head + data, policy=email.policy.HTTP).iter_parts():
        name = part.get_param("name", header="content-disposition")
        value = part.get_payload(decode=True)
        if part.get_filename() is not None:
            fields[name] = value
        elif name.endswith("[]"):
            fields.setdefault(name, []).append(value.decode())
        else:
            fields[name] = value.decode()
    return fields


def _words(start_s: float, end_s: float, text: str) -> list[dict[str, Any]]:
    """A segment's words, sharing its time evenly."""
    words = text.split()
    step_s = (end_s - start_s) / max(1, len(words))
    return [
        {"word": word, "start": start_s + i * step_s, "end": start_s + (i + 1) * step_s}
        for i, word in enumerate(words)
    ]
