"""What ``longvid ls`` and ``longvid show`` tell about a video, as frozen objects."""

from __future__ import annotations

from dataclasses import dataclass

from longvid_storage.types import ScreenText, Segment, Slide, Sound, Utterance


@dataclass(frozen=True, slots=True)
class VideoSummary:
    """One video of a library; ``stages`` maps each stage to its status."""

    video_id: str
    title: str
    path: str
    paths: tuple[str, ...]
    duration_s: float
    collections: tuple[str, ...]
    stages: dict[str, str]


@dataclass(frozen=True, slots=True)
class SceneTree:
    """A scene and its shots."""

    segment: Segment
    shots: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class EventTree:
    """An event and its scenes."""

    segment: Segment
    scenes: tuple[SceneTree, ...]


@dataclass(frozen=True, slots=True)
class VideoDetails:
    """Everything known about one video except its pictures and vectors."""

    video_id: str
    title: str
    path: str
    paths: tuple[str, ...]
    duration_s: float
    collections: tuple[str, ...]
    stages: dict[str, str]
    transcript_source: str | None
    language: str | None
    summary: str | None
    events: tuple[EventTree, ...]
    slides: tuple[Slide, ...]
    utterances: tuple[Utterance, ...]
    screen_text: tuple[ScreenText, ...]
    sounds: tuple[Sound, ...]


def build_tree(segments: tuple[Segment, ...]) -> tuple[EventTree, ...]:
    """Nest shots under scenes under events by the midpoint of each child."""

    def within(parent: Segment, level: str) -> tuple[Segment, ...]:
        return tuple(
            child
            for child in segments
            if child.level == level
            and parent.start_s <= (child.start_s + child.end_s) / 2 < max(parent.end_s, 1e-9)
        )

    events = (segment for segment in segments if segment.level == "event")
    return tuple(
        EventTree(event, tuple(SceneTree(scene, within(scene, "shot")) for scene in within(event, "scene")))
        for event in events
    )
