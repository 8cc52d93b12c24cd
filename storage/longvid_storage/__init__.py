"""longvid storage."""

from longvid_storage.quiet import silence

silence()
