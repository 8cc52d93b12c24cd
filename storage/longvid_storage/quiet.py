"""No library that longvid loads may tell its maker anything: switched off before any of them is imported.

onnxruntime writes a device id into the user's cache and looks up its maker's host; langsmith sends every step of a
graph, questions included, to a server where its variable says so, set for whatever other program; others count runs.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping

OFF = {
    "ORT_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "LANGCHAIN_TRACING_V2": "false",
    "LANGSMITH_TRACING": "false",
    "LANGSMITH_TRACING_V2": "false",
    "SCARF_NO_ANALYTICS": "true",
    "RAY_USAGE_STATS_ENABLED": "0",
    "VLLM_NO_USAGE_STATS": "1",
    "NO_ALBUMENTATIONS_UPDATE": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
}
"""Variable → the value that means no, as each library's documentation has it."""


def silence(environment: MutableMapping[str, str] = os.environ) -> None:
    """Set them for this process and those it starts, whatever they were: what is said in a video is nobody else's."""
    environment.update(OFF)
