"""Synthetic media for tests, built by code: every file's true times are known because we chose them.

Only PyAV, numpy and Pillow (with the font inside Pillow) are needed; speech is one small committed clip.
"""

from media_factory.lectures import (
    Blink,
    Mouse,
    Noise,
    Presenter,
    VideoClip,
    Webcam,
    lecture,
    sample_slides,
)
from media_factory.odd import (
    fake_mp4,
    no_audio,
    no_video,
    picture_of_text,
    truncated,
    variable_rate,
    zero_bytes,
)
from media_factory.script import Script
from media_factory.shots import shots
from media_factory.slides import Page, font, slide
from media_factory.speech import SPEECH, Sentence, SpeechClip, place, speech_clip
from media_factory.writer import write_video

__all__ = [
    "SPEECH",
    "Blink",
    "Mouse",
    "Noise",
    "Page",
    "Presenter",
    "Script",
    "Sentence",
    "SpeechClip",
    "VideoClip",
    "Webcam",
    "fake_mp4",
    "font",
    "lecture",
    "no_audio",
    "no_video",
    "picture_of_text",
    "place",
    "sample_slides",
    "shots",
    "slide",
    "speech_clip",
    "truncated",
    "variable_rate",
    "write_video",
    "zero_bytes",
]
