"""Films and checkpoints taken apart, changed in a place and put together again: what a fuzzer sends gets past the head.

A form is a list of ``[name, body]``, a body bytes or such a list: boxes of MP4 (ISO/IEC 14496-12), elements of Matroska
(RFC 9559), chunks of WAVE. Sizes are written anew, so that a longer title does not end the file.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

Form = list[list[Any]]
_BOXES = frozenset(b"moov trak mdia minf stbl udta edts dinf mvex moof traf".split())
_MASTERS = """
    18538067 1549a966 1654ae6b ae e0 e1 1043a770 45b9 b6 80 1c53bb6b bb b7 1254c367 7373 63c0 67c8 1f43b675 a0 1941a469
    61a7 114d9b74 4dbb 6d80 6240 5034
"""
_ELEMENTS = frozenset(map(bytes.fromhex, _MASTERS.split()))
_NUMBERS = (0, 1, 0x7F, 0x80, 0x7FFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)


def _mp4(data: bytes) -> Form:
    form, at = list[list[Any]](), 0
    while at + 8 <= len(data):
        size, name = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        end = at + size if 8 <= size <= len(data) - at else len(data)
        form.append([name, _mp4(data[at + 8 : end]) if name in _BOXES else data[at + 8 : end]])
        at = end
    return form


def _to_mp4(form: Form) -> bytes:
    bodies = [(name, body if isinstance(body, bytes) else _to_mp4(body)) for name, body in form]
    return b"".join((len(body) + 8).to_bytes(4) + name + body for name, body in bodies)


def _matroska(data: bytes) -> Form:
    form, at = list[list[Any]](), 0
    while at < len(data) and data[at]:
        after = at + 9 - data[at].bit_length()
        width = 9 - data[after].bit_length() if after < len(data) and data[after] else 9
        if width > 8:
            break
        size = int.from_bytes(data[after : after + width]) & ((1 << 7 * width) - 1)
        begin = after + width
        end = min(len(data), begin + size)
        name = data[at:after]
        form.append([name, _matroska(data[begin:end]) if name in _ELEMENTS else data[begin:end]])
        at = end
    return form


def _to_matroska(form: Form) -> bytes:
    bodies = [(name, body if isinstance(body, bytes) else _to_matroska(body)) for name, body in form]
    return b"".join(name + (len(body) | 1 << 56).to_bytes(8) + body for name, body in bodies)


def _wave(data: bytes) -> Form:
    form, at = list[list[Any]](), 12
    while at + 8 <= len(data):
        end = at + 8 + int.from_bytes(data[at + 4 : at + 8], "little")
        form.append([data[at : at + 4], data[at + 8 : end]])
        at = end + end % 2
    return form


def _to_wave(form: Form) -> bytes:
    chunks = [name + len(body).to_bytes(4, "little") + body + b"\0" * (len(body) % 2) for name, body in form]
    inner = b"WAVE" + b"".join(chunks)
    return b"RIFF" + len(inner).to_bytes(4, "little") + inner


def changed_film(data: bytes, chosen: random.Random, change: Callable[[bytes], bytes]) -> bytes:
    """A film with one to three parts changed (``change``), gone, there many times, or in another's place."""
    kinds = {b"\x1aE\xdf\xa3": (_matroska, _to_matroska), b"RIFF": (_wave, _to_wave)}
    read, write = kinds.get(data[:4], (_mp4, _to_mp4))
    form = read(data)
    for _ in range(chosen.randint(1, 3)):
        _change(form, chosen, change)
    return write(form)


def _change(form: Form, chosen: random.Random, change: Callable[[bytes], bytes]) -> None:
    every = list(_places(form))
    if not every:
        return
    among, at = chosen.choice(every)
    kind = chosen.randrange(12)
    if kind == 0:
        del among[at]
    elif kind == 1:
        among[at:at] = [among[at]] * chosen.choice((1, 2, 300))
    elif kind == 2:
        other, there = chosen.choice(every)
        if isinstance(body := other[there][1], bytes):  # of others it may be a part
            among[at] = [among[at][0], body]
    elif isinstance(body := among[at][1], bytes):
        width = chosen.choice((1, 2, 4, 8))
        if kind < 7 and len(body) >= width:  # a number, of which such parts mostly are
            place = chosen.randrange(0, len(body) - width + 1, width)
            number = chosen.choice((*_NUMBERS, chosen.getrandbits(8 * width))) % (1 << 8 * width)
            body = body[:place] + number.to_bytes(width) + body[place + width :]
        else:
            body = change(body)
        among[at] = [among[at][0], body]


def _places(form: Form) -> Iterator[tuple[Form, int]]:
    for at, (_, body) in enumerate(form):
        yield form, at
        if not isinstance(body, bytes):
            yield from _places(body)


# Checkpoints: the configuration, a line end, and the weights


def split_model(data: bytes) -> tuple[bytes, bytes]:
    """The configuration and the weights."""
    config, _, weights = data.partition(b"\n")
    return config, weights


def changed_model(
    data: bytes, chosen: random.Random, change: Callable[[bytes], bytes], spoil: Callable[[Any], Any]
) -> bytes:
    """One with a value of its configuration, or of the head of its weights, spoilt, or with bytes changed."""
    config, weights = split_model(data)
    size = int.from_bytes(weights[:8], "little")
    head, rest = weights[8 : 8 + size], weights[8 + size :]
    kind = chosen.randrange(5)
    try:
        if kind < 2:
            config = json.dumps(spoil(json.loads(config))).encode()
        elif kind < 4:
            head = json.dumps(spoil(json.loads(head))).encode()
            weights = len(head).to_bytes(8, "little") + head + rest
        else:
            weights = change(weights)
    except (ValueError, RecursionError):
        config = change(config)
    return config.replace(b"\n", b" ") + b"\n" + weights
