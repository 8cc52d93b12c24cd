"""``longvid index``: videos into the library, and out of it again where their files are gone."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from longvid import output
from longvid.cli_options import (
    ConfigOption,
    DeviceOption,
    JsonOption,
    LibraryOption,
    ModelOption,
    ProfileOption,
    chosen_engines,
    open_library,
    tell,
)
from longvid_storage.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from longvid.engines import Engines
    from longvid.library import Library
    from longvid_indexer.report import IndexEvent


def index(
    paths: Annotated[
        list[str] | None,
        typer.Argument(help="Folders and files, or s3://… and the like: video, audio, subtitles alone."),
    ] = None,
    library: LibraryOption = None,
    collection: Annotated[
        str | None, typer.Option("--collection", help="Put the videos in this collection.")
    ] = None,
    only: Annotated[
        str | None, typer.Option("--only", help="Run only these stages (comma-separated).")
    ] = None,
    skip: Annotated[
        str | None, typer.Option("--skip", help="Leave out these stages (comma-separated).")
    ] = None,
    reprocess: Annotated[
        bool,
        typer.Option("--reprocess", help="Bring what the library holds up to date after a model changed."),
    ] = False,
    everything: Annotated[
        bool,
        typer.Option("--all", help="Take unfinished downloads, hidden files, bins and thumbnails too."),
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Forget videos whose files are gone; asks first.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --prune: do not ask.")] = False,
    audio_track: Annotated[
        str | None,
        typer.Option("--audio-track", help="Hear this sound track: its number, or its language; or auto."),
    ] = None,
    every_frame: Annotated[
        bool,
        typer.Option("--every-frame", help="Leave out no frame, even where nothing on screen changes."),
    ] = False,
    model: ModelOption = None,
    device: DeviceOption = None,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    ray: Annotated[
        str | None,
        typer.Option(
            "--ray", metavar="ADDRESS", help="Index on a Ray cluster: local (here), auto, or HOST:PORT."
        ),
    ] = None,
    nice: Annotated[bool, typer.Option("--nice", help="Let other programs go first.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Tell of failures only.")] = False,
    json_: JsonOption = False,
) -> int:
    """Read videos into the library; run it again to add what is new.

    Stages: transcript, speakers, visual, sounds, screen_text, vectors, structure, summaries.
    """
    from longvid import progress
    from longvid.models.registry import ROLES
    from longvid_indexer.stages.run import choose_stages

    if not paths and not reprocess and not prune:
        raise UsageError("name folders or files to index, or --reprocess for what the library holds")
    if nice:
        os.nice(10)  # as the command `nice` does
    choose_stages(_names(only), _names(skip))  # a wrong name makes no library
    engines = chosen_engines(model, device, profile, config)
    with (
        _opened(library, paths, engines) as lib,
        progress.for_terminal(json_, quiet) as show,
    ):
        show.watch_for_interrupt()
        reports = []
        if paths or reprocess:
            reports = lib.index(
                paths or None,
                collection=collection,
                only=_names(only),
                skip=_names(skip),
                reprocess=reprocess,
                everything=everything,
                audio_track=audio_track,
                every_frame=every_frame,
                ray=ray,
                on_event=partial(_but_gone, show) if prune else show,
            )
            show.close(reports)
        if prune:
            _prune(lib, paths, yes)
        tell(lib.stale_vectors())
        off = [
            ROLES[role] for role, c in lib.engines.choices.items() if c.plan is None and ROLES[role].indexes
        ]
        if off and not quiet and any(report.status == "indexed" for report in reports):
            for role in off:
                for line in textwrap.wrap(
                    f"off        {role.title}: {role.lost}", 80, subsequent_indent=" " * 11
                ):
                    output.note(line)
            output.note("           (longvid doctor says why, and what to type)")
    return int(any(report.status == "failed" for report in reports))


def _opened(library: str | None, paths: list[str] | None, engines: Engines) -> Library:
    """The library to index into; a new one only where there is something to put into it.

    Raises:
        MediaError: there is no library yet, and none of the paths is there either. Else as ``open_library``.
    """
    from longvid_indexer.opening import unreadable
    from longvid_indexer.remote import as_path, is_there

    there = any(is_there(path) for path in paths or ())
    try:
        return open_library(library, create=there, engines=engines)
    except NotFoundError:
        if not paths or there:
            raise
        raise unreadable(as_path(paths[0]), FileNotFoundError()) from None


def _but_gone(show: Callable[[IndexEvent], None], event: IndexEvent) -> None:
    """What is gone is about to be forgotten, and told then."""
    from longvid_indexer.report import LeftOut

    if not isinstance(event, LeftOut) or event.reason != "gone":
        show(event)


def _prune(lib: Library, paths: list[str] | None, yes: bool) -> None:
    """Forget the videos whose files are gone, once the user agrees."""
    gone = lib.gone(paths)
    if not gone:
        tell(["nothing to forget: every known file is where it was"])
        return
    tell([f"gone: {video.title} ({video.path})" for video in gone])
    if not yes:
        typer.confirm(f"Forget {len(gone)} video{'s' * (len(gone) != 1)}?", abort=True, err=True)
    for video in gone:
        lib.remove(video.video_id)
    tell([f"forgot {len(gone)} video{'s' * (len(gone) != 1)}"])


def _names(text: str | None) -> list[str] | None:
    return [name.strip() for name in text.split(",") if name.strip()] if text else None
