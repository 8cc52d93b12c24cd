"""``longvid ask``: claims appear as they are verified; what is done for them on a terminal's last line, with ``-v`` all
of it, on stderr."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from longvid import cli_export, output
from longvid.cli_export import FormatOption, SaveOption
from longvid.cli_options import (
    CollectionOption,
    ConfigOption,
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
from longvid_storage.errors import ModelError

if TYPE_CHECKING:
    from longvid_agents.run import AskEvent


def ask(
    question: Annotated[str, typer.Argument(help="The question, in quotes.")],
    library: LibraryOption = None,
    video: VideoOption = None,
    collection: CollectionOption = None,
    from_: FromOption = None,
    to: ToOption = None,
    speaker: SpeakerOption = None,
    extractive: Annotated[
        bool, typer.Option("--extractive", help="Quote the best evidence; ask no language model.")
    ] = False,
    budget_tokens: Annotated[
        int | None, typer.Option("--budget-tokens", help="Most tokens the language model may read and write.")
    ] = None,
    budget_seconds: Annotated[
        float | None, typer.Option("--budget-seconds", help="Most seconds; then answer with what there is.")
    ] = None,
    rounds: Annotated[
        int | None, typer.Option("--rounds", help="Most times to search on after the first search.")
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Tell on stderr what is searched and looked at.")
    ] = False,
    model: ModelOption = None,
    device: DeviceOption = None,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    format_: FormatOption = "text",
    save: SaveOption = None,
    json_: JsonOption = False,
) -> None:
    """Answer a question; every claim cites video and time."""
    from longvid.arguments import check_question

    format_ = cli_export.check(format_, json_, save)
    question = check_question(question)
    chosen = filters(video, collection, from_, to, speaker)
    engines = chosen_engines(model, device, profile, config)
    listener = Listener(told=format_ == "text", verbose=verbose)
    with open_library(library, engines=engines) as lib:
        try:
            result = lib.ask(
                question,
                **chosen,
                extractive=extractive,
                budget_tokens=budget_tokens,
                budget_seconds=budget_seconds,
                rounds=rounds,
                on_event=listener,
            )
        except ModelError as error:
            if lib.engines.choices["video_lm"].plan is None:
                raise  # no language model was asked, so that leaving it out would not help
            raise offering_quotes(error) from error
        finally:
            listener.clear()
        tell([*lib.stale_vectors(), *lib.unknown_speaker(speaker, video=video, collection=collection)])
        cli_export.save_report(lib, result, save)
        text = cli_export.render(lib, result, format_, told=listener.claims)
    output.result(text)


class Listener:
    """Prints each verified claim once it is known, and the trail when that is wanted; counts the claims.

    On a terminal the step at work stands on the last line until the next one: a model may read for half a minute.
    """

    def __init__(self, *, told: bool, verbose: bool) -> None:
        self.claims = 0
        self._told = told
        self._verbose = verbose
        self._fleeting = not verbose and sys.stderr.isatty()

    def clear(self) -> None:
        """Take away the step on the terminal's last line."""
        if self._fleeting:
            output.overwrite("")

    def __call__(self, event: AskEvent) -> None:
        from longvid import printing
        from longvid_storage.types import Claim

        if isinstance(event, Claim):
            if self._told:
                self.claims += 1
                self.clear()
                output.result(printing.claim(event))
        elif self._verbose:
            output.note(printing.step(event))
        elif self._fleeting:
            output.overwrite(printing.step(event)[: shutil.get_terminal_size().columns - 1])


def offering_quotes(error: ModelError) -> ModelError:
    """The error with the way that needs no language model, if it does not name it yet."""
    if "--extractive" in error.message:
        return error
    return ModelError(f"{error.message} (or ask with --extractive)", code=error.code)
