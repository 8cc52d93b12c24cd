"""What else a library holds changes nothing in a scope: same moments, order, scores, answers, names and refusals.

A library of two collections, asked within one of them, answers as a library that holds only that one; passage ids,
which count over the library, aside.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from longvid import Library
from longvid.cli import main
from longvid.jsonform import to_plain
from longvid_storage.errors import LongvidError
from toy_engines import ToyEngines

WORDS = [
    *(
        "budget",
        "migration",
        "server",
        "cluster",
        "friday",
        "report",
        "deadline",
        "invoice",
        "garden",
        "compost",
    ),
    *(
        "tomato",
        "enzyme",
        "carbon",
        "sugar",
        "plate",
        "earthquake",
        "gradient",
        "learning",
        "rate",
        "minimum",
    ),
    *("momentum", "entropy", "bits", "code", "channel", "noise", "hotel", "lisbon", "workshop"),
]
PEOPLE = ("Maya", "Jonas", "Ada", "Pooja")


def transcript(chance: random.Random) -> str:
    """Some minutes of talk about a few of the words."""
    about = chance.sample(WORDS, 8)
    lines, at = ["WEBVTT", ""], 0
    for _ in range(chance.randrange(8, 40)):
        said = " ".join(chance.choices(about, k=chance.randrange(3, 9)))
        frame = chance.choice(["We decided to use the {} now.", "I will send the {} by Friday.", "The {} is late.",
                               "What about the {}?", "So {} it is, more or less."])  # fmt: skip
        lines += [
            f"{_clock(at)} --> {_clock(at + 6)}",
            f"<v {chance.choice(PEOPLE)}>{frame.format(said)}",
            "",
        ]
        at += chance.choice([6, 7, 20])
    return "\n".join(lines)


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.000"


def libraries(folder: Path, seed: int) -> tuple[Library, Library]:
    """One that holds A and B, indexed in turns, and one that holds B alone."""
    chance = random.Random(seed)
    for name in "ab":
        (folder / name).mkdir(parents=True)
        for number in range(chance.randrange(1, 6)):
            (folder / name / f"talk {number}.vtt").write_text(transcript(chance))
    both = Library.open(folder / "both", create=True, engines=ToyEngines())
    for name in chance.sample("ab", 2):
        both.index(folder / name, collection=name)
    alone = Library.open(folder / "alone", create=True, engines=ToyEngines())
    alone.index(folder / "b", collection="b")
    return both, alone


def told(call: Callable[[], Any]) -> Any:
    """What a call says, or the sentence it fails with; ids of passages and what it cost aside."""
    try:
        return _without_ids(to_plain(call()))
    except LongvidError as error:
        return error.code, error.message


def _without_ids(value: Any) -> Any:
    if isinstance(value, dict):
        dropped = ("id", "passage_id", "passage_ids", "passages", "usage", "at_s")
        return {key: _without_ids(each) for key, each in value.items() if key not in dropped}
    return [_without_ids(each) for each in value] if isinstance(value, list) else value


def requests(chance: random.Random) -> list[tuple[str, Callable[[Library], Any]]]:
    """Random calls of everything that takes a collection."""
    words = " ".join(chance.sample(WORDS, chance.randrange(1, 4)))
    scope: dict[str, Any] = {"collection": "b"}
    if chance.random() < 0.3:
        scope["speaker"] = chance.choice([*PEOPLE, "Nobody"])
    if chance.random() < 0.2:
        scope["from_s"] = chance.choice([0.0, 30.0, 100.0])
    if chance.random() < 0.3:
        scope["video"] = f"talk {chance.randrange(7)}"
    question = chance.choice(
        [
            f"What did they decide about the {words}?",
            f"Who will send the {words}?",
            "What was it about?",
            words,
        ]
    )
    return [
        (f"search {words} {scope}", lambda lib: lib.search(words, **scope)),
        (f"mentions {words} {scope}", lambda lib: lib.mentions(words.split(), **scope)),
        (f"ask {question} {scope}", lambda lib: lib.ask(question, **scope)),
        ("videos", lambda lib: [(v.video_id, v.title, v.duration_s) for v in lib.videos(collection="b")]),
        ("digest", lambda lib: lib.collection_digest("b")),
        (f"chats {scope}", lambda lib: lib.chats(**scope)),
    ]


@pytest.mark.parametrize("seed", range(6))
def test_a_neighbour_changes_nothing(tmp_path: Path, seed: int) -> None:
    both, alone = libraries(tmp_path, seed)
    with both, alone:
        with both.chat("theirs", collection="a") as chat:
            chat.ask("What did they decide about the budget?")
        chance = random.Random(1000 + seed)
        for _ in range(6):
            for name, call in requests(chance):
                assert told(partial(call, both)) == told(partial(call, alone)), name


def test_names_of_a_neighbour_are_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, speaker in (("a", "Zebulon"), ("b", "Maya")):
        (tmp_path / name).mkdir()
        cues = f"00:00:01.000 --> 00:00:04.000\n<v {speaker}>The budget of {name} is late."
        (tmp_path / name / f"talk {name}.vtt").write_text(f"WEBVTT\n\n{cues}\n")
    with Library.open(tmp_path / "both", create=True, engines=ToyEngines()) as lib:
        for name in "ab":
            lib.index(tmp_path / name, collection=name)
        with lib.chat("theirs", collection="a") as chat:
            chat.ask("What about the budget of a?")
    off = ["--model", "text=off", "--model", "image=off", "--library", str(tmp_path / "both")]
    scope = ["--collection", "b", *off]
    said = {}
    for arguments in (
        ["ask", "Is the budget late?", "--speaker", "Nobody", *scope],
        ["search", "budget", "--speaker", "Nobody", *scope],
        ["mentions", "budget", "--speaker", "Nobody", "--collection", "b", *off[-2:]],
        ["search", "budget", "--speaker", "Nobody", "--video", "talk b", *off],
        ["search", "budget", "--video", "talk a", *scope],
        ["chat", "--list", *scope],
        ["chat", "--session", "theirs", *scope],
        ["chat", "--json", "--video", "talk a", "--video", "talk b", *off],
    ):
        monkeypatch.setattr("sys.argv", ["longvid", *arguments])
        monkeypatch.setattr("sys.stdin", io.StringIO("What about the budget?\n"))
        with pytest.raises(SystemExit):
            main()
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        said[" ".join(arguments)] = out + err
    several = said.popitem()[1]
    assert several.startswith("{")
    for call, text in said.items():
        assert "Zebulon" not in text, call
        assert "budget of a" not in text, call
        if "--speaker" in call:
            assert "there are Maya" in text, call
