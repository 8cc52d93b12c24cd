"""What ``longvid models pull`` and ``verify`` do: what would be fetched, fetching it, hashing what is here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from longvid import output
from longvid.models.files import ModelFile, ModelSource
from longvid.models.naming import Wanted, plan
from longvid.models.profiles import profile_named
from longvid.models.registry import role_named
from longvid.models.sources import named, source_of
from longvid_storage.errors import ModelError
from longvid_storage.text.shown import cut

_NAME = 40  # signs of a model's name beside its bar


@dataclass(frozen=True, slots=True)
class Parcel:
    """One model to fetch, with all the files that longvid reads of it."""

    name: str
    source: ModelSource
    files: tuple[ModelFile, ...]

    @property
    def missing(self) -> tuple[ModelFile, ...]:
        """What is not here yet."""
        return tuple(file for file in self.files if not file.here)

    @property
    def size(self) -> int:
        """Bytes that have to come, as far as the servers told."""
        return sum(file.size or 0 for file in self.missing)


def sources(name: str | None, profile: str | None) -> list[tuple[str, ModelSource | None]]:
    """The models that a name or a profile means, each with where its files come from (None: it has none to fetch).

    Raises:
        UsageError: nothing answers to the name, or the profile is not known.
    """
    if name is not None:
        plans = named(name)[:1]
    else:
        models = profile_named(profile or "", "").models
        plans = [plan(Wanted(role_named(role, ""), spec)) for role, spec in models.items() if spec != "off"]
    return [(each.name, source_of(each)) for each in plans]


def parcels(found: Sequence[tuple[str, ModelSource | None]]) -> list[Parcel]:
    """Ask the servers what each model consists of.

    Raises:
        ModelError: one cannot be reached, or has no such model.
    """
    return [Parcel(name, source, tuple(source.files())) for name, source in found if source is not None]


def fetch(parcel: Parcel) -> None:
    """Fetch and check what is missing of a model; weights come last, so a model half here is none.

    Raises:
        ModelError: a server cannot be reached, or a file is not what was published.
    """
    from rich.progress import DownloadColumn, TransferSpeedColumn

    with output.bars(DownloadColumn(), TransferSpeedColumn()) as drawn:
        task = drawn.add_task(cut(parcel.name, _NAME), total=parcel.size or None)
        for file in parcel.missing:
            parcel.source.fetch(file, lambda size: drawn.advance(task, size))


def verify(name: str, source: ModelSource) -> tuple[int, list[str]]:
    """Hash what is here of a model: how many files could be checked, and a sentence for each that is wrong.

    Raises:
        ModelError: nothing of it is here (code ``"no_weights"``).
    """
    files = source.present()
    if not files:
        raise ModelError(f"{name} is not on this disk: longvid models pull {name}", code="no_weights")
    wrong = []
    for file in files:
        try:
            file.check()
        except ModelError as error:
            wrong.append(error.message)
    return sum(file.digest is not None for file in files), wrong
