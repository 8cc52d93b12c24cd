"""Transcripts whose names differ by what looks like a language: translations of one talk, or talks of their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from longvid_indexer.scan import look_at, scan

COMPUTERS = (
    "Welcome to the meeting about computers.",
    "The server room is too warm since Monday.",
    "We order two new switches for the second floor.",
    "Passwords must be changed until the end of March.",
)
PEOPLE = (
    "Good morning, we talk about new people today.",
    "Three candidates have sent their papers.",
    "The interview with the accountant is on Thursday.",
    "Holidays have to be entered before the summer.",
)
COMPUTERS_IN_GERMAN = (
    "Willkommen zur Besprechung über Computer.",
    "Der Serverraum ist seit Montag zu warm.",
    "Wir bestellen zwei neue Switches für den zweiten Stock.",
    "Passwörter müssen bis Ende März geändert werden.",
)


def write(path: Path, said: Sequence[str]) -> None:
    cues = (
        f"00:{4 * at // 60:02}:{4 * at % 60:02}.000 --> 00:{(4 * at + 4) // 60:02}:{(4 * at + 4) % 60:02}.000\n{text}"
        for at, text in enumerate(said)
    )
    path.write_text("WEBVTT\n\n" + "\n\n".join(cues) + "\n")


def talks(folder: Path) -> list[list[str]]:
    """The files of each talk, its first one first."""
    return [[item.path.name, *(each.name for each in item.sidecars)] for item in scan([folder])]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        # Two departments: both English, whatever the names say.
        ({"team_it.vtt": COMPUTERS, "team_hr.vtt": PEOPLE}, [["team_hr.vtt"], ["team_it.vtt"]]),
        ({"team-it.vtt": COMPUTERS, "team.vtt": PEOPLE}, [["team-it.vtt"], ["team.vtt"]]),
        # Two broadcasts: translations end where their talk does.
        (
            {"news_en.vtt": PEOPLE * 3, "news_de.vtt": COMPUTERS_IN_GERMAN},
            [["news_de.vtt"], ["news_en.vtt"]],
        ),
        # One talk and its translation; one talk by two programs; English that nobody has translated yet.
        ({"sync_en.vtt": COMPUTERS, "sync_de.vtt": COMPUTERS_IN_GERMAN}, [["sync_en.vtt", "sync_de.vtt"]]),
        (
            {"sync_en.vtt": COMPUTERS, "sync_de.vtt": [*COMPUTERS[:3], COMPUTERS_IN_GERMAN[3]]},
            [["sync_en.vtt", "sync_de.vtt"]],
        ),
        ({"talk.vtt": PEOPLE, "talk_whisper.vtt": PEOPLE}, [["talk.vtt", "talk_whisper.vtt"]]),
        ({"talk.vtt": PEOPLE, "talk_forced.vtt": PEOPLE[:1]}, [["talk.vtt", "talk_forced.vtt"]]),
        # A dot before a language is a convention.
        ({"team.it.vtt": COMPUTERS, "team.hr.vtt": PEOPLE}, [["team.hr.vtt", "team.it.vtt"]]),
    ],
)
def test_what_looks_like_a_language_parts_talks_where_words_or_length_belie_it(
    tmp_path: Path, files: dict[str, Sequence[str]], expected: list[list[str]]
) -> None:
    for name, said in files.items():
        write(tmp_path / name, said)
    assert talks(tmp_path) == expected
    for first, *others in expected:  # a file looked at by itself is the same talk
        assert [each.name for each in look_at(tmp_path / first).sidecars] == others


def test_a_folder_of_code_pages_of_one_text_is_one_talk(tmp_path: Path) -> None:
    for language, encoding, text in (
        ("ru", "cp1251", "Сегодня мы говорим о насосах."),
        ("el", "cp1253", "Σήμερα μιλάμε για αντλίες."),
        ("ko", "cp949", "오늘은 펌프에 대해 이야기합니다."),
    ):
        write(tmp_path / "x.vtt", [text] * 6)
        (tmp_path / f"lone_{language}.srt").write_bytes((tmp_path / "x.vtt").read_text().encode(encoding))
    (tmp_path / "x.vtt").unlink()
    assert talks(tmp_path) == [["lone_el.srt", "lone_ko.srt", "lone_ru.srt"]]


def test_text_that_is_named_by_hand_takes_no_neighbours_for_its_subtitles(tmp_path: Path) -> None:
    """``38_mac.srt`` is called by a language, as the subtitles of the one film of a folder may be; this is no film."""
    for name in ("notes.old", "notes.md"):
        (tmp_path / name).write_text("0:00 Jane: The pump is leaking.\n0:04 Tom: Since when is that?\n")
    write(tmp_path / "38_mac.srt", PEOPLE)
    for name in ("notes.old", "notes.md"):
        (item,) = scan([tmp_path / name])
        assert item.sidecars == look_at(tmp_path / name).sidecars == ()
    assert talks(tmp_path) == [["38_mac.srt"]]
