"""The table of ``longvid models``."""

from __future__ import annotations

from dataclasses import dataclass

from longvid.engines import Engines
from longvid.models.naming import ModelPlan
from longvid.models.registry import ROLES, adapters, records, role_named
from longvid_storage.models.model_record import Role


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One model: ``here`` when its weights are on this disk, ``installed`` when what runs it is; ``runs`` now."""

    role: str
    name: str
    download_mb: int
    licence: str
    source: str
    here: bool
    installed: bool
    extra: str
    runs: bool


def rows(engines: Engines, role: str | None = None) -> list[ModelRow]:
    """Every known model of every role, or of one.

    Raises:
        UsageError: there is no such role.
    """
    wanted = ROLES.values() if role is None else [ROLES[role_named(role, "")]]
    found = []
    for info in wanted:
        running = engines.choices[info.role].name
        known = [
            ModelRow(
                info.role,
                record.name,
                record.download_mb,
                record.licence,
                record.source,
                not record.weights or record.weights_path is not None,
                record.installed,
                record.extra,
                record.name == running,
            )
            for record in records(info.role)
        ]
        if running != "off" and not any(row.runs for row in known):
            known.append(ModelRow(info.role, running, 0, "", "your choice", True, True, "", True))
        found += known
    return found


def size(number: float) -> str:
    """Bytes for people: ``"605 MB"``, ``"17.5 GB"``."""
    megabytes = number / 1_000_000
    if megabytes < 1:
        return f"{number / 1000:.0f} kB"
    return f"{megabytes:.0f} MB" if megabytes < 1000 else f"{megabytes / 1000:.1f} GB"


def table(found: list[ModelRow]) -> str:
    """For people, within 100 columns as long as names are."""
    width = max((len(row.name) for row in found), default=0)
    licences = max((len(row.licence) for row in found), default=0)
    lines: list[str] = []
    for name, info in ROLES.items():
        mine = [row for row in found if row.role == name]
        if not mine and len({row.role for row in found}) <= 1:
            continue
        lines.append(f"{name}  {info.title}" if info.title != name else name)
        for row in mine:
            price = size(row.download_mb * 1_000_000) if row.download_mb else "-"
            line = f"  {row.name:{width}}  {price:>7}  {row.licence:{licences}}  {_state(row)}"
            lines.append(line.rstrip())
        others = ", ".join(
            f"{name}:…" for name, code in adapters(info.role).items() if _open(info.role, code)
        )
        lines.append(f"  {'any other' if mine else 'any'}: {others}" if others else "  none known")
    lines += ["", "longvid models pull NAME fetches one; --model ROLE=NAME or longvid.toml chooses it"]
    return "\n".join(lines)


def _open(role: Role, implementation: str) -> bool:
    """Whether ``ADAPTER:MODEL`` means something for it; one whose package is missing is thought to."""
    try:
        return ModelPlan(role, "", implementation).takes_model
    except ImportError:
        return True


def _state(row: ModelRow) -> str:
    if row.runs:
        return "runs"
    if not row.installed:
        return f"needs longvid[{row.extra}]"
    return "here" if row.here else "to pull"
