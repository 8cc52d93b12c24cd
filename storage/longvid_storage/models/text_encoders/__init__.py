"""Implementations of the text role, one file each."""
