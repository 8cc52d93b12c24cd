"""Any language model that transformers carries, with eyes and ears where it has them, run on this machine."""

from __future__ import annotations

import math
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from longvid_agents.images import picture
from longvid_agents.material import PromptMaterial, lay_out
from longvid_agents.packing import FramePart, Part, packing_named, spread
from longvid_agents.video_lm import AudioClip, Frame, Reply, Request
from longvid_agents.video_lms.counting import ProcessorCounter
from longvid_agents.video_lms.families import family_of
from longvid_agents.video_lms.loading import LoadedVideoLM, ModelKind, kind_of, load
from longvid_agents.video_lms.prompting import SAMPLING_RATE, Prompter, pieces_of
from longvid_agents.video_lms.pruning import Run, left_out, pruning, runs_of
from longvid_agents.video_lms.writing import WritingProgress, write
from longvid_storage.errors import OUT_OF_TIME, LongvidWarning, ModelError, UsageError, first_line
from longvid_storage.models.torch_device import no_panic
from longvid_storage.models.weights import find_weights, fingerprint_of

# How often frames are halved when the GPU is full, before giving up.
_HALVINGS = 2


class FewerFramesWarning(LongvidWarning):
    """The GPU was too full for the frames of a request; fewer were shown."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """A request as the model reads it, and which frames that shows."""

    inputs: Any
    tokens: int
    frames: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.tokens} tokens and {len(self.frames)} frame{'' if len(self.frames) == 1 else 's'}"


class TransformersVideoLM:
    """A local model: LLaVA, Qwen-VL, InternVL, GLM-V, SmolVLM, … or a language model without eyes.

    Args:
        model: a directory as ``save_pretrained`` writes it, a GGUF file of a model of words alone, or the hub id of a
            model whose files are on this disk.
        weights: the directory that holds the named model's files.
        device: ``"cpu"``, ``"cuda"``, … or None for a GPU where there is one.
        dtype: ``"auto"`` for what the device computes best in, or ``"bfloat16"``, ``"float16"``, ``"float32"``.
        visual_tokens: the share of visual tokens that the language model reads, in (0, 1]; below 1 those that show
            least that is new are left out (see ``pruning``), and more frames fit a budget.
        packing: the strategy by which frames are packed (see ``packing``), in place of what a request says.
        max_tokens: the most tokens that a reply may have, whatever a request allows: for a slow machine.

    Answers are greedy, so the same request gets the same reply. ``Request.schema`` is not enforced: the reply is
    what the model wrote. Nothing is downloaded, no code of a checkpoint is run, and only safetensors and GGUF are read.
    One request at a time runs; other threads wait.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        weights: str | Path | None = None,
        device: str | None = None,
        dtype: str = "auto",
        visual_tokens: float = 1.0,
        packing: str | None = None,
        max_tokens: int | None = None,
    ) -> None:
        if not 0 < visual_tokens <= 1:
            raise UsageError(f"visual_tokens is {visual_tokens}; it is a share, so above 0 and at most 1")
        if max_tokens is not None and max_tokens < 1:
            raise UsageError(f"max_tokens is {max_tokens}; it is how many a reply may have, so at least 1")
        self.name = str(model)
        self._place = weights if weights is not None else model
        self._device = device
        self._dtype = dtype
        self._share = visual_tokens
        self._packing = packing_named(packing)
        self._max_tokens = max_tokens
        self._busy = threading.Lock()
        self._reader: int | None = None

    @cached_property
    def fingerprint(self) -> str:
        """Of the weights, settings and vocabulary, the precision, and what the options change of a reply."""
        packing = f"-{self._packing}" if self._packing else ""
        bound = f"-{self._max_tokens}" if self._max_tokens else ""
        return f"transformers-{fingerprint_of(self._place_on_disk)}-{self._dtype}-{self._share:g}{packing}{bound}"

    @property
    def sees(self) -> bool:
        """Whether its configuration has eyes."""
        return self._kind.sees

    @property
    def hears(self) -> bool:
        """Whether its configuration has ears."""
        return self._kind.hears

    @cached_property
    def counter(self) -> ProcessorCounter:
        """Counts with the model's own processor."""

        def tokens_of(parts: Sequence[Part], pixels: Any, samples: Any) -> int:
            pieces = pieces_of(
                parts, pixels, samples, self._family.frames, lambda _: "", self._family.exactly
            )
            return self._tokens(self._prompter.inputs("", pieces, question=""))

        return ProcessorCounter(tokens_of, self._loaded.tokenizer)

    def reply(self, request: Request) -> Reply:
        """The whole reply at once.

        Raises:
            ModelError: no weights, weights of another architecture, no such device, out of memory, the words alone
                are longer than the model's context (code ``"too_long"``), or the reply was not written in the time it
                was given (``"out_of_time"``; loading and reading the request are not interrupted, writing is).
        """
        *_, last = self.stream(request)
        assert isinstance(last, Reply)
        return last

    def stream(self, request: Request) -> Iterator[str | Reply]:
        """Pieces of text as they are written; the last item is the whole ``Reply``. Raises as ``reply`` does."""
        end_s = math.inf if request.timeout_s is None else time.monotonic() + request.timeout_s
        request = self._possible(request)
        with self._turn(), no_panic(self.name):
            for halving in range(_HALVINGS + 1):
                ready = self._read(request)
                began = False
                try:
                    for item in self._answer(ready, request.max_tokens, end_s):
                        yield item
                        began = True
                    return
                except self._loaded.torch.OutOfMemoryError as error:
                    self._loaded.torch.cuda.empty_cache()
                    if began or len(ready.frames) < 2 or halving == _HALVINGS:
                        raise ModelError(
                            f"{self.name} ran out of memory on {self._loaded.device} with {ready}: set a smaller "
                            "token budget, or use a smaller model",
                            code="out_of_memory",
                        ) from error
                except (RuntimeError, ValueError, IndexError, TypeError) as error:
                    raise ModelError(
                        f"{self.name} failed on {ready}: {first_line(error)}; try another model, or fewer frames",
                        code="failed",
                    ) from error
                request = self._fewer(request, ready.frames)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One request at a time; a thread that waits for its own unfinished stream would wait for ever."""
        if self._reader == threading.get_ident():
            raise UsageError(
                f"a stream of {self.name} is still open: read it to its end or close it before asking again"
            )
        with self._busy:
            self._reader = threading.get_ident()
            try:
                yield
            finally:
                self._reader = None

    @cached_property
    def _place_on_disk(self) -> Path:
        file = Path(self._place).expanduser()
        return file if file.is_file() else find_weights(self._place, "video-language")

    @cached_property
    def _kind(self) -> ModelKind:
        return kind_of(self._place_on_disk, self.name)

    @cached_property
    def _family(self) -> Any:
        return family_of(self._kind.model_type)

    @cached_property
    def _loaded(self) -> LoadedVideoLM:
        return load(self._place_on_disk, self.name, device=self._device, dtype=self._dtype)

    @cached_property
    def _prompter(self) -> Prompter:
        return Prompter(self._loaded)

    def _possible(self, request: Request) -> Request:
        """The request without what this model cannot take: pictures, sound, more frames or tokens than it may."""
        frames = request.frames if self.sees else ()
        exactly = self._family.exactly
        if exactly is not None and len(frames) > exactly:
            frames = tuple(frames[place] for place in spread(len(frames), exactly))
        sounds = tuple(self._in_reach(request.sounds)) if self.hears else ()
        most = min(request.max_tokens, self._max_tokens or request.max_tokens)
        return replace(
            request, frames=frames, sounds=sounds, packing=self._packing or request.packing, max_tokens=most
        )

    def _in_reach(self, sounds: Sequence[AudioClip]) -> Iterator[AudioClip]:
        """Sounds no longer than the ear takes at once: a longer one in several, each with its own time."""
        extractor = getattr(self._loaded.processor, "feature_extractor", None)
        reach = getattr(extractor, "n_samples", None)
        for sound in sounds:
            step = reach or max(1, len(sound.samples))
            for start in range(0, len(sound.samples), step):
                samples = sound.samples[start : start + step]
                yield replace(sound, samples=samples, start_s=sound.start_s + start / SAMPLING_RATE)

    def _fewer(self, request: Request, shown: Sequence[int]) -> Request:
        """The request with half of the frames that were shown."""
        kept = [shown[place] for place in spread(len(shown), len(shown) // 2)]
        warnings.warn(
            f"{self.name}: the GPU is full with {len(shown)} frames, going on with {len(kept)}",
            FewerFramesWarning,
            stacklevel=3,
        )
        return replace(request, frames=tuple(frame for frame in request.frames if frame.number in kept))

    def _read(self, request: Request) -> _Ready:
        """Choose the frames that fit and make the model's inputs of everything."""
        context = self._loaded.context_tokens
        room = None if context is None else context - request.max_tokens
        bound = min((each for each in (request.budget_tokens, room) if each is not None), default=None)
        made: list[tuple[PromptMaterial, Any]] = []

        def exact(material: PromptMaterial) -> int:
            made[:] = [(material, self._inputs(request, material, bound))]
            return self._tokens(made[0][1])

        material = lay_out(request, self.counter, context_tokens=context, exact=exact)
        if not made or made[0][0] is not material:
            exact(material)
        inputs = made[0][1]
        tokens = self._tokens(inputs)
        if context is not None and tokens >= context:
            raise ModelError(
                f"{self.name} reads at most {context} tokens and the request has {tokens} without a frame: give it "
                "less evidence, or use a model with a longer context",
                code="too_long",
            )
        return _Ready(inputs, tokens, material.plan.numbers)

    def _inputs(self, request: Request, material: PromptMaterial, bound: int | None) -> Any:
        """The processor's output; a picture that is shown alone is read in full detail if that fits ``bound``."""
        frames: dict[int, Frame] = {frame.number: frame for frame in request.frames}

        def pixels(part: FramePart) -> Any:
            return picture(frames[part.number], part)

        pieces = pieces_of(
            material.parts,
            pixels,
            lambda index: request.sounds[index].samples,
            self._family.frames,
            lambda number: frames[number].video_id,
            self._family.exactly,
        )
        if len(material.plan.frames) == 1 and self._family.many:
            inputs = self._prompter.inputs(request.system, pieces, question=request.prompt, detail=True)
            if bound is None or self._tokens(inputs) <= bound:
                return inputs
        return self._prompter.inputs(request.system, pieces, question=request.prompt)

    def _tokens(self, inputs: Any) -> int:
        """How many tokens the language model reads, those of pictures among them."""
        return int(inputs["input_ids"].shape[1]) - left_out(self._runs(inputs), self._share)

    def _runs(self, inputs: Any) -> list[Run]:
        """The visual tokens that may be left out; none when all are wanted."""
        if self._share == 1 or not self.sees:
            return []
        if not self._family.prunes:
            raise UsageError(
                f"visual_tokens is {self._share:g}, and {self.name} is a model ({self._kind.model_type}) whose visual "
                "tokens are never left out: it must be 1"
            )
        return runs_of(inputs["input_ids"][0].tolist(), self._prompter.visual_ids)

    def _answer(self, ready: _Ready, max_tokens: int, end_s: float) -> Iterator[str | Reply]:
        """Pieces and the reply; ``end_s``, on the monotonic clock, is when there is no more time for it."""
        loaded = self._loaded
        tokenizer, model = loaded.tokenizer, loaded.model
        inputs = ready.inputs.to(loaded.device)
        inputs = {key: self._cast(value) for key, value in inputs.items()}
        if self._family.blind and not ready.frames:
            model = getattr(model, self._family.blind)
            inputs = {key: inputs[key] for key in ("input_ids", "attention_mask")}
        named = model.generation_config.eos_token_id
        ends = {*(named if isinstance(named, list) else [named])} - {None} | self._prompter.ends
        padding = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else min(ends, default=0)
        written, text = WritingProgress(), []

        def generate(**more: Any) -> Any:
            return model.generate(
                **inputs,
                **more,
                max_new_tokens=max_tokens,
                do_sample=False,
                num_beams=1,
                temperature=None,
                top_p=None,
                top_k=None,
                eos_token_id=sorted(ends) or None,
                pad_token_id=padding,
            )

        runs = self._runs(ready.inputs)
        with pruning(model.get_decoder(), runs, self._share) if runs else nullcontext():
            for piece in write(generate, tokenizer, ends, written, lambda: time.monotonic() >= end_s):
                text.append(piece)
                yield piece
        if written.late and written.tokens < max_tokens:
            raise ModelError(
                f"{self.name} had no more time after {written.tokens} tokens of its reply: give it longer",
                code=OUT_OF_TIME,
            )
        cut = not written.ended and written.tokens >= max_tokens
        saved = left_out(runs, self._share)
        yield Reply("".join(text), ready.tokens, written.tokens, ready.frames, cut, saved)

    def _cast(self, value: Any) -> Any:
        """Pictures and sound in the precision of the weights."""
        floats = self._loaded.torch.is_tensor(value) and value.is_floating_point()
        return value.to(self._loaded.model.dtype) if floats else value
