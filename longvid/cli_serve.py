"""``longvid serve``: one server for programs, agents and people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from longvid import output
from longvid.cli_options import (
    ConfigOption,
    DeviceOption,
    LibraryOption,
    ModelOption,
    ProfileOption,
    chosen_engines,
    open_library,
)
from longvid_storage.errors import MissingExtraError, UsageError
from longvid_storage.text.shown import shown

if TYPE_CHECKING:
    from longvid.library import Library
    from longvid.server.settings import ServerSettings


def serve(
    host: Annotated[
        str | None, typer.Option("--host", help="Address to listen at; 0.0.0.0 for all of this machine's.")
    ] = None,
    port: Annotated[int | None, typer.Option("--port", min=0, max=65535, help="Port to listen at.")] = None,
    library: LibraryOption = None,
    model: ModelOption = None,
    device: DeviceOption = None,
    profile: ProfileOption = None,
    config: ConfigOption = None,
) -> None:
    """Serve the library: the page and REST (/v1), at http://127.0.0.1:8765 unless told otherwise.

    Elsewhere than on this machine nobody is served without a key (longvid keys add) or an identity provider.
    """
    try:
        from longvid.server.run import run
        from longvid.server.settings import read_settings
    except ImportError as error:
        raise MissingExtraError(
            f"the server needs {error.name}, which is not installed: pip install 'longvid[server]'"
        ) from error

    engines = chosen_engines(model, device, profile, config)
    told = engines.config
    settings = read_settings(told.server, told.path or "", host=host, port=port)
    with open_library(library, create=False, engines=engines) as lib:
        _require_keys(lib, settings)
        run(lib, settings, lambda place: output.note(f"longvid: serving {shown(lib.name)} at {place}"))


def _require_keys(lib: Library, settings: ServerSettings) -> None:
    if settings.on_loopback or settings.has_identity or lib.keys.any():
        return
    raise UsageError(
        f"whoever reaches {settings.host} would read the whole library: make a key first (longvid keys add NAME "
        f"--library {lib.name}), or name an identity provider in [server.oidc] of longvid.toml"
    )
