"""Implementations of the rerank role, one file each."""
