"""A question in one language, a talk in another: with the multilingual text model it finds its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from longvid import Library
from longvid.engines import Engines

SAID = {
    "de": [
        "Heute erneuern wir das Dach des Gartenhauses.",
        "Zuerst entfernen wir die alten Nägel aus dem Holz.",
        "Morsche Bretter müssen ersetzt werden, bevor es regnet.",
        "Die Farbe muss drei Tage lang trocknen.",
        "Das Wasser stellt man im Keller neben der Treppe ab.",
        "Zum Schluss räumen wir das Werkzeug in den Schuppen.",
    ],
    "es": [
        "Hoy renovamos el tejado de la caseta del jardín.",
        "Primero sacamos los clavos viejos de la madera.",
        "Las tablas podridas hay que cambiarlas antes de que llueva.",
        "La pintura tiene que secarse durante tres días.",
        "El agua se corta en el sótano, al lado de la escalera.",
        "Al final guardamos las herramientas en el cobertizo.",
    ],
    "zh": [
        "今天我们翻修花园小屋的屋顶。",
        "首先我们把旧钉子从木头里拔出来。",
        "腐烂的木板必须在下雨之前更换。",
        "油漆需要晾干三天。",
        "水在地下室楼梯旁边关掉。",
        "最后我们把工具收进棚子里。",
    ],
}
EACH_S = 20.0
ASKED = {
    "What has to be replaced before it rains?": 2,
    "How long does the paint have to dry?": 3,
    "Where is the water turned off?": 4,
    "Where do we put the tools in the end?": 5,
}


def talk(folder: Path, language: str) -> None:
    lines = ["WEBVTT", f"Language: {language}", ""]
    for number, text in enumerate(SAID[language]):
        start_s = int(number * EACH_S)
        times = [f"00:{s // 60:02}:{s % 60:02}.000" for s in (start_s, start_s + 5)]
        lines += [" --> ".join(times), text, ""]
    (folder / f"talk.{language}.vtt").write_text("\n".join(lines))


@pytest.mark.parametrize("language", SAID)
def test_an_english_question_finds_its_place_in_a_talk_of_another_language(
    language: str, tmp_path: Path
) -> None:
    talk(tmp_path, language)
    found = {}
    for model in ("all-MiniLM-L6-v2", "universal-sentence-encoder"):
        engines = Engines({"text": model})
        with Library.open(tmp_path / model, create=True, engines=engines) as library:
            library.index(tmp_path / f"talk.{language}.vtt", only=["transcript", "vectors"])
            firsts = {question: [m.play_s for m in library.search(question)][:1] for question in ASKED}
            answer = library.ask("How long does the paint have to dry?", extractive=True)
        found[model] = sum(
            bool(first) and abs(first[0] - ASKED[question] * EACH_S) < 1 for question, first in firsts.items()
        )
    assert found["all-MiniLM-L6-v2"] < found["universal-sentence-encoder"] >= 3
    assert [citation.start_s for claim in answer.claims for citation in claim.citations] in ([60.0], [])
