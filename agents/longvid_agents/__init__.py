"""longvid agents."""

from longvid_storage.process import silence

silence()
