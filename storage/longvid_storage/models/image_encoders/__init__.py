"""Implementations of the image ↔ text role, one file each."""
