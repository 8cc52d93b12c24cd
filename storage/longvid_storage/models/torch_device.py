"""What every adapter over torch needs: which device, which precision, and batches that survive a full GPU."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, TypeVar, get_args

from longvid_storage.errors import LongvidWarning, MissingExtraError, ModelError, UsageError, first_line

# Each library in Rust has a class of its own of this name.
_PANIC = "PanicException"

Precision = Literal["fp32", "bf16", "fp16"]

Item = TypeVar("Item")
Result = TypeVar("Result")


class HalvedBatchWarning(LongvidWarning):
    """The GPU was too full for a batch; it was halved, and work goes on."""


def import_torch(what: str) -> Any:
    """torch, or one sentence that says what to install; ``what`` needs it (``"the reranker X"``).

    Raises:
        MissingExtraError: torch is not installed.
    """
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError(f"{what} needs torch: pip install 'longvid[models]'") from error
    return torch


def import_transformers(what: str) -> Any:
    """transformers with torch and safetensors, or one sentence that says what to install; ``what`` needs it.

    Raises:
        MissingExtraError: one of them is not installed.
    """
    import_torch(what)
    try:
        import safetensors  # noqa: F401
        import transformers
    except ImportError as error:
        raise MissingExtraError(f"{what} needs {error.name}: pip install 'longvid[models]'") from error
    return transformers


@contextmanager
def quiet_transformers(transformers: Any, *, bar: bool = False) -> Iterator[None]:
    """Without transformers' remarks and tables, which are said in a sentence; ``bar``: with its progress bars."""
    log = transformers.utils.logging
    verbosity, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity_error()
    if not bar:
        log.disable_progress_bar()
    try:
        yield
    finally:
        log.set_verbosity(verbosity)
        if bars:
            log.enable_progress_bar()


def pick_device(wanted: str | None, what: str) -> str:
    """``wanted`` when torch has it, a GPU where there is one for None, else ``"cpu"``.

    Raises:
        ModelError: a GPU is asked for and torch sees none (code ``"no_device"``).
    """
    torch = import_torch(what)
    mps = getattr(torch.backends, "mps", None)
    there = {"cuda": torch.cuda.is_available(), "mps": mps is not None and mps.is_available()}
    if wanted is None:
        return next((name for name, here in there.items() if here), "cpu")
    if not there.get(wanted.partition(":")[0], True):
        raise ModelError(
            f"{what} was asked to run on {wanted}, and torch sees no such device: use device='cpu', "
            "or install the driver and a torch build for it (longvid doctor)",
            code="no_device",
        )
    return wanted


def check_device(wanted: str | None) -> None:
    """Nothing when models can run on ``wanted``; torch is imported only where that has to be asked.

    A model that has no use for a GPU would run anyway; a user who asked for one should not wait for it in vain.

    Raises:
        UsageError: it is no device. MissingExtraError: there is no torch. ModelError: torch sees no such device.
    """
    if wanted is None or wanted == "cpu":
        return
    if not re.fullmatch(r"mps|cuda(:\d+)?", wanted):
        raise UsageError(f"the device is {wanted!r}: it is cpu, cuda, cuda:1 (of several), or mps")
    what = "longvid"
    torch = import_torch(f"the device {wanted}")
    pick_device(wanted, what)
    number = int(wanted.partition(":")[2] or 0)
    if wanted.startswith("cuda") and number >= torch.cuda.device_count():
        raise ModelError(
            f"{what} was asked to run on {wanted}, and torch sees {torch.cuda.device_count()} GPU: "
            "the first is cuda:0 (longvid doctor)",
            code="no_device",
        )


def pick_dtype(device: str) -> Any:
    """bfloat16 on a GPU that computes in it, float16 on another, float32 on a CPU."""
    torch = import_torch("a model")
    if device.startswith("cuda"):
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.float16 if device.startswith("mps") else torch.float32


def pick_precision(wanted: Precision | None, device: str | None, what: str) -> Precision:
    """``wanted``, or for None the name of what ``pick_dtype`` picks; torch is not imported where the answer is clear.

    Args:
        device: as the user gave it; None for a GPU where there is one.

    Raises:
        UsageError: ``wanted`` is no precision. ModelError: there is no such device.
    """
    if wanted is not None:
        if wanted not in get_args(Precision):
            raise UsageError(f"precision is {wanted!r}: it is {', '.join(get_args(Precision))}, or left out")
        return wanted
    if device == "cpu":
        return "fp32"
    names: dict[str, Precision] = {"float32": "fp32", "bfloat16": "bf16", "float16": "fp16"}
    return names[str(pick_dtype(pick_device(device, what))).removeprefix("torch.")]


def in_batches(
    run: Callable[[Sequence[Item]], Result],
    items: Sequence[Item],
    batch: int,
    what: str,
    is_full: Callable[[Exception], bool] | None = None,
) -> list[Result]:
    """``run`` over ``items``, at most ``batch`` at a time; a batch that does not fit on the GPU is halved.

    Warns ``HalvedBatchWarning`` each time it halves, and stays with the smaller batch. ``is_full`` tells a full GPU
    from other errors for an engine without torch, which is then not loaded; None: torch's own error.

    Raises:
        ModelError: not even one item fits (code ``"out_of_memory"``), or the model's files make its library give up.
    """
    torch: Any = None if is_full else import_torch(what)
    results: list[Result] = []
    start = 0
    while start < len(items):
        try:
            with no_panic(what):
                results.append(run(items[start : start + batch]))
            start += batch
        except Exception as error:
            if not (is_full(error) if is_full else isinstance(error, torch.OutOfMemoryError)):
                raise
            if batch == 1:
                raise ModelError(
                    f"{what} does not fit on the GPU with one item at a time: use device='cpu' or a smaller model",
                    code="out_of_memory",
                ) from error
            batch = max(1, batch // 2)
            if torch is not None:
                torch.cuda.empty_cache()
            warnings.warn(
                f"{what}: the GPU is full, going on with batches of {batch}", HalvedBatchWarning, stacklevel=2
            )
    return results


@contextmanager
def no_panic(what: str) -> Iterator[None]:
    """A library in Rust gives up on files that make no sense with what is no ``Exception``: here, with a sentence.

    Raises:
        ModelError: it gave up.
    """
    try:
        yield
    except BaseException as error:
        if type(error).__name__ != _PANIC:
            raise
        raise ModelError(
            f"{what} cannot be used: {first_line(error)}; check where its files come from"
        ) from error
