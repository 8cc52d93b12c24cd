"""longvid."""
