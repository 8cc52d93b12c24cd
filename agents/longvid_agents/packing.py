"""Which frames of a request a model is shown, at which size, in which order, within a budget of tokens.

Each strategy is a pure function from sights (what a frame is, without its pixels) to a ``PackingPlan``: a list of parts
that every adapter turns into its own kind of message. Tokens are counted with the model's own ``Counter``. Frames
keep the order they are given in, which is by video and time.

What gives way when the budget is small, and where the idea is from:

- uniform: frames, evenly; one line lists all times. The usual sampling.
- interleaved: frames, evenly; each has its time before it. Flamingo (arXiv 2204.14198), Qwen3-VL (arXiv 2511.21631).
- slow_fast: the size of most frames; a few stay large. LITA (arXiv 2403.19046).
- pooled: the size of all frames, then frames. PLLaVA (arXiv 2404.16994), LLaVA-OneVision (arXiv 2408.03326).
- relevant: the frames that fit the question least. BOLT (arXiv 2503.21483); evenly where the question is about the
  whole: DIG (arXiv 2512.04000).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from longvid_agents.video_lm import Counter, Frame, Packing
from longvid_storage.errors import LibraryError, ModelError, UsageError
from longvid_storage.kept_pictures import size_of

# Long sides tried by the strategies that trade size, in pixels; below the last a picture tells too little.
LONG_SIDES = (1024, 896, 768, 672, 560, 448, 336, 224, 112)
# BOLT raises normalised relevance to a power; this one is ours, between even (0) and the best frames only.
SHARPNESS = 2.0
# One frame in so many is detailed in slow_fast, as long as the budget allows.
SLOW_EVERY = 4


@dataclass(frozen=True, slots=True)
class Sight:
    """A frame without its pixels: number, time, video, size in pixels."""

    number: int
    time_s: float
    width: int
    height: int
    video_id: str = ""
    title: str = ""
    relevance: float | None = None


@dataclass(frozen=True, slots=True)
class TextPart:
    """Words of ours, or of a video, marked as such."""

    text: str


@dataclass(frozen=True, slots=True)
class FramePart:
    """The frame of this number, to be shown at ``width`` x ``height`` pixels."""

    number: int
    time_s: float
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class SoundPart:
    """The sound at this place of ``Request.sounds``."""

    index: int


Part = TextPart | FramePart | SoundPart


@dataclass(frozen=True, slots=True)
class PackingPlan:
    """What is shown, in order, and how many tokens that takes; 0 when there was no bound, as nobody counted then."""

    parts: tuple[Part, ...] = ()
    tokens: int = 0

    @property
    def frames(self) -> tuple[FramePart, ...]:
        """The frames that are shown, in order."""
        return tuple(part for part in self.parts if isinstance(part, FramePart))

    @property
    def numbers(self) -> tuple[int, ...]:
        """Their numbers."""
        return tuple(frame.number for frame in self.frames)


def sights_of(frames: Iterable[Frame]) -> list[Sight]:
    """Frames without their pixels; only the head of each image is read.

    Raises:
        ModelError: one is not an image (code ``"bad_image"``).
    """
    return [
        Sight(f.number, f.time_s, *_size(f), video_id=f.video_id, title=f.title, relevance=f.relevance)
        for f in frames
    ]


def pack(
    strategy: Packing, sights: Sequence[Sight], tokens: int | None, counter: Counter, *, whole: bool = False
) -> PackingPlan:
    """The frames that fit into ``tokens`` (None: no bound), chosen and sized by ``strategy``.

    ``whole``: the question is about the whole, not about a moment. Empty when not even one frame fits.
    """
    if tokens is None:
        counter = _Uncounted()
    if strategy == "relevant" and whole:
        strategy = "interleaved"
    return _STRATEGIES[strategy](sights, tokens, counter)


def packing_named(name: str | None) -> Packing | None:
    """The strategy of that name, as a user writes it; None for None: what each request says.

    Raises:
        UsageError: there is none of that name.
    """
    known = next((strategy for strategy in _STRATEGIES if strategy == name), None)
    if name is not None and known is None:
        raise UsageError(f"packing is {name!r}; it is one of {', '.join(_STRATEGIES)}, or left out")
    return known


def uniform(sights: Sequence[Sight], tokens: int | None, counter: Counter) -> PackingPlan:
    """Frames spread evenly, at their own size; one line before them lists their times."""
    return _fewer(sights, tokens, counter, spread, _listed)


def interleaved(sights: Sequence[Sight], tokens: int | None, counter: Counter) -> PackingPlan:
    """Frames spread evenly, at their own size, each with its time before it."""
    return _fewer(sights, tokens, counter, spread, _timed)


def relevant(sights: Sequence[Sight], tokens: int | None, counter: Counter) -> PackingPlan:
    """Frames by relevance, spread by inverse-transform sampling, each with its time before it.

    Evenly when relevance is not known of every frame.
    """
    known = [sight.relevance for sight in sights if sight.relevance is not None]
    if len(known) < len(sights):
        return interleaved(sights, tokens, counter)
    return _fewer(sights, tokens, counter, lambda _, n: inverse_transform(known, n), _timed)


def pooled(sights: Sequence[Sight], tokens: int | None, counter: Counter) -> PackingPlan:
    """All frames, at the largest size of ``LONG_SIDES`` at which they fit; at the smallest, fewer of them."""
    for side in LONG_SIDES:
        plan = _timed([shrunk(sight, side) for sight in sights], counter)
        if _fits(plan, tokens):
            return plan
    return interleaved([shrunk(sight, LONG_SIDES[-1]) for sight in sights], tokens, counter)


def slow_fast(sights: Sequence[Sight], tokens: int | None, counter: Counter) -> PackingPlan:
    """Many small frames and, among them, a few large ones, spread evenly.

    LITA gives the model a fast and a slow pathway one after the other; here the frames stay in the order of time
    and none is shown twice, so that every time is read once. Large frames give way first, then small ones.
    """
    small = [shrunk(sight, LONG_SIDES[-2]) for sight in sights]
    for slow in range(-(-len(sights) // SLOW_EVERY), 0, -1):
        large = set(spread(len(sights), slow))
        plan = _timed([sights[i] if i in large else small[i] for i in range(len(sights))], counter)
        if _fits(plan, tokens):
            return plan
    return pooled(small, tokens, counter)


def spread(count: int, n: int) -> list[int]:
    """``n`` of ``count`` places, the middles of ``n`` equal parts: ``spread(10, 2) == [2, 7]``."""
    return [(2 * i + 1) * count // (2 * n) for i in range(min(n, count))] if n < count else list(range(count))


def inverse_transform(relevance: Sequence[float], n: int) -> list[int]:
    """``n`` distinct places, dense where ``relevance`` is high, in order; even when it is all the same.

    Relevance is scaled to [0, 1] and sharpened; the places are those where its running sum reaches the middles of
    ``n`` equal parts (BOLT, arXiv 2503.21483). Where several middles fall on one place, the most relevant places
    left over take the others' turn, as a frame shown twice tells nothing new.
    """
    count = len(relevance)
    low, high = min(relevance, default=0.0), max(relevance, default=0.0)
    if n >= count or high <= low:
        return spread(count, n)
    weights = [((value - low) / (high - low)) ** SHARPNESS for value in relevance]
    total, running, place = sum(weights), weights[0], 0
    chosen: set[int] = set()
    for part in range(n):
        while running < total * (2 * part + 1) / (2 * n) and place < count - 1:
            place += 1
            running += weights[place]
        chosen.add(place)
    left = sorted(set(range(count)) - chosen, key=lambda i: (-relevance[i], i))
    return sorted([*chosen, *left[: n - len(chosen)]])


def shrunk(sight: Sight, long_side: int) -> Sight:
    """The sight at a size whose long side is at most ``long_side``; never enlarged."""
    scale = min(1.0, long_side / max(sight.width, sight.height))
    width, height = (max(1, round(scale * side)) for side in (sight.width, sight.height))
    return Sight(sight.number, sight.time_s, width, height, sight.video_id, sight.title, sight.relevance)


def caption(sight: Sight, *, named: bool = False) -> str:
    """``"<picture 3, 12:34.5>"``, with the video's title when ``named``."""
    minutes, seconds = divmod(round(sight.time_s * 10), 600)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    title = " ".join((sight.title or sight.video_id[:8]).split()).translate(_NO_BRACKETS)[:80]
    return f"<picture {sight.number}, {clock}:{seconds / 10:04.1f}{f', {title}' if named and title else ''}>"


class _Uncounted:
    """Without a bound nothing is counted: with a served model counting may cost a call."""

    def text(self, text: str) -> int:
        return 0

    def frame(self, width: int, height: int) -> int:
        return 0

    def sound(self, seconds: float) -> int:
        return 0


_NO_BRACKETS = str.maketrans("<>[]", "‹›()")
_Chooser = Callable[[int, int], list[int]]
_Layout = Callable[[Sequence[Sight], Counter], PackingPlan]


def _fewer(
    sights: Sequence[Sight], tokens: int | None, counter: Counter, choose: _Chooser, layout: _Layout
) -> PackingPlan:
    """As many frames as fit, found by halving; one that does not fit alone is shrunk."""
    best, low, high = PackingPlan(), 0, len(sights)
    while low < high:
        n = high if low == 0 and high == len(sights) else (low + high + 1) // 2
        plan = layout([sights[i] for i in choose(len(sights), n)], counter)
        if _fits(plan, tokens):
            best, low = plan, n
        else:
            high = n - 1
    if low or not sights:
        return best
    one = sights[choose(len(sights), 1)[0]]
    for side in LONG_SIDES:
        plan = layout([shrunk(one, side)], counter)
        if _fits(plan, tokens):
            return plan
    return PackingPlan()


def _fits(plan: PackingPlan, tokens: int | None) -> bool:
    return tokens is None or plan.tokens <= tokens


def _timed(sights: Sequence[Sight], counter: Counter) -> PackingPlan:
    named = len({sight.video_id for sight in sights}) > 1
    parts: list[Part] = []
    for sight in sights:
        parts += [TextPart(caption(sight, named=named)), _part(sight)]
    return _counted(parts, counter)


def _listed(sights: Sequence[Sight], counter: Counter) -> PackingPlan:
    if not sights:
        return PackingPlan()
    named = len({sight.video_id for sight in sights}) > 1
    line = "The pictures that follow, in this order: " + " ".join(caption(s, named=named) for s in sights)
    return _counted([TextPart(line), *map(_part, sights)], counter)


def _part(sight: Sight) -> FramePart:
    return FramePart(sight.number, sight.time_s, sight.width, sight.height)


def _counted(parts: Sequence[Part], counter: Counter) -> PackingPlan:
    tokens = 0
    for part in parts:
        if isinstance(part, TextPart):
            tokens += counter.text(part.text)
        elif isinstance(part, FramePart):
            tokens += counter.frame(part.width, part.height)
    return PackingPlan(tuple(parts), tokens)


def _size(frame: Frame) -> tuple[int, int]:
    try:
        return size_of(frame.image)
    except LibraryError as error:
        raise ModelError(
            f"picture {frame.number} at {frame.time_s:.1f} s is not an image that can be read "
            f"({len(frame.image)} bytes): index its video again",
            code="bad_image",
        ) from error


_STRATEGIES: dict[Packing, Callable[[Sequence[Sight], int | None, Counter], PackingPlan]] = {
    "uniform": uniform,
    "interleaved": interleaved,
    "slow_fast": slow_fast,
    "pooled": pooled,
    "relevant": relevant,
}
