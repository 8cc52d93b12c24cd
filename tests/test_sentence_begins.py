"""Where sentences begin that nobody punctuated: the model, its windows and files, and what is made of captions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longvid_storage.db import said
from longvid_storage.errors import LongvidWarning
from longvid_storage.models import sentence_begins
from longvid_storage.models.carried import MINILM
from longvid_storage.models.sentence_begins import MARGIN, WINDOW, SentenceBegins, window_begins
from longvid_storage.text import sentence_ends
from longvid_storage.text.passages import speech_passages
from longvid_storage.types import Utterance, Word

SAID = [
    "good evening everybody",
    "the pump in the cellar is leaking",
    "we need a new one",
    "it costs thirty thousand euros",
    "the tunnel is closed as well",
    "peter will call the vendor",
    "the report is late",
    "we check it every week",
    "thank you for your time",
]


@pytest.fixture(scope="module")
def model() -> SentenceBegins:
    found = sentence_begins.carried()
    assert found is not None
    return found


def test_the_committed_graph_is_the_one_that_is_drawn() -> None:
    import onnx
    from safetensors.numpy import load_file

    from longvid_storage.models.text_encoders import bert_graph, minilm

    weights = load_file(MINILM.path / "model.safetensors")
    drawn = bert_graph.draw(weights, layers=sentence_begins.LAYERS, heads=minilm.HEADS)
    assert onnx.load_model_from_string(drawn) == onnx.load_model(
        str(sentence_begins.GRAPH), load_external_data=False
    )


@given(st.integers(1, 2000))
def test_each_token_is_read_once_with_others_around_it(tokens: int) -> None:
    begins = window_begins(tokens)
    read = np.zeros(tokens, int)
    for begin in begins:
        read[begin + (MARGIN if begin else 0) : begin + WINDOW] += 1
    assert read.min() >= 1
    assert all(begin + WINDOW <= tokens or len(begins) == 1 for begin in begins)
    assert all(0 < after - before <= WINDOW - 2 * MARGIN for before, after in itertools.pairwise(begins))


def test_every_word_has_a_score_wherever_windows_part(model: SentenceBegins) -> None:
    words = " ".join(SAID * 12).split()
    scores = model.scores(words)
    assert scores.shape == (len(words),)
    period = len(" ".join(SAID).split())
    inside = scores[period:-period].reshape(-1, period)
    apart = np.abs(inside - inside.mean(0)).max()
    assert apart < 3, "what a word scores hangs on where windows begin"
    assert np.array_equal(model.scores([]), np.zeros(0, np.float32))


def test_two_lines_of_captions_are_the_sentences_that_were_said() -> None:
    words = " ".join(SAID).split()
    cues = [
        Utterance(
            at / 2,
            (at + len(line)) / 2,
            " ".join(line),
            words=tuple(Word(word, (at + n) / 2, (at + n + 1) / 2) for n, word in enumerate(line)),
        )
        for at in range(0, len(words), 7)
        if (line := words[at : at + 7])
    ]
    made = [passage for passage, _ in said.said_passages("v", cues)]
    lengths = [len(one.split()) for one in SAID]
    assert [(one.text, one.start_s) for one in made] == [
        (text, sum(lengths[:at]) / 2) for at, text in enumerate(SAID)
    ]


def test_where_the_model_is_not_installed_pauses_and_length_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentence_begins, "MINILM", _absent())
    sentence_begins.carried.cache_clear()
    try:
        assert sentence_begins.carried() is None
        cues = [Utterance(at, at + 1, " ".join(SAID[at : at + 1])) for at in range(len(SAID))]
        with pytest.warns(LongvidWarning, match="by pauses and length alone"):
            made = said.said_passages("v", cues)
        assert list(made) == speech_passages("v", cues)
        assert " ".join(passage.text for passage, _ in made) == " ".join(SAID)
    finally:
        sentence_begins.carried.cache_clear()


def _absent() -> object:
    from dataclasses import replace

    return replace(MINILM, version="0.0.0")


def test_a_text_with_punctuation_asks_no_model() -> None:
    def never() -> sentence_ends.Scores | None:
        raise AssertionError("a model was asked")

    made = speech_passages("v", [Utterance(0, 4, "The pump leaks. We buy a new one.")], model=never)
    assert [passage.text for passage, _ in made] == ["The pump leaks.", "We buy a new one."]


def _parts(text: str, unsure: float) -> list[str]:
    """As sentences may begin with "the" alone, at these odds."""
    words = text.split()
    scores = np.array([unsure if word == "the" else -6.0 for word in words], np.float32)
    made = sentence_ends.parts(words, [False] * len(words), lambda _: scores)
    return [" ".join(words[begin:end]) for begin, end in made]


def test_two_verbs_that_nothing_joins_are_two_sentences() -> None:
    apart = "harbour can mend it soon the yard can mend it cheaply"
    assert _parts(apart, -1.0) == ["harbour can mend it soon", "the yard can mend it cheaply"]
    assert _parts(apart, -1.5) == [apart], "too unlikely a place"
    for joined in (
        "harbour can mend it and the yard can mend it",
        "harbour can say that the yard can mend it",
        "it will have been mended by the yard",
        "harbour mends it soon the yard mends it cheaply",
    ):
        assert _parts(joined, -1.0) == [joined]
