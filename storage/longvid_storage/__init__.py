"""longvid storage."""

from longvid_storage.process import silence

silence()
