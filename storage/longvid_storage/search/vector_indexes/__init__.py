"""Implementations of the vector index role, one file each."""
