"""The tools that agents get: what each takes and gives, and how ``Library`` does it.

What is said of them is read by a model in every conversation, so it is short: all of it together costs less than 1,500
tokens. Schemas are written by hand for that, and enforced as they are written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from longvid.jsonform import to_plain
from longvid.links import moment_uri, page_link, place, seconds, video_uri
from longvid_storage.db.listing import ListQuery
from longvid_storage.errors import UsageError
from longvid_storage.text.shown import shown
from longvid_storage.text.timecode import format_span, format_time
from longvid_storage.types import Citation, Moment

if TYPE_CHECKING:
    from longvid.library import Library

Schema = dict[str, Any]
Place = dict[str, Any]
Index = Callable[[list[str], str | None, str | None], Mapping[str, Any]]
"""Begins a job for paths and a collection, or tells how the one of an id goes."""

MOST_MENTIONS, MOST_LINES, MOST_VIDEOS, MOST_PICTURES = 100, 200, 100, 4
WIDTH = 960
"""Pixels of the width of a picture that a model looks at."""
MOMENT_APP = "ui://longvid/moment"


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """A call of a tool: the library as its caller sees it, where links begin, the arguments, and what indexes."""

    library: Library
    base: str
    arguments: Mapping[str, Any]
    index: Index | None = None

    def given(self, *names: str) -> dict[str, Any]:
        """Those of the arguments that were given."""
        return {name: self.arguments[name] for name in names if name in self.arguments}

    @property
    def filters(self) -> dict[str, Any]:
        """Where to look, as the keyword arguments of ``Library.search``."""
        return self.given(*_FILTERS)


@dataclass(frozen=True, slots=True)
class ToolReply:
    """What a tool gives: data by its output schema, the same as text, the places it names, and pictures (WebP)."""

    data: dict[str, Any]
    text: str
    places: Sequence[Place] = ()
    pictures: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True)
class AgentTool:
    """A tool; ``shows``: its places are shown in the player, where the host has one."""

    name: str
    description: str
    takes: Schema
    gives: Schema
    run: Callable[[ToolRequest], ToolReply]
    scope: str = "read"
    shows: bool = False


def _object(properties: Mapping[str, Any], required: Iterable[str] = ()) -> Schema:
    schema: Schema = {"type": "object", "properties": dict(properties)}
    return {**schema, "required": list(required)} if required else schema


_TEXT, _NUMBER = {"type": "string"}, {"type": "number", "minimum": 0}
_LIST = {"type": "array"}
_TEXTS = {"type": "array", "items": _TEXT, "minItems": 1}
_FILTERS = {"video": _TEXT, "collection": _TEXT, "speaker": _TEXT, "from_s": _NUMBER, "to_s": _NUMBER}
_VIDEO = {"video": _TEXT}
_SPAN = {"from_s": _NUMBER, "to_s": _NUMBER}


def _search(asked: ToolRequest) -> ToolReply:
    found = asked.library.search(asked.arguments["query"], k=asked.arguments.get("k", 10), **asked.filters)
    places = _places(asked, found)
    return ToolReply({"hits": places}, _lines(places) or "Nothing found.", places)


def _mentions(asked: ToolRequest) -> ToolReply:
    from longvid import printing

    terms = asked.arguments["terms"]
    count, videos = 0, 0
    places: list[dict[str, Any]] = []
    for video in asked.library.each_mentioned(terms, **asked.filters):
        count, videos = count + video.count, videos + 1
        places += [
            {
                "video_id": video.video_id,
                "title": video.title,
                "start_s": round(each.start_s, 3),
                "end_s": round(each.end_s, 3),
                "kind": each.kind,
                "speaker": each.speaker,
                "text": each.text,
                "uri": moment_uri(video.video_id, each.start_s, each.end_s),
                "url": page_link(asked.base, video.video_id, each.start_s),
            }
            for each in video.mentions[: MOST_MENTIONS - len(places)]
        ]
    data: dict[str, Any] = {"count": count, "hits": places}
    if not videos:
        through = asked.library.searched(terms, **asked.filters)
        return ToolReply({**data, "searched": to_plain(through)}, printing.count_mentioned(0, 0, through))
    return ToolReply(data, f"{printing.count_mentioned(count, videos)}\n{_lines(places)}", places)


def _ask(asked: ToolRequest) -> ToolReply:
    from longvid import printing

    answer = asked.library.ask(asked.arguments["question"], **asked.filters)
    claims = [(claim.text, _places(asked, claim.citations)) for claim in answer.claims]
    nearest = _places(asked, answer.nearest)
    data = {
        "answer": answer.answer,
        "found": answer.found,
        "claims": [{"text": text, "citations": places} for text, places in claims],
        "nearest": nearest,
        "searched": to_plain(answer.searched),
    }
    cited = [each for _, places in claims for each in places]
    text = shown(answer.answer) if answer.found else printing.answer(answer)
    return ToolReply(data, "\n".join([text, *([_lines(cited)] if cited else [])]), cited or nearest)


def _outline(asked: ToolRequest) -> ToolReply:
    details = asked.library.show(asked.arguments["video"])
    events = [
        {"title": each.segment.title, "start_s": each.segment.start_s, "end_s": each.segment.end_s,
         "summary": each.segment.summary}
        for each in details.events
    ]  # fmt: skip
    data = {
        "video_id": details.video_id,
        "title": details.title,
        "duration_s": round(details.duration_s, 3),
        "summary": details.summary,
        "events": events,
        "url": page_link(asked.base, details.video_id, 0.0),
    }
    marks = [f"{format_time(e.segment.start_s)} {shown(e.segment.title or 'Event')}" for e in details.events]
    return ToolReply(data, "\n".join([shown(details.title), shown(details.summary or ""), *marks]))


def _transcript(asked: ToolRequest) -> ToolReply:
    video = asked.library.find(asked.arguments["video"])
    said = asked.library.utterances(video.video_id, **asked.given(*_SPAN))
    more = said[MOST_LINES].start_s if len(said) > MOST_LINES else None
    lines = [
        {"start_s": round(u.start_s, 3), "end_s": round(u.end_s, 3), "speaker": u.speaker, "text": u.text}
        for u in said[:MOST_LINES]
    ]
    data = {"video_id": video.video_id, "title": video.title, "lines": lines, "next_from_s": more}
    text = [
        f"{seconds(u.start_s)} {shown(f'{u.speaker}: ' * bool(u.speaker) + u.text)}"
        for u in said[:MOST_LINES]
    ]
    last = f"\nMore from {seconds(more)} s on." if more is not None else ""
    return ToolReply(data, ("\n".join(text) or "Nothing is said there.") + last)


def _look(asked: ToolRequest) -> ToolReply:
    video = asked.library.find(asked.arguments["video"])
    times = list(dict.fromkeys(asked.arguments["at_s"]))[:MOST_PICTURES]
    pictures = [asked.library.frame(video.video_id, time_s, WIDTH) for time_s in times]
    frames = [
        {"time_s": round(time_s, 3), "url": page_link(asked.base, video.video_id, time_s),
         "uri": f"{video_uri(video.video_id, 'frame')}/{seconds(time_s)}"}
        for time_s in times
    ]  # fmt: skip
    data = {"video_id": video.video_id, "title": video.title, "frames": frames}
    return ToolReply(data, f"{shown(video.title)} at {', '.join(map(format_time, times))}", pictures=pictures)


def _speakers(asked: ToolRequest) -> ToolReply:
    from longvid import printing

    found = asked.library.speakers(asked.arguments["video"])
    data = {"speakers": [to_plain(each) for each in found]}
    return ToolReply(data, printing.speakers(found, asked.library.transcript_info(asked.arguments["video"])))


def _list(asked: ToolRequest) -> ToolReply:
    wanted = ListQuery(words=asked.arguments.get("words", ""), limit=MOST_VIDEOS)
    found = asked.library.page(wanted, **asked.given("collection"))
    shown_ = [video for video, _ in found.items]
    videos = [
        {"video_id": v.video_id, "title": v.title, "duration_s": round(v.duration_s, 3),
         "collections": list(v.collections), "url": page_link(asked.base, v.video_id, 0.0)}
        for v in shown_
    ]  # fmt: skip
    lines = [f"{v.video_id[:8]} {format_time(v.duration_s)} {shown(v.title)}" for v in shown_]
    if found.total > len(shown_):
        lines.append(f"and {found.total - len(shown_)} more: give words of a title")
    return ToolReply({"count": found.total, "videos": videos}, "\n".join(lines) or "No videos.")


def _summary(asked: ToolRequest) -> ToolReply:
    from longvid.summary_markdown import markdown

    found = asked.library.summary(asked.arguments["video"], **asked.given("length"))
    parts = ("overview", "decisions", "action_items", "open_questions")
    lines = {
        part: [{**_places(asked, [line.citation])[0], "text": line.text, "owner": line.owner}
               for line in getattr(found, part)]
        for part in parts
    }  # fmt: skip
    data = {"video_id": found.video_id, "title": found.title, **lines, "how": found.how}
    return ToolReply(data, markdown(found))


def _index(asked: ToolRequest) -> ToolReply:
    if asked.index is None:
        raise UsageError("nothing can be indexed here: use longvid index")
    given = asked.arguments
    if ("paths" in given) == ("job" in given):
        raise UsageError("give paths to begin a job, or the id of a job to hear how it goes: one of the two")
    job = dict(asked.index(given.get("paths", []), given.get("collection"), given.get("job")))
    return ToolReply({"job": job}, f"Job {job['id']}: {job['state']}")


def _places(asked: ToolRequest, found: Iterable[Moment | Citation]) -> list[Place]:
    return [place(asked.base, each) for each in found]


def _lines(places: Sequence[Place]) -> str:
    """One numbered line a place: where, the words, the link."""
    lines = []
    for number, p in enumerate(places, 1):
        where = f"{shown(p['title'])} @ {format_span(p['start_s'], p['end_s'])}"
        who = f"{shown(p['speaker'])}: " if p["speaker"] else ""
        lines.append(f"{number}. {where}: {who}{shown(p['text'])} {p['url']}")
    return "\n".join(lines)


_HITS = {"hits": _LIST}
TOOLS = (
    AgentTool(
        "search", "Find moments by words and meaning, best first.",
        _object({"query": _TEXT, "k": {"type": "integer", "minimum": 1, "maximum": 50}, **_FILTERS}, ["query"]),
        _object(_HITS, ["hits"]), _search, shows=True,
    ),
    AgentTool(
        "mentions", "Every place where any of the terms is said, shown or heard as a sound, complete, in time order.",
        _object({"terms": _TEXTS, **_FILTERS}, ["terms"]),
        _object({"count": {"type": "integer"}, **_HITS}, ["count", "hits"]), _mentions, shows=True,
    ),
    AgentTool(
        "ask", "Answer a question; every claim cites its moments. found is false when the videos do not say.",
        _object({"question": _TEXT, **_FILTERS}, ["question"]),
        _object({"answer": _TEXT, "found": {"type": "boolean"}, "claims": _LIST, "nearest": _LIST},
                ["answer", "found", "claims"]),
        _ask, shows=True,
    ),
    AgentTool(
        "outline", "A video's summary and events with their times.", _object(_VIDEO, ["video"]),
        _object({"title": _TEXT, "events": _LIST}, ["title", "events"]), _outline,
    ),
    AgentTool(
        "transcript", f"What is said in a span, {MOST_LINES} lines at most; go on at next_from_s.",
        _object({**_VIDEO, **_SPAN}, ["video"]), _object({"lines": _LIST}, ["lines"]), _transcript,
    ),
    AgentTool(
        "look", f"Pictures of a video at up to {MOST_PICTURES} times in seconds.",
        _object({**_VIDEO, "at_s": {"type": "array", "items": _NUMBER, "minItems": 1}}, ["video", "at_s"]),
        _object({"frames": _LIST}, ["frames"]), _look,
    ),
    AgentTool(
        "speakers", "Who speaks in a video, and how long.", _object(_VIDEO, ["video"]),
        _object({"speakers": _LIST}, ["speakers"]), _speakers,
    ),
    AgentTool(
        "list", "The videos, by title; words: of the title.", _object({"collection": _TEXT, "words": _TEXT}),
        _object({"count": {"type": "integer"}, "videos": _LIST}, ["count", "videos"]), _list,
    ),
    AgentTool(
        "summary", "Overview, decisions, tasks and open questions of a video, each cited.",
        _object({**_VIDEO, "length": {"enum": ["short", "long"]}}, ["video"]),
        _object({"title": _TEXT, "overview": _LIST}, ["title", "overview"]), _summary,
    ),
    AgentTool(
        "index", "Read files or folders of the server into the library, or tell how a job goes.",
        _object({"paths": _TEXTS, "collection": _TEXT, "job": _TEXT}),
        _object({"job": {"type": "object"}}, ["job"]), _index, scope="index",
    ),
)  # fmt: skip
