"""What a question loads: the libraries of other ways of asking stay on the disk."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ask_tools import library as small_library
from longvid import Library
from longvid_agents.graph import AskState, Nodes, build_graph, in_line
from longvid_agents.run import Run
from longvid_storage.text.analysis import _terms_of_sentence, analyse
from test_counters import MEETING

# Graphs and their tracing, migrations, drawing of ONNX graphs, media, and whatever else only models need.
NOT_LOADED = (
    "langgraph", "langchain_core", "langsmith", "alembic", "mako", "onnx", "google.protobuf", "torch", "transformers",
    "av", "cv2", "scenedetect", "PIL", "rapidocr", "faiss", "fastapi", "openai", "httpx", "pytest",
)  # fmt: skip
# Of ours: what asks a model and judges what it says, what writes, what indexes, what lists, what talks on.
OURS = (
    "longvid_agents.asking", "longvid_agents.prompts", "longvid_agents.replies", "longvid_agents.packing",
    "longvid_agents.nodes.answer", "longvid_agents.checks", "longvid_agents.conversation", "longvid_indexer.scan",
    "longvid_indexer.pipeline", "longvid_indexer.stages.run", "longvid_indexer.subtitles",
    "longvid_storage.db.stage_writer", "longvid_storage.db.checking", "longvid_storage.db.listing", "longvid.details",
    "longvid.chat", "longvid.exports",
)  # fmt: skip
# What this question needs: the store, and vectors of words.
LOADED = ("sqlalchemy", "numpy", "onnxruntime", "tokenizers")


@pytest.fixture
def library(tmp_path: Path) -> Path:
    (tmp_path / "meeting.vtt").write_text(MEETING)
    with Library.open(tmp_path / "library", create=True) as library:
        (report,) = library.index(tmp_path / "meeting.vtt")
    assert report.status == "indexed"
    return tmp_path / "library"


def test_an_extractive_question_loads_no_graph_library_and_nothing_that_decodes(library: Path) -> None:
    code = (
        "import json, sys; from longvid.cli import main\n"
        f"sys.argv = ['longvid', 'ask', 'what is the budget for the servers?', '-L', {str(library)!r}]\n"
        "try: main()\n"
        "except SystemExit as end: print('status', end.code, file=sys.stderr)\n"
        f"print(json.dumps([m for m in {(*NOT_LOADED, *OURS, *LOADED)!r} if m in sys.modules]), file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "nine thousand euros" in ran.stdout
    status, loaded = ran.stderr.splitlines()[-2:]
    assert status == "status 0"
    assert json.loads(loaded) == list(LOADED)


@pytest.mark.parametrize(
    "question",
    ["What does gradient descent do?", "Who ate the cheese?", "when is the learning rate mentioned"],
)
def test_the_line_gives_what_the_graph_gives(question: str) -> None:
    with small_library().view() as view:
        start = AskState(question=question)
        ways = [in_line, lambda nodes, state: AskState(**build_graph(nodes).invoke(state))]
        one, other = (way(Nodes(Run(view, clock=lambda: 0.0)), start) for way in ways)
    assert one == other
    assert one.trail


def test_a_sentence_is_taken_apart_once_for_all_questions() -> None:
    held = small_library()
    held.ask("What does gradient descent do?")
    before = _terms_of_sentence.cache_info()
    held.ask("What does gradient descent do?")
    after = _terms_of_sentence.cache_info()
    assert after.hits > before.hits
    assert after.misses == before.misses


def test_what_is_remembered_of_a_sentence_is_what_it_says() -> None:
    for text in ("The cost is $5, or 3,5 %", "勾配降下法", "", "x" * 600):
        terms = analyse(text, None)
        terms.append("changed by whoever asked")
        assert analyse(text, None) == terms[:-1]
