"""The one visual pass: a single decode finds shots and slides and keeps a picture of each."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from longvid_indexer.frames import DecodedFrame, FrameReader, fit
from longvid_indexer.leaps import LeapingReader
from longvid_indexer.packets import broken_clock
from longvid_indexer.vision.dissolves import DissolveDetector
from longvid_indexer.vision.keyframes import MiddleFrame, keep
from longvid_indexer.vision.moments import Moments
from longvid_indexer.vision.shots import ShotFinder, make_detectors, shots_of
from longvid_indexer.vision.slides import FoundSlide, SlideFinder
from longvid_indexer.vision.states import StateFinder, StateKeeper
from longvid_storage.types import Keyframe, Segment, Slide, VideoInfo

# A video that stops decoding this much before its promised end is reported as cut off.
_MISSING_S = 1.0
# What is new in a keyframe came with it if no packet before it holds more than this share of what it must have cost.
_MOST_ON_THE_WAY = 0.35


@dataclass(frozen=True)
class VisualSettings:
    """What the visual pass looks for and how closely.

    ``detector``: see ``vision.shots.make_detectors``. ``exact_shots``: PySceneDetect's own scaling, cut for cut, at
    about ten times the cost a frame. ``looks_per_s``: pictures a second that the slide finder sees.
    ``slide_long_side``, ``shot_long_side``: pixels of kept pictures. ``shot_keyframe_every_s``: longest stretch of
    moving picture that one keyframe stands for.
    """

    detector: str = "default"
    exact_shots: bool = False
    looks_per_s: float = 5.0
    look_long_side: int = 320
    slide_long_side: int = 1920
    slide_quality: int = 80
    shot_long_side: int = 960
    shot_quality: int = 70
    shot_keyframe_every_s: float = 60.0
    shortest_shot_s: float = 0.2


@dataclass(frozen=True)
class VisualResult:
    """What one decode found; spans are on the presentation timeline.

    ``shots`` cover ``[0, duration)`` without gaps. ``states``: what changed on screen within the span of a keyframe.
    ``decoded_until_s``: how far pictures could be read.
    """

    shots: tuple[Segment, ...]
    slides: tuple[Slide, ...]
    keyframes: tuple[Keyframe, ...]
    states: tuple[Keyframe, ...]
    decoded_until_s: float
    counters: dict[str, int | float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def visual_pass(
    path: Path, info: VideoInfo, settings: VisualSettings | None = None, *, every_frame: bool = True
) -> VisualResult:
    """Decode a video once and find its shots, slides and keyframes; memory does not grow with its length.

    Args:
        path: the media file.
        info: what ``probe`` said of it.
        settings: what to look for.
        every_frame: decode every frame; else those between two keyframes that show the same slide are left out.

    Raises:
        MediaError: the file cannot be opened.
    """
    settings = settings or VisualSettings()
    look = _Look(settings)
    leaps = not every_frame and settings.detector == "default" and not settings.exact_shots
    reader = LeapingReader(path, info, onlooker=look) if leaps else FrameReader(path, info)
    for frame in reader:
        look.see(frame, reader.rate)
    end_s = info.duration_s if info.duration_s > 0 else reader.decoded_until_s
    # A still picture stays on screen to the end of the sound; a damaged file shows nothing behind its last frame.
    seen_until_s = min(reader.decoded_until_s, end_s) if _breaks_off(reader) else end_s
    look.finish(reader.decoded_until_s, seen_until_s)
    return VisualResult(
        shots=shots_of(look.cuts_s, end_s, settings.shortest_shot_s),
        slides=tuple(look.slides),
        keyframes=tuple(sorted(look.keyframes, key=lambda keyframe: keyframe.start_s)),
        states=tuple(sorted(look.states, key=lambda state: state.start_s)),
        decoded_until_s=reader.decoded_until_s,
        counters={
            "decodes": 1,
            "frames_decoded": reader.frames_decoded,
            "frames_left_out": reader.frames_left_out,
            "frames_analysed": look.looks,
            "screen_states": len(look.states),
            "decode_errors": reader.decode_errors,
        },
        notes=_notes(reader, info),
    )


def _notes(reader: FrameReader, info: VideoInfo) -> tuple[str, ...]:
    if reader.frames_decoded == 0:
        return ("no picture could be decoded",)
    notes = []
    if _breaks_off(reader):
        notes.append(f"pictures decode only until {reader.decoded_until_s:.1f} s of {info.duration_s:.1f} s")
    if reader.clock_breaks:
        notes.append(broken_clock(reader.clock_breaks))
    if reader.decode_errors:
        notes.append(f"{reader.decode_errors} damaged pictures were skipped")
    return tuple(notes)


def _breaks_off(reader: FrameReader) -> bool:
    """Whether the pictures end well before the file says that they do."""
    if reader.cut_short is not None:
        return True
    promised_s = reader.promised_until_s
    return promised_s is not None and promised_s - reader.decoded_until_s > _MISSING_S


class _Look:
    """Everything that looks at the frames of the one decode."""

    def __init__(self, settings: VisualSettings) -> None:
        self._settings = settings
        self._shots: ShotFinder | None = None
        self._slides = SlideFinder()
        self._size: tuple[int, int] = (0, 0)
        self._moments = Moments(1 / settings.looks_per_s)
        self._next_look_s = 0.0
        self._middle: MiddleFrame | None = None
        self.looks = 0
        self.slides: list[Slide] = []
        self.keyframes: list[Keyframe] = []
        self._finder = StateFinder()
        self._states = StateKeeper(settings.slide_long_side, settings.slide_quality)

    def at_rest(self, time_s: float) -> bool:
        """As ``leaps.Onlooker`` has it: a slide is on screen, and all that changed on it is dealt with."""
        return self._slides.at_rest(time_s)

    def leap(self, frame: DecodedFrame, excess: float | None) -> bool:
        """As ``leaps.Onlooker`` has it."""
        luma = frame.luma(*self._size)
        new = self._slides.new_in(luma)
        # New content costs about as much in the packet that brings it as in a keyframe.
        if new and (excess is None or excess > _MOST_ON_THE_WAY * new):
            return False
        spacing_s = 1 / self._settings.looks_per_s
        looks = (frame.time_s - self._next_look_s) / spacing_s
        until_s = frame.time_s - spacing_s
        self._slides.leap(until_s, max(0.0, looks), luma)
        self._finder.leap(until_s, luma)
        if not new and self._shots is not None:
            self._shots.leap()
            self._moments.leap()
        return True

    @property
    def states(self) -> list[Keyframe]:
        """What changed on screen within slides and moving stretches that have ended."""
        return self._states.states

    @property
    def cuts_s(self) -> list[float]:
        """Shot boundaries found so far."""
        return self._shots.cuts_s if self._shots else []

    def see(self, frame: DecodedFrame, rate: float) -> None:
        """Show the next decoded frame to all who look."""
        if self._shots is None:
            detectors = make_detectors(self._settings.detector)
            mixed = DissolveDetector() if self._settings.detector == "default" else None
            self._shots = ShotFinder(detectors, rate, exact=self._settings.exact_shots, dissolves=mixed)
            self._size = fit(frame.raw.width, frame.raw.height, self._settings.look_long_side)
            self._middle = MiddleFrame(frame.time_s)
        for cut_s in self._shots.see(frame):
            self._cut(cut_s)
        self._moments.see(frame.time_s, self._shots.small)
        # The slack keeps 5 looks a second of a 25 fps video at every fifth frame despite rounded timestamps.
        if frame.time_s >= self._next_look_s - 0.004:
            self._next_look_s = frame.time_s + 1 / self._settings.looks_per_s
            self.looks += 1
            self._look(frame)

    def _look(self, frame: DecodedFrame) -> None:
        before_s = self._slides.start_s
        luma = frame.luma(*self._size)
        ended = self._slides.see(luma, frame.time_s, frame)
        self._follow(before_s, ended)
        start_s = self._slides.start_s
        if start_s is not None and start_s != before_s:
            self._finder.go_on(from_next=self._states.begin(self._moments.refine(start_s), frame))
        if (found := self._finder.see(luma, frame.time_s, frame)) is not None:
            self._states.add(replace(found, start_s=self._moments.refine(found.start_s)))
        if self._middle is not None:
            self._middle.see(frame)
            if frame.time_s - self._middle.start_s >= self._settings.shot_keyframe_every_s:
                self._cut(frame.time_s)

    def _follow(self, before_s: float | None, ended: list[FoundSlide]) -> None:
        """Keep the slides that ended, and the picture of the moving stretch that a slide now ends."""
        for slide in ended:
            self._keep_slide(slide)
        start_s = self._slides.start_s
        if before_s is None and start_s is not None:
            self._end_moving(self._moments.refine(start_s))
            self._middle = None
        elif before_s is not None and start_s is None:
            self._middle = MiddleFrame(self._moments.refine(ended[-1].end_s if ended else before_s))

    def _cut(self, cut_s: float) -> None:
        if self._middle is not None and cut_s > self._middle.start_s:
            self._end_moving(cut_s)
            self._middle = MiddleFrame(cut_s)

    def _end_moving(self, end_s: float) -> None:
        middle = self._middle
        if middle is not None:
            self._states.close(end_s, least=1)
            self._finder.forget()
        if middle is None or end_s - middle.start_s < self._settings.shortest_shot_s:
            return
        frame = middle.best(end_s)
        if frame is not None:
            s = self._settings
            self.keyframes.append(
                keep(frame, middle.start_s, end_s, "shot", s.shot_long_side, s.shot_quality)
            )

    def _keep_slide(self, found: FoundSlide) -> None:
        s = self._settings
        start_s, end_s = self._moments.refine(found.start_s), self._moments.refine(found.end_s)
        self._states.close(end_s, least=2)
        self._finder.forget()
        if found.steady:
            self.slides.append(Slide(start_s, end_s, found.frame_s))
            kept = keep(found.frame, start_s, end_s, "slide", s.slide_long_side, s.slide_quality)
        else:
            kept = keep(found.frame, start_s, end_s, "shot", s.shot_long_side, s.shot_quality)
        self.keyframes.append(kept)

    def finish(self, pictures_end_s: float, end_s: float) -> None:
        """The last picture ends at ``pictures_end_s``, the video at ``end_s``."""
        if self._shots is None:
            return
        self._shots.finish()
        before_s = self._slides.start_s
        # What the slide finder learns at the very end may open and close a slide in one go.
        ended = self._slides.finish(pictures_end_s, end_s)
        if before_s is None and ended:
            self._end_moving(self._moments.refine(ended[0].start_s))
            self._middle = None
        for slide in ended:
            self._keep_slide(slide)
        self._end_moving(end_s)
        # Of what was too short to be a slide.
        self._states.close(end_s, least=1)
