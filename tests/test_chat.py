"""Conversations over a library: remembered, resumed, listed, deleted, killed, and kept to what they were begun with."""

from __future__ import annotations

import io
import json
import os
import select
import signal
import sqlite3
import subprocess
import sys
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from longvid_agents.conversation.checkpoints import JsonSerializer

from longvid import Library
from longvid.cli import app
from longvid.engines import Engines
from longvid_agents.verify import quote_in_span
from longvid_agents.video_lm import Request
from longvid_storage.errors import LibraryError, NotFoundError, ReadOnlyError, UsageError
from scripted_lm import ScriptedLM, claims

MEETING = """WEBVTT

00:00:01.000 --> 00:00:06.000
<v Maya>Good morning, today we look at the migration of the customer database to the new cluster.

00:00:40.000 --> 00:00:46.000
<v Maya>So we agreed to postpone the migration until the second week of March.

00:01:00.000 --> 00:01:06.000
<v Jonas>The cluster needs more memory before that, I think.

00:01:20.000 --> 00:01:26.000
<v Jonas>I will send the migration plan to everyone in the team by Friday.

00:02:00.000 --> 00:02:06.000
<v Maya>The budget for the new cluster is nine thousand euros.
"""
OTHER = """WEBVTT

00:00:01.000 --> 00:00:09.000
<v Eve>Tomato plants need compost and a lot of water in summer.
"""
FAST = {"text": "off", "image": "off", "speech": "off", "screen": "off"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("chat")
    (folder / "standup.vtt").write_text(MEETING)
    (folder / "garden.vtt").write_text(OTHER)
    with Library.open(folder / "library", create=True) as library:
        library.index(folder / "standup.vtt", collection="team")
        library.index(folder / "garden.vtt", collection="home")
    return folder / "library"


@pytest.fixture
def library(made: Path) -> Library:
    for end in ("", "-wal", "-shm"):
        (made / f"chats.db{end}").unlink(missing_ok=True)
    return Library.open(made)


def test_a_conversation_resolves_people_times_and_videos(library: Library) -> None:
    with library.chat("monday") as chat:
        first = chat.ask("Who will send the migration plan?")
        assert first.answer.claims[0].citations[0].start_s == 80.0
        decided = chat.ask("When did they agree to postpone the migration?")
        assert decided.answer.found
        assert decided.turn.cited[0].speaker == "Maya"
        then = chat.ask("and what did she say after that?")
        assert [c.citations[0].start_s for c in then.answer.claims] == [120.0]
        assert then.answer.claims[0].text.startswith("Maya: The budget for the new cluster")
        assert then.answer.question == "and what did she say after that?"
        assert all(quote_in_span(c.citations[0], library._tools) for c in then.answer.claims)
        who = chat.ask("who said that?")
        assert who.answer.claims == then.answer.claims
        before = chat.ask("what was said before that?")
        assert [c.citations[0].start_s for c in before.answer.claims] == [40.0, 60.0, 80.0]
        nothing = chat.ask("and what did Eve say after that?")
        assert not nothing.answer.found


def test_the_end_of_a_video_has_nothing_after_it(library: Library) -> None:
    with library.chat() as chat:
        chat.ask("What is the budget for the new cluster?")
        end = chat.ask("and then?")
        assert (end.answer.found, end.answer.answer) == (False, "Nothing is said there.")


def test_sessions_are_resumed_listed_and_deleted(library: Library) -> None:
    assert library.chats() == []
    with library.chat("monday", collection="team") as chat:
        chat.ask("When did they agree to postpone the migration?")
    with library.chat() as chat:
        assert (chat.name, chat.resumed) == ("chat-1", False)
        chat.ask("What do tomato plants need?")
    assert [(each.name, each.turns, each.collection) for each in library.chats()] == [
        ("chat-1", 1, None),
        ("monday", 1, "team"),
    ]
    with library.chat("monday") as chat:
        assert chat.resumed
        assert [turn.question for turn in chat.turns] == ["When did they agree to postpone the migration?"]
        assert chat.ask("and then?").answer.claims[0].citations[0].start_s == 60.0
    assert library.chats()[0].name == "monday"
    assert library.chats()[0].last_question == "and then?"
    library.delete_chat("monday")
    assert [each.name for each in library.chats()] == ["chat-1"]
    assert b"postpone" not in (library._store.path / "chats.db").read_bytes()
    with pytest.raises(NotFoundError, match="no session 'monday'"):
        library.delete_chat("monday")
    with pytest.raises(UsageError, match="session name"):
        library.chat("\n")


def test_a_session_keeps_to_what_it_was_begun_with(library: Library) -> None:
    with library.chat("narrow", collection="team") as chat:
        assert not chat.ask("What do tomato plants need?").answer.found
    with library.chat("narrow") as chat:
        assert chat.filters.collection == "team"
        assert not chat.ask("What do tomato plants need in summer, compost?").answer.found
    with pytest.raises(
        UsageError, match="begun with --collection team, which does not admit --collection home"
    ):
        library.chat("narrow", collection="home")
    with library.chat("narrow", collection="team", speaker="Jonas") as chat:
        assert (chat.filters.collection, chat.filters.speaker) == ("team", "Jonas")
        answer = chat.ask("What about the migration plan?").answer
        assert {c.citations[0].start_s for c in answer.claims} <= {60.0, 80.0}
    with library.chat("one", video="standup") as chat:
        chat.ask("What is the budget?")
    with pytest.raises(UsageError, match="begun with --video 'standup'"):
        library.chat("one", video="garden")


def test_the_file_holds_one_checkpoint_a_session_of_nothing_but_json(library: Library) -> None:
    with library.chat("monday") as chat:
        for question in ("What is the budget?", "and then?", "Who said that?"):
            chat.ask(question)
    with sqlite3.connect(library._store.path / "chats.db") as connection:
        rows = connection.execute("SELECT type, checkpoint FROM checkpoints").fetchall()
        writes = {kind for (kind,) in connection.execute("SELECT type FROM writes")}
    connection.close()
    assert len(rows) == 1
    assert {kind for kind, _ in rows} | writes <= {"json"}
    assert len(json.loads(rows[0][1])["channel_values"]["turns"]) == 3


def test_what_is_not_json_is_never_built_again(library: Library) -> None:
    with library.chat("monday") as chat:
        chat.ask("What is the budget?")
    with sqlite3.connect(library._store.path / "chats.db") as connection:
        connection.execute("UPDATE checkpoints SET type = 'msgpack'")
    connection.close()
    with pytest.raises(LibraryError, match="stored as 'msgpack'"):
        library.chat("monday")
    serializer = JsonSerializer()
    with pytest.raises(TypeError, match="Path is not plain data"):
        serializer.dumps_typed({"a": Path()})
    assert "down" in json.loads(serializer.dumps_typed(ValueError("down"))[1])
    with sqlite3.connect(library._store.path / "chats.db") as connection:
        connection.execute(
            "UPDATE checkpoints SET type = 'json', checkpoint = ?", (b'{"channel_values": {"filters": 1}}',)
        )
    connection.close()
    with pytest.raises(LibraryError, match="'monday' is damaged"):
        library.chats()


def test_removing_a_video_takes_its_turns_out_of_every_conversation(made: Path, tmp_path: Path) -> None:
    import shutil

    copy = shutil.copytree(made, tmp_path / "library")
    (copy / "chats.db").unlink(missing_ok=True)
    with Library.open(copy) as library:
        with library.chat("both") as chat:
            chat.ask("What do tomato plants need?")
            chat.ask("What is the budget for the new cluster?")
        library.remove("garden")
        with library.chat("both") as chat:
            assert [turn.question for turn in chat.turns] == ["What is the budget for the new cluster?"]
        assert b"ompost" not in b"".join(path.read_bytes() for path in copy.glob("chats.db*"))


def test_a_library_that_may_only_be_read_keeps_no_conversation(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library._store, "read_only", True)
    with pytest.raises(ReadOnlyError):
        library.chat("monday")


KILLED = """
import os, signal, sys
from longvid import Library
library = Library.open(sys.argv[1])
chat = library.chat("monday")
chat.ask("When did they agree to postpone the migration?")
def die(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)
chat._conversation._ask = die
print("asked", flush=True)
chat.ask("What is the budget for the new cluster?")
"""


def test_a_killed_process_loses_at_most_the_turn_in_flight(library: Library) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(library._store.path)], capture_output=True, text=True, timeout=300
    )
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "asked\n"), done.stderr
    with library.chat("monday") as chat:
        assert [turn.question for turn in chat.turns] == ["When did they agree to postpone the migration?"]
        assert chat.ask("and then?").answer.claims[0].citations[0].start_s == 60.0
        assert len(chat.turns) == 2


# --- the command ------------------------------------------------------------------------------------------


def run(
    library: Library,
    lines: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *arguments: str,
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "stdin", io.StringIO(lines))
    status = app(["chat", "-L", str(library._store.path), *arguments], standalone_mode=False)
    out, err = capsys.readouterr()
    return status, out, err


def test_questions_come_from_a_pipe_and_an_error_ends_nothing(
    library: Library, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = "When did they agree to postpone the migration?\n\n/foo\nand then?\n/quit\nnever asked\n"
    status, out, err = run(library, lines, capsys, monkeypatch, "--session", "pipe")
    assert status == 1
    assert "longvid: /foo is no command: /help lists them" in err
    assert "(after 0:46 in standup)" in err
    assert (
        "> and then?\nJonas: The cluster needs more memory before that, I think. [standup @ 1:00–1:06]" in out
    )
    assert "never asked" not in out
    status, out, err = run(library, "/history\n", capsys, monkeypatch, "--session", "pipe")
    assert status == 0
    assert "2 questions so far; the last one was: and then?" in err
    assert "> and then?\nJonas: The cluster" in out


def test_commands_inside_and_beside_a_conversation(
    library: Library, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ["What is the budget?", "/new second", "What do tomato plants need?", "/open chat-1"]
    lines += ["/sessions", "/open x", "/new second", "/help"]
    status, out, err = run(library, "\n".join(lines), capsys, monkeypatch)
    assert status == 1
    assert "session second" in err
    assert "there is no session 'x'" in err
    assert "there is a session 'second' already" in err
    assert "/sessions        list them" in err
    assert "second   1      all   What do tomato plants need?" in out
    status, out, _ = run(library, "", capsys, monkeypatch, "--list", "--json")
    assert [json.loads(line)["name"] for line in out.splitlines()] == ["second", "chat-1"]
    run(library, "", capsys, monkeypatch, "--delete", "second")
    run(library, "", capsys, monkeypatch, "--delete", "chat-1")
    assert run(library, "", capsys, monkeypatch, "--list")[1].startswith("There are no sessions yet")
    with pytest.raises(UsageError, match="one of them"):
        run(library, "", capsys, monkeypatch, "--list", "--delete", "x")


def test_json_is_one_object_a_turn(
    library: Library, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, out, _ = run(library, "What is the budget?\nwho said that?\n", capsys, monkeypatch, "--json")
    assert status == 0
    first, second = map(json.loads, out.splitlines())
    assert first["answer"]["found"] is True
    assert second["turn"]["notes"] == ["that = the last answer"]
    assert second["resolved"]["mode"] == "again"


def test_at_a_terminal_an_interrupt_costs_one_line(
    made: Path,
) -> None:
    """A real terminal: a pseudo-tty, as a user has it."""
    import pty

    environment = {**os.environ, "TERM": "dumb"}
    command = [sys.executable, "-m", "longvid.cli", "chat", "-L", str(made), "--session", "tty"]
    controller, terminal = pty.openpty()
    child = subprocess.Popen(
        command,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=environment,
        start_new_session=True,
        preexec_fn=_interruptible,
    )
    os.close(terminal)
    screen = _Terminal(controller)
    try:
        screen.until("Ctrl-D leaves")
        screen.until("> ")
        os.write(controller, b"What is the budget for the new cluster?\n")
        assert "nine thousand euros" in screen.until("[standup @ 2:00–2:06]")
        screen.until("> ")
        screen.interrupted(child, "> ")
        os.write(controller, b"/quit\n")
        assert child.wait(60) == 0
    finally:
        child.kill()
        child.wait()
        os.close(controller)


def _interruptible() -> None:
    """Of a test run in the background of a shell, children would ignore interrupts as it does."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class _Terminal:
    """What a pseudo-terminal shows, read up to what is waited for; the rest waits for the next reading."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.seen = b""

    def interrupted(self, child: subprocess.Popen[bytes], wanted: str) -> None:
        """Ctrl-C until ``wanted`` shows: between showing a prompt and reading, Python keeps one until the next key."""
        for _ in range(60):
            os.kill(child.pid, signal.SIGINT)
            if select.select([self.descriptor], [], [], 2)[0]:
                break
        self.until(wanted)

    def until(self, wanted: str) -> str:
        while wanted.encode() not in self.seen:
            ready, _, _ = select.select([self.descriptor], [], [], 120)
            assert ready, f"only this came: {self.seen!r}"
            self.seen += os.read(self.descriptor, 4096)
        shown, _, self.seen = self.seen.partition(wanted.encode())
        return shown.decode()


# --- with a language model ---------------------------------------------------------------------------------


class LMEngines(Engines):
    """Engines with a scripted model."""

    def __init__(self, lm: ScriptedLM) -> None:
        super().__init__({"text": "off", "image": "off", "speech": "off", "screen": "off"})
        self._lm = lm

    @cached_property
    def video_lm(self) -> Any:
        return self._lm


def test_with_a_model_a_turn_is_one_call_to_resolve_and_the_answers_own(made: Path) -> None:
    def cite(request: Request) -> dict[str, Any]:
        ids = [piece.id for piece in request.evidence if "nine thousand" in piece.text]
        return claims(("The budget for the new cluster is nine thousand euros.", ids[:1]))

    rewritten = {"question": "How much is the budget?", "speaker": "Maya", "citation": None, "when": None}
    lm = ScriptedLM(cite, rewritten, cite)
    with Library.open(made, engines=LMEngines(lm)) as library, library.chat("lm") as chat:
        first = chat.ask("What is the budget for the new cluster?")
        assert first.answer.claims[0].citations[0].start_s == 120.0
        assert len(lm.requests) == 1, "the first question refers to nothing"
        second = chat.ask("and how much did she say it is?")
        assert len(lm.requests) == 3
        assert second.turn.asked == "How much is the budget?"
        assert second.resolved.filters.speaker == "Maya"
        assert second.answer.found
        asked = lm.requests[2].prompt
        assert "What is the budget for the new cluster?" in asked, "the answer knows the conversation"
        library.delete_chat("lm")
