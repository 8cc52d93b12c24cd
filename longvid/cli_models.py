"""``longvid models``: what there is for each role, and fetching it; nothing else of longvid ever downloads."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from longvid import output
from longvid.cli_options import ConfigOption, JsonOption
from longvid_storage.errors import UsageError

app = typer.Typer(
    help="List the models of each role, and fetch or verify them.",
    rich_markup_mode=None,
    epilog="Example: longvid models pull --profile standard",
)

NameArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME", help="A name from the list, ADAPTER:MODEL, or a hub's ORGANISATION/MODEL."
    ),
]
PullProfileOption = Annotated[
    str | None, typer.Option("--profile", help="All models of a profile: offline, standard or max.")
]


@app.callback(invoke_without_command=True)
def models(
    context: typer.Context,
    role: Annotated[str | None, typer.Option("--role", help="Only this role.")] = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """List the models of each role: size, licence, and whether it runs here; or fetch or verify them."""
    if context.invoked_subcommand is not None:
        return
    from longvid.engines import Engines
    from longvid.models import listing

    rows = listing.rows(Engines(config=config), role)
    if json_:
        for row in rows:
            output.record(row)
    else:
        output.result(listing.table(rows))


@app.command(epilog="Example: longvid models pull whisper/small")
def pull(
    name: NameArgument = None,
    profile: PullProfileOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Fetch a model, or all of a profile: says what and how much first, then asks; every file is verified."""
    from longvid.models import pulling
    from longvid.models.listing import size

    found = _found(name, profile)
    for title, source in found:
        if source is None:
            output.note(f"{title}: nothing to fetch")
    parcels = pulling.parcels(found)
    coming = [parcel for parcel in parcels if parcel.missing]
    for parcel in parcels:
        told = size(parcel.size) if parcel.missing else "here already"
        output.note(f"{told:>13}  {parcel.name}  ({parcel.source.place})")
    if not coming:
        return
    if len(coming) > 1:
        output.note(f"{size(sum(parcel.size for parcel in coming)):>13}  in all")
    if not yes:
        typer.confirm("Fetch it?" if len(coming) == 1 else "Fetch them?", abort=True, err=True)
    for parcel in coming:
        pulling.fetch(parcel)
        output.result(f"fetched and verified {parcel.name}")


@app.command(epilog="Example: longvid models verify --profile standard")
def verify(name: NameArgument = None, profile: PullProfileOption = None) -> int:
    """Hash a model's files again and compare them with what was published."""
    from longvid.models import pulling

    status = 0
    for title, source in _found(name, profile):
        if source is None:
            output.result(f"{title}: it has no files of its own here to verify")
            continue
        checked, wrong = pulling.verify(title, source)
        for sentence in wrong:
            output.note(f"longvid: {sentence}")
            status = 1
        if not wrong:
            output.result(f"{title}: {checked} file{'s' * (checked != 1)} as published")
    return status


def _found(name: str | None, profile: str | None) -> list[tuple[str, Any]]:
    from longvid.models import pulling

    if (name is None) == (profile is None):
        raise UsageError("name one model, or all of a profile with --profile: exactly one of the two")
    return pulling.sources(name, profile)
