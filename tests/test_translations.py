"""Subtitles in a second language beside a film: the spoken one answers, the other is found by its words and named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from longvid import Library, printing
from longvid_storage.errors import NotFoundError
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
    return write_video(folder / name, [np.zeros((32, 32, 3), np.uint8)] * 40, 1, **more)


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


@pytest.mark.parametrize(("lines", "first"), [(GERMAN, "house.en.vtt"), (SPOKEN, "house.vtt")])
def test_a_file_that_names_no_language_does_not_come_before_the_spoken_one(
    tmp_path: Path, lines: list[str], first: str
) -> None:
    silence = np.zeros(40 * 16_000, np.float32)
    film(tmp_path / "in", "house.mkv", audio=silence, audio_names=[("", "eng")])
    (tmp_path / "in" / "house.en.vtt").write_text(vtt(SPOKEN), encoding="utf-8")
    (tmp_path / "in" / "house.vtt").write_text(vtt(lines), encoding="utf-8")
    with Library.open(tmp_path / "library", create=True) as library:
        library.index([tmp_path / "in"], only=["transcript"])
        source = library.transcript_info("house")
        assert source is not None
        assert source.source == f"sidecar:{first}"
        assert len(library.mentions(["Eimer"])) == (lines is GERMAN)


CHINESE = ["今天我们修理一座老房子。", "油漆需要三天才能干。", "先把水桶放在管子下面。", "然后换上新的垫圈。"]
JAPANESE = [
    "今日は古い家を直します。",
    "塗料が乾くまで三日かかります。",
    "まず管の下にバケツを置きます。",
    "次に座金を新しく替えます。",
]


def test_scripts_without_spaces_are_asked_for_in_words(tmp_path: Path) -> None:
    film(tmp_path / "in", "house.mp4")
    for language, lines in (("en", SPOKEN), ("zh", CHINESE), ("ja", JAPANESE)):
        (tmp_path / "in" / f"house.{language}.vtt").write_text(vtt(lines), encoding="utf-8")
    with Library.open(tmp_path / "library", create=True) as library:
        library.index([tmp_path / "in"], only=["transcript", "vectors"])
        for question, line in (
            ("油漆多久才能干？", CHINESE[1]),
            ("水桶放在哪里？", CHINESE[2]),
            ("塗料が乾くまでどのくらいかかりますか", JAPANESE[1]),
            ("バケツはどこですか", JAPANESE[2]),
        ):
            assert quotes(library.ask(question)) == [("translation", line)]


def test_the_subtitles_of_a_hundred_languages_are_not_all_kept(tmp_path: Path) -> None:
    film(tmp_path / "in", "house.mp4")
    (tmp_path / "in" / "house.en.vtt").write_text(vtt(SPOKEN), encoding="utf-8")
    for language in ["de", "fr", "es", "it", "pt", "nl", "sv", "da", "fi", "pl", "cs"]:
        (tmp_path / "in" / f"house.{language}.vtt").write_text(vtt(GERMAN), encoding="utf-8")
    with Library.open(tmp_path / "library", create=True) as library:
        (report,) = library.index([tmp_path / "in"], only=["transcript"])
    assert report.stages["transcript"].counters["translations"] == 8
    assert any("were not used" in note for note in report.notes)


RUSSIAN = ["Сегодня мы чиним старый дом.", "Краска сохнет три дня."]


def lay(folder: Path, **texts: list[str] | bytes) -> Path:
    """Transcripts without a film: ``house.LANGUAGE.vtt``."""
    folder.mkdir(exist_ok=True)
    for language, lines in texts.items():
        path = folder / f"house.{language}.vtt"
        path.write_bytes(lines if isinstance(lines, bytes) else vtt(lines).encode())
    return folder


def titles(library: Library) -> list[str]:
    return sorted(card.title for card in library.videos())


def test_a_talk_without_media_keeps_its_other_languages(tmp_path: Path) -> None:
    """Each in the letters of its own code page; the second run has nothing to do."""
    folder = lay(
        tmp_path / "in", en=SPOKEN, de=vtt(GERMAN).encode("cp1252"), ru=vtt(RUSSIAN).encode("cp1251")
    )
    lay(
        folder,
        zh=["今天我们修理一座老房子，换上新的垫圈。"],
        tw=["今天我們修理一座老房子，換上新的墊圈。"],
    )
    (folder / "house.tw.vtt").rename(folder / "house.zh-TW.vtt")
    (folder / "house.en-GB.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nToday we mend a house.\n")
    with Library.open(tmp_path / "library", create=True) as library:
        (report,) = library.index([folder], only=["transcript", "vectors"])
        assert (report.title, report.stages["transcript"].counters["translations"]) == ("house", 4)
        assert "other subtitles beside it were not used (house.en-GB.srt)" in " ".join(report.notes)
        assert quotes(library.ask("How long does the paint dry?")) == [("speech", SPOKEN[1])]
        assert quotes(library.ask("Сколько сохнет краска?")) == [("translation", RUSSIAN[1])]
        for word in ("Eimer", "垫圈", "墊圈"):
            (group,) = library.mentions([word])
            assert [each.kind for each in group.mentions] == ["translation"]
        for paths in ([folder], [folder / "house.en.vtt"], [*folder.iterdir()]):
            (again,) = library.index(paths, only=["transcript", "vectors"])
            assert (again.status, again.notes) == ("unchanged", ())
        assert [r.status for r in library.index(reprocess=True, only=["transcript", "vectors"])] == [
            "unchanged"
        ]


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (
            ["house.ar.srt", "house.ru.srt"],
            "house.ar.srt is taken for it, and not ru; call the right one 'house.srt'",
        ),
        (["house_de.srt", "house_fr.srt"], "house_de.srt is taken for it"),
        (["house.de-orig.srt", "house.fr.srt"], None),
        (["house.de.srt", "house.srt"], None),
        (["house.de.srt", "house.en.srt"], None),
        (["house.de.srt"], None),
    ],
)
def test_where_no_name_tells_what_is_spoken_a_note_says_which_was_taken(
    tmp_path: Path, names: list[str], told: str | None
) -> None:
    said = {
        "ar": "نتحدث اليوم عن إصلاح البيت القديم.",
        "ru": RUSSIAN[0],
        "de": GERMAN[0],
        "fr": "Nous réparons une maison.",
    }
    for name in names:
        text = next((text for tag, text in said.items() if tag in name), SPOKEN[0])
        (tmp_path / name).write_text(f"1\n00:00:01,000 --> 00:00:05,000\n{text}\n")
    with Library.open(tmp_path / "library", create=True) as library:
        (report,) = library.index([tmp_path], only=["transcript"])
    notes = [note for note in report.notes if "spoken" in note]
    assert bool(notes) == (told is not None)
    assert told is None or told in notes[0]


def test_the_files_of_a_talk_without_media_are_followed(tmp_path: Path) -> None:
    folder = lay(tmp_path / "in", de=GERMAN, en=SPOKEN)
    with Library.open(tmp_path / "library", create=True) as library:

        def index() -> list[str]:
            library.index([folder], only=["transcript"])
            statuses = [r.status for r in library.index([folder], only=["transcript"])]
            assert statuses == ["unchanged"]
            found = [
                "Eimer" if library.mentions(["Eimer"]) else "",
                "bucket" if library.mentions(["bucket"]) else "",
            ]
            return [*titles(library), *filter(None, found)]

        assert index() == ["house", "Eimer", "bucket"]
        video = library.videos()[0].video_id
        (folder / "house.de.vtt").rename(folder / "house.de-AT.vtt")
        assert index() == ["house", "Eimer", "bucket"]
        lay(folder, **{"de-AT": ["Stellen Sie einen Kübel hin."]})
        assert index() == ["house", "bucket"]
        (folder / "house.de-AT.vtt").unlink()
        assert index() == ["house", "bucket"]
        lay(folder, de=GERMAN)
        assert index() == ["house", "Eimer", "bucket"]
        for path in folder.iterdir():
            path.rename(folder / path.name.replace("house", "roof"))
        assert index() == ["roof", "Eimer", "bucket"]
        assert library.videos()[0].video_id == video
        # Another one is the first now: what was known under the first one's name is part of it.
        (folder / "roof.en.vtt").rename(folder / "roof.fr.vtt")
        (folder / "roof.de.vtt").rename(folder / "roof.vtt")
        assert index() == ["roof", "Eimer", "bucket"]
        (folder / "roof.vtt").rename(folder / "roof.nl.vtt")
        assert index() == ["roof", "Eimer", "bucket"]


def test_a_talk_whose_first_file_is_gone_is_told_and_forgotten(tmp_path: Path) -> None:
    folder = lay(tmp_path / "in", de=GERMAN, en=SPOKEN)
    with Library.open(tmp_path / "library", create=True) as library:
        library.index([folder], only=["transcript"])
        (folder / "house.en.vtt").unlink()
        library.index([folder], only=["transcript"])
        assert titles(library) == ["house (house.de.vtt)", "house (house.en.vtt)"]
        (gone,) = library.gone([folder])
        library.remove(gone.video_id)
        assert titles(library) == ["house"]
        assert [m.kind for m in library.mentions(["Eimer"])[0].mentions] == ["speech"]


def test_a_talk_is_not_what_an_empty_file_of_it_says(tmp_path: Path) -> None:
    folder = lay(tmp_path / "in", de=GERMAN, ru=b"")
    (folder / "house.vtt").write_text("WEBVTT\n\n")
    (folder / "house.idx").write_text("# VobSub index file, v7\n")
    with Library.open(tmp_path / "library", create=True) as library:
        (report,) = library.index([folder], only=["transcript"])
        assert (report.title, report.status) == ("house", "indexed")
        (note,) = report.notes
        assert "not used (house.vtt, house.idx, house.ru.vtt)" in note


def test_two_translations_of_one_word_are_one_place(tmp_path: Path) -> None:
    folder = lay(
        tmp_path / "in", en=["A spare part."], de=["Ein Ersatzteil, K9."], fr=["Une pièce de rechange, K9."]
    )
    with Library.open(tmp_path / "library", create=True) as library:
        library.index([folder], only=["transcript"])
        (group,) = library.mentions(["K9"])
    assert [(each.kind, each.language, each.start_s) for each in group.mentions] == [
        ("translation", "de", 0.0)
    ]


def test_a_talk_without_media_is_called_by_its_stem_and_told_apart_by_its_folder(tmp_path: Path) -> None:
    for number in (1, 2):
        lay(tmp_path / f"Week {number}", de=[f"Eimer {number}."], **{"en-orig": [f"Bucket {number}."]})
    (tmp_path / "Say no.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nBasket.\n")
    with Library.open(tmp_path / "library", create=True) as library:

        def index() -> list[str]:
            library.index([tmp_path], only=["transcript"])
            return titles(library)

        assert index() == ["Say no", "house (Week 1)", "house (Week 2)"]
        known = {video.video_id for video in library.videos()}
        for path in (tmp_path / "Week 2").iterdir():
            path.rename(path.with_name(path.name.replace("house", "roof")))
        assert index() == ["Say no", "house", "roof"]
        assert {video.video_id for video in library.videos()} == known


def test_how_the_bytes_of_a_translation_were_read_is_told(tmp_path: Path) -> None:
    film(tmp_path, "house.mp4")
    (tmp_path / "house.en.vtt").write_text(vtt(SPOKEN), "utf-8")
    russian = ["Сегодня мы чиним старый дом.", "Краска сохнет три дня.", "Поставьте ведро под трубу."]
    (tmp_path / "house.ru.vtt").write_text(vtt(russian), "cp1251")
    with Library.open(tmp_path / "library", create=True) as library:
        (report,) = library.index([tmp_path / "house.mp4"], only=["transcript"])
        assert library.mentions(["Краска"])[0].mentions
    assert "house.ru.vtt: 1 subtitle file is not UTF-8: it was read as cp1251" in str(report.notes)


def test_the_file_of_a_translation_names_the_video_that_it_belongs_to(tmp_path: Path) -> None:
    lay(tmp_path / "in", en=SPOKEN, de=GERMAN, ru=RUSSIAN)
    with Library.open(tmp_path / "library", create=True) as library:
        library.index(tmp_path / "in")
        for name in ("house.ru", "house_ru.srt", "HOUSE.de.vtt", "in/house.ru.vtt", "house.de-AT"):
            assert library.show(name).title == "house", name
        for name in ("house.fr", "house.old"):
            with pytest.raises(NotFoundError):
                library.show(name)
