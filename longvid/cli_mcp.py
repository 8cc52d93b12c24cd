"""``longvid mcp``: the tools of the server for an agent on this machine, over stdin and stdout."""

from __future__ import annotations

from typing import Annotated

import typer

from longvid.cli_options import (
    ConfigOption,
    DeviceOption,
    LibraryOption,
    ModelOption,
    ProfileOption,
    chosen_engines,
    open_library,
)
from longvid_storage.errors import MissingExtraError


def mcp(
    library: LibraryOption = None,
    collection: Annotated[
        list[str] | None, typer.Option("--collection", help="Only these collections. Repeatable.")
    ] = None,
    index: Annotated[
        bool, typer.Option("--index", help="Let the agent read files into the library too.")
    ] = False,
    url: Annotated[
        str, typer.Option("--url", help="What links to the page begin with.")
    ] = "http://127.0.0.1:8765",
    model: ModelOption = None,
    device: DeviceOption = None,
    profile: ProfileOption = None,
    config: ConfigOption = None,
) -> None:
    """Serve the Model Context Protocol on stdin and stdout, until stdin ends."""
    try:
        from longvid.server.mcp_stdio import serve_stdio
    except ImportError as error:
        raise MissingExtraError(
            f"the server is not installed ({error.name}): pip install 'longvid[server]'"
        ) from error
    with open_library(library, engines=chosen_engines(model, device, profile, config)) as lib:
        for name in collection or ():
            lib.videos(collection=name)  # says so when there is none of that name
        seen = lib if not collection else lib.within(frozenset(collection))
        serve_stdio(seen, url, index=index and not collection)
