"""Implementations of the speakers role, one file each."""
