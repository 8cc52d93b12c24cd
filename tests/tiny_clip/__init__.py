"""A very small open_clip model that really sees: what it was trained on, how, and the model itself."""

from __future__ import annotations

from pathlib import Path

MODEL = Path(__file__).parent / "model"
