"""Implementations of the sound role, one file each."""
