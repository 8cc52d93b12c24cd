"""Cut spans of videos into one file: packets are copied where they can be, pictures and sound made anew elsewhere."""
