"""From a request's parts to what a local model reads: its processor's chat template, pictures, videos and sound.

Times always go in as text. Where a chat template gathers all pictures before all words, they are put among the words
by the processor's own token, so that each stays beside its time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from longvid_agents.packing import FramePart, Part, SoundPart, TextPart
from longvid_agents.video_lms.families import Frames
from longvid_agents.video_lms.loading import LoadedVideoLM

SAMPLING_RATE = 16_000
# Times of a video's frames are told to its processor in thousandths of a second.
_GRID = 1000
_TOKEN = {"image": "image_token", "video": "video_token", "audio": "audio_token"}


@dataclass(frozen=True, slots=True)
class PromptPiece:
    """``text``, or something to see or hear: ``kind`` is ``"image"``, ``"video"`` (frames and times) or ``"audio"``."""

    kind: str
    text: str = ""
    media: Any = None
    times_s: tuple[float, ...] = ()


class Prompter:
    """Lays out pieces as one model reads them.

    Args:
        loaded: the model whose processor does it.
    """

    def __init__(self, loaded: LoadedVideoLM) -> None:
        self._loaded = loaded
        self._processor = loaded.processor
        self._family = loaded.kind.family

    def inputs(
        self, system: str, pieces: Sequence[PromptPiece], *, question: str, detail: bool = False
    ) -> Any:
        """The processor's output for one turn: tensors of batch size 1, ``input_ids`` as the model will read them.

        ``detail``: one picture may be cut into tiles. ``question`` is what a Q-Former reads beside the pictures.
        """
        system = self.harmless(system)
        pieces = [PromptPiece(p.kind, self.harmless(p.text), p.media, p.times_s) for p in pieces]
        if not self._sees:
            return self._tokens(self._template(system, _words(pieces)))
        extra = {} if detail else dict(self._family.many)
        if self._processor.chat_template or self._family.turns.media == "inline":
            return self._process(self._rendered(system, pieces), pieces, extra)
        if self._family.turns.media == "list":
            return self._listed(system, pieces)
        return self._front(system, pieces, question)

    def harmless(self, text: str) -> str:
        """``text`` that holds no token with a meaning to this model: ``<|im_end|>`` becomes ``< |im_end|>``."""
        for token in self._control:
            text = text.replace(token, f"{token[0]} {token[1:]}")
        return text

    @cached_property
    def visual_ids(self) -> frozenset[int]:
        """The tokens that stand for what is seen."""
        marks = [mark for kind in ("image", "video") if (mark := self._mark(kind))]
        return frozenset(self._loaded.tokenizer.convert_tokens_to_ids(marks))

    @cached_property
    def ends(self) -> frozenset[int]:
        """The tokens that end a reply, beside those the model's generation settings name."""
        tokenizer, vocabulary = self._loaded.tokenizer, self._loaded.tokenizer.get_vocab()
        holder = self._processor if self._sees else tokenizer
        marks = [] if holder.chat_template else self._family.turns.end.split()
        known = {vocabulary[mark] for mark in marks if mark.startswith("<") and mark in vocabulary}
        return frozenset(known | ({tokenizer.eos_token_id} - {None}))

    @property
    def _sees(self) -> bool:
        return self._processor is not self._loaded.tokenizer

    @cached_property
    def _control(self) -> tuple[str, ...]:
        added = self._loaded.tokenizer.added_tokens_decoder.values()
        tokens = {t.content for t in added if len(t.content) > 2 and (t.special or t.content[0] in "<[")}
        tokens |= {self._mark(kind) for kind in _TOKEN}
        return tuple(sorted(tokens - {""}, key=len, reverse=True))

    def _mark(self, kind: str) -> str:
        """The token that stands for a picture, a video or sound in the text; empty when there is none."""
        token = getattr(self._processor, _TOKEN[kind], None)
        if token is None and (known := getattr(self._processor, f"{_TOKEN[kind]}_id", None)) is not None:
            token = self._loaded.tokenizer.convert_ids_to_tokens(known)
        return str(getattr(token, "content", token) or "")

    def _rendered(self, system: str, pieces: Sequence[PromptPiece]) -> str:
        """The prompt as text, with one mark for each picture, video and sound."""
        if not self._processor.chat_template:
            turns = self._family.turns
            return _turn(turns.start, system) + self._inline(pieces) + self._end(turns.end)
        if self._mixes:
            return self._template(system, [_block(piece) for piece in pieces])
        return self._template(system, [{"type": "text", "text": self._inline(pieces)}])

    def _inline(self, pieces: Sequence[PromptPiece]) -> str:
        return "".join(p.text if p.kind == "text" else self._mark(p.kind) for p in pieces)

    @cached_property
    def _mixes(self) -> bool:
        """Whether the chat template leaves pictures where they stand among the words."""
        words = [{"type": "text", "text": word} for word in ("Alpha", "Omega")]
        shown = self._template("", [words[0], {"type": "image"}, words[1]])
        place = shown.find(self._mark("image"))
        return place < 0 or shown.find("Alpha") < place < shown.find("Omega")

    def _template(self, system: str, content: Any) -> str:
        """The chat template over instructions and one user's turn; instructions join the turn if it takes none."""
        from jinja2 import TemplateError

        holder = self._processor if self._sees else self._loaded.tokenizer
        if not holder.chat_template:
            turns = self._family.turns
            return f"{_turn(turns.start, system)}{content}{self._end(turns.end)}"
        plain = isinstance(content, str)
        before = [{"role": "system", "content": system if plain else [{"type": "text", "text": system}]}]
        user = {"role": "user", "content": content}
        try:
            return self._render(holder, [*(before if system else []), user])
        except TemplateError:
            joined = (
                f"{system}\n\n{content}" if plain else [{"type": "text", "text": f"{system}\n\n"}, *content]
            )
            return self._render(holder, [{"role": "user", "content": joined}])

    def _render(self, holder: Any, messages: list[dict[str, Any]]) -> str:
        template = str(holder.chat_template)
        # Answers are short and cite evidence: a model that can think aloud or not is told not to.
        quiet = {"enable_thinking": False} if "enable_thinking" in template else {}
        return str(holder.apply_chat_template(messages, tokenize=False, add_generation_prompt=True, **quiet))

    def _tokens(self, text: str) -> Any:
        """A language model's inputs; special tokens that the template wrote are not added again."""
        tokenizer = self._loaded.tokenizer
        written = bool(tokenizer.bos_token and text.startswith(tokenizer.bos_token))
        return tokenizer(text, return_tensors="pt", add_special_tokens=not written)

    def _process(self, text: str, pieces: Sequence[PromptPiece], extra: Mapping[str, Any]) -> Any:
        media: dict[str, Any] = {}
        if images := [piece.media for piece in pieces if piece.kind == "image"]:
            media["images"] = images
            media["images_kwargs"] = dict(extra)
        if videos := [piece for piece in pieces if piece.kind == "video"]:
            media["videos"] = [video.media for video in videos]
            media["videos_kwargs"] = {
                "video_metadata": [_metadata(video.times_s, video.media) for video in videos],
                "do_sample_frames": False,
            }
        if sounds := [piece.media for piece in pieces if piece.kind == "audio"]:
            media["audio"] = sounds
            media["audio_kwargs"] = {"sampling_rate": SAMPLING_RATE}
        bos = self._loaded.tokenizer.bos_token
        if bos and text.startswith(bos):
            media["text_kwargs"] = {"add_special_tokens": False}
        return self._processor(text=[text], return_tensors="pt", **media)

    def _listed(self, system: str, pieces: Sequence[PromptPiece]) -> Any:
        """A list of words and pictures (Idefics), which fetches a word that is a URL: none goes in alone."""
        turns = self._family.turns
        items: list[Any] = [_turn(turns.start, system)]
        for piece in [*pieces, PromptPiece("text", self._end(turns.end))]:
            if piece.kind != "text":
                items.append(piece.media)
            elif isinstance(items[-1], str):
                items[-1] += piece.text
            else:
                items.append(piece.text if " " in piece.text.strip() else f"\nNext: {piece.text.strip()}")
        return self._processor(text=[items], return_tensors="pt")

    def _front(self, system: str, pieces: Sequence[PromptPiece], question: str) -> Any:
        """One video before all words (InstructBLIP); its Q-Former reads the question alone, cut to its length."""
        turns = self._family.turns
        video = next((piece.media for piece in pieces if piece.kind == "video"), None)
        words = _turn(turns.start, system) + _words(pieces) + self._end(turns.end)
        inputs = self._processor(images=video, text=words, return_tensors="pt")
        limit = self._loaded.config.qformer_config.max_position_embeddings
        asked = self._processor.qformer_tokenizer(
            self.harmless(question), truncation=True, max_length=limit, return_tensors="pt"
        )
        for key in ("input_ids", "attention_mask"):
            inputs[f"qformer_{key}"] = asked[key]
        return inputs

    def _end(self, end: str) -> str:
        known = self._loaded.tokenizer.get_vocab()
        for mark in (word for word in end.split() if word.startswith("<") and word not in known):
            end = end.replace(mark, "")
        return end


def pieces_of(
    parts: Sequence[Part],
    picture: Callable[[FramePart], Any],
    sound: Callable[[int], Any],
    frames: Frames,
    video_of: Callable[[int], str],
    exactly: int | None = None,
) -> list[PromptPiece]:
    """The parts in their order, as pieces: words joined by line breaks, frames as ``frames`` says.

    ``picture`` and ``sound`` give the pixels of a frame and the samples of a sound; ``video_of`` the video of the
    frame of a number. A video input holds neighbouring frames of one video and one size; with ``exactly`` there is
    one, of so many frames, made the size of the first.
    """
    pieces: list[PromptPiece] = []
    run: list[FramePart] = []

    def joins(part: FramePart) -> bool:
        last = run[-1]
        same = (last.width, last.height) == (part.width, part.height)
        return bool(exactly) or (
            same and video_of(last.number) == video_of(part.number) and part.time_s >= last.time_s
        )

    def close() -> None:
        if run:
            shown = [*run, *[run[-1]] * ((exactly or 0) - len(run))]
            images = [picture(replace(f, width=run[0].width, height=run[0].height)) for f in shown]
            pieces.append(PromptPiece("video", media=images, times_s=tuple(f.time_s for f in shown)))
            run.clear()

    for place, part in enumerate(parts):
        if isinstance(part, TextPart):
            # What stands between two frames of one video is the second one's time: listed before the video.
            after = parts[place + 1] if place + 1 < len(parts) else None
            if not (frames == "video" and run and isinstance(after, FramePart) and joins(after)):
                close()
            _say(pieces, part.text)
        elif isinstance(part, SoundPart):
            close()
            pieces.append(PromptPiece("audio", media=sound(part.index)))
        elif frames == "images":
            pieces.append(PromptPiece("image", media=picture(part)))
        else:
            if run and not joins(part):
                close()
            run.append(part)
    close()
    return pieces


def _say(pieces: list[PromptPiece], text: str) -> None:
    if pieces and pieces[-1].kind == "text":
        pieces[-1] = PromptPiece("text", f"{pieces[-1].text}\n{text}")
    else:
        pieces.append(PromptPiece("text", f"\n{text}" if pieces else text))


def _words(pieces: Sequence[PromptPiece]) -> str:
    return "".join(piece.text for piece in pieces)


def _turn(start: str, system: str) -> str:
    """``start`` with the instructions in their place, kept apart from any braces in them."""
    return start.replace("{system}", system).lstrip()


def _block(piece: PromptPiece) -> dict[str, Any]:
    return {"type": "text", "text": piece.text} if piece.kind == "text" else {"type": piece.kind}


def _metadata(times_s: Sequence[float], frames: Sequence[Any]) -> dict[str, Any]:
    """What a video processor is told: exact times for those that write them, the mean rate for those that count."""
    span_s = times_s[-1] - times_s[0]
    whole_s = span_s * len(times_s) / (len(times_s) - 1) if span_s > 0 else float(len(times_s))
    return {
        "fps": float(_GRID),
        "frames_indices": [round(time * _GRID) for time in times_s],
        "total_num_frames": max(1, round(whole_s * _GRID)),
        "duration": times_s[-1],
        "height": frames[0].height,
        "width": frames[0].width,
    }
