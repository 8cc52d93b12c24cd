"""longvid agents."""
