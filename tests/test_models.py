"""``longvid models``: the list, and fetching and verifying models against a small local hub."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from hub_server import COMMIT, FakeHub
from longvid.cli import app
from longvid.engines import Engines
from longvid.models.hub import needed_files
from longvid.models.listing import size
from longvid.models.profiles import PROFILES
from longvid.models.registry import ROLES
from longvid.models.sources import named, source_of
from longvid_storage.errors import ModelError, UsageError
from longvid_storage.models.weights import complete
from test_reranker import make_tiny

RERANKER = "cross-encoder/ms-marco-MiniLM-L6-v2"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with no configuration and no weights."""
    monkeypatch.delenv("LONGVID_CONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a true, tiny cross-encoder, and what else lies in such a repository."""
    folder = make_tiny(tmp_path_factory.mktemp("checkpoint") / "tiny", 1)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    return {**files, "README.md": b"# Tiny", "pytorch_model.bin": b"pickled", "onnx/model.onnx": b"onnx"}


@pytest.fixture
def hub(checkpoint: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    with FakeHub({RERANKER: checkpoint}) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        yield running


def longvid(*arguments: str) -> int:
    """The command in this process; its exit status."""
    return int(app(list(arguments), standalone_mode=False) or 0)


def test_a_model_is_fetched_verified_and_used(
    hub: FakeHub, checkpoint: dict[str, bytes], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ModelError, match=f"longvid models pull {RERANKER}"):
        _ = Engines({"rerank": RERANKER}).reranker
    assert longvid("models", "pull", RERANKER, "--yes") == 0
    out, err = capsys.readouterr()
    assert out == f"fetched and verified {RERANKER}\n"
    total = sum(
        len(content)
        for name, content in checkpoint.items()
        if name in needed_files(list(checkpoint), "transformers")
    )
    assert f"{size(total)}  {RERANKER}  (the hub's {RERANKER})" in err
    reranker = Engines({"rerank": RERANKER}, device="cpu").reranker
    assert reranker is not None
    assert reranker.score("tax", ["a tax", "a bicycle"]).shape == (2,)
    assert not any("README" in line or "pytorch_model" in line or "onnx" in line for line in hub.asked)

    hub.asked.clear()
    assert longvid("models", "pull", RERANKER) == 0  # nothing to ask about
    assert "here already" in capsys.readouterr().err
    assert not any("resolve" in line for line in hub.asked)

    assert longvid("models", "verify", RERANKER) == 0
    assert (
        capsys.readouterr().out == f"{RERANKER}: {len(list(snapshot(home).iterdir()))} files as published\n"
    )
    row = next(row for row in listed(capsys) if row["name"] == RERANKER)
    assert row["here"] is True


def snapshot(home: Path) -> Path:
    return home / "hub" / f"models--{RERANKER.replace('/', '--')}" / "snapshots" / COMMIT


def listed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    capsys.readouterr()
    longvid("models", "--json")
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_it_asks_before_it_fetches(
    hub: FakeHub, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    with pytest.raises(typer.Abort):
        longvid("models", "pull", RERANKER)
    assert "Fetch it?" in capsys.readouterr().err
    assert not any("resolve" in line for line in hub.asked)
    assert not snapshot(home).exists()


@pytest.mark.parametrize(
    ("fault", "code", "sentence"),
    [
        (
            "tampered",
            "checksum",
            "model.safetensors of .* is not what the hub says it published, and was deleted",
        ),
        ("cut", "truncated", "came incomplete: run the same command again"),
        ("gated", "gated", "wants its terms accepted first"),
    ],
)
def test_what_is_not_as_published_is_not_kept(
    hub: FakeHub, home: Path, fault: str, code: str, sentence: str
) -> None:
    getattr(hub, fault).add(RERANKER if fault == "gated" else "model.safetensors")
    with pytest.raises(ModelError, match=sentence) as caught:
        longvid("models", "pull", RERANKER, "--yes")
    assert caught.value.code == code
    assert "\n" not in caught.value.message
    with pytest.raises(ModelError, match="is not on this disk"):  # half a model is none
        _ = Engines({"rerank": RERANKER}).reranker
    getattr(hub, fault).clear()
    assert longvid("models", "pull", RERANKER, "--yes") == 0
    assert longvid("models", "verify", RERANKER) == 0


def test_a_file_damaged_on_this_disk_is_found(
    hub: FakeHub, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    longvid("models", "pull", RERANKER, "--yes")
    weights = (snapshot(home) / "model.safetensors").resolve()
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    capsys.readouterr()
    assert longvid("models", "verify", RERANKER) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "model.safetensors is not the file that was published (sha256 " in err
    assert "longvid models pull" in err


def test_without_a_network_it_says_so(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(
        ModelError, match=r"the hub cannot be reached \(.*refused\): check the network"
    ) as caught:
        longvid("models", "pull", RERANKER, "--yes")
    assert caught.value.code == "no_network"


@pytest.mark.parametrize(
    ("name", "error", "sentence"),
    [
        ("nobody/nothing", ModelError, "the hub has no model 'nobody/nothing'"),
        ("nothing", UsageError, "'nothing' names no model: give a name from longvid models"),
        ("whisper:huge", UsageError, "openai-whisper has no model 'huge': it has tiny.en"),
        ("faster-whisper:huge", UsageError, "faster-whisper has no model 'huge'"),
        (
            "open_clip:ViT-L-14",
            UsageError,
            "is not one set of weights on the hub: say which of ViT-L-14/openai",
        ),
        ("easyocr:en+xx", UsageError, "does not know which reader easyocr has for 'en.xx'"),
    ],
)
def test_a_name_that_is_nothing_is_one_sentence(
    name: str, error: type[Exception], sentence: str, hub: FakeHub
) -> None:
    with pytest.raises(error, match=sentence):
        longvid("models", "pull", name, "--yes")


def test_exactly_one_of_name_and_profile() -> None:
    for arguments in ((), ("a/b", "--profile", "max")):
        with pytest.raises(UsageError, match="exactly one of the two"):
            longvid("models", "pull", *arguments)
    with pytest.raises(
        UsageError, match="there is no profile 'huge': the profiles are offline, standard, max"
    ):
        longvid("models", "pull", "--profile", "huge")


def test_the_offline_profile_has_nothing_to_fetch(capsys: pytest.CaptureFixture[str]) -> None:
    assert longvid("models", "pull", "--profile", "offline") == 0
    assert capsys.readouterr().err.count("nothing to fetch") == 5


def test_whispers_checkpoint_is_checked_by_the_hash_in_its_address(
    hub: FakeHub, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import whisper

    content = b"a checkpoint" * 1000
    path = f"models/{hashlib.sha256(content).hexdigest()}/base.pt"
    hub.plain[path] = content
    monkeypatch.setitem(whisper._MODELS, "base", f"{hub.url}/{path}")
    kept = home / "cache" / "whisper" / "base.pt"
    for fault in (hub.tampered, hub.cut):
        fault.add(path)
        with pytest.raises(ModelError, match="is not the file that was published"):
            longvid("models", "pull", "whisper/base", "--yes")
        assert list(kept.parent.iterdir()) == []
        fault.clear()
    assert longvid("models", "pull", "whisper:base", "--yes") == 0
    assert kept.read_bytes() == content
    assert "12 kB  whisper:base  (127.0.0.1" in capsys.readouterr().err
    assert Engines().choices["speech"].name == "whisper/base"
    assert longvid("models", "verify", "whisper/base") == 0
    kept.write_bytes(content[:-1])
    assert longvid("models", "verify", "whisper/base") == 1


def test_easyocrs_files_come_out_of_their_archives(
    hub: FakeHub, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from easyocr import config

    for model in (config.detection_models["craft"], config.recognition_models["gen2"]["latin_g2"]):
        content = model["filename"].encode() * 100
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr(model["filename"], content)
        hub.plain[f"{model['filename']}.zip"] = packed.getvalue()
        monkeypatch.setitem(model, "url", f"{hub.url}/{model['filename']}.zip")
        monkeypatch.setitem(model, "md5sum", hashlib.md5(content).hexdigest())
    assert longvid("models", "pull", "easyocr:de+en", "--yes") == 0
    folder = home / ".EasyOCR" / "model"
    assert sorted(path.name for path in folder.iterdir()) == ["craft_mlt_25k.pth", "latin_g2.pth"]
    assert longvid("models", "verify", "easyocr:de+en") == 0
    (folder / "latin_g2.pth").write_bytes(b"other")
    assert longvid("models", "verify", "easyocr:de+en") == 1
    (folder / "latin_g2.pth").unlink()
    hub.plain["latin_g2.pth.zip"] = b"no archive"
    with pytest.raises(ModelError, match=r"is no archive that holds latin_g2.pth"):
        longvid("models", "pull", "easyocr:de+en", "--yes")
    assert [path.name for path in folder.iterdir()] == ["craft_mlt_25k.pth"]


SHARDS = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]


@pytest.mark.parametrize(
    ("names", "kind", "expected"),
    [
        (
            ["README.md", "config.json", "model.py", "vocab.txt", "pytorch_model.bin", "model.safetensors"],
            "transformers",
            ["config.json", "vocab.txt", "model.safetensors"],
        ),
        (
            [*SHARDS, "model.safetensors.index.json", "config.json", "original/consolidated.safetensors"],
            "transformers",
            ["config.json", "model.safetensors.index.json", *SHARDS],
        ),
        (
            ["config.json", "1_Pooling/config.json", "2_Dense/model.safetensors", "model.safetensors", "onnx/a.json"],
            "transformers",
            ["config.json", "1_Pooling/config.json", "2_Dense/model.safetensors", "model.safetensors"],
        ),
        (
            ["open_clip_model.safetensors", "open_clip_config.json", "model.safetensors", "pytorch_model.bin"],
            "open_clip",
            ["open_clip_config.json", "open_clip_model.safetensors"],
        ),
        (
            ["open_clip_pytorch_model.bin", "open_clip_config.json"],
            "transformers",
            ["open_clip_config.json", "open_clip_pytorch_model.bin"],
        ),
        (["model.bin", "config.json", "vocabulary.txt"], "ctranslate2", ["config.json", "vocabulary.txt", "model.bin"]),
        (["pytorch_model.bin", "config.json"], "transformers", ["config.json", "pytorch_model.bin"]),
        (["model.h5", "weights.pkl", "config.json"], "transformers", []),
    ],
)  # fmt: skip
def test_the_files_that_are_needed(names: list[str], kind: Any, expected: list[str]) -> None:
    assert needed_files(names, kind) == expected


def test_a_repository_without_weights_is_refused(hub: FakeHub) -> None:
    hub.repositories["acme/other"] = {"config.json": b"{}", "weights.pkl": b"pickled"}
    with pytest.raises(ModelError, match="acme/other has no weights that longvid reads"):
        longvid("models", "pull", "acme/other", "--yes")


@pytest.mark.parametrize("name", PROFILES)
def test_every_model_of_a_profile_has_a_place_to_come_from(name: str) -> None:
    for role, spec in PROFILES[name].models.items():
        if spec != "off":
            source = source_of(next(plan for plan in named(spec) if plan.role == role))
            assert (source is None) == (name == "offline"), spec


def test_the_list_names_every_role(capsys: pytest.CaptureFixture[str]) -> None:
    rows = listed(capsys)
    assert {row["role"] for row in rows} <= set(ROLES)
    offline = {row["name"]: row for row in rows if row["download_mb"] == 0}
    assert offline["all-MiniLM-L6-v2"]["runs"] is True
    assert offline["all-MiniLM-L6-v2"]["here"] is True
    assert not any(row["here"] for row in rows if row["download_mb"])
    longvid("models")
    table = capsys.readouterr().out
    assert all(row["name"] in table for row in rows)
    assert max(map(len, table.splitlines())) <= 100
    longvid("models", "--role", "text")
    text = capsys.readouterr().out
    assert "all-MiniLM-L6-v2" in text
    assert "rapidocr" not in text
    with pytest.raises(UsageError, match="there is no role 'smell'"):
        longvid("models", "--role", "smell")


def test_a_model_in_parts_is_here_when_all_of_them_are(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    assert not complete(folder)
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": SHARDS[0], "b": SHARDS[1]}}))
    (folder / SHARDS[0]).write_bytes(b"1")
    assert not complete(folder)
    (folder / SHARDS[1]).write_bytes(b"2")
    assert complete(folder)
    index.write_text(index.read_text()[:20])
    assert not complete(folder)


def test_sizes_are_told_in_round_numbers() -> None:
    assert [size(n) for n in (900, 12_300, 605_000_000, 17_500_000_000)] == [
        "1 kB",
        "12 kB",
        "605 MB",
        "17.5 GB",
    ]
