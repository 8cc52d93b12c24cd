"""Whether the text encoder reads what is asked and what is searched; where it does not, words decide alone.

Vectors of a language that a model never saw are near each other by their looks, and a sentence that has every word of
the question lost to one that happened to lie nearer.
"""

from __future__ import annotations

from longvid_storage.db.view import Encoders, View
from longvid_storage.models.image_encoder import ImageEncoder
from longvid_storage.models.text_encoder import languages_of
from longvid_storage.search.memory import memory_of
from longvid_storage.text.languages import guess_language


class _NoText:
    """The view's encoders without that of text."""

    text_encoder = None

    def __init__(self, encoders: Encoders) -> None:
        self._encoders = encoders

    @property
    def image_encoder(self) -> ImageEncoder | None:
        return self._encoders.image_encoder


def readable(view: View, question: str) -> tuple[View, str]:
    """The view with the encoders that read ``question`` and the scope's texts, and why there is one less, if there is.

    The reason is a sentence. Texts whose language is not known are taken to be read.
    """
    encoder = view.encoders.text_encoder
    read = None if encoder is None else languages_of(encoder)
    if encoder is None or read is None:
        return view, ""
    asked = guess_language(question)
    facts = memory_of(view).facts(view)
    # A language read off a few words on screen, where nobody speaks, is too often wrong to lose the meaning for it.
    texts = facts.languages if "speech" in facts.counts and facts.counts["speech"].passages else []
    if asked is not None and asked not in read:
        what = f"the question is in another language ({asked})"
    elif texts and not any(each is None or each.split("-")[0] in read for each in texts):
        what = f"what is searched is in others ({', '.join(filter(None, texts))})"
    else:
        return view, ""
    why = (
        f"the text model {encoder.name} reads {', '.join(sorted(read))} only and {what}: words alone decided"
    )
    return View(view.connection, view.scope, view.home, _NoText(view.encoders)), why
