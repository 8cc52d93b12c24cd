"""longvid indexer."""

from longvid_storage.process import silence

silence()
