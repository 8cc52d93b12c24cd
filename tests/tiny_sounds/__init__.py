"""Sounds made of numbers, and tiny models that were taught to hear them (``train.py`` says how)."""

from pathlib import Path

VOICE_MODEL = Path(__file__).parent / "voices"
TAGGER = Path(__file__).parent / "tagger"
CLAP = Path(__file__).parent / "clap"
