"""From what a recogniser writes, token by token or frame by frame, to words with times."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_indexer.transcribers.words import RecognisedWord


def token_words(
    tokens: Sequence[int], spans: Sequence[tuple[float, float]], tokenizer: Any
) -> Iterator[RecognisedWord]:
    """Byte-level tokens to words: a space begins one; what is written without spaces is parted at whole characters."""
    text, held, begin_s, end_s = "", [], 0.0, 0.0
    for token, (start_s, until_s) in zip(tokens, spans, strict=True):
        held.append(token)
        piece = tokenizer.decode(held)
        if "\ufffd" in piece:
            continue  # a character of which more bytes follow
        joins = not piece.startswith(" ") and not _stands_alone(piece)
        if text and not joins:
            yield RecognisedWord(text, begin_s, end_s)
            text = ""
        begin_s = begin_s if text else start_s
        text, held, end_s = text + piece, [], max(begin_s, until_s)
    if text:
        yield RecognisedWord(text, begin_s, end_s)


def _stands_alone(piece: str) -> bool:
    """Whether it begins with a letter of a script that has no spaces between words (Chinese, Japanese, Thai, …)."""
    return bool(
        re.match(
            "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\U00020000-\U0002ffff]", piece
        )
    )


def ctc_words(
    tokens: NDArray[np.int64], frame_s: float, blank: int, tokenizer: Any
) -> Iterator[RecognisedWord]:
    """The words of a frame-wise best path: runs of one token are one, blanks part them, a delimiter ends a word."""
    delimiter = getattr(tokenizer, "word_delimiter_token", None)
    special = {*tokenizer.all_special_ids, blank}
    text, begin, end = "", 0, 0
    changes = np.flatnonzero(np.diff(tokens)) + 1
    for first, last in zip([0, *changes], [*changes, len(tokens)], strict=True):
        if first == last:
            continue
        token = int(tokens[first])
        piece = tokenizer.convert_ids_to_tokens(token)
        parts = piece == delimiter or piece.startswith("▁")
        if parts and text:
            yield RecognisedWord(text, begin * frame_s, end * frame_s)
            text = ""
        if token in special or piece == delimiter:
            continue
        begin = begin if text else int(first)
        text, end = text + piece.removeprefix("▁"), int(last)
    if text:
        yield RecognisedWord(text, begin * frame_s, end * frame_s)


def only_capitals(tokenizer: Any) -> bool:
    """Whether the model knows no small letters (wav2vec 2.0): then its capitals mean nothing."""
    special = set(tokenizer.all_special_tokens)
    return not any(c.islower() for token in tokenizer.get_vocab() if token not in special for c in token)


def spaced_words(tokens: Sequence[dict[str, Any]]) -> Iterator[RecognisedWord]:
    """Tokens to words: a space before a token begins a new one."""
    text, begin_s, end_s = "", 0.0, 0.0
    for token in tokens:
        if text.strip() and token["token"].startswith(" "):
            yield RecognisedWord(text.strip(), begin_s, end_s)
            text = ""
        begin_s = begin_s if text else float(token["start"])
        text, end_s = text + token["token"], max(begin_s, float(token["end"]))
    if text.strip():
        yield RecognisedWord(text.strip(), begin_s, end_s)
