"""The Model Context Protocol, driven by the package's own client: over HTTP and over stdin and stdout, old and new."""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import anyio
import httpx2
import jsonschema
import mcp_types as wire
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.extension import ClaimContext, ClientExtension, ResultClaim
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import ImageContent, ResourceLink, TextContent
from pydantic import TypeAdapter

import media_factory as mf
from agent_server import CLINIC, HARBOUR, running, two_collections
from longvid import Library
from longvid.engines import Engines
from longvid.links import moment_uri, page_link, read_address, read_page_link
from longvid.models.registry import ROLES
from longvid.server import mcp_tasks
from longvid.server.mcp import INSTRUCTIONS
from longvid.server.mcp_resources import APP
from longvid.server.mcp_stdio import StdioJobs
from longvid.server.mcp_tools import MOMENT_APP, TOOLS
from longvid_storage.errors import NotFoundError
from serve_tools import bearer

NAMES = ["search", "mentions", "ask", "outline", "transcript", "look", "speakers", "list", "summary"]
MODES = ["auto", "legacy"]
Use = Callable[[Client], Awaitable[Any]]


@pytest.fixture(scope="module")
def library() -> Iterator[Library]:
    with two_collections() as library:
        yield library


@pytest.fixture
def own() -> Iterator[Library]:
    """A library of one test: of servers over one library, one does the jobs, by its own roots."""
    with two_collections() as library:
        yield library


@pytest.fixture(scope="module")
def url(library: Library) -> Iterator[str]:
    with running(library) as url:
        yield url


def over_http(
    url: str, use: Use, mode: str = "auto", key: str | None = None, extensions: Sequence[ClientExtension] = ()
) -> Any:
    async def run() -> Any:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=60) as http,
            Client(
                streamable_http_client(f"{url}/mcp", http_client=http), mode=mode, extensions=extensions
            ) as client,
        ):
            return await use(client)

    return anyio.run(run)


def call(name: str, **arguments: Any) -> Use:
    async def use(client: Client) -> Any:
        return await client.call_tool(name, arguments)

    return use


@pytest.mark.parametrize("mode", MODES)
def test_tools_are_listed_in_order_each_with_schemas(url: str, mode: str) -> None:
    async def use(client: Client) -> Any:
        return (await client.list_tools()).tools, (await client.list_tools()).tools

    first, again = over_http(url, use, mode)
    assert [tool.name for tool in first] == [*NAMES, "index"]
    assert first == again
    for tool in first:
        jsonschema.Draft202012Validator.check_schema(tool.input_schema)
        jsonschema.Draft202012Validator.check_schema(tool.output_schema)
        assert tool.input_schema["additionalProperties"] is False


def test_all_that_is_said_of_the_tools_costs_under_1500_tokens() -> None:
    assert len(TOOLS) <= 10
    told = [
        {"name": t.name, "description": t.description, "inputSchema": {**t.takes, "additionalProperties": False},
         "outputSchema": t.gives}
        for t in TOOLS
    ]  # fmt: skip
    text = INSTRUCTIONS + json.dumps(told, separators=(",", ":"))
    assert len(text) / 3 < 1500
    whisper = importlib.util.find_spec("whisper")
    if whisper is None or whisper.origin is None:
        return
    from tiktoken import Encoding
    from tiktoken.load import load_tiktoken_bpe

    # GPT-2's own tokens, which travel with Whisper; newer models need fewer.
    ranks = load_tiktoken_bpe(str(Path(whisper.origin).parent / "assets" / "gpt2.tiktoken"))
    pieces = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""
    gpt2 = Encoding("gpt2", pat_str=pieces, mergeable_ranks=ranks, special_tokens={})
    assert 300 < len(gpt2.encode(text)) < 1500


@pytest.mark.parametrize("mode", MODES)
def test_a_hit_is_structured_and_a_link_that_can_be_read(url: str, mode: str) -> None:
    async def use(client: Client) -> Any:
        found = await client.call_tool("search", {"query": "signed contract architect", "k": 2})
        link = next(block for block in found.content if isinstance(block, ResourceLink))
        return found, link, await client.read_resource(link.uri)

    found, link, read = over_http(url, use, mode)
    assert not found.is_error
    hit = found.structured_content["hits"][0]
    assert hit["video_id"] == HARBOUR
    assert hit["uri"] == link.uri == moment_uri(HARBOUR, hit["start_s"], hit["end_s"])
    assert hit["url"].startswith(f"{url}/?video={HARBOUR}&t=")
    assert link.meta["url"] == hit["url"]
    assert hit["url"] in found.content[0].text
    vtt = read.contents[0]
    assert vtt.mime_type == "text/vtt"
    assert vtt.text.startswith("WEBVTT\n")
    assert "<v Ben>I will send the signed contract" in vtt.text


def test_every_tool_gives_what_its_schema_says(url: str) -> None:
    given: dict[str, dict[str, Any]] = {
        "search": {"query": "crane"},
        "mentions": {"terms": ["crane", "budget"]},
        "ask": {"question": "When must the old crane not be moved?", "video": HARBOUR},
        "outline": {"video": HARBOUR},
        "transcript": {"video": "Harbour [meeting]", "from_s": 10.0, "to_s": 21.0},
        "speakers": {"video": HARBOUR},
        "list": {"words": "harbour"},
        "summary": {"video": HARBOUR, "length": "short"},
    }

    async def use(client: Client) -> Any:
        return {name: await client.call_tool(name, arguments) for name, arguments in given.items()}

    found = over_http(url, use)
    for tool in TOOLS:
        if tool.name in found:
            reply = found[tool.name]
            assert not reply.is_error, (tool.name, reply.content)
            jsonschema.validate(reply.structured_content, tool.gives)
            assert isinstance(reply.content[0], TextContent)
            assert reply.content[0].text
    assert found["mentions"].structured_content["count"] == 3
    assert found["ask"].structured_content["claims"][0]["citations"][0]["url"].startswith(url)
    assert [line["start_s"] for line in found["transcript"].structured_content["lines"]] == [10.0, 20.0]
    assert [each["name"] for each in found["speakers"].structured_content["speakers"]] == ["Maya", "Ben"]
    assert found["list"].structured_content["count"] == 1
    assert found["outline"].structured_content["events"][0]["title"] == "About Harbour [meeting]"


def test_what_is_not_found_says_what_was_looked_through(url: str) -> None:
    mentions = over_http(url, call("mentions", terms=["zebra"])).structured_content
    assert (mentions["count"], mentions["hits"]) == (0, [])
    assert (mentions["searched"]["videos"], mentions["searched"]["words"]) == (2, ["zebra"])
    asked = over_http(url, call("ask", question="Who feeds the zebras in the winter garden?"))
    assert asked.structured_content["found"] is False
    assert asked.structured_content["searched"]["videos"] == 2


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("search", {"query": "x", "limit": 3}, "limit"),
        ("search", {"query": "x", "k": 0}, "k:"),
        ("search", {}, "query"),
        ("outline", {"video": "nothing of that name"}, "nothing of that name"),
        ("transcript", {"video": HARBOUR, "from_s": 9, "to_s": 3}, "not before"),
        ("transcript", {"video": HARBOUR, "from_s": 10**400}, "from is 1000"),
    ],
)
def test_a_wrong_call_is_told_to_the_model(url: str, name: str, arguments: dict[str, Any], says: str) -> None:
    reply = over_http(url, call(name, **arguments))
    assert reply.is_error
    assert says in reply.content[0].text


def test_a_time_of_any_size_is_one(url: str) -> None:
    for name, arguments in (("search", {"query": "harbour"}), ("ask", {"question": "Who is at the harbour?"}),
                            ("mentions", {"terms": ["harbour"]}), ("transcript", {"video": HARBOUR})):  # fmt: skip
        assert not over_http(url, call(name, **arguments, from_s=2**70)).is_error, name


def test_what_is_not_there_is_an_error_of_the_protocol(url: str) -> None:
    wrong = ("longvid://video/ffff/transcript", f"longvid://video/{HARBOUR}/secrets", "ui://longvid/other")

    async def use(client: Client) -> Any:
        with pytest.raises(MCPError, match="no tool 'delete'"):
            await client.call_tool("delete", {"video": HARBOUR})
        for uri in wrong:
            with pytest.raises(MCPError, match=r"nothing at|no video"):
                await client.read_resource(uri)

    over_http(url, use)


@pytest.mark.parametrize("mode", MODES)
def test_resources_are_listed_and_read(url: str, mode: str) -> None:
    async def use(client: Client) -> Any:
        listed = (await client.list_resources()).resources
        templates = (await client.list_resource_templates()).resource_templates
        chapters = await client.read_resource(f"longvid://video/{HARBOUR}/chapters")
        return listed, templates, chapters, await client.read_resource(MOMENT_APP)

    listed, templates, chapters, app = over_http(url, use, mode)
    assert [each.name for each in listed] == ["Player of a moment", "Clinic call", "Harbour [meeting]"]
    assert listed[2].uri == f"longvid://video/{HARBOUR}/transcript"
    assert {each.mime_type for each in templates} == {"text/vtt", "image/webp", "video/mp4"}
    assert "About Harbour [meeting]" in chapters.contents[0].text
    assert app.contents[0].mime_type == "text/html;profile=mcp-app"
    assert app.contents[0].text == APP.read_text("utf-8")


def test_the_tools_that_find_moments_name_the_player(url: str) -> None:
    async def use(client: Client) -> Any:
        return (await client.list_tools()).tools, client.server_capabilities.extensions

    tools, extensions = over_http(url, use)
    shown = {tool.name for tool in tools if (tool.meta or {}).get("ui") == {"resourceUri": MOMENT_APP}}
    assert shown == {"search", "mentions", "ask"}
    assert "io.modelcontextprotocol/ui" in extensions
    text = APP.read_text("utf-8")
    assert "ui/notifications/tool-result" in text
    assert "http://" not in text.replace("http://www.w3.org", "")


def test_rights_hold_over_the_protocol(library: Library) -> None:
    _, key = library.keys.add("clinic only", scopes=["read"], collections=["clinic"])
    with running(library) as url:
        clinic = over_http(url, call("list"), key=key).structured_content
        assert [each["video_id"] for each in clinic["videos"]] == [CLINIC]
        found = over_http(url, call("mentions", terms=["budget", "harbour", "euros"]), key=key)
        assert "arbour" not in found.content[0].text
        assert found.structured_content["count"] == 1
        foreign = over_http(url, call("outline", video=HARBOUR), key=key)
        missing = over_http(url, call("outline", video="c" * 64), key=key)
        assert foreign.content[0].text.replace(HARBOUR, "ID") == missing.content[0].text.replace(
            "c" * 64, "ID"
        )
        assert "Harbour" not in foreign.content[0].text

        async def use(client: Client) -> Any:
            return (await client.list_resources()).resources

        assert [each.name for each in over_http(url, use, key=key)] == ["Player of a moment", "Clinic call"]
        refused = httpx2.post(f"{url}/mcp", json={}, headers={"Authorization": "Bearer lv_wrong"})
        assert refused.status_code == 401
        assert httpx2.post(f"{url}/mcp", json={}).status_code == 401
        # No sessions, so none to take over: whoever names the one of another is still only who its key says.
        other = library.keys.add("all", scopes=["read"])[1]
        kinds = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}
        about = {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "x", "version": "1"},
        }
        begun = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": about}
        opened = httpx2.post(f"{url}/mcp", json=begun, headers=kinds | bearer(other))
        assert opened.status_code == 200
        assert "mcp-session-id" not in opened.headers
        stolen = kinds | bearer(key) | {"Mcp-Session-Id": "1" * 32, "Last-Event-ID": "1"}
        listed = {
            "jsonrpc": "2.0",
            "id": 2,
            "method": "tools/call",
            "params": {"name": "list", "arguments": {}},
        }
        taken = httpx2.post(f"{url}/mcp", json=listed, headers=stolen)
        assert CLINIC in taken.text
        assert HARBOUR not in taken.text
    for each in library.keys.listed():
        library.keys.revoke(each.key_id)


def test_index_is_a_job_of_those_who_may(own: Library, tmp_path: Path) -> None:
    (tmp_path / "late.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:04.000\n<v Ben>A zebra came late.\n")
    _, reader = own.keys.add("reader", scopes=["read"])
    _, indexer = own.keys.add("indexer", scopes=["index"])

    async def names(client: Client) -> list[str]:
        return [tool.name for tool in (await client.list_tools()).tools]

    async def index(client: Client) -> Any:
        begun = await client.call_tool("index", {"paths": [str(tmp_path / "late.vtt")], "collection": "late"})
        job = begun.structured_content["job"]
        with anyio.fail_after(60):
            while job["state"] in ("queued", "running"):
                await anyio.sleep(0.1)
                told = await client.call_tool("index", {"job": job["id"]})
                job = told.structured_content["job"]
        both = await client.call_tool("index", {"job": job["id"], "paths": ["/x"]})
        foreign = await client.call_tool("index", {"paths": ["/etc/passwd"]})
        return job, both, foreign

    with running(own, roots={"late": (str(tmp_path),)}) as url:
        assert over_http(url, names, key=reader) == NAMES
        assert over_http(url, names, key=indexer) == [*NAMES, "index"]
        job, both, foreign = over_http(url, index, key=indexer)
        assert job["state"] == "done", job
        assert both.is_error
        assert foreign.is_error
        found = over_http(url, call("mentions", terms=["zebra"]), key=reader).structured_content
        assert found["count"] == 1
    own.remove(found["hits"][0]["video_id"])
    for each in own.keys.listed():
        own.keys.revoke(each.key_id)


class TaskAsked(wire.Request[mcp_tasks.JobParams, str]):
    """``tasks/get``, ``tasks/update`` or ``tasks/cancel``; which task also stands in the head of the request."""

    name_param = "taskId"


class Tasks(ClientExtension):
    """A client that takes tasks and asks how they go until they end, as the extension has it."""

    identifier = mcp_tasks.TASKS

    def __init__(self) -> None:
        self.begun: list[mcp_tasks.MadeTask] = []

    def claims(self) -> Any:
        return [ResultClaim(result_type="task", model=mcp_tasks.MadeTask, resolve=self.resolve)]

    async def resolve(self, task: mcp_tasks.MadeTask, context: ClaimContext) -> wire.CallToolResult:
        self.begun.append(task)
        with anyio.fail_after(60):
            while (found := await tasks(context.session, "get", task.task_id))["status"] == "working":
                await anyio.sleep(0.1)
        assert found["resultType"] == "complete", found
        assert found["status"] == "completed", found
        return wire.CallToolResult.model_validate(found["result"])


async def tasks(session: Any, what: str, task_id: str) -> dict[str, Any]:
    request = TaskAsked(method=f"tasks/{what}", params=mcp_tasks.JobParams(task_id=task_id))
    found: dict[str, Any] = await session.send_request(request, TypeAdapter(dict[str, Any]))
    return found


def test_a_job_is_a_task_for_clients_that_take_tasks(own: Library, tmp_path: Path) -> None:
    (tmp_path / "late.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:04.000\n<v Ben>A zebra came late.\n")
    _, indexer = own.keys.add("indexer", scopes=["index"])
    _, other = own.keys.add("other", scopes=["index"])
    takes = Tasks()

    async def refused(client: Client, what: str, task_id: str) -> int:
        with pytest.raises(MCPError) as caught:
            await tasks(client.session, what, task_id)
        return caught.value.error.code

    async def use(client: Client) -> Any:
        named = {"paths": [str(tmp_path / "late.vtt")], "collection": "late"}
        reply = await client.call_tool("index", named)
        ended = takes.begun[0].task_id
        acknowledged = [await tasks(client.session, what, ended) for what in ("update", "cancel")]
        assert [each["resultType"] for each in acknowledged] == ["complete"] * 2
        assert (
            await client.call_tool("index", {"job": ended})
        ).structured_content == reply.structured_content
        return reply, await refused(client, "get", "none")

    with running(own, roots={"late": (str(tmp_path),)}) as url:
        reply, unknown = over_http(url, use, key=indexer, extensions=[takes])
        assert reply.structured_content["job"]["state"] == "done"
        assert unknown == wire.INVALID_PARAMS
        task = takes.begun[0].task_id

        async def foreign(client: Client) -> int:
            return await refused(client, "cancel", task)

        assert over_http(url, foreign, key=other, extensions=[Tasks()]) == wire.INVALID_PARAMS
        assert over_http(url, foreign, key=indexer) == wire.MISSING_REQUIRED_CLIENT_CAPABILITY
    own.remove(own.find("late").video_id)
    for each in own.keys.listed():
        own.keys.revoke(each.key_id)


def test_what_an_agent_asked_for_fails_or_ends_with_it(library: Library, tmp_path: Path) -> None:
    jobs, held = StdioJobs(library), threading.Event()
    jobs._thread.submit(held.wait)
    first, second = (jobs.index([str(tmp_path / name)], None, None)["id"] for name in ("none", "later"))
    jobs.cancel(second)
    assert jobs.index([], None, second)["cancelling"]
    held.set()
    with pytest.raises(NotFoundError):
        jobs.cancel("none")
    jobs._thread.submit(int).result()
    told = jobs.index([], None, first)
    assert told["state"] == "failed"
    assert "none" in told["reports"][0]["error"]["message"]
    held.clear()
    jobs._thread.submit(held.wait)
    last = jobs.index([str(tmp_path)], None, None)["id"]
    jobs._ending = True
    held.set()
    jobs.end()
    assert [jobs.index([], None, each)["state"] for each in (second, last)] == ["cancelled"] * 2


def test_over_stdin_and_stdout_pictures_clips_and_indexing(tmp_path: Path) -> None:
    media = tmp_path / "media"
    media.mkdir()
    mf.lecture(mf.sample_slides(2, "white"), seconds=3.0, rate=5, size=(320, 180)).write(media / "talk.mp4")
    (media / "talk.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:04.000\n<v Maya>The budget is fine.\n")
    (tmp_path / "late.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:04.000\n<v Ben>A zebra came late.\n")
    off = dict.fromkeys(ROLES, "off")
    with Library.open(tmp_path / "library", create=True, engines=Engines(off)) as lib:
        lib.index([media])
        video = lib.videos()[0].video_id
    options = [word for role in off for word in ("--model", f"{role}=off")]
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "longvid.cli", "mcp", "-L", str(tmp_path / "library"), "--index", *options],
        env=dict(os.environ),
    )

    takes = Tasks()

    async def use() -> Any:
        async with Client(server, extensions=[takes]) as client:
            tools = [tool.name for tool in (await client.list_tools()).tools]
            pictures = await client.call_tool("look", {"video": "talk", "at_s": [1.0, 4.5]})
            clip = await client.read_resource(f"longvid://video/{video}/clip#t=1,3")
            frame = await client.read_resource(f"longvid://video/{video}/frame/4.5")
            job = await client.call_tool(
                "index", {"paths": [str(tmp_path / "late.vtt")], "collection": "new"}
            )
            job, told = (
                job.structured_content["job"],
                await client.call_tool("index", {"job": takes.begun[0].task_id}),
            )
            assert told.structured_content["job"] == job
            with pytest.raises(MCPError):
                await tasks(client.session, "get", "none")
            return tools, pictures, clip, frame, job, await client.call_tool("mentions", {"terms": ["zebra"]})

    tools, pictures, clip, frame, job, zebra = anyio.run(use)
    assert tools == [*NAMES, "index"]
    shown = [block for block in pictures.content if isinstance(block, ImageContent)]
    assert [each.mime_type for each in shown] == ["image/webp"] * 2
    assert base64.b64decode(shown[0].data)[8:12] == b"WEBP"
    assert [each["time_s"] for each in pictures.structured_content["frames"]] == [1.0, 4.5]
    assert base64.b64decode(frame.contents[0].blob)[8:12] == b"WEBP"
    film = base64.b64decode(clip.contents[0].blob)
    assert clip.contents[0].mime_type == "video/mp4"
    assert film[4:8] == b"ftyp"
    assert (job["state"], job["fraction"]) == ("done", 1.0)
    assert [each["file"] for each in job["reports"]] == ["late.vtt"]
    assert zebra.structured_content["count"] == 1


def test_addresses_and_links_are_read_back() -> None:
    address = read_address(moment_uri("ab", 87.7, 92.5))
    assert address is not None
    assert (address.video, address.part, address.start_s, address.end_s) == ("ab", "", 87.7, 92.5)
    assert read_address("longvid://video/a%2Fb/frame/3.25").at_s == 3.25
    for wrong in ("longvid://video/", "longvid://video/a/b/c", "longvid://video/a#t=x", "http://video/a", ""):
        assert read_address(wrong) is None
    assert read_page_link(page_link("https://x.example/", "ab", 87.7004)) == ("ab", 87.7)
    assert read_page_link("https://x.example/?video=ab&t=nan") is None
    assert read_page_link("https://x.example/?t=3") is None
