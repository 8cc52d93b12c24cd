"""What is said in one recording, what it is about, who speaks there: "What is said in standup?", in seven languages.

Such a question can mean nothing but a recording, so that a title of one common word or a file's name will do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath

from longvid_storage.types import VideoCard

_WHAT = r"[\"“”'‘’«»„]?(?P<what>[^?!\"“”«»„]{1,80}?)[\"“”'‘’«»]?"
_SAID, _SPEAKS = "What is said?", "Who speaks?"
# What is asked, in place of the question; ``what`` is the recording. A subject ("about the crane") fits none of them.
_ASKED = tuple(
    (re.compile(rf"\A\W*(?:{words.format(what=_WHAT)})\W*\Z", re.IGNORECASE), asked)
    for asked, all_words in (
        (
            _SAID,
            (
                r"what(?:['’]s| is| was| gets?| got| has been| were they| are they| did they| do they)"
                r" (?:being )?(?:said|told|discuss(?:ed)?|talk(?:ed)? about|covered|say(?:ing)?|talking about"
                r"|discussing)"
                r" (?:in|at|on|during) {what}",
                r"what(?:['’]s| is| was) it (?:all )?about in {what}",
                r"(?:(?:please |can you |could you )?(?:give|write|make|show)(?: me)? )?(?:an? |the )?"
                r"(?:(?:short|brief|quick) )?"
                r"(?:summary|overview|recap|gist) of (?:what (?:is|was) said in )?{what}",
                r"was (?:wird|wurde|ist|war) (?:alles )?in {what} (?:gesagt|besprochen|erzählt)(?: worden)?",
                r"(?:worum|um was) (?:geht|ging) es in {what}",
                r"(?:qu['’]est-ce qui (?:est|a été|se) (?:dit|discuté)|que dit-on|qu['’]a-t-on dit"
                r"|qu['’]est-ce qu['’]on dit"
                r"|de quoi parle-t-on|de quoi (?:est-il|a-t-il été) question|de quoi s['’]agit-il) dans {what}",
                r"(?:qué (?:se )?(?:dice|dijo|ha dicho)|de qué (?:se )?(?:habla|habló|trata)) en {what}",
                r"(?:(?:che )?cosa (?:si dice|è stato detto|viene detto)"
                r"|di (?:che )?cosa si (?:parla|tratta)) in {what}",
                r"(?:o que (?:se diz|é dito|foi dito|se disse)|de que se (?:fala|trata)) em {what}",
                r"(?:wat (?:wordt|werd|is) er (?:gezegd|besproken) in|waar gaat het over in) {what}",
                r"wat (?:wordt|werd|is) er in {what} (?:gezegd|besproken)",
            ),
        ),
        (
            _SPEAKS,
            (
                r"who (?:all )?(?:(?:is|are|was|were) )?(?:speaks?|speaking|spoke|talks?|talking|talked|heard|present)"
                r" (?:in|at|on|during) {what}",
                r"who are (?:all )?the (?:speakers|participants|people) (?:in|at|of) {what}",
                r"wer (?:alles )?(?:spricht|redet|sprach) (?:alles )?in {what}",
                r"qui parle dans {what}",
                r"quién(?:es)? (?:habla|hablan) en {what}",
                r"chi (?:parla|ha parlato) in {what}",
                r"quem (?:fala|falou) em {what}",
                r"wie (?:spreekt|praat|spreken|praten)(?: er)? in {what}",
            ),
        ),
    )
    for words in all_words
)


@dataclass(frozen=True, slots=True)
class WholeAsked:
    """``what``: the words for the recording, in small letters; ``asked``: the question without them."""

    what: str
    asked: str

    @classmethod
    def read(cls, question: str) -> WholeAsked | None:
        """None for a question that asks anything else or names nothing."""
        for pattern, asked in _ASKED:
            if match := pattern.match(question):
                return cls(" ".join(match["what"].casefold().split()), asked)
        return None

    def names(self, card: VideoCard) -> bool:
        """Whether the words are the whole title of a video, or the name of its file, with its ending or without."""
        file = PurePath(card.path)
        called = (card.title, card.named, file.name, file.stem)
        return any(self.what == " ".join(name.casefold().split()) for name in called if name)
