"""``longvid search`` and ``longvid mentions``: moments ranked, and places listed."""

from __future__ import annotations

from typing import Annotated

import typer

from longvid import output
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
    """List every place where a term is said or shown, or a sound is called so, video by video; none is left out."""
    from longvid import printing

    chosen = filters(video, collection, from_, to, speaker)
    count = videos = 0
    with open_library(library) as lib:
        tell(lib.unknown_speaker(speaker, video=video, collection=collection))
        for each in lib.each_mentioned(terms, **chosen):
            count, videos = count + each.count, videos + 1
            if json_:
                output.record(each)
            else:
                output.result(printing.mentioned(each))
        through = None if videos else lib.searched(terms, **chosen)
    if not json_:
        output.result(printing.count_mentioned(count, videos, through))
    elif through is not None:
        output.record({"searched": through})
