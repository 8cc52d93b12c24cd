"""``longvid clip``: the cited spans of an answer, or spans given by hand, as one film."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from longvid.cli_options import JsonOption, LibraryOption, open_library
from longvid.output import either, note
from longvid_storage.errors import UsageError

if TYPE_CHECKING:
    from longvid_indexer.clipping.cut import Clip
    from longvid_storage.types import MediaSpan


def clip(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="ANSWER.json | VIDEO FROM TO …",
            help="An answer saved with ask --json; or one or more times: a file, id or title, and two times.",
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The film to write: .mp4, .mov, .mkv or .m4a.")
    ],
    library: LibraryOption = None,
    pad: Annotated[float, typer.Option("--pad", help="Seconds to add before and after each span.")] = 0.0,
    reencode: Annotated[
        bool, typer.Option("--reencode", help="Copy nothing: slower, and exact to the frame everywhere.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    json_: JsonOption = False,
) -> None:
    """Cut spans of videos into one film, copying pictures and sound where they can be copied."""
    if pad < 0:
        raise UsageError(f"--pad is {pad:g}: give 0 or more seconds")
    if len(what) == 1:
        from longvid.exports.saved import read_answer

        answer = read_answer(Path(what[0]))
        with open_library(library) as lib:
            made = lib.clip(answer, output, pad_s=pad, reencode=reencode, force=force)
    else:
        from longvid_indexer.clipping.cut import cut

        made = cut(_spans(what, library, pad), output, reencode=reencode, force=force)
    for line in made.left_out:
        note(f"left out: {line}")
    either(made, json_, render)


def render(made: Clip) -> str:
    """One line a part: where in the clip, how it got there, what it is; then the whole."""
    from longvid_storage.text.shown import shown
    from longvid_storage.text.timecode import format_span, format_time

    lines = []
    for part in made.parts:
        source = f"{shown(part.title or Path(part.path).name)} @ {format_span(part.source_start_s, part.source_end_s)}"
        why = f" ({part.why})" if part.why else ""
        lines.append(f"{format_span(part.start_s, part.end_s):>13}  {part.method:10}  {source}{why}")
    sound = "no sound" if made.sound is None else f"sound {made.sound}"
    return "\n".join([*lines, f"{shown(str(made.path))}: {format_time(math.ceil(made.duration_s))}, {sound}"])


def _spans(what: list[str], library: str | Path | None, pad_s: float) -> list[MediaSpan]:
    from longvid_indexer.listening import asked_before
    from longvid_storage.text.timecode import parse_time
    from longvid_storage.types import MediaSpan

    if len(what) % 3:
        raise UsageError(
            f"{len(what)} words are given: name one answer file, or three words for each span: VIDEO FROM TO"
        )
    spans = []
    for video, start, end in zip(what[::3], what[1::3], what[2::3], strict=True):
        start_s, end_s = parse_time(start, "FROM"), parse_time(end, "TO")
        title, path, track = "", video, None
        if not Path(video).is_file():
            with open_library(library) as lib:
                title, path = lib.find(video).title, str(lib.media_path(video))
                track = asked_before(lib.stage_results(video))
        span = MediaSpan(path, start_s, end_s, title, audio_track=track)
        spans.append(replace(span, start_s=max(0.0, start_s - pad_s), end_s=end_s + pad_s))
    return spans
