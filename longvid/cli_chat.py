"""``longvid chat``: a conversation in the terminal, or line by line from a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from longvid import output
from longvid.cli_options import (
    CollectionOption,
    ConfigOption,
    DeviceOption,
    FromOption,
    JsonOption,
    LibraryOption,
    ModelOption,
    ProfileOption,
    SpeakerOption,
    ToOption,
    VideoOption,
    chosen_engines,
    filters,
    open_library,
)
from longvid_storage.errors import LongvidError, UsageError
from longvid_storage.text.shown import shown

if TYPE_CHECKING:
    from longvid.chat import Chat, ChatInfo
    from longvid.library import Library
    from longvid_agents.conversation.chat import ChatReply

_HELP = """\
/new [NAME]      begin another session
/open NAME       go on with a session
/sessions        list them
/history         this session's questions and answers
/help            this
/quit, Ctrl-D    leave; every finished turn is kept"""


def chat(
    session: Annotated[
        str | None, typer.Option("--session", help="Begin a session of this name, or go on with it.")
    ] = None,
    library: LibraryOption = None,
    video: VideoOption = None,
    collection: CollectionOption = None,
    from_: FromOption = None,
    to: ToOption = None,
    speaker: SpeakerOption = None,
    list_: Annotated[bool, typer.Option("--list", help="List the sessions, and do nothing else.")] = False,
    delete: Annotated[
        str | None, typer.Option("--delete", help="Delete the session of this name, and do nothing else.")
    ] = None,
    extractive: Annotated[
        bool, typer.Option("--extractive", help="Quote the best evidence, although a model is configured.")
    ] = False,
    model: ModelOption = None,
    device: DeviceOption = None,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> int:
    """Ask one question after another; follow-ups know what was said before.

    Questions come from the terminal, or one a line from a pipe. A session keeps to the filters it was begun with.
    """
    if list_ and delete is not None:
        raise UsageError("--list and --delete do different things: give one of them")
    chosen = filters(video, collection, from_, to, speaker)
    with open_library(library, engines=chosen_engines(model, device, profile, config)) as lib:
        if list_:
            _print_sessions(lib.chats(**chosen), json_)
            return 0
        if delete is not None:
            lib.delete_chat(delete)
            output.note(f"deleted the session {delete!r}")
            return 0
        talk = _Talk(lib, chosen, extractive, json_)
        talk.open(session)
        try:
            return talk.run()
        finally:
            talk.chat.close()


class _Talk:
    """The loop: one line, one answer; an error is told and the next line is asked for."""

    chat: Chat

    def __init__(self, library: Library, chosen: dict[str, Any], extractive: bool, json: bool) -> None:
        self.library = library
        self.chosen = chosen
        self.extractive = extractive
        self.json = json
        self.interactive = sys.stdin.isatty()
        self.failed = False

    def open(self, name: str | None) -> None:
        """Begin or resume a session, and close the one before."""
        opened = self.library.chat(name, **self.chosen, extractive=self.extractive)
        if hasattr(self, "chat"):
            self.chat.close()
        self.chat = opened
        turns = opened.turns
        if self.interactive:
            _remember([turn.question for turn in turns])
        if turns:
            count = f"{len(turns)} question{'s' * (len(turns) != 1)} so far"
            _say(f"session {opened.name}: {count}; the last one was: {shown(turns[-1].question)}")
        elif self.interactive:
            _say(f"session {opened.name}; /help lists commands, Ctrl-D leaves")

    def run(self) -> int:
        """Until the input ends; 1 when a line from a pipe failed, for scripts."""
        for line in self._lines():
            try:
                if line.startswith("/"):
                    if self._command(line) == "quit":
                        break
                    continue
                if not self.interactive and not self.json:
                    output.result(f"> {line}")
                self._print(self.chat.ask(line))
            except LongvidError as error:
                self.failed = True
                output.note(f"longvid: {shown(error.message)}")
            except KeyboardInterrupt:
                if not self.interactive:
                    raise
                _say("stopped; the question is not kept")
        return int(self.failed and not self.interactive)

    def _lines(self) -> Iterator[str]:
        while True:
            try:
                line = input("> ") if self.interactive else sys.stdin.readline()
            except EOFError:
                output.note()
                return
            except KeyboardInterrupt:
                if not self.interactive:
                    raise
                output.note()
                continue
            if not self.interactive and not line:
                return
            if line.strip():
                yield line.strip()

    def _command(self, line: str) -> str:
        word, _, rest = line.partition(" ")
        name = rest.strip() or None
        if word in ("/quit", "/exit", "/q"):
            return "quit"
        if word == "/new":
            if name in [each.name for each in self.library.chats(**self.chosen)]:
                raise UsageError(f"there is a session {name!r} already: /open {name} goes on with it")
            self.open(name)
            if not self.interactive:
                _say(f"session {self.chat.name}")
        elif word == "/open":
            if name not in [each.name for each in self.library.chats(**self.chosen)]:
                raise UsageError(f"there is no session {name or ''!r}: /sessions lists those there are")
            self.open(name)
        elif word == "/sessions":
            _print_sessions(self.library.chats(**self.chosen), self.json)
        elif word == "/history":
            self._history()
        elif word == "/help":
            _say(_HELP)
        else:
            raise UsageError(f"{word} is no command: /help lists them")
        return ""

    def _print(self, reply: ChatReply) -> None:
        from longvid import printing

        if self.json:
            output.record(reply)
            return
        if reply.turn.notes:
            _say(f"({'; '.join(reply.turn.notes)})")
        output.result(printing.answer(reply.answer), end="\n\n")

    def _history(self) -> None:
        for turn in self.chat.turns:
            output.result(f"> {shown(turn.question)}\n{turn.answer}\n")


def _say(text: str) -> None:
    output.note(text)


def _remember(questions: list[str]) -> None:
    """The session's questions are the arrow-up history of the terminal."""
    try:
        import readline
    except ImportError:  # a Python built without it has no line editing either
        return
    readline.clear_history()
    for question in questions:
        readline.add_history(question)


def _print_sessions(found: list[ChatInfo], json: bool) -> None:
    if json:
        for each in found:
            output.record(each)
        return
    if not found:
        output.result("There are no sessions yet: longvid chat begins one.")
        return
    rows = [
        (shown(each.name), str(each.turns), shown(_scope(each)), shown(each.last_question or ""))
        for each in found
    ]
    widths = [max(len(row[column]) for row in [*rows, _HEAD]) for column in range(3)]
    for row in (_HEAD, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        output.result("  ".join([*cells, row[3]]).rstrip())


_HEAD = ("session", "turns", "only", "last question")


def _scope(info: ChatInfo) -> str:
    parts = [info.collection] if info.collection else []
    if info.videos is not None:
        parts.append(f"{len(info.videos)} video{'s' * (len(info.videos) != 1)}")
    if info.speaker:
        parts.append(info.speaker)
    return ", ".join(parts) or "all"
