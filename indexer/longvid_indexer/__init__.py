"""longvid indexer."""

from longvid_storage.quiet import silence

silence()
