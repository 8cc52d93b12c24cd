"""longvid agents."""

from longvid_storage.quiet import silence

silence()
