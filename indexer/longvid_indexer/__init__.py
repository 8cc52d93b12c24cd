"""longvid indexer."""
