"""Which files a model needs, from where: found from its record, or from how the user named it."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from longvid.models.files import Grew, ModelFile, ModelSource, download, remote_size
from longvid.models.hub import HubSource, Kind
from longvid.models.naming import ModelPlan, Wanted, plan, plan_of
from longvid.models.registry import ROLES, adapters, records
from longvid_storage.errors import MissingExtraError, UsageError
from longvid_storage.models.model_record import ModelRecord


@dataclass(frozen=True, slots=True)
class UrlSource:
    """Files on web servers: ``(file, url, member)`` each, ``member`` the file's name in a zip archive."""

    items: tuple[tuple[ModelFile, str, str | None], ...]

    @property
    def place(self) -> str:
        """The host."""
        return urlsplit(self.items[0][1]).netloc

    def files(self) -> list[ModelFile]:
        """With the size of what is fetched; for one in an archive, of the archive."""
        return [
            file if file.here else ModelFile(file.name, file.path, file.digest, remote_size(url, self.place))
            for file, url, _ in self.items
        ]

    def fetch(self, file: ModelFile, grew: Grew) -> ModelFile:
        """Fetch and check one file."""
        ours, url, member = next(item for item in self.items if item[0].name == file.name)
        download(url, ours, self.place, grew, member)
        return ours

    def present(self) -> list[ModelFile]:
        """Those that are here."""
        return [file for file, _, _ in self.items if file.here]


def named(name: str) -> list[ModelPlan]:
    """What ``NAME`` of a record, ``ADAPTER:MODEL`` or a hub's ``ORGANISATION/MODEL`` may be, in one role or several.

    Raises:
        UsageError: nothing answers to it.
    """
    found = [
        plan_of(record) for info in ROLES.values() for record in records(info.role) if record.name == name
    ]
    adapter = name.partition(":")[0]
    if not found and ":" in name:
        found = [plan(Wanted(i.role, name)) for i in ROLES.values() if adapter in adapters(i.role)]
    if not found and name.count("/") == 1 and not name.startswith((".", "~", "/")):
        found = [ModelPlan("text", name, "", name)]
    if not found:
        raise UsageError(
            f"{name!r} names no model: give a name from longvid models, ADAPTER:MODEL, or ORGANISATION/MODEL of the hub"
        )
    return found


def source_of(model: ModelPlan) -> ModelSource | None:
    """Where its weights come from; None when there is nothing to fetch (a wheel, a server, a directory of yours).

    Raises:
        UsageError: the adapter knows no such model. MissingExtraError: only its package knows where they are.
    """
    record = model.record
    adapter = next((name for name, code in adapters(model.role).items() if code == model.implementation), "")
    if record is not None:
        return _of_record(record, adapter)
    assert model.model is not None
    if Path(model.model).expanduser().exists():
        return None
    make = _BY_ADAPTER.get(adapter)
    return make(model.model) if make is not None else HubSource(model.model)


def _of_record(record: ModelRecord, adapter: str) -> ModelSource | None:
    if not record.weights:
        return None
    root, _, pattern = record.weights[0].partition(":")
    if root == "hub":
        repository = pattern.split("/")[0].removeprefix("models--").replace("--", "/")
        return HubSource(repository, _KINDS.get(adapter, "transformers"))
    if pattern.startswith("whisper/"):
        return _whisper(Path(pattern).stem)
    if ".EasyOCR" in pattern:
        return _easyocr("+".join(record.options.get("languages", ("en",))))
    return None


def _whisper(name: str) -> UrlSource:
    """openai-whisper's own checkpoint; its address carries the hash."""
    known: Mapping[str, str] = _imported("whisper", "models")._MODELS
    if name not in known:
        raise UsageError(f"openai-whisper has no model {name!r}: it has {', '.join(known)}")
    url = known[name]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "whisper"
    file = url.rsplit("/", 1)[-1]
    return UrlSource(((ModelFile(file, cache / file, f"sha256:{url.split('/')[-2]}"), url, None),))


_EASYOCR = {
    "en": "english_g2",
    "ch_sim": "zh_sim_g2",
    "ja": "japanese_g2",
    "ko": "korean_g2",
    "te": "telugu_g2",
    "kn": "kannada_g2",
}


def _easyocr(languages: str) -> UrlSource:
    """EasyOCR's text finder, and its reader of these languages."""
    config = _imported("easyocr.config", "models")
    wanted = set(languages.split("+"))
    special = sorted(wanted & set(_EASYOCR) - {"en"})
    if wanted == {"en"}:
        reader = _EASYOCR["en"]
    elif len(special) == 1 and wanted <= {special[0], "en"}:
        reader = _EASYOCR[special[0]]
    elif wanted <= set(config.latin_lang_list):
        reader = "latin_g2"
    elif wanted <= {*config.cyrillic_lang_list, "en"}:
        reader = "cyrillic_g2"
    else:
        raise UsageError(
            f"longvid does not know which reader easyocr has for {languages!r}: name languages of one script, or let "
            "easyocr fetch its files itself once (easyocr.Reader)"
        )
    folder = Path.home() / ".EasyOCR" / "model"
    models = (config.detection_models["craft"], config.recognition_models["gen2"][reader])
    return UrlSource(
        tuple(
            (
                ModelFile(each["filename"], folder / each["filename"], f"md5:{each['md5sum']}"),
                each["url"],
                each["filename"],
            )
            for each in models
        )
    )


def _open_clip(name: str) -> HubSource:
    """A hub id, or the weights that open_clip itself lists for one of its names (``NAME`` or ``NAME/TAG``)."""
    kind, colon, rest = name.partition(":")
    if colon and kind == "hf-hub":
        return HubSource(rest, "open_clip")
    open_clip = _imported("open_clip", "models")
    architecture, _, tag = name.partition("/")
    tags = open_clip.list_pretrained_tags_by_model(architecture)
    on_hub = [
        each
        for each in tags
        if tag in ("", each) and open_clip.get_pretrained_cfg(architecture, each).get("hf_hub")
    ]
    if not tags and name.count("/") == 1:
        return HubSource(name, "open_clip")
    if len(on_hub) != 1:
        known = ", ".join(f"{architecture}/{each}" for each in tags) or ", ".join(open_clip.list_models())
        raise UsageError(f"open_clip:{name} is not one set of weights on the hub: say which of {known}")
    place = open_clip.get_pretrained_cfg(architecture, on_hub[0])["hf_hub"]
    return HubSource("/".join(place.split("/")[:2]), "open_clip")


def _faster_whisper(name: str) -> HubSource:
    """One of faster-whisper's names, or a repository of a converted model."""
    known: Mapping[str, str] = _imported("faster_whisper.utils", "fast")._MODELS
    if name not in known and name.count("/") != 1:
        raise UsageError(f"faster-whisper has no model {name!r}: it has {', '.join(known)}")
    return HubSource(known.get(name, name), "ctranslate2")


def _nothing(name: str) -> None:
    """A server's model, or one in a wheel."""


_KINDS: dict[str, Kind] = {"open_clip": "open_clip", "faster-whisper": "ctranslate2"}
_BY_ADAPTER: dict[str, Callable[[str], ModelSource | None]] = {
    "whisper": _whisper,
    "easyocr": _easyocr,
    "open_clip": _open_clip,
    "faster-whisper": _faster_whisper,
    **dict.fromkeys(("openai", "pocketsphinx", "rapidocr", "minilm", "universal"), _nothing),
}


def _imported(module: str, extra: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise MissingExtraError(
            f"only {package} itself knows where its models are, and it is not installed: "
            f"pip install 'longvid[{extra}]'"
        ) from error
