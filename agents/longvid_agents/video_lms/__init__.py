"""Implementations of the video-LLM role, one file each; see ``longvid_agents/video_lm.py``."""
