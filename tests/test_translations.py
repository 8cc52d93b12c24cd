"""Subtitles in a second language beside a film: the spoken one answers, the other is found by its words and named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from longvid import Library, printing
from longvid_storage.types import Answer
from media_factory import write_video
from postgres_tools import new_database

SPOKEN = [
    "Today we repair an old house.",
    "The paint dries for three days.",
    "Put a bucket under the pipe first.",
    "Then the washer of the tap is replaced, model K7.",
]
GERMAN = [
    "Heute reparieren wir ein altes Bauernhaus.",
    "Die Farbe trocknet drei Tage lang.",
    "Stellen Sie zuerst einen Eimer unter das Rohr.",
    "Dann wird die Dichtung des Hahns ersetzt, Modell K7.",
]


def vtt(lines: list[str]) -> str:
    cues = [f"00:{10 * i:02d}.000 --> 00:{10 * i + 8:02d}.000\n{line}\n" for i, line in enumerate(lines)]
    return "\n".join(["WEBVTT\n", *cues])


def film(folder: Path, name: str, **more: object) -> Path:
    folder.mkdir(exist_ok=True)
    return write_video(folder / name, [np.zeros((32, 32, 3), np.uint8)] * 40, 1, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """One film with both beside it, one with German inside it, one without any."""
    folder = tmp_path_factory.mktemp("translated")
    films = folder / "films"
    film(films, "house.mp4")
    (films / "house.en.vtt").write_text(vtt(SPOKEN), encoding="utf-8")
    (films / "house.de.vtt").write_text(vtt(GERMAN), encoding="utf-8")
    (films / "house.en-GB.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nToday we mend a house.\n")
    library = Library.open(folder / "library", create=True)
    library.index([films], only=["transcript", "vectors"])
    return library


def quotes(answer: Answer) -> list[tuple[str, str]]:
    return [(c.kind, c.quote) for claim in answer.claims for c in claim.citations]


def test_both_languages_are_kept_and_told(library: Library) -> None:
    source = library.transcript_info("house")
    assert source is not None
    assert source.source == "sidecar:house.en.vtt"
    notes = str(library.stage_results("house")[0].note)
    assert "kept as translations, found by their words: house.de.vtt (de)" in notes
    assert "other subtitles beside it were not used (house.en-GB.srt)" in notes


def test_the_spoken_words_answer(library: Library) -> None:
    assert quotes(library.ask("How long does the paint dry?")) == [("speech", SPOKEN[1])]
    assert [m.evidence[0].kind for m in library.search("replace the washer")][:1] == ["speech"]


def test_the_other_language_is_found_by_its_words_and_named(library: Library) -> None:
    answer = library.ask("Wie lange trocknet die Farbe?")
    assert quotes(answer) == [("translation", GERMAN[1])]
    assert "[house @ 0:10–0:18, translation (de)]" in printing.answer(answer)
    assert quotes(library.ask("Wann reparieren wir das Haus?")) == [
        ("translation", GERMAN[0])
    ]  # in a compound
    first = library.search("Eimer unter das Rohr")[0]
    assert (first.start_s, first.near, first.evidence[0].kind) == (20.0, False, "translation")
    assert "translation (de) · Stellen Sie" in printing.moments([first])
    assert "translation (de) · Dann wird" in printing.mentioned(library.mentions(["Dichtung"])[0])


def test_in_postgresql_too(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    place = new_database()
    library.copy_to(place)
    with Library.open(place) as other:
        assert quotes(other.ask("Wie lange trocknet die Farbe?")) == [("translation", GERMAN[1])]
        assert other.mentions(["Eimer", "K7"]) == library.mentions(["Eimer", "K7"])


def test_what_both_say_is_one_place(library: Library) -> None:
    places = [each for group in library.mentions(["K7"]) for each in group.mentions]
    assert [(each.kind, each.start_s) for each in places] == [("speech", 30.0)]
    counted = library.ask('How many times is "Dichtung" mentioned?')
    assert quotes(counted) == [("translation", GERMAN[3])]


def test_a_track_inside_is_a_translation_too(tmp_path: Path) -> None:
    cues = [(10.0 * i, 10.0 * i + 8, line) for i, line in enumerate(GERMAN)]
    film(tmp_path / "in", "house.mkv", subtitles=cues, subtitle_language="ger")
    (tmp_path / "in" / "house.vtt").write_text(vtt(SPOKEN), encoding="utf-8")
    with Library.open(tmp_path / "library", create=True) as library:
        (report,) = library.index([tmp_path / "in"], only=["transcript"])
        assert "kept as translations, found by their words: track 1 (de)" in report.notes
        assert "translation (de) · Stellen Sie" in printing.mentioned(library.mentions(["Eimer"])[0])


def test_a_sentence_is_compared_in_its_own_language(tmp_path: Path) -> None:
    film(tmp_path / "in", "house.mp4")
    for language, lines in (
        ("de", GERMAN),
        ("en", SPOKEN),
        ("fr", ["Aujourd'hui nous réparons une maison."]),
    ):
        (tmp_path / "in" / f"house.{language}.vtt").write_text(vtt(lines), encoding="utf-8")
    (tmp_path / "in" / "house.srt").write_text(
        (tmp_path / "in" / "house.de.vtt").read_text("utf-8").removeprefix("WEBVTT\n"), encoding="utf-8"
    )
    with Library.open(tmp_path / "library", create=True) as library:
        library.index([tmp_path / "in"], only=["transcript", "vectors"])
        answer = library.ask("Is the washer of the tap replaced?")
    assert quotes(answer) == [("translation", SPOKEN[3])]


def test_the_subtitles_of_a_hundred_languages_are_not_all_kept(tmp_path: Path) -> None:
    film(tmp_path / "in", "house.mp4")
    (tmp_path / "in" / "house.en.vtt").write_text(vtt(SPOKEN), encoding="utf-8")
    for language in ["de", "fr", "es", "it", "pt", "nl", "sv", "da", "fi", "pl", "cs"]:
        (tmp_path / "in" / f"house.{language}.vtt").write_text(vtt(GERMAN), encoding="utf-8")
    with Library.open(tmp_path / "library", create=True) as library:
        (report,) = library.index([tmp_path / "in"], only=["transcript"])
    assert report.stages["transcript"].counters["translations"] == 8
    assert any("were not used" in note for note in report.notes)
