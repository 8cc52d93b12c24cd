"""``longvid keys``: who may ask a server for a library."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Annotated

import typer

from longvid import output
from longvid.cli_options import JsonOption, LibraryOption, open_library
from longvid_storage.errors import UsageError
from longvid_storage.text.shown import shown

if TYPE_CHECKING:
    from longvid_storage.db.keys import ApiKey

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
_UNITS_S = {"h": 3600, "d": 86_400, "w": 7 * 86_400}


@app.command(epilog='Example: longvid keys add "archive backend" --scope read --collection monday')
def add(
    name: Annotated[str, typer.Argument(help="Whose key it is, for people.")],
    library: LibraryOption = None,
    scope: Annotated[
        list[str] | None, typer.Option("--scope", help="read, index or admin. Repeatable.")
    ] = None,
    collection: Annotated[
        list[str] | None, typer.Option("--collection", help="It sees this one only. Repeatable.")
    ] = None,
    expires: Annotated[str | None, typer.Option("--expires", help="After so long: 12h, 30d, 8w.")] = None,
    per_minute: Annotated[int | None, typer.Option("--per-minute", help="Most requests a minute.")] = None,
    tokens_a_day: Annotated[
        int | None, typer.Option("--tokens-a-day", help="Most tokens of the language model a day.")
    ] = None,
    json_: JsonOption = False,
) -> None:
    """Make a key. It is printed this once: only its hash is kept."""
    with open_library(library) as lib:
        made, key = lib.keys.add(
            name,
            scopes=scope or ["read"],
            collections=collection,
            expires_s=None if expires is None else int(time.time()) + _seconds(expires),
            per_minute=per_minute,
            tokens_a_day=tokens_a_day,
        )
    if json_:
        output.record({"key": key, "made": made})
    else:
        output.result(key)
        output.note(f"longvid: this is the only time the key {made.key_id} is shown; it may {_allowed(made)}")


@app.command("list", epilog="Example: longvid keys list")
def list_(library: LibraryOption = None, json_: JsonOption = False) -> None:
    """List the keys: id, name, what they allow. The keys themselves are not kept."""
    with open_library(library) as lib:
        found = lib.keys.listed()
    for key in found:
        if json_:
            output.record(key)
        else:
            output.result(f"{key.key_id}  {shown(key.name)}: may {_allowed(key)}")
    if not found and not json_:
        output.result("There are no keys: longvid keys add makes one.")


@app.command(epilog="Example: longvid keys revoke 3fa9c1d2ab45")
def revoke(
    key: Annotated[str, typer.Argument(help="Its id, or its name.")], library: LibraryOption = None
) -> None:
    """Revoke a key: the next request with it is refused."""
    with open_library(library) as lib:
        lib.keys.revoke(key)
    output.note(f"longvid: revoked {shown(key)}")


def _allowed(key: ApiKey) -> str:
    """What it allows, as the end of a sentence."""
    parts = [" and ".join(key.scopes)]
    parts.append(
        "everything" if key.collections is None else ", ".join(map(shown, key.collections)) or "nothing"
    )
    if key.expires_s is not None:
        parts.append(f"until {time.strftime('%Y-%m-%d %H:%M', time.gmtime(key.expires_s))} UTC")
    if key.per_minute is not None:
        parts.append(f"{key.per_minute} times a minute")
    if key.tokens_a_day is not None:
        parts.append(f"{key.tokens_a_day} tokens a day ({key.spent_tokens} used)")
    return ", ".join([f"{parts[0]} {parts[1]}", *parts[2:]])


def _seconds(text: str) -> int:
    found = re.fullmatch(r"(\d{1,5})([hdw])", text)
    if found is None:
        raise UsageError(f"--expires is {text!r}: it is a number and h, d or w, such as 30d")
    return int(found[1]) * _UNITS_S[found[2]]
