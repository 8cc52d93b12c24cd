"""The eight roles as data, and the models and adapters of each: longvid's own, and what other distributions add.

A distribution adds models with an entry point of the group ``longvid.models`` that names a ``ModelRecord`` or an
iterable of them::

    [project.entry-points."longvid.models"]
    acme = "acme_longvid:MODELS"
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from typing import Any

from longvid_storage.errors import UsageError
from longvid_storage.models.model_record import ModelRecord, Role

GROUP = "longvid.models"


@dataclass(frozen=True, slots=True)
class ThirdParty:
    """What entry points gave: records, and one sentence for each entry point that gave none."""

    records: tuple[ModelRecord, ...]
    problems: tuple[str, ...]


def records(role: Role) -> tuple[ModelRecord, ...]:
    """The models of a role, the preferred one first, those of other distributions last."""
    return _own(role) + tuple(record for record in third_party().records if record.role == role)


def _own(role: Role) -> tuple[ModelRecord, ...]:
    table: tuple[ModelRecord, ...] = _of_module(role, ROLES[role].table, ())
    return table


def adapters(role: Role) -> dict[str, str]:
    """Short name → ``"module:class"`` of everything that runs models of a role."""
    known: dict[str, str] = _of_module(role, "ADAPTERS", {})
    return known


def _of_module(role: Role, name: str, default: Any) -> Any:
    """A table of the role's module, ``default`` where it has none."""
    module = ROLES[role].module
    if importlib.util.find_spec(module) is None:
        return default
    return getattr(importlib.import_module(module), name, default)


def third_party() -> ThirdParty:
    """The models that installed distributions add; a broken entry point costs its own models and nothing else."""
    return _third_party(tuple(sys.path))


@lru_cache(maxsize=4)
def _third_party(path: tuple[str, ...]) -> ThirdParty:
    found: list[ModelRecord] = []
    problems: list[str] = []
    for entry in metadata.entry_points(group=GROUP):
        try:
            given = entry.load()
            new = [given] if isinstance(given, ModelRecord) else list(given)
            wrong = _what_is_wrong(new, found)
        except Exception as error:  # noqa: BLE001 -- another distribution's code may raise anything
            wrong = f"{type(error).__name__}: {error}"
        if wrong:
            origin = entry.dist.name if entry.dist is not None else entry.value
            problems.append(
                f"the models {entry.name!r} of the package {origin} are left out ({wrong}): update or remove it"
            )
        else:
            found += new
    return ThirdParty(tuple(found), tuple(problems))


def _what_is_wrong(new: Iterable[object], known: Iterable[ModelRecord]) -> str | None:
    names = {(record.role, record.name) for record in known}
    names |= {(record.role, record.name) for info in ROLES.values() for record in _own(info.role)}
    for each in new:
        if not isinstance(each, ModelRecord):
            return f"it gives a {type(each).__name__}, not a ModelRecord"
        if each.role not in ROLES:
            return f"{each.name} has the unknown role {each.role!r}"
        if (each.role, each.name) in names:
            return f"{each.name} is there already"
        names.add((each.role, each.name))
    return None


@dataclass(frozen=True, slots=True)
class RoleInfo:
    """One role.

    Attributes:
        role: its short name, as in ``--model ROLE=SPEC`` and ``longvid.toml``.
        title: for people.
        module: where its table of records and its ``ADAPTERS`` (short name → ``"module:class"``) lie.
        table: the name of the table there.
        engine: the property of ``Engines`` that holds what runs.
        lost: what does not work while the role is off.
        automatic: whether ``auto`` takes a model whose weights are here; else the role is off until configured.
        indexes: whether indexing uses it.
        otherwise: another way to one than fetching weights, as ``longvid doctor`` puts it; empty for none.
    """

    role: Role
    title: str
    module: str
    table: str
    engine: str
    lost: str
    automatic: bool = True
    indexes: bool = True
    otherwise: str = ""


ROLES: dict[str, RoleInfo] = {
    info.role: info
    for info in (
        RoleInfo(
            "speech",
            "speech",
            "longvid_indexer.transcriber",
            "TRANSCRIBERS",
            "transcriber",
            "videos without subtitles have no transcript",
        ),
        RoleInfo(
            "speakers",
            "speakers",
            "longvid_indexer.diariser",
            "DIARISERS",
            "diariser",
            "only subtitles tell who speaks",
        ),
        RoleInfo(
            "sound",
            "sounds",
            "longvid_indexer.sound_tagger",
            "SOUND_TAGGERS",
            "sound_tagger",
            "applause, laughter and music are found only where subtitles describe them",
        ),
        RoleInfo(
            "screen",
            "screen text",
            "longvid_indexer.screen_reader",
            "SCREEN_READERS",
            "screen_reader",
            "text on slides is not found",
        ),
        RoleInfo(
            "image",
            "pictures",
            "longvid_storage.models.image_encoder",
            "IMAGE_ENCODERS",
            "image_encoder",
            "pictures are not searched, only what is said and written",
        ),
        RoleInfo(
            "text",
            "text",
            "longvid_storage.models.text_encoder",
            "TEXT_ENCODERS",
            "text_encoder",
            "search is by words only, not by meaning",
        ),
        RoleInfo(
            "rerank",
            "rerank",
            "longvid_storage.models.reranker",
            "RERANKERS",
            "reranker",
            "moments keep the order of search",
            automatic=False,
            indexes=False,
        ),
        RoleInfo(
            "video_lm",
            "answers",
            "longvid_agents.video_lm",
            "VIDEO_LMS",
            "video_lm",
            "answers quote the best evidence (extractive)",
            automatic=False,
            indexes=False,
            otherwise="a server's: --model video_lm=openai:NAME",
        ),
    )
}
"""By short name, in the order in which a video meets them."""


def role_named(name: str, where: str) -> Role:
    """The role of that short name; ``where`` names the file that says it, empty for the caller.

    Raises:
        UsageError: there is none.
    """
    if name not in ROLES:
        inside = f" (in {where})" if where else ""
        raise UsageError(f"there is no role {name!r}{inside}: the roles are {', '.join(ROLES)}")
    return ROLES[name].role
