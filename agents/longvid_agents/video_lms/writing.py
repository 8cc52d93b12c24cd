"""Running a model in a thread of its own and reading what it writes as it is written."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class WritingProgress:
    """How much was written so far; ``ended`` when the model itself put an end to it, ``late`` when the time did."""

    tokens: int = 0
    ended: bool = False
    late: bool = False


def write(
    generate: Callable[..., Any],
    tokenizer: Any,
    ends: set[int],
    written: WritingProgress,
    over: Callable[[], bool] = lambda: False,
) -> Iterator[str]:
    """Pieces of text that ``generate`` writes, special tokens left out; ``written`` is kept up to date.

    ``generate`` is called in a thread with ``streamer`` and ``stopping_criteria``. What it raises is raised here.
    A reader that goes away stops it at the next token, and so does the time being ``over``.
    """
    import torch
    from transformers import StoppingCriteriaList, TextIteratorStreamer

    streamer = TextIteratorStreamer(tokenizer, skip_prompt=True, skip_special_tokens=True)
    gone = threading.Event()
    failed: list[Exception] = []

    def stop(ids: Any, scores: Any, **_: Any) -> Any:  # asked after each token
        written.tokens += 1
        written.ended = int(ids[0, -1]) in ends
        written.late = written.late or (over() and not written.ended)
        return torch.full((len(ids),), written.late or gone.is_set(), device=ids.device)

    def work() -> None:
        try:
            with torch.inference_mode():
                generate(streamer=streamer, stopping_criteria=StoppingCriteriaList([stop]))
        except Exception as error:  # noqa: BLE001 - raised again below, in the reader's thread
            failed.append(error)
            streamer.text_queue.put(streamer.stop_signal)

    thread = threading.Thread(target=work, name="longvid-video-lm", daemon=True)
    thread.start()
    try:
        yield from (piece for piece in streamer if piece)
    finally:
        gone.set()
        thread.join()
    if failed:
        raise failed[0]
