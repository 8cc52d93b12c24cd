"""``python -m longvid``, where the command is not on the path."""

from longvid.cli import main

main()
