"""What leaves longvid for other programs and people: reports, cut lists, subtitles, films of the cited spans."""
