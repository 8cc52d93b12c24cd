"""A moment as the text and the metadata of a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from longvid.links import moment_uri, page_link

if TYPE_CHECKING:
    from longvid.library import Library
    from longvid_storage.types import Moment

BASE = "http://127.0.0.1:8765"


def text_of(library: Library, moment: Moment) -> str:
    """What is said in the moment, a line an utterance; where nothing is, the words that made it a hit."""
    said = library.utterances(
        moment.video_id, from_s=moment.start_s, to_s=max(moment.end_s, moment.start_s + 0.001)
    )
    lines = [f"{each.speaker}: {each.text}" if each.speaker else each.text for each in said]
    return "\n".join(lines or [each.text for each in moment.evidence])


def metadata_of(moment: Moment, base: str) -> dict[str, Any]:
    """Where it is: video, title, file, seconds, who speaks, score, address and link."""
    speakers = dict.fromkeys(each.speaker for each in moment.evidence if each.speaker)
    return {
        "video_id": moment.video_id,
        "title": moment.title,
        "path": moment.path,
        "start_s": round(moment.start_s, 3),
        "end_s": round(moment.end_s, 3),
        "play_s": round(moment.play_s, 3),
        "speakers": list(speakers),
        "score": round(moment.score, 6),
        "near": moment.near,
        "uri": moment_uri(moment.video_id, moment.start_s, moment.end_s),
        "url": page_link(base, moment.video_id, moment.play_s),
    }
