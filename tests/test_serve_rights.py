"""The one property of rights: who may see B gets of a library holding A and B what one holding only B gives.

Requests are random, over every route, with ids and names of both, and of neither. Compared are status, type and body,
scores included; left out are numbers that no two libraries share (ids of passages) and times that were measured.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from longvid.server.mcp_tools import TOOLS
from longvid.server.replies import cursor_of
from longvid_storage.types import speaker_key
from serve_tools import bearer, library_of, serving, video

SEEN, HIDDEN = ("garden", "ocean"), "team"
REQUESTS = int(os.environ.get("LONGVID_RIGHTS_REQUESTS", "2000"))
# Another seed makes up other requests: ten thousand can be asked in pieces.
SEED = int(os.environ.get("LONGVID_RIGHTS_SEED", "7"))
_TIMES = {"at_s", "seconds", "created", "created_at", "completed_at"}
_OWN = {"id", "passage_id", "passage_ids", "passages", "frames_decoded"} | _TIMES
_MINE = [video(name, number) for number in range(3) for name in SEEN]
_FOREIGN = [video(HIDDEN, number) for number in range(4)]
_TEXT = """tomato water compost light plants morning tides moon currents coast warm garden ocean part guest Maya
    migration database cluster budget plan the before of team applause zebra"""
_WORDS = _TEXT.split()

Request = dict[str, Any]


def common(value: Any) -> Any:
    """A body without what no two libraries share."""
    if isinstance(value, dict):
        return {key: common(each) for key, each in value.items() if key not in _OWN}
    return [common(each) for each in value] if isinstance(value, list) else value


class Asker:
    """Makes requests up; ``kept`` is the last answer, to export."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.kept: dict[str, Any] | None = None

    def video(self) -> str:
        one = self.chance.choice([*_MINE, *_FOREIGN])
        kinds = [
            one.video_id,
            one.video_id[: self.chance.randint(2, 14)],
            one.title,
            f"{one.title}.mp4",
            "f" * 64,
        ]
        return self.chance.choice([*kinds, one.video_id, one.title.upper(), "nobody", one.title[:8]])

    def collection(self) -> str:
        return self.chance.choice([*SEEN, HIDDEN, "none"])

    def speaker(self) -> str:
        return self.chance.choice(
            ["Maya", "Jonas", "Guest of garden", "Guest of team", "guest of OCEAN", "Nobody"]
        )

    def words(self) -> str:
        return " ".join(self.chance.sample(_WORDS, self.chance.randint(1, 5)))

    def filters(self) -> dict[str, Any]:
        given: dict[str, Any] = {}
        if self.chance.random() < 0.3:
            given["video"] = [self.video() for _ in range(self.chance.randint(1, 2))]
        if self.chance.random() < 0.3:
            given["collection"] = self.collection()
        if self.chance.random() < 0.3:
            given["speaker"] = self.speaker()
        if self.chance.random() < 0.2:
            given["from_s"] = self.chance.choice([0, 5.5, 20, 1000])
        if self.chance.random() < 0.2:
            given["to_s"] = self.chance.choice([1, 25, 40, 2000])
        return given

    def get(self, path: str, **params: Any) -> Request:
        chosen = {name: value for name, value in params.items() if self.chance.random() < 0.4}
        return {"method": "GET", "url": path, "params": chosen}

    def post(self, path: str, **body: Any) -> Request:
        return {"method": "POST", "url": path, "json": {**body, **self.filters()}}

    def question(self) -> str:
        forms = (
            "What does {} need?",
            "Who talks about {}?",
            "How many times is {} said?",
            "In which videos is {}?",
        )
        return self.chance.choice(forms).format(self.words())

    def request(self) -> Request:
        """One request."""
        chat = f"/v1/chats/{self.chance.choice(['one', 'two', 'theirs', 'chat-1'])}"
        part = self.chance.choice(
            ["transcript", "lines", "slides", "sounds", "chapters", "speakers", "summary"]
        )
        film = self.chance.choice(["frame", "storyboard.vtt", "storyboard/0.webp", "slides/0", "media"])
        kinds: list[Callable[[], Request]] = [
            lambda: self.post("/v1/search", query=self.words(), k=self.chance.choice([1, 5, 50])),
            lambda: self.post("/v1/mentions", terms=self.chance.sample(_WORDS, 2)),
            lambda: self.get(
                "/v1/mentions",
                terms=self.chance.choice(_WORDS),
                limit=self.chance.randint(1, 3),
                cursor=cursor_of([self.chance.choice("abcdefghijklmnopqrstuvw"), ""]),
            ),
            lambda: self.post("/v1/ask", question=self.question()),
            lambda: self.get(
                "/v1/videos",
                collection=self.collection(),
                q=self.chance.choice(_WORDS),
                speaker=self.speaker(),
                sort=self.chance.choice(["title", "-date", "duration"]),
                limit=self.chance.randint(1, 9),
                first=self.chance.randint(0, 3),
                **{"from": "2024-03-02", "to": "2024-03-03"},
            ),
            lambda: self.get("/v1/collections", limit=self.chance.randint(1, 3)),
            lambda: self.get(f"/v1/videos/{self.video()}", lines="false"),
            lambda: self.get(
                f"/v1/videos/{self.video()}/{part}",
                format=self.chance.choice(["vtt", "json", "youtube"]),
                from_s=self.chance.choice([0, 30]),
                length="long",
                level="scene",
                q=self.chance.choice(_WORDS),
                first=self.chance.randint(0, 3),
                each=2,
            ),
            lambda: {"method": "DELETE", "url": f"/v1/videos/{self.chance.choice(_FOREIGN).video_id}"},
            lambda: {
                "method": "PATCH",
                "url": f"/v1/videos/{self.video()}/speakers",
                "json": {"old": self.speaker(), "new": self.speaker()},
            },
            lambda: self.get("/v1/chats"),
            lambda: self.get(chat),
            lambda: self.post(f"{chat}/ask", question=self.question()),
            lambda: self.post("/v1/chats", name=chat.rpartition("/")[2]),
            lambda: {"method": "DELETE", "url": chat},
            lambda: {"method": "PATCH", "url": chat, "json": {"name": self.chance.choice(["one", "three"])}},
            lambda: self.get(f"/v1/videos/{self.video()}/{film}", t=self.chance.choice([0, 30]), width=64),
            lambda: self.get(self.chance.choice(["/v1/jobs", "/v1/jobs/none", "/v1/webhooks"])),
            lambda: {"method": "HEAD", "url": "/v1/uploads/none", "headers": {"Tus-Resumable": "1.0.0"}},
            lambda: self.get(self.chance.choice(["/v1/keys", "/metrics", "/v1/nothing"])),
            self.export,
            self.tool,
            self.shape,
        ]
        weights = [4, 3, 2, 2, 4, 2, 5, 9, 2, 2, 2, 2, 1, 2, 2, 1, 3, 1, 1, 2, 2, 7, 3]
        return self.chance.choices(kinds, weights)[0]()

    def tool(self) -> Request:
        """A tool or resource of MCP, with the same words in other names."""
        name = self.chance.choice([*(each.name for each in TOOLS), "none"])
        given: dict[str, Any] = {
            "query": self.words(),
            "terms": self.chance.sample(_WORDS, 2),
            "question": self.question(),
            "video": self.video(),
            "at_s": 5,
            "paths": ["/tmp"],
            "words": self.chance.choice(_WORDS),
        }
        takes = next((each.takes for each in TOOLS if each.name == name), {"properties": {}, "required": []})
        needed = {key: given[key] for key in takes.get("required", ()) if key in given}
        told = {
            key: each for key, each in self.filters().items() if key in takes["properties"] and key != "video"
        }
        call: dict[str, Any] = {
            "method": "tools/call",
            "params": {"name": name, "arguments": {**needed, **told}},
        }
        kind = self.chance.choice(["transcript", "chapters", ""])
        reads = {
            "method": "resources/read",
            "params": {"uri": f"longvid://video/{self.video()}/{kind}".strip("/")},
        }
        call = self.chance.choices(
            [call, reads, {"method": "resources/list"}, {"method": "tools/list"}], [8, 2, 1, 1]
        )[0]
        headers = {"Accept": "application/json, text/event-stream"}
        return {
            "method": "POST",
            "url": "/mcp",
            "json": {"jsonrpc": "2.0", "id": 1, **call},
            "headers": headers,
        }

    def shape(self) -> Request:
        """A text to verify, or a question in the shapes of OpenAI."""
        model = f"longvid:{self.collection()}"
        text = f"{self.words()} {self.words()}. {self.question()}"
        return self.chance.choice(
            [
                {"method": "POST", "url": "/v1/verify", "json": {"text": text, **self.filters()}},
                {"method": "GET", "url": self.chance.choice(["/v1/models", f"/v1/models/{model}"])},
                {
                    "method": "POST",
                    "url": "/v1/responses",
                    "json": {"model": model, "input": self.question()},
                },
                {
                    "method": "POST",
                    "url": "/v1/chat/completions",
                    "json": {"model": model, "messages": [{"role": "user", "content": self.question()}]},
                },
            ]
        )

    def export(self) -> Request:
        """Of an answer there was, or of one that was changed to cite another video."""
        answer = json.loads(json.dumps(self.kept or {}))
        if self.chance.random() < 0.3:
            for claim in answer.get("claims", ()):
                claim["citations"][0]["video_id"] = self.chance.choice([*_MINE, *_FOREIGN]).video_id
        form = self.chance.choice(["srt", "html", "edl"])
        return {"method": "POST", "url": "/v1/exports", "json": {"format": form, "answer": answer}}


def seen_through(client: TestClient, request: Request) -> tuple[int, str, Any]:
    """Status, media type and what of the body can be compared."""
    reply = client.request(**request)
    kind = reply.headers.get("content-type", "")
    if "json" in kind and reply.content:
        return reply.status_code, kind, common(reply.json())
    return reply.status_code, kind, reply.text


@pytest.mark.slow
@pytest.mark.both_stores
def test_nothing_of_what_one_may_not_see_changes_any_answer() -> None:
    mixed = [each for pair in zip(_FOREIGN, [*_MINE[:4]], strict=True) for each in pair] + _MINE[4:]
    both, alone = library_of(mixed), library_of(_MINE)
    requests = REQUESTS // 20 if both._store.shared else REQUESTS  # rights are a view's
    _, key = both.keys.add("reader", scopes=["index"], collections=SEEN)
    _, own = alone.keys.add("reader", scopes=["index"])
    _, theirs = both.keys.add("another", collections=[HIDDEN])
    asker, statuses = Asker(SEED), Counter[int]()
    with serving(both) as one, serving(alone) as other:
        for body in ({"name": "theirs"}, {"name": "one"}):
            assert one.post("/v1/chats", json=body, headers=bearer(theirs)).status_code == 201
        asked = {"question": "What is the plan before the budget ends?"}
        assert one.post("/v1/chats/one/ask", json=asked, headers=bearer(theirs)).json()["found"]
        one.headers.update(bearer(key))
        other.headers.update(bearer(own))
        for number in range(requests):
            request = asker.request()
            found, wanted = seen_through(one, request), seen_through(other, request)
            assert found == wanted, f"request {number} differs: {request}"
            statuses[found[0]] += 1
            if request["url"] == "/v1/ask" and found[0] == 200 and found[2]["claims"]:
                asker.kept = one.request(**request).json()
        assert statuses[200] > requests / 3, statuses
        assert statuses[404] > requests / 20, statuses
    heard = {speaker_key(each.name) for each in both.speakers(_FOREIGN[0].video_id)}
    assert heard == {speaker_key(u.speaker) for u in _FOREIGN[0].utterances}, "nothing foreign was renamed"
