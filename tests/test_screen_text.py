"""Screen text: read once for each picture, in reading order, with the span of its keyframe."""

from __future__ import annotations

from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import pytest

from longvid_indexer.probe import probe
from longvid_indexer.screen_reader import SCREEN_READERS, ReadLine, ScreenReader
from longvid_indexer.screen_readers.easyocr import EasyOcrReader
from longvid_indexer.screen_readers.rapidocr import RapidOcrReader
from longvid_indexer.screen_text import in_reading_order, read_screen, slide_title
from longvid_indexer.vision.pictures import encode_webp
from longvid_indexer.visual import visual_pass
from longvid_storage.errors import ModelError
from longvid_storage.types import Keyframe, ScreenText
from media_factory import Page, lecture, sample_slides, slide


@pytest.fixture(scope="module")
def rapidocr() -> RapidOcrReader:
    return RapidOcrReader()


def keyframe(image: np.ndarray, start_s: float = 0.0, end_s: float = 5.0) -> Keyframe:
    height, width = image.shape[:2]
    return Keyframe(start_s, start_s, end_s, encode_webp(image, 80), width, height, "slide")


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["white", "light", "dark"])
def test_slides_are_read(theme: str, rapidocr: RapidOcrReader) -> None:
    pages = sample_slides(3, theme)
    frames = [
        keyframe(slide(p.title, p.bullets, p.theme, (1280, 720)), i * 5.0, i * 5.0 + 5)
        for i, p in enumerate(pages)
    ]
    read = read_screen(frames, rapidocr)
    assert (read.counters["ocr_calls"], read.counters["ocr_reused"]) == (3, 0)
    for frame, page in zip(frames, pages, strict=True):
        lines = [line for line in read.lines if line.start_s == frame.start_s]
        assert all(line.end_s == frame.end_s for line in lines)
        text = "\n".join(line.text for line in lines)
        assert SequenceMatcher(None, text.replace(" ", ""), page.text.replace(" ", "")).ratio() > 0.95
        assert slide_title(lines) == page.title


@pytest.mark.slow
def test_rotated_video_is_read_upright(rapidocr: RapidOcrReader, tmp_path: Path) -> None:
    path = lecture([Page("Turned around", ("Still legible text",))]).write(
        tmp_path / "turned.mp4", rotation=90
    )
    seen = visual_pass(path, probe(path, "test"))
    assert next(line.text for line in read_screen(seen.keyframes, rapidocr).lines) == "Turned around"


@pytest.mark.slow
def test_a_slide_shown_again_is_not_read_again(rapidocr: RapidOcrReader, tmp_path: Path) -> None:
    one, two = sample_slides(2)
    path = lecture([one, two, one], seconds=4).write(tmp_path / "again.mp4")
    read = read_screen(visual_pass(path, probe(path, "test")).keyframes, rapidocr)
    assert (read.counters["ocr_calls"], read.counters["ocr_reused"]) == (2, 1)
    titles = [(line.start_s, line.end_s) for line in read.lines if line.text == one.title]
    assert titles == [(0.0, 4.0), (8.0, 12.0)]


def test_pictures_that_differ_in_a_word_are_read_each() -> None:
    class Counting:
        name, fingerprint = "counting", "1"

        def read(self, image: np.ndarray, parts: object = None, writing: object = None) -> list[ReadLine]:
            return [ReadLine(f"brightness {image.mean():.3f}", (0, 0, 1, 1), 1.0)]

    reader: ScreenReader = Counting()
    frames = [
        keyframe(slide("Results", ("In total we counted", word))) for word in ("seven", "eight", "seven")
    ]
    read = read_screen(frames, reader)
    assert (read.counters["ocr_calls"], read.counters["ocr_reused"]) == (2, 1)
    assert read.lines[0].text == read.lines[2].text != read.lines[1].text


def test_reading_order_joins_rows_and_keeps_columns() -> None:
    def line(text: str, x0: float, y0: float, x1: float, y1: float) -> ReadLine:
        return ReadLine(text, (x0, y0, x1, y1), 0.9)

    pieces = [
        line("right column", 0.6, 0.31, 0.9, 0.36),
        line("world", 0.22, 0.102, 0.3, 0.15),
        line("left column", 0.1, 0.3, 0.4, 0.35),
        line("Hello", 0.1, 0.1, 0.2, 0.15),
        line("   ", 0.1, 0.5, 0.2, 0.55),
        line("• a point", 0.1, 0.7, 0.3, 0.75),
    ]
    assert [piece.text for piece in in_reading_order(pieces)] == [
        "Hello world",
        "left column",
        "right column",
        "a point",
    ]


def test_faint_readings_are_dropped() -> None:
    class Unsure:
        name, fingerprint = "unsure", "1"

        def read(self, image: np.ndarray, parts: object = None, writing: object = None) -> list[ReadLine]:
            return [ReadLine("clear", (0, 0, 1, 0.1), 0.9), ReadLine("guess", (0, 0.2, 1, 0.3), 0.2)]

    read = read_screen([keyframe(slide("x"))], Unsure())
    assert [line.text for line in read.lines] == ["clear"]


def test_title_is_the_upper_of_the_tallest_lines() -> None:
    def line(text: str, top: float, tall: float) -> ScreenText:
        return ScreenText(0, 1, text, (0.1, top, 0.9, top + tall))

    assert slide_title(
        [line("University", 0.02, 0.03), line("The title", 0.1, 0.1), line("body", 0.4, 0.05)]
    ) == ("The title")
    assert slide_title([line("3.14", 0.1, 0.2), line("big but below", 0.7, 0.3)]) is None
    assert slide_title([]) is None


@pytest.mark.parametrize("record", SCREEN_READERS, ids=lambda record: record.name)
def test_every_reader_keeps_the_contract_without_loading(record) -> None:
    reader = record.load(**({"weights": "nowhere"} if record.weights else {}))
    assert reader.name
    assert reader.fingerprint == record.load(**({"weights": "nowhere"} if record.weights else {})).fingerprint


def test_rapidocr_reads_nothing_in_an_empty_picture(rapidocr: RapidOcrReader) -> None:
    assert rapidocr.read(np.zeros((120, 200, 3), np.uint8)) == []
    assert rapidocr.read(np.zeros((1, 1, 3), np.uint8)) == []


def test_easyocr_without_weights_says_what_to_do(tmp_path: Path) -> None:
    reader = EasyOcrReader(weights=tmp_path)
    with pytest.raises(ModelError, match=r"craft_mlt_25k\.pth.*rapidocr"):
        reader.read(np.zeros((50, 50, 3), np.uint8))


@pytest.fixture
def easyocr_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Random weights under the true file names; only the table of known hashes is told about them."""
    import easyocr.config
    import torch
    from easyocr.craft import CRAFT
    from easyocr.model.vgg_model import Model

    torch.manual_seed(0)
    english = easyocr.config.recognition_models["gen2"]["english_g2"]
    networks = {
        "craft_mlt_25k.pth": CRAFT(),
        english["filename"]: Model(1, 256, 256, len(english["characters"]) + 1),
    }
    for name, network in networks.items():
        state = {f"module.{key}": value for key, value in network.state_dict().items()}
        torch.save(state, tmp_path / name)
        tell_easyocr(tmp_path / name, monkeypatch)
    return tmp_path / english["filename"]


def tell_easyocr(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This file is the published one, as far as EasyOCR knows."""
    import hashlib

    import easyocr.config

    tables = [easyocr.config.detection_models["craft"], *easyocr.config.recognition_models["gen2"].values()]
    (record,) = [table for table in tables if table["filename"] == weights.name]
    digest = hashlib.md5(weights.read_bytes(), usedforsecurity=False).hexdigest()
    monkeypatch.setitem(record, "md5sum", digest)


class _Bomb:
    """An object that a careless reader of pickles would run."""

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return (Path.touch, (Path("exploded"),))


@pytest.mark.slow
def test_easyocr_runs_no_code_out_of_a_file(
    easyocr_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TORCH_FORCE_WEIGHTS_ONLY_LOAD", raising=False)
    torch.save({"x": _Bomb()}, easyocr_weights)
    tell_easyocr(easyocr_weights, monkeypatch)
    with pytest.raises(ModelError, match="easyocr cannot load its weights for en") as caught:
        EasyOcrReader(weights=easyocr_weights, device="cpu").read(np.zeros((50, 50, 3), np.uint8))
    assert "\n" not in str(caught.value)
    assert not Path("exploded").exists()


@pytest.mark.slow
def test_easyocr_reads_the_languages_that_were_chosen(easyocr_weights: Path) -> None:
    assert "de+en" in EasyOcrReader("de+en").fingerprint
    assert EasyOcrReader("de+en").fingerprint == EasyOcrReader(("de", "en")).fingerprint
    assert EasyOcrReader("de").fingerprint != EasyOcrReader("en").fingerprint
    picture = np.zeros((50, 50, 3), np.uint8)
    with pytest.raises(ModelError, match=r"easyocr cannot read en\+xx .*give codes of languages"):
        EasyOcrReader("en+xx", weights=easyocr_weights, device="cpu").read(picture)


def test_easyocr_keeps_boxes_as_fractions_of_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    class Engine:
        """Answers as EasyOCR does: four corners in pixels, also turned ones and ones outside the picture."""

        def readtext(self, image: np.ndarray, paragraph: bool) -> list[tuple[object, str, float]]:
            assert image.shape == (100, 200, 3)
            assert not paragraph
            level = [[20, 10], [100, 10], [100, 30], [20, 30]]
            turned = [[-5, 50], [150, 60], [145, 110], [-9, 90]]
            return [(level, "level", 0.9), (turned, "turned", 0.4)]

    reader = EasyOcrReader()
    monkeypatch.setitem(reader.__dict__, "_engine", Engine())
    level, turned = reader.read(np.zeros((100, 200, 3), np.uint8))
    assert (level.text, level.box, level.confidence) == ("level", (0.1, 0.1, 0.5, 0.3), 0.9)
    assert turned.box == (0.0, 0.5, 0.75, 1.0)


@pytest.mark.slow
def test_easyocr_loads_and_runs_weights_in_its_own_format(easyocr_weights: Path) -> None:
    reader = EasyOcrReader(weights=easyocr_weights, device="cpu")
    for line in reader.read(slide("Random weights", ("read nonsense",))):
        assert 0 <= line.box[0] <= line.box[2] <= 1
        assert 0 <= line.box[1] <= line.box[3] <= 1
        assert 0 <= line.confidence <= 1
    # Random detection may find no text at all: the recogniser is also given a whole picture.
    with pytest.warns(UserWarning, match="pin_memory"):
        recognised = reader._engine.recognize(slide("Word", size=(200, 60)).mean(axis=2).astype(np.uint8))
    assert len(recognised) == 1
    assert isinstance(recognised[0][1], str)
