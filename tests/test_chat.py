"""Conversations over a library: remembered, resumed, listed, deleted, killed, and kept to what they were begun with."""

from __future__ import annotations

import io
import json
import os
import re
import select
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from longvid import Library
from longvid.cli import app
from longvid_agents.conversation.turns import Turn
from longvid_agents.prompts import FOLLOW_UP_SYSTEM
from longvid_agents.verify import supported
from longvid_agents.video_lm import Request
from longvid_storage.errors import LibraryError, NotFoundError, ReadOnlyError, UsageError
from scripted_lm import ScriptedLM, claims
from toy_engines import LMEngines

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
def library(made: Path) -> Iterator[Library]:
    with Library.open(made) as opened:
        for each in opened.chats():
            opened.delete_chat(each.name)
        yield opened


def in_the_files(library: Library) -> bytes:
    """Every byte of the library's database; closes it first, since reading its files takes SQLite's locks from it."""
    library.close()
    return b"".join(path.read_bytes() for path in library._store.path.glob("library.db*"))


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
        with library._store.view() as view:
            assert supported(then.answer.claims, view) == list(then.answer.claims)
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
    with pytest.raises(NotFoundError, match="no session 'monday'"):
        library.delete_chat("monday")
    with pytest.raises(UsageError, match="session name"):
        library.chat("\n")
    assert b"agree to postpone the migration?" not in in_the_files(library)


def test_a_session_keeps_to_what_it_was_begun_with(library: Library) -> None:
    with library.chat("narrow", collection="team") as chat:
        assert not chat.ask("What do tomato plants need?").answer.found
    with library.chat("narrow") as chat:
        assert chat.filters.collection == "team"
        assert not chat.ask("What do tomato plants need in summer, compost?").answer.found
    with pytest.raises(
        UsageError, match="the session 'narrow' was not begun for --collection home: begin another session"
    ):
        library.chat("narrow", collection="home")
    with library.chat("narrow", collection="team", speaker="Jonas") as chat:
        assert (chat.filters.collection, chat.filters.speaker) == ("team", "Jonas")
        answer = chat.ask("What about the migration plan?").answer
        assert {c.citations[0].start_s for c in answer.claims} <= {60.0, 80.0}
    with library.chat("one", video="standup") as chat:
        chat.ask("What is the budget?")
    with pytest.raises(UsageError, match="was not begun for --video 'garden'"):
        library.chat("one", video="garden")


def test_a_filtered_caller_learns_of_no_other_session(
    library: Library, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with library.chat("secret", collection="home", video="garden", speaker="Eve") as chat:
        chat.ask("What do tomato plants need?")
    with library.chat("everything") as chat:
        chat.ask("What do tomato plants need?")
    with library.chat("ours", collection="team", video="standup") as chat:
        chat.ask("What is the budget?")
    assert [each.name for each in library.chats(collection="team")] == ["ours"]
    assert [each.name for each in library.chats(collection="team", video="standup")] == ["ours"]
    assert library.chats(speaker="Jonas") == []
    assert len(library.chats()) == 3
    for name in ("secret", "everything"):
        with pytest.raises(UsageError) as refused:
            library.chat(name, collection="team")
        told = str(refused.value).replace(name, "")
        assert not re.search("home|garden|Eve|tomato|all", told), told
    lines = "/sessions\n/open secret\n/new secret\n"
    _, out, err = run(library, lines, capsys, monkeypatch, "--collection", "team")
    assert "ours" in out
    assert not re.search("secret|everything|home|garden|Eve|tomato", out)
    assert "there is no session 'secret'" in err
    assert "the session 'secret' was not begun for --collection team" in err
    assert not re.search("home|garden|Eve|tomato", err)


def test_a_narrowed_session_uses_and_shows_only_turns_that_its_filters_admit(library: Library) -> None:
    with library.chat("both") as chat:
        chat.ask("What do tomato plants need?")
        chat.ask("What is the capital of Australia?")
        chat.ask("When did they agree to postpone the migration?")
        assert [len(turn.cited) for turn in chat.turns] == [1, 0, 1]
    with library.chat("both", video="garden") as chat:
        assert [turn.question for turn in chat.turns] == [
            "What do tomato plants need?",
            "What is the capital of Australia?",
        ]
        who = chat.ask("who said that?")
        assert {claim.citations[0].title for claim in who.answer.claims} == {"garden"}
        assert who.turn.notes == ("that = the answer to 'What do tomato plants need?'",)


def test_a_conversation_is_rows_of_plain_data(library: Library) -> None:
    with library.chat("monday") as chat:
        for question in ("What is the budget?", "and then?", "Who said that?"):
            chat.ask(question)
    with sqlite3.connect(library._store.path / "library.db") as connection:
        turns = connection.execute("SELECT seq, turn FROM turns ORDER BY seq").fetchall()
        videos = connection.execute("SELECT count(DISTINCT turn_key), count(*) FROM turn_videos").fetchone()
    connection.close()
    assert [(seq, json.loads(turn)["question"]) for seq, turn in turns] == [
        (0, "What is the budget?"),
        (1, "and then?"),
        (2, "Who said that?"),
    ]
    assert videos == (3, 3), "nothing is said after the budget, but the turn tells after what"
    assert not list(library._store.path.glob("chats.db*"))


@pytest.mark.parametrize(
    "damage",
    ["UPDATE chats SET scope = '[3]'", """UPDATE turns SET turn = '{"question": 1}'"""],
    ids=["scope", "turn"],
)
def test_damaged_rows_are_one_sentence(library: Library, damage: str) -> None:
    with library.chat("monday") as chat:
        chat.ask("What is the budget?")
    with sqlite3.connect(library._store.path / "library.db") as connection:
        connection.execute(damage)
    connection.close()
    with pytest.raises(LibraryError, match=r"is damaged .*longvid (check --repair|chat --delete 'monday')"):
        library.chats()
    library.delete_chat("monday")


def test_sessions_that_nobody_asked_anything_in_are_not_kept(library: Library) -> None:
    with library.chat() as first, library.chat() as second:
        assert (first.name, second.name) == ("chat-1", "chat-2"), "two at once are two sessions"
    assert library.chats() == []
    with library.chat("monday") as first:
        second = library.chat("monday")
    second.ask("What is the budget?")
    second.close()
    assert [each.turns for each in library.chats()] == [1], "whoever left first did not take it away"
    third = library.chat("monday")
    library.delete_chat("monday")
    with pytest.raises(NotFoundError, match="the session 'monday' was deleted"):
        third.ask("What is the budget?")


def test_a_turn_waits_for_no_process_that_indexes(library: Library) -> None:
    hold = "import sys; from longvid_storage.db.store import Store; store = Store.open(sys.argv[1])\n"
    hold += "with store.writer_lock(): print('held', flush=True); sys.stdin.read()"
    path = str(library._store.path)
    with subprocess.Popen(
        [sys.executable, "-c", hold, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with library.chat("monday") as chat:
            chat.ask("What is the budget?")
        assert process.poll() is None
        process.communicate("")
    assert library.chats()[0].turns == 1


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    import shutil

    return shutil.copytree(made, tmp_path / "library")


def test_removing_a_video_takes_its_turns_out_of_every_conversation(copy: Path) -> None:
    with Library.open(copy) as library:
        with library.chat("both") as chat:
            chat.ask("What do tomato plants need?")
            end = chat.ask("and then?")
            assert (end.turn.cited, end.turn.notes) == ((), ("after 0:09 in garden",))
            chat.ask("What is the budget for the new cluster?")
        statements: list[str] = []
        event.listen(library._store._engine, "commit", lambda connection: statements.append("COMMIT"))
        event.listen(
            library._store._engine,
            "before_cursor_execute",
            lambda connection, cursor, statement, *rest: statements.append(statement),
        )
        library._store.remove_video(library.find("garden").video_id)
        turns = next(i for i, each in enumerate(statements) if each.startswith("DELETE FROM turns"))
        video = next(i for i, each in enumerate(statements) if each.startswith("DELETE FROM videos"))
        assert "COMMIT" not in statements[min(turns, video) : max(turns, video)], "one transaction"
        with library.chat("both") as chat:
            assert [turn.question for turn in chat.turns] == ["What is the budget for the new cluster?"]
        left = in_the_files(library)
        assert [word for word in (b"ompost", b"tomato", b"0:09 in garden") if word in left] == []


def test_a_claims_second_citation_and_what_a_rewriting_read_go_with_their_videos(copy: Path) -> None:
    def both(request: Request) -> dict[str, Any]:
        ids = [piece.id for piece in request.evidence if re.search("nine thousand|compost", piece.text)]
        return claims(("The budget for the new cluster is nine thousand euros, compost apart.", ids))

    rewritten = {"question": "Compost, in Australia?", "speaker": None, "citation": None, "when": None}

    def play(request: Request) -> dict[str, Any]:
        return rewritten if request.system == FOLLOW_UP_SYSTEM else both(request)

    lm = ScriptedLM(otherwise=play)
    with Library.open(copy, engines=LMEngines(lm)) as library, library.chat("lm") as chat:
        first = chat.ask("What is the budget for the new cluster, and do tomato plants need compost?")
        titles = {citation.title for claim in first.answer.claims for citation in claim.citations}
        assert titles == {"standup", "garden"}
        (second_title,) = titles - {cited.title for cited in first.turn.cited}
        second = chat.ask("And in Australia?")
        assert second.turn.asked == "Compost, in Australia?"
        library.remove(second_title)
        assert chat.turns == ()


def test_a_video_that_is_removed_while_it_is_answered_leaves_no_turn(copy: Path) -> None:
    with Library.open(copy) as library, library.chat("both") as chat:
        keep = chat._conversation._keep

        def removed(turn: Turn) -> None:
            library.remove("garden")
            keep(turn)

        chat._conversation._keep = removed
        assert chat.ask("What do tomato plants need?").answer.found
        assert chat.turns == ()
        assert b"ompost" not in in_the_files(library)


# --- what an older longvid kept beside the database --------------------------------------------------------


def old_file(library: Path, sessions: dict[str, list[dict[str, Any]]], *, kind: str = "json") -> None:
    """``chats.db`` as LangGraph's checkpointer wrote it for longvid, each session with an older checkpoint."""
    connection = sqlite3.connect(library / "chats.db")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(
        "CREATE TABLE checkpoints (thread_id TEXT NOT NULL, checkpoint_ns TEXT NOT NULL DEFAULT '', checkpoint_id "
        "TEXT NOT NULL, parent_checkpoint_id TEXT, type TEXT, checkpoint BLOB, metadata BLOB, "
        "PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id))"
    )
    for number, (name, turns) in enumerate(sessions.items()):
        filters = {
            **dict.fromkeys(("video_ids", "from_s", "to_s", "speaker", "language")),
            "collection": "team",
        }
        for step, kept in enumerate((turns[:-1], turns)):
            values = {"filters": filters, "turns": kept, "question": "", "resolved": {}}
            checkpoint = json.dumps({"v": 4, "channel_values": values}).encode()
            row = (name, "", f"1f1eb3e7-{number}{step}", None, kind, checkpoint, b"{}")
            connection.execute("INSERT INTO checkpoints VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    connection.commit()
    connection.close()


def older(path: Path, old_turn: Callable[[str, str, str], dict[str, Any]]) -> None:
    """Take the library back to before conversations were rows, with three turns in ``chats.db``."""
    with Library.open(path) as library:
        ids = {each.title: each.video_id for each in library.videos()}
    with sqlite3.connect(path / "library.db") as connection:
        for table in (
            "pictures_elsewhere",
            "turn_videos",
            "turns",
            "chats",
            "api_keys",
            "deliveries",
            "webhooks",
            "uploads",
            "jobs",
        ):
            connection.execute(f"DROP TABLE {table}")
        for index in ("media_id", "title_key", "day", "duration_s", "revision"):
            connection.execute(f"DROP INDEX IF EXISTS ix_videos_{index}")
        late = ("day", "went", "cut_short", "revision")
        for column in ("media_id", "subtitles", "recorded_on", "title_key", *late):
            connection.execute(f"ALTER TABLE videos DROP COLUMN {column}")
        connection.execute("ALTER TABLE sounds DROP COLUMN origin")
        connection.execute("ALTER TABLE library DROP COLUMN remade")
        connection.execute("UPDATE alembic_version SET version_num = ?", ("0005",))
    connection.close()
    budget = old_turn("What is the budget?", "standup", ids["standup"])
    plants = old_turn("What do tomato plants need?", "garden", ids["garden"])
    gone = old_turn("What was in the removed one?", "gone", "f" * 64)
    old_file(path, {"later": [budget, gone, plants], "earlier": [plants], "none": []})


def old_turn(question: str, title: str, video_id: str) -> dict[str, Any]:
    quote = "The budget for the new cluster is nine thousand euros."
    cited = {"video_id": video_id, "title": title, "path": f"{title}.vtt", "start_s": 120.0, "end_s": 126.0}
    cited |= {"kind": "speech", "quote": quote, "speaker": "Maya"}
    turn = {"question": question, "asked": question, "answer": quote, "found": True, "claims": [quote]}
    return {**turn, "cited": [cited], "notes": []}


def test_conversations_of_an_older_library_are_brought_over(copy: Path) -> None:
    older(copy, old_turn)
    with Library.open(copy) as library:
        assert not list(copy.glob("chats.db*"))
        assert [(each.name, each.turns, each.collection) for each in library.chats()] == [
            ("earlier", 1, "team"),
            ("later", 2, "team"),
        ]
        with library.chat("later") as chat:
            assert [turn.question for turn in chat.turns] == [
                "What is the budget?",
                "What do tomato plants need?",
            ]
            assert chat.turns[0].cited[0].speaker == "Maya"
            again = chat.ask("who said that?")
            assert again.answer.claims[0].text.startswith("Maya: ")
            assert again.turn.cited == chat.turns[1].cited, "though no passage says who spoke"
        library.remove("garden")
        assert [(each.name, each.turns) for each in library.chats()] == [("later", 1), ("earlier", 0)]


def test_the_old_file_of_a_process_killed_after_the_upgrade_is_removed(copy: Path) -> None:
    old_file(copy, {"monday": [old_turn("What is the budget?", "standup", "f" * 64)]})
    Library.open(copy).close()
    assert not list(copy.glob("chats.db*"))


@pytest.mark.parametrize("damage", ["kind", "bytes", "turns"])
def test_an_old_file_that_cannot_be_read_is_neither_lost_nor_passed_over(copy: Path, damage: str) -> None:
    older(copy, old_turn)
    (copy / "chats.db").unlink()
    if damage == "bytes":
        (copy / "chats.db").write_bytes(b"no database" * 1000)
    else:
        turns: list[Any] = [{"cited": 3}] if damage == "turns" else []
        old_file(copy, {"monday": turns}, kind="msgpack" if damage == "kind" else "json")
    with pytest.raises(LibraryError, match=r"chats.db cannot be read .*delete that file"):
        Library.open(copy)
    (copy / "chats.db").unlink()
    with Library.open(copy) as library:
        assert library.chats() == []
        assert len(library.videos()) == 2


def test_a_library_that_may_only_be_read_keeps_no_conversation(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library._store._database, "read_only", True)
    with pytest.raises(ReadOnlyError):
        library.chat("monday")
    with pytest.raises(ReadOnlyError):
        library.delete_chat("monday")
    assert library.chats() == []


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
    assert [json.loads(line)["name"] for line in out.splitlines()] == ["chat-1", "second"]
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


def test_json_with_a_filter_by_several_videos(
    library: Library, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    both = ["--video", "standup", "--video", "garden"]
    status, out, _ = run(library, "What is the budget?\n", capsys, monkeypatch, "--json", *both)
    assert status == 0
    ids = sorted(each.video_id for each in library.videos())
    assert json.loads(out)["resolved"]["filters"]["video_ids"] == ids


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
