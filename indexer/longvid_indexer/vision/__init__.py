"""What the one visual pass is made of: shots, slides, keyframes, pictures."""
