"""Subtitle files and tracks to cues: WebVTT, SubRip and ASS, forgiving of what real files do wrong."""
