"""longvid storage."""

from longvid_storage.quiet import silence
from longvid_storage.threads import sum_alone

silence()
sum_alone()
