"""A citation is true when the passage it names is in the view, word for word, with its span.

The search result that led to it is not asked again: passages are looked up by their ids.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from longvid_storage.db.view import View
from longvid_storage.types import Citation, Claim, Passage

_WORD = re.compile(r"\w+", re.UNICODE)


def supported(claims: Iterable[Claim], view: View, seen: Sequence[Passage] = ()) -> list[Claim]:
    """Those of ``claims`` that have a citation, and every cited passage is what and where they say.

    Of a picture there is nothing to look up but what the model has ``seen`` of it in this run.
    """
    listed = list(claims)
    ids = {c.passage_id for claim in listed for c in claim.citations if c.passage_id}
    known = {passage.id: passage for passage in view.passages(sorted(ids))} if ids else {}
    pictures = {_place(passage) for passage in seen if passage.kind == "picture"}

    def true(citation: Citation) -> bool:
        passage = known.get(citation.passage_id)
        if passage is None:
            return citation.kind == "picture" and _cited(citation) in pictures
        return _cited(citation) == _place(passage)

    return [claim for claim in listed if claim.citations and all(map(true, claim.citations))]


def _place(passage: Passage) -> tuple[str, str, float, float, str]:
    return passage.video_id, passage.kind, passage.start_s, passage.end_s, passage.text


def _cited(citation: Citation) -> tuple[str, str, float, float, str]:
    return citation.video_id, citation.kind, citation.start_s, citation.end_s, citation.quote


def normalise(text: str) -> str:
    """Words of ``text`` in lower case, compatibility forms folded, one space between."""
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))
