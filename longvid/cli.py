"""The ``longvid`` command. Results go to stdout, progress and errors to stderr.

Nothing heavy is imported here: every command imports what it needs when it runs.
"""

from __future__ import annotations

import io
import os
import sys
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
    cli_index,
    cli_keys,
    cli_mcp,
    cli_models,
    cli_search,
    cli_serve,
    cli_speakers,
    cli_summary,
    cli_verify,
    output,
)
from longvid.cli_options import (
    CollectionOption,
    ConfigOption,
    DeviceOption,
    JsonOption,
    LibraryOption,
    ModelOption,
    ProfileOption,
    chosen_engines,
    open_library,
)
from longvid_storage.errors import LongvidError, LongvidWarning, UsageError
from longvid_storage.process import sum_alone
from longvid_storage.text.shown import shown

if TYPE_CHECKING:
    pass

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
    sum_alone()
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
        dash = "; text that begins with a dash stands after --" if "No such option" in str(error) else ""
        output.note(f"longvid: {error.format_message()} (longvid --help lists commands and options{dash})")
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


app.command(epilog="Example: longvid index lectures/ --collection course")(cli_index.index)
app.command(epilog="Example: longvid ask 'when does the speaker define the learning rate?'")(cli_ask.ask)
app.command(
    short_help="Ask one question after another; follow-ups are understood.",
    epilog="Example: longvid chat --session monday",
)(cli_chat.chat)


app.command(epilog="Example: longvid search 'gradient descent' -k 5")(cli_search.search)
app.command(
    short_help="List every place where a term is said or shown.",
    epilog="Example: longvid mentions 'learning rate' 'step size' --speaker Maya",
)(cli_search.mentions)
app.command(
    short_help="Check a text, such as minutes, against the recordings.",
    epilog="Example: longvid verify minutes.md --collection team",
)(cli_verify.verify)


@app.command(epilog="Example: longvid ls --json | jq .title")
def ls(library: LibraryOption = None, collection: CollectionOption = None, json_: JsonOption = False) -> None:
    """List the videos of the library."""
    from longvid import printing

    with open_library(library) as lib:
        found = lib.videos(collection=collection) if json_ else lib.lines(collection=collection)
    if isinstance(found, list):
        for video in found:
            output.record(video)
    else:
        output.result(printing.table(found))


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
