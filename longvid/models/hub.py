"""A model on the Hugging Face hub: which of its files are needed, fetching them into the hub's own cache, checking."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from longvid.models.files import Grew, ModelFile, no_network
from longvid_storage.errors import MissingExtraError, ModelError
from longvid_storage.models.weights import find_weights, hub_cache, hub_folder

Kind = Literal["transformers", "open_clip", "ctranslate2"]

# The first pattern of a kind that any file matches names its weights.
_WEIGHTS: dict[Kind, tuple[str, ...]] = {
    "transformers": ("model*.safetensors", "*.safetensors", "pytorch_model*.bin"),
    "open_clip": ("open_clip_model.safetensors", "open_clip_*.safetensors", "open_clip_pytorch_model.bin"),
    "ctranslate2": ("model.bin",),
}
_BESIDE = ("*.json", "*.txt", "*.model", "*.jinja", "*.tiktoken", "LICENSE*")
# Of sentence-transformers: 1_Pooling/config.json, 2_Dense/model.safetensors
_MODULE = re.compile(r"\d+_\w+/[\w.-]+\.(json|safetensors)")


def needed_files(names: Sequence[str], kind: Kind) -> list[str]:
    """The files of a repository that longvid reads, weights last; empty when it has no weights of that kind.

    Never code, and pickled weights only where there are no others (they are read with ``weights_only=True``). A
    repository whose weights are of another kind than asked for gives those it has.
    """
    root = [name for name in names if "/" not in name]
    weights: list[str] = []
    for each in (kind, *(other for other in _WEIGHTS if other != kind)):
        for pattern in _WEIGHTS[each]:
            weights = weights or fnmatch.filter(root, pattern)
    if not weights:
        return []
    beside = [name for name in root if any(fnmatch.fnmatch(name, pattern) for pattern in _BESIDE)]
    if not any(name.endswith(".safetensors") for name in weights):
        beside = [name for name in beside if not name.endswith(".safetensors.index.json")]
    modules = [name for name in names if _MODULE.fullmatch(name)]
    return [*sorted(beside), *sorted(modules), *sorted(weights)]


class HubSource:
    """One repository of the hub; its files go to the hub's cache, where every library looks for them.

    Args:
        repository: ``"organisation/name"``.
        kind: what reads its weights.
    """

    def __init__(self, repository: str, kind: Kind = "transformers") -> None:
        self.repository = repository
        self.kind = kind

    @property
    def place(self) -> str:
        """The repository."""
        return f"the hub's {self.repository}"

    def files(self) -> list[ModelFile]:
        """The files that longvid reads, as the hub describes them."""
        hub = _hub()
        info = self._asked(lambda: hub.HfApi(_endpoint()).model_info(self.repository, files_metadata=True))
        known = {sibling.rfilename: sibling for sibling in info.siblings or ()}
        names = needed_files(list(known), self.kind)
        if not names:
            raise ModelError(
                f"{self.repository} has no weights that longvid reads (of torch, open_clip or CTranslate2): "
                "choose a model that has them (longvid models)",
                code="no_weights",
            )
        folder = self._folder / "snapshots" / info.sha
        return [ModelFile(name, folder / name, _digest(known[name]), known[name].size) for name in names]

    @property
    def _folder(self) -> Path:
        return hub_cache() / hub_folder(self.repository)

    def fetch(self, file: ModelFile, grew: Grew) -> ModelFile:
        """Through the hub's own library, so that its tokens, mirrors and resumed connections work."""
        hub = _hub()
        bar = _bar(grew)
        path = self._asked(
            lambda: hub.hf_hub_download(
                self.repository, file.name, cache_dir=str(hub_cache()), tqdm_class=bar, endpoint=_endpoint()
            )
        )
        got = ModelFile(file.name, Path(path), file.digest, file.size)
        try:
            got.check()
        except ModelError as error:
            got.path.resolve().unlink(missing_ok=True)
            got.path.unlink(missing_ok=True)
            raise ModelError(
                f"{file.name} of {self.repository} is not what the hub says it published, and was deleted: "
                "run the same command again; when that repeats, something between you and the hub changes files",
                code="checksum",
            ) from error
        return got

    def present(self) -> list[ModelFile]:
        """The files of the snapshot in the cache; each is a link to a blob that is named by its hash."""
        try:
            snapshot = find_weights(self.repository, "")
        except ModelError:
            return []
        if snapshot.parent.parent != self._folder:
            return []
        paths = sorted(path for path in snapshot.rglob("*") if path.is_file())
        return [
            ModelFile(path.relative_to(snapshot).as_posix(), path, _of_blob(path.resolve().name))
            for path in paths
        ]

    def _asked(self, ask: Any) -> Any:
        """What the hub answers, its errors as one sentence each."""
        from huggingface_hub import errors

        try:
            return ask()
        except errors.GatedRepoError as error:
            raise ModelError(
                f"{self.repository} wants its terms accepted first: do so on its page of the hub, then log in here "
                "with `hf auth login`",
                code="gated",
            ) from error
        except (errors.RepositoryNotFoundError, errors.HFValidationError) as error:
            raise ModelError(
                f"the hub has no model {self.repository!r}, or not for you: check the name (longvid models), or log "
                "in with `hf auth login`",
                code="unknown_model",
            ) from error
        except (OSError, errors.HTTPError, errors.XetDownloadError) as error:
            if "Consistency check failed" in str(error):
                raise ModelError(
                    f"a file of {self.repository} came incomplete: run the same command again",
                    code="truncated",
                ) from error
            raise no_network("the hub", error) from error


def _hub() -> Any:
    try:
        import huggingface_hub
    except ImportError as error:
        raise MissingExtraError(
            "fetching a model needs huggingface_hub: pip install 'longvid[models]'"
        ) from error
    return huggingface_hub


def _endpoint() -> str | None:
    """A mirror, as the hub's library names it; it reads the variable only once."""
    return os.environ.get("HF_ENDPOINT")


def _digest(sibling: Any) -> str | None:
    if sibling.lfs is not None:
        return f"sha256:{sibling.lfs.sha256}"
    return f"git:{sibling.blob_id}" if sibling.blob_id else None


def _of_blob(name: str) -> str | None:
    if re.fullmatch(r"[0-9a-f]{64}", name):
        return f"sha256:{name}"
    return f"git:{name}" if re.fullmatch(r"[0-9a-f]{40}", name) else None


def _bar(grew: Grew) -> Any:
    """A silent progress bar for the hub's library that passes on what arrived."""
    from tqdm.auto import tqdm

    class Bar(tqdm):  # type: ignore[misc]
        def __init__(self, *arguments: Any, **options: Any) -> None:
            options.pop("name", None)
            super().__init__(*arguments, **{**options, "disable": True})

        def update(self, n: float | None = 1) -> None:
            grew(int(n or 0))

    return Bar
