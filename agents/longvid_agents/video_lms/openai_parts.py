"""The content parts of an OpenAI-style chat message."""

from __future__ import annotations

import base64
import io
import wave
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longvid_agents.images import jpeg
from longvid_agents.material import PromptMaterial
from longvid_agents.packing import FramePart, TextPart
from longvid_agents.video_lm import Request


def messages(request: Request, material: PromptMaterial) -> list[dict[str, Any]]:
    """Instructions and material as two messages; words alone as one string, which every server takes."""
    content: str | list[dict[str, Any]]
    if all(isinstance(part, TextPart) for part in material.parts):
        content = "\n\n".join(material.texts)
    else:
        content = content_parts(request, material)
    system = [{"role": "system", "content": request.system}] if request.system else []
    return [*system, {"role": "user", "content": content}]


def content_parts(request: Request, material: PromptMaterial) -> list[dict[str, Any]]:
    """The material in its order: words, pictures as JPEG data, sound as WAV data."""
    frames = {frame.number: frame for frame in request.frames}
    parts = []
    for part in material.parts:
        if isinstance(part, TextPart):
            parts.append({"type": "text", "text": part.text})
        elif isinstance(part, FramePart):
            parts.append(image_part(jpeg(frames[part.number], part), "image/jpeg"))
        else:
            parts.append(sound_part(request.sounds[part.index].samples, 16_000))
    return parts


def image_part(image: bytes, media_type: str) -> dict[str, Any]:
    """A picture as a data URL."""
    data = base64.b64encode(image).decode()
    return {"type": "image_url", "image_url": {"url": f"data:{media_type};base64,{data}"}}


def sound_part(samples: NDArray[np.float32], rate: int) -> dict[str, Any]:
    """Mono sound in [-1, 1] as 16-bit WAV data."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    data = base64.b64encode(file.getvalue()).decode()
    return {"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}
