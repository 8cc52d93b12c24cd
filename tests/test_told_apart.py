"""Videos of one title are told apart, and times that are guesses are not cited as exact."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from longvid import Library, printing
from longvid_indexer.titles import file_title
from longvid_storage.db.listing import SORTS, ListQuery
from longvid_storage.errors import NotFoundError


def transcript(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cues = [
        f"00:{at:02d}.000 --> 00:{at + 4:02d}.000\n{line}\n"
        for at, line in zip(range(0, 60, 5), lines, strict=False)
    ]
    path.write_text("\n".join(["WEBVTT\n", *cues]), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("apart")
    transcript(folder / "talks/north/tides.vtt", "The moon pulls at the water of the north sea.")
    transcript(folder / "talks/south/tides.vtt", "The moon pulls at the water of the south sea.")
    transcript(folder / "2026-03-02 weekly harbour/sync.vtt", "The crane on the quay is painted blue.")
    transcript(folder / "2026-03-09 weekly harbour/sync.vtt", "The crane on the quay is painted green.")
    transcript(folder / "2026-03-09 harbour walk/audio1187123.vtt", "The lighthouse is closed.")
    library = Library.open(folder / "library", create=True)
    library.index([folder / "talks", *sorted(folder.glob("2026*"))], only=["transcript"])
    return library


def test_lists_and_citations_say_what_tells_them_apart(library: Library) -> None:
    titles = [video.title for video in library.videos()]
    assert titles == [
        "2026-03-09 harbour walk",
        "sync (2026-03-02)",
        "sync (2026-03-09)",
        "tides (north)",
        "tides (south)",
    ]
    answer = library.ask("Where is the crane?")
    cited = {c.title for claim in answer.claims for c in claim.citations}
    assert cited
    assert cited <= {"sync (2026-03-02)", "sync (2026-03-09)"}
    assert {moment.title for moment in library.search("moon") if not moment.near} == {
        "tides (north)",
        "tides (south)",
    }
    assert [group.title for group in library.mentions(["south"])] == ["tides (south)"]


def test_what_is_listed_is_found_by_that_name(library: Library) -> None:
    assert library.find("tides (south)").title == library.find("Tides (South)").title == "tides (south)"
    with pytest.raises(NotFoundError, match=r"tides \(north\).*tides \(south\)"):
        library.find("tides")
    only = library.ask("In sync (2026-03-09), where is the crane?")
    assert [c.title for claim in only.claims for c in claim.citations] == ["sync (2026-03-09)"]


def test_pages_are_those_of_the_whole_list_in_every_order(library: Library) -> None:
    everything = [video.title for video in library.videos()]
    for sort in SORTS:
        seen: list[str] = []
        wanted = ListQuery(sort, limit=2)
        while True:
            page = library.page(wanted)
            assert page.total == len(everything)
            seen += [video.title for video, card in page.items if card.title == video.title]
            if page.next is None:
                break
            wanted = replace(wanted, after=page.next)
        assert sorted(seen) == sorted(everything), sort
        if sort == "title":
            assert seen == everything
        for first in range(len(everything) + 1):
            here = library.page(ListQuery(sort, first=first, limit=2)).items
            assert [video.title for video, _ in here] == seen[first : first + 2]
        for wrong in ([], ["tides"], [None] * 3, [[], "tides", "", "id"]):
            with pytest.raises(TypeError):
                library.page(ListQuery(sort, after=wrong))
    north = library.page(ListQuery(words="TIDES north"))
    assert ([video.title for video, _ in north.items], north.total) == (["tides (north)"], 1)
    for nowhere in ("%", "tides_", "t" * 100_000, "tides%", "tides x " * 5_000):
        assert library.page(ListQuery(words=nowhere)).total == 0
    march = library.page(ListQuery(from_date="2026-03-09", to_date="2026-03-09"))
    assert [card.title for _, card in march.items] == ["2026-03-09 harbour walk"]


def test_the_day_of_a_video_follows_its_names(tmp_path: Path) -> None:
    path = transcript(tmp_path / "talks" / "sync.vtt", "The crane is blue.")
    with Library.open(tmp_path / "library", create=True) as library:

        def day() -> str | None:
            library.index([tmp_path / "talks"], only=["transcript"])
            ((_, card),) = library.page(ListQuery("-date")).items
            return card.date

        os.utime(path, (0, 86400))
        assert day() == "1970-01-02"
        path.rename(path.with_name("sync 2026-03-02.vtt"))
        assert day() == "2026-03-02"
        assert library.page(ListQuery(from_date="2026-03-03")).total == 0


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("2026-01-15 15.00.00 Weekly sync 8812/video1881234567.mp4", "2026-01-15 15.00.00 Weekly sync 8812"),
        ("Kick-off with the harbour/audio_only.m4a", "Kick-off with the harbour"),
        ("20260308 sync/Recording (2).mp4", "20260308 sync"),
        ("downloads/video.mp4", "video"),
        ("a b c/video.mp4", "video"),
        ("Kick-off with the harbour/Talk on tides.mp4", "Talk on tides"),
        ("downloads/Talk on tides [x9QwR4w-gXc].mp4", "Talk on tides"),
        ("downloads/Talk on tides [Remastered1].mp4", "Talk on tides [Remastered1]"),
        ("downloads/[x9QwR4w-gXc].mp4", "[x9QwR4w-gXc]"),
    ],
)
def test_the_folder_names_what_the_file_does_not(path: str, title: str) -> None:
    assert file_title(Path(path)) == title


@pytest.mark.parametrize(
    ("name", "asked", "title"),
    [
        ("Cafe\u0301 Gro\u0308\u00dfe", "Café Größe", "Café Größe"),
        ("Café crème", "Cafe\u0301 cre\u0300me", "Café crème"),
        ("budget\nmeeting", "budget meeting", "budget meeting"),
        ("harbour  walk ", "Harbour walk", "harbour walk"),
        ("Café Größe", "Cafe Grosse", "Café Größe"),
        ("naïve Łódź", "naive lodz", "naïve Łódź"),
        ("\u200eharbour\u200b walk", "harbour walk", "harbour walk"),
        ("x\x1b[31mred", "x[31mred", "x[31mred"),
        ("Ben’s “talk” – part 1", 'Ben\'s "talk" - part 1', "Ben’s “talk” – part 1"),
        ("Talk： part ⧸ two？", "Talk: part / two?", "Talk： part ⧸ two？"),
        ("İstanbul gezisi", "istanbul gezisi", "İstanbul gezisi"),
    ],
)
def test_a_name_is_found_however_its_letters_and_spaces_are_written(
    tmp_path: Path, name: str, asked: str, title: str
) -> None:
    path = transcript(tmp_path / f"{name}.vtt", "The moon pulls at the water.")
    with Library.open(tmp_path / "library", create=True) as library:
        library.index([path], only=["transcript"])
        (video,) = library.videos()
        assert video.title == title
        assert library.find(asked) == library.find(path.name) == library.find(name) == video
        assert len(printing.table(library.lines()).splitlines()) == 2


def test_words_that_two_titles_share_name_neither(tmp_path: Path) -> None:
    transcript(tmp_path / "in" / "Café-Plan.vtt", "The moon pulls at the water.")
    transcript(tmp_path / "in" / "cafe_plan.vtt", "The moon pulls at the other water.")
    with Library.open(tmp_path / "library", create=True) as library:
        library.index([tmp_path / "in"], only=["transcript"])
        assert library.find("cafe_plan").title == "cafe_plan"
        with pytest.raises(NotFoundError, match="may be any of 2 videos"):
            library.find("Cafe plan")


def test_the_last_folders_of_a_path_tell_files_of_one_name_apart(tmp_path: Path) -> None:
    for week in ("week1", "week2"):
        transcript(tmp_path / "in" / week / "standup.vtt", f"The valve was opened in {week}.")
    with Library.open(tmp_path / "library", create=True) as library:
        library.index([tmp_path / "in"], only=["transcript"])
        for name in ("week2/standup.vtt", "week2/standup", "./in/week2/Standup", "week2\\standup.vtt"):
            assert library.find(name).path == str(tmp_path / "in" / "week2" / "standup.vtt"), name
        with pytest.raises(NotFoundError, match="may be any of 2 videos"):
            library.find("standup.vtt")
        with pytest.raises(NotFoundError, match="no video"):
            library.find("week3/standup")


def test_a_speaker_is_found_however_accents_are_written(tmp_path: Path) -> None:
    path = transcript(
        tmp_path / "talk.vtt", "<v Jose\u0301>The moon pulls at the water.", "<v Ana>The sun does too."
    )
    with Library.open(tmp_path / "library", create=True) as library:
        library.index([path], only=["transcript"])
        assert [moment.start_s for moment in library.search("water", speaker="José")] == [0.0]


def test_a_time_that_is_a_guess_is_cited_as_one(tmp_path: Path) -> None:
    said = " ".join(f"The {what} of the ferry is inspected every {n} weeks." for n, what in enumerate(
        ["engine", "rudder", "anchor", "hull", "mast", "radio", "ramp", "galley"] * 6, 2))  # fmt: skip
    path = tmp_path / "ferry.vtt"
    path.write_text(f"WEBVTT\n\n00:00.000 --> 00:01.500\n{said}\n", encoding="utf-8")
    with Library.open(tmp_path / "library", create=True) as library:
        library.index([path], only=["transcript"])
        answer = library.ask("What was said about the rudder?")
        assert answer.found
        assert all(c.approximate for claim in answer.claims for c in claim.citations)
        assert "[ferry @ about " in printing.answer(answer)
        assert "ferry @ about " in printing.moments(library.search("rudder"))
