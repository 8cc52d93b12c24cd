"""longvid storage."""
