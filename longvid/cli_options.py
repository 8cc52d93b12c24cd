"""Options that several commands share, and how a command opens its library."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from longvid import output
from longvid_storage.errors import UsageError
from longvid_storage.text.shown import shown

if TYPE_CHECKING:
    from longvid.engines import Engines
    from longvid.library import Library

LibraryOption = Annotated[
    str | None,
    typer.Option(
        "--library",
        "-L",
        envvar="LONGVID_LIBRARY",
        help="Where the knowledge lives: a directory, or postgresql://USER@HOST/DATABASE.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else on stdout.")]
VideoOption = Annotated[
    list[str] | None,
    typer.Option("--video", help="Only this video: id, prefix of one, or title. Repeatable."),
]
CollectionOption = Annotated[str | None, typer.Option("--collection", help="Only this collection.")]
FromOption = Annotated[str | None, typer.Option("--from", help="Not before this time: seconds or HH:MM:SS.")]
ToOption = Annotated[str | None, typer.Option("--to", help="Not after this time: seconds or HH:MM:SS.")]
SpeakerOption = Annotated[str | None, typer.Option("--speaker", help="Only what this speaker says.")]
CountOption = Annotated[int, typer.Option("-k", help="How many moments.")]


ModelOption = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        metavar="ROLE=SPEC",
        help="The model of a role: NAME, ADAPTER:MODEL, auto or off. Repeatable.",
    ),
]
DeviceOption = Annotated[
    str | None, typer.Option("--device", help="Where models run: cpu, cuda, cuda:1, mps.")
]
ProfileOption = Annotated[
    str | None, typer.Option("--profile", help="A model for every role: offline, standard or max.")
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", envvar="LONGVID_CONFIG", help="The longvid.toml to read.")
]


def open_library(
    library: str | Path | None, *, create: bool = False, engines: Engines | None = None
) -> Library:
    """The library a command works on.

    Raises:
        UsageError: the engines are to run on a device that is none. ModelError: that device is not here.
    """
    from longvid.library import Library
    from longvid_storage.models.torch_device import check_device

    if engines is not None:
        check_device(engines.device)
    return Library.open(library, create=create, engines=engines)


def tell(lines: list[str]) -> None:
    """Lines for the user beside the results."""
    for line in lines:
        output.note(f"longvid: {shown(line)}")


def chosen_engines(
    model: list[str] | None,
    device: str | None = None,
    profile: str | None = None,
    config: Path | None = None,
    **more: str | None,
) -> Engines:
    """The engines that the options name; ``more`` is role → spec of options that stand for ``--model``.

    Raises:
        UsageError: a ``--model`` is not ``ROLE=SPEC``, or names something unknown.
    """
    from longvid.engines import Engines

    models = {}
    for each in model or ():
        role, equals, spec = each.partition("=")
        if not (equals and role and spec):
            raise UsageError(f"--model is {each!r}: write ROLE=SPEC, such as text=auto or image=off")
        models[role.strip()] = spec
    models |= {role: spec for role, spec in more.items() if spec is not None}
    return Engines(models, device, profile=profile, config=config)


def filters(
    video: list[str] | None, collection: str | None, from_: str | None, to: str | None, speaker: str | None
) -> dict[str, Any]:
    """Search filters as the keyword arguments of ``Library.search`` and ``Library.ask``."""
    from longvid_storage.text.timecode import parse_time

    return {
        "video": video or None,
        "collection": collection,
        "from_s": None if from_ is None else parse_time(from_, "--from"),
        "to_s": None if to is None else parse_time(to, "--to"),
        "speaker": speaker,
    }
