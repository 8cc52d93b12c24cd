"""A citation is true when its quote really is in its span: re-read from the store.

The search result that led to the quote is not asked again.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from longvid_agents.sentences import Sentence
from longvid_agents.tools import Tools
from longvid_storage.text.sound_words import describe_sound
from longvid_storage.types import Citation, Claim, ScreenText, Sound, Utterance

# A span of zero length is asked for as one this long.
INSTANT_S = 0.001

_WORD = re.compile(r"\w+", re.UNICODE)


def supported(claim: Claim, tools: Tools, seen: Sequence[Sentence] = ()) -> bool:
    """True when the claim has a citation and every citation's quote is in its cited span."""
    return bool(claim.citations) and all(quote_in_span(citation, tools, seen) for citation in claim.citations)


def quote_in_span(citation: Citation, tools: Tools, seen: Sequence[Sentence] = ()) -> bool:
    """Compare the quote with what the store holds for the span; case, punctuation, white space do not count.

    What two people say at once is compared speaker by speaker, since their cues interleave. Of a picture
    there is nothing to quote but what the model ``seen`` says of it in this run.
    """
    quote = normalise(citation.quote)
    if not quote:
        return False
    span = (citation.video_id, citation.start_s, max(citation.end_s, citation.start_s + INSTANT_S))
    if citation.kind == "speech":
        sources = _by_speaker([u for u in tools.utterances(*span) if within(u, citation)])
    elif citation.kind == "screen":
        lines = [t for t in tools.screen_texts(*span) if within(t, citation)]
        sources = [" ".join(line.text for line in lines)]
    elif citation.kind == "sound":
        sources = [describe_sound(s.label) for s in tools.sounds(*span) if within(s, citation)]
    else:
        sources = [s.text for s in seen if s.video_id == citation.video_id and within(s, citation)]
    return any(f" {quote} " in f" {normalise(source)} " for source in sources)


def within(piece: Utterance | ScreenText | Sound | Sentence, citation: Citation) -> bool:
    """True when ``piece`` lies wholly inside the cited span."""
    return citation.start_s <= piece.start_s and piece.end_s <= citation.end_s


def normalise(text: str) -> str:
    """Words of ``text`` in lower case, compatibility forms folded, one space between."""
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def _by_speaker(utterances: Sequence[Utterance]) -> list[str]:
    spoken: dict[str | None, list[str]] = {}
    for utterance in sorted(utterances, key=lambda u: (u.start_s, u.end_s)):
        spoken.setdefault(utterance.speaker, []).append(utterance.text)
    return [" ".join(texts) for texts in spoken.values()]
