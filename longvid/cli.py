"""The ``longvid`` command. Results go to stdout, progress and errors to stderr.

Nothing heavy is imported here: every command imports what it needs when it runs.
"""

from __future__ import annotations

import io
import os
import sys
import textwrap
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer
from typer.exceptions import TyperException

from longvid import (
    cli_ask,
    cli_chat,
    cli_check,
    cli_clip,
    cli_eval,
    cli_export,
    cli_keys,
    cli_mcp,
    cli_models,
    cli_serve,
    cli_speakers,
    cli_summary,
    cli_verify,
    output,
)
from longvid.cli_options import (
    CollectionOption,
    ConfigOption,
    CountOption,
    DeviceOption,
    FromOption,
    JsonOption,
    LibraryOption,
    ModelOption,
    ProfileOption,
    SpeakerOption,
    ToOption,
    VideoOption,
    chosen_engines,
    filters,
    open_library,
    tell,
)
from longvid_storage.errors import LongvidError, LongvidWarning, UsageError
from longvid_storage.text.shown import shown

if TYPE_CHECKING:
    from longvid.library import Library

app = typer.Typer(
    help="Ask hours of video a question; every claim of the answer cites video and time.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog="Start with: longvid index FOLDER, then: longvid ask 'when does the speaker define X?'",
)


def main() -> None:
    """Run the command line; the exit status is 0 done, 1 something failed, 2 wrong usage, 130 interrupted."""
    warnings.showwarning = partial(_tell, warnings.showwarning)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A file name may be bytes that are no text; escaped this way it is valid JSON, and can be told.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status = app(standalone_mode=False, prog_name="longvid")
        sys.stdout.flush()  # while what goes wrong with it can still be told
    except LongvidError as error:
        output.note(f"longvid: {shown(error.message)}")
        status = 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        output.note("longvid: interrupted; what was finished is kept, run the same command to go on")
        status = 130
    except BrokenPipeError:
        # The reader of our output (head, less) has gone: stop quietly, as other tools do.
        _drop_output()
        status = 141
    except OSError as error:
        if error.filename is not None:
            raise
        _drop_output()
        output.note(f"longvid: the output cannot be written: {error.strerror}")
        status = 1
    except TyperException as error:  # a wrong flag, a missing argument
        output.note(f"longvid: {error.format_message()} (longvid --help lists commands and options)")
        status = 2
    except typer.Abort:
        output.note("\nlongvid: not confirmed, so nothing was done (--yes answers for you)")
        status = 130
    sys.exit(status or 0)


def _tell(
    otherwise: Callable[..., None],
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """A warning of ours is one line on stderr, without the place in our code; others as Python shows them."""
    if issubclass(category, LongvidWarning):
        output.note(f"longvid: {message}")
    else:
        otherwise(message, category, filename, lineno, file, line)


def _drop_output() -> None:
    """Nothing more can be written to stdout; Python would try again, and complain, at its exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _names(text: str | None) -> list[str] | None:
    return [name.strip() for name in text.split(",") if name.strip()] if text else None


@app.command(epilog="Example: longvid index lectures/ --collection course")
def index(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Folders and files: video, audio, or subtitles alone.")
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
    model: ModelOption = None,
    device: DeviceOption = None,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    nice: Annotated[bool, typer.Option("--nice", help="Let other programs go first.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Tell of failures only.")] = False,
    json_: JsonOption = False,
) -> int:
    """Read videos into the library; run it again to add what is new.

    Stages: transcript, speakers, visual, sounds, screen_text, vectors, structure, summaries.
    """
    from longvid import progress
    from longvid.models.roles import ROLES

    if not paths and not reprocess and not prune:
        raise UsageError("name folders or files to index, or --reprocess for what the library holds")
    if nice:
        os.nice(10)  # as the command `nice` does
    engines = chosen_engines(model, device, profile, config)
    with (
        open_library(library, create=bool(paths), engines=engines) as lib,
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
                on_event=show,
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


def _prune(lib: Library, paths: list[Path] | None, yes: bool) -> None:
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


app.command(epilog="Example: longvid ask 'when does the speaker define the learning rate?'")(cli_ask.ask)
app.command(
    short_help="Ask one question after another; follow-ups are understood.",
    epilog="Example: longvid chat --session monday",
)(cli_chat.chat)


@app.command(epilog="Example: longvid search 'gradient descent' -k 5")
def search(
    query: Annotated[str, typer.Argument(help="Words to look for, in quotes.")],
    k: CountOption = 10,
    library: LibraryOption = None,
    video: VideoOption = None,
    collection: CollectionOption = None,
    from_: FromOption = None,
    to: ToOption = None,
    speaker: SpeakerOption = None,
    rerank: Annotated[
        str | None,
        typer.Option("--rerank", help="Let this cross-encoder (directory or hub name) order them."),
    ] = None,
    model: ModelOption = None,
    device: DeviceOption = None,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Find moments, best first; no answer is written."""
    from longvid import printing
    from longvid.arguments import check_query

    query = check_query(query, k)
    chosen = filters(video, collection, from_, to, speaker)
    engines = chosen_engines(model, device, profile, config, rerank=_reranker(rerank))
    with open_library(library, engines=engines) as lib:
        found = lib.search(query, k=k, **chosen)
        tell([*lib.stale_vectors(), *lib.unknown_speaker(speaker, video=video, collection=collection)])
    if json_:
        for moment in found:
            output.record(moment)
    else:
        output.result(printing.found(found, query))


def _reranker(name: str | None) -> str | None:
    """``--rerank`` stands for ``--model rerank=``, and takes a bare directory or hub name too."""
    from longvid.models.registry import adapters, records

    if name is None or name in ("auto", "off") or name.partition(":")[0] in adapters("rerank"):
        return name
    return name if any(record.name == name for record in records("rerank")) else f"transformers:{name}"


@app.command(
    short_help="List every place where a term is said or shown.",
    epilog="Example: longvid mentions 'learning rate' 'step size' --speaker Maya",
)
def mentions(
    terms: Annotated[list[str], typer.Argument(help="Words or phrases; any of them counts.")],
    library: LibraryOption = None,
    video: VideoOption = None,
    collection: CollectionOption = None,
    from_: FromOption = None,
    to: ToOption = None,
    speaker: SpeakerOption = None,
    json_: JsonOption = False,
) -> None:
    """List every place where a term is said or shown, video by video; none is left out."""
    from longvid import printing

    chosen = filters(video, collection, from_, to, speaker)
    with open_library(library) as lib:
        found = lib.mentions(terms, **chosen)
        through = None if found else lib.searched(terms, **chosen)
        tell(lib.unknown_speaker(speaker, video=video, collection=collection))
    if json_:
        for each in found:
            output.record(each)
        if through is not None:
            output.record({"searched": through})
    else:
        output.result(printing.mentions(found, through))


app.command(
    short_help="Check a text, such as minutes, against the recordings.",
    epilog="Example: longvid verify minutes.md --collection team",
)(cli_verify.verify)


@app.command(epilog="Example: longvid ls --json | jq .title")
def ls(library: LibraryOption = None, collection: CollectionOption = None, json_: JsonOption = False) -> None:
    """List the videos of the library."""
    from longvid import printing

    with open_library(library) as lib:
        videos = lib.videos(collection=collection)
    if json_:
        for video in videos:
            output.record(video)
    else:
        output.result(printing.table(videos))


@app.command(epilog="Example: longvid show 'Gradient descent'")
def show(
    video: Annotated[str, typer.Argument(help="Id, unambiguous prefix of one, or title.")],
    library: LibraryOption = None,
    json_: JsonOption = False,
) -> None:
    """Print a video's table of contents."""
    from longvid import printing

    with open_library(library) as lib:
        details = lib.show(video)
    output.either(details, json_, printing.show)


app.command(
    short_help="Summarise a video, or a collection; every line cites.",
    epilog="Example: longvid summary 'Gradient descent' --length long",
)(cli_summary.summary)
app.command(
    short_help="List who speaks in a video, and rename speakers.",
    epilog="Example: longvid speakers 'Team meeting' --rename 'Speaker 1=Maya'",
)(cli_speakers.speakers)


@app.command(
    short_help="Export a video's events as chapters for other programs.",
    epilog="Example: longvid chapters 'Gradient descent' --format youtube",
)
def chapters(
    video: Annotated[str, typer.Argument(help="Id, unambiguous prefix of one, or title.")],
    library: LibraryOption = None,
    format_: Annotated[str, typer.Option("--format", help="youtube, vtt, json or ffmetadata.")] = "youtube",
    level: Annotated[str, typer.Option("--level", help="event or scene.")] = "event",
) -> None:
    """Export a video's events (or scenes) as chapters for other programs."""
    with open_library(library) as lib:
        output.file(lib.chapters(video, file_format=format_, level=level))


app.command(
    short_help="Turn a saved answer into a report, a cut list or subtitles.",
    epilog="Example: longvid ask '…' --json > a.json; longvid export a.json --format edl > cut.edl",
)(cli_export.export)
app.command(
    short_help="Cut the cited spans of an answer, or any, into one film.",
    epilog="Example: longvid clip answer.json -o clip.mp4; or: longvid clip talk.mp4 1:20 1:45 -o clip.mp4",
)(cli_clip.clip)


@app.command(epilog="Example: longvid rm 3fa9c1d2 --yes")
def rm(
    video: Annotated[str, typer.Argument(help="Id, unambiguous prefix of one, or title.")],
    library: LibraryOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Forget a video: every row, vector and thumbnail of it. The file itself stays."""
    with open_library(library) as lib:
        details = lib.find(video)
        if not yes:
            typer.confirm(f"Forget {details.title!r} ({details.video_id[:8]})?", abort=True, err=True)
        lib.remove(details.video_id)
    output.note(f"forgot {details.title!r}; the file {shown(details.path)} was not touched")


app.command(short_help="Verify the library whole, and mend it.", epilog="Example: longvid check --repair")(
    cli_check.check
)
app.command(
    short_help="Copy the library while it is used.", epilog="Example: longvid backup /mnt/disk/talks.longvid"
)(cli_check.backup)
app.command(
    short_help="Copy the library to another place.",
    epilog="Example: longvid copy talks.longvid postgresql://ada@db.example.org/archive",
)(cli_check.copy)


app.command(
    short_help="Serve the library to programs, agents and people.",
    epilog="Example: longvid serve --library talks.longvid",
)(cli_serve.serve)
app.command(
    short_help="Serve agents on stdin and stdout (Model Context Protocol).",
    epilog="Example: longvid mcp --library talks.longvid",
)(cli_mcp.mcp)
app.add_typer(cli_keys.app, name="keys", help="Make, list and revoke the keys of a server.")


@app.command(
    short_help="Say what runs here for each role, and how to get better.", epilog="Example: longvid doctor"
)
def doctor(
    library: LibraryOption = None,
    model: ModelOption = None,
    device: DeviceOption = None,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Say what would run here for each role, and what to type to get better."""
    from longvid import doctor as examine

    found = examine.examine(library, chosen_engines(model, device, profile, config))
    output.either(found, json_, examine.render)


@app.command(short_help="Index the example lectures and ask three questions.", epilog="Example: longvid demo")
def demo(
    library: Annotated[
        Path | None, typer.Option("--library", "-L", help="Where the demo's library goes.")
    ] = None,
) -> int:
    """Index the example lectures, ask three questions, print the cited answers."""
    from longvid import demo as demonstration

    return demonstration.run(library)


app.add_typer(
    cli_models.app, name="models", short_help="List the models of each role; fetch and verify them."
)
app.add_typer(cli_eval.app, name="eval", short_help="Measure search and answers on questions of yours.")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        output.result(f"longvid {version('longvid')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options before the command."""


if __name__ == "__main__":
    main()
